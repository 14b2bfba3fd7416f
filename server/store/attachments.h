/*
 * Attachments at rest: a file each, in a folder of their own, sealed in chunks of 64 KiB under a
 * random key. That key lies in the database, wrapped under the key of the statement whose header
 * names the attachment: whoever may unwrap the one may read the other, and what destroys a
 * statement's key destroys its attachments. No other place opens these files.
 *
 *   FOLDER/NAME         32 random hexadecimal digits; a row names it
 *   FOLDER/NAME.loose   on its way in, until a commit names it, or on its way out
 *
 * Chunk n lies at n * (64 KiB + LAHETTI_SEAL_OVERHEAD), sealed (seal.h) with the attachment's
 * identifier, "attachment", n (8 bytes, big-endian) and 1 or 0, whether it is the last, as
 * associated data; the associated data of the wrapped key are the identifiers of statement and
 * attachment and the name. A file never changes once it is whole.
 *
 * Only loose files are ever removed: at the next start those that a row names get their names and
 * the others go. So neither a crash nor a database put beside the wrong folder costs what a commit
 * has named.
 *
 * Faults of files: "attachment-io" (BROKEN) where the system refuses.
 */
#ifndef STORE_ATTACHMENTS_H
#define STORE_ATTACHMENTS_H

#include "store.h"

#define ATTACHMENTS_CHUNK    65536u
#define ATTACHMENTS_NAME_LEN 16
#define ATTACHMENTS_MOST     32 /* of one statement: more than a header may name */

/* A folder, thread-safe. To write, it is made (mode 0700) where it is missing; to read, one that is
 * missing is as an empty one. */
struct attachments;
enum attachments_mode {
	ATTACHMENTS_READ,
	ATTACHMENTS_WRITE,
};
LAHETTI_CHECKED struct attachments *attachments_open(const char *folder, enum attachments_mode mode,
						     struct lahetti_fault *f);
void attachments_close(struct attachments *a);

/*
 * An attachment on its way in, one thread at a time. Chunks are put in their order: 64 KiB each,
 * the last what is left. One that could not be put may be put again, but for the last: that is put
 * when file and folder are fsynced and the whole has the digest, and after a fault
 * ("attachment-differs", INVALID, or of a disk that may have lost what came before) the upload is
 * of no more use.
 */
struct attachments_upload;
LAHETTI_CHECKED struct attachments_upload *
attachments_begin(struct attachments *a, const struct lahetti_id *id, uint64_t size,
		  const struct lahetti_digest *sha256, struct lahetti_fault *f);
LAHETTI_CHECKED bool attachments_put(struct attachments_upload *u, struct lahetti_span chunk,
				     struct lahetti_fault *f);
/* How many bytes are there; its size once the whole is. */
uint64_t attachments_received(const struct attachments_upload *u);
/* Forgets it: with its file, unless a commit has named that. NULL is accepted. */
void attachments_end(struct attachments_upload *u, bool named);

/*
 * The row of a whole one, in the transaction that accepts its statement, after
 * statements_content_add. The controller is that of the statement's author.
 */
LAHETTI_CHECKED bool attachments_add(struct store *s, const struct lahetti_id *statement,
				     const struct lahetti_id *controller,
				     const struct attachments_upload *u, struct lahetti_fault *f);

/*
 * The chunk at `offset`, a multiple of 64 KiB below `size` (which the signed header tells), by way
 * of that controller's key; appended. "erased" (INVALID) with its statement. BROKEN, as
 * attachments_check says: "attachment-row-missing", "attachment-key-damaged",
 * "attachment-file-missing", "attachment-damaged".
 */
LAHETTI_CHECKED bool attachments_read(struct store *s, struct attachments *a,
				      const struct lahetti_id *statement,
				      const struct lahetti_id *controller,
				      const struct lahetti_id *id, uint64_t size, uint64_t offset,
				      struct lahetti_buffer *out, struct lahetti_fault *f);

/* Those that rows name of one statement, by identifier; at most `most`. */
LAHETTI_CHECKED bool attachments_of(struct store *s, const struct lahetti_id *statement,
				    struct lahetti_id *ids, size_t most, size_t *n,
				    struct lahetti_fault *f);

/*
 * For fsck: whether the whole is there, opens, and has that size and digest. BROKEN:
 * "attachment-row-missing"; "attachment-key-damaged" (the key does not open: it is another's, or
 * the name is); "attachment-file-missing"; "attachment-cut" (the file is shorter or longer than it
 * was); "attachment-damaged" (a chunk does not open: altered, or another's); "attachment-differs".
 */
LAHETTI_CHECKED bool
attachments_check(struct store *s, struct attachments *a, const struct lahetti_id *statement,
		  const struct lahetti_id *controller, const struct lahetti_id *id, uint64_t size,
		  const struct lahetti_digest *sha256, struct lahetti_fault *f);
/* How many files of the folder no row names. */
LAHETTI_CHECKED bool attachments_unnamed(struct store *s, struct attachments *a, uint64_t *n,
					 struct lahetti_fault *f);

/* At start, with nothing on its way: what is loose is named or removed. Tells how many were
 * removed. */
LAHETTI_CHECKED bool attachments_sweep(struct store *s, struct attachments *a, uint64_t *removed,
				       struct lahetti_fault *f);

/*
 * Erasure. In the writer's transaction: the rows of a statement go, and their files become loose.
 * After the commit the files are removed; what is not removed then goes at the next start. After a
 * rollback nothing is to be done: the rows are back, and a loose file is read like another.
 */
struct attachments_gone {
	size_t n;
	uint8_t names[ATTACHMENTS_MOST][ATTACHMENTS_NAME_LEN];
};
LAHETTI_CHECKED bool attachments_forget(struct store *s, struct attachments *a,
					const struct lahetti_id *statement,
					struct attachments_gone *gone, struct lahetti_fault *f);
void attachments_remove(struct attachments *a, const struct attachments_gone *gone);

/*
 * Backup: every file that a row of the store names, into another folder, durable on return. `to` is
 * made where it is missing. What an earlier copy left there is kept where a row names it (a file
 * never changes) and removed where none does, so that what was forgotten is forgotten there too.
 * Give the copied database as the store and copy it first: what is named is then there, but for
 * what has been erased meanwhile, which is counted as missing.
 */
struct attachments_copied {
	uint64_t copied, kept, removed, missing;
};
LAHETTI_CHECKED bool attachments_copy(struct store *s, struct attachments *from, const char *to,
				      struct attachments_copied *copied, struct lahetti_fault *f);

#endif
