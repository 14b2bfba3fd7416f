#include "lahetti/seal.h"
