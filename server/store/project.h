/*
 * What a record changes in the derived tables: one function, used when the record is made and again
 * when fsck derives all tables anew.
 */
#ifndef STORE_PROJECT_H
#define STORE_PROJECT_H

#include "store.h"

#include <lahetti/v1/record.pb-c.h>

/* Applies record n of an event. "bad-record" (BROKEN) for one that can't be. */
LAHETTI_CHECKED bool project_record(struct store *s, uint64_t event, uint32_t n, int64_t time_us,
				    const Lahetti__V1__Record *record, struct lahetti_fault *f);

#endif
