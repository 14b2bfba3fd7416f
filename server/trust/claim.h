/*
 * What a login or an enrolment must say beside being signed: that it was made for this server, this
 * connection and this moment. Pure: facts and a clock in, a code out. The signature has been
 * verified before.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include "lahetti/id.h"

#include <lahetti/v1/session.pb-c.h>

#define CLAIM_NONCE_LEN	   32
#define CLAIM_EXPORTER_LEN 32
#define CLAIM_NONCE_US	   (60 * INT64_C(1000000))  /* how long a nonce can be used */
#define CLAIM_CLOCK_US	   (300 * INT64_C(1000000)) /* how far the client's clock may be off */

/* What the server knows; all borrowed. */
struct claim_facts {
	uint8_t nonce[CLAIM_NONCE_LEN]; /* of the session's greeting; all zero: used already */
	int64_t nonce_us;		/* when it was given */
	int64_t now_us;			/* by the same clock */
	const char *audience;		/* the server's name, "HOST/lahetti" */
	struct lahetti_digest key;	/* that the signature holds against */
	uint32_t version_least;		/* of the protocol, both included */
	uint32_t version_most;
	/*
	 * Where this server is reached, NULL-terminated: "https://host" or "https://host:port".
	 * Scheme and host are compared in either case, and ":443" may be written or not.
	 */
	const char *const *origins;
	uint8_t exporter[CLAIM_EXPORTER_LEN]; /* of the connection (RFC 9266); all zero: it has none
					       */
	bool exporter_required;		      /* the client is no browser, or must not be one */
};

/*
 * NULL when the claim is good, else why it is not; the first that applies of:
 *   "bad-claim"      a field is not of the length it must have: nonce 32 bytes, client nonce 16 to
 *                    64, device 32, exporter 32 or none, texts at most 256
 *   "wrong-purpose"  it is not "login"
 *   "nonce-used"     the session's nonce was used already
 *   "nonce-expired"  it was given more than CLAIM_NONCE_US ago
 *   "wrong-nonce"    it is not the session's
 *   "wrong-audience" it is meant for another server
 *   "wrong-device"   it names another key than the one that signed it
 *   "wrong-version"  this server does not speak that version of the protocol
 *   "clock-off"      the client's clock is more than CLAIM_CLOCK_US off
 *   "wrong-channel"  it was made on another connection, or does not say on which though it must
 *   "wrong-origin"   the client meant to speak with another address
 *
 * Where the claim names this connection's exporter, nobody stands between and the origin proves
 * nothing more: it is then not compared, only recorded. So a program may dial the server under a
 * name that browsers don't know.
 */
LAHETTI_CHECKED const char *claim_login(const Lahetti__V1__LoginClaim *claim,
					const struct claim_facts *facts);

/*
 * The same of an enrolment, for the code that came beside it (lahetti_code_digest). Further codes:
 *   "wrong-code"     the proof was made for another code
 * Here "wrong-device" means that the SPKI is not the key that signed. Purpose, version, origin and
 * exporter are not in it: the code is what it proves, once.
 */
LAHETTI_CHECKED const char *claim_enrolment(const Lahetti__V1__EnrolmentProof *proof,
					    const struct lahetti_digest *code,
					    const struct claim_facts *facts);

#endif
