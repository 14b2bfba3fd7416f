#include "lahetti/dsse.h"

#include "lahetti/message.h"

#include <lahetti/v1/common.pb-c.h>
#include <stdio.h>
#include <string.h>

void lahetti_pae(struct lahetti_pae *pae, struct lahetti_span type, struct lahetti_span payload)
{
	(void)snprintf(pae->head, sizeof pae->head, "DSSEv1 %zu ", type.len);
	(void)snprintf(pae->middle, sizeof pae->middle, " %zu ", payload.len);
	pae->spans[0] = lahetti_span_text(pae->head);
	pae->spans[1] = type;
	pae->spans[2] = lahetti_span_text(pae->middle);
	pae->spans[3] = payload;
}

bool lahetti_envelope_of(struct lahetti_envelope *e, const Lahetti__V1__Envelope *message,
			 struct lahetti_fault *f)
{
	const Lahetti__V1__Signature *signature;

	if (message->n_signatures != 1 ||
	    message->signatures[0]->key_id.len != LAHETTI_DIGEST_LEN ||
	    message->signatures[0]->sig.len != LAHETTI_SIGNATURE_LEN)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-envelope",
					 "An envelope carries exactly one signature of %d bytes.",
					 LAHETTI_SIGNATURE_LEN);
	signature = message->signatures[0];
	*e = (struct lahetti_envelope){
		.payload = lahetti_bytes_span(message->payload),
		.payload_type = lahetti_span_text(message->payload_type),
		.sig = lahetti_bytes_span(signature->sig),
	};
	memcpy(e->key_id.bytes, signature->key_id.data, LAHETTI_DIGEST_LEN);
	return true;
}

bool lahetti_envelope_read(struct lahetti_envelope *e, struct lahetti_span bytes,
			   struct lahetti_arena *arena, struct lahetti_fault *f)
{
	const Lahetti__V1__Envelope *message = lahetti_message_read(
		&lahetti__v1__envelope__descriptor, bytes, LAHETTI_MESSAGE_FRAME, arena, f);

	return message != NULL && lahetti_envelope_of(e, message, f);
}

bool lahetti_envelope_verify(const struct lahetti_envelope *e, const char *type,
			     const struct lahetti_public_key *key, struct lahetti_fault *f)
{
	struct lahetti_pae pae;

	if (!lahetti_span_equal(e->payload_type, lahetti_span_text(type)))
		return lahetti_fault_set(
			f, LAHETTI_FAULT_INVALID, "wrong-type",
			"The envelope holds something other than what is expected.");
	if (!lahetti_digest_equal(&e->key_id, lahetti_public_key_id(key)))
		return lahetti_fault_set(
			f, LAHETTI_FAULT_INVALID, "wrong-key",
			"The envelope names another key than the one it is checked with.");
	lahetti_pae(&pae, e->payload_type, e->payload);
	return lahetti_verify(key, pae.spans, LAHETTI_PAE_SPANS, e->sig, f);
}

struct lahetti_span lahetti_envelope_sign(const char *type, struct lahetti_span payload,
					  const struct lahetti_private_key *key,
					  struct lahetti_arena *arena, struct lahetti_fault *f)
{
	Lahetti__V1__Envelope message = LAHETTI__V1__ENVELOPE__INIT;
	Lahetti__V1__Signature signature = LAHETTI__V1__SIGNATURE__INIT;
	Lahetti__V1__Signature *signatures[] = {&signature};
	const struct lahetti_digest *id = lahetti_public_key_id(lahetti_private_key_public(key));
	uint8_t sig[LAHETTI_SIGNATURE_LEN];
	struct lahetti_pae pae;
	struct lahetti_span packed;

	lahetti_pae(&pae, lahetti_span_text(type), payload);
	if (!lahetti_sign(key, pae.spans, LAHETTI_PAE_SPANS, sig, f))
		return lahetti_span(NULL, 0);
	signature.key_id = lahetti_bytes(lahetti_digest_span(id));
	signature.sig = lahetti_bytes(lahetti_span(sig, sizeof sig));
	message.payload = lahetti_bytes(payload);
	message.payload_type = lahetti_text(type);
	message.signatures = signatures;
	message.n_signatures = 1;
	packed = lahetti_message_pack(&message.base, arena);
	if (packed.data == NULL)
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "message-too-large",
				  "A message takes more memory than one is given.");
	return packed;
}
