/* What bodies must hold and no row of a form can say: the column `check` of kinds.def. */
#ifndef LAHETTI_BODIES_H
#define LAHETTI_BODIES_H

#include "lahetti/kinds.h"

/* "mixed-research", "bad-scope", "bad-period". */
LAHETTI_CHECKED bool lahetti_body_check_consent(const Lahetti__V1__Header *header,
						const void *message, struct lahetti_fault *f);

/* "wrong-step": not one that an acknowledgement makes. */
LAHETTI_CHECKED bool lahetti_body_check_acknowledgement(const Lahetti__V1__Header *header,
							const void *message,
							struct lahetti_fault *f);

#endif
