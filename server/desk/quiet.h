/*
 * Refusals must not let anyone grow the trail: equal ones of one source within a minute are one
 * event. The first is recorded at once; those that follow in the same minute are counted and told
 * with the next that is recorded.
 */
#ifndef DESK_QUIET_H
#define DESK_QUIET_H

#include "lahetti/id.h"

struct quiet;

LAHETTI_CHECKED struct quiet *quiet_create(size_t sources, struct lahetti_fault *f);
void quiet_destroy(struct quiet *q);

/*
 * Whether a refusal of this source (an address, or a session, with the code) is to be recorded now;
 * *count is then how many it stands for. Sources that share a place are heard in turn.
 */
bool quiet_speak(struct quiet *q, struct lahetti_span source, const char *code, int64_t now_us,
		 uint32_t *count);

#endif
