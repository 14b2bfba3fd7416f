#include "lahetti/note.h"
