/* The table of attachments on their way: what it takes, what it lets go, and several threads at it.
 */

#include "uploads.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HOUR	UPLOADS_SILENCE_US
#define MINUTE	(HOUR / 60)
#define THREADS 8
#define ROUNDS	40
#define LEN	(ATTACHMENTS_CHUNK + 100)
#define NOW	INT64_C(1772000000000000)

struct table {
	struct attachments *folder;
	struct uploads *uploads;
	const char *path;
	uint8_t *bytes;
};

static void table_make(struct table *t, void **state, uint32_t of_user, uint32_t all)
{
	const struct uploads_limits limits = {.attachment = LEN, .of_user = of_user, .all = all};

	*t = (struct table){.path = scratch_path(state, "attachments"), .bytes = malloc(LEN)};
	assert_non_null(t->bytes);
	for (size_t i = 0; i < LEN; i++)
		t->bytes[i] = (uint8_t)(i * 7 + i / 256);
	t->folder = attachments_open(t->path, ATTACHMENTS_WRITE, NULL);
	assert_non_null(t->folder);
	t->uploads = uploads_create(t->folder, &limits, NULL);
	assert_non_null(t->uploads);
}

static void table_finish(struct table *t)
{
	uploads_destroy(t->uploads);
	attachments_close(t->folder);
	free(t->bytes);
}

static size_t files(const struct table *t)
{
	DIR *d = opendir(t->path);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static struct lahetti_id new_id(void)
{
	struct lahetti_id id;

	assert_true(lahetti_id_new(&id, NOW, NULL));
	return id;
}

/* The nth piece of the whole. */
static struct uploads_piece piece(const struct table *t, const struct lahetti_id *user,
				  const struct lahetti_id *id, size_t n)
{
	const struct lahetti_span whole = lahetti_span(t->bytes, LEN);
	struct uploads_piece p = {
		.user = *user, .id = *id, .size = LEN, .offset = n * ATTACHMENTS_CHUNK};

	assert_true(lahetti_sha256(&p.sha256, &whole, 1, NULL));
	p.data = n == 0 ? lahetti_span(t->bytes, ATTACHMENTS_CHUNK)
			: lahetti_span(t->bytes + ATTACHMENTS_CHUNK, LEN - ATTACHMENTS_CHUNK);
	return p;
}

static uint64_t put(struct table *t, const struct uploads_piece *p, int64_t now_us)
{
	struct lahetti_fault f = {0};
	uint64_t received;

	if (!uploads_put(t->uploads, p, now_us, &received, &f))
		fail_msg("%s", f.code);
	return received;
}

static void put_whole(struct table *t, const struct lahetti_id *user, const struct lahetti_id *id,
		      int64_t now_us)
{
	for (size_t n = 0; n < 2; n++) {
		struct uploads_piece p = piece(t, user, id, n);

		(void)put(t, &p, now_us);
	}
}

static void refused(struct table *t, const struct uploads_piece *p, const char *code)
{
	struct lahetti_fault f = {0};
	uint64_t received;

	assert_false(uploads_put(t->uploads, p, NOW, &received, &f));
	assert_string_equal(f.code, code);
}

static bool is_whole(struct table *t, const struct lahetti_id *user, const struct lahetti_id *id)
{
	struct uploads_piece p = piece(t, user, id, 0);

	return uploads_whole(t->uploads, user, id, LEN, &p.sha256);
}

static void what_is_silent_for_an_hour_goes(void **state)
{
	struct lahetti_id user = new_id(), half = new_id(), whole = new_id(), alive = new_id();
	struct uploads_piece first, asks;
	struct table t;

	table_make(&t, state, 10, 10);
	first = piece(&t, &user, &half, 0);
	(void)put(&t, &first, NOW);
	put_whole(&t, &user, &whole, NOW);
	first = piece(&t, &user, &alive, 0);
	(void)put(&t, &first, NOW);
	uploads_expire(t.uploads, NOW + HOUR);
	assert_int_equal(files(&t), 3);
	/* To ask keeps it alive too. */
	asks = first;
	asks.data.len = 0;
	assert_int_equal(put(&t, &asks, NOW + HOUR), ATTACHMENTS_CHUNK);
	uploads_expire(t.uploads, NOW + HOUR + 2 * MINUTE);
	assert_int_equal(files(&t), 1);
	assert_false(is_whole(&t, &user, &whole));
	assert_int_equal(put(&t, &asks, NOW + HOUR), ATTACHMENTS_CHUNK);
	table_finish(&t);
	assert_int_equal(files(&t), 0);
}

static void what_is_taken_stays_until_it_is_settled(void **state)
{
	struct lahetti_id user = new_id(), id = new_id(), other = new_id();
	struct uploads_piece again;
	struct table t;

	table_make(&t, state, 10, 10);
	put_whole(&t, &user, &id, NOW);
	assert_true(is_whole(&t, &user, &id));
	assert_false(is_whole(&t, &other, &id));
	assert_null(uploads_take(t.uploads, &other, &id));
	assert_non_null(uploads_take(t.uploads, &user, &id));
	/* To two statements at once it belongs to neither. */
	assert_false(is_whole(&t, &user, &id));
	assert_null(uploads_take(t.uploads, &user, &id));
	uploads_expire(t.uploads, NOW + 3 * HOUR);
	assert_int_equal(files(&t), 1);
	again = piece(&t, &user, &id, 0);
	assert_int_equal(put(&t, &again, NOW), LEN);
	again.size--;
	refused(&t, &again, "attachment-differs");
	/* No commit: as before. */
	uploads_settle(t.uploads, &user, &id, false);
	assert_true(is_whole(&t, &user, &id));
	assert_non_null(uploads_take(t.uploads, &user, &id));
	uploads_settle(t.uploads, &user, &id, true);
	assert_false(is_whole(&t, &user, &id));
	/* Its file is the statement's now. */
	table_finish(&t);
	assert_int_equal(files(&t), 1);
}

static void unfinished_is_not_whole(void **state)
{
	struct lahetti_id user = new_id(), id = new_id();
	struct uploads_piece first;
	struct table t;

	table_make(&t, state, 10, 10);
	first = piece(&t, &user, &id, 0);
	(void)put(&t, &first, NOW);
	assert_false(is_whole(&t, &user, &id));
	assert_null(uploads_take(t.uploads, &user, &id));
	uploads_settle(t.uploads, &user, &id, true); /* of what nobody took: nothing */
	assert_int_equal(files(&t), 1);
	table_finish(&t);
}

static void places_are_bounded_and_used_again(void **state)
{
	struct lahetti_id one = new_id(), two = new_id(), ids[4];
	struct uploads_piece p;
	struct table t;

	table_make(&t, state, 2, 3);
	for (size_t i = 0; i < 4; i++)
		ids[i] = new_id();
	put_whole(&t, &one, &ids[0], NOW);
	put_whole(&t, &one, &ids[1], NOW);
	p = piece(&t, &one, &ids[2], 0);
	refused(&t, &p, "too-many-uploads");
	put_whole(&t, &two, &ids[2], NOW);
	p = piece(&t, &two, &ids[3], 0);
	refused(&t, &p, "too-many-uploads");
	assert_non_null(uploads_take(t.uploads, &one, &ids[0]));
	p = piece(&t, &one, &ids[3], 0);
	refused(&t, &p, "too-many-uploads");
	uploads_settle(t.uploads, &one, &ids[0], true);
	put_whole(&t, &one, &ids[3], NOW);
	assert_true(is_whole(&t, &one, &ids[3]));
	table_finish(&t);
}

/* Several threads put the same uploads, others take and settle them and let them expire: each piece
 * is written once, and what is whole is what was sent. */
struct crowd {
	struct table *t;
	struct lahetti_id user, ids[ROUNDS];
};

static void *push(void *context)
{
	struct crowd *c = context;

	for (size_t i = 0; i < ROUNDS; i++)
		for (;;) {
			struct uploads_piece p = piece(c->t, &c->user, &c->ids[i], 0);
			uint64_t received = put(c->t, &p, NOW);

			if (received == LEN)
				break;
			if (received == ATTACHMENTS_CHUNK) {
				p = piece(c->t, &c->user, &c->ids[i], 1);
				if (put(c->t, &p, NOW) == LEN)
					break;
			}
		}
	return NULL;
}

static void *grasp(void *context)
{
	struct crowd *c = context;

	for (size_t i = 0; i < ROUNDS; i++)
		while (uploads_take(c->t->uploads, &c->user, &c->ids[i]) == NULL)
			uploads_expire(c->t->uploads, NOW);
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[THREADS], writer;
	struct crowd c;
	struct table t;

	table_make(&t, state, ROUNDS, ROUNDS);
	c = (struct crowd){.t = &t, .user = new_id()};
	for (size_t i = 0; i < ROUNDS; i++)
		c.ids[i] = new_id();
	assert_int_equal(pthread_create(&writer, NULL, grasp, &c), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, push, &c), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(files(&t), ROUNDS);
	for (size_t i = 0; i < ROUNDS; i++)
		uploads_settle(t.uploads, &c.user, &c.ids[i], i % 2 == 0);
	table_finish(&t);
	assert_int_equal(files(&t), ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(what_is_silent_for_an_hour_goes),
		TEST(what_is_taken_stays_until_it_is_settled),
		TEST(unfinished_is_not_whole),
		TEST(places_are_bounded_and_used_again),
		TEST(threads_do_not_disturb_each_other),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
