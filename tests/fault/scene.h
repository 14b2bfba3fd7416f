/*
 * The desk alone, on a real database and vault, in the test's own process: a county with a clinic
 * and a coaching team, a person in each, a client. Frames are given to it as the loop gives them,
 * one at a time, and its answers are looked at as they come: what tells of a client must have its
 * opening in the database by then.
 */
#ifndef SCENE_H
#define SCENE_H

#include "desk.h"
#include "house.h"

#include <pthread.h>

struct scene {
	char database[512], attachments[512], reserve_file[512], master[512], keys[512];
	struct vault *vault;
	struct desk *desk;
	struct store *reader; /* of what is durable */
	struct person worker, coach;
	struct lahetti_id organisation, clinic, team, client, case_id;
	struct lahetti_arena arena; /* of the last answer */
	uint64_t correlation;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	struct answer *answers, **end;
	struct lahetti_id opening; /* the delivery whose content may be shown once it is opened */
	unsigned unanswered;
};

void scene_make(struct scene *s, void **state);
void scene_end(struct scene *s);
/* Closes the desk and all that is open, which scene_open opens again as a restart does. */
void scene_close(struct scene *s);
LAHETTI_CHECKED bool scene_open(struct scene *s, struct lahetti_fault *f);
/* What is left of a scene that is closed. */
void scene_finish(struct scene *s);
/* Everything in the database fits together. */
void scene_is_whole(struct scene *s);
/* The same, told: false where it does not, or can't be looked at. */
bool scene_check(struct scene *s, struct desk_checked *checked);

/* The words that only an opening may show. */
#define SCENE_NAME "Salasukunimi"

/* The answer to what is asked; NULL where the desk gave none. It must be of that case, or an error
 * that may pass: NULL as well. Notices are told to `notice`, which may be NULL. */
Lahetti__V1__ServerFrame *scene_ask(struct scene *s, const struct person *who,
				    Lahetti__V1__ClientFrame *asked,
				    Lahetti__V1__ServerFrame__BodyCase wanted,
				    void (*notice)(void *context, const Lahetti__V1__Notice *n),
				    void *context);

/* The two halves, so that several may be under way: the number of what was asked; then all answers
 * until nothing is under way. */
uint64_t scene_send(struct scene *s, const struct person *who, Lahetti__V1__ClientFrame *frame);
void scene_hear(struct scene *s,
		void (*heard)(void *context, const Lahetti__V1__ServerFrame *frame), void *context);

/* What is durable. */
bool scene_has_statement(struct scene *s, const struct lahetti_id *statement, uint64_t *event);
bool scene_has_event(struct scene *s, uint64_t event);
bool scene_is_opened(struct scene *s, const struct lahetti_id *delivery);

#endif
