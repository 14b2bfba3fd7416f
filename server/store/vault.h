/*
 * Keys at rest. The master key (a file with mode 0600 of 32 bytes as 64 hexadecimal digits and a
 * newline, or a systemd credential of the same form) never encrypts data itself: from it HKDF
 * derives, with labels, what wraps period keys, what wraps secrets of the server, and the keys of
 * controllers. Period keys and secrets lie wrapped in the key folder, outside database and backup:
 *
 *   KEYS/period/SERIAL.key     one period key: the week it was made for, and the key wrapped
 *   KEYS/secret/NAME.key       the log's signing key, the certification authority's key
 *   KEYS/erasure.journal       one line an erasure: identifiers only
 *
 *   master --HKDF--> period wrapper --> period key --> client's identity key, content key -->
 * statement key --> content
 *
 * A period key serves the client keys made in its week (Monday 00:00 UTC). Erasing one client key
 * of a period means: a new key for that week, the living client keys wrapped again under it, the
 * old one retired now and destroyed when the backup retention has passed. Files are written beside,
 * fsynced and renamed, and the folder is fsynced.
 *
 * Thread-safe: the writer and the readers share one vault.
 */
#ifndef STORE_VAULT_H
#define STORE_VAULT_H

#include "lahetti/seal.h"

struct vault;

/* Makes a master key file and a key folder, neither of which may exist ("exists", MALFORMED). */
LAHETTI_CHECKED bool vault_create(const char *master_path, const char *folder,
				  struct lahetti_fault *f);

/* "key-missing", "key-mode" (others may read it), "key-form", "key-wrong" (the folder was made
 * under another master). */
LAHETTI_CHECKED struct vault *vault_open(const char *master_path, const char *folder,
					 struct lahetti_fault *f);
void vault_close(struct vault *v);

/* The serial of the period key in force at that time; makes one where the week has none (durable
 * before it returns). */
LAHETTI_CHECKED bool vault_period_now(struct vault *v, int64_t now_us, uint32_t *serial,
				      struct lahetti_fault *f);

/* Wraps and unwraps a client's key under a period key. "key-destroyed" (INVALID) where that is
 * gone. */
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

/* Secrets of the server, by name ([a-z0-9-]+). Put makes or replaces. Get: "key-missing". At most 4
 * KiB. */
LAHETTI_CHECKED bool vault_secret_put(struct vault *v, const char *name, struct lahetti_span secret,
				      struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_secret_get(struct vault *v, const char *name, struct lahetti_buffer *out,
				      struct lahetti_fault *f);

/* A new key in place of a period's (same week): its serial. The old one can still unwrap until it
 * is destroyed. */
LAHETTI_CHECKED bool vault_period_replace(struct vault *v, uint32_t serial, uint32_t *replacement,
					  struct lahetti_fault *f);
/* Marks an old one retired at that time; destroys (overwrites, unlinks) those retired before a
 * time, telling how many. */
LAHETTI_CHECKED bool vault_period_retire(struct vault *v, uint32_t serial, int64_t now_us,
					 struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_destroy_retired(struct vault *v, int64_t before_us, unsigned *destroyed,
					   struct lahetti_fault *f);

/* The erasure journal: appended durably; read back line by line at restore. */
struct vault_erasure {
	int64_t time_us;
	struct lahetti_id erasure;
	struct lahetti_id client; /* either is empty */
	struct lahetti_id statement;
	uint32_t scope;
};
LAHETTI_CHECKED bool vault_journal_add(struct vault *v, const struct vault_erasure *e,
				       struct lahetti_fault *f);
LAHETTI_CHECKED bool vault_journal_read(struct vault *v,
					bool (*each)(void *context, const struct vault_erasure *e,
						     struct lahetti_fault *f),
					void *context, struct lahetti_fault *f);

/* Copies the folder to another place, where the new copy replaces the old: what was destroyed here
 * is destroyed there too. */
LAHETTI_CHECKED bool vault_copy(struct vault *v, const char *to, struct lahetti_fault *f);

#endif
