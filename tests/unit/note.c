#include "lahetti/note.h"

#include "note_signature.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DASH	 "\xe2\x80\x94 "
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* The key of test 1 of RFC 8032 7.1; notes and verifier key below were made with it by the openssl
 * command. */
static const uint8_t seed[32] = {
	0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
	0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
	0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
};
#define NAME	   "log.example.com/lahetti/1"
#define PUBLIC_KEY "AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define VKEY	   NAME "+608f8ba6+" PUBLIC_KEY
#define ROOT	   "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define TEXT	   NAME "\n20852163\n" ROOT "\n"
#define SIGNATURE                                                                       \
	"YI+LpmRM6XGi9YwqOD1JHFcdxUlNXqFrR5xsLPmDYNT+in+j9gSO8rBgYGj4CtavWChqMcXptDUT/" \
	"TeAcIlx3zTKsws="
#define LINE DASH NAME " " SIGNATURE "\n"
#define NOTE TEXT "\n" LINE

static struct lahetti_note_verifier *verifier;

static int read_verifier(void **state)
{
	(void)state;
	verifier = lahetti_note_verifier_read(VKEY, NULL);
	return verifier == NULL ? -1 : 0;
}

static int destroy_verifier(void **state)
{
	(void)state;
	lahetti_note_verifier_destroy(verifier);
	return 0;
}

static struct lahetti_checkpoint checkpoint_of_text(void)
{
	struct lahetti_checkpoint c;

	assert_true(lahetti_checkpoint_parse(&c, lahetti_span_text(TEXT), NULL));
	return c;
}

static void assert_fault(const struct lahetti_fault *f, enum lahetti_fault_kind kind,
			 const char *code)
{
	assert_string_equal(f->code, code);
	assert_int_equal(f->kind, kind);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void verifier_key_is_the_signers(void **state)
{
	struct lahetti_note_signer *s = lahetti_note_signer_new(NAME, seed, NULL);

	(void)state;
	assert_non_null(s);
	assert_string_equal(lahetti_note_signer_vkey(s), VKEY);
	assert_string_equal(lahetti_note_verifier_name(verifier), NAME);
	lahetti_note_signer_destroy(s);
	lahetti_note_signer_destroy(NULL);
	lahetti_note_verifier_destroy(NULL);
}

static void bad_key_names_are_refused(void **state)
{
	static const char *const names[] = {
		"",
		"two words",
		"one+two",
		"tab\there",
		"line\n",
		"bell\a",
		"no-break\xc2\xa0space",
		"ideographic\xe3\x80\x80space",
		"next\xc2\x85line",
		"latin\xe4",
		"overlong\xc0\xaf",
		"overlong\xe0\x80\xaf",
		"overlong\xf0\x80\x80\xaf",
		"surrogate\xed\xa0\x80",
		"beyond\xf4\x90\x80\x80",
		"cut\xe2\x80",
	};
	char longest[LAHETTI_KEY_NAME_MOST + 2];
	struct lahetti_note_signer *s;
	struct lahetti_fault f;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char vkey[128];

		f = (struct lahetti_fault){0};
		assert_null(lahetti_note_signer_new(names[i], seed, &f));
		assert_fault(&f, LAHETTI_FAULT_MALFORMED, "bad-key-name");
		(void)snprintf(vkey, sizeof vkey, "%s+608f8ba6+" PUBLIC_KEY, names[i]);
		assert_null(lahetti_note_verifier_read(vkey, &f));
		assert_fault(&f, LAHETTI_FAULT_MALFORMED, "bad-verifier-key");
	}

	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_null(lahetti_note_signer_new(longest, seed, &f));
	longest[LAHETTI_KEY_NAME_MOST] = '\0';
	s = lahetti_note_signer_new(longest, seed, NULL);
	assert_non_null(s);
	lahetti_note_signer_destroy(s);
	s = lahetti_note_signer_new("l\xc3\xa4hetti.example/\xf0\x9f\x8c\xb2", seed, NULL);
	assert_non_null(s);
	lahetti_note_signer_destroy(s);
}

static void bad_verifier_keys_are_refused(void **state)
{
	static const char *const keys[] = {
		"",
		NAME,
		NAME "+608f8ba6",
		NAME "+608f8ba6+",
		NAME "+608f8ba7+" PUBLIC_KEY,
		NAME "+608F8BA6+" PUBLIC_KEY,
		NAME "+8f8ba6+" PUBLIC_KEY,
		NAME "++" PUBLIC_KEY,
		NAME " +608f8ba6+" PUBLIC_KEY,
		"other.example.com/lahetti/1+608f8ba6+" PUBLIC_KEY,
		VKEY "\n",
		VKEY "=",
		VKEY "+",
		NAME "+608f8ba6+" PUBLIC_KEY "AAAA",
		NAME "+608f8ba6+AtdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", /* type 2 */
		NAME "+608f8ba6+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E=", /* 32 bytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct lahetti_fault f = {0};

		assert_null(lahetti_note_verifier_read(keys[i], &f));
		assert_fault(&f, LAHETTI_FAULT_MALFORMED, "bad-verifier-key");
	}
}

/* ---- signing, opening ---------------------------------------------------------------------- */

static void checkpoint_is_signed_as_others_sign_it(void **state)
{
	struct lahetti_note_signer *s = lahetti_note_signer_new(NAME, seed, NULL);
	struct lahetti_checkpoint c = checkpoint_of_text();
	struct lahetti_checkpoint opened;
	char note[LAHETTI_NOTE_MOST];
	size_t len = 0;

	(void)state;
	assert_non_null(s);
	assert_true(lahetti_checkpoint_sign(&c, s, note, &len, NULL));
	assert_int_equal(len, strlen(NOTE));
	assert_memory_equal(note, NOTE, len);

	assert_true(
		lahetti_checkpoint_open(&opened, lahetti_span(note, len), verifier, NAME, NULL));
	assert_string_equal(opened.origin, NAME);
	assert_int_equal(opened.size, 20852163);
	assert_true(lahetti_digest_equal(&opened.root, &c.root));
	lahetti_note_signer_destroy(s);
}

static void longest_names_fit_a_note(void **state)
{
	struct lahetti_checkpoint c = {.size = UINT64_MAX};
	struct lahetti_checkpoint opened;
	struct lahetti_note_signer *s;
	struct lahetti_note_verifier *v;
	char note[LAHETTI_NOTE_MOST];
	size_t len = 0;

	(void)state;
	memset(c.origin, 'x', LAHETTI_KEY_NAME_MOST);
	s = lahetti_note_signer_new(c.origin, seed, NULL);
	assert_non_null(s);
	v = lahetti_note_verifier_read(lahetti_note_signer_vkey(s), NULL);
	assert_non_null(v);
	assert_true(lahetti_checkpoint_sign(&c, s, note, &len, NULL));
	assert_true(lahetti_checkpoint_open(&opened, lahetti_span(note, len), v, c.origin, NULL));
	assert_true(opened.size == UINT64_MAX);
	lahetti_note_verifier_destroy(v);
	lahetti_note_signer_destroy(s);
}

static void origin_that_reads_as_something_else_is_not_signed(void **state)
{
	static const char *const origins[] = {
		"",
		"\n",
		"two lines\n",
		"evil\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
		"tab\t",
		"latin\xe4",
	};
	struct lahetti_note_signer *s = lahetti_note_signer_new(NAME, seed, NULL);
	char note[LAHETTI_NOTE_MOST];
	size_t len = 0;

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < COUNT(origins); i++) {
		struct lahetti_checkpoint c = {.size = 1};
		struct lahetti_fault f = {0};

		(void)snprintf(c.origin, sizeof c.origin, "%s", origins[i]);
		assert_false(lahetti_checkpoint_sign(&c, s, note, &len, &f));
		assert_fault(&f, LAHETTI_FAULT_MALFORMED, "bad-checkpoint");
	}
	lahetti_note_signer_destroy(s);
}

static void origin_must_be_the_expected_one(void **state)
{
	struct lahetti_checkpoint c;
	struct lahetti_fault f = {0};

	(void)state;
	assert_false(lahetti_checkpoint_open(&c, lahetti_span_text(NOTE), verifier,
					     "log.example.com/lahetti/2", &f));
	assert_fault(&f, LAHETTI_FAULT_INVALID, "wrong-origin");
	assert_true(lahetti_checkpoint_open(&c, lahetti_span_text(NOTE), verifier, NULL, NULL));
}

static void text_ends_at_the_last_blank_line(void **state)
{
	static const char text[] = "One.\n\nTwo \xc3\xa4\xc3\xb6\xc3\xa5 \xf0\x9f\x8c\xb2.\n\n\n";
	static const char signature[] =
		"YI+LpsIC+Oh6Kj/fVXsrHv70+iIssjvZ+nTA4yb1Wr3XhlQAZ+67QwsfR3odLrSckpQM2ozZNkcnsqh2"
		"YQ5EcWWPMAQ=";
	char note[512];
	struct lahetti_span opened = {0};

	(void)state;
	(void)snprintf(note, sizeof note, "%s\n" DASH NAME " %s\n", text, signature);
	assert_true(lahetti_note_open(lahetti_span_text(note), verifier, &opened, NULL));
	assert_int_equal(opened.len, strlen(text));
	assert_memory_equal(opened.data, text, opened.len);
}

static void no_bit_of_a_note_can_change(void **state)
{
	const size_t len = strlen(NOTE);
	char note[sizeof NOTE];
	struct lahetti_checkpoint c;

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		memcpy(note, NOTE, sizeof note);
		note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
		assert_false(
			lahetti_checkpoint_open(&c, lahetti_span(note, len), verifier, NULL, NULL));
	}
	for (size_t cut = 0; cut < len; cut++) {
		assert_false(
			lahetti_checkpoint_open(&c, lahetti_span(NOTE, cut), verifier, NULL, NULL));
		assert_false(lahetti_checkpoint_open(
			&c, lahetti_span(&NOTE[cut + 1], len - cut - 1), verifier, NULL, NULL));
	}
}

static void signatures_of_others_are_passed_over(void **state)
{
	char note[16384];
	char large[6000];
	char base64[8001];
	struct lahetti_span text = {0};

	(void)state;
	memset(large, 0x5a, sizeof large);
	lahetti_base64(lahetti_span(large, sizeof large), base64);
	/* Another name with our key's hash, our name with another hash, a large one of another
	 * algorithm. */
	(void)snprintf(note, sizeof note,
		       TEXT "\n" DASH "w.example.com " SIGNATURE "\n" DASH NAME " AAAAAAAA\n" DASH
			    "pq.example.com %s\n" LINE,
		       base64);
	assert_true(lahetti_note_open(lahetti_span_text(note), verifier, &text, NULL));
	assert_true(lahetti_span_equal(text, lahetti_span_text(TEXT)));

	/* The same signature twice is no harm. */
	assert_true(lahetti_note_open(lahetti_span_text(NOTE LINE), verifier, &text, NULL));
}

static void refusals_say_what_is_wrong(void **state)
{
	static const char other[] = DASH "w.example.com AAAAAAAA\n";
	static const struct {
		const char *note;
		const char *code;
	} cases[] = {
		{"", "bad-note"},
		{"\n", "bad-note"},
		{"\n\n", "bad-note"},
		{"\n\n\n", "bad-note"},
		{TEXT, "bad-note"},
		{TEXT "\n", "bad-note"},
		{TEXT LINE, "bad-note"},
		{NOTE "\n", "bad-note"},
		{NOTE "more\n", "bad-note"},
		{NOTE "more", "bad-note"},
		{TEXT "\n" DASH NAME "  " SIGNATURE "\n", "bad-note"},
		{TEXT "\n" DASH NAME " " SIGNATURE " \n", "bad-note"},
		{TEXT "\n" DASH NAME " " SIGNATURE "\r\n", "bad-note"},
		{TEXT "\n" DASH " " SIGNATURE "\n", "bad-note"},
		{TEXT "\n" DASH NAME "\n", "bad-note"},
		{TEXT "\n" DASH NAME " \n", "bad-note"},
		{TEXT "\n" DASH NAME " YI+Lpg==\n", "bad-note"}, /* hash alone */
		{TEXT "\n" DASH NAME " YI+L\n", "bad-note"},
		{TEXT "\n" DASH "a+b AAAAAAAA\n" LINE, "bad-note"},
		{TEXT "\n" DASH NAME "\xc2\xa0x AAAAAAAA\n" LINE, "bad-note"},
		{"tab\there\n\n" LINE, "bad-note"},
		{"delete \x7f is no control below a space\n\n" LINE, "bad-signature"},
		{"latin\xe4\n\n" LINE, "bad-note"},
		{TEXT "\n" DASH NAME " YI+LpmRM6Q==\n", "bad-signature"}, /* of our key, 3 bytes */
		{TEXT "more\n\n" LINE, "bad-signature"},
		{NOTE DASH NAME " YI+LpgAA\n", "bad-signature"},
		{TEXT "\n" DASH NAME " YI+LpgAA\n" LINE, "bad-signature"},
		{TEXT "\n" DASH "w.example.com " SIGNATURE "\n", "unknown-key"},
		{TEXT "\n" DASH NAME " AAAAAAAA\n", "unknown-key"},
	};
	char note[8192];
	size_t len;
	struct lahetti_span text = {0};
	struct lahetti_fault f;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		f = (struct lahetti_fault){0};
		if (lahetti_note_open(lahetti_span_text(cases[i].note), verifier, &text, &f))
			fail_msg("case %zu was accepted", i);
		if (strcmp(f.code, cases[i].code) != 0)
			fail_msg("case %zu is %s, not %s", i, f.code, cases[i].code);
		assert_int_equal(f.kind, strcmp(f.code, "bad-note") == 0 ? LAHETTI_FAULT_MALFORMED
									 : LAHETTI_FAULT_INVALID);
	}

	/* A hundred signatures are read, no more. */
	(void)snprintf(note, sizeof note, "%s", NOTE);
	len = strlen(note);
	for (int i = 0; i < 99; i++, len += sizeof other - 1)
		(void)snprintf(note + len, sizeof note - len, "%s", other);
	assert_true(lahetti_note_open(lahetti_span(note, len), verifier, &text, NULL));
	(void)snprintf(note + len, sizeof note - len, "%s", other);
	assert_false(lahetti_note_open(lahetti_span_text(note), verifier, &text, &f));
	assert_fault(&f, LAHETTI_FAULT_MALFORMED, "bad-note");
}

/* ---- checkpoints --------------------------------------------------------------------------- */

static void checkpoints_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"log\n",
		"log\n1\n",
		"log\n1\n" ROOT,
		"\n1\n" ROOT "\n",
		"log\n\n" ROOT "\n",
		"log\n01\n" ROOT "\n",
		"log\n00\n" ROOT "\n",
		"log\n+1\n" ROOT "\n",
		"log\n-1\n" ROOT "\n",
		"log\n 1\n" ROOT "\n",
		"log\n1 \n" ROOT "\n",
		"log\n0x1\n" ROOT "\n",
		"log\n1.0\n" ROOT "\n",
		"log\n18446744073709551616\n" ROOT "\n",
		"log\n99999999999999999999\n" ROOT "\n",
		"log\n100000000000000000000\n" ROOT "\n",
		"log\n1\n" ROOT ROOT "\n",
		"log\n1\n" ROOT " \n",
		"log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", /* 31 bytes */
		"log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", /* bits left over */
		"log\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
		"log\n1\n" ROOT "\nextension",
		"log\n1\n" ROOT "\n\n",
		"log\n1\n" ROOT "\nextension\n\nmore\n",
		"log\r\n1\n" ROOT "\n",
		"l\xe4g\n1\n" ROOT "\n",
	};
	char longest[LAHETTI_KEY_NAME_MOST + 128];
	struct lahetti_checkpoint c;
	struct lahetti_checkpoint before = checkpoint_of_text();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct lahetti_fault f = {0};

		c = before;
		if (lahetti_checkpoint_parse(&c, lahetti_span_text(bad[i]), &f))
			fail_msg("checkpoint %zu was accepted", i);
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
		assert_memory_equal(&c, &before, sizeof c);
	}
	assert_true(lahetti_checkpoint_parse(
		&c, lahetti_span_text("log\n18446744073709551615\n" ROOT "\n"), NULL));
	assert_true(c.size == UINT64_MAX);
	assert_true(lahetti_checkpoint_parse(
		&c, lahetti_span_text("l\xc3\xa4 +\n0\n" ROOT "\none\ntwo\n"), NULL));
	assert_string_equal(c.origin, "l\xc3\xa4 +");
	assert_int_equal(c.size, 0);
	assert_false(lahetti_checkpoint_parse(&c, lahetti_span(NULL, 0), NULL));

	memset(longest, 'x', sizeof longest);
	(void)snprintf(longest + LAHETTI_KEY_NAME_MOST, 100, "\n1\n" ROOT "\n");
	assert_true(lahetti_checkpoint_parse(&c, lahetti_span_text(longest), NULL));
	(void)snprintf(longest + LAHETTI_KEY_NAME_MOST, 100, "x\n1\n" ROOT "\n");
	assert_false(lahetti_checkpoint_parse(&c, lahetti_span_text(longest), NULL));
}

static void signed_note_that_is_no_checkpoint_is_refused(void **state)
{
	static const char note[] =
		"One.\n\nTwo \xc3\xa4\xc3\xb6\xc3\xa5 \xf0\x9f\x8c\xb2.\n\n\n\n" DASH NAME
		" YI+LpsIC+Oh6Kj/fVXsrHv70+iIssjvZ+nTA4yb1Wr3XhlQAZ+67QwsfR3odLrSckpQM2ozZNkcnsqh2"
		"YQ5EcWWPMAQ=\n";
	struct lahetti_checkpoint c;
	struct lahetti_fault f = {0};

	(void)state;
	assert_false(lahetti_checkpoint_open(&c, lahetti_span_text(note), verifier, NULL, &f));
	assert_fault(&f, LAHETTI_FAULT_MALFORMED, "bad-checkpoint");
}

/* ---- vectors ------------------------------------------------------------------------------- */

static json_t *read_vectors(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	if (root == NULL)
		fail_msg("%s: %s", path, error.text);
	return root;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	assert_non_null(text);
	return text;
}

static void signed_note_vectors_are_decided_rightly(void **state)
{
	json_t *root = read_vectors(LAHETTI_VECTORS "/signed_note/signed_note.json");
	const json_t *good = json_array_get(json_object_get(root, "good"), 0);
	const json_t *checkpoint = json_array_get(json_object_get(root, "format_only"), 0);
	const json_t *bad = json_object_get(root, "must_reject");
	struct lahetti_note_verifier *v = lahetti_note_verifier_read(text_of(good, "vkey"), NULL);
	struct lahetti_span text = {0};
	struct lahetti_checkpoint c;
	char base64[64];

	(void)state;
	assert_non_null(v);
	assert_true(lahetti_note_open(lahetti_span_text(text_of(good, "note")), v, &text, NULL));
	assert_true(lahetti_span_equal(text, lahetti_span_text("This is an example message.\n")));

	assert_true(
		lahetti_checkpoint_parse(&c, lahetti_span_text(text_of(checkpoint, "note")), NULL));
	assert_string_equal(c.origin, text_of(checkpoint, "origin"));
	assert_int_equal(c.size, json_integer_value(json_object_get(checkpoint, "size")));
	lahetti_base64(lahetti_digest_span(&c.root), base64);
	assert_string_equal(base64, text_of(checkpoint, "root_b64"));

	assert_int_equal(json_array_size(bad), 7);
	for (size_t i = 0; i < json_array_size(bad); i++) {
		const json_t *one = json_array_get(bad, i);

		if (lahetti_note_open(lahetti_span_text(text_of(one, "note")), v, &text, NULL))
			fail_msg("accepted: %s", text_of(one, "why"));
	}
	lahetti_note_verifier_destroy(v);
	json_decref(root);
}

/* The verifier of any public key, by way of the verifier key that belongs to it. */
static struct lahetti_note_verifier *verifier_of(const char *public_hex)
{
	uint8_t typed[33] = {0x01};
	const struct lahetti_span spans[] = {lahetti_span_text("test\n"),
					     lahetti_span(typed, sizeof typed)};
	struct lahetti_digest digest;
	char base64[45];
	char hex[9];
	char vkey[64];

	assert_true(lahetti_hex_parse(typed + 1, sizeof typed - 1, public_hex, NULL));
	assert_true(lahetti_sha256(&digest, spans, 2, NULL));
	lahetti_hex(digest.bytes, 4, hex);
	lahetti_base64(spans[1], base64);
	(void)snprintf(vkey, sizeof vkey, "test+%s+%s", hex, base64);
	return lahetti_note_verifier_read(vkey, NULL);
}

static struct lahetti_span bytes_of(const json_t *test, const char *name, uint8_t *data,
				    size_t room)
{
	const char *hex = text_of(test, name);
	size_t len = strlen(hex) / 2;

	assert_true(len <= room);
	assert_true(lahetti_hex_parse(data, len, hex, NULL));
	return lahetti_span(data, len);
}

static void wycheproof_ed25519_is_decided_rightly(void **state)
{
	json_t *root = read_vectors(LAHETTI_VECTORS "/wycheproof/ed25519_test.json");
	const json_t *groups = json_object_get(root, "testGroups");
	int seen = 0;

	(void)state;
	for (size_t g = 0; g < json_array_size(groups); g++) {
		const json_t *group = json_array_get(groups, g);
		const json_t *tests = json_object_get(group, "tests");
		struct lahetti_note_verifier *v =
			verifier_of(text_of(json_object_get(group, "publicKey"), "pk"));

		assert_non_null(v);
		for (size_t i = 0; i < json_array_size(tests); i++, seen++) {
			const json_t *test = json_array_get(tests, i);
			bool valid = strcmp(text_of(test, "result"), "valid") == 0;
			uint8_t message[4096];
			uint8_t sig[4096];
			struct lahetti_fault f = {0};

			if (lahetti_note_signature_verify(
				    v, bytes_of(test, "msg", message, sizeof message),
				    bytes_of(test, "sig", sig, sizeof sig), &f) != valid)
				fail_msg("test %lld",
					 json_integer_value(json_object_get(test, "tcId")));
			if (!valid)
				assert_fault(&f, LAHETTI_FAULT_INVALID, "bad-signature");
		}
		lahetti_note_verifier_destroy(v);
	}
	assert_int_equal(seen, json_integer_value(json_object_get(root, "numberOfTests")));
	assert_int_equal(seen, 151);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifier_key_is_the_signers),
		cmocka_unit_test(bad_key_names_are_refused),
		cmocka_unit_test(bad_verifier_keys_are_refused),
		cmocka_unit_test(checkpoint_is_signed_as_others_sign_it),
		cmocka_unit_test(longest_names_fit_a_note),
		cmocka_unit_test(origin_that_reads_as_something_else_is_not_signed),
		cmocka_unit_test(origin_must_be_the_expected_one),
		cmocka_unit_test(text_ends_at_the_last_blank_line),
		cmocka_unit_test(no_bit_of_a_note_can_change),
		cmocka_unit_test(signatures_of_others_are_passed_over),
		cmocka_unit_test(refusals_say_what_is_wrong),
		cmocka_unit_test(checkpoints_are_read_strictly),
		cmocka_unit_test(signed_note_that_is_no_checkpoint_is_refused),
		cmocka_unit_test(signed_note_vectors_are_decided_rightly),
		cmocka_unit_test(wycheproof_ed25519_is_decided_rightly),
	};

	return cmocka_run_group_tests_name("note", tests, read_verifier, destroy_verifier);
}
