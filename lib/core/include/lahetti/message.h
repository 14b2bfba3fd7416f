/*
 * Reading protobuf from strangers. protobuf-c checks neither UTF-8 nor NUL in strings, keeps
 * unknown fields, lets the last of two singular fields win, and has no limit on elements; so the
 * bytes are walked once, by the descriptor, before they are unpacked into an arena.
 */
#ifndef LAHETTI_MESSAGE_H
#define LAHETTI_MESSAGE_H

#include "lahetti/arena.h"
#include "lahetti/span.h"

enum lahetti_message_rule {
	LAHETTI_MESSAGE_FRAME,	/* unknown fields and enum values are let through: a newer peer may
				   send them */
	LAHETTI_MESSAGE_SIGNED, /* they are refused as "newer-statement" (MALFORMED) */
};

/*
 * Walks len bytes as a message of that descriptor, into all submessages. Refused, all MALFORMED:
 * truncated or overlong varints, wrong wire types, groups, field number 0 ("bad-message"); invalid
 * UTF-8 or NUL in a string
 * ("bad-text"); a singular field twice, or two members of one oneof ("duplicate-field"); more than
 * 4,096 elements in all repeated fields together ("too-many-elements"); nesting beyond 16
 * ("bad-message"); and what rule says.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_message_scan(const ProtobufCMessageDescriptor *type,
						      struct lahetti_span bytes,
						      enum lahetti_message_rule rule,
						      struct lahetti_fault *f);

/*
 * Scans, then unpacks into the arena ("message-too-large", MALFORMED, when it is spent). The
 * message lives as long as the arena; it is never freed on its own. NULL on failure.
 */
LAHETTI_API LAHETTI_CHECKED void *lahetti_message_read(const ProtobufCMessageDescriptor *type,
						       struct lahetti_span bytes,
						       enum lahetti_message_rule rule,
						       struct lahetti_arena *arena,
						       struct lahetti_fault *f);

/* Packs into the arena. An empty span with NULL data means that the arena is spent. */
LAHETTI_API struct lahetti_span lahetti_message_pack(const ProtobufCMessage *message,
						     struct lahetti_arena *arena);

/* Whether the descriptor's enum has that value. */
LAHETTI_API bool lahetti_enum_known(const ProtobufCEnumDescriptor *type, int value);

/* protobuf-c's bytes and spans; the first casts away const, which packing never writes through. */
LAHETTI_API ProtobufCBinaryData lahetti_bytes(struct lahetti_span s);
static inline struct lahetti_span lahetti_bytes_span(ProtobufCBinaryData b)
{
	return lahetti_span(b.data, b.len);
}

#endif
