#include "lahetti/receipt.h"

#include "lahetti/act.h"
#include "lahetti/dsse.h"
#include "lahetti/merkle.h"
#include "lahetti/message.h"

#include <lahetti/v1/statement.pb-c.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH	     ((size_t)8 << 20) /* what one line or one statement may take, unpacked */
#define PREFIX_PART  0x02
#define PREFIX_LINK  0x03
#define BUNDLE_FIELD 9	       /* field numbers of a Bundle are below */
#define ACTS_MOST    32	       /* of a bundle */
#define LOGS_MOST    64	       /* generations that they reach */
#define LENGTH_MOST  INT32_MAX /* bytes of one field */

static bool bad_proof(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-proof",
				 "This has not the form of a proof.");
}

static bool wrong_commitment(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-commitment",
				 "What is shown is not what the log has committed to.");
}

static bool wrong_receipt(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-receipt",
				 "The receipt is not for what it is shown with.");
}

static bool wrong_enrolment(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-enrolment",
				 "The enrolment shown is not that of the key that signed.");
}

static bool broken_chain(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "broken-chain",
				 "Events about the client are missing from the report.");
}

/* ---- events and parts ---------------------------------------------------------------------- */

static bool is_digest(ProtobufCBinaryData b, const struct lahetti_digest *d)
{
	return lahetti_span_equal(lahetti_bytes_span(b), lahetti_digest_span(d));
}

/* The event, once its bytes are shown to be the leaf of its number. NULL on failure. */
static const Lahetti__V1__AuditEvent *read_included(ProtobufCBinaryData bytes,
						    const ProtobufCBinaryData *inclusion, size_t n,
						    const struct lahetti_checkpoint *head,
						    struct lahetti_arena *arena,
						    struct lahetti_fault *f)
{
	struct lahetti_digest proof[LAHETTI_PROOF_MOST];
	struct lahetti_digest leaf;
	const Lahetti__V1__AuditEvent *event;

	if (n > LAHETTI_PROOF_MOST) {
		bad_proof(f);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		if (inclusion[i].len != LAHETTI_DIGEST_LEN) {
			bad_proof(f);
			return NULL;
		}
		memcpy(proof[i].bytes, inclusion[i].data, LAHETTI_DIGEST_LEN);
	}
	event = lahetti_message_read(&lahetti__v1__audit_event__descriptor,
				     lahetti_bytes_span(bytes), LAHETTI_MESSAGE_FRAME, arena, f);
	if (event == NULL || !lahetti_leaf_hash(&leaf, lahetti_bytes_span(bytes), f) ||
	    !lahetti_inclusion_verify(&leaf, event->number, head->size, &head->root, proof, n, f))
		return NULL;
	return event;
}

static bool commit(const Lahetti__V1__OpenedPart *opened, struct lahetti_digest *commitment,
		   struct lahetti_fault *f)
{
	static const uint8_t prefix = PREFIX_PART;
	const struct lahetti_span spans[] = {
		lahetti_span(&prefix, 1),
		lahetti_bytes_span(opened->salt),
		lahetti_bytes_span(opened->part),
	};

	/* A salt of another length would let bytes wander between salt and part. */
	if (opened->salt.len != LAHETTI_SALT_LEN)
		return bad_proof(f);
	return lahetti_sha256(commitment, spans, 3, f);
}

static bool read_actor(const Lahetti__V1__AuditEvent *event, const Lahetti__V1__OpenedPart *opened,
		       const Lahetti__V1__ActorPart **actor, struct lahetti_arena *arena,
		       struct lahetti_fault *f)
{
	struct lahetti_digest commitment;

	if (!commit(opened, &commitment, f))
		return false;
	if (!is_digest(event->actor, &commitment))
		return wrong_commitment(f);
	*actor = lahetti_message_read(&lahetti__v1__actor_part__descriptor,
				      lahetti_bytes_span(opened->part), LAHETTI_MESSAGE_FRAME,
				      arena, f);
	return *actor != NULL;
}

static bool read_subject(const Lahetti__V1__AuditEvent *event,
			 const Lahetti__V1__OpenedPart *opened,
			 const Lahetti__V1__SubjectPart **subject,
			 struct lahetti_digest *commitment, struct lahetti_arena *arena,
			 struct lahetti_fault *f)
{
	size_t i = 0;

	if (!commit(opened, commitment, f))
		return false;
	while (i < event->n_subjects && !is_digest(event->subjects[i], commitment))
		i++;
	if (i == event->n_subjects)
		return wrong_commitment(f);
	*subject = lahetti_message_read(&lahetti__v1__subject_part__descriptor,
					lahetti_bytes_span(opened->part), LAHETTI_MESSAGE_FRAME,
					arena, f);
	return *subject != NULL;
}

static bool check_link(const Lahetti__V1__SubjectPart *subject,
		       const Lahetti__V1__OpenedLink *opened, struct lahetti_fault *f)
{
	static const uint8_t prefix = PREFIX_LINK;
	uint8_t number[8];
	struct lahetti_digest link;
	const struct lahetti_span spans[] = {
		lahetti_span(&prefix, 1),
		lahetti_bytes_span(opened->salt),
		lahetti_span(number, sizeof number),
		lahetti_bytes_span(opened->previous),
	};

	if (opened->salt.len != LAHETTI_SALT_LEN || opened->previous.len != LAHETTI_DIGEST_LEN)
		return bad_proof(f);
	for (int i = 0; i < 8; i++)
		number[i] = (uint8_t)(opened->number >> (56 - 8 * i));
	if (!lahetti_sha256(&link, spans, 4, f))
		return false;
	return is_digest(subject->link, &link) || wrong_commitment(f);
}

/* ---- receipts ------------------------------------------------------------------------------ */

bool lahetti_receipt_verify(const Lahetti__V1__Receipt *receipt,
			    const struct lahetti_note_verifier *log, struct lahetti_arena *arena,
			    struct lahetti_receipt_facts *facts, struct lahetti_fault *f)
{
	struct lahetti_digest commitment;

	facts->subject = NULL;
	if (!lahetti_checkpoint_open(&facts->checkpoint, lahetti_bytes_span(receipt->checkpoint),
				     log, lahetti_note_verifier_name(log), f))
		return false;
	facts->event = read_included(receipt->event, receipt->inclusion, receipt->n_inclusion,
				     &facts->checkpoint, arena, f);
	if (facts->event == NULL)
		return false;
	return receipt->subject == NULL ||
	       read_subject(facts->event, receipt->subject, &facts->subject, &commitment, arena, f);
}

bool lahetti_receipt_names(const struct lahetti_receipt_facts *facts, struct lahetti_span statement,
			   const struct lahetti_digest *sha256, struct lahetti_fault *f)
{
	const Lahetti__V1__SubjectPart *subject = facts->subject;
	bool opening = facts->event->action == LAHETTI__V1__ACTION__ACTION_OPEN;
	ProtobufCBinaryData id, digest;

	if (facts->event->outcome != LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE ||
	    (!opening && facts->event->action != LAHETTI__V1__ACTION__ACTION_ACCEPT) ||
	    subject == NULL)
		return wrong_receipt(f);
	id = opening ? subject->by : subject->statement;
	digest = opening ? subject->by_sha256 : subject->statement_sha256;
	return (lahetti_span_equal(lahetti_bytes_span(id), statement) &&
		is_digest(digest, sha256)) ||
	       wrong_receipt(f);
}

/* ---- bundles: their form ------------------------------------------------------------------- */

/*
 * A Bundle is read field by field, so that a report of any length takes no more memory than its
 * longest line: all its fields have lengths.
 */
static bool take_field(struct lahetti_span *rest, unsigned *number, struct lahetti_span *value)
{
	uint64_t len = 0;
	size_t at = 1;

	*number = rest->data[0] >> 3;
	if ((rest->data[0] & 7) != 2 || *number == 0 || *number >= BUNDLE_FIELD)
		return false;
	for (unsigned shift = 0;; shift += 7) {
		if (at == rest->len || shift > 28)
			return false;
		len |= (uint64_t)(rest->data[at] & 0x7f) << shift;
		if ((rest->data[at++] & 0x80) == 0)
			break;
	}
	if (len > LENGTH_MOST || len > rest->len - at)
		return false;
	*value = lahetti_span(rest->data + at, (size_t)len);
	*rest = lahetti_span(rest->data + at + len, rest->len - at - (size_t)len);
	return true;
}

/* Field numbers of a Bundle. */
enum {
	LOG_KEY = 1,
	CHECKPOINT = 2,
	LINES = 3,
	ENVELOPE = 4,
	SPKI = 5,
	RECEIPT = 6,
	ENROLMENT = 7,
	ACTS = 8,
};

/* One verification, and what it has found so far. */
struct verification {
	struct lahetti_span bytes;
	struct lahetti_span field[BUNDLE_FIELD]; /* of the fields that stand once */
	bool given[BUNDLE_FIELD];
	size_t n_lines;
	size_t n_acts;
	struct lahetti_note_verifier *logs[LOGS_MOST]; /* the trusted one first */
	size_t n_logs;
	struct lahetti_checkpoint head;
	struct link *links;
	size_t n_links;
	struct lahetti_arena arena;
	lahetti_finding_fn *found;
	void *context;
	bool failed;
	struct lahetti_fault first;
};

static bool read_form(struct verification *v, struct lahetti_fault *f)
{
	struct lahetti_span rest = v->bytes;

	while (rest.len > 0) {
		struct lahetti_span value;
		unsigned number;

		if (!take_field(&rest, &number, &value) ||
		    (number != LINES && number != ACTS && v->given[number]))
			return bad_proof(f);
		if (number == LINES)
			v->n_lines++;
		else if (number == ACTS)
			v->n_acts++;
		else
			v->field[number] = value;
		v->given[number] = true;
	}
	if (!v->given[LOG_KEY] || !(v->given[LINES] || v->given[ENVELOPE] || v->given[RECEIPT]) ||
	    v->given[ENVELOPE] != v->given[RECEIPT] || v->n_acts > ACTS_MOST ||
	    (v->given[ENROLMENT] && !v->given[ENVELOPE])) /* of the one who signed */
		return bad_proof(f);
	return true;
}

/* ---- bundles: their claims ----------------------------------------------------------------- */

static void tell(struct verification *v, struct lahetti_finding finding, bool holds,
		 const struct lahetti_fault *why)
{
	finding.holds = holds;
	if (!holds) {
		finding.why = *why;
		if (!v->failed)
			v->first = *why;
		v->failed = true;
	}
	v->found(v->context, &finding);
}

static bool is_trusted(const struct verification *v, const char *vkey)
{
	for (size_t i = 0; i < v->n_logs; i++)
		if (strcmp(lahetti_note_verifier_vkey(v->logs[i]), vkey) == 0)
			return true;
	return false;
}

static bool trust(struct verification *v, const char *vkey, struct lahetti_fault *f)
{
	if (is_trusted(v, vkey) || v->n_logs == LOGS_MOST)
		return true;
	v->logs[v->n_logs] = lahetti_note_verifier_read(vkey, f);
	return v->logs[v->n_logs] != NULL && ++v->n_logs > 0;
}

/* Whether an act is signed by a generation that is trusted: then so are those that it names. */
static bool follow_act(struct verification *v, struct lahetti_span note, struct lahetti_act *act,
		       bool *followed, struct lahetti_fault *why, struct lahetti_fault *f)
{
	*followed = false;
	for (size_t i = 0; i < v->n_logs && !*followed; i++)
		*followed = lahetti_act_open(act, note, v->logs[i], why);
	if (!*followed)
		return true;
	if (!trust(v, act->log_key, f))
		return false;
	for (size_t i = 0; i < act->n_ended; i++)
		if (!trust(v, act->ended[i], f))
			return false;
	return true;
}

/* Looks once at each act that is not done. *further: some could be followed. In the last round
 * those that can't be are told. */
static bool follow_round(struct verification *v, struct lahetti_act *act, bool done[ACTS_MOST],
			 bool last, bool *further, struct lahetti_fault *f)
{
	struct lahetti_span rest = v->bytes, value;
	unsigned number;
	size_t i = 0;

	*further = false;
	while (rest.len > 0 && take_field(&rest, &number, &value)) {
		struct lahetti_finding finding = {.claim = LAHETTI_CLAIM_GENERATION};
		struct lahetti_fault why = {0};

		if (number != ACTS || done[i++])
			continue;
		if (!follow_act(v, value, act, &done[i - 1], &why, f))
			return false;
		if (done[i - 1]) {
			*further = true;
			finding.event = act->last.size;
		}
		if (done[i - 1] || last)
			tell(v, finding, done[i - 1], &why);
	}
	return true;
}

/* In whatever order the acts stand: as long as one reaches further. */
static bool follow_acts(struct verification *v, struct lahetti_fault *f)
{
	struct lahetti_act *act = lahetti_arena_take(&v->arena, sizeof *act);
	bool done[ACTS_MOST] = {false};
	bool further = true;

	if (act == NULL)
		return lahetti_fault_no_memory(f);
	while (further)
		if (!follow_round(v, act, done, false, &further, f))
			return false;
	return follow_round(v, act, done, true, &further, f);
}

/* The key that is trusted is the one that everything is checked with, or what acts reach from it.
 */
static bool check_log_key(struct verification *v, const char *trusted, struct lahetti_fault *f)
{
	struct lahetti_finding finding = {.claim = LAHETTI_CLAIM_LOG_KEY};
	char *own = lahetti_arena_text(&v->arena, v->field[LOG_KEY]);
	struct lahetti_fault why = {0};

	if (own == NULL)
		return lahetti_fault_no_memory(f);
	if (!trust(v, trusted != NULL ? trusted : own, f) || !follow_acts(v, f))
		return false;
	finding.unproved = trusted == NULL;
	if (!is_trusted(v, own))
		lahetti_fault_set(&why, LAHETTI_FAULT_INVALID, "untrusted-log",
				  "The bundle is of another log than the one that is trusted.");
	tell(v, finding, why.kind == LAHETTI_FAULT_NONE, &why);
	return true;
}

/* The generation that a note says it is of; the trusted one where it is none that is known. */
static const struct lahetti_note_verifier *log_of(const struct verification *v,
						  struct lahetti_span note)
{
	struct lahetti_checkpoint c;

	if (lahetti_checkpoint_parse(&c, note, NULL))
		for (size_t i = 0; i < v->n_logs; i++)
			if (strcmp(lahetti_note_verifier_name(v->logs[i]), c.origin) == 0)
				return v->logs[i];
	return v->logs[0];
}

static bool check_head(struct verification *v)
{
	struct lahetti_finding finding = {.claim = LAHETTI_CLAIM_CHECKPOINT};
	struct lahetti_fault why = {0};
	const struct lahetti_note_verifier *log = log_of(v, v->field[CHECKPOINT]);
	bool holds = lahetti_checkpoint_open(&v->head, v->field[CHECKPOINT], log,
					     lahetti_note_verifier_name(log), &why);

	finding.event = v->head.size;
	tell(v, finding, holds, &why);
	return holds;
}

/* A part of a client's chain: what a line's opened link says. */
struct link {
	struct lahetti_id client;
	uint64_t number;
	struct lahetti_digest previous;
	struct lahetti_digest commitment;
};

struct line {
	const Lahetti__V1__AuditEvent *event;
	const Lahetti__V1__ActorPart *actor;
	const Lahetti__V1__SubjectPart *subject;
	struct link link;
};

static bool read_line(struct verification *v, struct lahetti_span bytes, struct line *line,
		      struct lahetti_fault *f)
{
	const Lahetti__V1__ReportLine *message = lahetti_message_read(
		&lahetti__v1__report_line__descriptor, bytes, LAHETTI_MESSAGE_FRAME, &v->arena, f);

	if (message == NULL)
		return false;
	line->event = read_included(message->event, message->inclusion, message->n_inclusion,
				    &v->head, &v->arena, f);
	if (line->event == NULL)
		return false;
	if (message->actor != NULL &&
	    !read_actor(line->event, message->actor, &line->actor, &v->arena, f))
		return false;
	if (message->subject == NULL)
		return message->link == NULL || wrong_commitment(f);
	if (!read_subject(line->event, message->subject, &line->subject, &line->link.commitment,
			  &v->arena, f))
		return false;
	/* Without it nobody knows what is missing beside the line. */
	if (message->link == NULL)
		return broken_chain(f);
	if (!check_link(line->subject, message->link, f) ||
	    !lahetti_id_read(&line->link.client, lahetti_bytes_span(line->subject->client), f))
		return false;
	line->link.number = message->link->number;
	memcpy(line->link.previous.bytes, message->link->previous.data, LAHETTI_DIGEST_LEN);
	return true;
}

static int compare_links(const void *a, const void *b)
{
	const struct link *one = a, *other = b;
	int order = memcmp(one->client.bytes, other->client.bytes, LAHETTI_ID_LEN);

	if (order != 0)
		return order;
	return (one->number > other->number) - (one->number < other->number);
}

/* One client's links, in order: from 1, each naming the one before it. */
static bool check_chain(const struct link *links, size_t n, struct lahetti_fault *f)
{
	static const struct lahetti_digest none;

	for (size_t i = 0; i < n; i++) {
		const struct lahetti_digest *before = i == 0 ? &none : &links[i - 1].commitment;

		if (links[i].number != i + 1 || !lahetti_digest_equal(&links[i].previous, before))
			return broken_chain(f);
	}
	return true;
}

static void check_chains(struct verification *v)
{
	size_t end;

	if (v->n_links > 0)
		qsort(v->links, v->n_links, sizeof v->links[0], compare_links);
	for (size_t i = 0; i < v->n_links; i = end) {
		struct lahetti_finding finding = {.claim = LAHETTI_CLAIM_CHAIN};
		struct lahetti_fault why = {0};
		bool holds;

		end = i + 1;
		while (end < v->n_links &&
		       lahetti_id_equal(&v->links[i].client, &v->links[end].client))
			end++;
		finding.client = v->links[i].client;
		finding.event = v->links[end - 1].number;
		holds = check_chain(v->links + i, end - i, &why);
		tell(v, finding, holds, &why);
	}
}

static bool check_lines(struct verification *v, struct lahetti_fault *f)
{
	struct lahetti_span rest = v->bytes;
	uint64_t place = 0;

	v->links = calloc(v->n_lines + 1, sizeof *v->links);
	if (v->links == NULL)
		return lahetti_fault_no_memory(f);
	while (rest.len > 0) {
		struct lahetti_finding finding = {.claim = LAHETTI_CLAIM_LINE};
		struct lahetti_fault why = {0};
		struct line line = {0};
		struct lahetti_span value;
		unsigned number;
		bool holds;

		if (!take_field(&rest, &number, &value))
			return bad_proof(f);
		if (number != LINES)
			continue;
		lahetti_arena_reset(&v->arena);
		holds = read_line(v, value, &line, &why);
		finding.event = ++place;
		if (holds && line.subject != NULL)
			v->links[v->n_links++] = line.link;
		tell(v, finding, holds, &why);
	}
	check_chains(v);
	return true;
}

/* What a signed statement says of itself. */
struct signed_facts {
	struct lahetti_digest sha256; /* of the payload */
	struct lahetti_digest key_id;
	const Lahetti__V1__Header *header;
};

static bool check_signature(struct verification *v, struct signed_facts *s, struct lahetti_fault *f)
{
	struct lahetti_public_key *key = lahetti_public_key_read(v->field[SPKI], f);
	struct lahetti_envelope envelope;
	const Lahetti__V1__Statement *statement = NULL;

	if (key == NULL)
		return false;
	if (lahetti_envelope_read(&envelope, v->field[ENVELOPE], &v->arena, f) &&
	    lahetti_sha256(&s->sha256, &envelope.payload, 1, f) &&
	    lahetti_envelope_verify(&envelope, LAHETTI_TYPE_STATEMENT, key, f))
		statement =
			lahetti_message_read(&lahetti__v1__statement__descriptor, envelope.payload,
					     LAHETTI_MESSAGE_SIGNED, &v->arena, f);
	s->key_id = *lahetti_public_key_id(key);
	lahetti_public_key_destroy(key);
	if (statement == NULL)
		return false;
	if (statement->header == NULL || !is_digest(statement->header->device, &s->key_id))
		return lahetti_fault_set(
			f, LAHETTI_FAULT_INVALID, "wrong-key",
			"The statement names another device than the one that signed it.");
	s->header = statement->header;
	return true;
}

/* The log may not show one tree to this reader and another to that. */
static bool check_one_view(const struct verification *v, const struct lahetti_checkpoint *other,
			   struct lahetti_fault *f)
{
	if (v->given[CHECKPOINT] && strcmp(v->head.origin, other->origin) == 0 &&
	    v->head.size == other->size && !lahetti_digest_equal(&v->head.root, &other->root))
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "forked-log",
					 "The log has been shown in two versions.");
	return true;
}

static bool check_receipt(struct verification *v, const struct signed_facts *s,
			  struct lahetti_receipt_facts *facts, struct lahetti_fault *f)
{
	const Lahetti__V1__Receipt *receipt =
		lahetti_message_read(&lahetti__v1__receipt__descriptor, v->field[RECEIPT],
				     LAHETTI_MESSAGE_FRAME, &v->arena, f);

	return receipt != NULL &&
	       lahetti_receipt_verify(receipt, log_of(v, lahetti_bytes_span(receipt->checkpoint)),
				      &v->arena, facts, f) &&
	       lahetti_receipt_names(facts, lahetti_bytes_span(s->header->id), &s->sha256, f) &&
	       check_one_view(v, &facts->checkpoint, f);
}

static bool check_enrolment(struct verification *v, const struct signed_facts *s, uint64_t accepted,
			    uint64_t *event, struct lahetti_fault *f)
{
	const Lahetti__V1__ReportLine *message =
		lahetti_message_read(&lahetti__v1__report_line__descriptor, v->field[ENROLMENT],
				     LAHETTI_MESSAGE_FRAME, &v->arena, f);
	const Lahetti__V1__AuditEvent *enrolled;
	const Lahetti__V1__ActorPart *actor;

	if (message == NULL)
		return false;
	enrolled = read_included(message->event, message->inclusion, message->n_inclusion, &v->head,
				 &v->arena, f);
	if (enrolled == NULL)
		return false;
	*event = enrolled->number;
	if (message->actor == NULL)
		return wrong_enrolment(f);
	if (!read_actor(enrolled, message->actor, &actor, &v->arena, f))
		return false;
	if (enrolled->action != LAHETTI__V1__ACTION__ACTION_ENROL ||
	    enrolled->outcome != LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE ||
	    enrolled->number >= accepted || !is_digest(actor->device, &s->key_id) ||
	    !lahetti_span_equal(lahetti_bytes_span(actor->user),
				lahetti_bytes_span(s->header->author)))
		return wrong_enrolment(f);
	return true;
}

static void check_statement(struct verification *v, bool head_holds)
{
	struct lahetti_finding signature = {.claim = LAHETTI_CLAIM_SIGNATURE};
	struct lahetti_finding received = {.claim = LAHETTI_CLAIM_RECEIPT};
	struct lahetti_finding enrolment = {.claim = LAHETTI_CLAIM_ENROLMENT};
	struct lahetti_receipt_facts facts = {0};
	struct signed_facts s = {.header = NULL};
	struct lahetti_fault why = {0};
	bool holds;

	lahetti_arena_reset(&v->arena);
	holds = check_signature(v, &s, &why);
	tell(v, signature, holds, &why);
	if (!holds)
		return;
	holds = check_receipt(v, &s, &facts, &why);
	if (facts.event != NULL)
		received.event = facts.event->number;
	tell(v, received, holds, &why);
	if (!holds)
		return;
	if (!v->given[ENROLMENT]) {
		enrolment.unproved = true;
		tell(v, enrolment, true, NULL);
	} else if (head_holds) {
		holds = check_enrolment(v, &s, received.event, &enrolment.event, &why);
		tell(v, enrolment, holds, &why);
	}
}

bool lahetti_bundle_verify(struct lahetti_span bundle, const char *log_key,
			   lahetti_finding_fn *found, void *context, struct lahetti_fault *f)
{
	struct verification v = {.bytes = bundle, .found = found, .context = context};
	bool ok = false;
	bool head_holds = false;

	if (!read_form(&v, f) || !lahetti_arena_init(&v.arena, SCRATCH, f))
		return false;
	if (!check_log_key(&v, log_key, f))
		goto out;
	if (v.given[CHECKPOINT] || v.given[LINES] || v.given[ENROLMENT])
		head_holds = check_head(&v);
	if (v.given[LINES] && head_holds && !check_lines(&v, f))
		goto out;
	if (v.given[ENVELOPE])
		check_statement(&v, head_holds);
	ok = !v.failed;
	if (!ok && f != NULL)
		*f = v.first;
out:
	free(v.links);
	for (size_t i = 0; i < v.n_logs; i++)
		lahetti_note_verifier_destroy(v.logs[i]);
	lahetti_arena_finish(&v.arena);
	return ok;
}
