#include "archive.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int64_t clock_us;
static uint64_t random_state;

void archive_set_clock(int64_t us)
{
	clock_us = us;
}

int64_t archive_clock(void)
{
	return clock_us;
}

/* SplitMix64: any seed does. */
static bool repeatable_random(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		data[i] = (uint8_t)(z >> 32);
	}
	return true;
}

void archive_set_random(uint64_t seed)
{
	random_state = seed;
	lahetti_random_set(seed == 0 ? NULL : repeatable_random);
}

/* Opening
 * -----------------------------------------------------------------------------------------------------------
 */

static void open_vault(struct archive *a, void **state)
{
	const char *master = scratch_path(state, "master"), *keys = scratch_path(state, "keys");
	struct lahetti_secret seed;
	uint32_t serial;

	if (scratch_exists(master)) {
		a->vault = vault_open(master, keys, NULL);
		assert_non_null(a->vault);
		return;
	}
	assert_true(vault_create(master, keys, NULL));
	a->vault = vault_open(master, keys, NULL);
	assert_non_null(a->vault);
	assert_true(lahetti_secret_new(&seed, NULL));
	assert_true(vault_secret_put(a->vault, "log", lahetti_span(seed.bytes, sizeof seed.bytes),
				     NULL));
	/* Now, so that every archive of the folder knows it. */
	assert_true(vault_period_now(a->vault, SAMPLE_CREATED_US, &serial, NULL));
}

static void open_store(struct archive *a)
{
	static const uint8_t generation[4] = {0, 0, 0, 1};
	bool there = scratch_exists(a->database);

	a->store = store_open(a->database, a->vault, there ? STORE_WRITE : STORE_CREATE, NULL);
	assert_non_null(a->store);
	if (there)
		return;
	assert_true(store_begin(a->store, NULL));
	assert_true(
		store_meta_put(a->store, "server-name", lahetti_span_text(ARCHIVE_SERVER), NULL));
	assert_true(store_meta_put(a->store, "generation", lahetti_span(generation, 4), NULL));
	assert_true(store_commit(a->store, NULL));
}

static void open_trail(struct archive *a, uint32_t generation)
{
	struct trail_options options = {
		.server_name = ARCHIVE_SERVER,
		.generation = generation,
		.software = ARCHIVE_SOFTWARE,
		.policy_version = 1,
		.clock = archive_clock,
	};
	struct lahetti_buffer seed;

	lahetti_buffer_init(&seed, 32);
	assert_true(vault_secret_get(a->vault, "log", &seed, NULL));
	options.seed = seed.data;
	a->trail = trail_open(a->store, &options, NULL);
	assert_non_null(a->trail);
	lahetti_buffer_finish(&seed);
}

void archive_open(struct archive *a, void **state, const char *name)
{
	*a = (struct archive){0};
	clock_us = SAMPLE_CREATED_US;
	(void)snprintf(a->database, sizeof a->database, "%s", scratch_path(state, name));
	open_vault(a, state);
	open_store(a);
	a->attachments =
		attachments_open(scratch_path(state, "attachments"), ATTACHMENTS_WRITE, NULL);
	assert_non_null(a->attachments);
	open_trail(a, 1);
}

void archive_close(struct archive *a)
{
	trail_close(a->trail);
	store_close(a->store);
	attachments_close(a->attachments);
	vault_close(a->vault);
	*a = (struct archive){0};
	archive_set_random(0);
}

/* Groups
 * ------------------------------------------------------------------------------------------------------------
 */

void archive_begin(struct archive *a)
{
	assert_true(store_begin(a->store, NULL));
}

void archive_commit(struct archive *a)
{
	struct lahetti_fault f = {0};

	if (!trail_seal(a->trail, &f) || !store_commit(a->store, &f))
		fail_msg("%s", f.text);
	trail_committed(a->trail);
}

void archive_rollback(struct archive *a)
{
	store_rollback(a->store);
	assert_true(trail_revert(a->trail, NULL));
}

void archive_generation(struct archive *a, uint32_t generation)
{
	const uint8_t number[4] = {0, 0, 0, (uint8_t)generation};

	assert_true(generation <= UINT8_MAX);
	assert_true(store_meta_put(a->store, "generation", lahetti_span(number, 4), NULL));
	trail_close(a->trail);
	open_trail(a, generation);
}

struct lahetti_note_signer *archive_signer(const struct archive *a, uint32_t generation)
{
	struct lahetti_note_signer *s;
	struct lahetti_buffer seed;
	char origin[128];

	(void)snprintf(origin, sizeof origin, ARCHIVE_SERVER "/%u", generation);
	lahetti_buffer_init(&seed, 32);
	assert_true(vault_secret_get(a->vault, "log", &seed, NULL));
	s = lahetti_note_signer_new(origin, seed.data, NULL);
	assert_non_null(s);
	lahetti_buffer_finish(&seed);
	return s;
}

/* Events
 * ------------------------------------------------------------------------------------------------------------
 */

void archive_event(struct archive_event *e, Lahetti__V1__Action action, enum sample_who user)
{
	bool coach = user == SAMPLE_COACH;

	*e = (struct archive_event){0};
	trail_entry_init(&e->entry, action, LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e->entry.subjects = e->subjects;
	e->entry.records = e->list;
	if (user == 0)
		return;
	e->entry.user = *sample_id(user);
	memset(e->entry.device.bytes, 0xd1, sizeof e->entry.device.bytes);
	e->entry.organisation = *sample_id(coach ? SAMPLE_CITY : SAMPLE_COUNTY);
	e->entry.event.controller = sample_bytes(coach ? SAMPLE_CITY : SAMPLE_COUNTY);
	e->entry.event.unit = sample_bytes(coach ? SAMPLE_COACHING : SAMPLE_CLINIC);
	e->entry.event.role =
		coach ? LAHETTI__V1__ROLE__ROLE_JOB_COACH : LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER;
}

struct trail_subject *archive_subject(struct archive_event *e, enum sample_who controller,
				      enum sample_who client)
{
	struct trail_subject *s = &e->subjects[e->entry.n_subjects++];

	assert_true(e->entry.n_subjects <= ARCHIVE_MOST);
	trail_subject_init(s, sample_id(controller), client == 0 ? NULL : sample_id(client));
	return s;
}

struct archive_record *archive_record(struct archive_event *e,
				      Lahetti__V1__Record__RecordCase which)
{
	struct archive_record *r = &e->records[e->entry.n_records];

	assert_true(e->entry.n_records < ARCHIVE_MOST);
	e->list[e->entry.n_records++] = &r->record;
	lahetti__v1__record__init(&r->record);
	r->record.record_case = which;
	switch (which) {
#define MEMBER(NAME, name)                             \
	case LAHETTI__V1__RECORD__RECORD_##NAME:       \
		lahetti__v1__##name##__init(&r->name); \
		r->record.name = &r->name;             \
		break;
		MEMBER(CODE_ISSUED, code_issued)
		MEMBER(CODE_USED, code_used)
		MEMBER(CLIENT_ADDED, client_added)
		MEMBER(CASE_ADDED, case_added)
		MEMBER(CASE_SHARED, case_shared)
		MEMBER(STATEMENT_ACCEPTED, statement_accepted)
		MEMBER(DELIVERY_MADE, delivery_made)
		MEMBER(DELIVERY_MOVED, delivery_moved)
		MEMBER(COPY_TAKEN, copy_taken)
		MEMBER(CONSENT_ENDED, consent_ended)
		MEMBER(CONFIGURED, configured)
		MEMBER(IDENTITY_RECORDED, identity_recorded)
		MEMBER(ERASURE_PROPOSED, erasure_proposed)
		MEMBER(ERASURE_ENDED, erasure_ended)
		MEMBER(ALIAS_RECORDED, alias_recorded)
		MEMBER(CARE_TEAM_MEMBER, care_team_member)
#undef MEMBER
	case LAHETTI__V1__RECORD__RECORD_DIRECTORY:
		lahetti__v1__directory_entry__init(&r->directory);
		r->record.directory = &r->directory;
		break;
	default:
		fail();
	}
	return r;
}

uint64_t archive_append(struct archive *a, struct archive_event *e)
{
	struct lahetti_fault f = {0};

	if (!trail_append(a->trail, &e->entry, &f))
		fail_msg("%s: %s", f.code, f.text);
	return e->entry.number;
}

uint64_t archive_add_client(struct archive *a, enum sample_who controller, enum sample_who unit,
			    enum sample_who client, enum sample_who case_id)
{
	struct archive_event e;
	struct archive_record *r;

	archive_event(&e, LAHETTI__V1__ACTION__ACTION_ADD_CLIENT,
		      controller == SAMPLE_CITY ? SAMPLE_COACH : SAMPLE_WORKER);
	archive_subject(&e, controller, client)->part.case_id = sample_bytes(case_id);
	r = archive_record(&e, LAHETTI__V1__RECORD__RECORD_CLIENT_ADDED);
	r->client_added.client = sample_bytes(client);
	r->client_added.controller = sample_bytes(controller);
	r = archive_record(&e, LAHETTI__V1__RECORD__RECORD_CASE_ADDED);
	r->case_added.case_id = sample_bytes(case_id);
	r->case_added.client = sample_bytes(client);
	r->case_added.controller = sample_bytes(controller);
	r = archive_record(&e, LAHETTI__V1__RECORD__RECORD_CASE_SHARED);
	r->case_shared.case_id = sample_bytes(case_id);
	r->case_shared.unit = sample_bytes(unit);
	return archive_append(a, &e);
}

uint64_t archive_look(struct archive *a, enum sample_who controller, enum sample_who client)
{
	struct archive_event e;

	archive_event(&e, LAHETTI__V1__ACTION__ACTION_LIST,
		      controller == SAMPLE_CITY ? SAMPLE_COACH : SAMPLE_WORKER);
	(void)archive_subject(&e, controller, client);
	return archive_append(a, &e);
}
