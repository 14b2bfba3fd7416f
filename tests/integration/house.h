/*
 * A real server for a test: lahettid as a process of its own, in a folder of its own, on a free
 * port, stopped by its pid; and people who are enrolled, confirmed and signed in over real TLS with
 * lib/peer.
 */
#ifndef TEST_HOUSE_H
#define TEST_HOUSE_H

#include "lahetti/arena.h"
#include "lahetti/key.h"
#include "lahetti/peer.h"

#include <sys/types.h>

struct house {
	char folder[256];
	pid_t pid;
	unsigned port, ops_port;
	int out; /* what the server prints */
};

/* Makes a folder with a configuration and `lahettid init`; code is the administrator's. Fails the
 * test on any error. */
void house_make(struct house *h, const char *more_configuration, char code[32]);
/* Another organisation, with the server stopped. */
void house_organisation(struct house *h, const char *name, const char *type, char code[32]);
void house_start(struct house *h);
/* The same; false where it ends before it is ready: house_wait tells how. */
bool house_try_start(struct house *h);
/* With SIGTERM the exit status must be 0. */
void house_stop(struct house *h, int signal);
/* Runs lahettid with arguments to its end: its exit status; what it printed, cut to room. */
int house_run(struct house *h, char *out, size_t room, const char *const *arguments);
/* The same in two halves: it runs until it ends or is killed; out is what it prints. Then its exit
 * status, 128 and the signal's number where it was killed. */
pid_t house_begin(struct house *h, const char *const *arguments, int *out);
int house_wait(pid_t pid);
/* The number that follows words in a text; there must be one. */
unsigned number_after(const char *text, const char *words);
/* `lahettid fsck` says that nothing is wrong. */
void house_is_whole(struct house *h);
void house_finish(struct house *h);

struct person {
	struct house *house;
	struct lahetti_private_key *key;
	struct lahetti_digest key_id;
	struct lahetti_id user, organisation, unit, membership;
	Lahetti__V1__Role role;
	struct lahetti_peer *peer;
	struct lahetti_arena arena; /* of the last answer and of what is sent */
	char server_name[200];
	char log_key[512];
	char certificate[300];	    /* the device's own: a PEM file */
	const struct person *shows; /* whose certificate is shown in TLS; NULL: none is */
};

/* A new key, enrolled with a code: connected, not yet confirmed. */
void person_enrol(struct person *p, struct house *h, const char *code);
/* Connects, and is greeted. */
void person_dial(struct person *p);
/* Confirms at the console, with the server stopped. */
void person_confirm(struct person *p);
/* Connects and signs in, acting in the only membership or the one given. Returns the answer,
 * whatever it is. */
Lahetti__V1__ServerFrame *person_sign_in(struct person *p, const struct lahetti_id *membership);
void person_sign_out(struct person *p);
/* What signing in sends, for those who connect in another way: in the arena. */
Lahetti__V1__ClientFrame *person_login(struct person *p, struct lahetti_span nonce,
				       const uint8_t exporter[32],
				       const struct lahetti_id *membership,
				       struct lahetti_arena *arena);
void person_finish(struct person *p);

/* A frame and its answer; the arena is reset before. */
Lahetti__V1__ServerFrame *person_ask(struct person *p, Lahetti__V1__ClientFrame *frame);
/* The same, where the answer must be of that case. */
Lahetti__V1__ServerFrame *person_expect(struct person *p, Lahetti__V1__ClientFrame *frame,
					Lahetti__V1__ServerFrame__BodyCase wanted);
/* The same, where the answer must be an error with that code. */
void person_refused(struct person *p, Lahetti__V1__ClientFrame *frame, const char *code);

/* What administrators do. */
void admin_unit(struct person *admin, const char *name, struct lahetti_id *id);
void admin_user(struct person *admin, const char *name, const struct lahetti_id *unit,
		Lahetti__V1__Role role, struct person *who, char code[32]);

/* A code for one more device of somebody. */
void admin_code(struct person *admin, const struct person *who, char code[32]);

/* Changes what a person is in the own unit. */
void admin_role(struct person *admin, const struct person *who, Lahetti__V1__Role role);

/* Makes somebody the head of their unit; names a user of another organisation for the own one's
 * erasures. */
void admin_leader(struct person *admin, const struct person *who);
void admin_second(struct person *admin, const char *name, Lahetti__V1__OrganisationType type,
		  const struct person *who);

/* A client with a case in the author's unit. */
void person_add_client(struct person *p, const char *family_name, const char *code,
		       struct lahetti_id *client, struct lahetti_id *case_id);

/* A statement: header filled in for its author; signed and sent by person_submit. The identifiers
 * are made at begin. */
struct writing {
	Lahetti__V1__Header header;
	Lahetti__V1__Basis basis;
	Lahetti__V1__Recipient recipient, second, *recipients[2];
	Lahetti__V1__Category categories[8];
	Lahetti__V1__Reference in_reply_to, consent, *consents[1];
	struct lahetti_id id, client, case_id;
	uint8_t salt[LAHETTI_SALT_LEN];
	struct lahetti_digest sha256; /* after signing */
	struct lahetti_span envelope;
	uint8_t *kept; /* the envelope's own memory */
};
void writing_begin(struct writing *w, const struct person *author, uint32_t kind,
		   const struct lahetti_id *client, const struct lahetti_id *case_id);
void writing_reply(struct writing *w, const struct lahetti_id *statement,
		   const struct lahetti_digest *sha256);
void writing_to_queue(struct writing *w, const struct lahetti_id *organisation,
		      const struct lahetti_id *unit);
void writing_to_user(struct writing *w, const struct person *who);
/* And to a second one: a person. */
void writing_and_user(struct writing *w, const struct person *who);
/* Rests on a consent. */
void writing_on_consent(struct writing *w, const struct writing *consent);
/* Signs with a key, which may be another's. */
void writing_sign(struct writing *w, const ProtobufCMessage *body,
		  const struct lahetti_private_key *key);
void writing_finish(struct writing *w);

/* A referral that holds everything it must. */
void referral_fill(Lahetti__V1__Referral *r);

/* What has come to somebody, as its notice tells: by it a recipient claims, opens and answers.
 */
struct parcel {
	struct lahetti_id delivery, statement;
	struct lahetti_digest sha256; /* of the statement's payload */
};
void parcel_of(struct parcel *n, const Lahetti__V1__Notice *notice);
void person_claim(struct person *p, const struct parcel *n);
/* An acknowledgement of a step, signed. */
void writing_acknowledge(struct writing *w, const struct person *p, const struct parcel *n,
			 Lahetti__V1__Step step);

Lahetti__V1__ServerFrame *person_submit(struct person *p, const struct writing *w);
Lahetti__V1__ServerFrame *person_open(struct person *p, const struct writing *w);
/* The two halves of both, so that several may be under way. */
uint64_t person_send(struct person *p, const struct writing *w, bool open);
Lahetti__V1__ServerFrame *person_answer(struct person *p, uint64_t correlation);
Lahetti__V1__ServerFrame *person_subscribe(struct person *p, uint64_t after,
					   Lahetti__V1__Notice **notices, size_t most, size_t *n);

#endif
