/*
 * Makes the nth call of one kind fail, on the threads of the desk. A test runs its scenario with
 * n = 1, 2, 3 … until nothing is made to fail any more.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

enum faults_source {
	FAULTS_DATABASE, /* a step of the driver; a commit is refused, and nothing has happened */
	FAULTS_COMMIT,	 /* a commit of which nothing is known: before it was done, or after */
	FAULTS_DISK,	 /* a step of the driver and every one after it */
	FAULTS_FILE,	 /* a call of the database to its files, below SQLite (disk.h) */
	FAULTS_MEMORY,	 /* an allocation */
	FAULTS_ARENA,	 /* a piece of a message's memory */
	FAULTS_RANDOM,
	FAULTS_CLOCK,	  /* it goes back by a minute, once */
	FAULTS_DAY_AHEAD, /* it is a day ahead from then on */
	FAULTS_DAY_BEHIND,
};

/* The calling thread is spared: it is the loop's, not the desk's. */
void faults_arm(enum faults_source source, unsigned n);
/* Lets everything happen again. Whether something was made to fail. */
bool faults_disarm(void);

#endif
