/*
 * The directory: who is who, now and at any time before. Rows are DirectoryEntry records; reading
 * gives the entry as it was recorded, into an arena.
 */
#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include "lahetti/arena.h"
#include "store.h"

#include <lahetti/v1/directory.pb-c.h>

/* Kinds of entry: the numbers of DirectoryEntry's oneof. */
enum directory_kind {
	DIRECTORY_ORGANISATION = 1,
	DIRECTORY_UNIT = 2,
	DIRECTORY_USER = 3,
	DIRECTORY_MEMBERSHIP = 4,
	DIRECTORY_DEVICE = 5,
};

/*
 * The entry in force at a time (0: now). NULL without a fault kind where there is none. entity is
 * an identifier, of a device its key identifier.
 */
const Lahetti__V1__DirectoryEntry *directory_find(struct store *s, enum directory_kind kind,
						  struct lahetti_span entity, int64_t at_us,
						  struct lahetti_arena *arena,
						  struct lahetti_fault *f);

/* Entries in force now, by the order of their identifiers, after one (empty: from the first). */
enum directory_by {
	DIRECTORY_BY_ORGANISATION,
	DIRECTORY_BY_UNIT,
	DIRECTORY_BY_USER,
	DIRECTORY_ALL,
};
LAHETTI_CHECKED bool directory_list(struct store *s, enum directory_kind kind, enum directory_by by,
				    const struct lahetti_id *of, struct lahetti_span after,
				    const Lahetti__V1__DirectoryEntry **found, size_t most,
				    size_t *n, struct lahetti_arena *arena,
				    struct lahetti_fault *f);

/* Memberships in force of a unit or a user: those that have ended are passed over, however many. */
LAHETTI_CHECKED bool directory_members(struct store *s, enum directory_by by,
				       const struct lahetti_id *of,
				       const Lahetti__V1__DirectoryEntry **found, size_t most,
				       size_t *n, struct lahetti_arena *arena,
				       struct lahetti_fault *f);

/* The identifier by which an entry is found. */
struct lahetti_span directory_entity(const Lahetti__V1__DirectoryEntry *e);

/* Names, for people: empty where unknown. */
LAHETTI_CHECKED bool directory_name(struct store *s, enum directory_kind kind,
				    const struct lahetti_id *id, int64_t at_us, char name[256],
				    struct lahetti_fault *f);

/* Enrolment codes by digest. */
struct directory_code {
	struct lahetti_id user;
	struct lahetti_id maker; /* empty: the operator */
	int64_t until_us;
	bool used;
};
LAHETTI_CHECKED bool directory_code_find(struct store *s, const struct lahetti_digest *sha256,
					 struct directory_code *code, bool *found,
					 struct lahetti_fault *f);

#endif
