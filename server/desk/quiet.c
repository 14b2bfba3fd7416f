#include "quiet.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTE_US INT64_C(60000000)
#define SETS	  512
#define WAYS	  8
#define PLACES	  ((size_t)SETS * WAYS)
#define KEPT_BESIDE \
	1024 /* refusals of one transaction, besides what was due: far more than its jobs */

struct place {
	uint64_t source; /* 0: never used */
	int64_t minute;
	struct refusal first; /* its count: of those that are not recorded yet */
};

/* A place as it was. */
struct kept {
	struct place *place;
	struct place was;
};

struct quiet {
	uint64_t seed;	    /* so that nobody can choose in whose set to come */
	int64_t swept;	    /* minute in which all before was told */
	size_t at;	    /* the sweep is there */
	struct place crowd; /* of those that found no place */
	struct place places[PLACES];
	/* Since quiet_keep, in order. */
	int64_t kept_swept;
	size_t kept_at, n_kept;
	struct kept kept[PLACES + 1 + KEPT_BESIDE];
};

struct quiet *quiet_create(struct lahetti_fault *f)
{
	struct quiet *q = calloc(1, sizeof *q);

	if (q == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	if (lahetti_random((uint8_t *)&q->seed, sizeof q->seed, f))
		return q;
	free(q);
	return NULL;
}

void quiet_destroy(struct quiet *q)
{
	free(q);
}

/* FNV-1a from a secret start; 0 is nobody's. */
static uint64_t hash(const struct quiet *q, const struct lahetti_span *key, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ q->seed;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < key[i].len; k++)
			h = (h ^ key[i].data[k]) * UINT64_C(1099511628211);
		h = (h ^ key[i].len) * UINT64_C(1099511628211);
	}
	return h == 0 ? 1 : h;
}

void quiet_keep(struct quiet *q)
{
	q->kept_swept = q->swept;
	q->kept_at = q->at;
	q->n_kept = 0;
}

void quiet_back(struct quiet *q)
{
	while (q->n_kept > 0) {
		const struct kept *k = &q->kept[--q->n_kept];

		*k->place = k->was;
	}
	q->swept = q->kept_swept;
	q->at = q->kept_at;
}

static void keep(struct quiet *q, struct place *p)
{
	if (q->n_kept < sizeof q->kept / sizeof *q->kept)
		q->kept[q->n_kept++] = (struct kept){.place = p, .was = *p};
}

/* The source's place, or one that nothing of this minute and nothing untold is in; NULL: neither.
 */
static struct place *place_of(struct quiet *q, uint64_t source, int64_t minute)
{
	struct place *set = &q->places[(source >> 32) % SETS * WAYS], *free_one = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].source == source)
			return &set[i];
		if (set[i].source == 0 || (set[i].minute != minute && set[i].first.count == 0))
			free_one = &set[i];
	}
	return free_one;
}

bool quiet_speak(struct quiet *q, const struct lahetti_span *key, size_t n, struct refusal *r,
		 int64_t now_us)
{
	uint64_t source = hash(q, key, n);
	int64_t minute = now_us / MINUTE_US;
	struct place *p = place_of(q, source, minute);

	keep(q, p != NULL ? p : &q->crowd);
	if (p == NULL) {
		uint32_t count = q->crowd.first.count;

		/* Who they are would be one of many. */
		q->crowd.minute = minute;
		q->crowd.first = (struct refusal){.action = r->action, .count = count + 1};
		(void)snprintf(q->crowd.first.code, sizeof r->code, "%s", r->code);
		return false;
	}
	if (p->source == source && p->minute == minute) {
		p->first.count++;
		return false;
	}
	r->count = 1 + (p->source == source ? p->first.count : 0);
	*p = (struct place){.source = source, .minute = minute, .first = *r};
	p->first.count = 0;
	return true;
}

static bool take(struct quiet *q, struct place *p, bool all, int64_t minute, struct refusal *r)
{
	if (p->first.count == 0 || (!all && p->minute == minute))
		return false;
	keep(q, p);
	*r = p->first;
	p->first.count = 0;
	return true;
}

bool quiet_due(struct quiet *q, bool all, int64_t now_us, struct refusal *r)
{
	int64_t minute = now_us / MINUTE_US;

	if (!all && q->swept == minute)
		return false;
	for (size_t i = all ? 0 : q->at; i < PLACES; i++) {
		q->at = i;
		if (take(q, &q->places[i], all, minute, r))
			return true;
	}
	if (take(q, &q->crowd, all, minute, r))
		return true;
	q->at = 0;
	q->swept = minute;
	return false;
}
