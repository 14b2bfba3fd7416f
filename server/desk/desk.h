/*
 * The desk: where each frame is decided, recorded and answered. One writer thread decides and
 * records, in groups: what waits is one transaction, each job in a savepoint of its own, one
 * checkpoint, one commit, and the answers after it. Worker threads check signatures before, and
 * fetch and decrypt after, each on a reading connection of its own.
 *
 *   loop --take--> workers (VERIFY) --> writer --commit--> answers
 *        --take--> writer                      --FETCH--> workers --> answers
 *        --take--> workers (READ) --> answers
 *
 * Jobs inside the desk are counted at its door; the queues between its threads hold that many, so
 * that only the door is ever shut.
 */
#ifndef DESK_H
#define DESK_H

#include "job.h"
#include "vault.h"

struct desk;

struct desk_limits {
	uint32_t recipients;	   /* of a statement */
	uint32_t statement;	   /* bytes of an envelope's payload */
	uint32_t attachment;	   /* bytes of one */
	uint32_t attachments;	   /* of a statement */
	uint32_t uploads_a_user;   /* attachments that no statement has named yet */
	uint32_t uploads;	   /* of all users */
	uint32_t jobs;		   /* in the desk at once */
	int64_t code_life_us;	   /* of an enrolment code */
	uint32_t certificate_days; /* of a device's certificate */
	uint32_t keyring;	   /* parsed public keys kept */
	/* Tries a minute (tries.h): refused logins and enrolments of an address, logins of a
	 * device, wrong enrolment codes of everybody. */
	uint32_t login_tries_an_address;
	uint32_t login_tries_a_device;
	uint32_t code_tries;
	int64_t erasure_life_us; /* of a proposal to erase that nobody confirms */
	uint32_t retention_days; /* of backups: a period key is destroyed when it has been retired
				    so long */
};

struct desk_options {
	const char *database;
	const char *attachments; /* their folder */
	struct vault *vault;	 /* borrowed */
	const char *software;
	const char *const *origins;	     /* of browsers; NULL-terminated; borrowed */
	unsigned workers;		     /* at least one */
	const char *reserve_file;	     /* where room for the trail is kept (room.h) */
	uint64_t reserve;		     /* bytes; 0: none */
	struct lahetti_digest configuration; /* of the settings that bear on what may be seen */
	struct desk_limits limits;
	void *context; /* of the calls below, which come from any of the desk's threads */
	void (*answer)(void *context, struct answer *list); /* given away */
	void (*resume)(void *context);			    /* the door is open again */
	void (*log)(void *context, const char *line);
};

/* A database made by desk_found. What bears on what may be seen (configuration, policy, software)
 * is recorded where it is not what was recorded last. */
LAHETTI_CHECKED struct desk *desk_open(const struct desk_options *options, struct lahetti_fault *f);

/* The greeting's facts; borrowed. */
const char *desk_server_name(const struct desk *d);
uint32_t desk_generation(const struct desk *d);
const char *desk_log_key(const struct desk *d);

/* From the loop. False: the desk is full and the job is still the caller's; resume is called when
 * it is worth another try. */
bool desk_take(struct desk *d, struct job *j);

/* NULL, or why nothing, or not everything, can be recorded now: one line for /readyz. */
const char *desk_not_ready(struct desk *d);
void desk_metrics(struct desk *d, struct lahetti_buffer *out);

/* Lets what is inside come to its end, joins the threads, closes the database. NULL is accepted. */
void desk_close(struct desk *d);

/*
 * What lahettid does at the console, with no server running on the database. Each is an event of
 * the trail.
 *
 * An organisation begins with one unit and one administrator, whose enrolment code is told once;
 * all else that administrator does.
 */
struct desk_founding {
	const char *database;
	struct vault *vault;
	const char *software;
	const char *server_name; /* desk_found alone */
	const char *organisation;
	const char *business_id;
	Lahetti__V1__OrganisationType type;
	const char *unit; /* of the administrator */
	const char *administrator;
	int64_t code_life_us;
};

#define DESK_CODE_ROOM 20 /* an enrolment code with its NUL */

/* Makes database, secrets and the first organisation; or adds another to a database that is there.
 */
LAHETTI_CHECKED bool desk_found(const struct desk_founding *founding, char code[DESK_CODE_ROOM],
				struct lahetti_fault *f);
LAHETTI_CHECKED bool desk_add_organisation(const struct desk_founding *founding,
					   char code[DESK_CODE_ROOM], struct lahetti_fault *f);

/* Confirms a device by its key identifier: "not-found", "already-confirmed" (MALFORMED). */
LAHETTI_CHECKED bool desk_confirm(const char *database, struct vault *vault, const char *software,
				  const struct lahetti_digest *key_id, struct lahetti_fault *f);

/* The authority's certificate in PEM; and a key and certificate for this server from it, for those
 * who bring none. */
struct lahetti_buffer;
LAHETTI_CHECKED bool desk_authority(struct vault *vault, struct lahetti_buffer *pem,
				    struct lahetti_fault *f);
LAHETTI_CHECKED bool desk_issue_server(struct vault *vault, const char *const *hosts, size_t n,
				       struct lahetti_buffer *key,
				       struct lahetti_buffer *certificate, struct lahetti_fault *f);

/* Checks everything that lies in a database (audit/fsck.h), calling `found` with a code and a line
 * for each finding. */
struct desk_checked {
	uint64_t events, records, parts, erased, statements, attachments, checkpoints, findings;
	uint64_t unnamed; /* files of attachments that no row names: uploads, and what a crash left
			   */
};
LAHETTI_CHECKED bool desk_fsck(const char *database, const char *attachments, struct vault *vault,
			       const char *software,
			       void (*found)(void *context, const char *code, const char *text),
			       void *context, struct desk_checked *checked,
			       struct lahetti_fault *f);

/*
 * Backup. Copies the database as it stands, while a server may run on it, into a new folder `to`
 * ("exists", MALFORMED, where it is or an unfinished one lies beside), without its blind index,
 * with a manifest (manifest.h). The folder is there once it is whole and durable. Keys are not in
 * it: vault_copy.
 */
struct desk_backed_up {
	uint64_t size; /* of the log */
	size_t files;
};
#define DESK_BACKUP_ATTACHMENTS "attachments" /* their folder in a backup */
LAHETTI_CHECKED bool desk_backup(const char *database, const char *attachments, struct vault *vault,
				 const char *software, const char *to, struct desk_backed_up *made,
				 struct lahetti_fault *f);

/*
 * Restore: puts a backup where no database is, and begins the next generation of the log. Nothing
 * is there before it is whole: a crash leaves no database, and it can be done again. In order:
 *
 *   the manifest and what it names are checked; notes that devices show are verified
 *   the key folder is put in its place, where none lies there yet
 *   in a copy beside: the event of the restore, which names the last checkpoint of the backup and
 *   the newest that is shown; the erasures of the journal; the blind index; then fsck
 *   the copy gets the database's name
 *
 * Faults: "exists", "bad-backup", "keys-older" (the key folder lacks what the backup needs, or one
 * that lies in its place knows of fewer erasures than the copy), "forked-log" (a note contradicts
 * the backup), "findings" (fsck found something, each told to `found`; not with despite_findings),
 * and those of the vault and of notes.
 */
struct desk_restoring {
	const char *from;
	const char *keys_copy;
	const char *const *newest; /* files of notes */
	size_t n_newest;
	const char *data; /* the server's own places */
	const char *database;
	const char *attachments;
	const char *keys;
	const char *master_key;
	const char *server_name;
	const char *software;
	bool despite_findings;
	void (*found)(void *context, const char *code, const char *text);
	void *context;
};
struct desk_restored {
	uint32_t generation;
	uint64_t size;	 /* events that were brought back */
	uint64_t newest; /* as many as anybody has shown */
	unsigned erased; /* erasures of the journal that had to be done again */
};
/* The operator's act (lahetti/act.h) is appended. */
LAHETTI_CHECKED bool desk_restore(const struct desk_restoring *r, struct desk_restored *restored,
				  struct lahetti_buffer *act, struct lahetti_fault *f);

/* The act by which the present generation began, appended; "not-found" (MALFORMED) where it is the
 * first. The server may run. */
LAHETTI_CHECKED bool desk_act(const char *database, struct vault *vault, struct lahetti_buffer *act,
			      struct lahetti_fault *f);

#endif
