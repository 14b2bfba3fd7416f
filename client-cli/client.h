/* Clients: how a person at this device names one. */
#ifndef CLIENT_H
#define CLIENT_H

#include "lahetti/id.h"

#include <protobuf-c/protobuf-c.h>

struct cli;

/* A client and one case of theirs, of one's own controller. */
struct client {
	struct lahetti_id id;
	struct lahetti_id case_id;
};

/*
 * The one client that a text names: digits of an identifier that this device has met, else a part
 * of a name or a personal identity code, which the server looks for (and records that it was
 * asked).
 */
LAHETTI_CHECKED bool client_find(struct cli *c, const char *text, struct client *client);

/* The same by digits of a case; of what names a client the newest case. Of a whole identifier of a
 * case only that is known. */
LAHETTI_CHECKED bool client_case(struct cli *c, const char *text, struct client *client);

/* Only the identifier, without asking the server: whole, or digits of one that the device has met.
 */
LAHETTI_CHECKED bool client_id(struct cli *c, const char *text, struct lahetti_id *id);

/* Keeps which case is which client's: identifiers only. Empty ones are passed over. */
LAHETTI_CHECKED bool client_remember(struct cli *c, ProtobufCBinaryData client,
				     ProtobufCBinaryData case_id);

#endif
