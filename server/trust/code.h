/*
 * Enrolment codes: 80 random bits as 16 characters of Crockford's base32, shown in groups of four:
 * "AB12-CD34-EF56-GH78". Made for a person to read from paper or hear over the telephone and to
 * type. The server keeps a code's digest only.
 */
#ifndef CODE_H
#define CODE_H

#include "lahetti/id.h"

#define CODE_TEXT_LEN 19

LAHETTI_CHECKED bool code_new(char text[CODE_TEXT_LEN + 1], struct lahetti_fault *f);

/*
 * What a person typed, as code_new would have written it: either case, spaces and hyphens anywhere
 * or nowhere, O for 0, I and L for 1. "bad-code" (MALFORMED) for anything else; the fault's text
 * does not hold it.
 */
LAHETTI_CHECKED bool code_normalise(char text[CODE_TEXT_LEN + 1], struct lahetti_span typed,
				    struct lahetti_fault *f);

/*
 * SHA-256 over "lahetti enrolment code v1\n" and the code as code_new writes it, hyphens included,
 * of what was typed: normalised first ("bad-code"). It is both what the server keeps and
 * EnrolmentProof.code_sha256.
 */
LAHETTI_CHECKED bool code_digest(struct lahetti_digest *digest, struct lahetti_span typed,
				 struct lahetti_fault *f);

#endif
