#include "faults.h"

#include "db.h"
#include "disk.h"
#include "lahetti/arena.h"
#include "lahetti/id.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static atomic_bool armed;
static atomic_int source_in_force;
static atomic_uint seen, first;
static atomic_bool failed;
static _Thread_local bool spared;

/* Whether all calls after the first one fail too. */
static bool goes_on(enum faults_source source)
{
	return source == FAULTS_DISK || source == FAULTS_DAY_AHEAD || source == FAULTS_DAY_BEHIND;
}

/* Whether this call of a source is the one. */
static bool strikes(enum faults_source source)
{
	unsigned nth;

	if (spared || !atomic_load(&armed) || atomic_load(&source_in_force) != (int)source)
		return false;
	nth = atomic_fetch_add(&seen, 1) + 1;
	if (nth < first || (nth > first && !goes_on(source)))
		return false;
	atomic_store(&failed, true);
	return true;
}

/* The sources
 * -------------------------------------------------------------------------------------------------
 */

static bool database(enum db_step step, const char *statement, struct lahetti_fault *f)
{
	bool commit = step == DB_STEP_COMMIT || step == DB_STEP_COMMITTED;

	if (commit && strikes(FAULTS_COMMIT))
		return lahetti_fault_set(f, LAHETTI_FAULT_UNCERTAIN, "commit-uncertain",
					 "It is not known whether the commit happened.");
	/* What is done can't be refused. */
	if (step != DB_STEP_COMMITTED && (strikes(FAULTS_DATABASE) || strikes(FAULTS_DISK)))
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error",
					 "%s was made to fail.", statement);
	return true;
}

static bool random_bytes(uint8_t *data, size_t len)
{
	return !strikes(FAULTS_RANDOM) && RAND_bytes(data, (int)len) == 1;
}

static bool file(enum disk_call call)
{
	(void)call;
	return !strikes(FAULTS_FILE);
}

/* By how much it is wrong now. */
static int64_t clock_off_s(void)
{
	if (strikes(FAULTS_CLOCK))
		return -60;
	if (strikes(FAULTS_DAY_AHEAD))
		return 86400;
	return strikes(FAULTS_DAY_BEHIND) ? -86400 : 0;
}

static int64_t clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return ((int64_t)t.tv_sec + clock_off_s()) * 1000000 + t.tv_nsec / 1000;
}

/* The linker calls these for those of the same name, and gives theirs another. */
void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *block, size_t len);
void *__real_lahetti_arena_take(struct lahetti_arena *a, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *block, size_t len);
void *__wrap_lahetti_arena_take(struct lahetti_arena *a, size_t len);

void *__wrap_malloc(size_t len)
{
	return strikes(FAULTS_MEMORY) ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return strikes(FAULTS_MEMORY) ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *block, size_t len)
{
	return strikes(FAULTS_MEMORY) ? NULL : __real_realloc(block, len);
}

void *__wrap_lahetti_arena_take(struct lahetti_arena *a, size_t len)
{
	return strikes(FAULTS_ARENA) ? NULL : __real_lahetti_arena_take(a, len);
}

/* Arming
 * ------------------------------------------------------------------------------------------------------
 */

void faults_arm(enum faults_source source, unsigned n)
{
	spared = true;
	atomic_store(&source_in_force, (int)source);
	atomic_store(&seen, 0);
	atomic_store(&first, n);
	atomic_store(&failed, false);
	db_hook_set(database);
	disk_hook_set(file);
	lahetti_random_set(random_bytes);
	lahetti_clock_set(clock_us);
	atomic_store(&armed, true);
}

bool faults_disarm(void)
{
	atomic_store(&armed, false);
	db_hook_set(NULL);
	disk_hook_set(NULL);
	lahetti_random_set(NULL);
	lahetti_clock_set(NULL);
	return atomic_load(&failed);
}
