/* Keeps account of a load: who may send next, when, and how long each message took. */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include "bench.h"

struct drive {
	const struct load *load;
	void *context;
	/* Says message number so-and-so of the round; it is of sender message % senders. */
	void (*send)(void *context, unsigned message);
	/* Kept here. */
	int64_t started_us;
	int64_t *sent_us; /* by message; at a rate when it was due */
	double *late_ms, *took_ms, *has_ms;
	unsigned *next; /* by sender */
	unsigned *under_way;
	unsigned wanted, sent, acknowledged, has, arrived;
};

/* The load, context and send are set. Sends what the windows allow. */
void drive_begin(struct drive *d);
/* At a rate: sends what is due, and says how long nothing is. */
int64_t drive_due(struct drive *d);
/* At a rate: no more is sent. */
void drive_stop(struct drive *d);

/* From what is heard: the sender has its acknowledgement; the recipient has the message; so many
 * messages have wholly arrived. */
void drive_acknowledged(struct drive *d, unsigned message);
void drive_has(struct drive *d, unsigned message);
void drive_arrived(struct drive *d, unsigned messages);

struct driven {
	double seconds; /* since it began */
	double ack_p50_ms, ack_p99_ms, has_p50_ms, late_p99_ms;
};
void drive_end(struct drive *d, struct driven *driven);

#endif
