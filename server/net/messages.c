#include "messages.h"

#include <stdlib.h>
#include <string.h>

void messages_init(struct messages *q)
{
	STAILQ_INIT(&q->list);
	q->bytes = 0;
}

bool messages_add(struct messages *q, struct lahetti_span bytes)
{
	struct message *m = malloc(sizeof *m + bytes.len);

	if (m == NULL)
		return false;
	m->len = bytes.len;
	if (bytes.len > 0)
		memcpy(m->bytes, bytes.data, bytes.len);
	STAILQ_INSERT_TAIL(&q->list, m, link);
	q->bytes += m->len;
	return true;
}

struct message *messages_take(struct messages *q)
{
	struct message *m = STAILQ_FIRST(&q->list);

	if (m != NULL) {
		STAILQ_REMOVE_HEAD(&q->list, link);
		q->bytes -= m->len;
	}
	return m;
}

void messages_forget(struct messages *q)
{
	struct message *m;

	while ((m = messages_take(q)) != NULL)
		message_destroy(m);
}

bool messages_empty(const struct messages *q)
{
	return STAILQ_EMPTY(&q->list);
}

void message_destroy(struct message *m)
{
	if (m == NULL)
		return;
	lahetti_wipe(m->bytes, m->len);
	free(m);
}
