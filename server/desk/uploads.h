/*
 * Attachments that have come but that no statement has named yet: each of one user, by its
 * identifier, with how far it has come. Workers put pieces, several at once; the writer takes the
 * whole ones that a statement names and, after its commit, settles them. What nobody has gone on
 * with for an hour goes. The table lies in memory: after a restart uploads begin anew.
 */
#ifndef DESK_UPLOADS_H
#define DESK_UPLOADS_H

#include "attachments.h"

struct uploads;

struct uploads_limits {
	uint64_t attachment; /* bytes of one */
	uint32_t of_user;    /* that no statement has named yet */
	uint32_t all;
};

#define UPLOADS_SILENCE_US (INT64_C(3600) * 1000000)

/* The folder is borrowed. */
LAHETTI_CHECKED struct uploads *uploads_create(struct attachments *folder,
					       const struct uploads_limits *limits,
					       struct lahetti_fault *f);
/* With the files of what was never named. */
void uploads_destroy(struct uploads *u);

struct uploads_piece {
	struct lahetti_id user;
	struct lahetti_id id;
	struct lahetti_digest sha256; /* of the whole */
	uint64_t size;		      /* of the whole */
	uint64_t offset;
	struct lahetti_span data; /* empty: it only asks */
};
/*
 * Takes a piece that is the next, and tells how far the upload has come; any other is left. Under
 * an identifier that had another size or digest it begins anew. Any thread.
 *
 * Faults: "bad-piece", "bad-attachment-size", "attachment-too-large" (MALFORMED);
 * "attachment-differs" (INVALID): the whole has not the digest, it begins anew, or it changes what
 * is being accepted; "too-many-uploads" (BUSY); those of attachments_put.
 */
LAHETTI_CHECKED bool uploads_put(struct uploads *u, const struct uploads_piece *piece,
				 int64_t now_us, uint64_t *received, struct lahetti_fault *f);

/* Whether one is there whole, with that size and digest, and not taken. */
bool uploads_whole(struct uploads *u, const struct lahetti_id *user, const struct lahetti_id *id,
		   uint64_t size, const struct lahetti_digest *sha256);
/*
 * Takes a whole one for the statement that names it: until it is settled nobody else has it and it
 * does not go. NULL where it is not there any more.
 */
const struct attachments_upload *uploads_take(struct uploads *u, const struct lahetti_id *user,
					      const struct lahetti_id *id);
/* After the commit that named it; or when there will be none, and it stays for another try. */
void uploads_settle(struct uploads *u, const struct lahetti_id *user, const struct lahetti_id *id,
		    bool named);

/* Lets go what has been silent for too long; looks no oftener than each minute. Any thread. */
void uploads_expire(struct uploads *u, int64_t now_us);

#endif
