/* What is made once, before there is anyone to ask: secrets, the log's first event, the first
 * organisation. Used by the desk's own files. */
#ifndef DESK_FOUNDING_H
#define DESK_FOUNDING_H

#include "ca.h"
#include "lahetti/note.h"
#include "trail.h"
#include "vault.h"

/* The trail of a founded database, with the log's key from the vault. The server's name and
 * generation are told. */
struct trail *founding_trail(struct store *s, struct vault *vault, const char *software,
			     char *server_name, size_t room, uint32_t *generation,
			     struct lahetti_fault *f);

/* The log's key under the name of a generation: one seed for all. */
struct lahetti_note_signer *founding_signer(struct vault *vault, const char *server_name,
					    uint32_t generation, struct lahetti_fault *f);

/* The certification authority of devices. */
struct ca *founding_ca(struct vault *vault, struct lahetti_fault *f);

/*
 * Records configuration, software and policy, those that are not what was recorded last: an event
 * of each organisation, since its data-protection officer reads no other's. A transaction of its
 * own.
 */
LAHETTI_CHECKED bool founding_configure(struct store *s, struct trail *t,
					const struct lahetti_digest *configuration,
					const char *software, struct lahetti_fault *f);

#endif
