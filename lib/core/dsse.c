#include "lahetti/dsse.h"
