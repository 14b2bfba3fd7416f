/*
 * The Finnish personal identity code (henkilötunnus): DDMMYY, a century sign, three digits and a
 * check character. Two people may differ in the sign alone, so the sign is kept and indexed as
 * written.
 */
#ifndef LAHETTI_HETU_H
#define LAHETTI_HETU_H

#include "lahetti/span.h"

#define LAHETTI_HETU_LEN 11

struct lahetti_hetu {
	char text[LAHETTI_HETU_LEN + 1]; /* upper case */
	uint32_t birth_date;		 /* YYYYMMDD */
	bool test;			 /* individual number 900 to 999: never a real person's */
};

/*
 * Reads a code (either case, no spaces). Signs in force: + (1800s); - Y X W V U (1900s); A B C D E
 * F (2000s). MALFORMED: "hetu-form" (length, digits, sign), "hetu-date" (no such day, or individual
 * number below 002), "hetu-check". The texts of faults never hold the code.
 */
LAHETTI_API LAHETTI_CHECKED bool
lahetti_hetu_read(struct lahetti_hetu *hetu, struct lahetti_span text, struct lahetti_fault *f);

/*
 * Whether a code stands anywhere in a text, inside a longer word too: any sign, either case, a day
 * that exists, a check character right or wrong.
 */
LAHETTI_API bool lahetti_hetu_found(struct lahetti_span text);

#endif
