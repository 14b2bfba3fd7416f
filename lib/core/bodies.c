#include "bodies.h"

#include "checks.h"

bool lahetti_body_check_consent(const Lahetti__V1__Header *header, const void *message,
				struct lahetti_fault *f)
{
	const Lahetti__V1__Consent *consent = message;

	(void)header;
	if (consent->n_purposes > 1)
		for (size_t i = 0; i < consent->n_purposes; i++)
			if (consent->purposes[i] == LAHETTI__V1__PURPOSE__PURPOSE_RESEARCH)
				return lahetti_wrong(f, "mixed-research");
	if (consent->document != NULL && consent->event[0] != '\0')
		return lahetti_wrong(f, "bad-scope");
	return consent->from <= consent->until || lahetti_wrong(f, "bad-period");
}

bool lahetti_body_check_acknowledgement(const Lahetti__V1__Header *header, const void *message,
					struct lahetti_fault *f)
{
	const Lahetti__V1__Acknowledgement *a = message;
	const struct lahetti_step_row *step = lahetti_step_any((int)a->step);

	(void)header;
	return (step != NULL && LAHETTI_IN(step->kinds, LAHETTI_KIND_ACKNOWLEDGEMENT)) ||
	       lahetti_wrong(f, "wrong-step");
}
