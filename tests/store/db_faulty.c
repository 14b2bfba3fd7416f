#include "db_faulty.h"

#include <stdatomic.h>

static atomic_uint seen;
static atomic_uint first;
static atomic_bool onwards;
static atomic_bool failed;
static atomic_int failed_step;

static bool hook(enum db_step step, const char *statement, struct lahetti_fault *f)
{
	unsigned nth = atomic_fetch_add(&seen, 1) + 1;

	if (nth < first || (nth > first && !onwards))
		return true;
	failed_step = (int)step;
	failed = true;
	if (step == DB_STEP_COMMIT || step == DB_STEP_COMMITTED)
		return lahetti_fault_set(f, LAHETTI_FAULT_UNCERTAIN, "commit-uncertain",
					 "It is not known whether the commit happened.");
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error", "%s was made to fail.",
				 statement);
}

static void arm(unsigned n, bool all)
{
	seen = 0;
	first = n;
	onwards = all;
	failed = false;
	db_hook_set(hook);
}

void db_faulty_arm(unsigned n)
{
	arm(n, false);
}

void db_faulty_arm_from(unsigned n)
{
	arm(n, true);
}

bool db_faulty_disarm(void)
{
	db_hook_set(NULL);
	return failed;
}

enum db_step db_faulty_step(void)
{
	return (enum db_step)failed_step;
}
