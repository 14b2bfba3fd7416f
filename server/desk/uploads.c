#include "uploads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_US (INT64_C(60) * 1000000)

/* In use while `upload` is there. What is busy or taken is touched by its holder alone, without the
 * lock; it stays in its place meanwhile. */
struct entry {
	struct lahetti_id user;
	struct lahetti_id id;
	struct lahetti_digest sha256;
	uint64_t size;
	uint64_t received;
	int64_t last_us;
	bool busy;  /* a worker puts a piece */
	bool taken; /* the writer has it */
	struct attachments_upload *upload;
};

struct uploads {
	struct attachments *folder; /* borrowed */
	struct uploads_limits limits;
	pthread_mutex_t lock;
	_Atomic(int64_t) look_us; /* when to look for silent ones */
	size_t used;		  /* places that were ever in use */
	struct entry entries[];	  /* limits.all */
};

struct uploads *uploads_create(struct attachments *folder, const struct uploads_limits *limits,
			       struct lahetti_fault *f)
{
	struct uploads *u = calloc(1, sizeof *u + limits->all * sizeof *u->entries);

	if (u == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	u->folder = folder;
	u->limits = *limits;
	if (pthread_mutex_init(&u->lock, NULL) == 0)
		return u;
	lahetti_fault_no_memory(f);
	free(u);
	return NULL;
}

static void drop(struct entry *e, bool named)
{
	attachments_end(e->upload, named);
	*e = (struct entry){0};
}

void uploads_destroy(struct uploads *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < u->used; i++)
		drop(&u->entries[i], false);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

/* With the lock. */
static struct entry *find(struct uploads *u, const struct lahetti_id *user,
			  const struct lahetti_id *id)
{
	for (size_t i = 0; i < u->used; i++) {
		struct entry *e = &u->entries[i];

		if (e->upload != NULL && lahetti_id_equal(&e->id, id) &&
		    lahetti_id_equal(&e->user, user))
			return e;
	}
	return NULL;
}

static bool is_same(const struct entry *e, uint64_t size, const struct lahetti_digest *sha256)
{
	return e->size == size && lahetti_digest_equal(&e->sha256, sha256);
}

/* A free place, with the lock; NULL where the user or all together have as many as they may. */
static struct entry *place_for(struct uploads *u, const struct lahetti_id *user)
{
	struct entry *place = NULL;
	uint32_t theirs = 0;

	for (size_t i = 0; i < u->used; i++) {
		if (u->entries[i].upload == NULL)
			place = &u->entries[i];
		else
			theirs += lahetti_id_equal(&u->entries[i].user, user);
	}
	if (theirs >= u->limits.of_user)
		return NULL;
	if (place == NULL && u->used < u->limits.all)
		place = &u->entries[u->used++];
	return place;
}

/* With the lock. *found stays NULL where there is nothing yet and nothing is begun by this piece.
 */
static bool find_or_begin(struct uploads *u, const struct uploads_piece *piece,
			  struct entry **found, struct lahetti_fault *f)
{
	struct entry *e = find(u, &piece->user, &piece->id);

	*found = NULL;
	if (e != NULL && !is_same(e, piece->size, &piece->sha256)) {
		if (e->busy || e->taken)
			return lahetti_fault_set(
				f, LAHETTI_FAULT_INVALID, "attachment-differs",
				"Another attachment is just arriving under this identifier.");
		drop(e, false);
		e = NULL;
	}
	if (e == NULL && piece->offset == 0 && piece->data.len > 0) {
		e = place_for(u, &piece->user);
		if (e == NULL)
			return lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "too-many-uploads",
						 "Too many attachments wait for their statements.");
		e->upload =
			attachments_begin(u->folder, &piece->id, piece->size, &piece->sha256, f);
		if (e->upload == NULL)
			return false;
		e->user = piece->user;
		e->id = piece->id;
		e->sha256 = piece->sha256;
		e->size = piece->size;
	}
	*found = e;
	return true;
}

static bool check_piece(const struct uploads *u, const struct uploads_piece *piece,
			struct lahetti_fault *f)
{
	uint64_t left = piece->size - piece->offset;

	if (piece->size == 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-attachment-size",
					 "The attachment is empty.");
	if (piece->size > u->limits.attachment)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "attachment-too-large",
					 "The attachment is larger than this server takes.");
	if (piece->data.len > 0 &&
	    (piece->offset >= piece->size || piece->offset % ATTACHMENTS_CHUNK != 0 ||
	     piece->data.len != (left < ATTACHMENTS_CHUNK ? left : ATTACHMENTS_CHUNK)))
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-piece",
					 "A piece of an attachment has not the length or the "
					 "place it must.");
	return true;
}

bool uploads_put(struct uploads *u, const struct uploads_piece *piece, int64_t now_us,
		 uint64_t *received, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct entry *e;
	bool ok, mine;

	*received = 0;
	if (!check_piece(u, piece, f))
		return false;
	pthread_mutex_lock(&u->lock);
	ok = find_or_begin(u, piece, &e, f);
	mine = ok && e != NULL && !e->busy && !e->taken && piece->data.len > 0 &&
	       piece->offset == e->received;
	if (ok && e != NULL) {
		e->last_us = now_us;
		e->busy = e->busy || mine;
		*received = e->received;
	}
	pthread_mutex_unlock(&u->lock);
	if (!mine)
		return ok;

	/* Sealing and writing hold up nobody but this upload. */
	ok = attachments_put(e->upload, piece->data, &fault);
	pthread_mutex_lock(&u->lock);
	e->busy = false;
	e->received = *received = attachments_received(e->upload);
	/* After the last piece it is whole or of no more use. */
	if (!ok && piece->size - piece->offset <= ATTACHMENTS_CHUNK)
		drop(e, false);
	pthread_mutex_unlock(&u->lock);
	if (!ok)
		*f = fault;
	return ok;
}

/* With the lock: one that a statement may name. */
static struct entry *find_whole(struct uploads *u, const struct lahetti_id *user,
				const struct lahetti_id *id)
{
	struct entry *e = find(u, user, id);

	return e != NULL && !e->busy && !e->taken && e->received == e->size ? e : NULL;
}

bool uploads_whole(struct uploads *u, const struct lahetti_id *user, const struct lahetti_id *id,
		   uint64_t size, const struct lahetti_digest *sha256)
{
	const struct entry *e;
	bool whole;

	pthread_mutex_lock(&u->lock);
	e = find_whole(u, user, id);
	whole = e != NULL && is_same(e, size, sha256);
	pthread_mutex_unlock(&u->lock);
	return whole;
}

const struct attachments_upload *uploads_take(struct uploads *u, const struct lahetti_id *user,
					      const struct lahetti_id *id)
{
	const struct attachments_upload *upload = NULL;
	struct entry *e;

	pthread_mutex_lock(&u->lock);
	e = find_whole(u, user, id);
	if (e != NULL) {
		e->taken = true;
		upload = e->upload;
	}
	pthread_mutex_unlock(&u->lock);
	return upload;
}

void uploads_settle(struct uploads *u, const struct lahetti_id *user, const struct lahetti_id *id,
		    bool named)
{
	struct entry *e;

	pthread_mutex_lock(&u->lock);
	e = find(u, user, id);
	if (e != NULL && e->taken) {
		e->taken = false;
		if (named)
			drop(e, true);
	}
	pthread_mutex_unlock(&u->lock);
}

void uploads_expire(struct uploads *u, int64_t now_us)
{
	int64_t look_us = atomic_load(&u->look_us);

	if (now_us < look_us ||
	    !atomic_compare_exchange_strong(&u->look_us, &look_us, now_us + LOOK_US))
		return;
	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < u->used; i++) {
		struct entry *e = &u->entries[i];

		if (e->upload != NULL && !e->busy && !e->taken &&
		    e->last_us < now_us - UPLOADS_SILENCE_US)
			drop(e, false);
	}
	pthread_mutex_unlock(&u->lock);
}
