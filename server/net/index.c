#include "index.h"

#include <stdlib.h>
#include <string.h>

bool index_init(struct index *x, size_t most, struct lahetti_fault *f)
{
	size_t size = 16;

	while (size < most)
		size *= 2;
	x->chains = calloc(size, sizeof *x->chains);
	x->mask = size - 1;
	return x->chains != NULL || lahetti_fault_no_memory(f);
}

void index_finish(struct index *x)
{
	free(x->chains);
	*x = (struct index){0};
}

static struct chain *chain_of(const struct index *x, struct lahetti_span key)
{
	uint64_t hash;

	memcpy(&hash, key.data + key.len - sizeof hash, sizeof hash);
	return &x->chains[hash & x->mask];
}

void index_add(struct index *x, struct lahetti_span key, struct link *l, struct session *s)
{
	l->session = s;
	LIST_INSERT_HEAD(chain_of(x, key), l, chain);
}

void index_remove(struct link *l)
{
	if (l->session == NULL)
		return;
	LIST_REMOVE(l, chain);
	l->session = NULL;
}

struct link *index_first(const struct index *x, struct lahetti_span key)
{
	return LIST_FIRST(chain_of(x, key));
}
