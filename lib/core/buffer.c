#include "lahetti/buffer.h"

#include <stdlib.h>
#include <string.h>

void lahetti_buffer_init(struct lahetti_buffer *b, size_t most)
{
	*b = (struct lahetti_buffer){.most = most};
}

uint8_t *lahetti_buffer_reserve(struct lahetti_buffer *b, size_t len, struct lahetti_fault *f)
{
	size_t room = b->room;
	uint8_t *data;

	if (len > b->most - b->len) {
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "too-long",
				  "There is more than the %zu bytes allowed here.", b->most);
		return NULL;
	}
	if (b->len + len <= b->room && b->data != NULL)
		return b->data + b->len;
	if (room < 256)
		room = 256;
	while (room < b->len + len)
		room *= 2;
	if (room > b->most && b->most >= b->len + len)
		room = b->most;
	if (room == 0)
		room = 1;
	/* Not realloc: what the old block held may be secret. */
	data = malloc(room);
	if (data == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		lahetti_wipe(b->data, b->len);
	}
	free(b->data);
	b->data = data;
	b->room = room;
	return b->data + b->len;
}

bool lahetti_buffer_add(struct lahetti_buffer *b, struct lahetti_span s, struct lahetti_fault *f)
{
	uint8_t *to = lahetti_buffer_reserve(b, s.len, f);

	if (to == NULL)
		return false;
	if (s.len > 0)
		memcpy(to, s.data, s.len);
	b->len += s.len;
	return true;
}

void lahetti_buffer_finish(struct lahetti_buffer *b)
{
	if (b == NULL)
		return;
	if (b->data != NULL)
		lahetti_wipe(b->data, b->len);
	free(b->data);
	*b = (struct lahetti_buffer){.most = b->most};
}
