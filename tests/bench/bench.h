/*
 * What the parts of the bench share: a load, what is measured of it, and the servers that can be
 * put under it. One program drives each server with the same loop over TLS, so that what differs is
 * the server.
 *
 * A message counts when its sender has the server's acknowledgement, and its recipient has it and
 * the server has acknowledged that.
 */
#ifndef BENCH_H
#define BENCH_H

#include "lahetti/span.h"

#include <sys/types.h>

/* Ends the program with a sentence where something is not as it must be: a bench measures nothing
 * then. */
#define must(condition, ...)                       \
	do {                                       \
		if (!(condition))                  \
			bench_failed(__VA_ARGS__); \
	} while (0)
_Noreturn void bench_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The server at one of two places is that process, or none any more (0). */
void bench_runs(size_t place, pid_t server);

struct load {
	unsigned senders;
	unsigned window; /* unacknowledged messages of a sender */
	unsigned recipients;
	unsigned messages; /* in all, of a round */
	unsigned rate;	   /* messages a second, whatever the window; 0: as fast as it goes */
	unsigned bytes;	   /* of a message, about */
};

/* What was measured in a round. */
struct round {
	double messages_a_second;
	double p50_ms, p99_ms;	/* from sending to the acknowledgement */
	double server_us;	/* of processors, a message */
	double client_us;	/* the same of the bench */
	double written_kib;	/* by the server to the disk, a message */
	double frames_a_commit; /* 0: not known */
	double commits;		/* a message */
};

/* Instants of a monotonic clock, in microseconds. */
int64_t bench_now_us(void);

/* What a process has used so far. */
struct usage {
	double cpu_us;
	double written_bytes;
};
void usage_of(pid_t pid, struct usage *u);

/* A server under load. Prepare makes what the next round sends; run sends it. */
struct contender {
	const char *name;
	void *(*open)(const struct load *load);
	size_t (*prepare)(void *server); /* bytes of one message as sent */
	void (*run)(void *server, struct round *round);
	void (*close)(void *server); /* and checks that what it left is whole */
};
extern const struct contender contender_lahetti, contender_redis;

/* The folder of lahettid's certificates, which redis-server uses too: told before it is opened. */
const char *bench_certificates(void *lahetti);
extern const char *redis_certificates;

/* The machine's own limits, a second. */
double limit_syncs(size_t bytes); /* write of so much at the end of a file, and fdatasync */
double limit_verifications(void); /* of P-256 on one core with a parsed key */

#endif
