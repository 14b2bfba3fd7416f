#include "lahetti/merkle.h"
