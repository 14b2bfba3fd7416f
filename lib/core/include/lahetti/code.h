/*
 * Enrolment codes: 80 random bits as 16 characters of Crockford's base32, shown in groups of four:
 * "AB12-CD34-EF56-GH78". Made for a person to read from paper or hear over the telephone and to
 * type. The server makes them and keeps a code's digest only.
 */
#ifndef LAHETTI_CODE_H
#define LAHETTI_CODE_H

#include "lahetti/id.h"

#define LAHETTI_CODE_LEN 19

LAHETTI_API LAHETTI_CHECKED bool lahetti_code_new(char text[LAHETTI_CODE_LEN + 1],
						  struct lahetti_fault *f);

/*
 * What a person typed, as lahetti_code_new would have written it: either case, spaces and hyphens
 * anywhere or nowhere, O for 0, I and L for 1. "bad-code" (MALFORMED) for anything else; the
 * fault's text does not hold it.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_code_normalise(char text[LAHETTI_CODE_LEN + 1],
							struct lahetti_span typed,
							struct lahetti_fault *f);

/*
 * SHA-256 over "lahetti enrolment code v1\n" and the code as lahetti_code_new writes it, hyphens
 * included, of what was typed: normalised first ("bad-code"). It is both what the server keeps and
 * EnrolmentProof.code_sha256.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_code_digest(struct lahetti_digest *digest,
						     struct lahetti_span typed,
						     struct lahetti_fault *f);

#endif
