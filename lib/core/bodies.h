/* What the bodies of statements must hold beyond their types: a check for each row of kinds.def. */
#ifndef LAHETTI_BODIES_H
#define LAHETTI_BODIES_H

#include "lahetti/kinds.h"

#define KIND(number, NAME, name, version, body, ...)    \
	LAHETTI_CHECKED bool lahetti_body_check_##body( \
		const Lahetti__V1__Header *header, const void *message, struct lahetti_fault *f);
#include "lahetti/kinds.def"
#undef KIND

#endif
