/* Borrowed bytes: a pointer and a length. A span never owns; what outlives the call is copied. */
#ifndef LAHETTI_SPAN_H
#define LAHETTI_SPAN_H

#include "lahetti/fault.h"

#include <stddef.h>
#include <stdint.h>

struct lahetti_span {
	const uint8_t *data; /* may be NULL where len is 0 */
	size_t len;
};

static inline struct lahetti_span lahetti_span(const void *data, size_t len)
{
	return (struct lahetti_span){.data = data, .len = len};
}

/* The characters of a string without its NUL. */
LAHETTI_API struct lahetti_span lahetti_span_text(const char *text);

LAHETTI_API bool lahetti_span_equal(struct lahetti_span a, struct lahetti_span b);

/* The same in a time that depends on the lengths alone: for secrets and what is derived from them.
 */
LAHETTI_API bool lahetti_span_equal_secret(struct lahetti_span a, struct lahetti_span b);

/* Overwrites memory in a way that no compiler leaves out. NULL is accepted where len is 0. */
LAHETTI_API void lahetti_wipe(void *data, size_t len);

#endif
