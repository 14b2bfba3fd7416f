/*
 * What the parts of the bench share: a load, what is measured of it, and the servers that can be
 * put under it. One program drives each server with the same loop over TLS, so that what differs is
 * the server.
 *
 * A message counts when its sender has the server's acknowledgement, and its recipient has it and
 * has acknowledged it; where the server answers that, when it has.
 */
#ifndef BENCH_H
#define BENCH_H

#include "lahetti/span.h"

#include <sys/types.h>

/* Ends the program with a sentence where something is not as it must be: a bench measures nothing
 * then. Servers end with it. */
#define must(condition, ...)                       \
	do {                                       \
		if (!(condition))                  \
			bench_failed(__VA_ARGS__); \
	} while (0)
_Noreturn void bench_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct load {
	unsigned senders;
	unsigned window; /* unacknowledged messages of a sender */
	unsigned recipients;
	unsigned messages; /* in all, of a round */
	unsigned rate;	   /* messages a second, whatever the window; 0: as fast as it goes */
	unsigned bytes;	   /* of a message, about */
	unsigned crowd;	   /* sessions without a message, which come and go beside it; at a rate */
	unsigned stored;   /* messages before the first round, at least */
	bool decided;	   /* the recipient opens and decides besides */
	bool away;	   /* besides: recipients are away, and come back */
};

enum figure {
#define FIGURE(name, words) FIGURE_##name,
#include "figures.def"
#undef FIGURE
	FIGURES
};

/* What was measured in a round; NAN: it was not. */
struct round {
	double figures[FIGURES];
};

/* Instants of a monotonic clock, in microseconds. */
int64_t bench_now_us(void);

/* What a process has used so far. */
struct usage {
	double cpu_us;
	double written_bytes;
};
void usage_of(pid_t pid, struct usage *u);
double resident_kib(pid_t pid);

/* The machine's own limits, a second. */
double limit_syncs(size_t bytes); /* write of so much at the end of a file, and fdatasync */
double limit_verifications(void); /* of P-256 with a parsed key, a second of a processor */

#endif
