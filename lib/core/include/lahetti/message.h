/*
 * Reading protobuf from strangers. protobuf-c checks neither UTF-8 nor NUL in strings, keeps
 * unknown fields, lets the last of two singular fields win, and has no limit on elements; so the
 * bytes are walked once, by the descriptor, before they are unpacked into an arena.
 */
#ifndef LAHETTI_MESSAGE_H
#define LAHETTI_MESSAGE_H

#include "lahetti/arena.h"
#include "lahetti/span.h"

#define LAHETTI_MESSAGE_DEPTH	 16   /* messages inside one another */
#define LAHETTI_MESSAGE_ELEMENTS 4096 /* in all repeated fields together, on all levels */

/* What becomes of unknown fields and enum values. */
enum lahetti_message_rule {
	LAHETTI_MESSAGE_FRAME,	/* let through: a newer peer may send them */
	LAHETTI_MESSAGE_SIGNED, /* refused as "newer-statement" (MALFORMED) */
};

/*
 * Walks bytes as a message of that descriptor, into all submessages. Refused, all MALFORMED:
 *   "bad-message"        what is cut short, varints longer than need be or than their field, wrong
 *                        wire types, groups, field number 0, nesting beyond LAHETTI_MESSAGE_DEPTH
 *   "bad-text"           a string with invalid UTF-8 or NUL
 *   "duplicate-field"    a singular field twice, or two members of one oneof
 *   "too-many-elements"  more than LAHETTI_MESSAGE_ELEMENTS
 * and what rule says. A repeated scalar may come packed, element by element, or both.
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

/*
 * protobuf-c's strings and bytes. The first two cast away const, which packing never writes
 * through.
 */
LAHETTI_API char *lahetti_text(const char *text);
LAHETTI_API ProtobufCBinaryData lahetti_bytes(struct lahetti_span s);
static inline struct lahetti_span lahetti_bytes_span(ProtobufCBinaryData b)
{
	return lahetti_span(b.data, b.len);
}

#endif
