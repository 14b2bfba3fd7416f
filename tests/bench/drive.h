/* Drives a load through a loop: who may send next, when, and how long the acknowledgement took. */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include "link.h"

struct drive {
	const struct load *load;
	struct loop *loop;
	void *context;
	/* Says message number so-and-so of the round; it is of sender message % senders. */
	void (*send)(void *context, unsigned message);
	/* Kept here. */
	int64_t started_us;
	int64_t *sent_us; /* by message */
	double *took_ms;
	unsigned *next; /* by sender */
	unsigned *under_way;
	unsigned sent, acknowledged, arrived;
};

/* Runs the round to its end: the server is the process with that number. */
void drive_run(struct drive *d, pid_t server, struct round *round);

/* From what is heard. */
void drive_acknowledged(struct drive *d, unsigned message);
void drive_arrived(struct drive *d, unsigned messages);

#endif
