#include "lahetti/id.h"
