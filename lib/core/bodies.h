/*
 * What the bodies of statements must hold beyond their types: each its form (lahetti/forms.h), and
 * what no row of a form can say.
 */
#ifndef LAHETTI_BODIES_H
#define LAHETTI_BODIES_H

#include "lahetti/forms.h"

/*
 * The body by its kind's form and then by the kind's own check. Codes: of the form's rows, in their
 * order; "text-too-long", "bad-text", "bad-language", "bad-date", "bad-identifier", "bad-digest",
 * "bad-criteria", "bad-parties", "bad-recipient", "missing-scan", "unwanted-detail".
 */
LAHETTI_CHECKED bool lahetti_body_check(const struct lahetti_kind_row *kind,
					const Lahetti__V1__Header *header, const void *body,
					struct lahetti_fault *f);

/* Columns of kinds.def. "mixed-research", "bad-scope", "bad-period". */
LAHETTI_CHECKED bool lahetti_body_check_consent(const Lahetti__V1__Header *header,
						const void *message, struct lahetti_fault *f);

/* "wrong-step": not one that an acknowledgement makes. */
LAHETTI_CHECKED bool lahetti_body_check_acknowledgement(const Lahetti__V1__Header *header,
							const void *message,
							struct lahetti_fault *f);

#endif
