/* Identifiers (UUIDv7, RFC 9562), digests (SHA-256), random bytes, time. */
#ifndef LAHETTI_ID_H
#define LAHETTI_ID_H

#include "lahetti/span.h"

#define LAHETTI_ID_LEN	       16
#define LAHETTI_ID_TEXT_LEN    36
#define LAHETTI_DIGEST_LEN     32
#define LAHETTI_SALT_LEN       16
#define LAHETTI_DIGEST_HEX_LEN 64

struct lahetti_id {
	uint8_t bytes[LAHETTI_ID_LEN];
};

struct lahetti_digest {
	uint8_t bytes[LAHETTI_DIGEST_LEN];
};

/* A new identifier: the milliseconds of now_us, then random bits. Those of one process grow. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_id_new(struct lahetti_id *id, int64_t now_us,
						struct lahetti_fault *f);

/*
 * From 16 bytes; "bad-identifier" (MALFORMED) for another length or where version or variant are
 * not UUIDv7's.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_id_read(struct lahetti_id *id, struct lahetti_span s,
						 struct lahetti_fault *f);

/* 8-4-4-4-12 in lower case, and back (either case; other forms are "bad-identifier"). */
LAHETTI_API void lahetti_id_format(const struct lahetti_id *id, char text[LAHETTI_ID_TEXT_LEN + 1]);
LAHETTI_API LAHETTI_CHECKED bool lahetti_id_parse(struct lahetti_id *id, const char *text,
						  struct lahetti_fault *f);

LAHETTI_API bool lahetti_id_equal(const struct lahetti_id *a, const struct lahetti_id *b);
LAHETTI_API bool lahetti_id_empty(const struct lahetti_id *id);

static inline struct lahetti_span lahetti_id_span(const struct lahetti_id *id)
{
	return lahetti_span(id->bytes, sizeof id->bytes);
}

static inline struct lahetti_span lahetti_digest_span(const struct lahetti_digest *d)
{
	return lahetti_span(d->bytes, sizeof d->bytes);
}

LAHETTI_API bool lahetti_digest_equal(const struct lahetti_digest *a,
				      const struct lahetti_digest *b);

/* SHA-256 of the spans one after another. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_sha256(struct lahetti_digest *out,
						const struct lahetti_span *spans, size_t n,
						struct lahetti_fault *f);

/*
 * Lower-case hexadecimal of len bytes, NUL-terminated: text holds 2 * len + 1. Exactly that is
 * read, in either case, else "bad-hex" (MALFORMED).
 */
LAHETTI_API void lahetti_hex(const uint8_t *data, size_t len, char *text);
LAHETTI_API LAHETTI_CHECKED bool lahetti_hex_parse(uint8_t *data, size_t len, const char *text,
						   struct lahetti_fault *f);

/*
 * Base64 (RFC 4648, with padding, strict when read). base64_len is that of the text without its
 * NUL; what is written has one. Reading tells the length; MALFORMED: "bad-base64", "too-long" (more
 * than room).
 */
LAHETTI_API size_t lahetti_base64_len(size_t len);
LAHETTI_API void lahetti_base64(struct lahetti_span s, char *text);
LAHETTI_API LAHETTI_CHECKED bool lahetti_base64_parse(uint8_t *data, size_t room, size_t *len,
						      struct lahetti_span text,
						      struct lahetti_fault *f);

/*
 * Random bytes of the operating system, by way of OpenSSL ("no-random", BROKEN). Replaceable in
 * tests by lahetti_random_set: what is set returns false when it has none; NULL sets the real one
 * again.
 */
typedef bool lahetti_random_fn(uint8_t *data, size_t len);
LAHETTI_API LAHETTI_CHECKED bool lahetti_random(uint8_t *data, size_t len, struct lahetti_fault *f);
LAHETTI_API void lahetti_random_set(lahetti_random_fn *random);
/* The same for what must stay secret: never cut from the stock that salts and identifiers are from.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_random_private(uint8_t *data, size_t len,
							struct lahetti_fault *f);

/*
 * Microseconds UTC since 1970. Replaceable in tests by lahetti_clock_set; NULL sets the real one
 * again.
 */
typedef int64_t lahetti_clock_fn(void);
LAHETTI_API int64_t lahetti_now_us(void);
LAHETTI_API void lahetti_clock_set(lahetti_clock_fn *clock);

/*
 * The civil date in Europe/Helsinki of an instant, YYYYMMDD (summer time by the EU's rule); 0
 * outside the years 1 to 9999.
 */
LAHETTI_API uint32_t lahetti_date_of(int64_t us);

/* Whether YYYYMMDD is a day of the Gregorian calendar. */
LAHETTI_API bool lahetti_date_valid(uint32_t date);

/* Helsinki's offset from UTC at an instant, in seconds: 7200 or 10800. */
LAHETTI_API int32_t lahetti_helsinki_offset(int64_t us);

#endif
