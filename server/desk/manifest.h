/*
 * The manifest of a backup, in its folder as "manifest": a note (lahetti/note.h) signed by the log,
 * whose text is, a line each:
 *
 *   lahetti backup v1
 *   origin, size, root (base64) of the newest checkpoint that the backup holds
 *   when it was made, in microseconds
 *   of each other file: its length, SHA-256, path below the folder, with a blank between
 *
 * So a backup can't be altered, cut or mixed with another unseen. Used by the desk's own files.
 */
#ifndef DESK_MANIFEST_H
#define DESK_MANIFEST_H

#include "lahetti/note.h"

#define MANIFEST_NAME	   "manifest"
#define MANIFEST_PATH_MOST 255

struct manifest_file {
	uint64_t len;
	struct lahetti_digest sha256;
	char path[MANIFEST_PATH_MOST +
		  1]; /* letters, digits, -_. and /, no part beginning with . */
};

struct manifest {
	struct lahetti_checkpoint checkpoint;
	int64_t made_us;
	struct manifest_file *files;
	size_t n, room;
	struct lahetti_buffer note; /* as it was read */
};
void manifest_finish(struct manifest *m);

/* Adds every file below the folder, with its digest. "bad-backup" (MALFORMED) for one whose name
 * could not stand in a manifest. */
LAHETTI_CHECKED bool manifest_gather(struct manifest *m, const char *folder,
				     struct lahetti_fault *f);

/* Signs and writes it, durable but for the folder's own name. */
LAHETTI_CHECKED bool manifest_write(const struct manifest *m, const char *folder,
				    const struct lahetti_note_signer *s, struct lahetti_fault *f);

/*
 * Reads it, without regard to who signed it, into an empty one; then whether the verifier's key
 * did, and whether every file is as it says. "bad-backup": MALFORMED for the form, INVALID for a
 * file that is not what it was; faults of the note.
 */
LAHETTI_CHECKED bool manifest_read(struct manifest *m, const char *folder, struct lahetti_fault *f);
LAHETTI_CHECKED bool manifest_check(const struct manifest *m, const char *folder,
				    const struct lahetti_note_verifier *v, struct lahetti_fault *f);

#endif
