#include "quiet.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_US INT64_C(60000000)

struct place {
	uint64_t source;
	int64_t minute;
	uint32_t unsaid;
};

struct quiet {
	size_t n;
	struct place places[];
};

struct quiet *quiet_create(size_t sources, struct lahetti_fault *f)
{
	struct quiet *q = calloc(1, sizeof *q + sources * sizeof *q->places);

	if (q == NULL)
		lahetti_fault_no_memory(f);
	else
		q->n = sources;
	return q;
}

void quiet_destroy(struct quiet *q)
{
	free(q);
}

/* FNV-1a: places are shared by chance at worst, and then each is heard oftener. */
static uint64_t mix(uint64_t h, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(1099511628211);
	return h;
}

bool quiet_speak(struct quiet *q, struct lahetti_span source, const char *code, int64_t now_us,
		 uint32_t *count)
{
	uint64_t h = mix(UINT64_C(14695981039346656037), source.data, source.len);
	int64_t minute = now_us / MINUTE_US;
	struct place *p;

	h = mix(h, (const uint8_t *)code, strlen(code));
	p = &q->places[h % q->n];
	/* Another source in the same place is heard: being found by chance silences nobody. */
	if (p->minute == minute && p->source == h) {
		p->unsaid++;
		return false;
	}
	*count = 1 + (p->source == h ? p->unsaid : 0);
	*p = (struct place){.source = h, .minute = minute};
	return true;
}
