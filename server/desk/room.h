/*
 * Room for the trail. A file as large as the reserve lies beside the database. When what is left of
 * the disk beside it runs out, it is given back to the disk, for what must go on (goes_on, in
 * desk.c); it is taken again when there is room for it.
 *
 *   HELD --little is left, or nothing--> GIVEN --there is room for it again--> HELD
 */
#ifndef DESK_ROOM_H
#define DESK_ROOM_H

#include "lahetti/fault.h"

#include <stddef.h>

struct room;

/* How many bytes whoever runs the server may still write where the file lies. False: unknown. */
typedef bool room_left_fn(const char *file, uint64_t *left);

/* A reserve of 0 bytes reserves nothing and is never low. `left` is NULL but in tests. */
LAHETTI_CHECKED struct room *room_open(const char *file, uint64_t reserve, room_left_fn *left,
				       struct lahetti_fault *f);
/* The reserve stays where it is. NULL is accepted. */
void room_close(struct room *r);

/* Looks at the disk, once a second at most. True: only what must go on does. */
bool room_is_low(struct room *r, int64_t now_us);

/* The disk is full, whatever it said of itself. */
void room_give(struct room *r);

#endif
