#include "again.h"

#include "lahetti/id.h"

#include <stdio.h>
#include <stdlib.h>

#define LONGEST_US (INT64_C(3600) * 1000000)

static uint64_t number_in(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

uint64_t again_times(uint64_t otherwise)
{
	return number_in("LAHETTI_TIMES", otherwise);
}

uint64_t again_seed(void)
{
	uint64_t seed = number_in("LAHETTI_SEED", (uint64_t)lahetti_now_us());

	(void)printf("LAHETTI_SEED=%llu\n", (unsigned long long)seed);
	(void)fflush(stdout);
	return seed;
}

uint64_t again_random(uint64_t *seed)
{
	uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

bool again_due(uint64_t done, uint64_t times, int64_t start_us)
{
	return done < times && lahetti_now_us() - start_us < LONGEST_US;
}
