/*
 * The configuration: one file, read once at start. Every setting has a default (settings.def), a
 * range, and a line in packaging/lahettid.conf that says what it means. What is configured here an
 * operator may change by a restart; what the trail must vouch for, such as the generation, is not
 * here.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "lahetti/id.h"

enum config_client_certificate {
	CONFIG_CLIENT_CERTIFICATE_OFF,
	CONFIG_CLIENT_CERTIFICATE_OPTIONAL,
	CONFIG_CLIENT_CERTIFICATE_REQUIRED,
};

#define CONFIG_ORIGINS_MOST 16

/*
 * Texts are never NULL; an empty one is told where it may be. Paths are absolute, or relative to
 * where the file's own path was relative to. Limits whose meaning net.h states are named as there.
 */
struct config {
	/* Who we are */
	char *server_name; /* "HOST/lahetti" */

	/* Where we are reached */
	char *listen_address;
	uint32_t listen_port;			/* 0: a free one */
	char *origins[CONFIG_ORIGINS_MOST + 1]; /* NULL-terminated */
	char *ops_address;			/* loopback; empty: no such listener */
	uint32_t ops_port;			/* 0: a free one */
	char *page;				/* a folder; empty: no page is served */

	/* TLS */
	char *certificate; /* PEM files */
	char *private_key;
	char *client_ca;	     /* empty only with OFF */
	char *client_crl;	     /* empty: none */
	uint32_t client_certificate; /* enum config_client_certificate */
	bool tls12;

	/* Where things lie */
	char *data;	   /* a folder */
	char *database;	   /* DATA/lahetti.db unless told */
	char *keys;	   /* DATA/keys unless told */
	char *attachments; /* a folder: DATA/attachments unless told */
	char *master_key;  /* a file */

	uint32_t trail_reserve_mib; /* kept free on the data folder's disk; 0: nothing */

	/* Sessions: struct net_limits */
	uint32_t frame;
	uint32_t sessions;
	uint32_t sessions_reserved;
	uint32_t sessions_a_user;
	uint32_t handshakes_an_address;
	uint32_t requests_a_second;
	uint32_t pings_a_second;
	uint32_t in_flight;
	uint32_t out_queue;
	uint32_t handshake_s;
	uint32_t sign_in_s;
	uint32_t idle_s;
	uint32_t ping_s;
	uint32_t drain_s;

	/* Statements */
	uint32_t statement;  /* bytes of a payload */
	uint32_t recipients; /* of one statement */
	uint32_t attachment; /* bytes of one */
	uint32_t attachments_a_statement;
	uint32_t uploads_a_user; /* attachments that no statement has named yet */
	uint32_t uploads;	 /* of all users */

	/* Enrolment and login */
	uint32_t code_minutes;	   /* how long an enrolment code can be used */
	uint32_t certificate_days; /* how long a device's certificate is valid */

	uint32_t login_tries_an_address; /* a minute: those that are refused */
	uint32_t login_tries_a_device;	 /* a minute */
	uint32_t code_tries;		 /* wrong ones a minute, of everybody */

	/* Erasing */
	uint32_t erasure_days;		/* how long a proposal waits for a second person */
	uint32_t backup_retention_days; /* how long a backup may still hold what was erased */

	/* Threads, and the jobs that wait for them */
	uint32_t workers; /* that verify: never 0 once read */
	uint32_t jobs;	  /* frames in the desk at once */
	uint32_t keyring; /* parsed public keys kept */
};

/*
 * Reads a file. "bad-config" (MALFORMED), whose text begins with file name and line:
 * "lahettid.conf:12: …"; "config-unreadable" (BROKEN). From one thread at a time.
 */
LAHETTI_CHECKED bool config_load(const char *path, struct config **config, struct lahetti_fault *f);
void config_destroy(struct config *c);

/*
 * SHA-256 over "lahetti config v1\n" and, for each setting marked SEEN in settings.def, in its
 * order, "key=value\n" as read or by default; of a list one line a word.
 */
LAHETTI_CHECKED bool config_digest(const struct config *c, struct lahetti_digest *digest,
				   struct lahetti_fault *f);

#endif
