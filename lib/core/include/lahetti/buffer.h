/* A buffer that is born with its maximum: it grows up to that and then refuses. */
#ifndef LAHETTI_BUFFER_H
#define LAHETTI_BUFFER_H

#include "lahetti/span.h"

struct lahetti_buffer {
	uint8_t *data;
	size_t len;
	size_t room;
	size_t most;
};

/* An empty buffer that never holds more than most bytes. Nothing is allocated yet. */
LAHETTI_API void lahetti_buffer_init(struct lahetti_buffer *b, size_t most);

/* Appends; on failure ("too-long", MALFORMED, or no memory) the buffer is unchanged. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_buffer_add(struct lahetti_buffer *b, struct lahetti_span s,
						    struct lahetti_fault *f);

/* Room for len more bytes at data + len, which the caller then adds to len. */
LAHETTI_API LAHETTI_CHECKED uint8_t *lahetti_buffer_reserve(struct lahetti_buffer *b, size_t len,
							    struct lahetti_fault *f);

static inline struct lahetti_span lahetti_buffer_span(const struct lahetti_buffer *b)
{
	return lahetti_span(b->data, b->len);
}

/* Frees, after overwriting; the buffer can be used again. */
LAHETTI_API void lahetti_buffer_finish(struct lahetti_buffer *b);

#endif
