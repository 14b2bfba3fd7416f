#include "claim.h"

#include <string.h>
#include <strings.h>

#define CLIENT_NONCE_LEAST 16
#define CLIENT_NONCE_MOST  64
#define TEXT_MOST	   256

static bool all_zero(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != 0)
			return false;
	}
	return true;
}

static bool is(ProtobufCBinaryData given, const void *known, size_t len)
{
	return given.len == len && memcmp(given.data, known, len) == 0;
}

/* Whether two instants lie further apart than that. The claim's may be any number. */
static bool apart(int64_t now_us, int64_t other_us, int64_t most_us)
{
	return other_us < now_us - most_us || other_us > now_us + most_us;
}

/* ---- origins ------------------------------------------------------------------------------- */

/* How much of an origin is left without the port that https has anyway. */
static size_t len_without_port(const char *origin)
{
	static const char scheme[] = "https://";
	static const char port[] = ":443";
	size_t len = strlen(origin);

	if (len > sizeof scheme - 1 + sizeof port - 1 &&
	    strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
	    strcmp(origin + len - (sizeof port - 1), port) == 0)
		return len - (sizeof port - 1);
	return len;
}

static bool is_one_of(const char *origin, const char *const *origins)
{
	size_t len = len_without_port(origin);

	for (; *origins != NULL; origins++) {
		if (len == len_without_port(*origins) && strncasecmp(origin, *origins, len) == 0)
			return true;
	}
	return false;
}

/* ---- claims -------------------------------------------------------------------------------- */

static const char *check_nonce(ProtobufCBinaryData nonce, const struct claim_facts *facts)
{
	if (all_zero(facts->nonce, CLAIM_NONCE_LEN))
		return "nonce-used";
	if (apart(facts->now_us, facts->nonce_us, CLAIM_NONCE_US))
		return "nonce-expired";
	if (!is(nonce, facts->nonce, CLAIM_NONCE_LEN))
		return "wrong-nonce";
	return NULL;
}

/* Where the claim was made, as far as it tells. */
static const char *check_channel(const Lahetti__V1__LoginClaim *claim,
				 const struct claim_facts *facts)
{
	if (claim->tls_exporter.len > 0)
		return !all_zero(facts->exporter, CLAIM_EXPORTER_LEN) &&
				       is(claim->tls_exporter, facts->exporter, CLAIM_EXPORTER_LEN)
			       ? NULL
			       : "wrong-channel";
	if (facts->exporter_required)
		return "wrong-channel";
	return is_one_of(claim->origin, facts->origins) ? NULL : "wrong-origin";
}

const char *claim_login(const Lahetti__V1__LoginClaim *claim, const struct claim_facts *facts)
{
	const char *wrong;

	if (claim->server_nonce.len != CLAIM_NONCE_LEN ||
	    claim->client_nonce.len < CLIENT_NONCE_LEAST ||
	    claim->client_nonce.len > CLIENT_NONCE_MOST ||
	    claim->device.len != LAHETTI_DIGEST_LEN ||
	    (claim->tls_exporter.len != 0 && claim->tls_exporter.len != CLAIM_EXPORTER_LEN) ||
	    strlen(claim->origin) > TEXT_MOST || strlen(claim->audience) > TEXT_MOST)
		return "bad-claim";
	if (strcmp(claim->purpose, "login") != 0)
		return "wrong-purpose";
	wrong = check_nonce(claim->server_nonce, facts);
	if (wrong != NULL)
		return wrong;
	if (strcmp(claim->audience, facts->audience) != 0)
		return "wrong-audience";
	if (!is(claim->device, facts->key.bytes, LAHETTI_DIGEST_LEN))
		return "wrong-device";
	if (claim->version < facts->version_least || claim->version > facts->version_most)
		return "wrong-version";
	if (apart(facts->now_us, claim->time_us, CLAIM_CLOCK_US))
		return "clock-off";
	return check_channel(claim, facts);
}

const char *claim_enrolment(const Lahetti__V1__EnrolmentProof *proof,
			    const struct lahetti_digest *code, const struct claim_facts *facts)
{
	struct lahetti_span spki = lahetti_span(proof->spki.data, proof->spki.len);
	struct lahetti_digest key;
	const char *wrong;

	if (proof->nonce.len != CLAIM_NONCE_LEN || proof->code_sha256.len != LAHETTI_DIGEST_LEN ||
	    spki.len == 0 || spki.len > TEXT_MOST || strlen(proof->audience) > TEXT_MOST)
		return "bad-claim";
	wrong = check_nonce(proof->nonce, facts);
	if (wrong != NULL)
		return wrong;
	if (strcmp(proof->audience, facts->audience) != 0)
		return "wrong-audience";
	if (!lahetti_sha256(&key, &spki, 1, NULL) || !lahetti_digest_equal(&key, &facts->key))
		return "wrong-device";
	if (!is(proof->code_sha256, code->bytes, LAHETTI_DIGEST_LEN))
		return "wrong-code";
	if (apart(facts->now_us, proof->time_us, CLAIM_CLOCK_US))
		return "clock-off";
	return NULL;
}
