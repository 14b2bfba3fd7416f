/*
 * Memory of one message: a block of fixed size from which is taken until it is spent, and which is
 * given back as a whole. Hostile input cannot take more than the block, and error paths free
 * nothing.
 */
#ifndef LAHETTI_ARENA_H
#define LAHETTI_ARENA_H

#include "lahetti/span.h"

#include <protobuf-c/protobuf-c.h>

struct lahetti_arena {
	uint8_t *block;
	size_t size;
	size_t used;
	bool owns_block;
	ProtobufCAllocator protobuf; /* takes from this arena; its free does nothing */
};

/* Allocates the block. The arena must not be moved afterwards. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_arena_init(struct lahetti_arena *a, size_t size,
						    struct lahetti_fault *f);

/* The same over a block of the caller's, aligned for any type, which outlives the arena. */
LAHETTI_API void lahetti_arena_over(struct lahetti_arena *a, void *block, size_t size);

/* len bytes, aligned for any type, or NULL when the arena is spent. Not cleared. */
LAHETTI_API void *lahetti_arena_take(struct lahetti_arena *a, size_t len);

/* Copies of what is given, NULL when spent. The text is NUL-terminated. */
LAHETTI_API void *lahetti_arena_copy(struct lahetti_arena *a, const void *data, size_t len);
LAHETTI_API char *lahetti_arena_text(struct lahetti_arena *a, struct lahetti_span s);

/* Overwrites what was used and starts again. */
LAHETTI_API void lahetti_arena_reset(struct lahetti_arena *a);

/* Overwrites, and frees what init allocated; an arena that is all zero is accepted. */
LAHETTI_API void lahetti_arena_finish(struct lahetti_arena *a);

#endif
