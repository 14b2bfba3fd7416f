#include "lahetti/id.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define US   INT64_C(1000000)
#define HOUR (3600 * US)

/* Later than any other test's, as identifiers of one process never go back. */
static int64_t later_us(void)
{
	static int64_t us = INT64_C(4102444800) * US;

	us += HOUR;
	return us;
}

static struct lahetti_id new_id(int64_t now_us)
{
	struct lahetti_id id;

	assert_true(lahetti_id_new(&id, now_us, NULL));
	return id;
}

static uint64_t ms_of(const struct lahetti_id *id)
{
	uint64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id->bytes[i];
	return ms;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct lahetti_id));
}

static int64_t instant(int year, int month, int day, int hour, int minute, int second)
{
	struct tm t = {
		.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_sec = second,
	};

	return timegm(&t) * US;
}

/* ---- identifiers --------------------------------------------------------------------------- */

static void identifier_holds_time_version_and_variant(void **state)
{
	int64_t us = later_us();
	struct lahetti_id id = new_id(us + 999);

	(void)state;
	assert_int_equal(ms_of(&id), us / 1000);
	assert_int_equal(id.bytes[6] >> 4, 7);
	assert_int_equal(id.bytes[8] >> 6, 2);
	assert_true(lahetti_id_read(&id, lahetti_id_span(&id), NULL));
}

static void identifiers_grow_within_a_millisecond(void **state)
{
	int64_t us = later_us();
	struct lahetti_id before = new_id(us);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct lahetti_id id = new_id(us);

		assert_true(compare(&before, &id) < 0);
		before = id;
	}
	assert_int_equal(ms_of(&before), us / 1000);
}

static void identifiers_grow_when_the_clock_goes_back(void **state)
{
	int64_t us = later_us();
	struct lahetti_id before = new_id(us);
	struct lahetti_id after = new_id(us - HOUR / 2);
	struct lahetti_id long_before_1970 = new_id(INT64_MIN);

	(void)state;
	assert_true(compare(&before, &after) < 0);
	assert_true(compare(&after, &long_before_1970) < 0);
}

static bool all_ones(uint8_t *data, size_t len)
{
	memset(data, 0xff, len);
	return true;
}

static void full_counter_runs_over_into_the_time(void **state)
{
	int64_t us = later_us();
	struct lahetti_id before = {0};

	(void)state;
	lahetti_random_set(all_ones);
	for (int i = 0; i < 5000; i++) {
		struct lahetti_id id = new_id(us);

		assert_true(compare(&before, &id) < 0);
		assert_int_equal(id.bytes[6] >> 4, 7);
		assert_int_equal(id.bytes[8], 0xbf);
		before = id;
	}
	lahetti_random_set(NULL);
	assert_in_range(ms_of(&before), us / 1000 + 1, us / 1000 + 2);
}

#define THREADS	 4
#define A_THREAD 2000

static void *make_many(void *data)
{
	struct lahetti_id *ids = data;

	for (size_t i = 0; i < A_THREAD; i++) {
		if (!lahetti_id_new(&ids[i], 0, NULL))
			return NULL;
	}
	return data;
}

static void identifiers_of_many_threads_grow_and_differ(void **state)
{
	static struct lahetti_id ids[THREADS * A_THREAD];
	pthread_t threads[THREADS];
	void *made;

	(void)state;
	for (size_t t = 0; t < THREADS; t++)
		assert_int_equal(pthread_create(&threads[t], NULL, make_many, ids + t * A_THREAD),
				 0);
	for (size_t t = 0; t < THREADS; t++) {
		assert_int_equal(pthread_join(threads[t], &made), 0);
		assert_ptr_equal(made, ids + t * A_THREAD);
		for (size_t i = 1; i < A_THREAD; i++)
			assert_true(compare(&ids[t * A_THREAD + i - 1], &ids[t * A_THREAD + i]) <
				    0);
	}
	/* Time and counter alone tell them apart. */
	for (size_t i = 0; i < THREADS * A_THREAD; i++)
		memset(ids[i].bytes + 8, 0, 8);
	qsort(ids, THREADS * A_THREAD, sizeof ids[0], compare);
	for (size_t i = 1; i < THREADS * A_THREAD; i++)
		assert_false(lahetti_id_equal(&ids[i - 1], &ids[i]));
}

/* Who does not heed the answer is left with zeros. */
static bool nothing(uint8_t *data, size_t len)
{
	memset(data, 0, len);
	return false;
}

static void no_identifier_without_random_bytes(void **state)
{
	struct lahetti_fault f = {0};
	struct lahetti_id id;

	(void)state;
	lahetti_random_set(nothing);
	assert_false(lahetti_id_new(&id, later_us(), &f));
	lahetti_random_set(NULL);
	assert_int_equal(f.kind, LAHETTI_FAULT_BROKEN);
	assert_string_equal(f.code, "no-random");
}

static void random_bytes_differ(void **state)
{
	uint8_t a[32] = {0};
	uint8_t b[32] = {0};

	(void)state;
	assert_true(lahetti_random(a, sizeof a, NULL));
	assert_true(lahetti_random(b, sizeof b, NULL));
	assert_memory_not_equal(a, b, sizeof a);
	assert_true(lahetti_random(NULL, 0, NULL));
}

/* Each piece is another, also where several are cut from one, or where one is too long for that. */
static void no_random_byte_is_given_twice(void **state)
{
	uint8_t pieces[300][16], longer[2][600];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		assert_true(lahetti_random(pieces[i], sizeof pieces[i], NULL));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(pieces[i], pieces[k], sizeof pieces[i]);
	}
	assert_true(lahetti_random(longer[0], sizeof longer[0], NULL));
	assert_true(lahetti_random(longer[1], sizeof longer[1], NULL));
	assert_memory_not_equal(longer[0], longer[1], sizeof longer[0]);
}

static void child_gives_other_random_bytes_than_its_parent(void **state)
{
	uint8_t ours[16], theirs[16];
	int ends[2], status;
	pid_t child;

	(void)state;
	assert_true(
		lahetti_random(ours, sizeof ours, NULL)); /* something is left of what was taken */
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0)
		_exit(lahetti_random(theirs, sizeof theirs, NULL) &&
				      write(ends[1], theirs, sizeof theirs) == sizeof theirs
			      ? 0
			      : 1);
	assert_true(child > 0);
	assert_true(lahetti_random(ours, sizeof ours, NULL));
	assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_memory_not_equal(ours, theirs, sizeof ours);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void identifier_text_goes_both_ways(void **state)
{
	static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"; /* RFC 9562, A.6 */
	char again[LAHETTI_ID_TEXT_LEN + 1];
	struct lahetti_id id, upper;

	(void)state;
	assert_true(lahetti_id_parse(&id, text, NULL));
	assert_int_equal(ms_of(&id), 0x017f22e279b0);
	lahetti_id_format(&id, again);
	assert_string_equal(again, text);
	assert_true(lahetti_id_parse(&upper, "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", NULL));
	assert_true(lahetti_id_equal(&id, &upper));
}

static void other_identifiers_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",	 /* one short */
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", /* one long */
		"017f22e279b07cc398c4dc0c0c07398f",	 /* no dashes */
		"017f22e27-9b0-7cc3-98c4-dc0c0c07398f",	 /* a dash astray */
		"{017f22e2-79b0-7cc3-98c4-dc0c0c0739}",	 /* braces */
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g",	 /* no digit */
		"017f22e2-79b0-4cc3-98c4-dc0c0c07398f",	 /* version 4 */
		"017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",	 /* variant of Microsoft */
		"00000000-0000-0000-0000-000000000000",
	};
	struct lahetti_id id = new_id(later_us());
	struct lahetti_id untouched = id;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct lahetti_fault f = {0};

		assert_false(lahetti_id_parse(&id, bad[i], &f));
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
		assert_string_equal(f.code, "bad-identifier");
	}
	assert_false(lahetti_id_read(&id, lahetti_span(id.bytes, 15), NULL));
	assert_false(lahetti_id_read(&id, lahetti_span(NULL, 0), NULL));
	assert_true(lahetti_id_equal(&id, &untouched));
}

static void empty_identifier_is_all_zero(void **state)
{
	struct lahetti_id none = {0};
	struct lahetti_id one = {.bytes = {[15] = 1}};

	(void)state;
	assert_true(lahetti_id_empty(&none));
	assert_false(lahetti_id_empty(&one));
}

/* ---- digests, texts ------------------------------------------------------------------------ */

static void sha256_is_that_of_the_spans_joined(void **state)
{
	/* FIPS 180-4 examples */
	static const char of_nothing[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char of_abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct lahetti_span abc = lahetti_span_text("abc");
	struct lahetti_span parts[] = {
		lahetti_span_text("a"),
		lahetti_span(NULL, 0),
		lahetti_span_text("bc"),
	};
	struct lahetti_digest whole, joined;
	char hex[LAHETTI_DIGEST_HEX_LEN + 1];

	(void)state;
	assert_true(lahetti_sha256(&whole, NULL, 0, NULL));
	lahetti_hex(whole.bytes, sizeof whole.bytes, hex);
	assert_string_equal(hex, of_nothing);
	assert_true(lahetti_sha256(&whole, &abc, 1, NULL));
	lahetti_hex(whole.bytes, sizeof whole.bytes, hex);
	assert_string_equal(hex, of_abc);
	assert_true(lahetti_sha256(&joined, parts, 3, NULL));
	assert_true(lahetti_digest_equal(&whole, &joined));
	joined.bytes[31] ^= 1;
	assert_false(lahetti_digest_equal(&whole, &joined));
}

static void hexadecimal_goes_both_ways(void **state)
{
	static const uint8_t data[] = {0x00, 0x09, 0xaf, 0xf0, 0xff};
	static const char *const bad[] = {"", "0009aff0f", "0009aff0ff0", "0009aff0fg",
					  "0009aff0 f"};
	uint8_t read[sizeof data];
	char text[2 * sizeof data + 1];

	(void)state;
	lahetti_hex(data, sizeof data, text);
	assert_string_equal(text, "0009aff0ff");
	assert_true(lahetti_hex_parse(read, sizeof read, "0009aFf0FF", NULL));
	assert_memory_equal(read, data, sizeof data);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct lahetti_fault f = {0};

		assert_false(lahetti_hex_parse(read, sizeof read, bad[i], &f));
		assert_string_equal(f.code, "bad-hex");
	}
	assert_true(lahetti_hex_parse(read, 0, "", NULL));
}

static void base64_goes_both_ways(void **state)
{
	/* RFC 4648 section 10 */
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	uint8_t data[16];
	char text[32];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct lahetti_span plain = lahetti_span_text(pairs[i][0]);

		lahetti_base64(plain, text);
		assert_string_equal(text, pairs[i][1]);
		assert_int_equal(lahetti_base64_len(plain.len), strlen(text));
		assert_true(
			lahetti_base64_parse(data, plain.len, &len, lahetti_span_text(text), NULL));
		assert_true(lahetti_span_equal(lahetti_span(data, len), plain));
	}
	assert_true(lahetti_base64_parse(data, 3, &len, lahetti_span_text("+/+/"), NULL));
	assert_int_equal(data[0], 0xfb);
	assert_int_equal(data[1], 0xff);
	assert_int_equal(data[2], 0xbf);
}

static void each_text_of_base64_has_one_spelling(void **state)
{
	static const char *const bad[] = {
		"Z",	"Zg",	"Zg=",	"Zg===",  "====", "Z===",     "=Zg=",  "Zh==",
		"Zm9=", "Zm-v", "Zm_v", "Zm9v\n", " Zm9", "Zg==Zg==", "Zm\n9",
	};
	struct lahetti_fault f = {0};
	uint8_t data[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(lahetti_base64_parse(data, sizeof data, &len,
						  lahetti_span_text(bad[i]), &f));
		assert_string_equal(f.code, "bad-base64");
	}
	assert_false(lahetti_base64_parse(data, 2, &len, lahetti_span_text("Zm9v"), &f));
	assert_string_equal(f.code, "too-long");
	assert_false(lahetti_base64_parse(data, sizeof data, &len, lahetti_span("Zm9\0", 4), &f));
	assert_string_equal(f.code, "bad-base64");
}

/* ---- time ---------------------------------------------------------------------------------- */

static int64_t noon(void)
{
	return 12 * HOUR;
}

static void clock_is_replaceable(void **state)
{
	int64_t before = lahetti_now_us();

	(void)state;
	lahetti_clock_set(noon);
	assert_int_equal(lahetti_now_us(), 12 * HOUR);
	lahetti_clock_set(NULL);
	assert_true(lahetti_now_us() >= before);
	assert_true(before > instant(2025, 1, 1, 0, 0, 0));
}

static void summer_time_begins_and_ends_at_one_o_clock_utc(void **state)
{
	static const struct {
		int year, march, october; /* the last Sundays */
	} years[] = {{2024, 31, 27}, {2025, 30, 26}, {2026, 29, 25}, {2027, 28, 31}};

	(void)state;
	for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
		int64_t begins = instant(years[i].year, 3, years[i].march, 1, 0, 0);
		int64_t ends = instant(years[i].year, 10, years[i].october, 1, 0, 0);

		assert_int_equal(lahetti_helsinki_offset(begins - 1), 7200);
		assert_int_equal(lahetti_helsinki_offset(begins), 10800);
		assert_int_equal(lahetti_helsinki_offset(ends - 1), 10800);
		assert_int_equal(lahetti_helsinki_offset(ends), 7200);
	}
}

/* The C library knows the same rule by its POSIX name, without any table of time zones. */
static void offset_is_the_c_library_s_in_every_hour(void **state)
{
	int64_t end = instant(2050, 1, 1, 0, 0, 0);

	(void)state;
	assert_int_equal(setenv("TZ", "EET-2EEST,M3.5.0/3,M10.5.0/4", 1), 0);
	tzset();
	for (int64_t us = instant(2000, 1, 1, 0, 0, 0); us < end; us += HOUR) {
		time_t seconds = us / US;
		struct tm t;

		assert_non_null(localtime_r(&seconds, &t));
		if (lahetti_helsinki_offset(us) != t.tm_gmtoff)
			fail_msg("at %lld", (long long)seconds);
	}
	unsetenv("TZ");
	tzset();
}

static void date_changes_at_midnight_in_helsinki(void **state)
{
	(void)state;
	assert_int_equal(lahetti_date_of(instant(2023, 12, 31, 22, 0, 0) - 1), 20231231);
	assert_int_equal(lahetti_date_of(instant(2023, 12, 31, 22, 0, 0)), 20240101);
	assert_int_equal(lahetti_date_of(instant(2024, 6, 14, 21, 0, 0) - 1), 20240614);
	assert_int_equal(lahetti_date_of(instant(2024, 6, 14, 21, 0, 0)), 20240615);
	assert_int_equal(lahetti_date_of(instant(2024, 2, 29, 12, 0, 0)), 20240229);
	assert_int_equal(lahetti_date_of(0), 19700101);
	assert_int_equal(lahetti_date_of(-2 * HOUR - 1), 19691231);
	assert_int_equal(lahetti_date_of(-2 * HOUR), 19700101);
	assert_int_equal(lahetti_date_of(INT64_MAX), 0);
	assert_int_equal(lahetti_date_of(INT64_MIN), 0);
}

static void days_are_the_calendar_s(void **state)
{
	static const uint32_t days[] = {20240229, 20000229, 19991231, 20250101,
					20260430, 99991231, 10101};
	static const uint32_t none[] = {0,	  20230229, 19000229,  20240230,
					20240431, 20241301, 20240001,  20240100,
					20240132, 1231,	    100000101, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof days[0]; i++)
		assert_true(lahetti_date_valid(days[i]));
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_false(lahetti_date_valid(none[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifier_holds_time_version_and_variant),
		cmocka_unit_test(identifiers_grow_within_a_millisecond),
		cmocka_unit_test(identifiers_grow_when_the_clock_goes_back),
		cmocka_unit_test(full_counter_runs_over_into_the_time),
		cmocka_unit_test(identifiers_of_many_threads_grow_and_differ),
		cmocka_unit_test(no_identifier_without_random_bytes),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(no_random_byte_is_given_twice),
		cmocka_unit_test(child_gives_other_random_bytes_than_its_parent),
		cmocka_unit_test(identifier_text_goes_both_ways),
		cmocka_unit_test(other_identifiers_are_refused),
		cmocka_unit_test(empty_identifier_is_all_zero),
		cmocka_unit_test(sha256_is_that_of_the_spans_joined),
		cmocka_unit_test(hexadecimal_goes_both_ways),
		cmocka_unit_test(base64_goes_both_ways),
		cmocka_unit_test(each_text_of_base64_has_one_spelling),
		cmocka_unit_test(clock_is_replaceable),
		cmocka_unit_test(summer_time_begins_and_ends_at_one_o_clock_utc),
		cmocka_unit_test(offset_is_the_c_library_s_in_every_hour),
		cmocka_unit_test(date_changes_at_midnight_in_helsinki),
		cmocka_unit_test(days_are_the_calendar_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
