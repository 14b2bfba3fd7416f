/*
 * Makes the nth step of the database fail, over whichever driver is linked. A test runs its
 * scenario with n = 1, 2, 3 … until it passes untouched, and demands each time that it either
 * succeeded or failed cleanly.
 */
#ifndef DB_FAULTY_H
#define DB_FAULTY_H

#include "db.h"

/*
 * From now on lets n - 1 steps happen and fails the nth, of any connection, and none after it. A
 * commit fails as "commit-uncertain" (UNCERTAIN), another step as "db-error" (BROKEN).
 */
void db_faulty_arm(unsigned n);

/* The same, but the nth and every step after it. */
void db_faulty_arm_from(unsigned n);

/* Lets everything happen again. Whether a step was made to fail since the arming. */
bool db_faulty_disarm(void);

/* The step that failed; only where one did. */
enum db_step db_faulty_step(void);

#endif
