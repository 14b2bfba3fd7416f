/* What servers beside lahettid are sent: as many bytes, which tell which message it is. */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include "bench.h"

struct payload {
	uint8_t *data;
	size_t len;
};

void payload_make(struct payload *p, size_t len);
void payload_finish(struct payload *p);
/* Valid until the next. */
struct lahetti_span payload_of(struct payload *p, unsigned message);
unsigned payload_message(struct lahetti_span bytes);

/* A number as its four bytes. */
void payload_put_number(uint8_t to[4], unsigned number);

#endif
