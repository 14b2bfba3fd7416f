#include "directory.h"

#include "lahetti/message.h"
#include "store_internal.h"

#include <lahetti/v1/record.pb-c.h>
#include <stdio.h>

static const Lahetti__V1__DirectoryEntry *read_entry(enum directory_kind kind,
						     struct lahetti_span content,
						     struct lahetti_arena *arena,
						     struct lahetti_fault *f)
{
	struct lahetti_span copy =
		lahetti_span(lahetti_arena_copy(arena, content.data, content.len), content.len);
	const Lahetti__V1__Record *record;

	if (copy.data == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	record = lahetti_message_read(&lahetti__v1__record__descriptor, copy, LAHETTI_MESSAGE_FRAME,
				      arena, f);
	if (record == NULL)
		return NULL;
	/* What the caller finds is of that kind, whatever somebody has done to the table. */
	if (record->record_case != LAHETTI__V1__RECORD__RECORD_DIRECTORY ||
	    (int)record->directory->entry_case != (int)kind) {
		lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"An entry of the directory points to another kind of record: run lahettid fsck.");
		return NULL;
	}
	return record->directory;
}

const Lahetti__V1__DirectoryEntry *directory_find(struct store *s, enum directory_kind kind,
						  struct lahetti_span entity, int64_t at_us,
						  struct lahetti_arena *arena,
						  struct lahetti_fault *f)
{
	const struct db_value params[] = {db_int(kind), db_bytes(entity), db_int(at_us)};
	const Lahetti__V1__DirectoryEntry *entry = NULL;
	struct db_cursor c;
	const struct db_value *row = NULL;

	if (store_first(s, &c, at_us == 0 ? SQL_DIRECTORY_NOW : SQL_DIRECTORY_AT, params,
			at_us == 0 ? 2 : 3, &row, f) &&
	    row != NULL)
		entry = read_entry(kind, row[0].bytes, arena, f);
	db_done(&c);
	return entry;
}

bool directory_list(struct store *s, enum directory_kind kind, enum directory_by by,
		    const struct lahetti_id *of, struct lahetti_span after,
		    const Lahetti__V1__DirectoryEntry **found, size_t most, size_t *n,
		    struct lahetti_arena *arena, struct lahetti_fault *f)
{
	static const enum sql sql[] = {
		[DIRECTORY_BY_ORGANISATION] = SQL_DIRECTORY_LIST_ORGANISATION,
		[DIRECTORY_BY_UNIT] = SQL_DIRECTORY_LIST_UNIT,
		[DIRECTORY_BY_USER] = SQL_DIRECTORY_LIST_USER,
		[DIRECTORY_ALL] = SQL_DIRECTORY_LIST,
	};
	const struct db_value params[] = {
		db_int(kind),
		db_bytes(
			lahetti_span(after.len == 0 ? (const uint8_t *)"" : after.data, after.len)),
		db_int((int64_t)most),
		by == DIRECTORY_ALL ? db_null() : db_bytes(lahetti_id_span(of)),
	};
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, sql[by], params, by == DIRECTORY_ALL ? 3 : 4, f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL) {
		found[*n] = read_entry(kind, row[0].bytes, arena, f);
		ok = found[(*n)++] != NULL;
	}
	db_done(&c);
	return ok;
}

bool directory_members(struct store *s, enum directory_by by, const struct lahetti_id *of,
		       const Lahetti__V1__DirectoryEntry **found, size_t most, size_t *n,
		       struct lahetti_arena *arena, struct lahetti_fault *f)
{
	struct lahetti_span after = {0};
	size_t room, page;

	*n = 0;
	do {
		const Lahetti__V1__DirectoryEntry **fresh = found + *n;

		room = most - *n;
		if (!directory_list(s, DIRECTORY_MEMBERSHIP, by, of, after, fresh, room, &page,
				    arena, f))
			return false;
		if (page > 0)
			after = directory_entity(fresh[page - 1]);
		for (size_t i = 0; i < page; i++)
			if (!fresh[i]->membership->ended)
				found[(*n)++] = fresh[i];
	} while (page == room && *n < most);
	return true;
}

struct lahetti_span directory_entity(const Lahetti__V1__DirectoryEntry *e)
{
	switch (e->entry_case) {
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION:
		return lahetti_bytes_span(e->organisation->id);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT:
		return lahetti_bytes_span(e->unit->id);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER:
		return lahetti_bytes_span(e->user->id);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP:
		return lahetti_bytes_span(e->membership->id);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE:
		return lahetti_bytes_span(e->device->key_id);
	default:
		return (struct lahetti_span){0};
	}
}

bool directory_name(struct store *s, enum directory_kind kind, const struct lahetti_id *id,
		    int64_t at_us, char name[256], struct lahetti_fault *f)
{
	struct lahetti_arena arena;
	struct lahetti_fault none = {0};
	const Lahetti__V1__DirectoryEntry *e;
	const char *text = "";

	name[0] = '\0';
	if (!lahetti_arena_init(&arena, 16384, f))
		return false;
	e = directory_find(s, kind, lahetti_id_span(id), at_us, &arena, &none);
	if (e != NULL && e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION)
		text = e->organisation->name;
	else if (e != NULL && e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT)
		text = e->unit->name;
	else if (e != NULL && e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER)
		text = e->user->name;
	(void)snprintf(name, 256, "%s", text);
	lahetti_arena_finish(&arena);
	if (none.kind != LAHETTI_FAULT_NONE && f != NULL)
		*f = none;
	return none.kind == LAHETTI_FAULT_NONE;
}

bool directory_code_find(struct store *s, const struct lahetti_digest *sha256,
			 struct directory_code *code, bool *found, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CODE_FIND,
			      STORE_PARAMS(db_bytes(lahetti_digest_span(sha256))), &row, f);

	*code = (struct directory_code){0};
	*found = ok && row != NULL;
	if (*found) {
		code->until_us = row[2].number;
		code->used = row[3].type != DB_NULL;
		ok = store_id(&row[0], &code->user, f) && store_id(&row[1], &code->maker, f);
	}
	db_done(&c);
	return ok;
}
