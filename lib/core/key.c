#include "lahetti/key.h"
