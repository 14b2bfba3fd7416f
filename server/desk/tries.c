#include "tries.h"

#include <pthread.h>
#include <stdlib.h>

#define MINUTE_US INT64_C(60000000)
#define SETS	  1024
#define WAYS	  8

/* A bucket, kept as the instant at which it will be empty of tries again. */
struct bucket {
	uint64_t who; /* 0: nobody */
	int64_t empty_us;
};

struct tries {
	uint32_t limits[TRIES_KINDS];
	uint64_t seed; /* so that nobody can choose whose bucket to push out */
	pthread_mutex_t lock;
	struct bucket buckets[SETS][WAYS];
};

struct tries *tries_create(const uint32_t limits[TRIES_KINDS], struct lahetti_fault *f)
{
	struct tries *t = calloc(1, sizeof *t);

	if (t == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	for (int i = 0; i < TRIES_KINDS; i++)
		t->limits[i] = limits[i];
	(void)pthread_mutex_init(&t->lock, NULL);
	if (lahetti_random((uint8_t *)&t->seed, sizeof t->seed, f))
		return t;
	tries_destroy(t);
	return NULL;
}

void tries_destroy(struct tries *t)
{
	if (t == NULL)
		return;
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

/* FNV-1a from a secret start; 0 is nobody's. */
static uint64_t hash(const struct tries *t, enum tries_kind kind, struct lahetti_span who)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ t->seed;

	h = (h ^ (uint64_t)kind) * UINT64_C(1099511628211);
	for (size_t i = 0; i < who.len; i++)
		h = (h ^ who.data[i]) * UINT64_C(1099511628211);
	return h == 0 ? 1 : h;
}

/* Its bucket, or the one of its set that is empty soonest: whose count is lost had tried least. */
static struct bucket *bucket_of(struct tries *t, uint64_t who)
{
	struct bucket *set = t->buckets[(who >> 32) % SETS], *least = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].who == who)
			return &set[i];
		if (set[i].empty_us < least->empty_us)
			least = &set[i];
	}
	return least;
}

static bool take(struct tries *t, enum tries_kind kind, struct lahetti_span who, int64_t now_us,
		 bool spend)
{
	int64_t cost, empty_us = now_us;
	uint64_t h = hash(t, kind, who);
	struct bucket *b;
	bool left;

	if (t->limits[kind] == 0)
		return true;
	cost = MINUTE_US / t->limits[kind];
	(void)pthread_mutex_lock(&t->lock);
	b = bucket_of(t, h);
	/* A clock that was set back must not keep anybody out for long. */
	if (b->who == h && b->empty_us > now_us && b->empty_us <= now_us + 2 * MINUTE_US)
		empty_us = b->empty_us;
	left = empty_us + cost <= now_us + MINUTE_US;
	if (left && spend)
		*b = (struct bucket){.who = h, .empty_us = empty_us + cost};
	(void)pthread_mutex_unlock(&t->lock);
	return left;
}

bool tries_left(struct tries *t, enum tries_kind kind, struct lahetti_span who, int64_t now_us)
{
	return take(t, kind, who, now_us, false);
}

void tries_spend(struct tries *t, enum tries_kind kind, struct lahetti_span who, int64_t now_us)
{
	(void)take(t, kind, who, now_us, true);
}
