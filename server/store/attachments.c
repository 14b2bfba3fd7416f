#include "attachments.h"

#include "lahetti/buffer.h"
#include "store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALED_MOST (ATTACHMENTS_CHUNK + LAHETTI_SEAL_OVERHEAD)
#define HEX_LEN	    (2 * (size_t)ATTACHMENTS_NAME_LEN)
#define LOOSE	    ".loose"
#define UNDONE	    ".tmp" /* of a copy that was broken off */
#define PATH_ROOM   (HEX_LEN + sizeof LOOSE)

struct attachments {
	int folder; /* -1: there is none, to read from */
};

/* What a file is sealed with, beside its place in the file. */
struct sealing {
	struct lahetti_id id;
	uint64_t size; /* of the plaintext */
	struct lahetti_secret key;
};

struct attachments_upload {
	struct attachments *folder;
	struct sealing sealing;
	uint8_t name[ATTACHMENTS_NAME_LEN];
	struct lahetti_digest sha256; /* as it must be */
	uint64_t received;
	EVP_MD_CTX *running;
	bool spoiled; /* the last chunk could not be put */
};

static bool io_fault(const char *name, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "attachment-io",
				 "The file %s of attachments can't be used: %s.", name,
				 strerror(errno));
}

static bool no_digest(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-digest",
				 "The cryptographic library could not make a digest.");
}

/* The folder
 * ---------------------------------------------------------------------------------------------------------
 */

static void path_of(char path[PATH_ROOM], const uint8_t name[ATTACHMENTS_NAME_LEN],
		    const char *ending)
{
	char hex[HEX_LEN + 1];

	lahetti_hex(name, ATTACHMENTS_NAME_LEN, hex);
	(void)snprintf(path, PATH_ROOM, "%s%s", hex, ending);
}

/* The name in front of an ending: false for what is not a file of ours. */
static bool name_of(const char *path, const char *ending, uint8_t name[ATTACHMENTS_NAME_LEN])
{
	struct lahetti_fault none;
	char hex[HEX_LEN + 1];

	if (strlen(path) != HEX_LEN + strlen(ending) || strcmp(path + HEX_LEN, ending) != 0 ||
	    strspn(path, "0123456789abcdef") != HEX_LEN)
		return false;
	memcpy(hex, path, HEX_LEN);
	hex[HEX_LEN] = '\0';
	return lahetti_hex_parse(name, ATTACHMENTS_NAME_LEN, hex, &none);
}

static bool make_folder(const char *path, struct lahetti_fault *f)
{
	char *parent;
	char *slash;
	bool done;
	int fd;

	if (mkdir(path, 0700) != 0)
		return errno == EEXIST || io_fault(path, f);
	parent = strdup(path);
	if (parent == NULL)
		return lahetti_fault_no_memory(f);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		slash[slash == parent] = '\0';
	fd = open(slash == NULL ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = (fd >= 0 && fsync(fd) == 0) || io_fault(path, f);
	if (fd >= 0)
		(void)close(fd);
	free(parent);
	return done;
}

struct attachments *attachments_open(const char *folder, enum attachments_mode mode,
				     struct lahetti_fault *f)
{
	struct attachments *a = calloc(1, sizeof *a);

	if (a == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	a->folder = -1;
	if (mode == ATTACHMENTS_WRITE && !make_folder(folder, f))
		goto failed;
	a->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->folder >= 0 || (mode == ATTACHMENTS_READ && errno == ENOENT))
		return a;
	(void)io_fault(folder, f);
failed:
	attachments_close(a);
	return NULL;
}

void attachments_close(struct attachments *a)
{
	if (a == NULL)
		return;
	if (a->folder >= 0)
		(void)close(a->folder);
	free(a);
}

/* Calls `each` with every name in the folder. */
static bool each_file(struct attachments *a,
		      bool (*each)(void *context, const char *path, struct lahetti_fault *f),
		      void *context, struct lahetti_fault *f)
{
	int fd = a->folder < 0 ? -1 : openat(a->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry = NULL;
	bool ok = true;

	if (a->folder < 0)
		return true;
	if (dir == NULL) {
		(void)io_fault(".", f);
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while (ok) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			ok = errno == 0 || io_fault(".", f);
			break;
		}
		ok = each(context, entry->d_name, f);
	}
	(void)closedir(dir);
	return ok;
}

/* Loose or not: errno where it is neither. */
static int open_to_read(const struct attachments *a, const uint8_t name[ATTACHMENTS_NAME_LEN])
{
	char path[PATH_ROOM];
	int fd = -1;

	errno = ENOENT;
	if (a->folder < 0)
		return -1;
	path_of(path, name, "");
	fd = openat(a->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	path_of(path, name, LOOSE);
	return openat(a->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Chunks
 * -------------------------------------------------------------------------------------------------------------
 */

static size_t chunk_len(uint64_t size, uint64_t offset)
{
	return size - offset < ATTACHMENTS_CHUNK ? (size_t)(size - offset) : ATTACHMENTS_CHUNK;
}

static uint64_t sealed_at(uint64_t offset)
{
	return offset / ATTACHMENTS_CHUNK * SEALED_MOST;
}

static uint64_t sealed_size(uint64_t size)
{
	uint64_t chunks = (size + ATTACHMENTS_CHUNK - 1) / ATTACHMENTS_CHUNK;

	return size + chunks * LAHETTI_SEAL_OVERHEAD;
}

struct chunk_aad {
	uint8_t number[8];
	uint8_t last;
	struct lahetti_span spans[4];
};

static const struct lahetti_span *chunk_aad(struct chunk_aad *aad, const struct sealing *by,
					    uint64_t offset)
{
	store_be64(aad->number, offset / ATTACHMENTS_CHUNK);
	aad->last = by->size - offset <= ATTACHMENTS_CHUNK;
	aad->spans[0] = lahetti_id_span(&by->id);
	aad->spans[1] = lahetti_span_text("attachment");
	aad->spans[2] = lahetti_span(aad->number, sizeof aad->number);
	aad->spans[3] = lahetti_span(&aad->last, 1);
	return aad->spans;
}

static bool write_at(int fd, struct lahetti_span s, uint64_t at)
{
	while (s.len > 0) {
		ssize_t n = pwrite(fd, s.data, s.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s.data += n;
		s.len -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

/* How many bytes there were, at most len; -1 where the system refuses. */
static ssize_t read_at(int fd, uint8_t *to, size_t len, uint64_t at)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, to + got, len - got, (off_t)(at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static bool damaged(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "attachment-damaged",
				 "A file of attachments is not what was written: run lahettid "
				 "fsck, and bring it back from a backup.");
}

/* The chunk at offset, appended. */
static bool open_chunk(int fd, const struct sealing *by, uint64_t offset,
		       struct lahetti_buffer *out, struct lahetti_fault *f)
{
	size_t len = chunk_len(by->size, offset) + LAHETTI_SEAL_OVERHEAD;
	struct lahetti_fault fault = {0};
	struct lahetti_buffer sealed;
	struct chunk_aad aad;
	uint8_t *to;
	ssize_t got;
	bool ok;

	lahetti_buffer_init(&sealed, len);
	to = lahetti_buffer_reserve(&sealed, len, f);
	got = to == NULL ? -1 : read_at(fd, to, len, sealed_at(offset));
	if (to != NULL && got < 0)
		(void)io_fault("of one", f);
	ok = got >= 0 && ((size_t)got == len || damaged(f));
	if (ok) {
		ok = lahetti_unseal(&by->key, chunk_aad(&aad, by, offset), 4, lahetti_span(to, len),
				    out, &fault);
		if (!ok && fault.kind == LAHETTI_FAULT_INVALID)
			(void)damaged(f);
		else if (!ok)
			*f = fault;
	}
	lahetti_buffer_finish(&sealed);
	return ok;
}

/* On its way in
 * ------------------------------------------------------------------------------------------------------
 */

struct attachments_upload *attachments_begin(struct attachments *a, const struct lahetti_id *id,
					     uint64_t size, const struct lahetti_digest *sha256,
					     struct lahetti_fault *f)
{
	struct attachments_upload *u = calloc(1, sizeof *u);
	char path[PATH_ROOM];
	int fd;

	if (u == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	u->folder = a;
	u->sealing.id = *id;
	u->sealing.size = size;
	u->sha256 = *sha256;
	u->running = EVP_MD_CTX_new();
	if (u->running == NULL || EVP_DigestInit_ex2(u->running, EVP_sha256(), NULL) != 1) {
		(void)no_digest(f);
		goto failed;
	}
	if (!lahetti_secret_new(&u->sealing.key, f) || !lahetti_random(u->name, sizeof u->name, f))
		goto failed;
	path_of(path, u->name, LOOSE);
	fd = openat(a->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		(void)io_fault(path, f);
		goto failed;
	}
	(void)close(fd);
	return u;
failed:
	EVP_MD_CTX_free(u->running);
	lahetti_wipe(u, sizeof *u);
	free(u);
	return NULL;
}

/* The digest with the chunk in it, beside the running one: a chunk that could not be written has
 * not been seen. */
static bool digest_with(const struct attachments_upload *u, struct lahetti_span chunk,
			EVP_MD_CTX **with, struct lahetti_fault *f)
{
	*with = EVP_MD_CTX_new();
	if (*with != NULL && EVP_MD_CTX_copy_ex(*with, u->running) == 1 &&
	    EVP_DigestUpdate(*with, chunk.data, chunk.len) == 1)
		return true;
	return no_digest(f);
}

/* The last chunk is in: whether the whole is what was announced. */
static bool is_announced(struct attachments_upload *u, struct lahetti_fault *f)
{
	struct lahetti_digest digest;

	if (EVP_DigestFinal_ex(u->running, digest.bytes, NULL) != 1)
		return no_digest(f);
	return lahetti_digest_equal(&digest, &u->sha256) ||
	       lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "attachment-differs",
				 "The attachment that arrived is not the one that was announced.");
}

static bool write_chunk(struct attachments_upload *u, struct lahetti_span sealed, bool last,
			struct lahetti_fault *f)
{
	char path[PATH_ROOM];
	bool done;
	int fd;

	path_of(path, u->name, LOOSE);
	fd = openat(u->folder->folder, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	done = fd >= 0 && write_at(fd, sealed, sealed_at(u->received)) &&
	       (!last || (fsync(fd) == 0 && fsync(u->folder->folder) == 0));
	if (!done)
		(void)io_fault(path, f);
	if (fd >= 0)
		(void)close(fd);
	return done;
}

bool attachments_put(struct attachments_upload *u, struct lahetti_span chunk,
		     struct lahetti_fault *f)
{
	bool last = u->sealing.size - u->received <= ATTACHMENTS_CHUNK;
	EVP_MD_CTX *with = NULL;
	struct lahetti_buffer sealed;
	struct chunk_aad aad;
	bool ok;

	if (u->spoiled || chunk.len == 0 || chunk.len != chunk_len(u->sealing.size, u->received))
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-piece",
					 "A piece of an attachment has not the length it must.");
	lahetti_buffer_init(&sealed, SEALED_MOST);
	ok = digest_with(u, chunk, &with, f) &&
	     lahetti_seal(&u->sealing.key, chunk_aad(&aad, &u->sealing, u->received), 4, chunk,
			  &sealed, f) &&
	     write_chunk(u, lahetti_buffer_span(&sealed), last, f);
	if (ok) {
		EVP_MD_CTX_free(u->running);
		u->running = with;
		with = NULL;
		ok = !last || is_announced(u, f);
	}
	if (ok)
		u->received += chunk.len;
	u->spoiled = !ok && last;
	EVP_MD_CTX_free(with);
	lahetti_buffer_finish(&sealed);
	return ok;
}

uint64_t attachments_received(const struct attachments_upload *u)
{
	return u->received;
}

void attachments_end(struct attachments_upload *u, bool named)
{
	char loose[PATH_ROOM];
	char path[PATH_ROOM];

	if (u == NULL)
		return;
	path_of(loose, u->name, LOOSE);
	path_of(path, u->name, "");
	/* What fails here is mended at the next start; until then a loose file is read too. */
	if (named)
		(void)renameat(u->folder->folder, loose, u->folder->folder, path);
	else
		(void)unlinkat(u->folder->folder, loose, 0);
	EVP_MD_CTX_free(u->running);
	lahetti_wipe(u, sizeof *u);
	free(u);
}

/* Rows
 * ---------------------------------------------------------------------------------------------------------------
 */

static void key_aad(struct lahetti_span aad[3], const struct lahetti_id *statement,
		    const struct lahetti_id *id, const uint8_t name[ATTACHMENTS_NAME_LEN])
{
	aad[0] = lahetti_id_span(statement);
	aad[1] = lahetti_id_span(id);
	aad[2] = lahetti_span(name, ATTACHMENTS_NAME_LEN);
}

bool attachments_add(struct store *s, const struct lahetti_id *statement,
		     const struct lahetti_id *controller, const struct attachments_upload *u,
		     struct lahetti_fault *f)
{
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	struct lahetti_secret key = {0};
	struct lahetti_span aad[3];
	bool ok;

	key_aad(aad, statement, &u->sealing.id, u->name);
	ok = statements_key(s, statement, controller, &key, f) &&
	     lahetti_wrap(&key, aad, 3, &u->sealing.key, wrapped, f) &&
	     db_run(s->db, SQL_ATTACHMENT_ADD,
		    STORE_PARAMS(db_id(statement), db_id(&u->sealing.id),
				 db_bytes(lahetti_span(u->name, sizeof u->name)),
				 db_bytes(lahetti_span(wrapped, sizeof wrapped))),
		    NULL, f);
	lahetti_wipe(&key, sizeof key);
	return ok;
}

static bool read_name(const struct db_value *column, uint8_t name[ATTACHMENTS_NAME_LEN],
		      struct lahetti_fault *f)
{
	if (column->bytes.len != ATTACHMENTS_NAME_LEN)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
					 "The name of a file in the database has %zu bytes: run "
					 "lahettid fsck.",
					 column->bytes.len);
	memcpy(name, column->bytes.data, ATTACHMENTS_NAME_LEN);
	return true;
}

static bool lost(const char *code, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, code,
				 "An attachment is not there: run lahettid fsck, and bring it back "
				 "from a backup.");
}

/* The file of an attachment, and what it is sealed with. */
static bool find_row(struct store *s, const struct lahetti_id *statement,
		     const struct lahetti_id *controller, struct sealing *by,
		     uint8_t name[ATTACHMENTS_NAME_LEN], struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_secret key = {0};
	struct lahetti_span aad[3];
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = statements_key(s, statement, controller, &key, f);

	if (ok) {
		ok = store_first(s, &c, SQL_ATTACHMENT_FIND,
				 STORE_PARAMS(db_id(statement), db_id(&by->id)), &row, f);
		if (ok && row == NULL)
			ok = lost("attachment-row-missing", f);
		ok = ok && read_name(&row[0], name, f);
		key_aad(aad, statement, &by->id, name);
		if (ok && !lahetti_unwrap(&key, aad, 3, row[1].bytes, &by->key, &fault)) {
			ok = false;
			*f = fault;
			if (fault.kind == LAHETTI_FAULT_INVALID)
				(void)lahetti_fault_set(
					f, LAHETTI_FAULT_BROKEN, "attachment-key-damaged",
					"The key of an attachment does not open: it is another's.");
		}
		db_done(&c);
	}
	lahetti_wipe(&key, sizeof key);
	return ok;
}

/* The file itself: closed by the caller. -1 on a fault. */
static int find_file(const struct attachments *a, const uint8_t name[ATTACHMENTS_NAME_LEN],
		     struct lahetti_fault *f)
{
	int fd = open_to_read(a, name);

	if (fd < 0 && errno == ENOENT)
		(void)lost("attachment-file-missing", f);
	else if (fd < 0)
		(void)io_fault("of one", f);
	return fd;
}

bool attachments_read(struct store *s, struct attachments *a, const struct lahetti_id *statement,
		      const struct lahetti_id *controller, const struct lahetti_id *id,
		      uint64_t size, uint64_t offset, struct lahetti_buffer *out,
		      struct lahetti_fault *f)
{
	uint8_t name[ATTACHMENTS_NAME_LEN];
	struct sealing by = {.id = *id, .size = size};
	int fd = -1;
	bool ok;

	if (offset >= size || offset % ATTACHMENTS_CHUNK != 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-piece",
					 "No piece of the attachment begins there.");
	ok = find_row(s, statement, controller, &by, name, f) &&
	     (fd = find_file(a, name, f)) >= 0 && open_chunk(fd, &by, offset, out, f);
	if (fd >= 0)
		(void)close(fd);
	lahetti_wipe(&by, sizeof by);
	return ok;
}

bool attachments_of(struct store *s, const struct lahetti_id *statement, struct lahetti_id *ids,
		    size_t most, size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_ATTACHMENTS_OF,
			 STORE_PARAMS(db_id(statement), db_int((int64_t)most)), ids, most, n, f);
}

/* Whether a row names the file. */
static bool is_named(struct store *s, const uint8_t name[ATTACHMENTS_NAME_LEN], bool *named,
		     struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_ATTACHMENT_NAMED,
			      STORE_PARAMS(db_bytes(lahetti_span(name, ATTACHMENTS_NAME_LEN))),
			      &row, f);

	*named = ok && row != NULL;
	db_done(&c);
	return ok;
}

/* Checking
 * -----------------------------------------------------------------------------------------------------------
 */

static bool check_length(int fd, uint64_t size, struct lahetti_fault *f)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return io_fault("of one", f);
	return (uint64_t)st.st_size == sealed_size(size) ||
	       lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "attachment-cut",
				 "The file of an attachment is shorter or longer than it was: "
				 "bring it back from a backup.");
}

static bool check_chunks(int fd, const struct sealing *by, const struct lahetti_digest *sha256,
			 struct lahetti_fault *f)
{
	EVP_MD_CTX *running = EVP_MD_CTX_new();
	struct lahetti_digest digest;
	struct lahetti_buffer chunk;
	bool ok = running != NULL && EVP_DigestInit_ex2(running, EVP_sha256(), NULL) == 1;

	lahetti_buffer_init(&chunk, ATTACHMENTS_CHUNK + LAHETTI_SEAL_OVERHEAD);
	if (!ok)
		(void)no_digest(f);
	for (uint64_t at = 0; ok && at < by->size; at += ATTACHMENTS_CHUNK) {
		chunk.len = 0;
		ok = open_chunk(fd, by, at, &chunk, f) &&
		     (EVP_DigestUpdate(running, chunk.data, chunk.len) == 1 || no_digest(f));
	}
	ok = ok && (EVP_DigestFinal_ex(running, digest.bytes, NULL) == 1 || no_digest(f));
	if (ok && !lahetti_digest_equal(&digest, sha256))
		ok = lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "attachment-differs",
				       "An attachment is not the one that its statement names.");
	EVP_MD_CTX_free(running);
	lahetti_buffer_finish(&chunk);
	return ok;
}

bool attachments_check(struct store *s, struct attachments *a, const struct lahetti_id *statement,
		       const struct lahetti_id *controller, const struct lahetti_id *id,
		       uint64_t size, const struct lahetti_digest *sha256, struct lahetti_fault *f)
{
	uint8_t name[ATTACHMENTS_NAME_LEN];
	struct sealing by = {.id = *id, .size = size};
	int fd = -1;
	bool ok = find_row(s, statement, controller, &by, name, f) &&
		  (fd = find_file(a, name, f)) >= 0 && check_length(fd, size, f) &&
		  check_chunks(fd, &by, sha256, f);

	if (fd >= 0)
		(void)close(fd);
	lahetti_wipe(&by, sizeof by);
	return ok;
}

/* A walk through the folder, against the rows. */
struct walk {
	struct store *store;
	struct attachments *folder;
	uint64_t n;
};

static bool count_unnamed(void *context, const char *path, struct lahetti_fault *f)
{
	struct walk *w = context;
	uint8_t name[ATTACHMENTS_NAME_LEN];
	bool named;

	if (!name_of(path, "", name) && !name_of(path, LOOSE, name))
		return true;
	if (!is_named(w->store, name, &named, f))
		return false;
	w->n += !named;
	return true;
}

bool attachments_unnamed(struct store *s, struct attachments *a, uint64_t *n,
			 struct lahetti_fault *f)
{
	struct walk w = {.store = s, .folder = a};
	bool ok = each_file(a, count_unnamed, &w, f);

	*n = w.n;
	return ok;
}

static bool sweep_one(void *context, const char *path, struct lahetti_fault *f)
{
	struct walk *w = context;
	uint8_t name[ATTACHMENTS_NAME_LEN];
	char right[PATH_ROOM];
	bool named, done;

	if (!name_of(path, LOOSE, name))
		return true;
	if (!is_named(w->store, name, &named, f))
		return false;
	path_of(right, name, "");
	done = named ? renameat(w->folder->folder, path, w->folder->folder, right) == 0
		     : unlinkat(w->folder->folder, path, 0) == 0;
	w->n += !named;
	return done || io_fault(path, f);
}

bool attachments_sweep(struct store *s, struct attachments *a, uint64_t *removed,
		       struct lahetti_fault *f)
{
	struct walk w = {.store = s, .folder = a};
	bool ok = each_file(a, sweep_one, &w, f);

	*removed = w.n;
	return ok;
}

/* Erasure
 * ------------------------------------------------------------------------------------------------------------
 */

bool attachments_forget(struct store *s, struct attachments *a, const struct lahetti_id *statement,
			struct attachments_gone *gone, struct lahetti_fault *f)
{
	char path[PATH_ROOM];
	char loose[PATH_ROOM];
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_ATTACHMENTS_OF,
			   STORE_PARAMS(db_id(statement), db_int(ATTACHMENTS_MOST)), f);

	gone->n = 0;
	while (ok && gone->n < ATTACHMENTS_MOST && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_name(&row[1], gone->names[gone->n], f) && ++gone->n;
	db_done(&c);
	for (size_t i = 0; ok && i < gone->n; i++) {
		path_of(path, gone->names[i], "");
		path_of(loose, gone->names[i], LOOSE);
		/* One that is not there, or loose already, is as it shall be. */
		ok = renameat(a->folder, path, a->folder, loose) == 0 || errno == ENOENT ||
		     io_fault(path, f);
	}
	return ok && db_run(s->db, SQL_ATTACHMENTS_FORGET, STORE_PARAMS(db_id(statement)), NULL, f);
}

void attachments_remove(struct attachments *a, const struct attachments_gone *gone)
{
	char loose[PATH_ROOM];

	for (size_t i = 0; i < gone->n; i++) {
		path_of(loose, gone->names[i], LOOSE);
		(void)unlinkat(a->folder, loose, 0);
	}
}

/* Backup
 * -------------------------------------------------------------------------------------------------------------
 */

static bool copy_bytes(int from, int to, const char *path, struct lahetti_fault *f)
{
	struct lahetti_buffer b;
	uint8_t *room;
	uint64_t at = 0;
	ssize_t n = 0;
	bool ok = true;

	lahetti_buffer_init(&b, ATTACHMENTS_CHUNK);
	room = lahetti_buffer_reserve(&b, ATTACHMENTS_CHUNK, f);
	while (room != NULL && ok && (n = read_at(from, room, ATTACHMENTS_CHUNK, at)) > 0) {
		ok = write_at(to, lahetti_span(room, (size_t)n), at);
		at += (uint64_t)n;
	}
	if (room != NULL && (!ok || n < 0 || fsync(to) != 0))
		ok = io_fault(path, f);
	lahetti_buffer_finish(&b);
	return room != NULL && ok;
}

/* Written beside, fsynced, renamed: a name never shows a part. */
static bool copy_file(int from, const struct attachments *to, const char *path,
		      struct lahetti_fault *f)
{
	char beside[PATH_ROOM + sizeof UNDONE];
	bool ok;
	int fd;

	(void)snprintf(beside, sizeof beside, "%s" UNDONE, path);
	(void)unlinkat(to->folder, beside, 0); /* of one that crashed */
	fd = openat(to->folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return io_fault(beside, f);
	ok = copy_bytes(from, fd, beside, f);
	(void)close(fd);
	if (ok && renameat(to->folder, beside, to->folder, path) != 0)
		ok = io_fault(path, f);
	if (!ok)
		(void)unlinkat(to->folder, beside, 0);
	return ok;
}

static bool copy_named(const struct attachments *from, const struct attachments *to,
		       const uint8_t name[ATTACHMENTS_NAME_LEN], struct attachments_copied *copied,
		       struct lahetti_fault *f)
{
	char path[PATH_ROOM];
	bool ok;
	int fd;

	path_of(path, name, "");
	if (faccessat(to->folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		copied->kept++;
		return true;
	}
	fd = open_to_read(from, name);
	if (fd < 0 && errno == ENOENT) {
		copied->missing++;
		return true;
	}
	if (fd < 0)
		return io_fault(path, f);
	ok = copy_file(fd, to, path, f);
	(void)close(fd);
	copied->copied += ok;
	return ok;
}

static bool remove_unnamed(void *context, const char *path, struct lahetti_fault *f)
{
	struct walk *w = context;
	uint8_t name[ATTACHMENTS_NAME_LEN];
	bool undone = name_of(path, UNDONE, name), named = false;

	if (!undone && !name_of(path, "", name))
		return true;
	if (!undone && !is_named(w->store, name, &named, f))
		return false;
	if (named)
		return true;
	w->n++;
	return unlinkat(w->folder->folder, path, 0) == 0 || io_fault(path, f);
}

bool attachments_copy(struct store *s, struct attachments *from, const char *to,
		      struct attachments_copied *copied, struct lahetti_fault *f)
{
	struct attachments *there = attachments_open(to, ATTACHMENTS_WRITE, f);
	struct walk w = {.store = s, .folder = there};
	uint8_t name[ATTACHMENTS_NAME_LEN];
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok;

	*copied = (struct attachments_copied){0};
	if (there == NULL)
		return false;
	ok = db_query(s->db, &c, SQL_ATTACHMENTS, NULL, 0, f);
	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_name(&row[0], name, f) && copy_named(from, there, name, copied, f);
	db_done(&c);
	ok = ok && each_file(there, remove_unnamed, &w, f);
	copied->removed = w.n;
	if (ok && fsync(there->folder) != 0)
		ok = io_fault(to, f);
	attachments_close(there);
	return ok;
}
