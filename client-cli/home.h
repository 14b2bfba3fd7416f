/*
 * The device folder: what makes this computer one of a user's devices, and what it remembers.
 *
 *   profile.json     server, user, key, log; nothing secret
 *   key.pem          the device's private key, encrypted with the passphrase
 *   certificate.pem  its certificate for TLS
 *   ca.pem           the authority that is trusted for the server
 *   checkpoint       the newest head of the log that this device has verified
 *   checkpoint-N     the same of generation N of the log, which has ended
 *   acts/            operator acts that the user has accepted
 *   position         of the inbox: what has been shown
 *   cases            which case of which client: identifiers only
 *   clients          whom a data-protection officer has found: identifiers only
 *   directory        the directory as it was last read, for when there is no connection
 *   salt             of the key under which the four below are sealed
 *   sent/            signed statements, as they were sent
 *   outbox/          signed statements that have not been acknowledged
 *   aside/           those that were refused, those that speak of them, and what can't be read any
 * more attachments/     what the statements of the outbox and those set aside have with them lock
 * held while a file is changed
 *
 * Files are for their owner alone, and are replaced as a whole or not at all: written beside,
 * synced, renamed, the folder synced. Several runs may use the folder at once.
 */
#ifndef HOME_H
#define HOME_H

#include "lahetti/buffer.h"
#include "lahetti/key.h"
#include "lahetti/seal.h"

#include <lahetti/v1/common.pb-c.h>

struct cli;

#define HOME_PATH_MOST 1024

struct home {
	char path[HOME_PATH_MOST];
	int lock;	 /* on the folder, while `locked` is not 0 */
	unsigned locked; /* how often it was taken and not given back */
	bool opened;	 /* the secret below has been derived */
	struct lahetti_secret secret;
	struct lahetti_buffer passphrase;
};

/* Where the folder is: --home, LAHETTI_HOME, XDG_CONFIG_HOME or ~/.config. */
LAHETTI_CHECKED bool home_find(struct cli *c);
void home_finish(struct cli *c);

/* The path of one of its files. */
#define HOME_FILE_MOST (HOME_PATH_MOST + 128)
LAHETTI_CHECKED bool home_file(struct cli *c, const char *name, char path[HOME_FILE_MOST]);

/* Appends a file to out; *found is false where there is none. */
LAHETTI_CHECKED bool home_read(struct cli *c, const char *name, struct lahetti_buffer *out,
			       bool *found);
LAHETTI_CHECKED bool home_write(struct cli *c, const char *name, struct lahetti_span bytes);
/* A file that is not there is accepted. */
LAHETTI_CHECKED bool home_remove(struct cli *c, const char *name);
LAHETTI_CHECKED bool home_rename(struct cli *c, const char *from, const char *to);

/* For what is read, changed and written again: until home_unlock no other run writes. */
LAHETTI_CHECKED bool home_lock(struct cli *c);
void home_unlock(struct cli *c);

/* Why a file can't be used, from errno. */
const char *home_why(const struct cli *c);

/* The names in one of its folders, in the order of their bytes; in the arena. None where there is
 * no such folder. */
LAHETTI_CHECKED bool home_list(struct cli *c, const char *folder, const char ***names, size_t *n);

/* Reads or writes any file, which the person has named: CLI_WRONG_USE where it can't be. "-" reads
 * standard input. Written is for the owner alone, and anew. */
LAHETTI_CHECKED bool home_read_path(struct cli *c, const char *path, struct lahetti_buffer *out);
LAHETTI_CHECKED bool home_write_path(struct cli *c, const char *path, struct lahetti_span bytes);

/*
 * A file that is written in pieces: it lies beside until home_end gives it its name, synced. A
 * failure is the command's, and home_abandon then takes away what was written; after home_end it
 * does nothing.
 */
struct home_writing {
	int fd;	    /* -1: nothing is open */
	bool named; /* by the person, who is told so where it can't be */
	bool is_new;
	char path[HOME_FILE_MOST];
	char beside[HOME_FILE_MOST + 8];
};
#define HOME_WRITING_NONE \
	{                 \
		.fd = -1  \
	}
/* One of the folder's own, in place of what had the name. What another run may write too needs the
 * lock, as home_write takes it. */
LAHETTI_CHECKED bool home_begin(struct cli *c, const char *name, struct home_writing *w);
/* Any path, for the owner alone; what gets the name meanwhile is not replaced. */
LAHETTI_CHECKED bool home_begin_new(struct cli *c, const char *path, struct home_writing *w);
LAHETTI_CHECKED bool home_append(struct cli *c, struct home_writing *w, struct lahetti_span bytes);
LAHETTI_CHECKED bool home_end(struct cli *c, struct home_writing *w);
void home_abandon(struct home_writing *w);

/* ---- the profile --------------------------------------------------------------------------- */

struct profile {
	char host[256];
	uint16_t port;
	char server_name[256]; /* the audience, as the server said it at enrolment */
	char log_key[512];     /* the log that is trusted: as at enrolment */
	struct lahetti_id user;
	struct lahetti_digest key_id;
	/* What the user last acted in, all empty before the first login. */
	struct lahetti_id membership;
	struct lahetti_id unit;
	struct lahetti_id organisation;
	Lahetti__V1__Role role;
};

/* *found may be NULL: then a folder without a profile is a failure. */
LAHETTI_CHECKED bool profile_read(struct cli *c, struct profile *p, bool *found);
LAHETTI_CHECKED bool profile_write(struct cli *c, const struct profile *p);

/* "host:port", "[v6]:port". */
LAHETTI_CHECKED bool profile_server(struct cli *c, const char *text, struct profile *p);

/* ---- secrets ------------------------------------------------------------------------------- */

#define HOME_PASSPHRASE_LEAST 8

/*
 * The passphrase: of --passphrase-file or LAHETTI_PASSPHRASE_FILE, its first line; else typed at
 * the terminal, twice where it is new. Kept for the run, borrowed.
 */
LAHETTI_CHECKED bool home_passphrase(struct cli *c, bool is_new, struct lahetti_span *passphrase);

/* NULL after cli_fail. */
struct lahetti_private_key *home_key(struct cli *c);

/*
 * Files that are sealed under a key from the passphrase, bound to their names.
 */
LAHETTI_CHECKED bool home_seal(struct cli *c, const char *name, struct lahetti_span bytes);
LAHETTI_CHECKED bool home_unseal(struct cli *c, const char *name, struct lahetti_buffer *out,
				 bool *found);

/* One piece of something long, bound to what it is a piece of, its number and whether it is the
 * last. What comes of it is appended; LAHETTI_SEAL_OVERHEAD more than the plaintext. */
struct home_piece {
	struct lahetti_span of; /* an identifier */
	uint64_t number;
	bool last;
};
LAHETTI_CHECKED bool home_seal_piece(struct cli *c, const struct home_piece *p,
				     struct lahetti_span plain, struct lahetti_buffer *out);
LAHETTI_CHECKED bool home_unseal_piece(struct cli *c, const struct home_piece *p,
				       struct lahetti_span sealed, struct lahetti_buffer *out);

#endif
