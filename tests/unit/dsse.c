#include "lahetti/dsse.h"

#include "lahetti/message.h"
#include "vectors.h"

#include <lahetti/v1/common.pb-c.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct lahetti_span payload = {(const uint8_t *)"hello\0world", 11};

struct fixture {
	struct lahetti_arena arena;
	struct lahetti_private_key *key;
	const struct lahetti_public_key *public;
};

static int set_up(void **state)
{
	static struct fixture x;

	if (!lahetti_arena_init(&x.arena, 65536, NULL))
		return -1;
	x.key = lahetti_private_key_new(NULL);
	if (x.key == NULL)
		return -1;
	x.public = lahetti_private_key_public(x.key);
	*state = &x;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *x = *state;

	lahetti_private_key_destroy(x->key);
	lahetti_arena_finish(&x->arena);
	return 0;
}

static struct lahetti_envelope sign(struct fixture *x)
{
	struct lahetti_envelope e;
	struct lahetti_span packed =
		lahetti_envelope_sign(LAHETTI_TYPE_STATEMENT, payload, x->key, &x->arena, NULL);

	assert_non_null(packed.data);
	assert_true(lahetti_envelope_read(&e, packed, &x->arena, NULL));
	return e;
}

static const char *refused(const struct lahetti_envelope *e, const char *type,
			   const struct lahetti_public_key *key)
{
	struct lahetti_fault f = {0};

	assert_false(lahetti_envelope_verify(e, type, key, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
	return f.code;
}

/* ---- the standard's own example ------------------------------------------------------------ */

/* A public key from the decimal coordinates that the example gives. */
static struct lahetti_public_key *key_of(const char *x_dec, const char *y_dec)
{
	static const uint8_t head[] = {
		0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
		0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
	};
	uint8_t spki[sizeof head + 64];
	struct lahetti_public_key *key;
	BIGNUM *x = NULL;
	BIGNUM *y = NULL;

	assert_true(BN_dec2bn(&x, x_dec) > 0);
	assert_true(BN_dec2bn(&y, y_dec) > 0);
	memcpy(spki, head, sizeof head);
	assert_int_equal(BN_bn2binpad(x, spki + sizeof head, 32), 32);
	assert_int_equal(BN_bn2binpad(y, spki + sizeof head + 32, 32), 32);
	key = lahetti_public_key_read(lahetti_span(spki, sizeof spki), NULL);
	assert_non_null(key);
	BN_free(x);
	BN_free(y);
	return key;
}

static void published_example_verifies(void **state)
{
	struct fixture *x = *state;
	json_t *json = vectors_load("dsse/dsse_p256.json");
	const json_t *envelope = json_object_get(json, "envelope");
	const json_t *signature = json_array_get(json_object_get(envelope, "signatures"), 0);
	const char *type = vectors_text(json, "payloadType");
	struct lahetti_public_key *key =
		key_of(vectors_text(json, "pub_x_dec"), vectors_text(json, "pub_y_dec"));
	struct lahetti_envelope e = {
		.payload = vectors_base64(envelope, "payload", &x->arena),
		.payload_type = lahetti_span_text(type),
		.key_id = *lahetti_public_key_id(key),
		.sig = vectors_base64(signature, "sig", &x->arena),
	};

	assert_true(lahetti_span_equal(e.payload,
				       lahetti_span_text(vectors_text(json, "payload_utf8"))));
	assert_true(lahetti_envelope_verify(&e, type, key, NULL));
	e.payload.len--;
	assert_string_equal(refused(&e, type, key), "bad-signature");
	lahetti_public_key_destroy(key);
	json_decref(json);
}

static void signed_bytes_are_the_published_ones(void **state)
{
	struct fixture *x = *state;
	json_t *json = vectors_load("dsse/dsse_p256.json");
	struct lahetti_span expected = lahetti_span_text(vectors_text(json, "pae_utf8"));
	struct lahetti_buffer joined;
	struct lahetti_pae pae;

	(void)x;
	lahetti_buffer_init(&joined, 1024);
	lahetti_pae(&pae, lahetti_span_text(vectors_text(json, "payloadType")),
		    lahetti_span_text(vectors_text(json, "payload_utf8")));
	for (size_t i = 0; i < LAHETTI_PAE_SPANS; i++)
		assert_true(lahetti_buffer_add(&joined, pae.spans[i], NULL));
	assert_true(lahetti_span_equal(lahetti_buffer_span(&joined), expected));
	lahetti_buffer_finish(&joined);
	json_decref(json);
}

static void lengths_of_any_size_have_room(void **state)
{
	struct lahetti_pae pae;

	(void)state;
	lahetti_pae(&pae, lahetti_span("", SIZE_MAX), lahetti_span("", SIZE_MAX));
	assert_string_equal(pae.head, "DSSEv1 18446744073709551615 ");
	assert_string_equal(pae.middle, " 18446744073709551615 ");
}

/* ---- envelopes of ours --------------------------------------------------------------------- */

static void signed_envelope_reads_and_verifies(void **state)
{
	struct fixture *x = *state;
	struct lahetti_envelope e = sign(x);

	assert_true(lahetti_span_equal(e.payload, payload));
	assert_true(lahetti_span_equal(e.payload_type, lahetti_span_text(LAHETTI_TYPE_STATEMENT)));
	assert_true(lahetti_digest_equal(&e.key_id, lahetti_public_key_id(x->public)));
	assert_true(lahetti_envelope_verify(&e, LAHETTI_TYPE_STATEMENT, x->public, NULL));
}

static void envelope_holds_for_its_type_only(void **state)
{
	struct fixture *x = *state;
	struct lahetti_envelope e = sign(x);

	assert_string_equal(refused(&e, LAHETTI_TYPE_LOGIN, x->public), "wrong-type");
	/* The type is signed too: saying another one does not help. */
	e.payload_type = lahetti_span_text(LAHETTI_TYPE_LOGIN);
	assert_string_equal(refused(&e, LAHETTI_TYPE_LOGIN, x->public), "bad-signature");
}

static void envelope_holds_for_its_key_only(void **state)
{
	struct fixture *x = *state;
	struct lahetti_envelope e = sign(x);
	struct lahetti_private_key *other = lahetti_private_key_new(NULL);

	assert_non_null(other);
	assert_string_equal(refused(&e, LAHETTI_TYPE_STATEMENT, lahetti_private_key_public(other)),
			    "wrong-key");
	e.key_id = *lahetti_public_key_id(lahetti_private_key_public(other));
	assert_string_equal(refused(&e, LAHETTI_TYPE_STATEMENT, lahetti_private_key_public(other)),
			    "bad-signature");
	lahetti_private_key_destroy(other);
}

static void bytes_cannot_move_between_type_and_payload(void **state)
{
	struct fixture *x = *state;
	struct lahetti_envelope e;
	struct lahetti_span packed = lahetti_envelope_sign("type", lahetti_span_text(" 5 hello"),
							   x->key, &x->arena, NULL);

	assert_true(lahetti_envelope_read(&e, packed, &x->arena, NULL));
	assert_true(lahetti_envelope_verify(&e, "type", x->public, NULL));
	e.payload_type = lahetti_span_text("type 8 ");
	e.payload = lahetti_span_text("hello");
	assert_string_equal(refused(&e, "type 8 ", x->public), "bad-signature");
}

static void changed_payload_does_not_hold(void **state)
{
	struct fixture *x = *state;
	struct lahetti_envelope e = sign(x);

	e.payload = lahetti_span_text("hello_world");
	assert_string_equal(refused(&e, LAHETTI_TYPE_STATEMENT, x->public), "bad-signature");
}

static void empty_payload_can_be_signed(void **state)
{
	struct fixture *x = *state;
	struct lahetti_envelope e;
	struct lahetti_span packed = lahetti_envelope_sign(
		LAHETTI_TYPE_LOGIN, lahetti_span(NULL, 0), x->key, &x->arena, NULL);

	assert_true(lahetti_envelope_read(&e, packed, &x->arena, NULL));
	assert_int_equal(e.payload.len, 0);
	assert_true(lahetti_envelope_verify(&e, LAHETTI_TYPE_LOGIN, x->public, NULL));
}

static void envelope_has_exactly_one_whole_signature(void **state)
{
	static const struct {
		size_t n, key_id, sig;
		bool good;
	} shapes[] = {
		{1, 32, 64, true}, {0, 32, 64, false}, {2, 32, 64, false},
		{1, 0, 64, false}, {1, 31, 64, false}, {1, 33, 64, false},
		{1, 32, 0, false}, {1, 32, 63, false}, {1, 32, 65, false},
	};
	static const uint8_t bytes[65] = {1};
	struct fixture *x = *state;

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		Lahetti__V1__Envelope message = LAHETTI__V1__ENVELOPE__INIT;
		Lahetti__V1__Signature signature = LAHETTI__V1__SIGNATURE__INIT;
		Lahetti__V1__Signature *signatures[] = {&signature, &signature};
		struct lahetti_fault f = {0};
		struct lahetti_envelope e;
		struct lahetti_span packed;

		signature.key_id = lahetti_bytes(lahetti_span(bytes, shapes[i].key_id));
		signature.sig = lahetti_bytes(lahetti_span(bytes, shapes[i].sig));
		message.signatures = signatures;
		message.n_signatures = shapes[i].n;
		assert_int_equal(lahetti_envelope_of(&e, &message, &f), shapes[i].good);
		packed = lahetti_message_pack(&message.base, &x->arena);
		assert_int_equal(lahetti_envelope_read(&e, packed, &x->arena, &f), shapes[i].good);
		if (!shapes[i].good) {
			assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
			assert_string_equal(f.code, "bad-envelope");
		}
	}
}

static void other_bytes_are_no_envelope(void **state)
{
	struct fixture *x = *state;
	struct lahetti_fault f = {0};
	struct lahetti_envelope e;

	assert_false(lahetti_envelope_read(&e, lahetti_span(NULL, 0), &x->arena, &f));
	assert_string_equal(f.code, "bad-envelope");
	assert_false(lahetti_envelope_read(&e, lahetti_span("\xff", 1), &x->arena, &f));
	assert_string_equal(f.code, "bad-message");
}

static void envelope_beyond_the_arena_is_not_signed(void **state)
{
	struct fixture *x = *state;
	struct lahetti_arena small;
	struct lahetti_fault f = {0};

	assert_true(lahetti_arena_init(&small, 64, NULL));
	assert_null(lahetti_envelope_sign(LAHETTI_TYPE_LOGIN, payload, x->key, &small, &f).data);
	assert_string_equal(f.code, "message-too-large");
	lahetti_arena_finish(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_example_verifies),
		cmocka_unit_test(signed_bytes_are_the_published_ones),
		cmocka_unit_test(lengths_of_any_size_have_room),
		cmocka_unit_test(signed_envelope_reads_and_verifies),
		cmocka_unit_test(envelope_holds_for_its_type_only),
		cmocka_unit_test(envelope_holds_for_its_key_only),
		cmocka_unit_test(bytes_cannot_move_between_type_and_payload),
		cmocka_unit_test(changed_payload_does_not_hold),
		cmocka_unit_test(empty_payload_can_be_signed),
		cmocka_unit_test(envelope_has_exactly_one_whole_signature),
		cmocka_unit_test(other_bytes_are_no_envelope),
		cmocka_unit_test(envelope_beyond_the_arena_is_not_signed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
