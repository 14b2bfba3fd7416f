#include "vault.h"

#include "scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY	   65534
#define MONDAY	   (INT64_C(1704067200) * 1000000) /* 2024-01-01 00:00 UTC */
#define A_WEEK	   (INT64_C(7 * 86400) * 1000000)
#define LINE_LEN   245
#define LEN_PERIOD (16 + 28 + 40)

static const struct lahetti_secret client_key = {{9, 9, 9}};
static const struct lahetti_id controller = {{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80}};
static const struct lahetti_id other_controller = {{1, 2, 3, 4, 5, 6, 0x70, 8, 0x81}};

/* ---- helpers ------------------------------------------------------------------------------- */

static const char *master(void **state)
{
	return scratch_path(state, "master");
}

static const char *keys(void **state)
{
	return scratch_path(state, "keys");
}

static struct vault *opened(void **state)
{
	struct lahetti_fault f = {0};
	struct vault *v = vault_open(master(state), keys(state), &f);

	if (v == NULL)
		fail_msg("%s: %s", f.code, f.text);
	return v;
}

static struct vault *created(void **state)
{
	struct lahetti_fault f = {0};

	if (!vault_create(master(state), keys(state), &f))
		fail_msg("%s: %s", f.code, f.text);
	return opened(state);
}

/* Does not open, with this code; the text names `what` where that isn't NULL. */
static void does_not_open(void **state, const char *code, const char *what)
{
	struct lahetti_fault f = {0};

	assert_null(vault_open(master(state), keys(state), &f));
	assert_string_equal(f.code, code);
	if (what != NULL)
		assert_non_null(strstr(f.text, what));
}

static uint32_t period(struct vault *v, int64_t now_us)
{
	struct lahetti_fault f = {0};
	uint32_t serial;

	if (!vault_period_now(v, now_us, &serial, &f))
		fail_msg("%s: %s", f.code, f.text);
	return serial;
}

static void wrap(struct vault *v, uint32_t serial, uint8_t wrapped[LAHETTI_WRAPPED_LEN])
{
	struct lahetti_fault f;

	assert_true(vault_wrap(v, serial, NULL, 0, &client_key, wrapped, &f));
}

static void unwraps(struct vault *v, uint32_t serial, const uint8_t wrapped[LAHETTI_WRAPPED_LEN])
{
	struct lahetti_fault f = {0};
	struct lahetti_secret secret;

	if (!vault_unwrap(v, serial, NULL, 0, lahetti_span(wrapped, LAHETTI_WRAPPED_LEN), &secret,
			  &f))
		fail_msg("%s: %s", f.code, f.text);
	assert_memory_equal(&secret, &client_key, sizeof secret);
}

static void does_not_unwrap(struct vault *v, uint32_t serial,
			    const uint8_t wrapped[LAHETTI_WRAPPED_LEN], const char *code)
{
	struct lahetti_fault f = {0};
	struct lahetti_secret secret;

	assert_false(vault_unwrap(v, serial, NULL, 0, lahetti_span(wrapped, LAHETTI_WRAPPED_LEN),
				  &secret, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
}

static void put(struct vault *v, const char *name, const char *secret)
{
	struct lahetti_fault f;

	assert_true(vault_secret_put(v, name, lahetti_span_text(secret), &f));
}

static void holds(struct vault *v, const char *name, const char *secret)
{
	struct lahetti_buffer out;
	struct lahetti_fault f;

	lahetti_buffer_init(&out, 4096);
	assert_true(vault_secret_get(v, name, &out, &f));
	assert_true(lahetti_span_equal(lahetti_buffer_span(&out), lahetti_span_text(secret)));
	lahetti_buffer_finish(&out);
}

static void does_not_get(struct vault *v, const char *name, const char *code)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer out;

	lahetti_buffer_init(&out, 4096);
	assert_false(vault_secret_get(v, name, &out, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(out.len, 0);
	lahetti_buffer_finish(&out);
}

static void copy_to(struct vault *v, const char *to)
{
	struct lahetti_fault f = {0};

	if (!vault_copy(v, to, &f))
		fail_msg("%s: %s", f.code, f.text);
}

/* ---- making, opening ----------------------------------------------------------------------- */

static void what_is_made_is_ours_alone(void **state)
{
	struct vault *v = created(state);
	uint8_t text[80];

	assert_int_equal(scratch_read(master(state), text, sizeof text), 65);
	assert_int_equal(text[64], '\n');
	assert_int_equal(scratch_mode(master(state)), 0600);
	assert_int_equal(scratch_mode(keys(state)), 0700);
	(void)period(v, MONDAY);
	put(v, "log", "invented");
	assert_int_equal(scratch_mode(scratch_path(state, "keys/period")), 0700);
	assert_int_equal(scratch_mode(scratch_path(state, "keys/period/1.key")), 0600);
	assert_int_equal(scratch_mode(scratch_path(state, "keys/secret/log.key")), 0600);
	assert_int_equal(scratch_mode(scratch_path(state, "keys/erasure.journal")), 0600);
	vault_close(v);
	vault_close(NULL);
}

static void existing_keys_are_not_replaced(void **state)
{
	struct vault *v = created(state);
	const char *elsewhere = scratch_path(state, "elsewhere");
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = period(v, MONDAY);
	struct lahetti_fault f = {0};

	wrap(v, serial, wrapped);
	vault_close(v);
	assert_false(vault_create(master(state), elsewhere, &f));
	assert_string_equal(f.code, "exists");
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_false(scratch_exists(elsewhere));
	assert_false(vault_create(elsewhere, keys(state), &f));
	assert_string_equal(f.code, "exists");
	assert_false(scratch_exists(elsewhere));
	v = opened(state);
	unwraps(v, serial, wrapped);
	vault_close(v);
}

static void failed_making_leaves_nothing(void **state)
{
	struct lahetti_fault f = {0};

	assert_false(vault_create(master(state), scratch_path(state, "nowhere/keys"), &f));
	assert_string_equal(f.code, "key-io");
	assert_false(scratch_exists(master(state)));
	assert_false(vault_create(scratch_path(state, "nowhere/master"), keys(state), &f));
	assert_false(scratch_exists(keys(state)));
}

static void master_key_must_have_its_form(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"00000000000000000000000000000000000000000000000000000000000000\n",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000\n\n",
		"000000000000000000000000000000000000000000000000000000000000000g\n",
	};
	struct lahetti_fault f = {0};

	vault_close(created(state));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		scratch_write(master(state), wrong[i], strlen(wrong[i]));
		assert_null(vault_open(master(state), keys(state), &f));
		assert_string_equal(f.code, "key-form");
		assert_null(strstr(f.text, "0000"));
	}
	assert_int_equal(unlink(master(state)), 0);
	does_not_open(state, "key-missing", "master");
	assert_int_equal(symlink("/dev/zero", master(state)), 0);
	does_not_open(state, "key-io", "master");
}

static void keys_that_others_may_use_are_refused(void **state)
{
	static const mode_t wrong[] = {0644, 0604, 0602, 0660, 0620, 0610, 0700, 04600};
	static const mode_t wrong_of_folder[] = {0755, 0701, 0770, 0720};

	vault_close(created(state));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(chmod(master(state), wrong[i]), 0);
		does_not_open(state, "key-mode", "master");
	}
	assert_int_equal(chmod(master(state), 0400), 0);
	for (size_t i = 0; i < sizeof wrong_of_folder / sizeof *wrong_of_folder; i++) {
		assert_int_equal(chmod(keys(state), wrong_of_folder[i]), 0);
		does_not_open(state, "key-mode", "keys");
	}
	assert_int_equal(chmod(keys(state), 0700), 0);
	vault_close(opened(state));
	if (geteuid() != 0)
		return;
	/* As systemd shows a credential to the service that it is for; not so from anybody else. */
	assert_int_equal(chmod(master(state), 0440), 0);
	vault_close(opened(state));
	assert_int_equal(chown(master(state), 0, NOBODY), 0);
	does_not_open(state, "key-mode", "master");
	assert_int_equal(chmod(master(state), 0400), 0);
	assert_int_equal(chown(master(state), NOBODY, 0), 0);
	does_not_open(state, "key-mode", "master");
}

static void another_master_key_is_told(void **state)
{
	struct lahetti_fault f;

	vault_close(created(state));
	assert_true(vault_create(scratch_path(state, "m2"), scratch_path(state, "k2"), &f));
	assert_null(vault_open(scratch_path(state, "m2"), keys(state), &f));
	assert_string_equal(f.code, "key-wrong");
	assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
	assert_null(vault_open(master(state), scratch_path(state, "k2"), &f));
	assert_string_equal(f.code, "key-wrong");
}

static void missing_files_are_named(void **state)
{
	struct vault *v = created(state);
	bool (*none)(void *, const struct vault_erasure *, struct lahetti_fault *) = NULL;
	struct lahetti_fault f = {0};

	assert_int_equal(unlink(scratch_path(state, "keys/erasure.journal")), 0);
	assert_false(vault_journal_read(v, none, NULL, &f));
	assert_string_equal(f.code, "key-missing");
	assert_non_null(strstr(f.text, "erasure.journal"));
	vault_close(v);
	assert_int_equal(unlink(scratch_path(state, "keys/last.key")), 0);
	does_not_open(state, "key-missing", "last.key");
	assert_null(vault_open(master(state), scratch_path(state, "nowhere"), &f));
	assert_string_equal(f.code, "key-missing");
}

/* ---- damage -------------------------------------------------------------------------------- */

/* Spoils a file in every way at every place; `fails` says whether that was noticed. */
static void any_damage_is_noticed(void **state, const char *name, bool (*fails)(void **state))
{
	const char *path = scratch_path(state, name);
	uint8_t whole[256];
	size_t len = scratch_read(path, whole, sizeof whole);

	assert_true(len > 16 + 28 && len < sizeof whole);
	assert_false(fails(state));
	for (size_t i = 0; i < len; i++) {
		path = scratch_path(state, name);
		scratch_flip(path, i);
		assert_true(fails(state));
		scratch_write(scratch_path(state, name), whole, i);
		assert_true(fails(state));
		scratch_write(scratch_path(state, name), whole, len);
	}
	whole[len] = 0;
	scratch_write(scratch_path(state, name), whole, len + 1);
	assert_true(fails(state));
	scratch_write(scratch_path(state, name), whole, len);
	assert_false(fails(state));
}

static bool opening_fails(void **state)
{
	struct lahetti_fault f = {0};
	struct vault *v = vault_open(master(state), keys(state), &f);

	vault_close(v);
	if (v == NULL)
		assert_true(strcmp(f.code, "key-damaged") == 0 || strcmp(f.code, "key-wrong") == 0);
	if (v == NULL)
		assert_non_null(
			strstr(f.text, strstr(f.text, "last") == NULL ? "period/1." : "last.key"));
	return v == NULL;
}

static struct vault *at_hand;

static bool getting_fails(void **state)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer out;
	bool done;

	(void)state;
	lahetti_buffer_init(&out, 4096);
	done = vault_secret_get(at_hand, "log", &out, &f);
	lahetti_buffer_finish(&out);
	if (!done) {
		assert_string_equal(f.code, "key-damaged");
		assert_non_null(strstr(f.text, "secret/log.key"));
	}
	return !done;
}

static void damaged_files_are_named(void **state)
{
	struct lahetti_fault f;

	at_hand = created(state);
	assert_int_equal(period(at_hand, MONDAY), 1);
	put(at_hand, "log", "invented secret");
	any_damage_is_noticed(state, "keys/secret/log.key", getting_fails);
	assert_true(vault_period_retire(at_hand, 1, MONDAY, &f));
	vault_close(at_hand);
	any_damage_is_noticed(state, "keys/last.key", opening_fails);
	any_damage_is_noticed(state, "keys/period/1.key", opening_fails);
	any_damage_is_noticed(state, "keys/period/1.retired", opening_fails);
}

static void no_file_takes_the_place_of_another(void **state)
{
	struct vault *v = created(state);
	uint8_t file[256];
	size_t len;

	put(v, "log", "invented secret");
	put(v, "ca", "another secret");
	len = scratch_read(scratch_path(state, "keys/secret/ca.key"), file, sizeof file);
	scratch_write(scratch_path(state, "keys/secret/log.key"), file, len);
	does_not_get(v, "log", "key-damaged");
	(void)period(v, MONDAY);
	(void)period(v, MONDAY + A_WEEK);
	vault_close(v);
	len = scratch_read(scratch_path(state, "keys/period/1.key"), file, sizeof file);
	scratch_write(scratch_path(state, "keys/period/2.key"), file, len);
	does_not_open(state, "key-damaged", "period/2.key");
}

/* ---- periods ------------------------------------------------------------------------------- */

static void a_week_has_one_key(void **state)
{
	struct vault *v = created(state);
	uint32_t serial = period(v, MONDAY);

	assert_int_equal(period(v, MONDAY + A_WEEK - 1), serial);
	assert_int_not_equal(period(v, MONDAY - 1), serial);
	assert_int_not_equal(period(v, MONDAY + A_WEEK), serial);
	assert_int_equal(period(v, MONDAY - 1), period(v, MONDAY - A_WEEK));
	assert_int_equal(period(v, 0), period(v, -1)); /* a Thursday, the Wednesday before it */
	assert_int_not_equal(period(v, -4 * A_WEEK / 7), period(v, 0));
	vault_close(v);
	v = opened(state);
	assert_int_equal(period(v, MONDAY + 1), serial);
	vault_close(v);
}

static void keys_outlive_the_process(void **state)
{
	enum { WEEKS = 200 };
	static uint8_t wrapped[WEEKS][LAHETTI_WRAPPED_LEN];
	static uint32_t serials[WEEKS];
	struct vault *v = created(state);

	for (int i = 0; i < WEEKS; i++) {
		serials[i] = period(v, MONDAY + i * A_WEEK);
		wrap(v, serials[i], wrapped[i]);
	}
	for (int i = 0; i < WEEKS; i++)
		unwraps(v, serials[i], wrapped[i]);
	vault_close(v);
	v = opened(state);
	for (int i = 0; i < WEEKS; i++)
		unwraps(v, serials[i], wrapped[i]);
	does_not_unwrap(v, serials[1], wrapped[0], "bad-seal");
	does_not_unwrap(v, WEEKS + 1, wrapped[0], "key-destroyed");
	vault_close(v);
}

static void p8_destroyed_key_is_gone_for_good(void **state)
{
	static const uint8_t zeros[LEN_PERIOD];
	struct vault *v = created(state);
	uint8_t wrapped[LAHETTI_WRAPPED_LEN], again[LAHETTI_WRAPPED_LEN], file[256];
	uint32_t old = period(v, MONDAY);
	uint32_t other = period(v, MONDAY + A_WEEK);
	uint32_t replacement;
	unsigned destroyed = 99;
	struct lahetti_fault f = {0};

	wrap(v, old, wrapped);
	assert_true(vault_period_replace(v, old, &replacement, &f));
	assert_true(replacement > other);
	assert_int_equal(period(v, MONDAY), replacement);
	wrap(v, replacement, again);
	unwraps(v, old, wrapped);

	assert_true(vault_period_retire(v, old, MONDAY + 5, &f));
	assert_true(vault_period_retire(v, old, MONDAY + 7, &f)); /* changes nothing */
	assert_int_equal(period(v, MONDAY), replacement);
	unwraps(v, old, wrapped);
	assert_false(vault_wrap(v, old, NULL, 0, &client_key, file, &f));
	assert_string_equal(f.code, "key-retired");
	vault_close(v);

	v = opened(state);
	unwraps(v, old, wrapped);
	assert_true(vault_destroy_retired(v, MONDAY + 5, &destroyed, &f));
	assert_int_equal(destroyed, 0);
	unwraps(v, old, wrapped);
	assert_int_equal(
		link(scratch_path(state, "keys/period/1.key"), scratch_path(state, "same")), 0);
	assert_true(vault_destroy_retired(v, MONDAY + 6, &destroyed, &f));
	assert_int_equal(destroyed, 1);
	does_not_unwrap(v, old, wrapped, "key-destroyed");
	assert_false(vault_period_replace(v, old, &replacement, &f));
	assert_string_equal(f.code, "key-destroyed");
	assert_false(vault_period_retire(v, old, MONDAY + 9, &f));
	assert_false(scratch_exists(scratch_path(state, "keys/period/1.key")));
	assert_false(scratch_exists(scratch_path(state, "keys/period/1.retired")));
	assert_int_equal(scratch_read(scratch_path(state, "same"), file, sizeof file), LEN_PERIOD);
	assert_memory_equal(file, zeros, LEN_PERIOD);
	vault_close(v);

	v = opened(state);
	does_not_unwrap(v, old, wrapped, "key-destroyed");
	unwraps(v, replacement, again);
	assert_true(vault_destroy_retired(v, INT64_MAX, &destroyed, &f));
	assert_int_equal(destroyed, 0);
	vault_close(v);
}

static void serials_are_never_given_twice(void **state)
{
	struct vault *v = created(state);
	uint32_t serial = period(v, MONDAY);
	unsigned destroyed;
	struct lahetti_fault f;

	assert_true(vault_period_retire(v, serial, MONDAY, &f));
	assert_true(vault_destroy_retired(v, MONDAY + 1, &destroyed, &f));
	assert_int_equal(destroyed, 1);
	vault_close(v);
	v = opened(state);
	assert_int_equal(period(v, MONDAY), serial + 1);
	vault_close(v);
}

static void what_a_crash_left_beside_is_no_key(void **state)
{
	static const char *const left[] = {
		"keys/last.key.tmp",
		"keys/period/1.key.tmp",
		"keys/period/7.key.tmp",
		"keys/secret/log.key.tmp",
	};
	struct vault *v = created(state);
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = period(v, MONDAY);

	wrap(v, serial, wrapped);
	put(v, "log", "invented secret");
	vault_close(v);
	for (size_t i = 0; i < sizeof left / sizeof *left; i++)
		scratch_write(scratch_path(state, left[i]), "half", 4);
	v = opened(state);
	for (size_t i = 0; i < sizeof left / sizeof *left; i++)
		assert_false(scratch_exists(scratch_path(state, left[i])));
	unwraps(v, serial, wrapped);
	holds(v, "log", "invented secret");
	/* Left while we are open, as by another process that crashed. */
	scratch_write(scratch_path(state, "keys/secret/log.key.tmp"), "half", 4);
	put(v, "log", "new secret");
	holds(v, "log", "new secret");
	vault_close(v);
}

static void destruction_that_crashed_is_finished(void **state)
{
	struct vault *v = created(state);
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = period(v, MONDAY);
	struct lahetti_fault f;

	wrap(v, serial, wrapped);
	assert_true(vault_period_retire(v, serial, MONDAY, &f));
	vault_close(v);
	assert_int_equal(rename(scratch_path(state, "keys/period/1.key"),
				scratch_path(state, "keys/period/1.key.tmp")),
			 0);
	v = opened(state);
	assert_false(scratch_exists(scratch_path(state, "keys/period/1.key.tmp")));
	does_not_unwrap(v, serial, wrapped, "key-destroyed");
	assert_int_equal(period(v, MONDAY), serial + 1);
	vault_close(v);
}

static void two_processes_do_not_collide(void **state)
{
	struct vault *a = created(state);
	struct vault *b = opened(state);
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = period(a, MONDAY);

	wrap(a, serial, wrapped);
	unwraps(b, serial, wrapped);
	assert_int_equal(period(b, MONDAY), serial);
	assert_int_not_equal(period(b, MONDAY + A_WEEK), period(a, MONDAY + 2 * A_WEEK));
	vault_close(a);
	vault_close(b);
}

/* Who does not heed the answer is left with zeros. */
static bool no_random(uint8_t *data, size_t len)
{
	memset(data, 0, len);
	return false;
}

static void failure_to_write_changes_nothing(void **state)
{
	struct vault *v = created(state);
	struct rlimit before, small;
	struct lahetti_fault f = {0};
	struct vault_erasure e = {.time_us = 1};
	uint32_t serial;

	put(v, "log", "invented secret");
	assert_true(vault_journal_add(v, &e, 1, &f));
	lahetti_random_set(no_random);
	assert_false(vault_period_now(v, MONDAY, &serial, &f));
	assert_string_equal(f.code, "no-random");
	lahetti_random_set(NULL);

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 20;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(vault_secret_put(v, "log", lahetti_span_text("new secret"), &f));
	assert_string_equal(f.code, "key-io");
	assert_false(vault_period_now(v, MONDAY, &serial, &f));
	assert_false(vault_copy(v, scratch_path(state, "copy"), &f));
	assert_false(vault_journal_add(v, &e, 1, &f));
	assert_string_equal(f.code, "key-io");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

	holds(v, "log", "invented secret");
	assert_false(scratch_exists(scratch_path(state, "keys/secret/log.key.tmp")));
	assert_false(scratch_exists(scratch_path(state, "keys/period/1.key")));
	assert_false(scratch_exists(scratch_path(state, "copy")));
	assert_false(scratch_exists(scratch_path(state, "copy.tmp")));
	assert_int_equal(scratch_len(scratch_path(state, "keys/erasure.journal")), LINE_LEN);
	(void)period(v, MONDAY);
	vault_close(v);
	vault_close(opened(state));
}

/* ---- keys of controllers, secrets ---------------------------------------------------------- */

static void controllers_and_labels_have_keys_of_their_own(void **state)
{
	struct vault *v = created(state);
	struct lahetti_secret a, same, label, other;
	struct lahetti_fault f;

	assert_true(vault_controller_key(v, &controller, "actor", &a, &f));
	assert_true(vault_controller_key(v, &controller, "blind-index", &label, &f));
	assert_true(vault_controller_key(v, &other_controller, "actor", &other, &f));
	assert_memory_not_equal(&a, &label, sizeof a);
	assert_memory_not_equal(&a, &other, sizeof a);
	vault_close(v);
	v = opened(state);
	assert_true(vault_controller_key(v, &controller, "actor", &same, &f));
	assert_memory_equal(&a, &same, sizeof a);
	vault_close(v);
	assert_true(vault_create(scratch_path(state, "m2"), scratch_path(state, "k2"), &f));
	v = vault_open(scratch_path(state, "m2"), scratch_path(state, "k2"), &f);
	assert_non_null(v);
	assert_true(vault_controller_key(v, &controller, "actor", &other, &f));
	assert_memory_not_equal(&a, &other, sizeof a);
	vault_close(v);
}

static void secrets_are_kept_and_replaced(void **state)
{
	static uint8_t long_one[4097];
	struct vault *v = created(state);
	struct lahetti_buffer out;
	struct lahetti_fault f = {0};

	does_not_get(v, "log", "key-missing");
	put(v, "log", "invented secret");
	put(v, "ca-2024", "");
	holds(v, "log", "invented secret");
	holds(v, "ca-2024", "");
	put(v, "log", "new secret");
	vault_close(v);
	v = opened(state);
	holds(v, "log", "new secret");

	memset(long_one, 'x', sizeof long_one);
	assert_true(vault_secret_put(v, "log", lahetti_span(long_one, 4096), &f));
	assert_false(vault_secret_put(v, "log", lahetti_span(long_one, 4097), &f));
	assert_string_equal(f.code, "too-long");
	lahetti_buffer_init(&out, 4096);
	assert_true(vault_secret_get(v, "log", &out, &f));
	assert_true(lahetti_span_equal(lahetti_buffer_span(&out), lahetti_span(long_one, 4096)));
	lahetti_buffer_finish(&out);
	vault_close(v);
}

static void name_of_a_secret_leads_nowhere_else(void **state)
{
	static const char *const wrong[] = {"", "../last", "a/b", "Log", "log.key", "l\xc3\xa4he"};
	struct vault *v = created(state);
	char long_name[66];
	struct lahetti_fault f = {0};

	memset(long_name, 'a', sizeof long_name);
	long_name[65] = '\0';
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(vault_secret_put(v, wrong[i], lahetti_span_text("x"), &f));
		assert_string_equal(f.code, "bad-name");
		does_not_get(v, wrong[i], "bad-name");
	}
	does_not_get(v, long_name, "bad-name");
	long_name[64] = '\0';
	put(v, long_name, "x");
	holds(v, long_name, "x");
	vault_close(v);
}

/* ---- the journal --------------------------------------------------------------------------- */

static struct vault_erasure erasure(int64_t i)
{
	struct vault_erasure e = {.time_us = MONDAY + i, .scope = (uint32_t)(UINT32_MAX - i)};

	assert_true(lahetti_id_new(&e.erasure, e.time_us, NULL));
	if (i % 3 != 0)
		assert_true(lahetti_id_new(&e.client, e.time_us, NULL));
	if (i % 3 != 1)
		assert_true(lahetti_id_new(&e.statement, e.time_us, NULL));
	if (i % 3 != 2)
		assert_true(lahetti_id_new(&e.by, e.time_us, NULL));
	return e;
}

struct reading {
	const struct vault_erasure *expected;
	size_t n;
	size_t stop_after;
	struct vault *vault;
};

static bool compare(void *context, const struct vault_erasure *e, struct lahetti_fault *f)
{
	struct reading *r = context;
	const struct vault_erasure *x = &r->expected[r->n];
	uint32_t serial;

	if (r->n == r->stop_after)
		return lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "enough", "That is enough.");
	assert_true(e->time_us == x->time_us);
	assert_int_equal(e->scope, x->scope);
	assert_true(lahetti_id_equal(&e->erasure, &x->erasure));
	assert_true(lahetti_id_equal(&e->client, &x->client));
	assert_true(lahetti_id_equal(&e->statement, &x->statement));
	assert_true(lahetti_id_equal(&e->by, &x->by));
	r->n++;
	return vault_period_now(r->vault, e->time_us, &serial, f);
}

static void journal_holds(struct vault *v, const struct vault_erasure *expected, size_t n)
{
	struct reading r = {expected, 0, SIZE_MAX, v};
	struct lahetti_fault f = {0};

	if (!vault_journal_read(v, compare, &r, &f))
		fail_msg("%s: %s", f.code, f.text);
	assert_int_equal(r.n, n);
}

static bool never(void *context, const struct vault_erasure *e, struct lahetti_fault *f)
{
	(void)context;
	(void)e;
	(void)f;
	fail_msg("a damaged journal was replayed in part");
	return false;
}

static void journal_is_damaged(struct vault *v)
{
	struct lahetti_fault f = {0};

	assert_false(vault_journal_read(v, never, NULL, &f));
	assert_string_equal(f.code, "key-damaged");
	assert_non_null(strstr(f.text, "erasure.journal"));
}

static void journal_keeps_every_erasure_in_order(void **state)
{
	enum { N = 7 };
	struct vault_erasure e[N];
	struct vault *v = created(state);
	struct reading r = {e, 0, 2, v};
	struct lahetti_fault f = {0};

	journal_holds(v, e, 0);
	for (int i = 0; i < N; i++) {
		e[i] = erasure(i);
		assert_true(vault_journal_add(v, &e[i], 1, &f));
		if (i == 3) {
			vault_close(v);
			v = opened(state);
		}
	}
	journal_holds(v, e, N);
	r.vault = v;
	assert_false(vault_journal_read(v, compare, &r, &f));
	assert_string_equal(f.code, "enough");
	assert_int_equal(r.n, 2);
	vault_close(v);
}

static void torn_last_line_was_never_acknowledged(void **state)
{
	struct vault_erasure e[3] = {erasure(0), erasure(1), erasure(2)};
	struct vault *v = created(state);
	const char *path = scratch_path(state, "keys/erasure.journal");
	uint8_t file[4 * LINE_LEN];
	struct lahetti_fault f;

	for (int i = 0; i < 3; i++)
		assert_true(vault_journal_add(v, &e[i], 1, &f));
	assert_int_equal(scratch_read(path, file, sizeof file), 3 * LINE_LEN);
	for (size_t len = 2 * LINE_LEN; len < 3 * LINE_LEN; len++) {
		scratch_write(path, file, len);
		journal_holds(v, e, 2);
	}
	assert_true(vault_journal_add(v, &e[2], 1, &f)); /* in the place of what is torn */
	journal_holds(v, e, 3);
	assert_int_equal(scratch_len(path), 3 * LINE_LEN);
	vault_close(v);
}

/* A crash between two lines of an erasure leaves none of it. */
static void lines_of_an_erasure_come_back_all_or_none(void **state)
{
	struct vault_erasure e[4] = {erasure(0), erasure(1), erasure(2), erasure(4)};
	struct vault *v = created(state);
	const char *path = scratch_path(state, "keys/erasure.journal");
	uint8_t file[5 * LINE_LEN];
	struct lahetti_fault f;

	assert_true(vault_journal_add(v, &e[0], 1, &f));
	assert_true(vault_journal_add(v, &e[1], 3, &f));
	assert_int_equal(scratch_read(path, file, sizeof file), 4 * LINE_LEN);
	journal_holds(v, e, 4);
	for (size_t len = LINE_LEN; len < 4 * LINE_LEN; len += LINE_LEN / 5) {
		scratch_write(path, file, len);
		journal_holds(v, e, 1);
	}
	assert_true(vault_journal_add(v, &e[1], 1, &f)); /* in the place of what is left of it */
	journal_holds(v, e, 2);
	assert_int_equal(scratch_len(path), 2 * LINE_LEN);
	vault_close(v);
}

static void changed_journal_is_not_replayed(void **state)
{
	struct vault_erasure e[3] = {erasure(0), erasure(1), erasure(2)};
	struct vault *v = created(state);
	const char *path = scratch_path(state, "keys/erasure.journal");
	uint8_t file[4 * LINE_LEN], spoilt[4 * LINE_LEN];
	struct lahetti_fault f;

	for (int i = 0; i < 3; i++)
		assert_true(vault_journal_add(v, &e[i], 1, &f));
	assert_int_equal(scratch_read(path, file, sizeof file), 3 * LINE_LEN);
	for (size_t i = 0; i < 3 * LINE_LEN; i++) {
		scratch_flip(path, i);
		journal_is_damaged(v);
		scratch_flip(path, i);
	}
	/* A line torn in the middle, one taken out, two exchanged. */
	memcpy(spoilt, file, 100);
	memcpy(spoilt + 100, file + LINE_LEN, 2 * LINE_LEN);
	scratch_write(path, spoilt, 100 + 2 * LINE_LEN);
	journal_is_damaged(v);
	scratch_write(path, file + LINE_LEN, 2 * LINE_LEN);
	journal_is_damaged(v);
	memcpy(spoilt, file + LINE_LEN, LINE_LEN);
	memcpy(spoilt + LINE_LEN, file, LINE_LEN);
	scratch_write(path, spoilt, 2 * LINE_LEN);
	journal_is_damaged(v);
	scratch_write(path, file, 3 * LINE_LEN);
	journal_holds(v, e, 3);
	vault_close(v);
}

/* ---- the copy ------------------------------------------------------------------------------ */

static struct vault *open_copy(void **state)
{
	struct lahetti_fault f = {0};
	struct vault *v = vault_open(master(state), scratch_path(state, "copy"), &f);

	if (v == NULL)
		fail_msg("%s: %s", f.code, f.text);
	return v;
}

static void copy_is_a_whole_key_folder(void **state)
{
	struct vault_erasure e = erasure(1);
	struct vault *v = created(state);
	struct vault *copy;
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = period(v, e.time_us);
	struct lahetti_fault f;

	wrap(v, serial, wrapped);
	put(v, "log", "invented secret");
	assert_true(vault_journal_add(v, &e, 1, &f));
	copy_to(v, scratch_path(state, "copy/"));
	vault_close(v);
	copy = open_copy(state);
	assert_int_equal(scratch_mode(scratch_path(state, "copy")), 0700);
	unwraps(copy, serial, wrapped);
	holds(copy, "log", "invented secret");
	journal_holds(copy, &e, 1);
	assert_int_equal(period(copy, MONDAY + A_WEEK), serial + 1);
	vault_close(copy);
}

static void p8_copy_forgets_what_was_destroyed(void **state)
{
	static const uint8_t zeros[LEN_PERIOD];
	struct vault *v = created(state);
	struct vault *copy;
	uint8_t wrapped[LAHETTI_WRAPPED_LEN], file[256];
	uint32_t serial = period(v, MONDAY);
	unsigned destroyed;
	struct lahetti_fault f;

	wrap(v, serial, wrapped);
	copy_to(v, scratch_path(state, "copy"));
	assert_int_equal(
		link(scratch_path(state, "copy/period/1.key"), scratch_path(state, "same")), 0);
	assert_true(vault_period_retire(v, serial, MONDAY, &f));
	assert_true(vault_destroy_retired(v, MONDAY + 1, &destroyed, &f));
	copy = open_copy(state);
	unwraps(copy, serial, wrapped);
	vault_close(copy);
	copy_to(v, scratch_path(state, "copy"));
	copy = open_copy(state);
	does_not_unwrap(copy, serial, wrapped, "key-destroyed");
	vault_close(copy);
	assert_int_equal(scratch_read(scratch_path(state, "same"), file, sizeof file), LEN_PERIOD);
	assert_memory_equal(file, zeros, LEN_PERIOD);
	assert_false(scratch_exists(scratch_path(state, "copy.tmp")));
	assert_false(scratch_exists(scratch_path(state, "copy.old")));
	vault_close(v);
}

static void copy_that_crashed_is_made_good(void **state)
{
	struct vault *v = created(state);
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = period(v, MONDAY);
	struct vault *copy;

	wrap(v, serial, wrapped);
	/* Before the new copy was whole; between the two renames; before the old one was destroyed.
	 */
	for (int i = 0; i < 3; i++) {
		copy_to(v, scratch_path(state, "copy"));
		if (i == 0)
			assert_int_equal(mkdir(scratch_path(state, "copy.tmp"), 0700), 0);
		else
			assert_int_equal(rename(scratch_path(state, "copy"),
						scratch_path(state, "copy.old")),
					 0);
		if (i == 2) {
			copy_to(v, scratch_path(state, "another"));
			assert_int_equal(
				rename(scratch_path(state, "another"), scratch_path(state, "copy")),
				0);
		}
		copy_to(v, scratch_path(state, "copy"));
		assert_false(scratch_exists(scratch_path(state, "copy.tmp")));
		assert_false(scratch_exists(scratch_path(state, "copy.old")));
		copy = open_copy(state);
		unwraps(copy, serial, wrapped);
		vault_close(copy);
	}
	vault_close(v);
}

static void not_copied_over(void **state, struct vault *v, const char *name)
{
	struct lahetti_fault f = {0};

	assert_false(vault_copy(v, scratch_path(state, name), &f));
	assert_string_equal(f.code, "not-a-copy");
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
}

static void nothing_else_is_replaced_by_a_copy(void **state)
{
	struct vault *v = created(state);
	struct vault *other;
	struct lahetti_fault f = {0};

	/* Itself, a folder of something else, another server's copy. */
	not_copied_over(state, v, "keys");
	assert_int_equal(mkdir(scratch_path(state, "photos"), 0700), 0);
	scratch_write(scratch_path(state, "photos/cat"), "meow", 4);
	not_copied_over(state, v, "photos");
	assert_int_equal(scratch_len(scratch_path(state, "photos/cat")), 4);
	assert_false(scratch_exists(scratch_path(state, "photos.tmp")));
	assert_true(vault_create(scratch_path(state, "m2"), scratch_path(state, "k2"), &f));
	not_copied_over(state, v, "k2");
	other = vault_open(scratch_path(state, "m2"), scratch_path(state, "k2"), &f);
	assert_non_null(other);
	vault_close(other);
	assert_false(vault_copy(v, master(state), &f));
	assert_false(vault_copy(v, scratch_path(state, "nowhere/copy"), &f));
	assert_string_equal(f.code, "key-io");

	/* An empty folder has nothing to lose. */
	assert_int_equal(mkdir(scratch_path(state, "copy"), 0700), 0);
	copy_to(v, scratch_path(state, "copy"));
	vault_close(open_copy(state));
	vault_close(v);
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *use(void *argument)
{
	struct vault *v = argument;
	struct lahetti_secret secret;
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	uint32_t serial = 0;
	bool fine = true;

	for (int i = 0; fine && i < 40; i++) {
		fine = vault_period_now(v, MONDAY + i / 10 * A_WEEK, &serial, NULL) &&
		       vault_wrap(v, serial, NULL, 0, &client_key, wrapped, NULL) &&
		       vault_unwrap(v, serial, NULL, 0, lahetti_span(wrapped, sizeof wrapped),
				    &secret, NULL);
	}
	return fine && serial == 4 ? v : NULL;
}

static void threads_agree_on_the_keys(void **state)
{
	struct vault *v = created(state);
	pthread_t threads[4];
	void *result;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, v), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, v);
	}
	vault_close(v);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(what_is_made_is_ours_alone),
		IN_A_FOLDER(existing_keys_are_not_replaced),
		IN_A_FOLDER(failed_making_leaves_nothing),
		IN_A_FOLDER(master_key_must_have_its_form),
		IN_A_FOLDER(keys_that_others_may_use_are_refused),
		IN_A_FOLDER(another_master_key_is_told),
		IN_A_FOLDER(missing_files_are_named),
		IN_A_FOLDER(damaged_files_are_named),
		IN_A_FOLDER(no_file_takes_the_place_of_another),
		IN_A_FOLDER(a_week_has_one_key),
		IN_A_FOLDER(keys_outlive_the_process),
		IN_A_FOLDER(p8_destroyed_key_is_gone_for_good),
		IN_A_FOLDER(serials_are_never_given_twice),
		IN_A_FOLDER(what_a_crash_left_beside_is_no_key),
		IN_A_FOLDER(destruction_that_crashed_is_finished),
		IN_A_FOLDER(two_processes_do_not_collide),
		IN_A_FOLDER(failure_to_write_changes_nothing),
		IN_A_FOLDER(controllers_and_labels_have_keys_of_their_own),
		IN_A_FOLDER(secrets_are_kept_and_replaced),
		IN_A_FOLDER(name_of_a_secret_leads_nowhere_else),
		IN_A_FOLDER(journal_keeps_every_erasure_in_order),
		IN_A_FOLDER(torn_last_line_was_never_acknowledged),
		IN_A_FOLDER(lines_of_an_erasure_come_back_all_or_none),
		IN_A_FOLDER(changed_journal_is_not_replayed),
		IN_A_FOLDER(copy_is_a_whole_key_folder),
		IN_A_FOLDER(p8_copy_forgets_what_was_destroyed),
		IN_A_FOLDER(copy_that_crashed_is_made_good),
		IN_A_FOLDER(nothing_else_is_replaced_by_a_copy),
		IN_A_FOLDER(threads_agree_on_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
