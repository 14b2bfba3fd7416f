#include "lahetti/message.h"
