/*
 * Frames and statements of strangers. What passes for signed passes for a frame; what the scan has
 * let through unpacks, if only there is room, and says the same when it is packed and read again.
 */
#include "lahetti/message.h"

#include <lahetti/v1/session.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static void check(const ProtobufCMessageDescriptor *type, struct lahetti_span bytes,
		  enum lahetti_message_rule rule, struct lahetti_arena *arena)
{
	bool passes = lahetti_message_scan(type, bytes, rule, NULL);
	struct lahetti_fault f = {0};
	const ProtobufCMessage *message;
	struct lahetti_span packed;

	lahetti_arena_reset(arena);
	message = lahetti_message_read(type, bytes, rule, arena, &f);
	if (message == NULL) {
		must(f.kind == LAHETTI_FAULT_MALFORMED);
		must(passes == (strcmp(f.code, "message-too-large") == 0));
		return;
	}
	must(passes);
	packed = lahetti_message_pack(message, arena);
	if (packed.data == NULL)
		return;
	must(lahetti_message_scan(type, packed, rule, NULL));
	message = lahetti_message_read(type, packed, rule, arena, &f);
	if (message != NULL) {
		struct lahetti_span again = lahetti_message_pack(message, arena);

		must(again.data == NULL || lahetti_span_equal(again, packed));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&lahetti__v1__client_frame__descriptor,
		&lahetti__v1__server_frame__descriptor,
		&lahetti__v1__statement__descriptor,
		&lahetti__v1__bundle__descriptor,
	};
	static struct lahetti_arena arena;
	const struct lahetti_span bytes = lahetti_span(data, len);

	must(arena.block != NULL || lahetti_arena_init(&arena, ROOM, NULL));
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (lahetti_message_scan(types[i], bytes, LAHETTI_MESSAGE_SIGNED, NULL))
			must(lahetti_message_scan(types[i], bytes, LAHETTI_MESSAGE_FRAME, NULL));
		check(types[i], bytes, LAHETTI_MESSAGE_FRAME, &arena);
		check(types[i], bytes, LAHETTI_MESSAGE_SIGNED, &arena);
	}
	return 0;
}
