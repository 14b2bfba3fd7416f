/* Bringing a server back from a backup, and the act by which devices follow it. */

#include "clients.h"
#include "desk.h"
#include "erase.h"
#include "files.h"
#include "founding.h"
#include "lahetti/act.h"
#include "lahetti/merkle.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "manifest.h"
#include "proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RESTORING ".restoring"

/* A note that somebody shows, once it is verified. */
struct shown {
	struct lahetti_checkpoint checkpoint;
	uint32_t generation;
	struct lahetti_buffer note;
};

struct restore {
	const struct desk_restoring *options;
	struct vault *vault;
	struct manifest manifest;
	uint32_t ended;	     /* the generation that is brought back */
	uint32_t generation; /* that begins */
	struct shown *shown; /* n_newest of the options */
	char beside[FILES_PATH_MOST + 1];
	bool keys_placed; /* by this restore */
	bool keys_older;  /* fsck missed a key or an erasure */
};

/* Notes
 * ---------------------------------------------------------------------------------------------- */

/* The generation of an origin of this server; 0 with a fault. */
static uint32_t own_generation(const char *origin, const char *server_name, struct lahetti_fault *f)
{
	size_t len;
	uint32_t generation = lahetti_generation_of(origin, &len);

	if (generation > 0 && len == strlen(server_name) && memcmp(origin, server_name, len) == 0)
		return generation;
	(void)lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-origin",
				"A checkpoint is of %.80s, not of %.80s.", origin, server_name);
	return 0;
}

static struct lahetti_note_verifier *verifier_of(const struct restore *r, uint32_t generation,
						 struct lahetti_fault *f)
{
	struct lahetti_note_signer *signer =
		founding_signer(r->vault, r->options->server_name, generation, f);
	struct lahetti_note_verifier *v =
		signer == NULL ? NULL
			       : lahetti_note_verifier_read(lahetti_note_signer_vkey(signer), f);

	lahetti_note_signer_destroy(signer);
	return v;
}

static bool read_shown(const struct restore *r, const char *path, struct shown *s,
		       struct lahetti_fault *f)
{
	struct lahetti_note_verifier *v = NULL;
	bool ok;

	lahetti_buffer_init(&s->note, LAHETTI_NOTE_MOST);
	ok = files_read(path, &s->note, f) &&
	     lahetti_checkpoint_parse(&s->checkpoint, lahetti_buffer_span(&s->note), f) &&
	     (s->generation = own_generation(s->checkpoint.origin, r->options->server_name, f)) !=
		     0 &&
	     (v = verifier_of(r, s->generation, f)) != NULL &&
	     lahetti_checkpoint_open(&s->checkpoint, lahetti_buffer_span(&s->note), v,
				     lahetti_note_verifier_name(v), f);
	lahetti_note_verifier_destroy(v);
	return ok;
}

static bool read_all_shown(struct restore *r, struct lahetti_fault *f)
{
	size_t n = r->options->n_newest;

	r->shown = calloc(n + 1, sizeof *r->shown);
	if (r->shown == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < n; i++)
		if (!read_shown(r, r->options->newest[i], &r->shown[i], f))
			return false;
	return true;
}

/* What is shown of the part of the log that is brought back must be in it. */
static bool check_shown(const struct restore *r, struct store *s, struct lahetti_fault *f)
{
	struct proof_source *source = malloc(sizeof *source);
	struct lahetti_digest root;
	bool ok = source != NULL || lahetti_fault_no_memory(f);

	if (ok)
		proof_source_init(source, s);
	for (size_t i = 0; ok && i < r->options->n_newest; i++) {
		const struct lahetti_checkpoint *c = &r->shown[i].checkpoint;

		if (r->shown[i].generation > r->ended || c->size > r->manifest.checkpoint.size)
			continue;
		ok = lahetti_root(&root, c->size, &source->hashes, f) &&
		     (lahetti_digest_equal(&root, &c->root) ||
		      lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "forked-log",
					"The checkpoint in %.120s contradicts the backup: there "
					"are two logs of one name. Tell the data-protection "
					"officers.",
					r->options->newest[i]));
	}
	free(source);
	return ok;
}

/* The newest of what is shown; NULL where the backup's own is. */
static const struct shown *newest_shown(const struct restore *r)
{
	const struct shown *newest = NULL;

	for (size_t i = 0; i < r->options->n_newest; i++) {
		const struct shown *s = &r->shown[i];
		uint32_t generation = newest != NULL ? newest->generation : r->ended;
		uint64_t size =
			newest != NULL ? newest->checkpoint.size : r->manifest.checkpoint.size;

		if (s->generation > generation ||
		    (s->generation == generation && s->checkpoint.size > size))
			newest = s;
	}
	return newest;
}

/* Keys
 * ---------------------------------------------------------------------------------------------- */

/* The erasures that a journal names, in its order. */
struct erasures {
	struct lahetti_id *ids;
	size_t n, room;
	const struct erasures *same_as; /* where they are compared, not kept */
	bool differs;
};

static bool take_erasure(void *context, const struct vault_erasure *e, struct lahetti_fault *f)
{
	struct erasures *list = context;

	if (list->same_as != NULL) {
		if (list->n < list->same_as->n &&
		    !lahetti_id_equal(&e->erasure, &list->same_as->ids[list->n]))
			list->differs = true;
		list->n++;
		return true;
	}
	if (list->n == list->room) {
		size_t room = list->room == 0 ? 64 : 2 * list->room;
		struct lahetti_id *grown = realloc(list->ids, room * sizeof *grown);

		if (grown == NULL)
			return lahetti_fault_no_memory(f);
		list->ids = grown;
		list->room = room;
	}
	list->ids[list->n++] = e->erasure;
	return true;
}

/* A key folder that lies in its place is used as it is; it must know every erasure that the copy
 * knows. */
static bool check_present_keys(struct restore *r, struct vault *copy, struct lahetti_fault *f)
{
	struct erasures theirs = {.n = 0};
	struct erasures ours = {.same_as = &theirs};
	bool ok = vault_journal_read(copy, take_erasure, &theirs, f) &&
		  vault_journal_read(r->vault, take_erasure, &ours, f);

	if (ok && (ours.differs || ours.n < theirs.n))
		ok = lahetti_fault_set(
			f, LAHETTI_FAULT_INVALID, "keys-older",
			"The key folder %.100s does not know erasures that the copy knows: move it "
			"away, and the copy is put there.",
			r->options->keys);
	free(theirs.ids);
	return ok;
}

static bool same_folder(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool place_keys(struct restore *r, struct lahetti_fault *f)
{
	const struct desk_restoring *o = r->options;
	struct vault *copy = r->vault;
	bool present = files_exist(o->keys), ok = true;

	if (same_folder(o->keys_copy, o->keys))
		return true;
	if (!present && !vault_copy(copy, o->keys, f))
		return false;
	r->keys_placed = !present;
	r->vault = vault_open(o->master_key, o->keys, f);
	ok = r->vault != NULL && (!present || check_present_keys(r, copy, f));
	vault_close(copy);
	return ok;
}

/* Each restore takes a number of its own, also where one that was lost took the next. */
static bool choose_generation(struct restore *r, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_buffer used;
	uint32_t newest = r->ended;
	bool ok;

	lahetti_buffer_init(&used, 4);
	ok = vault_secret_get(r->vault, "generation", &used, &fault);
	if (ok && used.len == 4) {
		uint32_t last = (uint32_t)used.data[0] << 24 | (uint32_t)used.data[1] << 16 |
				(uint32_t)used.data[2] << 8 | used.data[3];

		newest = last > newest ? last : newest;
	}
	lahetti_buffer_finish(&used);
	if (!ok && strcmp(fault.code, "key-missing") != 0) {
		*f = fault;
		return false;
	}
	for (size_t i = 0; i < r->options->n_newest; i++)
		newest = r->shown[i].generation > newest ? r->shown[i].generation : newest;
	if (newest == UINT32_MAX)
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "out-of-range",
					 "The log has no further generation.");
	r->generation = newest + 1;
	return true;
}

static void put_number(uint8_t to[4], uint32_t number)
{
	for (int i = 3; i >= 0; i--, number >>= 8)
		to[i] = (uint8_t)number;
}

static bool take_generation(const struct restore *r, struct lahetti_fault *f)
{
	uint8_t number[4];

	put_number(number, r->generation);
	return vault_secret_put(r->vault, "generation", lahetti_span(number, sizeof number), f);
}

/* The copy beside
 * ---------------------------------------------------------------------------------------------- */

/* Where a file of the backup belongs, and how much of that path is there for certain: attachments
 * in their folder, others below the data folder as they lay in the backup. */
static bool place_of(char to[FILES_PATH_MOST + 1], size_t *base, const struct restore *r,
		     const struct manifest_file *file, struct lahetti_fault *f)
{
	const size_t len = strlen(DESK_BACKUP_ATTACHMENTS "/");
	bool attachment = strncmp(file->path, DESK_BACKUP_ATTACHMENTS "/", len) == 0;

	*base = attachment ? 0 : strlen(r->options->data);
	return attachment ? files_path(to, r->options->attachments, file->path + len, f)
			  : files_path(to, r->options->data, file->path, f);
}

static bool place_file(const struct restore *r, const struct manifest_file *file,
		       struct lahetti_fault *f)
{
	char from[FILES_PATH_MOST + 1], to[FILES_PATH_MOST + 1], beside[FILES_PATH_MOST + 1];
	struct lahetti_digest sha256;
	uint64_t len;
	size_t base;

	if (!files_path(from, r->options->from, file->path, f) || !place_of(to, &base, r, file, f))
		return false;
	for (char *slash = strchr(to + base + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(to, 0700) != 0 && errno != EEXIST)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
						 "The folder %.120s can't be made: %s.", to,
						 strerror(errno));
		*slash = '/';
	}
	if (!files_beside(beside, to, RESTORING, f) || !files_remove(beside, f) ||
	    !files_copy(from, beside, &len, &sha256, f))
		return false;
	if (!lahetti_digest_equal(&sha256, &file->sha256))
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-backup",
					 "The backup changes while it is read: %.100s.",
					 file->path);
	if (rename(beside, to) != 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
					 "The file %.120s can't be put in its place: %s.", to,
					 strerror(errno));
	return files_sync_parent(to, f);
}

static bool remove_beside(const struct restore *r, struct lahetti_fault *f)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	char path[FILES_PATH_MOST + 1];

	if (r->beside[0] == '\0')
		return true;

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (!files_beside(path, r->beside, endings[i], f) || !files_remove(path, f))
			return false;
	return true;
}

static bool copy_files(struct restore *r, struct lahetti_fault *f)
{
	char from[FILES_PATH_MOST + 1];
	bool database = false;

	if (!remove_beside(r, f) || !files_path(from, r->options->from, "lahetti.db", f))
		return false;
	for (size_t i = 0; i < r->manifest.n; i++) {
		const struct manifest_file *file = &r->manifest.files[i];
		struct lahetti_digest sha256;
		uint64_t len;

		if (strcmp(file->path, "lahetti.db") != 0) {
			if (!place_file(r, file, f))
				return false;
			continue;
		}
		if (!files_copy(from, r->beside, &len, &sha256, f))
			return false;
		database = lahetti_digest_equal(&sha256, &file->sha256);
	}
	return database || lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-backup",
					     "The backup is not whole: it holds no database, or "
					     "one that changes while it is read.");
}

/* The first event of the generation: what is brought back, what is known to have been there, and
 * the key that signs from here on. */
static bool record_restore(const struct restore *r, struct trail *t, struct lahetti_span last,
			   struct lahetti_fault *f)
{
	static char log_name[] = "log-key";
	Lahetti__V1__Record record = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__Configured configured = LAHETTI__V1__CONFIGURED__INIT;
	const Lahetti__V1__Record *const list[] = {&record};
	const struct shown *newest = newest_shown(r);
	struct lahetti_span vkey = lahetti_span_text(trail_vkey(t));
	struct lahetti_digest digest;
	struct trail_entry e;

	if (!lahetti_sha256(&digest, &vkey, 1, f))
		return false;
	configured.name = log_name;
	configured.sha256 = lahetti_bytes(lahetti_digest_span(&digest));
	record.record_case = LAHETTI__V1__RECORD__RECORD_CONFIGURED;
	record.configured = &configured;
	trail_entry_init(&e, LAHETTI__V1__ACTION__ACTION_RESTORE,
			 LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED;
	e.event.generation = r->generation;
	e.event.last_checkpoint = lahetti_bytes(last);
	if (newest != NULL)
		e.event.newest_checkpoint = lahetti_bytes(lahetti_buffer_span(&newest->note));
	e.records = list;
	e.n_records = 1;
	return trail_append(t, &e, f);
}

/* The last checkpoint covers all that is there, and is the one that the manifest names. */
static bool check_last(const struct restore *r, struct store *s, struct lahetti_buffer *note,
		       struct lahetti_fault *f)
{
	struct lahetti_checkpoint last;
	uint64_t at, size;

	if (!ledger_checkpoint_get(s, 0, &at, note, f) || !ledger_size(s, &size, f) ||
	    !lahetti_checkpoint_parse(&last, lahetti_buffer_span(note), f))
		return false;
	return (at == size && last.size == r->manifest.checkpoint.size &&
		strcmp(last.origin, r->manifest.checkpoint.origin) == 0 &&
		lahetti_digest_equal(&last.root, &r->manifest.checkpoint.root)) ||
	       lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-backup",
				 "The backup's database ends at another checkpoint than its "
				 "manifest says.");
}

static struct trail *begin_generation(const struct restore *r, struct store *s,
				      struct lahetti_fault *f)
{
	uint8_t number[4];
	struct lahetti_buffer last;
	struct trail *t = NULL;
	char name[200];
	uint32_t generation;
	bool ok;

	put_number(number, r->generation);
	lahetti_buffer_init(&last, LAHETTI_NOTE_MOST);
	ok = store_begin(s, f) && check_last(r, s, &last, f) && check_shown(r, s, f) &&
	     store_meta_put(s, "generation", lahetti_span(number, sizeof number), f) &&
	     (t = founding_trail(s, r->vault, r->options->software, name, sizeof name, &generation,
				 f)) != NULL &&
	     record_restore(r, t, lahetti_buffer_span(&last), f) && trail_seal(t, f) &&
	     store_commit(s, f);
	lahetti_buffer_finish(&last);
	if (ok) {
		trail_committed(t);
		return t;
	}
	trail_close(t);
	return NULL;
}

/* Nothing of this is served before it is whole and the erasures are done again. */
static bool make_ready(struct restore *r, unsigned *erased, struct lahetti_fault *f)
{
	struct store *s = store_open(r->beside, r->vault, STORE_WRITE, f);
	struct trail *t = s != NULL ? begin_generation(r, s, f) : NULL;
	struct attachments *a =
		t != NULL ? attachments_open(r->options->attachments, ATTACHMENTS_WRITE, f) : NULL;
	bool ok = a != NULL && erase_replay(s, t, a, erased, f) && store_begin(s, f) &&
		  clients_index_derive(s, f) && store_commit(s, f);

	attachments_close(a);
	trail_close(t);
	store_close(s);
	return ok;
}

static void note_finding(void *context, const char *code, const char *text)
{
	struct restore *r = context;

	if (strcmp(code, "key-destroyed") == 0 || strcmp(code, "journal-missing") == 0)
		r->keys_older = true;
	r->options->found(r->options->context, code, text);
}

static bool check_beside(struct restore *r, struct lahetti_fault *f)
{
	struct desk_checked checked;

	if (!desk_fsck(r->beside, r->options->attachments, r->vault, r->options->software,
		       note_finding, r, &checked, f))
		return false;
	if (r->keys_older)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_INVALID, "keys-older",
			"The key folder lacks keys or erasures that the backup needs: bring the "
			"newest copy of it, or a backup that is younger than its retention.");
	return checked.findings == 0 || r->options->despite_findings ||
	       lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "findings",
				 "fsck found %" PRIu64 " faults in the backup: use another one, "
				 "or say --despite-findings.",
				 checked.findings);
}

/* Restoring
 * ---------------------------------------------------------------------------------------------- */

/* A write-ahead log that lies there would be taken for the restored database's. */
static bool check_place(const struct desk_restoring *o, struct lahetti_fault *f)
{
	static const char *const endings[] = {"", "-wal"};
	char path[FILES_PATH_MOST + 1];

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		if (!files_beside(path, o->database, endings[i], f))
			return false;
		if (files_exist(path))
			return lahetti_fault_set(
				f, LAHETTI_FAULT_MALFORMED, "exists",
				"%.140s is there already: move it away to restore a backup.", path);
	}
	return true;
}

static bool check_backup(struct restore *r, struct lahetti_fault *f)
{
	struct lahetti_note_verifier *v = NULL;
	bool ok = manifest_read(&r->manifest, r->options->from, f) &&
		  (r->ended = own_generation(r->manifest.checkpoint.origin, r->options->server_name,
					     f)) != 0 &&
		  (v = verifier_of(r, r->ended, f)) != NULL &&
		  manifest_check(&r->manifest, r->options->from, v, f);

	lahetti_note_verifier_destroy(v);
	return ok;
}

static bool put_in_place(const struct restore *r, struct lahetti_fault *f)
{
	if (!files_settle(r->beside, f))
		return false;
	if (rename(r->beside, r->options->database) != 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
					 "The file %.120s can't be put in its place: %s.",
					 r->options->database, strerror(errno));
	return files_sync_parent(r->options->database, f);
}

static bool restore(struct restore *r, struct desk_restored *restored, struct lahetti_fault *f)
{
	const struct desk_restoring *o = r->options;
	const struct shown *newest;

	if (!check_place(o, f) || !files_beside(r->beside, o->database, RESTORING, f))
		return false;
	r->vault = vault_open(o->master_key, o->keys_copy, f);
	if (r->vault == NULL || !check_backup(r, f) || !read_all_shown(r, f) || !place_keys(r, f) ||
	    !choose_generation(r, f) || !copy_files(r, f) || !make_ready(r, &restored->erased, f) ||
	    !check_beside(r, f) || !take_generation(r, f) || !put_in_place(r, f))
		return false;
	newest = newest_shown(r);
	restored->generation = r->generation;
	restored->size = r->manifest.checkpoint.size;
	restored->newest = newest != NULL ? newest->checkpoint.size : restored->size;
	return true;
}

bool desk_restore(const struct desk_restoring *o, struct desk_restored *restored,
		  struct lahetti_buffer *act, struct lahetti_fault *f)
{
	struct restore *r = calloc(1, sizeof *r);
	bool ok;

	*restored = (struct desk_restored){0};
	if (r == NULL)
		return lahetti_fault_no_memory(f);
	r->options = o;
	ok = restore(r, restored, f) && desk_act(o->database, r->vault, act, f);
	if (r->shown != NULL)
		for (size_t i = 0; i < o->n_newest; i++)
			lahetti_buffer_finish(&r->shown[i].note);
	free(r->shown);
	manifest_finish(&r->manifest);
	vault_close(r->vault);
	/* What did not do must not be in the way of the next try. */
	if (!ok && !files_exist(o->database)) {
		(void)remove_beside(r, NULL);
		if (r->keys_placed)
			files_remove_tree(o->keys);
	}
	free(r);
	return ok;
}

/* The act
 * ---------------------------------------------------------------------------------------------- */

/* The last restore of a trail. */
struct last_restore {
	struct lahetti_arena *arena;
	const Lahetti__V1__AuditEvent *event;
};

static bool note_restore(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	struct last_restore *last = context;

	if (e->action != LAHETTI__V1__ACTION__ACTION_RESTORE)
		return true;
	lahetti_arena_reset(last->arena);
	last->event = lahetti_message_read(&lahetti__v1__audit_event__descriptor, e->bytes,
					   LAHETTI_MESSAGE_SIGNED, last->arena, f);
	return last->event != NULL;
}

/* Signed by every generation that may be trusted still: from the one that was brought back to the
 * one before the new, where one was lost in between; of very many, those that people know. */
static bool sign_act(struct vault *vault, const char *server_name, struct lahetti_act *act,
		     uint32_t generation, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	struct lahetti_note_signer *signers[LAHETTI_ENDED_MOST + 1] = {NULL};
	const struct lahetti_note_signer *list[LAHETTI_ENDED_MOST + 1];
	size_t len, n = 0;
	uint32_t first = lahetti_generation_of(act->last.origin, &len);
	uint32_t newest = lahetti_generation_of(act->newest.origin, &len);
	bool ok = true;

	for (uint32_t g = first; ok && g < generation; g++) {
		if (g != first && g != newest && generation - g > LAHETTI_ENDED_MOST - 2)
			continue;
		signers[n] = founding_signer(vault, server_name, g, f);
		ok = signers[n++] != NULL;
	}
	if (ok) {
		signers[n] = founding_signer(vault, server_name, generation, f);
		ok = signers[n++] != NULL;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = signers[i];
	ok = ok && lahetti_act_sign(act, list, n, out, f);
	for (size_t i = 0; i < n; i++)
		lahetti_note_signer_destroy(signers[i]);
	return ok;
}

static bool write_act(struct store *s, struct vault *vault, struct lahetti_arena *arena,
		      struct lahetti_buffer *out, struct lahetti_fault *f)
{
	struct last_restore last = {.arena = arena};
	struct lahetti_buffer name;
	struct lahetti_act *act = calloc(1, sizeof *act);
	const Lahetti__V1__AuditEvent *e;
	bool ok = act != NULL || lahetti_fault_no_memory(f);

	lahetti_buffer_init(&name, LAHETTI_KEY_NAME_MOST + 1);
	ok = ok && ledger_events_each(s, 0, note_restore, &last, f) &&
	     store_meta_get(s, "server-name", &name, f) &&
	     lahetti_buffer_add(&name, lahetti_span("", 1), f);
	e = last.event;
	if (ok && e == NULL)
		ok = lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "not-found",
				       "The log is of its first generation: no act began it.");
	ok = ok &&
	     lahetti_checkpoint_parse(&act->last, lahetti_bytes_span(e->last_checkpoint), f) &&
	     lahetti_checkpoint_parse(&act->newest,
				      lahetti_bytes_span(e->newest_checkpoint.len > 0
								 ? e->newest_checkpoint
								 : e->last_checkpoint),
				      f) &&
	     sign_act(vault, (const char *)name.data, act, e->generation, out, f);
	lahetti_buffer_finish(&name);
	free(act);
	return ok;
}

bool desk_act(const char *database, struct vault *vault, struct lahetti_buffer *out,
	      struct lahetti_fault *f)
{
	struct lahetti_arena arena = {0};
	struct store *s = store_open(database, vault, STORE_READ, f);
	bool ok = s != NULL && lahetti_arena_init(&arena, 1 << 20, f) && store_begin(s, f) &&
		  write_act(s, vault, &arena, out, f);

	if (s != NULL)
		store_rollback(s);
	store_close(s);
	lahetti_arena_finish(&arena);
	return ok;
}
