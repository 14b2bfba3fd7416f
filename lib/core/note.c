#include "lahetti/note.h"

#include "note_signature.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ED25519_TYPE	0x01 /* the signature type of C2SP, before the public key */
#define ED25519_KEY_LEN 32
#define KEY_HASH_LEN	4
#define KEY_HASH_HEX	(2 * KEY_HASH_LEN)
#define SIGNATURES_MOST 100 /* lines of a note that are looked at before it is refused */
#define EM_DASH		"\xe2\x80\x94 "
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)
#define SIGNATURE_LEN	(KEY_HASH_LEN + LAHETTI_ED25519_LEN)
#define LINE_MOST	(LAHETTI_KEY_NAME_MOST + BASE64_LEN(SIGNATURE_LEN) + 8) /* with its NUL */
#define DIGITS_MOST	20							/* of 2^64 - 1 */

/* A key's public half: what a verifier key says. */
struct identity {
	char name[LAHETTI_KEY_NAME_MOST + 1];
	uint8_t hash[KEY_HASH_LEN];
	char vkey[LAHETTI_VKEY_MOST + 1];
};

_Static_assert(LAHETTI_VKEY_MOST == LAHETTI_KEY_NAME_MOST + 1 + KEY_HASH_HEX + 1 +
					    BASE64_LEN(1 + ED25519_KEY_LEN),
	       "the longest verifier key fits");

struct lahetti_note_signer {
	struct identity identity;
	EVP_PKEY *key;
};

struct lahetti_note_verifier {
	struct identity identity;
	EVP_PKEY *key;
};

/* ---- text ---------------------------------------------------------------------------------- */

/* Takes one character off the front, RFC 3629. Anything but its shortest form is refused. */
static bool take_character(struct lahetti_span *s, uint32_t *out)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t c = s->data[0];
	size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

	if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || more >= s->len)
		return false;
	if (more > 0)
		c &= 0x3fU >> more;
	for (size_t i = 1; i <= more; i++) {
		if ((s->data[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (s->data[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	*out = c;
	*s = lahetti_span(s->data + more + 1, s->len - more - 1);
	return true;
}

/* UTF-8 whose only control characters below U+0020 are newlines. */
static bool is_text(struct lahetti_span s)
{
	uint32_t c = 0;

	while (s.len > 0)
		if (!take_character(&s, &c) || (c < 0x20 && c != '\n'))
			return false;
	return true;
}

/* Unicode's White_Space. */
static bool is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

static bool is_key_name(struct lahetti_span s)
{
	uint32_t c = 0;

	if (s.len == 0)
		return false;
	while (s.len > 0)
		if (!take_character(&s, &c) || c < 0x20 || c == '+' || is_space(c))
			return false;
	return true;
}

/* Takes what stands before the first `end` off the front, and `end` with it; false where there is
 * none. */
static bool take_until(struct lahetti_span *s, char end, struct lahetti_span *out)
{
	const uint8_t *at = s->len == 0 ? NULL : memchr(s->data, end, s->len);
	size_t len;

	if (at == NULL)
		return false;
	len = (size_t)(at - s->data);
	*out = lahetti_span(s->data, len);
	*s = lahetti_span(at + 1, s->len - len - 1);
	return true;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static bool openssl_failed(struct lahetti_fault *f, const char *what)
{
	ERR_clear_error();
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-ed25519",
				 "The cryptographic library could not %s.", what);
}

/* Name, hash and verifier key of a public key. */
static bool identify(struct identity *id, struct lahetti_span name,
		     const uint8_t public[ED25519_KEY_LEN], struct lahetti_fault *f)
{
	uint8_t typed[1 + ED25519_KEY_LEN] = {ED25519_TYPE};
	char base64[BASE64_LEN(sizeof typed) + 1];
	char hex[KEY_HASH_HEX + 1];
	struct lahetti_digest digest;
	struct lahetti_span spans[3];

	memcpy(typed + 1, public, ED25519_KEY_LEN);
	spans[0] = name;
	spans[1] = lahetti_span("\n", 1);
	spans[2] = lahetti_span(typed, sizeof typed);
	if (!lahetti_sha256(&digest, spans, 3, f))
		return false;

	memcpy(id->name, name.data, name.len);
	id->name[name.len] = '\0';
	memcpy(id->hash, digest.bytes, KEY_HASH_LEN);
	lahetti_hex(id->hash, KEY_HASH_LEN, hex);
	lahetti_base64(spans[2], base64);
	(void)snprintf(id->vkey, sizeof id->vkey, "%s+%s+%s", id->name, hex, base64);
	return true;
}

struct lahetti_note_signer *lahetti_note_signer_new(const char *name, const uint8_t seed[32],
						    struct lahetti_fault *f)
{
	struct lahetti_span name_span = lahetti_span_text(name);
	struct lahetti_note_signer *s;
	uint8_t public[ED25519_KEY_LEN];
	size_t len = sizeof public;

	if (!is_key_name(name_span) || name_span.len > LAHETTI_KEY_NAME_MOST) {
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-key-name",
				  "The name of a key is 1 to %d bytes without spaces and plus.",
				  LAHETTI_KEY_NAME_MOST);
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	s->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_LEN);
	if (s->key == NULL || EVP_PKEY_get_raw_public_key(s->key, public, &len) != 1) {
		(void)openssl_failed(f, "make the log's key");
		goto fail;
	}
	if (!identify(&s->identity, name_span, public, f))
		goto fail;
	return s;
fail:
	lahetti_note_signer_destroy(s);
	return NULL;
}

void lahetti_note_signer_destroy(struct lahetti_note_signer *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->key);
	free(s);
}

const char *lahetti_note_signer_vkey(const struct lahetti_note_signer *s)
{
	return s->identity.vkey;
}

struct lahetti_note_verifier *lahetti_note_verifier_read(const char *vkey, struct lahetti_fault *f)
{
	struct lahetti_span rest = lahetti_span_text(vkey);
	struct lahetti_note_verifier *v = NULL;
	struct lahetti_span name;
	struct lahetti_span hash;
	uint8_t typed[1 + ED25519_KEY_LEN];
	size_t len = 0;

	if (!take_until(&rest, '+', &name) || !is_key_name(name) ||
	    name.len > LAHETTI_KEY_NAME_MOST || !take_until(&rest, '+', &hash) ||
	    !lahetti_base64_parse(typed, sizeof typed, &len, rest, NULL) || len != sizeof typed ||
	    typed[0] != ED25519_TYPE)
		goto bad;
	v = calloc(1, sizeof *v);
	if (v == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	if (!identify(&v->identity, name, typed + 1, f))
		goto fail;
	/* The hash is right if the key, written again, is the same. */
	if (strcmp(v->identity.vkey, vkey) != 0)
		goto bad;
	v->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, typed + 1, ED25519_KEY_LEN);
	if (v->key == NULL) {
		(void)openssl_failed(f, "read a verifier key");
		goto fail;
	}
	return v;
bad:
	lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-verifier-key",
			  "A verifier key is not NAME+HASH+KEY of an Ed25519 key, or its hash is "
			  "another key's.");
fail:
	lahetti_note_verifier_destroy(v);
	return NULL;
}

void lahetti_note_verifier_destroy(struct lahetti_note_verifier *v)
{
	if (v == NULL)
		return;
	EVP_PKEY_free(v->key);
	free(v);
}

const char *lahetti_note_verifier_vkey(const struct lahetti_note_verifier *v)
{
	return v->identity.vkey;
}

const char *lahetti_note_verifier_name(const struct lahetti_note_verifier *v)
{
	return v->identity.name;
}

/* ---- notes --------------------------------------------------------------------------------- */

static bool bad_note(struct lahetti_fault *f, const char *why)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-note", "A note is malformed: %s.",
				 why);
}

static bool bad_signature(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-signature",
				 "The signature of the note does not hold.");
}

bool lahetti_note_signature_verify(const struct lahetti_note_verifier *v, struct lahetti_span text,
				   struct lahetti_span sig, struct lahetti_fault *f)
{
	EVP_MD_CTX *ctx;
	bool ready;
	bool holds;

	if (sig.len != LAHETTI_ED25519_LEN)
		return bad_signature(f);
	ctx = EVP_MD_CTX_new();
	ready = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, v->key) == 1;
	holds = ready && EVP_DigestVerify(ctx, sig.data, sig.len, text.data, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ready)
		return openssl_failed(f, "verify a signature");
	ERR_clear_error();
	return holds || bad_signature(f);
}

/* The text and the lines of signatures of a note: what stands before and after its last blank line.
 */
static bool split(struct lahetti_span note, struct lahetti_span *text, struct lahetti_span *lines,
		  struct lahetti_fault *f)
{
	size_t at = note.len;

	if (!is_text(note))
		return bad_note(f, "it is not UTF-8 or has control characters");
	if (note.len == 0 || note.data[note.len - 1] != '\n')
		return bad_note(f, "it does not end with a newline");
	while (at >= 2 && (note.data[at - 1] != '\n' || note.data[at - 2] != '\n'))
		at--;
	if (at < 2)
		return bad_note(f, "it has no blank line before the signatures");
	if (at == note.len)
		return bad_note(f, "it has no signatures");
	*text = lahetti_span(note.data, at - 1);
	*lines = lahetti_span(note.data + at, note.len - at);
	return true;
}

/* A signature line; bytes holds the beginning of key hash and signature, len counts all of them. */
struct line {
	struct lahetti_span name;
	uint8_t bytes[SIGNATURE_LEN];
	size_t len;
};

/* Signatures of other algorithms may have any length, so their Base64 is checked piece by piece. */
static bool decode_signature(struct line *line, struct lahetti_span text)
{
	uint8_t piece[768];
	const size_t room = BASE64_LEN(sizeof piece);

	line->len = 0;
	while (text.len > 0) {
		size_t take = text.len < room ? text.len : room;
		size_t len = 0;

		if (!lahetti_base64_parse(piece, sizeof piece, &len, lahetti_span(text.data, take),
					  NULL) ||
		    (take < text.len && len < sizeof piece))
			return false;
		if (line->len == 0)
			memcpy(line->bytes, piece,
			       len < sizeof line->bytes ? len : sizeof line->bytes);
		line->len += len;
		text = lahetti_span(text.data + take, text.len - take);
	}
	return line->len > KEY_HASH_LEN;
}

static bool take_line(struct lahetti_span *lines, struct line *line, struct lahetti_fault *f)
{
	const size_t dash = sizeof EM_DASH - 1;
	struct lahetti_span text = {0};

	if (!take_until(lines, '\n', &text) || text.len < dash ||
	    memcmp(text.data, EM_DASH, dash) != 0)
		return bad_note(f, "a signature does not begin with a dash and a space");
	text = lahetti_span(text.data + dash, text.len - dash);
	if (!take_until(&text, ' ', &line->name) || !is_key_name(line->name))
		return bad_note(f, "the name of a key is empty or has a plus");
	if (!decode_signature(line, text))
		return bad_note(f, "a signature is not Base64 or too short");
	return true;
}

static bool line_is_of(const struct line *line, const struct identity *id)
{
	return lahetti_span_equal(line->name, lahetti_span_text(id->name)) &&
	       memcmp(line->bytes, id->hash, KEY_HASH_LEN) == 0;
}

/* The text of a note, with all its lines looked at; without a verifier only their form. */
static bool read_note(struct lahetti_span note, const struct lahetti_note_verifier *v,
		      struct lahetti_span *out, struct lahetti_fault *f)
{
	struct lahetti_span text = {0};
	struct lahetti_span lines = {0};
	bool known = false;
	size_t n = 0;

	if (!split(note, &text, &lines, f))
		return false;
	while (lines.len > 0) {
		struct line line;

		if (++n > SIGNATURES_MOST)
			return bad_note(f, "it has too many signatures");
		if (!take_line(&lines, &line, f))
			return false;
		if (v == NULL || !line_is_of(&line, &v->identity))
			continue;
		known = true;
		if (line.len != sizeof line.bytes)
			return bad_signature(f);
		if (!lahetti_note_signature_verify(
			    v, text, lahetti_span(line.bytes + KEY_HASH_LEN, LAHETTI_ED25519_LEN),
			    f))
			return false;
	}
	if (v != NULL && !known)
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "unknown-key",
					 "No signature of the note is of the key that is trusted.");
	*out = text;
	return true;
}

bool lahetti_note_open(struct lahetti_span note, const struct lahetti_note_verifier *v,
		       struct lahetti_span *text, struct lahetti_fault *f)
{
	assert(v != NULL);
	return read_note(note, v, text, f);
}

/* ---- signing ------------------------------------------------------------------------------- */

/* One line of signatures over the text. */
static bool signature_line(const struct lahetti_note_signer *s, struct lahetti_span text,
			   char line[LINE_MOST], int *len, struct lahetti_fault *f)
{
	uint8_t sig[SIGNATURE_LEN];
	char base64[BASE64_LEN(sizeof sig) + 1];
	size_t sig_len = LAHETTI_ED25519_LEN;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done;

	memcpy(sig, s->identity.hash, KEY_HASH_LEN);
	done = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->key) == 1 &&
	       EVP_DigestSign(ctx, sig + KEY_HASH_LEN, &sig_len, text.data, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!done)
		return openssl_failed(f, "sign a note");
	lahetti_base64(lahetti_span(sig, sizeof sig), base64);
	*len = snprintf(line, LINE_MOST, EM_DASH "%s %s\n", s->identity.name, base64);
	return true;
}

bool lahetti_note_sign(struct lahetti_span text, const struct lahetti_note_signer *const *signers,
		       size_t n, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	size_t before = out->len;
	char line[LINE_MOST];
	bool ok;
	int len;

	if (text.len == 0 || text.data[text.len - 1] != '\n' || !is_text(text))
		return bad_note(f, "its text is not lines of UTF-8");
	ok = lahetti_buffer_add(out, text, f) && lahetti_buffer_add(out, lahetti_span("\n", 1), f);
	for (size_t i = 0; ok && i < n; i++)
		ok = signature_line(signers[i], text, line, &len, f) &&
		     lahetti_buffer_add(out, lahetti_span(line, (size_t)len), f);
	if (!ok)
		out->len = before;
	return ok;
}

/* ---- checkpoints --------------------------------------------------------------------------- */

static bool bad_checkpoint(struct lahetti_fault *f, const char *why)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-checkpoint",
				 "A checkpoint is malformed: %s.", why);
}

/* Decimal without sign or leading zeros. */
static bool parse_size(uint64_t *out, struct lahetti_span s)
{
	uint64_t size = 0;

	if (s.len == 0 || s.len > DIGITS_MOST || (s.data[0] == '0' && s.len > 1))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)s.data[i] - '0';

		if (digit > 9 || size > (UINT64_MAX - digit) / 10)
			return false;
		size = size * 10 + digit;
	}
	*out = size;
	return true;
}

static bool parse_text(struct lahetti_checkpoint *c, struct lahetti_span text,
		       struct lahetti_fault *f)
{
	struct lahetti_checkpoint parsed = {.size = 0};
	struct lahetti_span line = {0};
	size_t len = 0;

	if (!is_text(text))
		return bad_checkpoint(f, "it is not UTF-8 or has control characters");
	if (!take_until(&text, '\n', &line) || line.len == 0 || line.len > LAHETTI_KEY_NAME_MOST)
		return bad_checkpoint(f, "its first line is no origin");
	memcpy(parsed.origin, line.data, line.len);
	if (!take_until(&text, '\n', &line) || !parse_size(&parsed.size, line))
		return bad_checkpoint(f, "its second line is not the size of a tree");
	if (!take_until(&text, '\n', &line) ||
	    !lahetti_base64_parse(parsed.root.bytes, sizeof parsed.root.bytes, &len, line, NULL) ||
	    len != sizeof parsed.root.bytes)
		return bad_checkpoint(f, "its third line is not the root of a tree");
	while (text.len > 0)
		if (!take_until(&text, '\n', &line) || line.len == 0)
			return bad_checkpoint(f, "a further line is empty or does not end");
	*c = parsed;
	return true;
}

bool lahetti_checkpoint_sign(const struct lahetti_checkpoint *c,
			     const struct lahetti_note_signer *s, char *note, size_t *len,
			     struct lahetti_fault *f)
{
	char root[BASE64_LEN(LAHETTI_DIGEST_LEN) + 1];
	struct lahetti_checkpoint again;
	int text_len;
	int line_len;

	_Static_assert(LAHETTI_KEY_NAME_MOST + DIGITS_MOST + sizeof root + LINE_MOST + 8 <=
			       LAHETTI_NOTE_MOST,
		       "a checkpoint of ours fits");
	lahetti_base64(lahetti_digest_span(&c->root), root);
	text_len = snprintf(note, LAHETTI_NOTE_MOST, "%.*s\n%" PRIu64 "\n%s\n",
			    LAHETTI_KEY_NAME_MOST, c->origin, c->size, root);
	/* An origin that could be read as something else is never signed. */
	if (!parse_text(&again, lahetti_span(note, (size_t)text_len), f))
		return false;
	if (strncmp(again.origin, c->origin, sizeof again.origin) != 0)
		return bad_checkpoint(f, "its origin is more than one line or too long");
	note[text_len] = '\n';
	if (!signature_line(s, lahetti_span(note, (size_t)text_len), note + text_len + 1, &line_len,
			    f))
		return false;
	*len = (size_t)text_len + 1 + (size_t)line_len;
	return true;
}

bool lahetti_checkpoint_open(struct lahetti_checkpoint *c, struct lahetti_span note,
			     const struct lahetti_note_verifier *v, const char *origin,
			     struct lahetti_fault *f)
{
	struct lahetti_checkpoint parsed;
	struct lahetti_span text = {0};

	if (!lahetti_note_open(note, v, &text, f) || !parse_text(&parsed, text, f))
		return false;
	if (origin != NULL && strcmp(parsed.origin, origin) != 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-origin",
					 "The checkpoint is of another log or another generation.");
	*c = parsed;
	return true;
}

bool lahetti_checkpoint_parse(struct lahetti_checkpoint *c, struct lahetti_span text,
			      struct lahetti_fault *f)
{
	/* The text of a checkpoint has no blank line, so one that is there belongs to a note. */
	if (text.len > 0 && memmem(text.data, text.len, "\n\n", 2) != NULL &&
	    !read_note(text, NULL, &text, f))
		return false;
	return parse_text(c, text, f);
}
