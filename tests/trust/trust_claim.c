#include "claim.h"

#include <lahetti/message.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define NOW    (INT64_C(1750000000) * SECOND)

static const char *const origins[] = {"https://lahetti.example.fi", "https://10.0.0.7:8443", NULL};

/* A login and an enrolment that are good, and what the server knows; tests spoil one thing. */
struct good {
	struct claim_facts facts;
	Lahetti__V1__LoginClaim login;
	Lahetti__V1__EnrolmentProof enrolment;
	struct lahetti_digest code;
	uint8_t client_nonce[65];
	uint8_t spki[257];
	char text[258];
};

static ProtobufCBinaryData bytes(const void *data, size_t len)
{
	return lahetti_bytes(lahetti_span(data, len));
}

static void make(struct good *g)
{
	struct lahetti_span spki = lahetti_span(g->spki, 91);

	*g = (struct good){0};
	memset(g->facts.nonce, 1, sizeof g->facts.nonce);
	memset(g->facts.exporter, 2, sizeof g->facts.exporter);
	memset(g->client_nonce, 3, sizeof g->client_nonce);
	memset(g->spki, 4, sizeof g->spki);
	memset(g->code.bytes, 5, sizeof g->code.bytes);
	memset(g->text, 'x', sizeof g->text - 1);
	g->facts.nonce_us = NOW - SECOND;
	g->facts.now_us = NOW;
	g->facts.audience = "lahetti.example.fi/lahetti";
	assert_true(lahetti_sha256(&g->facts.key, &spki, 1, NULL));
	g->facts.version_least = 1;
	g->facts.version_most = 3;
	g->facts.origins = origins;

	lahetti__v1__login_claim__init(&g->login);
	g->login.purpose = lahetti_text("login");
	g->login.server_nonce = bytes(g->facts.nonce, sizeof g->facts.nonce);
	g->login.client_nonce = bytes(g->client_nonce, 16);
	g->login.origin = lahetti_text("https://lahetti.example.fi");
	g->login.device = bytes(g->facts.key.bytes, LAHETTI_DIGEST_LEN);
	g->login.version = 2;
	g->login.time_us = NOW;
	g->login.audience = lahetti_text("lahetti.example.fi/lahetti");

	lahetti__v1__enrolment_proof__init(&g->enrolment);
	g->enrolment.nonce = bytes(g->facts.nonce, sizeof g->facts.nonce);
	g->enrolment.audience = lahetti_text("lahetti.example.fi/lahetti");
	g->enrolment.code_sha256 = bytes(g->code.bytes, LAHETTI_DIGEST_LEN);
	g->enrolment.spki = bytes(g->spki, 91);
	g->enrolment.time_us = NOW;
}

static const char *login(const struct good *g)
{
	return claim_login(&g->login, &g->facts);
}

static const char *enrolment(const struct good *g)
{
	return claim_enrolment(&g->enrolment, &g->code, &g->facts);
}

/* Both claims say the same nonce, audience and time. */
static void refuse_both(const struct good *g, const char *code)
{
	assert_string_equal(login(g), code);
	assert_string_equal(enrolment(g), code);
}

static void accept_both(const struct good *g)
{
	assert_null(login(g));
	assert_null(enrolment(g));
}

static void good_claims_are_accepted(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	accept_both(&g);
}

static void sizes_are_checked(void **state)
{
	struct good g;
	ProtobufCBinaryData *of_login[] = {&g.login.server_nonce, &g.login.device};
	ProtobufCBinaryData *of_enrolment[] = {&g.enrolment.nonce, &g.enrolment.code_sha256};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t len = 0; len < 34; len++) {
			make(&g);
			of_login[i]->len = of_enrolment[i]->len = len;
			if (len == 32)
				accept_both(&g);
			else
				refuse_both(&g, "bad-claim");
		}
	}
	for (size_t len = 0; len <= 65; len++) {
		make(&g);
		g.login.client_nonce.len = len;
		if (len >= 16 && len <= 64)
			assert_null(login(&g));
		else
			assert_string_equal(login(&g), "bad-claim");
	}
	make(&g);
	g.login.tls_exporter = bytes(g.facts.exporter, 31);
	assert_string_equal(login(&g), "bad-claim");
	make(&g);
	g.enrolment.spki.len = 0;
	assert_string_equal(enrolment(&g), "bad-claim");
	g.enrolment.spki.len = 257;
	assert_string_equal(enrolment(&g), "bad-claim");
}

static void texts_are_bounded(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	g.login.origin = g.text;
	assert_string_equal(login(&g), "bad-claim");
	g.text[256] = '\0';
	assert_string_equal(login(&g), "wrong-origin");
	make(&g);
	g.login.audience = g.enrolment.audience = g.text;
	refuse_both(&g, "bad-claim");
	g.text[256] = '\0';
	refuse_both(&g, "wrong-audience");
}

static void what_was_signed_for_something_else_is_no_login(void **state)
{
	static const char *const purposes[] = {"", "Login", "login ", "enrolment"};
	struct good g;

	(void)state;
	make(&g);
	for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
		g.login.purpose = lahetti_text(purposes[i]);
		assert_string_equal(login(&g), "wrong-purpose");
	}
}

static void nonce_is_used_once(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	memset(g.facts.nonce, 0, sizeof g.facts.nonce); /* the claims' points there: zeros too */
	refuse_both(&g, "nonce-used");
}

static void nonce_lives_a_minute(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	g.facts.nonce_us = NOW - 60 * SECOND;
	accept_both(&g);
	g.facts.nonce_us--;
	refuse_both(&g, "nonce-expired");
	g.facts.nonce_us = NOW + 60 * SECOND + 1; /* the server's clock was set back */
	refuse_both(&g, "nonce-expired");
}

static void nonce_of_another_session_is_refused(void **state)
{
	struct good g;
	uint8_t other[32];

	(void)state;
	make(&g);
	for (size_t i = 0; i < sizeof other; i++) {
		memcpy(other, g.facts.nonce, sizeof other);
		other[i] ^= 1;
		g.login.server_nonce = g.enrolment.nonce = bytes(other, sizeof other);
		refuse_both(&g, "wrong-nonce");
	}
}

static void claim_for_another_server_is_refused(void **state)
{
	static const char *const audiences[] = {"", "lahetti.example.fi/lahett",
						"lahetti.example.fi/lahetti/1",
						"LAHETTI.example.fi/lahetti"};
	struct good g;

	(void)state;
	make(&g);
	for (size_t i = 0; i < sizeof audiences / sizeof audiences[0]; i++) {
		g.login.audience = g.enrolment.audience = lahetti_text(audiences[i]);
		refuse_both(&g, "wrong-audience");
	}
}

static void claim_names_the_key_that_signed_it(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	g.login.device = bytes(g.client_nonce, 32);
	assert_string_equal(login(&g), "wrong-device");
	g.spki[90] ^= 1;
	assert_string_equal(enrolment(&g), "wrong-device");
}

static void version_is_one_that_is_spoken(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	for (uint32_t version = 0; version < 6; version++) {
		g.login.version = version;
		if (version >= 1 && version <= 3)
			assert_null(login(&g));
		else
			assert_string_equal(login(&g), "wrong-version");
	}
}

static void clock_may_be_off_five_minutes(void **state)
{
	static const int64_t off[] = {NOW - 300 * SECOND - 1, NOW + 300 * SECOND + 1, 0, INT64_MIN,
				      INT64_MAX};
	struct good g;

	(void)state;
	make(&g);
	g.login.time_us = g.enrolment.time_us = NOW - 300 * SECOND;
	accept_both(&g);
	g.login.time_us = g.enrolment.time_us = NOW + 300 * SECOND;
	accept_both(&g);
	for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
		g.login.time_us = g.enrolment.time_us = off[i];
		refuse_both(&g, "clock-off");
	}
}

static void enrolment_is_for_the_code_beside_it(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	g.enrolment.code_sha256 = bytes(g.client_nonce, 32);
	assert_string_equal(enrolment(&g), "wrong-code");
}

static void claim_of_another_connection_is_refused(void **state)
{
	struct good g;
	uint8_t other[32];

	(void)state;
	make(&g);
	memcpy(other, g.facts.exporter, sizeof other);
	g.login.tls_exporter = bytes(other, sizeof other);
	assert_null(login(&g));
	other[31] ^= 1;
	assert_string_equal(login(&g), "wrong-channel");
	/* A connection without an exporter has none that could be right. */
	memset(other, 0, sizeof other);
	memset(g.facts.exporter, 0, sizeof g.facts.exporter);
	assert_string_equal(login(&g), "wrong-channel");
}

static void claim_says_its_connection_where_it_must(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	g.facts.exporter_required = true;
	assert_string_equal(login(&g), "wrong-channel");
	g.login.tls_exporter = bytes(g.facts.exporter, 32);
	assert_null(login(&g));
}

static void origin_is_one_of_ours(void **state)
{
	static const struct {
		const char *origin;
		bool ours;
	} rows[] = {
		{"https://lahetti.example.fi", true},
		{"https://lahetti.example.fi:443", true},
		{"HTTPS://Lahetti.Example.FI", true},
		{"https://10.0.0.7:8443", true},
		{"https://10.0.0.7", false},
		{"https://10.0.0.7:443", false},
		{"https://lahetti.example.fi:8443", false},
		{"https://lahetti.example.fi/", false},
		{"https://lahetti.example.fi.evil.example", false},
		{"https://lahetti.example.f", false},
		{"http://lahetti.example.fi", false},
		{"http://lahetti.example.fi:443", false},
		{"lahetti.example.fi", false},
		{"https://:443", false},
		{":443", false},
		{"null", false},
		{"", false},
	};
	struct good g;

	(void)state;
	make(&g);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		g.login.origin = lahetti_text(rows[i].origin);
		if (rows[i].ours)
			assert_null(login(&g));
		else
			assert_string_equal(login(&g), "wrong-origin");
	}
}

static void origin_is_only_recorded_where_the_connection_is_proved(void **state)
{
	struct good g;

	(void)state;
	make(&g);
	g.login.origin = lahetti_text("https://lahetti.internal:8443");
	assert_string_equal(login(&g), "wrong-origin");
	g.login.tls_exporter = bytes(g.facts.exporter, 32);
	assert_null(login(&g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_claims_are_accepted),
		cmocka_unit_test(sizes_are_checked),
		cmocka_unit_test(texts_are_bounded),
		cmocka_unit_test(what_was_signed_for_something_else_is_no_login),
		cmocka_unit_test(nonce_is_used_once),
		cmocka_unit_test(nonce_lives_a_minute),
		cmocka_unit_test(nonce_of_another_session_is_refused),
		cmocka_unit_test(claim_for_another_server_is_refused),
		cmocka_unit_test(claim_names_the_key_that_signed_it),
		cmocka_unit_test(version_is_one_that_is_spoken),
		cmocka_unit_test(clock_may_be_off_five_minutes),
		cmocka_unit_test(enrolment_is_for_the_code_beside_it),
		cmocka_unit_test(claim_of_another_connection_is_refused),
		cmocka_unit_test(claim_says_its_connection_where_it_must),
		cmocka_unit_test(origin_is_one_of_ours),
		cmocka_unit_test(origin_is_only_recorded_where_the_connection_is_proved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
