/*
 * What a disk does to the database: a bit turned, the end cut off. Each time `lahettid fsck` finds
 * it, or is stopped by it with a sentence; or nothing that is stored has changed, which is shown by
 * reading everything. It neither crashes nor hangs.
 *
 * LAHETTI_SEED repeats a run: the seed is printed.
 */
#include "archive.h"
#include "checked.h"
#include "raw.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLIPS	    1000
#define TRUNCATIONS 200
#define FILE_MOST   (4 << 20)

struct disk {
	void **state;
	struct vault *vault;
	uint8_t *file;
	size_t len;
	struct raw_dump dump;
	uint64_t random;
	unsigned found, stopped, unchanged;
};

static uint64_t next_random(struct disk *d)
{
	/* xorshift64 */
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return d->random;
}

static void disk_make(struct disk *d, void **state)
{
	const char *seed = getenv("LAHETTI_SEED");
	struct archive a;

	*d = (struct disk){.state = state};
	d->random = seed == NULL ? 5 : strtoull(seed, NULL, 10);
	print_message("LAHETTI_SEED=%llu\n", (unsigned long long)d->random);
	archive_open(&a, state, "whole.db");
	archive_fill(&a);
	/* So much that tables have more than one page. */
	archive_begin(&a);
	for (int i = 0; i < 120; i++)
		(void)archive_look(&a, SAMPLE_COUNTY, SAMPLE_CLIENT);
	archive_commit(&a);
	archive_close(&a);
	d->file = malloc(FILE_MOST);
	assert_non_null(d->file);
	d->len = scratch_read(scratch_path(state, "whole.db"), d->file, FILE_MOST);
	assert_true(d->len < FILE_MOST);
	assert_true(raw_dump(scratch_path(state, "whole.db"), &d->dump));
	d->vault = vault_open(scratch_path(state, "master"), scratch_path(state, "keys"), NULL);
	assert_non_null(d->vault);
}

static void disk_finish(struct disk *d)
{
	print_message("%u found, %u stopped, %u without consequence\n", d->found, d->stopped,
		      d->unchanged);
	vault_close(d->vault);
	free(d->file);
}

/* The damaged file, of len bytes, as fsck sees it. */
static void judge(struct disk *d, size_t len, const char *what, size_t where)
{
	const char *path = scratch_path(d->state, "damaged.db");
	struct raw_dump dump;
	struct checked c;

	(void)remove(scratch_path(d->state, "damaged.db-wal"));
	(void)remove(scratch_path(d->state, "damaged.db-shm"));
	scratch_write(path, d->file, len);
	checked_run(&c, path, d->vault);
	if (checked_found(&c)) {
		d->found += c.done;
		d->stopped += !c.done;
		return;
	}
	if (!c.done || !raw_dump(path, &dump) || !raw_same(&dump, &d->dump))
		fail_msg("%s at %zu passes unseen", what, where);
	d->unchanged++;
}

static void every_flipped_bit_is_found_or_without_consequence(void **state)
{
	struct disk d;

	disk_make(&d, state);
	for (int i = 0; i < FLIPS; i++) {
		uint64_t bit;

		/* Every other one where something is written: half of a page may be empty. */
		do
			bit = next_random(&d) % (8 * d.len);
		while (i % 2 == 0 && d.file[bit / 8] == 0);
		d.file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		judge(&d, d.len, "bit", bit);
		d.file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(d.found > FLIPS / 4);
	disk_finish(&d);
}

static void every_truncation_is_found(void **state)
{
	struct disk d;

	disk_make(&d, state);
	for (int i = 0; i < TRUNCATIONS; i++) {
		size_t len = (size_t)(next_random(&d) % d.len);

		/* Also between pages, and by very little. */
		if (i % 4 == 0)
			len -= len % 16384;
		if (i % 4 == 1)
			len = d.len - 1 - len % 64;
		judge(&d, len, "end", len);
	}
	assert_int_equal(d.unchanged, 0);
	disk_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(every_flipped_bit_is_found_or_without_consequence),
		TEST(every_truncation_is_found),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
