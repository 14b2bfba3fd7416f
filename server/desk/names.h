/*
 * Names of people as somebody else writes them: the same words, in any order and in upper or lower
 * case, with commas or without. Letters as Unicode has them; what is composed is compared as it is
 * written.
 */
#ifndef DESK_NAMES_H
#define DESK_NAMES_H

#include "lahetti/fault.h"

#include <stdbool.h>
#include <stddef.h>

struct names;

/* Of a text in UTF-8; NULL on a fault. Any thread, for itself. */
struct names *names_create(const char *text, struct lahetti_fault *f);
void names_destroy(struct names *n);

/* How many words. */
size_t names_count(const struct names *n);

/* Whether these are all the words of a person's two names, and no others. */
LAHETTI_CHECKED bool names_are(const struct names *n, const char *family_name,
			       const char *given_names, bool *are, struct lahetti_fault *f);

#endif
