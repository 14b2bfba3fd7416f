/*
 * Keys at rest. The master key (a file with mode 0600 of 32 bytes as 64 hexadecimal digits and a
 * newline, or a systemd credential of the same form) never encrypts data itself: from it HKDF
 * derives, with labels, what wraps period keys, what wraps secrets of the server, the keys of
 * controllers, and what authenticates the erasure journal. The rest lies in the key folder (mode
 * 0700), outside database and backup:
 *
 *   KEYS/last.key              the last serial given to a period key (4 bytes)
 *   KEYS/period/SERIAL.key     its week (Monday 00:00 UTC, 8 bytes) and the key (32)
 *   KEYS/period/SERIAL.retired since when it is retired (8 bytes)
 *   KEYS/secret/NAME.key       the log's signing key, the certification authority's key
 *   KEYS/erasure.journal       one line an erasure: identifiers only
 *
 *   master --HKDF--> period wrapper --> period key --> client's identity key, content key
 *                                                      --> statement key --> content
 *
 * A .key or .retired file is 16 bytes "lahetti-vault-1" and a newline, then what is in it, sealed
 * (seal.h) with the file's path below KEYS as associated data; numbers are big-endian, times
 * microseconds. last.key opens under the right master key alone, which is how a wrong one is known.
 * A line of the journal has a fixed length: time, erasure, client, statement, user, scope, and the
 * HMAC of its number and itself; a last line that is short was never acknowledged and is left out.
 *
 * Serials are never given twice. A period key serves the client keys made in its week. Erasing one
 * client key of a period means: a new key for that week, the living client keys wrapped again under
 * it, the old one retired now and destroyed when the backup retention has passed.
 *
 * Files are written beside (NAME.tmp), fsynced and renamed, and the folder is fsynced; what a crash
 * left beside is destroyed at the next opening. Any file that can't be read as it should is
 * "key-damaged" or "key-io" (BROKEN), whose text names the file.
 *
 * Thread-safe: the writer and the readers share one vault, whose keys lie in memory that is neither
 * swapped (as far as the system's limit allows) nor dumped. Another process may open the folder as
 * well, to copy it or to read from it; keys that it destroys are forgotten here at the next
 * opening.
 */
#ifndef STORE_VAULT_H
#define STORE_VAULT_H

#include "lahetti/seal.h"

struct vault;

/* Makes a master key file and a key folder, neither of which may exist ("exists", MALFORMED). */
LAHETTI_CHECKED bool vault_create(const char *master_path, const char *folder,
				  struct lahetti_fault *f);

/*
 * Reads every period key. "key-missing", "key-mode" (others than the owner may use file or folder),
 * "key-form", "key-wrong" (the folder was made under another master).
 */
LAHETTI_CHECKED struct vault *vault_open(const char *master_path, const char *folder,
					 struct lahetti_fault *f);
void vault_close(struct vault *v);

/*
 * The serial of the period key in force at that time: of its week the newest that is not retired.
 * Makes one where the week has none (durable before it returns).
 */
LAHETTI_CHECKED bool vault_period_now(struct vault *v, int64_t now_us, uint32_t *serial,
				      struct lahetti_fault *f);

/*
 * Wraps and unwraps a client's key under a period key. "key-destroyed" (INVALID) where that is
 * gone; "key-retired" (INVALID) for wrapping under one that is about to go.
 */
LAHETTI_CHECKED bool vault_wrap(struct vault *v, uint32_t serial, const struct lahetti_span *aad,
				size_t n, const struct lahetti_secret *secret,
				uint8_t wrapped[LAHETTI_WRAPPED_LEN], struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_unwrap(struct vault *v, uint32_t serial, const struct lahetti_span *aad,
				  size_t n, struct lahetti_span wrapped,
				  struct lahetti_secret *secret, struct lahetti_fault *f);

/* A key of a controller for one purpose, derived: "actor", "blind-index", … */
LAHETTI_CHECKED bool vault_controller_key(struct vault *v, const struct lahetti_id *controller,
					  const char *label, struct lahetti_secret *out,
					  struct lahetti_fault *f);

/*
 * Secrets of the server, by name ([a-z0-9-]+, at most 64). Put makes or replaces. Get appends to
 * out; "key-missing". At most 4 KiB.
 */
LAHETTI_CHECKED bool vault_secret_put(struct vault *v, const char *name, struct lahetti_span secret,
				      struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_secret_get(struct vault *v, const char *name, struct lahetti_buffer *out,
				      struct lahetti_fault *f);

/* The period key with the lowest serial from one on; false where there is none. */
struct vault_period {
	uint32_t serial;
	bool replaced; /* its week has a newer one */
	bool retired;
};
bool vault_period_find(struct vault *v, uint32_t from, struct vault_period *period);

/*
 * A new key in place of a period's (same week): its serial. The old one can still unwrap until it
 * is destroyed.
 */
LAHETTI_CHECKED bool vault_period_replace(struct vault *v, uint32_t serial, uint32_t *replacement,
					  struct lahetti_fault *f);
/*
 * Marks an old one retired at that time, or leaves it so since when it is; destroys (overwrites,
 * unlinks) those retired before a time, telling how many.
 */
LAHETTI_CHECKED bool vault_period_retire(struct vault *v, uint32_t serial, int64_t now_us,
					 struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_destroy_retired(struct vault *v, int64_t before_us, unsigned *destroyed,
					   struct lahetti_fault *f);

/*
 * The erasure journal: appended durably; read back line by line at restore, none before every line
 * has been found whole. `each` may use the vault.
 */
struct vault_erasure {
	int64_t time_us;
	struct lahetti_id erasure;
	struct lahetti_id client; /* this or the statement may be empty */
	struct lahetti_id statement;
	struct lahetti_id by; /* the user who confirmed it; may be empty */
	uint32_t scope;
};
/* The lines of one erasure, which are all read back or none. */
LAHETTI_CHECKED bool vault_journal_add(struct vault *v, const struct vault_erasure *e, size_t n,
				       struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_journal_read(struct vault *v,
					bool (*each)(void *context, const struct vault_erasure *e,
						     struct lahetti_fault *f),
					void *context, struct lahetti_fault *f);

/*
 * Copies the folder to another place, where the new copy replaces the old: what was destroyed here
 * is destroyed there too. The place does not exist, is an empty folder or holds an earlier copy
 * ("not-a-copy", MALFORMED); beside it PLACE.tmp and PLACE.old are used meanwhile.
 */
LAHETTI_CHECKED bool vault_copy(struct vault *v, const char *to, struct lahetti_fault *f);

#endif
