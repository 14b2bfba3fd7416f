/*
 * Statements of strangers. What is read is of a known kind, says what its kind demands, and is read
 * again when it is packed again; what is not read is refused with a code that has its sentence.
 */
#include "lahetti/id.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/text.h"

#include <stdlib.h>
#include <string.h>

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static void check_header(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *h)
{
	lahetti_set categories;

	must(h->kind == kind->number && h->kind_version == kind->version);
	must(h->id.len == LAHETTI_ID_LEN && h->salt.len == LAHETTI_SALT_LEN);
	must(h->device.len == LAHETTI_DIGEST_LEN && h->author.len == LAHETTI_ID_LEN);
	must(h->client.len == (kind->has_client ? LAHETTI_ID_LEN : 0));
	must((h->in_reply_to != NULL) == (kind->replies_to != 0));
	must(h->n_recipients >= kind->recipients_least);
	must(h->n_recipients <= kind->recipients_most);
	must(lahetti_enum_set(h->categories, h->n_categories, &categories));
	for (size_t i = 0; i < h->n_recipients; i++)
		must(LAHETTI_IN(kind->recipients, h->recipients[i]->kind));
	for (size_t i = 0; i < h->n_attachments; i++)
		must(strpbrk(h->attachments[i]->name, "/\\\n") == NULL);
}

static void check_body(const struct lahetti_statement *s)
{
	Lahetti__V1__Step step = lahetti_body_step(s->kind, s->body);
	struct lahetti_span delivery = lahetti_body_delivery(s->kind, s->body);

	must((step != LAHETTI__V1__STEP__STEP_UNSPECIFIED) == (delivery.len == LAHETTI_ID_LEN));
	if (step != LAHETTI__V1__STEP__STEP_UNSPECIFIED)
		must(LAHETTI_IN(lahetti_step_any((int)step)->kinds, s->kind->number));
}

static void check_again(const struct lahetti_statement *s, struct lahetti_arena *arena)
{
	Lahetti__V1__Statement statement = LAHETTI__V1__STATEMENT__INIT;
	struct lahetti_statement again;
	struct lahetti_fault f = {0};
	struct lahetti_span packed;

	statement.header = (Lahetti__V1__Header *)(uintptr_t)s->header;
	statement.body = lahetti_bytes(lahetti_message_pack(s->body, arena));
	packed = lahetti_message_pack(&statement.base, arena);
	if (statement.body.data == NULL || packed.data == NULL)
		return;
	must(lahetti_statement_read(&again, packed, arena, &f) ||
	     strcmp(f.code, "message-too-large") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct lahetti_arena arena;
	struct lahetti_statement s;
	struct lahetti_fault f = {0};

	must(arena.block != NULL || lahetti_arena_init(&arena, ROOM, NULL));
	lahetti_arena_reset(&arena);
	if (!lahetti_statement_read(&s, lahetti_span(data, len), &arena, &f)) {
		must(f.kind == LAHETTI_FAULT_MALFORMED);
		must(lahetti_text_of_code(f.code, LAHETTI_FINNISH) != NULL);
		return 0;
	}
	check_header(s.kind, s.header);
	check_body(&s);
	check_again(&s, &arena);
	return 0;
}
