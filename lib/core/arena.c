#include "lahetti/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void *protobuf_alloc(void *data, size_t size)
{
	return lahetti_arena_take(data, size);
}

static void protobuf_free(void *data, void *pointer)
{
	(void)data;
	(void)pointer;
}

bool lahetti_arena_init(struct lahetti_arena *a, size_t size, struct lahetti_fault *f)
{
	uint8_t *block = malloc(size);

	lahetti_arena_over(a, block, size);
	a->owns_block = true;
	return block != NULL || lahetti_fault_no_memory(f);
}

void lahetti_arena_over(struct lahetti_arena *a, void *block, size_t size)
{
	*a = (struct lahetti_arena){.block = block, .size = block != NULL ? size : 0};
	a->protobuf = (ProtobufCAllocator){
		.alloc = protobuf_alloc,
		.free = protobuf_free,
		.allocator_data = a,
	};
}

void *lahetti_arena_take(struct lahetti_arena *a, size_t len)
{
	size_t align = alignof(max_align_t);
	size_t start = (a->used + align - 1) / align * align;

	if (start > a->size || len > a->size - start)
		return NULL;
	a->used = start + len;
	return a->block + start;
}

void *lahetti_arena_copy(struct lahetti_arena *a, const void *data, size_t len)
{
	void *to = lahetti_arena_take(a, len);

	if (to != NULL && len > 0)
		memcpy(to, data, len);
	return to;
}

char *lahetti_arena_text(struct lahetti_arena *a, struct lahetti_span s)
{
	char *text = lahetti_arena_take(a, s.len + 1);

	if (text == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	return text;
}

void lahetti_arena_reset(struct lahetti_arena *a)
{
	lahetti_wipe(a->block, a->used);
	a->used = 0;
}

void lahetti_arena_finish(struct lahetti_arena *a)
{
	if (a == NULL || a->block == NULL)
		return;
	lahetti_wipe(a->block, a->used);
	if (a->owns_block)
		free(a->block);
	*a = (struct lahetti_arena){0};
}
