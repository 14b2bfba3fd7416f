#include "job.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct job *make_job(const struct job_head *head, struct lahetti_span frame,
			    struct lahetti_span found, struct lahetti_fault *f)
{
	struct job *j = malloc(sizeof *j + frame.len + found.len);

	if (j == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	j->next = NULL;
	j->head = *head;
	j->head.frame_len = (uint32_t)frame.len;
	j->head.found_len = (uint32_t)found.len;
	if (frame.len > 0)
		memcpy(j->frame, frame.data, frame.len);
	if (found.len > 0)
		memcpy(j->frame + frame.len, found.data, found.len);
	return j;
}

struct job *job_new(const struct job_head *head, struct lahetti_span frame, struct lahetti_fault *f)
{
	return make_job(head, frame, (struct lahetti_span){0}, f);
}

struct job *job_with(const struct job *j, struct lahetti_span found, struct lahetti_fault *f)
{
	return make_job(&j->head, lahetti_span(j->frame, j->head.frame_len), found, f);
}

struct lahetti_span job_found(const struct job *j)
{
	return lahetti_span(j->frame + j->head.frame_len, j->head.found_len);
}

void job_destroy(struct job *j)
{
	if (j == NULL)
		return;
	lahetti_wipe(j, sizeof *j + j->head.frame_len + j->head.found_len);
	free(j);
}

struct answer *answer_new(const struct answer_head *head, struct lahetti_span frame,
			  struct lahetti_fault *f)
{
	struct answer *a = malloc(sizeof *a + frame.len);

	if (a == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	a->next = NULL;
	a->head = *head;
	a->head.frame_len = (uint32_t)frame.len;
	if (frame.len > 0)
		memcpy(a->frame, frame.data, frame.len);
	return a;
}

void answer_destroy(struct answer *a)
{
	if (a == NULL)
		return;
	lahetti_wipe(a, sizeof *a + a->head.frame_len);
	free(a);
}

struct job_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *first;
	struct job **end;
	size_t len;
	size_t most;
	bool closed;
};

struct job_queue *job_queue_create(size_t most, struct lahetti_fault *f)
{
	struct job_queue *q = calloc(1, sizeof *q);
	pthread_condattr_t attributes;

	if (q == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	q->end = &q->first;
	q->most = most;
	return q;
}

void job_queue_destroy(struct job_queue *q)
{
	if (q == NULL)
		return;
	for (struct job *j = q->first, *next; j != NULL; j = next) {
		next = j->next;
		job_destroy(j);
	}
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

bool job_queue_put(struct job_queue *q, struct job *j)
{
	bool taken = false;

	pthread_mutex_lock(&q->lock);
	if (!q->closed && q->len < q->most) {
		j->next = NULL;
		*q->end = j;
		q->end = &j->next;
		q->len++;
		taken = true;
		/* Whoever waits was asleep only if the queue was empty; several may wait, so each
		 * job wakes one. */
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	return taken;
}

bool job_queue_wait(struct job_queue *q, unsigned ms)
{
	struct timespec until;
	int result = 0;
	bool there;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&q->lock);
	while (q->first == NULL && !q->closed && result == 0)
		result = pthread_cond_timedwait(&q->filled, &q->lock, &until);
	there = q->first != NULL || q->closed;
	pthread_mutex_unlock(&q->lock);
	return there;
}

struct job *job_queue_take(struct job_queue *q, size_t most)
{
	struct job *first = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->first == NULL && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	if (q->first != NULL) {
		struct job *last = first = q->first;

		for (q->len--; most > 1 && last->next != NULL; most--, q->len--)
			last = last->next;
		q->first = last->next;
		if (q->first == NULL)
			q->end = &q->first;
		last->next = NULL;
	}
	pthread_mutex_unlock(&q->lock);
	return first;
}

void job_queue_close(struct job_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

size_t job_queue_len(struct job_queue *q)
{
	size_t len;

	pthread_mutex_lock(&q->lock);
	len = q->len;
	pthread_mutex_unlock(&q->lock);
	return len;
}

static const struct frame_row rows[] = {
#define FRAME(NAME, member, state, to)      \
	[LAHETTI__V1__CLIENT_FRAME__BODY_## \
		NAME] = {.name = #member, .states = FRAME_##state, .road = FRAME_ROAD_##to},
#include "frames.def"
#undef FRAME
};

const struct frame_row *frame_row(uint32_t body_case)
{
	static const struct frame_row none = {.name = "none", .road = FRAME_ROAD_NONE};

	if (body_case >= sizeof rows / sizeof *rows || rows[body_case].name == NULL)
		return &none;
	return &rows[body_case];
}
