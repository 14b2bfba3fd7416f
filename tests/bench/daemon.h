/* A server beside lahettid: a program of another package, in a folder and on a port of its own. */
#ifndef BENCH_DAEMON_H
#define BENCH_DAEMON_H

#include "bench.h"

struct daemon {
	const char *program;
	char folder[256];
	unsigned port; /* free on loopback */
	pid_t pid;
	int out;
};

void daemon_make(struct daemon *d, const char *program);
/* Returns when it has printed that it is ready. */
void daemon_start(struct daemon *d, const char *const *arguments, const char *ready);
void daemon_stop(struct daemon *d);
/* And removes the folder. */
void daemon_finish(struct daemon *d);

#endif
