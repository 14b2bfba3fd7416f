#include "lahetti/hetu.h"
