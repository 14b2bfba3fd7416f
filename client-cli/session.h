/*
 * A session with the server: connecting, signing in, asking. At each sign-in the head of the log
 * that the server shows must continue the one that this device has seen before; a log that does not
 * is refused (CLI_FORKED) and both heads are kept. A new generation of the log is another log until
 * the user has accepted the operator's act (generation.h).
 */
#ifndef SESSION_H
#define SESSION_H

#include "cli.h"
#include "generation.h"
#include "lahetti/peer.h"
#include "lahetti/receipt.h"

#include <lahetti/v1/session.pb-c.h>

struct session {
	struct profile profile;
	struct lahetti_private_key *key;
	struct generations log;	   /* the log that is trusted */
	struct lahetti_peer *peer; /* NULL: no connection */
	const Lahetti__V1__Greeting *greeting;
	const Lahetti__V1__Session *signed_in;
	uint64_t seen; /* size of the log when this run began, and of what it was shown since */
};

#define SESSION_SERVER(NAME) LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define SESSION_CLIENT(NAME) LAHETTI__V1__CLIENT_FRAME__BODY_##NAME

/* Connects without signing in; for enrolment, which has no folder yet. NULL after cli_fail. */
struct lahetti_peer *session_connect(struct cli *c, const struct profile *p, const char *ca,
				     const struct lahetti_private_key *key,
				     const char *certificate);

/* Unlocks the key, connects, signs in, checks the log. Afterwards c->session is there. */
LAHETTI_CHECKED bool session_open(struct cli *c);

/* The same, and a unit and role to act in. */
LAHETTI_CHECKED bool session_act(struct cli *c);

/*
 * The same; where the server can't be reached a session without a connection, as the user last
 * acted.
 */
LAHETTI_CHECKED bool session_act_offline(struct cli *c);

/*
 * Acts in that unit and role from now on, where the user has it still; where not, nothing changes,
 * and the server will say so to what is sent. A session without a connection stays as it is.
 */
LAHETTI_CHECKED bool session_act_as(struct cli *c, ProtobufCBinaryData unit,
				    Lahetti__V1__Role role);

void session_close(struct cli *c);

/*
 * Asks and returns the answer, in the run's arena. NULL after cli_fail: the server's refusal too,
 * in the language of the run.
 */
Lahetti__V1__ServerFrame *session_ask(struct cli *c, Lahetti__V1__ClientFrame *frame,
				      Lahetti__V1__ServerFrame__BodyCase expected);

/* What the server sends unasked, waiting at most timeout_ms (negative: for ever); NULL with no
 * failure when nothing came. */
Lahetti__V1__ServerFrame *session_next(struct cli *c, int timeout_ms, bool *failed);

/*
 * A head of the log that the server has shown: verified, consistent with what was seen before, and
 * kept where it is newer. With `newest` an older one is a fork.
 */
LAHETTI_CHECKED bool session_saw(struct cli *c, ProtobufCBinaryData note, bool newest);

/* The newest head there is now: that of the sign-in is from just before it. */
LAHETTI_CHECKED bool session_read_head(struct cli *c);

/*
 * The generation by whose key a receipt is to be verified: that of its own time.
 */
const struct lahetti_note_verifier *session_log(const struct cli *c,
						const Lahetti__V1__Receipt *receipt);

/* A receipt: verified (CLI_NOT_PROVED), its head seen. */
LAHETTI_CHECKED bool session_receipt(struct cli *c, const Lahetti__V1__Receipt *receipt,
				     struct lahetti_receipt_facts *facts);

#endif
