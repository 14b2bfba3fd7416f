#include "payload.h"

#include <stdlib.h>

void payload_make(struct payload *p, size_t len)
{
	*p = (struct payload){.data = malloc(len), .len = len};
	must(p->data != NULL, "no memory");
	for (size_t i = 0; i < len; i++)
		p->data[i] = (uint8_t)(1 + i * 31 % 251);
}

void payload_finish(struct payload *p)
{
	free(p->data);
}

void payload_put_number(uint8_t to[4], unsigned number)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(number >> (24 - 8 * i));
}

struct lahetti_span payload_of(struct payload *p, unsigned message)
{
	payload_put_number(p->data, message);
	return lahetti_span(p->data, p->len);
}

unsigned payload_message(struct lahetti_span bytes)
{
	unsigned number = 0;

	must(bytes.len >= 4, "a message without its number");
	for (unsigned i = 0; i < 4; i++)
		number = number << 8 | bytes.data[i];
	return number;
}
