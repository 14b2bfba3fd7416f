/*
 * Tests of chance: run longer by LAHETTI_TIMES, and the same again by LAHETTI_SEED, which each
 * prints.
 */
#ifndef TEST_AGAIN_H
#define TEST_AGAIN_H

#include <stdbool.h>
#include <stdint.h>

uint64_t again_times(uint64_t otherwise);
uint64_t again_seed(void);
/* The next number of a seed (SplitMix64). */
uint64_t again_random(uint64_t *seed);
/* Whether one more time is due: fewer are done, and an hour is not over since start_us. */
bool again_due(uint64_t done, uint64_t times, int64_t start_us);

#endif
