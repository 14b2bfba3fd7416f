#include "lahetti/receipt.h"

#include "lahetti/dsse.h"
#include "lahetti/merkle.h"
#include "lahetti/message.h"

#include <lahetti/v1/statement.pb-c.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EVENTS	     9
#define ENROLLED_AT  1
#define ACCEPTED_AT  3
#define OPENED_AT    4 /* by the same statement */
#define STRANGER_AT  5 /* an event of another client */
#define ERASED_AT    7 /* of another client too; nobody opens it */
#define START_US     INT64_C(1767225600000000)
#define FINDINGS     32
#define PREFIX_PART  0x02
#define PREFIX_LINK  0x03
#define ACTION(NAME) LAHETTI__V1__ACTION__ACTION_##NAME

static char origin[] = "log.example.com/lahetti/1";
static char other_origin[] = "log.example.org/lahetti/1";

/* A client and the chain of its parts. */
struct chain {
	struct lahetti_id client;
	uint64_t number;
	struct lahetti_digest previous;
};

/* A small log with one signed statement in it. */
struct fixture {
	struct lahetti_arena arena;
	struct lahetti_note_signer *signer;
	struct lahetti_note_verifier *log;
	struct lahetti_private_key *device;
	struct lahetti_id author;
	struct chain ours, others;
	struct lahetti_digest leaves[EVENTS];
	Lahetti__V1__ReportLine lines[EVENTS];
	uint64_t size;
	struct lahetti_id statement;
	struct lahetti_digest sha256;
	Lahetti__V1__Envelope *envelope;
	Lahetti__V1__Receipt receipt;
	Lahetti__V1__Bundle bundle;
	Lahetti__V1__ReportLine *shown[EVENTS];
};

static struct lahetti_fault fault;

/* ---- making the log ------------------------------------------------------------------------ */

static ProtobufCBinaryData keep(struct fixture *x, const void *data, size_t len)
{
	const void *copy = lahetti_arena_copy(&x->arena, data, len);

	assert_non_null(copy);
	return lahetti_bytes(lahetti_span(copy, len));
}

static ProtobufCBinaryData keep_digest(struct fixture *x, const struct lahetti_digest *d)
{
	return keep(x, d->bytes, sizeof d->bytes);
}

static ProtobufCBinaryData new_salt(struct fixture *x)
{
	uint8_t salt[LAHETTI_SALT_LEN];

	assert_true(lahetti_random(salt, sizeof salt, &fault));
	return keep(x, salt, sizeof salt);
}

static struct lahetti_span pack(struct fixture *x, const void *message)
{
	struct lahetti_span packed = lahetti_message_pack(message, &x->arena);

	assert_non_null(packed.data);
	return packed;
}

static Lahetti__V1__OpenedPart *open_part(struct fixture *x, const void *part,
					  struct lahetti_digest *commitment)
{
	static const uint8_t prefix = PREFIX_PART;
	Lahetti__V1__OpenedPart *opened = lahetti_arena_take(&x->arena, sizeof *opened);
	struct lahetti_span spans[3];

	assert_non_null(opened);
	lahetti__v1__opened_part__init(opened);
	opened->salt = new_salt(x);
	opened->part = lahetti_bytes(pack(x, part));
	spans[0] = lahetti_span(&prefix, 1);
	spans[1] = lahetti_bytes_span(opened->salt);
	spans[2] = lahetti_bytes_span(opened->part);
	assert_true(lahetti_sha256(commitment, spans, 3, &fault));
	return opened;
}

static Lahetti__V1__OpenedLink *open_link(struct fixture *x, struct chain *c,
					  struct lahetti_digest *hash)
{
	static const uint8_t prefix = PREFIX_LINK;
	Lahetti__V1__OpenedLink *link = lahetti_arena_take(&x->arena, sizeof *link);
	uint8_t number[8] = {0};
	struct lahetti_span spans[4];

	assert_non_null(link);
	lahetti__v1__opened_link__init(link);
	link->salt = new_salt(x);
	link->number = ++c->number;
	link->previous = keep_digest(x, &c->previous);
	number[7] = (uint8_t)link->number;
	spans[0] = lahetti_span(&prefix, 1);
	spans[1] = lahetti_bytes_span(link->salt);
	spans[2] = lahetti_span(number, sizeof number);
	spans[3] = lahetti_bytes_span(link->previous);
	assert_true(lahetti_sha256(hash, spans, 4, &fault));
	return link;
}

/* The next event, by the author, about a client. */
static void record(struct fixture *x, Lahetti__V1__Action action, struct chain *c)
{
	uint64_t at = x->size++;
	Lahetti__V1__ReportLine *line = &x->lines[at];
	Lahetti__V1__AuditEvent event = LAHETTI__V1__AUDIT_EVENT__INIT;
	Lahetti__V1__ActorPart actor = LAHETTI__V1__ACTOR_PART__INIT;
	Lahetti__V1__SubjectPart subject = LAHETTI__V1__SUBJECT_PART__INIT;
	const struct lahetti_digest *key =
		lahetti_public_key_id(lahetti_private_key_public(x->device));
	struct lahetti_digest commitment, link;
	ProtobufCBinaryData committed;

	lahetti__v1__report_line__init(line);
	event.number = at;
	event.time_us = START_US + (int64_t)at;
	event.action = action;
	event.outcome = LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE;
	actor.user = lahetti_bytes(lahetti_id_span(&x->author));
	actor.device = lahetti_bytes(lahetti_digest_span(key));
	line->actor = open_part(x, &actor, &commitment);
	event.actor = keep_digest(x, &commitment);
	if (c != NULL) {
		subject.client = lahetti_bytes(lahetti_id_span(&c->client));
		if (at == ACCEPTED_AT) {
			subject.statement = lahetti_bytes(lahetti_id_span(&x->statement));
			subject.statement_sha256 = lahetti_bytes(lahetti_digest_span(&x->sha256));
		} else if (at == OPENED_AT) {
			subject.statement = lahetti_bytes(lahetti_id_span(&x->author));
			subject.statement_sha256 = lahetti_bytes(lahetti_digest_span(&x->sha256));
			subject.by = lahetti_bytes(lahetti_id_span(&x->statement));
			subject.by_sha256 = lahetti_bytes(lahetti_digest_span(&x->sha256));
		}
		line->link = open_link(x, c, &link);
		subject.link = lahetti_bytes(lahetti_digest_span(&link));
		line->subject = open_part(x, &subject, &c->previous);
		committed = keep_digest(x, &c->previous);
		event.subjects = &committed;
		event.n_subjects = 1;
	}
	line->event = lahetti_bytes(pack(x, &event));
	assert_true(lahetti_leaf_hash(&x->leaves[at], lahetti_bytes_span(line->event), &fault));
}

static bool leaf(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
		 struct lahetti_fault *f)
{
	const struct fixture *x = context;

	(void)f;
	assert_int_equal(level, 0);
	*out = x->leaves[index];
	return true;
}

static size_t prove(struct fixture *x, uint64_t number, uint64_t size, ProtobufCBinaryData **out)
{
	const struct lahetti_hash_source source = {.entry = leaf, .context = x};
	struct lahetti_proof proof;

	assert_true(lahetti_inclusion_prove(&proof, number, size, &source, &fault));
	*out = lahetti_arena_take(&x->arena, (proof.n + 1) * sizeof **out);
	assert_non_null(*out);
	for (size_t i = 0; i < proof.n; i++)
		(*out)[i] = keep_digest(x, &proof.hashes[i]);
	return proof.n;
}

static ProtobufCBinaryData sign_head(struct fixture *x, uint64_t size, uint8_t flaw)
{
	const struct lahetti_hash_source source = {.entry = leaf, .context = x};
	struct lahetti_checkpoint head = {.size = size};
	char note[LAHETTI_NOTE_MOST];
	size_t len;

	memcpy(head.origin, origin, sizeof origin);
	assert_true(lahetti_root(&head.root, size, &source, &fault));
	head.root.bytes[0] ^= flaw;
	assert_true(lahetti_checkpoint_sign(&head, x->signer, note, &len, &fault));
	return keep(x, note, len);
}

static void sign_statement(struct fixture *x)
{
	Lahetti__V1__Statement statement = LAHETTI__V1__STATEMENT__INIT;
	Lahetti__V1__Header header = LAHETTI__V1__HEADER__INIT;
	const struct lahetti_public_key *key = lahetti_private_key_public(x->device);
	struct lahetti_span payload, envelope;

	assert_true(lahetti_id_new(&x->statement, START_US, &fault));
	header.id = lahetti_bytes(lahetti_id_span(&x->statement));
	header.author = lahetti_bytes(lahetti_id_span(&x->author));
	header.device = lahetti_bytes(lahetti_digest_span(lahetti_public_key_id(key)));
	statement.header = &header;
	payload = pack(x, &statement);
	assert_true(lahetti_sha256(&x->sha256, &payload, 1, &fault));
	envelope = lahetti_envelope_sign(LAHETTI_TYPE_STATEMENT, payload, x->device, &x->arena,
					 &fault);
	assert_non_null(envelope.data);
	x->envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor, envelope,
					   LAHETTI_MESSAGE_SIGNED, &x->arena, &fault);
	assert_non_null(x->envelope);
}

static int set_up(void **state)
{
	static const uint8_t seed[32] = {7};
	struct fixture *x = calloc(1, sizeof *x);

	assert_non_null(x);
	*state = x;
	fault = (struct lahetti_fault){0};
	assert_true(lahetti_arena_init(&x->arena, 1 << 20, &fault));
	x->signer = lahetti_note_signer_new(origin, seed, &fault);
	x->device = lahetti_private_key_new(&fault);
	assert_non_null(x->signer);
	assert_non_null(x->device);
	x->log = lahetti_note_verifier_read(lahetti_note_signer_vkey(x->signer), &fault);
	assert_non_null(x->log);
	assert_true(lahetti_id_new(&x->author, START_US, &fault));
	assert_true(lahetti_id_new(&x->ours.client, START_US, &fault));
	assert_true(lahetti_id_new(&x->others.client, START_US, &fault));
	sign_statement(x);
	while (x->size < EVENTS) {
		uint64_t at = x->size;

		if (at == ENROLLED_AT)
			record(x, ACTION(ENROL), NULL);
		else
			record(x, at == ACCEPTED_AT ? ACTION(ACCEPT) : ACTION(OPEN),
			       at == STRANGER_AT || at == ERASED_AT ? &x->others : &x->ours);
	}

	lahetti__v1__receipt__init(&x->receipt);
	x->receipt.event = x->lines[ACCEPTED_AT].event;
	x->receipt.subject = x->lines[ACCEPTED_AT].subject;
	x->receipt.n_inclusion = prove(x, ACCEPTED_AT, ACCEPTED_AT + 2, &x->receipt.inclusion);
	x->receipt.checkpoint = sign_head(x, ACCEPTED_AT + 2, 0);

	lahetti__v1__bundle__init(&x->bundle);
	x->bundle.log_key = lahetti_text(lahetti_note_signer_vkey(x->signer));
	x->bundle.checkpoint = sign_head(x, EVENTS, 0);
	x->bundle.lines = x->shown;
	for (size_t at = 0; at < EVENTS; at++) {
		x->lines[at].n_inclusion = prove(x, at, EVENTS, &x->lines[at].inclusion);
		if (at != ENROLLED_AT && at != STRANGER_AT && at != ERASED_AT)
			x->shown[x->bundle.n_lines++] = &x->lines[at];
	}
	x->bundle.envelope = x->envelope;
	x->bundle.spki =
		lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(x->device)));
	x->bundle.receipt = &x->receipt;
	x->bundle.enrolment = &x->lines[ENROLLED_AT];
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	lahetti_private_key_destroy(x->device);
	lahetti_note_verifier_destroy(x->log);
	lahetti_note_signer_destroy(x->signer);
	lahetti_arena_finish(&x->arena);
	free(x);
	return 0;
}

/* ---- what is found ------------------------------------------------------------------------- */

struct findings {
	struct lahetti_finding list[FINDINGS];
	size_t n;
};

static void note_finding(void *context, const struct lahetti_finding *finding)
{
	struct findings *all = context;

	assert_true(all->n < FINDINGS);
	all->list[all->n++] = *finding;
}

static bool verify(struct fixture *x, const char *trusted, struct findings *all)
{
	all->n = 0;
	fault = (struct lahetti_fault){0};
	return lahetti_bundle_verify(pack(x, &x->bundle), trusted, note_finding, all, &fault);
}

static const struct lahetti_finding *find(const struct findings *all, enum lahetti_claim claim)
{
	static const struct lahetti_finding none;

	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].claim == claim)
			return &all->list[i];
	fail();
	return &none;
}

static void refused(struct fixture *x, enum lahetti_claim claim, const char *code)
{
	struct findings all;

	assert_false(verify(x, NULL, &all));
	assert_int_equal(fault.kind, LAHETTI_FAULT_INVALID);
	assert_string_equal(fault.code, code);
	for (size_t i = 0; i < all.n; i++)
		if (!all.list[i].holds) {
			assert_int_equal(all.list[i].claim, claim);
			assert_string_equal(all.list[i].why.code, code);
			return;
		}
	fail();
}

static void malformed(struct fixture *x)
{
	struct findings all;

	assert_false(verify(x, NULL, &all));
	assert_int_equal(fault.kind, LAHETTI_FAULT_MALFORMED);
}

static bool receipt_holds(struct fixture *x, struct lahetti_receipt_facts *facts)
{
	fault = (struct lahetti_fault){0};
	return lahetti_receipt_verify(&x->receipt, x->log, &x->arena, facts, &fault);
}

/* ---- receipts ------------------------------------------------------------------------------ */

static void receipt_proves_what_was_accepted(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;

	assert_true(receipt_holds(x, &facts));
	assert_int_equal(facts.event->number, ACCEPTED_AT);
	assert_int_equal(facts.checkpoint.size, ACCEPTED_AT + 2);
	assert_non_null(facts.subject);
	assert_true(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->statement), &x->sha256, &fault));
}

static void receipt_is_for_no_other_statement(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;
	struct lahetti_digest other = x->sha256;

	assert_true(receipt_holds(x, &facts));
	other.bytes[31] ^= 1;
	assert_false(lahetti_receipt_names(&facts, lahetti_id_span(&x->statement), &other, &fault));
	assert_string_equal(fault.code, "wrong-receipt");
	assert_false(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->author), &x->sha256, &fault));
}

static void receipt_of_an_opening_is_for_what_opened(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;

	x->receipt.event = x->lines[OPENED_AT].event;
	x->receipt.subject = x->lines[OPENED_AT].subject;
	x->receipt.n_inclusion = prove(x, OPENED_AT, ACCEPTED_AT + 2, &x->receipt.inclusion);
	assert_true(receipt_holds(x, &facts));
	assert_true(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->statement), &x->sha256, &fault));
	/* What was opened is another's statement: it was accepted elsewhere. */
	assert_false(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->author), &x->sha256, &fault));
}

static void receipt_of_another_event_names_nothing(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;
	Lahetti__V1__AuditEvent event;

	assert_true(receipt_holds(x, &facts));
	event = *facts.event;
	facts.event = &event;
	event.action = ACTION(LIST);
	assert_false(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->statement), &x->sha256, &fault));
	event.action = ACTION(ACCEPT);
	event.outcome = LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_REFUSED;
	assert_false(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->statement), &x->sha256, &fault));
}

static void receipt_since_erased_holds_and_names_nothing(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;

	x->receipt.subject = NULL;
	assert_true(receipt_holds(x, &facts));
	assert_null(facts.subject);
	assert_false(
		lahetti_receipt_names(&facts, lahetti_id_span(&x->statement), &x->sha256, &fault));
}

static void receipt_needs_its_own_part(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;
	Lahetti__V1__OpenedPart part = *x->receipt.subject;

	x->receipt.subject = x->lines[STRANGER_AT].subject;
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "wrong-commitment");

	x->receipt.subject = &part;
	part.salt = new_salt(x);
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "wrong-commitment");

	/* The boundary between salt and part can't be moved. */
	part = *x->lines[ACCEPTED_AT].subject;
	part.salt = keep(x, "0123456789abcdefg", 17);
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "bad-proof");
}

static void receipt_needs_its_place_in_the_tree(void **state)
{
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;
	ProtobufCBinaryData hashes[65];

	x->receipt.event = x->lines[STRANGER_AT].event;
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "bad-inclusion");

	x->receipt.event = x->lines[ACCEPTED_AT].event;
	x->receipt.n_inclusion--;
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "bad-inclusion");

	for (size_t i = 0; i < 65; i++)
		hashes[i] = x->receipt.inclusion[0];
	x->receipt.inclusion = hashes;
	x->receipt.n_inclusion = 65;
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "bad-proof");

	hashes[0].len--;
	x->receipt.n_inclusion = 1;
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "bad-proof");
}

static void receipt_needs_the_log_that_is_trusted(void **state)
{
	static const uint8_t seed[32] = {8};
	struct fixture *x = *state;
	struct lahetti_receipt_facts facts;
	struct lahetti_note_signer *impostor = lahetti_note_signer_new(origin, seed, &fault);

	assert_non_null(impostor);
	lahetti_note_verifier_destroy(x->log);
	x->log = lahetti_note_verifier_read(lahetti_note_signer_vkey(impostor), &fault);
	lahetti_note_signer_destroy(impostor);
	assert_non_null(x->log);
	assert_false(receipt_holds(x, &facts));
	assert_string_equal(fault.code, "unknown-key");
}

/* ---- bundles ------------------------------------------------------------------------------- */

static void whole_bundle_holds(void **state)
{
	struct fixture *x = *state;
	struct findings all;
	const struct lahetti_finding *chain;

	assert_true(verify(x, NULL, &all));
	for (size_t i = 0; i < all.n; i++)
		assert_true(all.list[i].holds);
	assert_int_equal(all.n, 2 + x->bundle.n_lines + 1 + 3);
	assert_true(find(&all, LAHETTI_CLAIM_LOG_KEY)->unproved);
	assert_int_equal(find(&all, LAHETTI_CLAIM_CHECKPOINT)->event, EVENTS);
	assert_int_equal(find(&all, LAHETTI_CLAIM_RECEIPT)->event, ACCEPTED_AT);
	assert_int_equal(find(&all, LAHETTI_CLAIM_ENROLMENT)->event, ENROLLED_AT);
	chain = find(&all, LAHETTI_CLAIM_CHAIN);
	assert_true(lahetti_id_equal(&chain->client, &x->ours.client));
	assert_int_equal(chain->event, x->bundle.n_lines);
}

static void lines_may_come_in_any_order(void **state)
{
	struct fixture *x = *state;
	struct findings all;
	Lahetti__V1__ReportLine *first = x->shown[0];

	x->shown[0] = x->shown[3];
	x->shown[3] = first;
	assert_true(verify(x, NULL, &all));
}

static void trusted_key_is_named(void **state)
{
	struct fixture *x = *state;
	struct findings all;

	assert_true(verify(x, x->bundle.log_key, &all));
	assert_false(find(&all, LAHETTI_CLAIM_LOG_KEY)->unproved);
}

static void other_key_than_the_trusted_one_is_told(void **state)
{
	static const uint8_t seed[32] = {9};
	struct fixture *x = *state;
	struct findings all;
	struct lahetti_note_signer *other = lahetti_note_signer_new(other_origin, seed, &fault);

	assert_non_null(other);
	assert_false(verify(x, lahetti_note_signer_vkey(other), &all));
	assert_string_equal(fault.code, "untrusted-log");
	assert_false(find(&all, LAHETTI_CLAIM_CHECKPOINT)->holds);
	assert_false(find(&all, LAHETTI_CLAIM_RECEIPT)->holds);
	lahetti_note_signer_destroy(other);
}

static void p6_missing_line_breaks_the_chain(void **state)
{
	struct fixture *x = *state;
	size_t n = x->bundle.n_lines;

	/* Any but the last: that the newest is shown is the server's word. */
	for (size_t gone = 0; gone + 1 < n; gone++) {
		Lahetti__V1__ReportLine *all[EVENTS];

		memcpy(all, x->shown, sizeof all);
		memmove(x->shown + gone, x->shown + gone + 1, (n - gone - 1) * sizeof *x->shown);
		x->bundle.n_lines = n - 1;
		refused(x, LAHETTI_CLAIM_CHAIN, "broken-chain");
		memcpy(x->shown, all, sizeof all);
	}
}

static void p6_line_that_hides_its_link_is_refused(void **state)
{
	struct fixture *x = *state;

	x->shown[1]->link = NULL;
	refused(x, LAHETTI_CLAIM_LINE, "broken-chain");
}

static void p6_link_of_another_line_is_refused(void **state)
{
	struct fixture *x = *state;

	x->shown[1]->link = x->shown[2]->link;
	refused(x, LAHETTI_CLAIM_LINE, "wrong-commitment");
}

static void link_without_subject_is_refused(void **state)
{
	struct fixture *x = *state;

	x->shown[1]->subject = NULL;
	refused(x, LAHETTI_CLAIM_LINE, "wrong-commitment");
}

static void line_with_another_actor_is_refused(void **state)
{
	struct fixture *x = *state;

	x->shown[1]->actor = x->shown[2]->actor;
	refused(x, LAHETTI_CLAIM_LINE, "wrong-commitment");
}

static void two_versions_of_one_log_are_told(void **state)
{
	struct fixture *x = *state;

	/* Both signed by the log, both with a proof that holds, of trees that differ. */
	x->receipt.n_inclusion = prove(x, ACCEPTED_AT, EVENTS, &x->receipt.inclusion);
	x->receipt.checkpoint = sign_head(x, EVENTS, 0);
	x->bundle.checkpoint = sign_head(x, EVENTS, 1);
	x->bundle.n_lines = 0;
	x->bundle.enrolment = NULL;
	refused(x, LAHETTI_CLAIM_RECEIPT, "forked-log");
}

static void statement_signed_by_another_key_is_refused(void **state)
{
	struct fixture *x = *state;
	struct lahetti_private_key *other = lahetti_private_key_new(&fault);

	assert_non_null(other);
	x->bundle.spki = lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(other)));
	refused(x, LAHETTI_CLAIM_SIGNATURE, "wrong-key");
	lahetti_private_key_destroy(other);
}

static void changed_payload_is_refused(void **state)
{
	struct fixture *x = *state;

	x->envelope->payload.data[x->envelope->payload.len - 1] ^= 1;
	refused(x, LAHETTI_CLAIM_SIGNATURE, "bad-signature");
}

static void enrolment_must_be_of_the_key(void **state)
{
	struct fixture *x = *state;

	/* Of the same person and device, but no enrolment. */
	x->bundle.enrolment = &x->lines[0];
	refused(x, LAHETTI_CLAIM_ENROLMENT, "wrong-enrolment");
	x->lines[ENROLLED_AT].actor = NULL;
	x->bundle.enrolment = &x->lines[ENROLLED_AT];
	refused(x, LAHETTI_CLAIM_ENROLMENT, "wrong-enrolment");
}

static void enrolment_that_is_not_shown_is_told(void **state)
{
	struct fixture *x = *state;
	struct findings all;

	x->bundle.enrolment = NULL;
	assert_true(verify(x, NULL, &all));
	assert_true(find(&all, LAHETTI_CLAIM_ENROLMENT)->unproved);
}

static void receipt_alone_needs_no_other_checkpoint(void **state)
{
	struct fixture *x = *state;
	struct findings all;

	x->bundle.n_lines = 0;
	x->bundle.enrolment = NULL;
	x->bundle.checkpoint = lahetti_bytes(lahetti_span(NULL, 0));
	assert_true(verify(x, NULL, &all));
	assert_int_equal(all.n, 4);
}

static void bundle_that_claims_nothing_is_none(void **state)
{
	struct fixture *x = *state;
	struct findings all = {.n = 0};

	x->bundle.n_lines = 0;
	x->bundle.receipt = NULL;
	malformed(x);
	x->bundle.envelope = NULL;
	malformed(x);
	assert_false(
		lahetti_bundle_verify(lahetti_span(NULL, 0), NULL, note_finding, &all, &fault));
	assert_string_equal(fault.code, "bad-proof");
	assert_int_equal(all.n, 0);
}

static void field_that_stands_twice_is_refused(void **state)
{
	struct fixture *x = *state;
	struct findings all = {.n = 0};
	struct lahetti_span packed = pack(x, &x->bundle);
	uint8_t *twice = lahetti_arena_take(&x->arena, packed.len + 3);

	assert_non_null(twice);
	memcpy(twice, packed.data, packed.len);
	memcpy(twice + packed.len, "\x0a\x01x", 3); /* log_key */
	assert_false(lahetti_bundle_verify(lahetti_span(twice, packed.len + 3), NULL, note_finding,
					   &all, &fault));
	assert_string_equal(fault.code, "bad-proof");
}

/* Without what is not committed to: actors may be left out, and so may an enrolment. */
static void p5_no_byte_of_a_bundle_can_be_changed(void **state)
{
	struct fixture *x = *state;
	struct findings all;
	struct lahetti_span packed;
	uint8_t *copy;

	x->bundle.enrolment = NULL;
	for (size_t i = 0; i < x->bundle.n_lines; i++)
		x->shown[i]->actor = NULL;
	packed = pack(x, &x->bundle);
	copy = lahetti_arena_take(&x->arena, packed.len);
	assert_non_null(copy);
	memcpy(copy, packed.data, packed.len);
	assert_true(lahetti_bundle_verify(packed, NULL, note_finding, (all.n = 0, (void *)&all),
					  &fault));
	for (size_t i = 0; i < packed.len; i++) {
		all.n = 0;
		copy[i] ^= (uint8_t)(1u << (i % 8));
		if (lahetti_bundle_verify(lahetti_span(copy, packed.len), x->bundle.log_key,
					  note_finding, &all, &fault))
			fail_msg("byte %zu can be changed", i);
		copy[i] = packed.data[i];
	}
}

static void bundle_cut_anywhere_is_refused(void **state)
{
	struct fixture *x = *state;
	struct findings all;
	struct lahetti_span packed;

	/* In the order of their fields: the last, the receipt, is there only when all is. */
	x->bundle.enrolment = NULL;
	packed = pack(x, &x->bundle);
	for (size_t len = 0; len < packed.len; len++) {
		uint8_t *exact = malloc(len + 1);
		bool holds;

		assert_non_null(exact);
		memcpy(exact, packed.data, len);
		all.n = 0;
		holds = lahetti_bundle_verify(lahetti_span(exact, len), NULL, note_finding, &all,
					      &fault);
		free(exact);
		/* What ends with a line is a report, and must still miss nothing. */
		if (holds)
			for (size_t i = 0; i < all.n; i++)
				assert_true(all.list[i].claim <= LAHETTI_CLAIM_CHAIN);
	}
}

#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOG(receipt_proves_what_was_accepted),
		WITH_LOG(receipt_is_for_no_other_statement),
		WITH_LOG(receipt_of_an_opening_is_for_what_opened),
		WITH_LOG(receipt_of_another_event_names_nothing),
		WITH_LOG(receipt_since_erased_holds_and_names_nothing),
		WITH_LOG(receipt_needs_its_own_part),
		WITH_LOG(receipt_needs_its_place_in_the_tree),
		WITH_LOG(receipt_needs_the_log_that_is_trusted),
		WITH_LOG(whole_bundle_holds),
		WITH_LOG(lines_may_come_in_any_order),
		WITH_LOG(trusted_key_is_named),
		WITH_LOG(other_key_than_the_trusted_one_is_told),
		WITH_LOG(p6_missing_line_breaks_the_chain),
		WITH_LOG(p6_line_that_hides_its_link_is_refused),
		WITH_LOG(p6_link_of_another_line_is_refused),
		WITH_LOG(link_without_subject_is_refused),
		WITH_LOG(line_with_another_actor_is_refused),
		WITH_LOG(two_versions_of_one_log_are_told),
		WITH_LOG(statement_signed_by_another_key_is_refused),
		WITH_LOG(changed_payload_is_refused),
		WITH_LOG(enrolment_must_be_of_the_key),
		WITH_LOG(enrolment_that_is_not_shown_is_told),
		WITH_LOG(receipt_alone_needs_no_other_checkpoint),
		WITH_LOG(bundle_that_claims_nothing_is_none),
		WITH_LOG(field_that_stands_twice_is_refused),
		WITH_LOG(p5_no_byte_of_a_bundle_can_be_changed),
		WITH_LOG(bundle_cut_anywhere_is_refused),
	};

	return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
