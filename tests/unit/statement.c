#include "lahetti/kinds.h"

#include "lahetti/id.h"
#include "lahetti/message.h"
#include "lahetti/text.h"
#include "samples.h"

#include <lahetti/v1/common.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MANY 60

static struct lahetti_arena arena;

static int set_up(void **state)
{
	(void)state;
	return lahetti_arena_init(&arena, 1 << 20, NULL) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	lahetti_arena_finish(&arena);
	return 0;
}

static bool reads(const struct sample *s)
{
	struct lahetti_fault f = {0};
	struct lahetti_statement statement;
	bool good = lahetti_statement_read(&statement, sample_pack(s, &arena), &arena, &f);

	if (!good)
		print_message("%s\n", f.code);
	return good;
}

/* ---- good ones ---- */

/*
 * SHA-256 of each kind's sample. What was signed once must be readable for ever: a digest that
 * changes means that the form of statements on the wire has changed.
 */
static const char *const golden[] = {
	[LAHETTI_KIND_REFERRAL] =
		"f436e03e9a6eafc8e52f38c6b6128f864031a2bd65e87ef54311175018132c94",
	[LAHETTI_KIND_CONSENT] = "05da36f651a762477871b5c57bce230cff6f8b65575957ca2a629795817bdd32",
	[LAHETTI_KIND_WITHDRAWAL] =
		"50e7a2077a5e6741505b7700fb5c9260305a325a34c0686326cfda88c79313a7",
	[LAHETTI_KIND_ACKNOWLEDGEMENT] =
		"67f0f4820302a3b117c78ca8c64de89e8c19665bdd2d96d1f80cf6ac02b60904",
	[LAHETTI_KIND_INFORMATION_REQUEST] =
		"bcd1283c826d1be39754fc8f9fb32823b13c2714318dac4f05605c35eb83d515",
	[LAHETTI_KIND_INFORMATION_ANSWER] =
		"465d6f08819f987182c7c8d097a178715730640ba501dca3d92578fcbe4fbc32",
	[LAHETTI_KIND_INTERIM_REPORT] =
		"7c9ab97f79527b6c7b264c574728b2132a713d5c13d191e6a2f6dad06b8f9e0e",
	[LAHETTI_KIND_CLOSING] = "cc8e1bfc8e966f1a4c1d468479b618376837a4055eb506261a28d308e5626327",
};

static void golden_sample_of_each_kind_survives_a_round_trip(void **state)
{
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct sample s;
		struct lahetti_statement read;
		struct lahetti_fault f = {0};
		struct lahetti_digest digest;
		char hex[LAHETTI_DIGEST_HEX_LEN + 1];
		struct lahetti_span payload, again, body, body_again;

		sample_init(&s, (enum lahetti_kind)kinds[i].number);
		payload = sample_pack(&s, &arena);
		assert_true(lahetti_sha256(&digest, &payload, 1, NULL));
		lahetti_hex(digest.bytes, sizeof digest.bytes, hex);
		assert_string_equal(hex, golden[kinds[i].number]);
		if (!lahetti_statement_read(&read, payload, &arena, &f))
			fail_msg("%s: %s", kinds[i].name, f.code);
		assert_ptr_equal(read.kind, &kinds[i]);
		again = lahetti_message_pack(&read.header->base, &arena);
		payload = lahetti_message_pack(&s.header.base, &arena);
		assert_true(lahetti_span_equal(payload, again));
		body = lahetti_message_pack(s.body, &arena);
		body_again = lahetti_message_pack(read.body, &arena);
		assert_true(lahetti_span_equal(body, body_again));
		lahetti_arena_reset(&arena);
	}
}

/* What is not always there may be there, up to its limit. */
static void what_is_allowed_is_read(void **state)
{
	struct sample s;

	(void)state;
#define READS(KIND, ...)                              \
	do {                                          \
		sample_init(&s, LAHETTI_KIND_##KIND); \
		(void)(__VA_ARGS__);                  \
		assert_true(reads(&s));               \
		lahetti_arena_reset(&arena);          \
	} while (0)
	READS(REFERRAL, s.header.replaces = &s.replaces);
	READS(REFERRAL, s.referral.wish = lahetti_text(""));
	READS(REFERRAL, s.referral.own_words = lahetti_text(""));
	READS(REFERRAL, s.referral.language = lahetti_text(""));
	READS(REFERRAL, s.referral.language = lahetti_text("smn"));
	READS(REFERRAL, s.referral.language = lahetti_text("zh-Hant-TW"));
	READS(REFERRAL, s.referral.n_criteria = 0);
	READS(REFERRAL, s.header.deadline = 20260401);
	READS(REFERRAL, (s.header.n_consents = 2, s.header.n_recipients = 2));
	READS(REFERRAL, s.basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	READS(CLOSING, s.header.n_recipients = 0);
	READS(CLOSING, s.closing.outcome = LAHETTI__V1__OUTCOME__OUTCOME_DECEASED);
	READS(CONSENT, s.header.replaces = &s.replaces);
	READS(CONSENT, s.given.until = s.given.from);
	READS(CONSENT, s.given.document = &s.document);
	READS(CONSENT, s.given.event = lahetti_text("Yhteinen lääkärikäynti"));
	READS(CONSENT, s.given.n_parties = 2);
	READS(CONSENT, s.purposes[0] = LAHETTI__V1__PURPOSE__PURPOSE_RESEARCH);
	READS(CONSENT, (s.given.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ELECTRONIC,
			s.given.witness.len = 0, s.given.scan.len = 0));
	READS(CONSENT,
	      (s.given.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL, s.given.scan.len = 0));
	READS(WITHDRAWAL, (s.withdrawal.n_parties = 1, s.withdrawal.n_categories = 1));
	READS(ACKNOWLEDGEMENT, s.acknowledgement.sentence = lahetti_text("Soitan maanantaina."));
	READS(INFORMATION_REQUEST, s.request.answer_by = 0);
	READS(INTERIM_REPORT, s.report.phase = 0);
#undef READS
}

/* ---- spoiled ones ---- */

static ProtobufCBinaryData not_version_7(void)
{
	static uint8_t bytes[LAHETTI_ID_LEN] = {[6] = 0x40, [8] = 0x80};

	return lahetti_bytes(lahetti_span(bytes, sizeof bytes));
}

static char *letters(size_t n)
{
	char *text = lahetti_arena_take(&arena, n + 1);

	assert_non_null(text);
	memset(text, 'a', n);
	text[n] = '\0';
	return text;
}

/* An identifier of its own for each n. */
static ProtobufCBinaryData numbered(size_t n)
{
	struct lahetti_id *id = lahetti_arena_copy(&arena, sample_id(SAMPLE_CASE), sizeof *id);

	assert_non_null(id);
	id->bytes[14] = (uint8_t)(n + 1);
	return lahetti_bytes(lahetti_id_span(id));
}

static void many_consents(struct sample *s, size_t n)
{
	static Lahetti__V1__Reference references[MANY];
	static Lahetti__V1__Reference *list[MANY];

	for (size_t i = 0; i < n; i++) {
		references[i] = s->consent[0];
		references[i].id = numbered(i);
		list[i] = &references[i];
	}
	s->header.consents = list;
	s->header.n_consents = n;
}

static void many_recipients(struct sample *s, size_t n)
{
	static Lahetti__V1__Recipient recipients[MANY];
	static Lahetti__V1__Recipient *list[MANY];

	for (size_t i = 0; i < n; i++) {
		recipients[i] = s->recipient[0];
		recipients[i].user = numbered(i);
		list[i] = &recipients[i];
	}
	s->header.recipients = list;
	s->header.n_recipients = n;
}

static void many_attachments(struct sample *s, size_t n)
{
	static Lahetti__V1__Attachment attachments[MANY];
	static Lahetti__V1__Attachment *list[MANY];

	for (size_t i = 0; i < n; i++) {
		attachments[i] = s->attachment[0];
		attachments[i].id = i == 0 ? s->attachment[0].id : numbered(i);
		list[i] = &attachments[i];
	}
	s->header.attachments = list;
	s->header.n_attachments = n;
}

static void many_parties(struct sample *s, size_t n)
{
	static Lahetti__V1__Party parties[MANY];
	static Lahetti__V1__Party *list[MANY];

	for (size_t i = 0; i < n; i++) {
		parties[i] = s->party[0];
		parties[i].user = numbered(i);
		list[i] = &parties[i];
	}
	s->given.parties = list;
	s->given.n_parties = n;
}

static void to_role(struct sample *s, Lahetti__V1__Role role)
{
	s->recipient[0].kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE;
	s->recipient[0].user.len = 0;
	s->recipient[0].role = role;
}

static void statutory(struct sample *s)
{
	s->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY;
	s->basis.section = lahetti_text("Esimerkkilaki 1 §");
	s->basis.necessity = lahetti_text("Päätös edellyttää tietoa palvelun tarpeesta.");
	s->basis.decided_by = sample_bytes(SAMPLE_WORKER);
}

#define step(s, STEP) ((s)->acknowledgement.step = LAHETTI__V1__STEP__STEP_##STEP)

static void redirect(struct sample *s)
{
	step(s, REDIRECT);
	s->acknowledgement.reason = LAHETTI__V1__REASON__REASON_WRONG_AREA;
	s->acknowledgement.redirect_to = &s->redirect_to;
}

#define NAME_OF(line)  NAME_OF_(line)
#define NAME_OF_(line) spoil_##line
#define SPOILED(code, KIND, ...)                         \
	static void NAME_OF(__LINE__)(struct sample * s) \
	{                                                \
		(void)(__VA_ARGS__);                     \
	}
#include "statement_spoiled.def"
#undef SPOILED

static const struct spoiled {
	const char *code;
	enum lahetti_kind kind;
	int line;
	void (*spoil)(struct sample *s);
} spoiled[] = {
#define SPOILED(code, KIND, ...) {code, LAHETTI_KIND_##KIND, __LINE__, NAME_OF(__LINE__)},
#include "statement_spoiled.def"
#undef SPOILED
};

static void each_way_of_spoiling_is_refused_by_its_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spoiled / sizeof spoiled[0]; i++) {
		struct sample s;
		struct lahetti_statement statement;
		struct lahetti_fault f = {0};

		sample_init(&s, spoiled[i].kind);
		spoiled[i].spoil(&s);
		if (lahetti_statement_read(&statement, sample_pack(&s, &arena), &arena, &f))
			fail_msg("line %d: read", spoiled[i].line);
		if (strcmp(f.code, spoiled[i].code) != 0)
			fail_msg("line %d: %s", spoiled[i].line, f.code);
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
		lahetti_arena_reset(&arena);
	}
}

/* Beside the rows above: a header that is not there, and steps, which have a test of their own. */
static bool is_tested(const char *code)
{
	for (size_t i = 0; i < sizeof spoiled / sizeof spoiled[0]; i++)
		if (strcmp(spoiled[i].code, code) == 0)
			return true;
	return strcmp(code, "missing-header") == 0;
}

static void every_code_of_a_statement_is_reached(void **state)
{
	size_t n;
	const struct lahetti_code_row *codes = lahetti_codes(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (codes[i].from == LAHETTI_CODE_STATEMENT && !is_tested(codes[i].code))
			fail_msg("%s is never reached", codes[i].code);
}

static void statement_without_header_is_refused(void **state)
{
	Lahetti__V1__Statement statement = LAHETTI__V1__STATEMENT__INIT;
	struct lahetti_statement read;
	struct lahetti_fault f = {0};
	uint8_t byte = 0;

	(void)state;
	statement.body = lahetti_bytes(lahetti_span(&byte, 1));
	assert_false(lahetti_statement_read(&read, lahetti_message_pack(&statement.base, &arena),
					    &arena, &f));
	assert_string_equal(f.code, "missing-header");
	assert_false(lahetti_statement_read(&read, lahetti_span(NULL, 0), &arena, &f));
	assert_string_equal(f.code, "missing-header");
}

static void body_of_another_kind_is_refused(void **state)
{
	struct sample s;
	struct lahetti_statement read;
	struct lahetti_fault f = {0};

	(void)state;
	sample_init(&s, LAHETTI_KIND_INFORMATION_ANSWER);
	s.body = &s.referral.base;
	assert_false(lahetti_statement_read(&read, sample_pack(&s, &arena), &arena, &f));
}

/* An acknowledgement makes the steps that are its own, and only with all that they need. */
static void acknowledgement_makes_its_steps_alone(void **state)
{
	const ProtobufCEnumDescriptor *type = &lahetti__v1__step__descriptor;

	(void)state;
	for (unsigned i = 0; i < type->n_values; i++) {
		const struct lahetti_step_row *row = lahetti_step_any(type->values[i].value);
		struct sample s;
		bool own;

		sample_init(&s, LAHETTI_KIND_ACKNOWLEDGEMENT);
		s.acknowledgement.step = (Lahetti__V1__Step)type->values[i].value;
		own = row != NULL && LAHETTI_IN(row->kinds, LAHETTI_KIND_ACKNOWLEDGEMENT);
		if (own && (row->needs & LAHETTI_NEEDS_REASON))
			s.acknowledgement.reason = LAHETTI__V1__REASON__REASON_OTHER;
		if (own && (row->needs & LAHETTI_NEEDS_SENTENCE))
			s.acknowledgement.sentence = lahetti_text("Asiakas muutti.");
		if (own && (row->needs & LAHETTI_NEEDS_CAUSE))
			s.acknowledgement.cause = LAHETTI__V1__CAUSE__CAUSE_KELA_DECISION;
		if (own && (row->needs & LAHETTI_NEEDS_DATE))
			s.acknowledgement.date = 20260310;
		if (own && (row->needs & LAHETTI_NEEDS_REDIRECT))
			s.acknowledgement.redirect_to = &s.redirect_to;
		if (own) {
			assert_true(reads(&s));
			assert_int_equal(
				lahetti_body_step(lahetti_kind_find(LAHETTI_KIND_ACKNOWLEDGEMENT),
						  &s.acknowledgement),
				type->values[i].value);
		} else {
			struct lahetti_fault f = {0};
			struct lahetti_statement read;

			assert_false(
				lahetti_statement_read(&read, sample_pack(&s, &arena), &arena, &f));
			assert_string_equal(f.code, "wrong-step");
		}
		lahetti_arena_reset(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_sample_of_each_kind_survives_a_round_trip),
		cmocka_unit_test(what_is_allowed_is_read),
		cmocka_unit_test(each_way_of_spoiling_is_refused_by_its_code),
		cmocka_unit_test(every_code_of_a_statement_is_reached),
		cmocka_unit_test(statement_without_header_is_refused),
		cmocka_unit_test(body_of_another_kind_is_refused),
		cmocka_unit_test(acknowledgement_makes_its_steps_alone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
