/* A list of messages: what waits to be said, or was read before its turn to be heard. Overwritten
 * when forgotten. */
#ifndef NET_MESSAGES_H
#define NET_MESSAGES_H

#include "lahetti/span.h"

#include <sys/queue.h>

#define MESSAGE_PRE 16 /* room in front, for the WebSocket's header */

struct message {
	STAILQ_ENTRY(message) link;
	size_t len;
	uint8_t room[MESSAGE_PRE];
	uint8_t bytes[];
};

STAILQ_HEAD(message_list, message);

struct messages {
	struct message_list list;
	size_t bytes; /* of all */
};

void messages_init(struct messages *q);
/* Appends a copy; false where there is no memory. */
LAHETTI_CHECKED bool messages_add(struct messages *q, struct lahetti_span bytes);
/* The first, which is now the caller's; NULL: none. */
struct message *messages_take(struct messages *q);
void messages_forget(struct messages *q);
bool messages_empty(const struct messages *q);
void message_destroy(struct message *m); /* NULL is accepted */

#endif
