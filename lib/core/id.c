#include "lahetti/id.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define US_A_SECOND	1000000
#define SECONDS_AN_HOUR 3600
#define ID_MS_MOST	((UINT64_C(1) << 48) - 1)
#define ID_COUNTER_BITS 12
#define ID_COUNTER_SEED 0x7ff /* half of the counter is left to count with */
#define ID_RANDOM_AT	8     /* where rand_b begins, after two bits of variant */
#define RANDOM_AT_ONCE	512

static _Atomic(lahetti_random_fn *) random_in_force;
static _Atomic(lahetti_clock_fn *) clock_in_force;

/* ---- random bytes, time -------------------------------------------------------------------- */

void lahetti_random_set(lahetti_random_fn *random)
{
	atomic_store(&random_in_force, random);
}

/* Salts, nonces and identifiers are cut from what the thread took at once: asking for each costs
 * more than all that is done with it. */
static _Thread_local struct {
	uint8_t bytes[RANDOM_AT_ONCE];
	size_t left;
} taken;

/* The child of a fork must not give what its parent gives too. */
static void forget_taken(void)
{
	taken.left = 0;
}

static bool forks_are_watched;

static void watch_forks(void)
{
	forks_are_watched = pthread_atfork(NULL, NULL, forget_taken) == 0;
}

static bool cut_random(uint8_t *data, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, watch_forks);
	if (len > sizeof taken.bytes || !forks_are_watched)
		return len <= INT32_MAX && RAND_bytes(data, (int)len) == 1;
	if (len > taken.left) {
		taken.left = 0;
		if (RAND_bytes(taken.bytes, sizeof taken.bytes) != 1)
			return false;
		taken.left = sizeof taken.bytes;
	}
	taken.left -= len;
	memcpy(data, taken.bytes + taken.left, len);
	lahetti_wipe(taken.bytes + taken.left, len);
	return true;
}

static bool random_of(bool (*real)(uint8_t *data, size_t len), uint8_t *data, size_t len,
		      struct lahetti_fault *f)
{
	lahetti_random_fn *replaced = atomic_load(&random_in_force);
	bool done = len == 0 || (replaced != NULL ? replaced : real)(data, len);

	return done || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-random",
					 "The system gave no random bytes.");
}

bool lahetti_random(uint8_t *data, size_t len, struct lahetti_fault *f)
{
	return random_of(cut_random, data, len, f);
}

static bool private_random(uint8_t *data, size_t len)
{
	return len <= INT32_MAX && RAND_priv_bytes(data, (int)len) == 1;
}

bool lahetti_random_private(uint8_t *data, size_t len, struct lahetti_fault *f)
{
	return random_of(private_random, data, len, f);
}

void lahetti_clock_set(lahetti_clock_fn *clock)
{
	atomic_store(&clock_in_force, clock);
}

int64_t lahetti_now_us(void)
{
	lahetti_clock_fn *replaced = atomic_load(&clock_in_force);
	struct timespec t;

	if (replaced != NULL)
		return replaced();
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * US_A_SECOND + t.tv_nsec / 1000;
}

/* ---- identifiers --------------------------------------------------------------------------- */

/*
 * RFC 9562 section 6.2, method 1: rand_a is a counter that starts at random in each millisecond.
 * Time and counter are one number, so that a full counter runs over into the time, and a clock that
 * goes back only makes it count on.
 */
bool lahetti_id_new(struct lahetti_id *id, int64_t now_us, struct lahetti_fault *f)
{
	static _Atomic uint64_t last;
	uint64_t ms = now_us < 0 ? 0 : (uint64_t)now_us / 1000;
	uint64_t before = atomic_load(&last);
	uint64_t stamp;
	uint8_t seed[2];

	if (!lahetti_random(seed, sizeof seed, f) ||
	    !lahetti_random(id->bytes + ID_RANDOM_AT, LAHETTI_ID_LEN - ID_RANDOM_AT, f))
		return false;
	if (ms > ID_MS_MOST)
		ms = ID_MS_MOST;
	do {
		stamp = ms << ID_COUNTER_BITS |
			((unsigned)(seed[0] << 8 | seed[1]) & ID_COUNTER_SEED);
		if (stamp <= before)
			stamp = before + 1;
	} while (!atomic_compare_exchange_weak(&last, &before, stamp));

	ms = stamp >> ID_COUNTER_BITS;
	for (int i = 0; i < 6; i++)
		id->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	id->bytes[6] = (uint8_t)(0x70 | (stamp >> 8 & 0x0f));
	id->bytes[7] = (uint8_t)stamp;
	id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3f));
	return true;
}

static bool bad_identifier(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-identifier",
				 "An identifier is not a UUID of version 7.");
}

bool lahetti_id_read(struct lahetti_id *id, struct lahetti_span s, struct lahetti_fault *f)
{
	if (s.len != LAHETTI_ID_LEN || s.data[6] >> 4 != 7 || s.data[8] >> 6 != 2)
		return bad_identifier(f);
	memcpy(id->bytes, s.data, LAHETTI_ID_LEN);
	return true;
}

static bool is_dash(size_t place)
{
	return place == 8 || place == 13 || place == 18 || place == 23;
}

void lahetti_id_format(const struct lahetti_id *id, char text[LAHETTI_ID_TEXT_LEN + 1])
{
	char hex[2 * LAHETTI_ID_LEN + 1];
	const char *from = hex;

	lahetti_hex(id->bytes, LAHETTI_ID_LEN, hex);
	for (size_t i = 0; i < LAHETTI_ID_TEXT_LEN; i++)
		text[i] = is_dash(i) ? '-' : *from++;
	text[LAHETTI_ID_TEXT_LEN] = '\0';
}

bool lahetti_id_parse(struct lahetti_id *id, const char *text, struct lahetti_fault *f)
{
	char hex[2 * LAHETTI_ID_LEN + 1];
	char *to = hex;
	uint8_t bytes[LAHETTI_ID_LEN];

	if (strlen(text) != LAHETTI_ID_TEXT_LEN)
		return bad_identifier(f);
	for (size_t i = 0; i < LAHETTI_ID_TEXT_LEN; i++) {
		if (!is_dash(i))
			*to++ = text[i];
		else if (text[i] != '-')
			return bad_identifier(f);
	}
	*to = '\0';
	if (!lahetti_hex_parse(bytes, sizeof bytes, hex, NULL))
		return bad_identifier(f);
	return lahetti_id_read(id, lahetti_span(bytes, sizeof bytes), f);
}

bool lahetti_id_equal(const struct lahetti_id *a, const struct lahetti_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool lahetti_id_empty(const struct lahetti_id *id)
{
	static const struct lahetti_id none;

	return lahetti_id_equal(id, &none);
}

/* ---- digests ------------------------------------------------------------------------------- */

/* Fetched once: looking the algorithm up costs as much as hashing a node of the tree. */
static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

bool lahetti_sha256(struct lahetti_digest *out, const struct lahetti_span *spans, size_t n,
		    struct lahetti_fault *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *ctx;
	bool done;

	(void)pthread_once(&once, fetch_sha256);
	ctx = EVP_MD_CTX_new();
	done = ctx != NULL && sha256 != NULL && EVP_DigestInit_ex2(ctx, sha256, NULL) == 1;
	for (size_t i = 0; done && i < n; i++)
		done = EVP_DigestUpdate(ctx, spans[i].data, spans[i].len) == 1;
	done = done && EVP_DigestFinal_ex(ctx, out->bytes, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return done || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-digest",
					 "SHA-256 could not be computed.");
}

bool lahetti_digest_equal(const struct lahetti_digest *a, const struct lahetti_digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- bytes as text ------------------------------------------------------------------------- */

void lahetti_hex(const uint8_t *data, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 0x0f];
	}
	*text = '\0';
}

/* 0 to 15, or -1. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool lahetti_hex_parse(uint8_t *data, size_t len, const char *text, struct lahetti_fault *f)
{
	size_t digits = 0;

	/* A NUL is no digit, so nothing is read beyond it. */
	while (digits < 2 * len && hex_value(text[digits]) >= 0)
		digits++;
	if (digits != 2 * len || text[digits] != '\0')
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-hex",
					 "A text is not %zu hexadecimal digits.", 2 * len);
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(hex_value(text[2 * i]) * 16 + hex_value(text[2 * i + 1]));
	return true;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t lahetti_base64_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

void lahetti_base64(struct lahetti_span s, char *text)
{
	for (size_t at = 0; at < s.len; at += 3) {
		size_t left = s.len - at;
		unsigned group = (unsigned)s.data[at] << 16;

		if (left > 1)
			group |= (unsigned)s.data[at + 1] << 8;
		if (left > 2)
			group |= s.data[at + 2];
		*text++ = base64_digits[group >> 18];
		*text++ = base64_digits[group >> 12 & 0x3f];
		*text++ = '=';
		*text++ = '=';
		if (left > 1)
			text[-2] = base64_digits[group >> 6 & 0x3f];
		if (left > 2)
			text[-1] = base64_digits[group & 0x3f];
	}
	*text = '\0';
}

/* 0 to 63, or -1. */
static int base64_value(uint8_t c)
{
	const char *at = c == '\0' ? NULL : strchr(base64_digits, c);

	return at == NULL ? -1 : (int)(at - base64_digits);
}

static bool bad_base64(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-base64", "A text is not Base64.");
}

bool lahetti_base64_parse(uint8_t *data, size_t room, size_t *len, struct lahetti_span text,
			  struct lahetti_fault *f)
{
	size_t padding = 0;
	size_t bytes;
	size_t at = 0;

	if (text.len % 4 != 0)
		return bad_base64(f);
	while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
		padding++;
	bytes = text.len / 4 * 3 - padding;
	if (bytes > room)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "too-long",
					 "There is more than the %zu bytes allowed here.", room);
	for (size_t i = 0; i < text.len; i += 4) {
		unsigned group = 0;

		for (size_t k = i; k < i + 4; k++) {
			int value = k < text.len - padding ? base64_value(text.data[k]) : 0;

			if (value < 0)
				return bad_base64(f);
			group = group << 6 | (unsigned)value;
		}
		for (int shift = 16; shift >= 0; shift -= 8) {
			uint8_t byte = (uint8_t)(group >> shift);

			if (at < bytes)
				data[at++] = byte;
			else if (byte != 0) /* bits that no byte holds: a second spelling of the
					       same bytes */
				return bad_base64(f);
		}
	}
	*len = bytes;
	return true;
}

/* ---- civil dates --------------------------------------------------------------------------- */

static struct tm utc(int64_t us, int32_t offset)
{
	time_t seconds = us / US_A_SECOND - (us % US_A_SECOND < 0);
	struct tm t;

	seconds += offset;
	(void)gmtime_r(&seconds, &t);
	return t;
}

/*
 * The EU's rule (directive 2000/84/EC): summer time from 01:00 UTC on the last Sunday of March to
 * 01:00 UTC on the last Sunday of October. Both months have 31 days, so a Sunday from the 25th on
 * is the last.
 */
int32_t lahetti_helsinki_offset(int64_t us)
{
	struct tm t = utc(us, 0);
	int sunday = t.tm_mday - t.tm_wday; /* the latest, today included */
	bool changed = sunday >= 25 && (t.tm_wday != 0 || t.tm_hour >= 1);
	bool summer = (t.tm_mon > 2 && t.tm_mon < 9) || (t.tm_mon == 2 && changed) ||
		      (t.tm_mon == 9 && !changed);

	return (summer ? 3 : 2) * SECONDS_AN_HOUR;
}

uint32_t lahetti_date_of(int64_t us)
{
	struct tm t = utc(us, lahetti_helsinki_offset(us));

	if (t.tm_year + 1900 < 1 || t.tm_year + 1900 > 9999)
		return 0;
	return (uint32_t)((t.tm_year + 1900) * 10000 + (t.tm_mon + 1) * 100 + t.tm_mday);
}

bool lahetti_date_valid(uint32_t date)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t year = date / 10000;
	uint32_t month = date / 100 % 100;
	uint32_t day = date % 100;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] || (leap && month == 2 && day == 29);
}
