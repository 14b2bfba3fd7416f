/*
 * How often one may try to sign in or to enrol. Each source has a minute's worth of tries, which
 * comes back with time. From any thread.
 */
#ifndef DESK_TRIES_H
#define DESK_TRIES_H

#include "lahetti/id.h"

enum tries_kind {
	TRIES_ADDRESS, /* refused logins and enrolments of an address, or of a TLS certificate */
	TRIES_DEVICE,  /* logins with a device's own signature */
	TRIES_CODES,   /* wrong enrolment codes, of everybody together */
	TRIES_KINDS
};

struct tries;

/* How many a minute, by kind; 0: as many as they like. */
LAHETTI_CHECKED struct tries *tries_create(const uint32_t limits[TRIES_KINDS],
					   struct lahetti_fault *f);
void tries_destroy(struct tries *t);

/* Whether there is one left. Who has tried nothing for a minute has all. */
bool tries_left(struct tries *t, enum tries_kind kind, struct lahetti_span who, int64_t now_us);
/* Uses one up; where none is left, nothing. */
void tries_spend(struct tries *t, enum tries_kind kind, struct lahetti_span who, int64_t now_us);

#endif
