#include "session.h"

#include "directory.h"
#include "lahetti/dsse.h"
#include "lahetti/kinds.h"
#include "lahetti/merkle.h"
#include "lahetti/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PROTOCOL_VERSION 1
#define PATIENCE	 30 /* seconds that one question waits for a server that has too much to do */

/* ---- asking -------------------------------------------------------------------------------- */

/* The server's refusal, in the words of the catalogue where it has any. */
static bool refused(struct cli *c, const Lahetti__V1__Error *error)
{
	const char *sentence = lahetti_text_of_code(error->code, c->language);

	(void)snprintf(c->code, sizeof c->code, "%s", error->code);
	/* Only a refusal is about what was asked: all else may go better another time. */
	c->status = error->class_ == LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED ? CLI_REFUSED
									      : CLI_NO_CONNECTION;
	(void)snprintf(c->sentence, sizeof c->sentence, "%s",
		       sentence != NULL ? sentence : error->sentence);
	if (c->sentence[0] == '\0')
		return cli_fail(c, c->status, "cli.refused", error->code, NULL);
	return false;
}

static bool is_busy(const Lahetti__V1__ServerFrame *answer)
{
	return answer->body_case == SESSION_SERVER(ERROR) &&
	       answer->error->class_ == LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT &&
	       strcmp(answer->error->code, "too-many-requests") == 0;
}

/* A connection that ended may have said why. */
static void told_why(struct cli *c, struct lahetti_peer *peer)
{
	const Lahetti__V1__ServerFrame *frame;
	struct lahetti_fault ignored;

	while ((frame = lahetti_peer_next(peer, 0, &c->arena, &ignored)) != NULL)
		if (frame->body_case == SESSION_SERVER(ERROR))
			(void)refused(c, frame->error);
		else if (frame->body_case == SESSION_SERVER(GOING_AWAY))
			(void)cli_fail(c, CLI_NO_CONNECTION, "cli.going-away", NULL, NULL);
}

/* One question on a connection. Too many a second is a matter of waiting. */
static Lahetti__V1__ServerFrame *ask(struct cli *c, struct lahetti_peer *peer,
				     Lahetti__V1__ClientFrame *frame,
				     Lahetti__V1__ServerFrame__BodyCase expected)
{
	const struct timespec second = {.tv_sec = 1};
	struct lahetti_fault fault = {0};
	Lahetti__V1__ServerFrame *answer = lahetti_peer_ask(peer, frame, &c->arena, &fault);

	for (int i = 0; i < PATIENCE && answer != NULL && is_busy(answer); i++) {
		(void)nanosleep(&second, NULL);
		answer = lahetti_peer_ask(peer, frame, &c->arena, &fault);
	}
	if (answer == NULL) {
		(void)cli_fault(c, CLI_NO_CONNECTION, &fault);
		told_why(c, peer);
		return NULL;
	}
	if (answer->body_case == SESSION_SERVER(ERROR)) {
		(void)refused(c, answer->error);
		return NULL;
	}
	if (answer->body_case != expected) {
		(void)cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
		return NULL;
	}
	return answer;
}

Lahetti__V1__ServerFrame *session_ask(struct cli *c, Lahetti__V1__ClientFrame *frame,
				      Lahetti__V1__ServerFrame__BodyCase expected)
{
	return ask(c, c->session->peer, frame, expected);
}

Lahetti__V1__ServerFrame *session_next(struct cli *c, int timeout_ms, bool *failed)
{
	struct lahetti_fault fault = {0};
	Lahetti__V1__ServerFrame *frame =
		lahetti_peer_next(c->session->peer, timeout_ms, &c->arena, &fault);

	*failed = frame == NULL && fault.kind != LAHETTI_FAULT_NONE;
	if (*failed)
		(void)cli_fault(c, CLI_NO_CONNECTION, &fault);
	if (frame != NULL && frame->body_case == SESSION_SERVER(ERROR)) {
		*failed = !refused(c, frame->error);
		return NULL;
	}
	return frame;
}

/* ---- the log ------------------------------------------------------------------------------- */

static bool not_proved(struct cli *c, const struct lahetti_fault *f)
{
	return cli_fault(c, CLI_NOT_PROVED, f);
}

/* The server shows two logs: it must not go on as though nothing had happened. */
static bool forked(struct cli *c, struct lahetti_span seen, struct lahetti_span shown)
{
	char path[HOME_FILE_MOST];

	if (!home_write(c, "fork-seen", seen) || !home_write(c, "fork-shown", shown) ||
	    !home_file(c, "fork-shown", path))
		return false;
	return cli_fail(c, CLI_FORKED, "cli.forked", path, NULL);
}

/* Whether the tree of `older` is the beginning of that of `newer`. */
static bool continues(struct cli *c, const struct lahetti_checkpoint *older,
		      const struct lahetti_checkpoint *newer, bool *yes)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadConsistency question = LAHETTI__V1__READ_CONSISTENCY__INIT;
	struct lahetti_digest hashes[LAHETTI_PROOF_MOST];
	Lahetti__V1__ServerFrame *answer;
	const Lahetti__V1__Proof *proof;

	*yes = false;
	if (older->size == newer->size) {
		*yes = lahetti_digest_equal(&older->root, &newer->root);
		return true;
	}
	question.from = older->size;
	question.to = newer->size;
	frame.body_case = SESSION_CLIENT(READ_CONSISTENCY);
	frame.read_consistency = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(PROOF));
	if (answer == NULL)
		return false;
	proof = answer->proof;
	if (proof->n_hashes > LAHETTI_PROOF_MOST)
		return true;
	for (size_t i = 0; i < proof->n_hashes; i++) {
		if (proof->hashes[i].len != LAHETTI_DIGEST_LEN)
			return true;
		memcpy(hashes[i].bytes, proof->hashes[i].data, LAHETTI_DIGEST_LEN);
	}
	*yes = lahetti_consistency_verify(older->size, &older->root, newer->size, &newer->root,
					  hashes, proof->n_hashes, NULL);
	return true;
}

/* Of whatever generation that is trusted. */
static const struct generation *open_head(struct cli *c, struct lahetti_span note,
					  struct lahetti_checkpoint *head, struct lahetti_fault *f)
{
	const struct generation *g = generations_find(&c->session->log, note);

	return lahetti_checkpoint_open(head, note, g->log, lahetti_note_verifier_name(g->log), f)
		       ? g
		       : NULL;
}

static bool is_present(const struct cli *c, const struct generation *g)
{
	return g == &c->session->log.list[0];
}

/* The newest head that any run of this device has seen, and its generation; none where there is
 * none yet. */
struct seen {
	struct lahetti_buffer note;
	struct lahetti_checkpoint head;
	const struct generation *of;
};

static bool read_seen(struct cli *c, struct seen *seen)
{
	struct lahetti_fault fault;
	bool found;

	lahetti_buffer_init(&seen->note, LAHETTI_NOTE_MOST);
	seen->head = (struct lahetti_checkpoint){.size = 0};
	seen->of = NULL;
	if (!home_read(c, "checkpoint", &seen->note, &found))
		return false;
	if (found)
		seen->of = open_head(c, lahetti_buffer_span(&seen->note), &seen->head, &fault);
	return !found || seen->of != NULL ||
	       cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL);
}

/* Another run may have seen a newer one meanwhile. One of a generation that has ended gives way,
 * however large. */
static bool keep_head(struct cli *c, uint64_t size, struct lahetti_span note)
{
	struct seen kept;
	bool ok;

	if (!home_lock(c))
		return false;
	ok = read_seen(c, &kept) &&
	     ((kept.of != NULL && is_present(c, kept.of) && kept.head.size >= size) ||
	      home_write(c, "checkpoint", note));
	lahetti_buffer_finish(&kept.note);
	home_unlock(c);
	return ok;
}

/* What the operator's act says was brought back is the beginning of the log; and so is what this
 * device had seen, as far as it was brought back. */
static bool goes_on(struct cli *c, const struct seen *seen, const struct lahetti_checkpoint *now,
		    bool *yes)
{
	const struct generations *log = &c->session->log;

	*yes = now->size >= log->last.size;
	if (!*yes || !continues(c, &log->last, now, yes))
		return !*yes;
	return !*yes || seen->of == NULL || seen->head.size > seen->of->common ||
	       continues(c, &seen->head, now, yes);
}

/* The first head of a generation that this device sees. */
static bool first_head(struct cli *c, const struct seen *seen, struct lahetti_span shown,
		       const struct lahetti_checkpoint *now)
{
	bool yes;

	if (c->session->log.restored) {
		if (!goes_on(c, seen, now, &yes))
			return false;
		if (!yes)
			return forked(c, lahetti_buffer_span(&seen->note), shown);
	}
	return keep_head(c, now->size, shown);
}

/*
 * A server may not go back behind what it had shown when this run began. Behind what another run
 * of this device has been shown since, it may: but to a beginning of the same tree.
 */
static bool compare_heads(struct cli *c, const struct seen *seen, struct lahetti_span shown,
			  bool newest)
{
	struct lahetti_checkpoint now;
	struct lahetti_fault fault;
	const struct generation *of = open_head(c, shown, &now, &fault);
	bool yes;

	if (of == NULL)
		return not_proved(c, &fault);
	/* A head of an ended generation is shown with what was brought back from it alone. */
	if (!is_present(c, of) && (newest || now.size > of->common))
		return cli_fail(c, CLI_NOT_PROVED, "code.wrong-origin", NULL, NULL);
	if (newest && now.size < c->session->seen)
		return forked(c, lahetti_buffer_span(&seen->note), shown);
	if (newest)
		c->session->seen = now.size;
	if (seen->of == NULL || !is_present(c, seen->of))
		return !is_present(c, of) || first_head(c, seen, shown, &now);
	if (now.size < seen->head.size ? !continues(c, &now, &seen->head, &yes)
				       : !continues(c, &seen->head, &now, &yes))
		return false;
	if (!yes)
		return forked(c, lahetti_buffer_span(&seen->note), shown);
	return keep_head(c, now.size, shown);
}

bool session_saw(struct cli *c, ProtobufCBinaryData note, bool newest)
{
	struct seen seen;
	bool ok = read_seen(c, &seen) && compare_heads(c, &seen, lahetti_bytes_span(note), newest);

	lahetti_buffer_finish(&seen.note);
	return ok;
}

/* Before the server is asked anything. What was seen of an ended generation binds the present one
 * by the operator's act alone. */
static bool begin_to_see(struct cli *c)
{
	struct seen seen;
	bool ok = read_seen(c, &seen);

	c->session->seen = seen.of != NULL && is_present(c, seen.of) ? seen.head.size : 0;
	lahetti_buffer_finish(&seen.note);
	return ok;
}

const struct lahetti_note_verifier *session_log(const struct cli *c,
						const Lahetti__V1__Receipt *receipt)
{
	return generations_find(&c->session->log, lahetti_bytes_span(receipt->checkpoint))->log;
}

bool session_receipt(struct cli *c, const Lahetti__V1__Receipt *receipt,
		     struct lahetti_receipt_facts *facts)
{
	struct lahetti_fault fault;

	if (receipt == NULL)
		return cli_fail(c, CLI_NOT_PROVED, "cli.no-receipt", NULL, NULL);
	if (!lahetti_receipt_verify(receipt, session_log(c, receipt), &c->arena, facts, &fault))
		return not_proved(c, &fault);
	return session_saw(c, receipt->checkpoint, false);
}

/* ---- signing in ---------------------------------------------------------------------------- */

struct lahetti_peer *session_connect(struct cli *c, const struct profile *p, const char *ca,
				     const struct lahetti_private_key *key, const char *certificate)
{
	const struct lahetti_peer_options options = {
		.host = p->host,
		.port = p->port,
		.ca = ca,
		.certificate = certificate,
		.private_key = key != NULL ? lahetti_private_key_native(key) : NULL,
	};
	struct lahetti_fault fault = {0};
	struct lahetti_peer *peer = lahetti_peer_open(&options, &fault);

	if (peer == NULL)
		(void)cli_fault(c, CLI_NO_CONNECTION, &fault);
	/* Whoever stands between, or has another certificate, is not the server: it was not
	 * reached. */
	if (peer == NULL && fault.code != NULL && strcmp(fault.code, "bad-certificate") == 0)
		c->status = CLI_NO_CONNECTION;
	return peer;
}

/* Another key than the trusted one: a generation that nobody has accepted here, or no log of ours.
 */
static bool other_log(struct cli *c)
{
	const struct session *s = c->session;
	char shown[16], trusted[16];
	size_t len, own_len;
	uint32_t generation = lahetti_generation_of(s->greeting->log_key, &len);
	uint32_t own = lahetti_generation_of(s->profile.log_key, &own_len);

	if (generation == 0 || generation == own || len != own_len ||
	    strncmp(s->greeting->log_key, s->profile.log_key, len) != 0)
		return cli_fail(c, CLI_FORKED, "cli.other-log", s->greeting->log_key, NULL);
	(void)snprintf(shown, sizeof shown, "%" PRIu32, generation);
	(void)snprintf(trusted, sizeof trusted, "%" PRIu32, own);
	return cli_fail(c, CLI_FORKED,
			generation > own ? "cli.new-generation" : "cli.old-generation", shown,
			trusted);
}

/* The server must be the one of the enrolment, with the log of the enrolment. */
static bool check_greeting(struct cli *c)
{
	const struct session *s = c->session;

	if (strcmp(s->greeting->server_name, s->profile.server_name) != 0)
		return cli_fail(c, CLI_NO_CONNECTION, "cli.other-server", s->greeting->server_name,
				s->profile.server_name);
	if (strcmp(s->greeting->log_key, s->profile.log_key) != 0)
		return other_log(c);
	return true;
}

static bool sign_claim(struct cli *c, Lahetti__V1__Login *login)
{
	struct session *s = c->session;
	Lahetti__V1__LoginClaim claim = LAHETTI__V1__LOGIN_CLAIM__INIT;
	static char purpose[] = "login";
	char origin[300];
	uint8_t nonce[32];
	uint8_t exporter[32];
	struct lahetti_span packed;
	struct lahetti_fault fault;

	(void)snprintf(origin, sizeof origin,
		       strchr(s->profile.host, ':') != NULL ? "https://[%s]:%u" : "https://%s:%u",
		       s->profile.host, (unsigned)s->profile.port);
	if (!lahetti_random(nonce, sizeof nonce, &fault) ||
	    !lahetti_peer_exporter(s->peer, exporter, &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	claim.purpose = purpose;
	claim.server_nonce = s->greeting->nonce;
	claim.client_nonce = lahetti_bytes(lahetti_span(nonce, sizeof nonce));
	claim.origin = origin;
	claim.device = lahetti_bytes(lahetti_digest_span(&s->profile.key_id));
	claim.version = PROTOCOL_VERSION;
	claim.time_us = lahetti_now_us();
	claim.tls_exporter = lahetti_bytes(lahetti_span(exporter, sizeof exporter));
	claim.audience = s->profile.server_name;
	packed = lahetti_message_pack(&claim.base, &c->arena);
	if (packed.data == NULL)
		return cli_no_memory(c);
	packed = lahetti_envelope_sign(LAHETTI_TYPE_LOGIN, packed, s->key, &c->arena, &fault);
	if (packed.data == NULL)
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	login->claim = lahetti_message_read(&lahetti__v1__envelope__descriptor, packed,
					    LAHETTI_MESSAGE_FRAME, &c->arena, &fault);
	return login->claim != NULL || cli_fault(c, CLI_OWN_FAULT, &fault);
}

static bool sign_in(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Login login = LAHETTI__V1__LOGIN__INIT;
	Lahetti__V1__ServerFrame *answer;

	if (!sign_claim(c, &login))
		return false;
	login.language = lahetti_text(lahetti_language_tag(c->language));
	frame.body_case = SESSION_CLIENT(LOGIN);
	frame.login = &login;
	answer = session_ask(c, &frame, SESSION_SERVER(SESSION));
	if (answer == NULL)
		return false;
	c->session->signed_in = answer->session;
	return true;
}

bool session_read_head(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCheckpoint question = LAHETTI__V1__READ_CHECKPOINT__INIT;
	Lahetti__V1__ServerFrame *answer;

	frame.body_case = SESSION_CLIENT(READ_CHECKPOINT);
	frame.read_checkpoint = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(CHECKPOINT));
	return answer != NULL && session_saw(c, answer->checkpoint->note, true);
}

static bool check_log(struct cli *c)
{
	if (c->session->signed_in->checkpoint.len == 0)
		return session_read_head(c);
	return session_saw(c, c->session->signed_in->checkpoint, true);
}

/* ---- the role to act in -------------------------------------------------------------------- */

static const Lahetti__V1__Membership *membership_of(const Lahetti__V1__Session *s,
						    struct lahetti_span id)
{
	for (size_t i = 0; i < s->n_memberships; i++)
		if (id.len > 0 && lahetti_span_equal(lahetti_bytes_span(s->memberships[i]->id), id))
			return s->memberships[i];
	return NULL;
}

static const char *unit_name(const Lahetti__V1__Session *s, ProtobufCBinaryData unit)
{
	for (size_t i = 0; i < s->n_units; i++)
		if (lahetti_span_equal(lahetti_bytes_span(s->units[i]->id),
				       lahetti_bytes_span(unit)))
			return s->units[i]->name;
	return "";
}

/* The one membership that UNIT/ROLE names: a part of the unit's name, the role's word. */
static const Lahetti__V1__Membership *find_as(struct cli *c, const char *as)
{
	const Lahetti__V1__Session *s = c->session->signed_in;
	const Lahetti__V1__Membership *found = NULL;
	const char *slash = strrchr(as, '/');
	int role;

	if (slash == NULL) {
		(void)cli_fail(c, CLI_WRONG_USE, "cli.bad-as", as, NULL);
		return NULL;
	}
	if (!args_word_of(c, slash + 1, &lahetti__v1__role__descriptor, &role))
		return NULL;
	for (size_t i = 0; i < s->n_memberships; i++) {
		const Lahetti__V1__Membership *m = s->memberships[i];

		if ((int)m->role != role ||
		    !directory_matches(m->unit, unit_name(s, m->unit), as, (size_t)(slash - as)))
			continue;
		if (found != NULL) {
			(void)cli_fail(c, CLI_WRONG_USE, "cli.ambiguous", as,
				       unit_name(s, m->unit));
			return NULL;
		}
		found = m;
	}
	if (found == NULL)
		(void)cli_fail(c, CLI_WRONG_USE, "cli.not-your-role", as, NULL);
	return found;
}

static bool act_in(struct cli *c, const Lahetti__V1__Membership *m)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Act act = LAHETTI__V1__ACT__INIT;
	Lahetti__V1__ServerFrame *answer;

	act.membership = m->id;
	frame.body_case = SESSION_CLIENT(ACT);
	frame.act = &act;
	answer = session_ask(c, &frame, SESSION_SERVER(SESSION));
	if (answer == NULL)
		return false;
	c->session->signed_in = answer->session;
	return true;
}

/* The profile acts as the session does. */
static bool follow_session(struct cli *c)
{
	struct session *s = c->session;
	const Lahetti__V1__Membership *m =
		membership_of(s->signed_in, lahetti_bytes_span(s->signed_in->acting));

	if (m == NULL)
		return true;
	s->profile.role = m->role;
	return (lahetti_id_read(&s->profile.membership, lahetti_bytes_span(m->id), NULL) &&
		lahetti_id_read(&s->profile.unit, lahetti_bytes_span(m->unit), NULL) &&
		lahetti_id_read(&s->profile.organisation, lahetti_bytes_span(m->organisation),
				NULL)) ||
	       cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
}

bool session_act_as(struct cli *c, ProtobufCBinaryData unit, Lahetti__V1__Role role)
{
	const struct session *s = c->session;

	if (s->peer == NULL ||
	    (s->profile.role == role &&
	     lahetti_span_equal(lahetti_id_span(&s->profile.unit), lahetti_bytes_span(unit))))
		return true;
	for (size_t i = 0; i < s->signed_in->n_memberships; i++) {
		const Lahetti__V1__Membership *m = s->signed_in->memberships[i];

		if (m->role == role &&
		    lahetti_span_equal(lahetti_bytes_span(m->unit), lahetti_bytes_span(unit)))
			return act_in(c, m) && follow_session(c);
	}
	return true;
}

/* What --as says, else the role of last time where it is one's own still, else the only one. */
static bool choose_role(struct cli *c)
{
	struct session *s = c->session;
	const char *as = args_value(c, "as");
	const Lahetti__V1__Membership *m =
		membership_of(s->signed_in, lahetti_id_span(&s->profile.membership));
	struct profile before = s->profile;

	if (as != NULL && (m = find_as(c, as)) == NULL)
		return false;
	if (m != NULL &&
	    !lahetti_span_equal(lahetti_bytes_span(m->id),
				lahetti_bytes_span(s->signed_in->acting)) &&
	    !act_in(c, m))
		return false;
	if (!follow_session(c))
		return false;
	/* --as is for this once. */
	if (as != NULL ||
	    (lahetti_id_equal(&before.membership, &s->profile.membership) &&
	     lahetti_id_equal(&before.unit, &s->profile.unit) && before.role == s->profile.role))
		return true;
	return profile_write(c, &s->profile);
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* What needs no connection: the profile, the key, the log's key. */
static bool unlock(struct cli *c)
{
	struct session *s = cli_take(c, sizeof *s);

	if (s == NULL)
		return false;
	c->session = s;
	if (!profile_read(c, &s->profile, NULL) ||
	    !generations_load(c, s->profile.log_key, &s->log))
		return false;
	s->key = home_key(c);
	if (s->key == NULL)
		return false;
	if (!lahetti_digest_equal(&s->profile.key_id,
				  lahetti_public_key_id(lahetti_private_key_public(s->key))))
		return cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL);
	return true;
}

static bool connect_home(struct cli *c)
{
	struct session *s = c->session;
	char ca[HOME_FILE_MOST];
	char certificate[HOME_FILE_MOST];

	if (!home_file(c, "ca.pem", ca) || !home_file(c, "certificate.pem", certificate))
		return false;
	s->peer = session_connect(c, &s->profile, ca, s->key, certificate);
	if (s->peer == NULL)
		return false;
	s->greeting = lahetti_peer_greeting(s->peer);
	return true;
}

static bool begin(struct cli *c)
{
	return check_greeting(c) && begin_to_see(c) && sign_in(c) && check_log(c) && choose_role(c);
}

bool session_open(struct cli *c)
{
	return unlock(c) && connect_home(c) && begin(c);
}

/* Names what there is to choose from. */
static bool no_role(struct cli *c)
{
	const Lahetti__V1__Session *s = c->session->signed_in;
	char list[1024] = "";
	char word[64];
	size_t len = 0;

	for (size_t i = 0; i < s->n_memberships; i++) {
		int more = snprintf(list + len, sizeof list - len, "%s%s/%s", i > 0 ? ", " : "",
				    unit_name(s, s->memberships[i]->unit),
				    lahetti_word(&lahetti__v1__role__descriptor,
						 (int)s->memberships[i]->role, word));

		if (more > 0 && (size_t)more < sizeof list - len)
			len += (size_t)more;
	}
	return cli_fail(c, CLI_WRONG_USE, s->n_memberships == 0 ? "cli.no-role" : "cli.choose-role",
			list, NULL);
}

bool session_act(struct cli *c)
{
	return session_open(c) && (c->session->signed_in->acting.len > 0 || no_role(c));
}

bool session_act_offline(struct cli *c)
{
	if (!unlock(c))
		return false;
	if (connect_home(c))
		return begin(c) && (c->session->signed_in->acting.len > 0 || no_role(c));
	return c->status == CLI_NO_CONNECTION && !lahetti_id_empty(&c->session->profile.membership);
}

void session_close(struct cli *c)
{
	struct session *s = c->session;

	if (s == NULL)
		return;
	lahetti_peer_close(s->peer);
	generations_finish(&s->log);
	lahetti_private_key_destroy(s->key);
	c->session = NULL;
}
