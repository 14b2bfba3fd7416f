/* Enrolment of a device, login, the choice of a membership. */

#include "claim.h"
#include "handling.h"
#include "lahetti/code.h"
#include "lahetti/message.h"
#include "lahetti/text.h"
#include "proof.h"

#include <string.h>

#define PROTOCOL_VERSION 1
#define MEMBERSHIPS_MOST 32
#define DEVICE_NAME_MOST 100

static void claim_facts(const struct handling *h, struct claim_facts *facts)
{
	const struct job_head *head = &h->job->head;

	*facts = (struct claim_facts){
		.nonce_us = head->nonce_us,
		.now_us = h->now_us,
		.audience = h->desk->server_name,
		.key = head->verified,
		.version_least = PROTOCOL_VERSION,
		.version_most = PROTOCOL_VERSION,
		.origins = h->desk->options->origins,
	};
	memcpy(facts->nonce, head->nonce, sizeof facts->nonce);
	memcpy(facts->exporter, head->exporter, sizeof facts->exporter);
}

/* A stranger acts as the user that the code or the key names, so that the event and its answer say
 * whose it was. */
static bool become(struct handling *h, const struct lahetti_id *user,
		   const struct lahetti_digest *device, struct lahetti_fault *f)
{
	struct job_actor *who = &h->job->head.actor;

	*who = (struct job_actor){.user = *user, .device = *device};
	return facts_of_actor(h, &h->actor, f);
}

/* Enrolment
 * ---------------------------------------------------------------------------------------------------------
 */

static bool answer_enrolled(struct handling *h, const Lahetti__V1__Device *device,
			    const char *user_name, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Enrolled enrolled = LAHETTI__V1__ENROLLED__INIT;
	ProtobufCBinaryData chain;
	struct lahetti_buffer ca;
	bool ok;

	lahetti_buffer_init(&ca, CA_CERTIFICATE_MOST);
	ok = ca_certificate(h->desk->ca, &ca, f);
	chain = lahetti_bytes(lahetti_buffer_span(&ca));
	enrolled.user = device->user;
	enrolled.key_id = device->key_id;
	enrolled.certificate = device->certificate;
	enrolled.chain = &chain;
	enrolled.n_chain = 1;
	enrolled.confirmed = device->confirmed;
	enrolled.user_name = (char *)(uintptr_t)user_name;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ENROLLED;
	frame.enrolled = &enrolled;
	ok = ok && answer_session(h, &frame, ANSWER_SPENDS_NONCE, f);
	lahetti_buffer_finish(&ca);
	return ok;
}

static bool record_enrolment(struct handling *h, const Lahetti__V1__Device *device,
			     const struct lahetti_digest *code, struct lahetti_fault *f)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Record used = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__CodeUsed code_used = LAHETTI__V1__CODE_USED__INIT;
	const Lahetti__V1__Record *records[2];
	struct trail_subject subject;
	struct trail_entry e;

	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE;
	entry.device = (Lahetti__V1__Device *)(uintptr_t)device;
	code_used.code_sha256 = digest_bytes(h, code);
	used.record_case = LAHETTI__V1__RECORD__RECORD_CODE_USED;
	used.code_used = &code_used;
	records[0] = record_directory(h, &entry);
	records[1] = &used;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_ENROL,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	subject = subject_nobody(&h->actor.organisation);
	e.records = records;
	e.n_records = 2;
	return records[0] != NULL ? entry_append(h, &e, &subject, f) : lahetti_fault_no_memory(f);
}

bool handle_enrol(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__Enrol *enrol = h->frame->enrol;
	Lahetti__V1__Device device = LAHETTI__V1__DEVICE__INIT;
	const Lahetti__V1__EnrolmentProof *proof;
	struct lahetti_fault fault = {0};
	struct claim_facts facts;
	struct lahetti_digest code;
	struct directory_code row;
	struct lahetti_buffer certificate;
	char name[256];
	const char *refused;
	bool found, ok;

	if (!lahetti_text_is_line(enrol->device_name, DEVICE_NAME_MOST, f))
		return false;
	if (!lahetti_code_digest(&code, lahetti_span_text(enrol->code), &fault))
		return refuse(h, "bad-code", NULL, f);
	proof = lahetti_message_read(&lahetti__v1__enrolment_proof__descriptor,
				     lahetti_bytes_span(enrol->proof->payload),
				     LAHETTI_MESSAGE_SIGNED, &h->arena, f);
	if (proof == NULL)
		return false;
	claim_facts(h, &facts);
	refused = claim_enrolment(proof, &code, &facts);
	if (refused != NULL)
		return refuse(h, refused, NULL, f);
	if (!directory_code_find(h->store, &code, &row, &found, f))
		return false;
	/* An unknown, a used and an expired code get one answer: a guesser learns nothing. */
	if (!found || row.used || row.until_us < h->now_us)
		return refuse(h, "code-not-valid", NULL, f);
	if (directory_find(h->store, DIRECTORY_DEVICE, lahetti_digest_span(&h->job->head.verified),
			   0, &h->arena, &fault) != NULL)
		return refuse(h, "device-known", NULL, f);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	lahetti_buffer_init(&certificate, CA_CERTIFICATE_MOST);
	ok = become(h, &row.user, &h->job->head.verified, f) &&
	     directory_name(h->store, DIRECTORY_USER, &row.user, 0, name, f) &&
	     ca_issue_device(
		     h->desk->ca, lahetti_bytes_span(proof->spki), &row.user,
		     &(struct ca_validity){.from_us = h->now_us,
					   .days = h->desk->options->limits.certificate_days},
		     &certificate, f);
	device.key_id = digest_bytes(h, &h->job->head.verified);
	device.user = id_bytes(h, &row.user);
	device.spki = proof->spki;
	device.certificate = lahetti_bytes(lahetti_buffer_span(&certificate));
	device.name = enrol->device_name;
	device.code_maker = id_bytes(h, &row.maker);
	ok = ok && record_enrolment(h, &device, &code, f) && answer_enrolled(h, &device, name, f);
	lahetti_buffer_finish(&certificate);
	return ok;
}

/* Login
 * -------------------------------------------------------------------------------------------------------------
 */

/* Adds what a client program needs of each membership: its unit and organisation. */
static bool fill_session(struct handling *h, Lahetti__V1__Session *session, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[MEMBERSHIPS_MOST], *e;
	size_t n;

	if (!directory_members(h->store, DIRECTORY_BY_USER, &h->job->head.actor.user, found,
			       MEMBERSHIPS_MOST, &n, &h->arena, f))
		return false;
	session->memberships = lahetti_arena_take(&h->arena, n * sizeof *session->memberships);
	session->units = lahetti_arena_take(&h->arena, n * sizeof *session->units);
	session->organisations = lahetti_arena_take(&h->arena, n * sizeof *session->organisations);
	if (session->memberships == NULL || session->units == NULL ||
	    session->organisations == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < n; i++) {
		session->memberships[i] = found[i]->membership;
		e = directory_find(h->store, DIRECTORY_UNIT,
				   lahetti_bytes_span(found[i]->membership->unit), 0, &h->arena, f);
		if (e == NULL)
			return false;
		session->units[i] = e->unit;
		e = directory_find(h->store, DIRECTORY_ORGANISATION,
				   lahetti_bytes_span(found[i]->membership->organisation), 0,
				   &h->arena, f);
		if (e == NULL)
			return false;
		session->organisations[i] = e->organisation;
	}
	session->n_memberships = session->n_units = session->n_organisations = n;
	return true;
}

/* The membership asked for, the only one, or NULL. */
static const Lahetti__V1__Membership *choose(const Lahetti__V1__Session *session,
					     struct lahetti_span asked)
{
	if (asked.len == 0)
		return session->n_memberships == 1 ? session->memberships[0] : NULL;
	for (size_t i = 0; i < session->n_memberships; i++)
		if (lahetti_span_equal(lahetti_bytes_span(session->memberships[i]->id), asked))
			return session->memberships[i];
	return NULL;
}

/* The session's actor from now on. */
static bool act_in(struct handling *h, const Lahetti__V1__Membership *m, struct lahetti_fault *f)
{
	struct job_actor *who = &h->job->head.actor;

	who->role = (uint32_t)m->role;
	return lahetti_id_read(&who->membership, lahetti_bytes_span(m->id), f) &&
	       lahetti_id_read(&who->organisation, lahetti_bytes_span(m->organisation), f) &&
	       lahetti_id_read(&who->unit, lahetti_bytes_span(m->unit), f) &&
	       facts_of_actor(h, &h->actor, f);
}

static bool record_login(struct handling *h, const char *reason, struct lahetti_fault *f)
{
	struct trail_subject subject;
	struct trail_entry e;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_LOGIN,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	subject = subject_nobody(&h->actor.organisation);
	e.event.reason = (char *)(uintptr_t)reason;
	return entry_append(h, &e, &subject, f);
}

static bool answer_signed_in(struct handling *h, Lahetti__V1__Session *session,
			     struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	struct answer_head head = {
		.to = ANSWER_SESSION,
		.flags = ANSWER_COMPLETES | ANSWER_SIGNS_IN | ANSWER_SPENDS_NONCE,
		.session = h->job->head.session,
		.actor = h->job->head.actor,
	};
	struct lahetti_span note;
	uint64_t size;
	char name[256];

	if (!directory_name(h->store, DIRECTORY_USER, &h->job->head.actor.user, 0, name, f) ||
	    !proof_checkpoint(h->store, 0, &h->arena, &note, &size, f))
		return false;
	session->checkpoint = lahetti_bytes(note);
	session->user = id_bytes(h, &h->job->head.actor.user);
	session->user_name = name;
	session->acting = id_bytes(h, &h->job->head.actor.membership);
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_SESSION;
	frame.session = session;
	frame.correlation = h->job->head.correlation;
	h->answered = true;
	return answer_frame(h, &head, &frame, f);
}

/* A client certificate that was presented in TLS must be of a device of the same user, and not of
 * one that was revoked. */
static bool same_user_presents(struct handling *h, const struct lahetti_id *user,
			       struct lahetti_fault *f)
{
	static const struct lahetti_digest none;
	const struct lahetti_digest *key = &h->job->head.peer_key;
	const Lahetti__V1__DirectoryEntry *device;

	if (lahetti_digest_equal(key, &none) || lahetti_digest_equal(key, &h->job->head.verified))
		return true;
	device = directory_find(h->store, DIRECTORY_DEVICE, lahetti_digest_span(key), 0, &h->arena,
				f);
	return device != NULL && !device->device->revoked &&
	       lahetti_span_equal(lahetti_bytes_span(device->device->user), lahetti_id_span(user));
}

bool handle_login(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__Login *login = h->frame->login;
	Lahetti__V1__Session session = LAHETTI__V1__SESSION__INIT;
	const Lahetti__V1__DirectoryEntry *device;
	const Lahetti__V1__Membership *membership;
	const Lahetti__V1__LoginClaim *claim;
	struct lahetti_fault fault = {0};
	struct claim_facts facts;
	struct lahetti_id user;
	struct decision d;
	const char *refused;

	claim = lahetti_message_read(&lahetti__v1__login_claim__descriptor,
				     lahetti_bytes_span(login->claim->payload),
				     LAHETTI_MESSAGE_SIGNED, &h->arena, f);
	if (claim == NULL)
		return false;
	claim_facts(h, &facts);
	refused = claim_login(claim, &facts);
	if (refused != NULL)
		return refuse(h, refused, NULL, f);
	device = directory_find(h->store, DIRECTORY_DEVICE,
				lahetti_digest_span(&h->job->head.verified), 0, &h->arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (device == NULL)
		return refuse(h, "unknown-key", NULL, f);
	if (!facts_id(device->device->user, &user, f) ||
	    !become(h, &user, &h->job->head.verified, f))
		return false;
	/* The signature holds, so it is the device itself that comes so often. */
	if (!tries_left(h->desk->tries, TRIES_DEVICE, lahetti_digest_span(&h->job->head.verified),
			h->now_us))
		return refuse(h, "too-many-tries", NULL, f);
	tries_spend(h->desk->tries, TRIES_DEVICE, lahetti_digest_span(&h->job->head.verified),
		    h->now_us);
	if (!same_user_presents(h, &user, &fault))
		return fault.kind == LAHETTI_FAULT_NONE ? refuse(h, "other-certificate", NULL, f)
							: (*f = fault, false);
	d = policy_session(&h->actor);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!fill_session(h, &session, f))
		return false;
	membership = choose(&session, lahetti_bytes_span(login->membership));
	if (membership == NULL && login->membership.len > 0)
		return refuse(h, "no-such-membership", NULL, f);
	if (membership != NULL && !act_in(h, membership, f))
		return false;
	return record_login(h, "", f) && answer_signed_in(h, &session, f);
}

bool handle_act(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__Session session = LAHETTI__V1__SESSION__INIT;
	const Lahetti__V1__Membership *membership;

	if (!fill_session(h, &session, f))
		return false;
	membership = choose(&session, lahetti_bytes_span(h->frame->act->membership));
	if (membership == NULL)
		return refuse(h, "no-such-membership", NULL, f);
	return act_in(h, membership, f) && record_login(h, "acts-in-role", f) &&
	       answer_signed_in(h, &session, f);
}
