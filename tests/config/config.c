#include "config.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_NAME "lahettid.conf"

/* What a file of that content is read as. */
static struct config *load(void **state, const char *text)
{
	struct config *c = NULL;
	struct lahetti_fault f = {0};

	scratch_write(scratch_path(state, FILE_NAME), text, strlen(text));
	if (!config_load(scratch_path(state, FILE_NAME), &c, &f))
		fail_msg("%s", f.text);
	return c;
}

static void refuse_bytes(void **state, const char *text, size_t len, const char *sentence)
{
	struct config *c = NULL;
	struct lahetti_fault f = {0};

	scratch_write(scratch_path(state, FILE_NAME), text, len);
	assert_false(config_load(scratch_path(state, FILE_NAME), &c, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_string_equal(f.code, "bad-config");
	assert_string_equal(f.text, sentence);
	assert_null(c);
}

static void refuse(void **state, const char *text, const char *sentence)
{
	refuse_bytes(state, text, strlen(text), sentence);
}

/* ---- the table as the tests see it --------------------------------------------------------- */

struct row {
	const char *key;
	const char *standard;
	const char *least; /* of a number, else NULL */
	const char *most;
	bool seen;
};

#define SEEN						 true
#define UNSEEN						 false
#define TEXT(member, key, standard, check, seen)	 {key, standard, NULL, NULL, seen},
#define LIST(member, key, standard, check, seen)	 {key, standard, NULL, NULL, seen},
#define PATH(member, key, standard, check, seen)	 {key, standard, NULL, NULL, seen},
#define WORD(member, key, standard, words, seen)	 {key, standard, NULL, NULL, seen},
#define FLAG(member, key, standard, seen)		 {key, standard, NULL, NULL, seen},
#define NUMBER(member, key, standard, least, most, seen) {key, #standard, #least, #most, seen},
static const struct row rows[] = {
#include "settings.def"
};
#undef TEXT
#undef LIST
#undef PATH
#undef WORD
#undef FLAG
#undef NUMBER
#define ROWS (sizeof rows / sizeof rows[0])

/* Every member of the two equal; texts by what they say. */
static void compare(const struct config *a, const struct config *b)
{
#define TEXT(member, ...)   assert_string_equal(a->member, b->member);
#define PATH(member, ...)   assert_string_equal(a->member, b->member);
#define WORD(member, ...)   assert_int_equal(a->member, b->member);
#define FLAG(member, ...)   assert_int_equal(a->member, b->member);
#define NUMBER(member, ...) assert_int_equal(a->member, b->member);
#define LIST(member, ...)                                                       \
	for (size_t i = 0; a->member[i] != NULL || b->member[i] != NULL; i++) { \
		assert_non_null(a->member[i]);                                  \
		assert_non_null(b->member[i]);                                  \
		assert_string_equal(a->member[i], b->member[i]);                \
	}
#include "settings.def"
#undef TEXT
#undef LIST
#undef PATH
#undef WORD
#undef FLAG
#undef NUMBER
}

/* ---- what is read -------------------------------------------------------------------------- */

static char *example(void)
{
	size_t len = scratch_len(LAHETTI_EXAMPLE);
	char *text = calloc(1, len + 1);

	assert_non_null(text);
	assert_int_equal(scratch_read(LAHETTI_EXAMPLE, (uint8_t *)text, len), len);
	return text;
}

static void example_is_the_defaults(void **state)
{
	char *text = example();
	struct config *defaults = load(state, "");
	struct config *read = load(state, text);

	compare(read, defaults);
	config_destroy(read);
	config_destroy(defaults);
	free(text);
}

static void example_names_every_setting(void **state)
{
	char *text = example();

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		char line[64];

		(void)snprintf(line, sizeof line, "\n%s = ", rows[i].key);
		assert_non_null(strstr(text, line));
	}
	free(text);
}

static void defaults_suit(void **state)
{
	struct config *c = load(state, "");

	assert_string_equal(c->server_name, "localhost/lahetti");
	assert_string_equal(c->origins[0], "https://localhost:8443");
	assert_null(c->origins[1]);
	assert_int_equal(c->client_certificate, CONFIG_CLIENT_CERTIFICATE_OPTIONAL);
	assert_false(c->tls12);
	assert_true(c->sessions >= 10000);
	assert_true(c->workers >= 1);
	assert_int_equal(c->code_minutes, 120);
	assert_string_equal(c->page, "");
	config_destroy(c);
}

static void what_is_set_is_read(void **state)
{
	struct config *c = load(
		state, "server-name = \"county.fi/lahetti\"\n"
		       "listen-address = ::\n"
		       "origins = \"https://county.fi  https://[::1]:8443 https://10.0.0.7:9 \"\n"
		       "ops-address = \"\"\n"
		       "client-certificate = required # for all\n"
		       "tls12 = true\n"
		       "idle-seconds=60\n"
		       "certificate-days = 3650\n"
		       "workers = 3");

	assert_string_equal(c->server_name, "county.fi/lahetti");
	assert_string_equal(c->listen_address, "::");
	assert_string_equal(c->origins[0], "https://county.fi");
	assert_string_equal(c->origins[1], "https://[::1]:8443");
	assert_string_equal(c->origins[2], "https://10.0.0.7:9");
	assert_null(c->origins[3]);
	assert_string_equal(c->ops_address, "");
	assert_int_equal(c->client_certificate, CONFIG_CLIENT_CERTIFICATE_REQUIRED);
	assert_true(c->tls12);
	assert_int_equal(c->idle_s, 60);
	assert_int_equal(c->certificate_days, 3650);
	assert_int_equal(c->workers, 3);
	config_destroy(c);
}

static void there_may_be_no_origin(void **state)
{
	struct config *c = load(state, "origins = \"\"\n");

	assert_null(c->origins[0]);
	config_destroy(c);
}

static void number_sign_is_text_inside_quotes(void **state)
{
	struct config *c = load(state, "data = \"/srv/a#b\" # c \"\n# it's\nidle-seconds = 7\n");

	assert_string_equal(c->data, "/srv/a#b");
	assert_int_equal(c->idle_s, 7);
	config_destroy(c);
}

static void relative_paths_are_of_the_files_folder(void **state)
{
	struct config *c = load(state, "certificate = tls/server.pem\nprivate-key = /etc/key.pem\n"
				       "data = data\nkeys = \"\"\ndatabase = big.db\npage = web\n");

	assert_string_equal(c->certificate, scratch_path(state, "tls/server.pem"));
	assert_string_equal(c->private_key, "/etc/key.pem");
	assert_string_equal(c->client_ca, scratch_path(state, "client-ca.pem"));
	assert_string_equal(c->data, scratch_path(state, "data"));
	assert_string_equal(c->keys, scratch_path(state, "data/keys"));
	assert_string_equal(c->attachments, scratch_path(state, "data/attachments"));
	assert_string_equal(c->database, scratch_path(state, "big.db"));
	assert_string_equal(c->page, scratch_path(state, "web"));
	config_destroy(c);
}

static void file_without_folder_leaves_paths_as_they_are(void **state)
{
	char here[512];
	struct config *c = NULL;

	assert_non_null(getcwd(here, sizeof here));
	scratch_write(scratch_path(state, FILE_NAME), "data = data\n", 12);
	assert_int_equal(chdir(scratch_path(state, "")), 0);
	assert_true(config_load(FILE_NAME, &c, NULL));
	assert_string_equal(c->certificate, "server.pem");
	assert_string_equal(c->database, "data/lahetti.db");
	assert_int_equal(chdir(here), 0);
	config_destroy(c);
}

static void environment_is_put_in(void **state)
{
	struct config *c;

	assert_int_equal(setenv("LAHETTI_TEST_FOLDER", "/run/credentials", 1), 0);
	c = load(state, "master-key = \"${LAHETTI_TEST_FOLDER}/master-key\"\n");
	assert_string_equal(c->master_key, "/run/credentials/master-key");
	config_destroy(c);
	assert_int_equal(unsetenv("LAHETTI_TEST_FOLDER"), 0);
	refuse(state, "master-key = \"${LAHETTI_TEST_FOLDER}\"\n",
	       "lahettid.conf:1: master-key must not be empty.");
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void wrong_input_has_its_sentence_and_line(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} wrong[] = {
		{"# one\n\n# three\nidel-seconds = 3\n", "4: no such option 'idel-seconds'."},
		{"include(\"other.conf\")\n", "1: no such option 'include'."},
		{"idle-seconds\n", "2: premature end of file."},
		{"idle-seconds\ntls12 = true\n",
		 "2: missing equal sign after option 'idle-seconds'."},
		{"idle-seconds 5\n", "1: missing equal sign after option 'idle-seconds'."},
		{"idle-seconds =", "1: premature end of file."},
		{"idle-seconds = {5}\n", "1: unexpected token '{'."},
		{"idle-seconds = 5 6\n", "1: no such option '6'."},
		{"idle-seconds += 5\n", "1: attempt to append to non-list option 'idle-seconds'."},
		{"= 5\n", "1: unexpected token '='."},
		{"\ndata = \"/srv\n\n", "2: the quotation mark here is never closed."},
		{"\n\ndata = '/srv\"\n", "3: the quotation mark here is never closed."},
		{"data = \"a\\nb\"\n", "1: a backslash or NUL has no meaning here."},
		{"data = \"a\nb\"\n", "2: data must stand on one line, without tabs."},
		{"data = \"a\tb\"\n", "1: data must stand on one line, without tabs."},
		{"\n// x\n", "2: comments begin with #."},
		{"\n\n/* x */\n", "3: comments begin with #."},
		{"# x\ntls12 = true\n# y\n\ntls12 = true\n",
		 "5: tls12 is set twice; the first time in line 2."},
		{"tls12 = yes\n", "1: tls12 must be true or false."},
		{"tls12 = \"\"\n", "1: tls12 must be true or false."},
		{"client-certificate = maybe\n",
		 "1: client-certificate must be off or optional or required."},
		{"idle-seconds = 10s\n", "1: idle-seconds must be a whole number from 1 to 43200."},
		{"idle-seconds = -1\n", "1: idle-seconds must be a whole number from 1 to 43200."},
		{"idle-seconds = \" 1\"\n",
		 "1: idle-seconds must be a whole number from 1 to 43200."},
		{"idle-seconds = \"\"\n",
		 "1: idle-seconds must be a whole number from 1 to 43200."},
		{"idle-seconds = 0x10\n",
		 "1: idle-seconds must be a whole number from 1 to 43200."},
		{"idle-seconds = 18446744073709551617\n",
		 "1: idle-seconds must be a whole number from 1 to 43200."},
		{"listen-address = localhost\n",
		 "1: listen-address must be an IP address, such as 127.0.0.1 or ::."},
		{"ops-address = 0.0.0.0\n",
		 "1: ops-address must be an address of this machine alone, 127.0.0.1 or ::1, or "
		 "empty."},
		{"server-name = \"county.fi\"\n",
		 "1: server-name must be HOST/lahetti with the host in lower case."},
		{"server-name = \"County.fi/lahetti\"\n",
		 "1: server-name must be HOST/lahetti with the host in lower case."},
		{"server-name = \"/lahetti\"\n",
		 "1: server-name must be HOST/lahetti with the host in lower case."},
		{"server-name = \"county.fi:8443/lahetti\"\n",
		 "1: server-name must be HOST/lahetti with the host in lower case."},
		{"server-name = \"[::1]/lahetti\"\n",
		 "1: server-name must be HOST/lahetti with the host in lower case."},
		{"server-name = \"county.fi/lahetti/1\"\n",
		 "1: server-name must be HOST/lahetti with the host in lower case."},
		{"certificate = \"\"\n", "1: certificate must not be empty."},
		{"data = \"\"\n", "1: data must not be empty."},
		{"sessions = 100\n", "1: sessions-reserved must be less than sessions."},
		{"sessions = 100\nsessions-reserved = 100\n",
		 "2: sessions-reserved must be less than sessions."},
		{"sessions-reserved = 100\nsessions = 100\n",
		 "2: sessions-reserved must be less than sessions."},
		{"frame-bytes = 263167\n",
		 "1: frame-bytes must be 1024 more than statement-bytes, or higher."},
		{"statement-bytes = 1024\nframe-bytes = 66559\n",
		 "2: frame-bytes must be a whole number from 66560 to 16777216."},
		{"attachment-bytes = 20971521\n",
		 "1: attachment-bytes must be a whole number from 65536 to 20971520."},
		{"attachments-a-statement = 21\n",
		 "1: attachments-a-statement must be a whole number from 1 to 20."},
		{"out-queue-bytes = 524287\n", "1: out-queue-bytes must be frame-bytes or more."},
		{"\nclient-ca = \"\"\n",
		 "2: client-ca must be told unless client-certificate is off."},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char sentence[256];

		(void)snprintf(sentence, sizeof sentence, FILE_NAME ":%s", wrong[i].sentence);
		refuse(state, wrong[i].text, sentence);
	}
}

static void origins_are_as_browsers_write_them(void **state)
{
	static const char *const wrong[] = {
		"http://a.fi",
		"https://",
		"https://a.fi/",
		"https://a.fi:443",
		"https://a.fi:0",
		"https://a.fi:65536",
		"https://a.fi:",
		"https://a.fi:080",
		"https://a.fi:8x",
		"https://A.fi",
		"https://[::1",
		"https://a_b",
		"null",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char text[100];

		(void)snprintf(text, sizeof text, "# c\n\norigins = \"https://b.fi %s\"", wrong[i]);
		refuse(state, text,
		       FILE_NAME ":3: origins must hold addresses as browsers write them: "
				 "https://HOST or https://HOST:PORT, in lower case, without :443 "
				 "and without a slash at the end.");
	}
}

static void origins_are_counted(void **state)
{
	char text[1024] = "origins = \"";
	size_t len = strlen(text);

	for (int i = 0; i < CONFIG_ORIGINS_MOST + 1; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%shttps://a%d.fi",
					i == 0 ? "" : " ", i);
	(void)snprintf(text + len, sizeof text - len, "\"\n");
	refuse(state, text, FILE_NAME ":1: origins must be at most 16.");
}

static void no_client_authority_is_needed_where_none_is_asked(void **state)
{
	struct config *c = load(state, "client-ca = \"\"\nclient-certificate = off\n");

	assert_int_equal(c->client_certificate, CONFIG_CLIENT_CERTIFICATE_OFF);
	assert_string_equal(c->client_ca, "");
	config_destroy(c);
}

static void nul_is_refused(void **state)
{
	refuse_bytes(state, "\ntls12 = true\0\n", 15,
		     FILE_NAME ":2: a backslash or NUL has no meaning here.");
}

/* Each number a step outside its range, in the second line. */
static void numbers_keep_to_their_range(void **state)
{
	for (size_t i = 0; i < ROWS; i++) {
		unsigned long long least, most;
		char text[100], sentence[200];

		if (rows[i].least == NULL)
			continue;
		least = strtoull(rows[i].least, NULL, 10);
		most = strtoull(rows[i].most, NULL, 10);
		(void)snprintf(sentence, sizeof sentence,
			       FILE_NAME ":2: %s must be a whole number from %llu to %llu.",
			       rows[i].key, least, most);
		(void)snprintf(text, sizeof text, "# c\n%s = %llu\n", rows[i].key, most + 1);
		refuse(state, text, sentence);
		if (least == 0)
			continue;
		(void)snprintf(text, sizeof text, "# c\n%s = %llu\n", rows[i].key, least - 1);
		refuse(state, text, sentence);
	}
}

/* The lexer behind has one state for all files. */
static void file_after_a_refused_one_is_read(void **state)
{
	refuse(state, "data = \"x", FILE_NAME ":1: the quotation mark here is never closed.");
	refuse(state, "origins =", FILE_NAME ":1: premature end of file.");
	config_destroy(load(state, "tls12 = true\n"));
}

static void unreadable(const char *path)
{
	struct config *c = NULL;
	struct lahetti_fault f = {0};

	assert_false(config_load(path, &c, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_BROKEN);
	assert_string_equal(f.code, "config-unreadable");
}

static void file_that_cannot_be_read_is_said(void **state)
{
	static char long_text[65537];

	unreadable(scratch_path(state, "none.conf"));
	unreadable(scratch_path(state, ""));
	memset(long_text, '\n', sizeof long_text);
	scratch_write(scratch_path(state, FILE_NAME), long_text, sizeof long_text);
	unreadable(scratch_path(state, FILE_NAME));
	long_text[65536] = '\0';
	config_destroy(load(state, long_text));
}

/* ---- the digest ---------------------------------------------------------------------------- */

static struct lahetti_digest digest_of(void **state, const char *text)
{
	struct config *c = load(state, text);
	struct lahetti_digest digest;

	assert_true(config_digest(c, &digest, NULL));
	config_destroy(c);
	return digest;
}

/* A value that is allowed and not the default. */
static const char *another(const struct row *row)
{
	static const struct {
		const char *key;
		const char *value;
	} of_texts[] = {
		{"server-name", "a.fi/lahetti"},
		{"listen-address", "::1"},
		{"origins", "https://a.fi"},
		{"ops-address", "::1"},
		{"tls12", "true"},
		{"client-certificate", "required"},
	};
	static char number[24];

	if (row->least != NULL) {
		unsigned long long standard = strtoull(row->standard, NULL, 10);
		bool top = strcmp(row->standard, row->most) == 0;

		(void)snprintf(number, sizeof number, "%llu", top ? standard - 1 : standard + 1);
		return number;
	}
	for (size_t i = 0; i < sizeof of_texts / sizeof of_texts[0]; i++) {
		if (strcmp(row->key, of_texts[i].key) == 0)
			return of_texts[i].value;
	}
	return "/other/path";
}

static void digest_follows_what_bears_on_what_may_be_seen(void **state)
{
	struct lahetti_digest defaults = digest_of(state, "");

	for (size_t i = 0; i < ROWS; i++) {
		struct lahetti_digest changed;
		char text[100];

		(void)snprintf(text, sizeof text, "%s = \"%s\"\n", rows[i].key, another(&rows[i]));
		changed = digest_of(state, text);
		if (lahetti_digest_equal(&changed, &defaults) == rows[i].seen)
			fail_msg("%s", rows[i].key);
	}
}

static void digest_is_of_what_is_meant_and_not_how_it_is_written(void **state)
{
	struct lahetti_digest a =
		digest_of(state, "idle-seconds = 60\ntls12 = true\norigins = https://a.fi\n");
	struct lahetti_digest b = digest_of(
		state, "# c\norigins = 'https://a.fi'\n\ntls12 = \"true\"\nidle-seconds = 060");
	struct lahetti_digest c = digest_of(
		state, "idle-seconds = 60\ntls12 = true\norigins = 'https://a.fi https://b.fi'\n");

	assert_true(lahetti_digest_equal(&a, &b));
	assert_false(lahetti_digest_equal(&a, &c));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		TEST(example_is_the_defaults),
		TEST(example_names_every_setting),
		TEST(defaults_suit),
		TEST(what_is_set_is_read),
		TEST(there_may_be_no_origin),
		TEST(number_sign_is_text_inside_quotes),
		TEST(relative_paths_are_of_the_files_folder),
		TEST(file_without_folder_leaves_paths_as_they_are),
		TEST(environment_is_put_in),
		TEST(wrong_input_has_its_sentence_and_line),
		TEST(origins_are_as_browsers_write_them),
		TEST(origins_are_counted),
		TEST(no_client_authority_is_needed_where_none_is_asked),
		TEST(nul_is_refused),
		TEST(numbers_keep_to_their_range),
		TEST(file_after_a_refused_one_is_read),
		TEST(file_that_cannot_be_read_is_said),
		TEST(digest_follows_what_bears_on_what_may_be_seen),
		TEST(digest_is_of_what_is_meant_and_not_how_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
