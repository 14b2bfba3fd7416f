#include "tally.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

void tally_write(struct tally *l, size_t n, const struct person *author,
		 const struct lahetti_id *unit, const struct lahetti_id *client,
		 const struct lahetti_id *case_id)
{
	Lahetti__V1__Referral body;

	assert_true(n <= TALLY_ROOM);
	tally_finish(l);
	referral_fill(&body);
	for (size_t i = 0; i < n; i++) {
		struct tally_entry *e = &l->entries[i];

		*e = (struct tally_entry){0};
		writing_begin(&e->writing, author, LAHETTI_KIND_REFERRAL, client, case_id);
		writing_to_queue(&e->writing, &author->organisation, unit);
		writing_sign(&e->writing, &body.base, author->key);
	}
	l->n = n;
	l->statements += n;
}

void tally_finish(struct tally *l)
{
	for (size_t i = 0; i < l->n; i++)
		writing_finish(&l->entries[i].writing);
	l->n = 0;
}

Lahetti__V1__ClientFrame *tally_frame(const struct tally_entry *e, struct lahetti_arena *arena)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ClientFrame *frame = lahetti_arena_take(arena, sizeof *frame);
	Lahetti__V1__Submit *submit = lahetti_arena_take(arena, sizeof *submit);

	assert_true(frame != NULL && submit != NULL);
	if (frame == NULL || submit == NULL) /* asserted above, unseen by analysers */
		return NULL;
	lahetti__v1__client_frame__init(frame);
	lahetti__v1__submit__init(submit);
	submit->envelope =
		lahetti_message_read(&lahetti__v1__envelope__descriptor, e->writing.envelope,
				     LAHETTI_MESSAGE_FRAME, arena, &f);
	assert_non_null(submit->envelope);
	frame->body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	frame->submit = submit;
	return frame;
}

void tally_send(struct tally *l, struct person *p)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;

	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	for (size_t i = 0; i < l->n; i++) {
		struct tally_entry *e = &l->entries[i];

		lahetti_arena_reset(&arena);
		e->number = 0;
		if (!lahetti_peer_send(p->peer, tally_frame(e, &arena), &e->number, &f))
			break;
	}
	lahetti_arena_finish(&arena);
}

static void note(struct tally *l, struct tally_entry *e, const Lahetti__V1__Receipt *receipt)
{
	assert_true(receipt->event.len > 0 && receipt->event.len <= sizeof e->event);
	l->changed += e->acknowledged && (e->event_len != receipt->event.len ||
					  memcmp(e->event, receipt->event.data, e->event_len) != 0);
	e->acknowledged = true;
	e->event_len = receipt->event.len;
	memcpy(e->event, receipt->event.data, e->event_len);
}

bool tally_note(struct tally *l, const Lahetti__V1__ServerFrame *frame)
{
	for (size_t i = 0; i < l->n; i++) {
		struct tally_entry *e = &l->entries[i];

		if (frame->correlation == 0 || e->number != frame->correlation)
			continue;
		if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED)
			note(l, e, frame->accepted->receipt);
		return true;
	}
	return false;
}

size_t tally_acknowledged(const struct tally *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->entries[i].acknowledged;
	return n;
}

void tally_again(struct tally *l, struct person *p)
{
	for (size_t i = 0; i < l->n; i++) {
		const Lahetti__V1__ServerFrame *answer = person_submit(p, &l->entries[i].writing);

		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
		note(l, &l->entries[i], answer->accepted->receipt);
	}
	assert_int_equal(0, l->changed);
}

void tally_is_whole(const struct tally *l, struct house *h)
{
	static const char *const fsck[] = {"fsck", NULL};
	char out[4096];
	int status = house_run(h, out, sizeof out, fsck);

	if (status != 0)
		print_message("%s", out);
	assert_int_equal(0, status);
	assert_int_equal(l->statements, number_after(out, "parts, "));
}
