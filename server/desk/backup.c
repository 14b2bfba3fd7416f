/* A copy of everything but the keys, beside a running server. */

#include "attachments.h"
#include "clients.h"
#include "desk.h"
#include "files.h"
#include "founding.h"
#include "ledger.h"
#include "manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define UNFINISHED ".unfinished"

static bool exists(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "exists",
				 "%.150s is there already: name another place, or remove it.",
				 path);
}

static bool copy_database(const char *from, struct vault *vault, const char *to,
			  struct lahetti_fault *f)
{
	struct store *s = store_open(from, vault, STORE_READ, f);
	bool ok = s != NULL && store_copy(s, to, f);

	store_close(s);
	return ok;
}

/* The newest checkpoint, and the key that signed it. */
static struct lahetti_note_signer *read_head(struct store *s, struct vault *vault,
					     const char *software, struct manifest *m,
					     struct lahetti_fault *f)
{
	char name[200];
	struct lahetti_note_signer *signer = NULL;
	struct lahetti_buffer note;
	uint32_t generation;
	uint64_t at;
	struct trail *t = founding_trail(s, vault, software, name, sizeof name, &generation, f);

	lahetti_buffer_init(&note, LAHETTI_NOTE_MOST);
	if (t != NULL && ledger_checkpoint_get(s, 0, &at, &note, f) &&
	    lahetti_checkpoint_parse(&m->checkpoint, lahetti_buffer_span(&note), f))
		signer = founding_signer(vault, name, generation, f);
	trail_close(t);
	lahetti_buffer_finish(&note);
	return signer;
}

/* Takes out of the copy what a backup must not hold, and tells what it is of. */
static struct lahetti_note_signer *prepare_copy(const char *path, struct vault *vault,
						const char *software, struct manifest *m,
						struct lahetti_fault *f)
{
	struct lahetti_note_signer *signer = NULL;
	struct store *s = store_open(path, vault, STORE_WRITE, f);

	if (s != NULL && store_begin(s, f) && clients_index_forget(s, f) && store_commit(s, f))
		signer = read_head(s, vault, software, m, f);
	store_close(s);
	return signer;
}

/* After the database, so that what it names is there; what was erased meanwhile is not. */
static bool copy_attachments(const char *database, const char *attachments, struct vault *vault,
			     const char *to, struct lahetti_fault *f)
{
	struct store *s = store_open(database, vault, STORE_READ, f);
	struct attachments *a =
		s != NULL ? attachments_open(attachments, ATTACHMENTS_READ, f) : NULL;
	struct attachments_copied copied;
	char place[FILES_PATH_MOST + 1];
	bool ok = a != NULL && files_path(place, to, DESK_BACKUP_ATTACHMENTS, f) &&
		  attachments_copy(s, a, place, &copied, f);

	attachments_close(a);
	store_close(s);
	return ok;
}

static bool fill(const char *database, const char *attachments, struct vault *vault,
		 const char *software, const char *to, struct manifest *m, struct lahetti_fault *f)
{
	char copy[FILES_PATH_MOST + 1];
	struct lahetti_note_signer *signer = NULL;
	bool ok = files_path(copy, to, "lahetti.db", f) &&
		  copy_database(database, vault, copy, f) &&
		  (signer = prepare_copy(copy, vault, software, m, f)) != NULL &&
		  copy_attachments(copy, attachments, vault, to, f);

	m->made_us = lahetti_now_us();
	ok = ok && files_settle(copy, f) && manifest_gather(m, to, f) &&
	     manifest_write(m, to, signer, f);
	lahetti_note_signer_destroy(signer);
	return ok;
}

bool desk_backup(const char *database, const char *attachments, struct vault *vault,
		 const char *software, const char *to, struct desk_backed_up *made,
		 struct lahetti_fault *f)
{
	char beside[FILES_PATH_MOST + 1];
	struct manifest m = {.n = 0};
	bool ok;

	if (!files_beside(beside, to, UNFINISHED, f))
		return false;
	if (files_exist(to))
		return exists(to, f);
	if (mkdir(beside, 0700) != 0)
		return errno == EEXIST ? exists(beside, f)
				       : lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
							   "The folder %.120s can't be made: %s.",
							   beside, strerror(errno));
	ok = fill(database, attachments, vault, software, beside, &m, f);
	if (ok && rename(beside, to) != 0)
		ok = lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
				       "The folder %.120s can't be given its name: %s.", beside,
				       strerror(errno));
	if (!ok)
		files_remove_tree(beside);
	*made = (struct desk_backed_up){.size = m.checkpoint.size, .files = m.n};
	manifest_finish(&m);
	return ok && files_sync_parent(to, f);
}
