/*
 * Files of a backup, made so that what is there after a crash is whole. Faults: "file-io" (BROKEN),
 * whose text names the file; "too-long" (MALFORMED) for a path that no system would open. Used by
 * the desk's own files.
 */
#ifndef DESK_FILES_H
#define DESK_FILES_H

#include "lahetti/buffer.h"
#include "lahetti/id.h"

#define FILES_PATH_MOST 4095

/* "FOLDER/NAME" or, without a folder, "NAMEending". */
LAHETTI_CHECKED bool files_path(char path[FILES_PATH_MOST + 1], const char *folder,
				const char *name, struct lahetti_fault *f);
LAHETTI_CHECKED bool files_beside(char path[FILES_PATH_MOST + 1], const char *name,
				  const char *ending, struct lahetti_fault *f);

bool files_exist(const char *path);

/* Appends a whole file. */
LAHETTI_CHECKED bool files_read(const char *path, struct lahetti_buffer *out,
				struct lahetti_fault *f);

/* A new file, durable but for its name, which must not be there. */
LAHETTI_CHECKED bool files_write(const char *path, struct lahetti_span bytes,
				 struct lahetti_fault *f);

/* Length and digest of a file; and of one that is copied to where none is, durable but for its
 * name. */
LAHETTI_CHECKED bool files_digest(const char *path, uint64_t *len, struct lahetti_digest *sha256,
				  struct lahetti_fault *f);
LAHETTI_CHECKED bool files_copy(const char *from, const char *to, uint64_t *len,
				struct lahetti_digest *sha256, struct lahetti_fault *f);

/* Makes durable which names lie in a folder, or in the folder of a path. */
LAHETTI_CHECKED bool files_sync(const char *folder, struct lahetti_fault *f);
LAHETTI_CHECKED bool files_sync_parent(const char *path, struct lahetti_fault *f);

/*
 * A database that nobody has open: all of it lies in the one file, which is made durable. What a
 * reader has left beside it (an empty write-ahead log) is removed; one that is not empty is
 * "file-io".
 */
LAHETTI_CHECKED bool files_settle(const char *database, struct lahetti_fault *f);

/* A file that may be missing; a folder and all that is in it, as well as it goes. */
LAHETTI_CHECKED bool files_remove(const char *path, struct lahetti_fault *f);
void files_remove_tree(const char *folder);

#endif
