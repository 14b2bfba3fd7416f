#include "handling.h"
#include "lahetti/message.h"

bool facts_id(ProtobufCBinaryData b, struct lahetti_id *id, struct lahetti_fault *f)
{
	*id = (struct lahetti_id){0};
	return b.len == 0 || lahetti_id_read(id, lahetti_bytes_span(b), f);
}

bool cursor_read(ProtobufCBinaryData b, size_t len, uint64_t otherwise, uint64_t *at,
		 struct lahetti_fault *f)
{
	*at = otherwise;
	if (b.len == 0)
		return true;
	if (b.len != len)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_MALFORMED, "bad-cursor",
			"The place to go on from is not one that this server gave.");
	*at = 0;
	for (size_t i = 0; i < CURSOR_LEN; i++)
		*at = *at << 8 | b.data[i];
	return true;
}

void cursor_write(uint8_t out[CURSOR_LEN], uint64_t at)
{
	for (int i = CURSOR_LEN - 1; i >= 0; i--, at >>= 8)
		out[i] = (uint8_t)at;
}

bool facts_of_actor(struct handling *h, struct facts_actor *a, struct lahetti_fault *f)
{
	const struct job_actor *who = &h->job->head.actor;
	struct lahetti_fault none = {0};
	const Lahetti__V1__DirectoryEntry *device, *user, *membership = NULL;

	*a = (struct facts_actor){
		.user = who->user,
		.organisation = who->organisation,
		.unit = who->unit,
		.role = (Lahetti__V1__Role)who->role,
	};
	if (lahetti_id_empty(&who->user))
		return true;
	device = directory_find(h->store, DIRECTORY_DEVICE, lahetti_digest_span(&who->device), 0,
				&h->arena, &none);
	user = directory_find(h->store, DIRECTORY_USER, lahetti_id_span(&who->user), 0, &h->arena,
			      &none);
	if (!lahetti_id_empty(&who->membership))
		membership = directory_find(h->store, DIRECTORY_MEMBERSHIP,
					    lahetti_id_span(&who->membership), 0, &h->arena, &none);
	if (none.kind != LAHETTI_FAULT_NONE) {
		*f = none;
		return false;
	}
	a->device_confirmed = device != NULL && device->device->confirmed;
	a->device_revoked = device == NULL || device->device->revoked;
	a->user_disabled = user == NULL || user->user->disabled;
	a->known = membership != NULL;
	if (membership != NULL) {
		/* The role as it is now: it may have changed since login. */
		a->role = membership->membership->role;
		a->membership_ended = membership->membership->ended;
		a->leads_unit = membership->membership->leader;
	}
	if (lahetti_id_empty(&a->organisation) && user != NULL)
		return facts_id(user->user->organisation, &a->organisation, f);
	return true;
}

bool facts_author_is_actor(const struct handling *h, const Lahetti__V1__Header *header)
{
	const struct facts_actor *a = &h->actor;

	return a->known &&
	       lahetti_span_equal(lahetti_bytes_span(header->author), lahetti_id_span(&a->user)) &&
	       lahetti_span_equal(lahetti_bytes_span(header->device),
				  lahetti_digest_span(&h->job->head.actor.device)) &&
	       lahetti_digest_equal(&h->job->head.verified, &h->job->head.actor.device) &&
	       lahetti_span_equal(lahetti_bytes_span(header->unit), lahetti_id_span(&a->unit)) &&
	       lahetti_span_equal(lahetti_bytes_span(header->organisation),
				  lahetti_id_span(&a->organisation)) &&
	       header->role == a->role;
}
