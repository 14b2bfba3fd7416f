#include "disk.h"

#include "again.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512

/* A write, or with data NULL a new length, that no sync has covered yet. */
struct change {
	struct change *next;
	size_t offset, len;
	uint8_t *data;
};

struct node {
	struct node *next;
	char path[512];
	uint8_t *data; /* what is durable */
	size_t len, room;
	struct change *changes, **end;
	bool named; /* its name is durable */
	bool gone;  /* deleted, which is not durable */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct node *nodes; /* in the order they were made */
static uint64_t seed_in_force, calls, cut_at;
static bool lying;
static atomic_bool out;
static _Atomic(bool (*)(enum disk_call)) hook_in_force;

/* SQLite's allocator: where tests make ours fail, this one goes on. */
static void *take(size_t len)
{
	void *block = sqlite3_malloc64(len);

	assert_non_null(block);
	return block;
}

/* What is durable
 * --------------------------------------------------------------------------------------------- */

static void apply(struct node *n, size_t offset, const uint8_t *data, size_t len)
{
	if (offset + len > n->room) {
		n->room = (offset + len) * 2;
		n->data = sqlite3_realloc64(n->data, n->room);
		assert_non_null(n->data);
	}
	if (offset + len > n->len) {
		memset(n->data + n->len, 0, offset + len - n->len);
		n->len = offset + len;
	}
	memcpy(n->data + offset, data, len);
}

static void shorten(struct node *n, size_t len)
{
	n->len = len < n->len ? len : n->len;
}

static struct change *take_change(struct node *n)
{
	struct change *c = n->changes;

	if (c == NULL)
		return NULL;
	n->changes = c->next;
	if (n->changes == NULL)
		n->end = &n->changes;
	return c;
}

static void drop(struct change *c)
{
	sqlite3_free(c->data);
	sqlite3_free(c);
}

static void note_change(struct node *n, size_t offset, const void *data, size_t len)
{
	struct change *c = take(sizeof *c);

	*c = (struct change){.offset = offset, .len = len};
	if (data != NULL) {
		c->data = take(len);
		memcpy(c->data, data, len);
	}
	*n->end = c;
	n->end = &c->next;
}

static void make_durable(struct node *n)
{
	for (struct change *c; (c = take_change(n)) != NULL; drop(c))
		if (c->data == NULL)
			shorten(n, c->len);
		else
			apply(n, c->offset, c->data, c->len);
}

static void forget(struct node *n)
{
	for (struct change *c; (c = take_change(n)) != NULL;)
		drop(c);
	sqlite3_free(n->data);
	sqlite3_free(n);
}

static void sync_folder(void)
{
	for (struct node **at = &nodes; *at != NULL;) {
		struct node *n = *at;

		n->named = true;
		if (n->gone) {
			*at = n->next;
			forget(n);
		} else {
			at = &n->next;
		}
	}
}

static struct node *find(const char *path)
{
	for (struct node *n = nodes; n != NULL; n = n->next)
		if (!n->gone && strcmp(n->path, path) == 0)
			return n;
	return NULL;
}

/* A file that is opened for the first time; what it already holds is durable. */
static struct node *meet(const char *path, bool existed)
{
	struct node *n = find(path), **at = &nodes;
	uint8_t piece[65536];
	ssize_t got;
	int fd;

	if (n != NULL)
		return n;
	n = take(sizeof *n);
	*n = (struct node){.named = existed};
	(void)snprintf(n->path, sizeof n->path, "%s", path);
	n->end = &n->changes;
	while (*at != NULL)
		at = &(*at)->next;
	*at = n;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((got = read(fd, piece, sizeof piece)) > 0)
		apply(n, n->len, piece, (size_t)got);
	(void)close(fd);
	return n;
}

/* The cut
 * ------------------------------------------------------------------------------------------------------
 */

/* Each change alone: whatever order the disk had in mind. */
static void survive(struct node *n, unsigned kept_of_four)
{
	for (struct change *c; (c = take_change(n)) != NULL; drop(c)) {
		bool kept = again_random(&seed_in_force) % 4 < kept_of_four;
		bool torn = !kept && again_random(&seed_in_force) % 4 == 0;

		if (c->data == NULL && kept)
			shorten(n, c->len);
		if (c->data == NULL || (!kept && !torn))
			continue;
		for (size_t done = 0, some; done < c->len; done += some) {
			some = SECTOR - (c->offset + done) % SECTOR;
			some = some < c->len - done ? some : c->len - done;
			if (kept || again_random(&seed_in_force) % 2 == 0)
				apply(n, c->offset + done, c->data + done, some);
		}
	}
}

static void write_file(const struct node *n)
{
	int fd = open(n->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	for (size_t done = 0; done < n->len;) {
		ssize_t put = write(fd, n->data + done, n->len - done);

		assert_true(put > 0);
		done += (size_t)put;
	}
	(void)close(fd);
}

void disk_power_on(void)
{
	unsigned kept_of_four = (unsigned)(again_random(&seed_in_force) % 5);

	for (struct node *n = nodes; n != NULL; n = n->next) {
		char shared[sizeof n->path + 8];

		(void)unlink(n->path);
		(void)snprintf(shared, sizeof shared, "%s-shm", n->path);
		(void)unlink(shared);
	}
	/* Of one name a later file comes over an earlier. */
	for (struct node *n; (n = nodes) != NULL; forget(n)) {
		bool there = !n->gone && n->named;

		nodes = n->next;
		survive(n, kept_of_four);
		if (there || again_random(&seed_in_force) % 2 == 0)
			write_file(n);
	}
	lying = false;
	cut_at = 0;
	atomic_store(&out, false);
}

void disk_arm(uint64_t seed, uint64_t nth, bool lies)
{
	(void)pthread_mutex_lock(&lock);
	seed_in_force = seed;
	calls = 0;
	cut_at = nth;
	lying = lies;
	(void)pthread_mutex_unlock(&lock);
}

void disk_cut(void)
{
	atomic_store(&out, true);
}

bool disk_is_out(void)
{
	return atomic_load(&out);
}

uint64_t disk_calls(void)
{
	uint64_t n;

	(void)pthread_mutex_lock(&lock);
	n = calls;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

void disk_hook_set(bool (*hook)(enum disk_call call))
{
	atomic_store(&hook_in_force, hook);
}

/* Whether a call may be made. */
static bool allowed(enum disk_call call)
{
	bool (*hook)(enum disk_call) = atomic_load(&hook_in_force);

	return !atomic_load(&out) && (hook == NULL || hook(call));
}

/* The same for one that changes something; with the lock. `struck`: it is the one in the middle of
 * which the power goes. */
static bool changes(enum disk_call call, bool *struck)
{
	*struck = false;
	if (!allowed(call))
		return false;
	*struck = ++calls == cut_at;
	if (*struck)
		disk_cut();
	return !*struck;
}

/* The VFS
 * ------------------------------------------------------------------------------------------------------
 */

struct handle {
	sqlite3_file base;
	struct node *node; /* NULL: a file that nobody misses */
	sqlite3_file *real;
};

static sqlite3_vfs ours, *real_vfs;

static struct handle *handle_of(sqlite3_file *file)
{
	return (struct handle *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return handle_of(file)->real;
}

static int file_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset)
{
	if (!allowed(DISK_READ))
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), to, len, offset);
}

static int file_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset)
{
	struct node *n = handle_of(file)->node;
	bool struck, may;
	int result = SQLITE_IOERR_WRITE;

	(void)pthread_mutex_lock(&lock);
	may = changes(DISK_WRITE, &struck);
	if (may)
		result = real_of(file)->pMethods->xWrite(real_of(file), from, len, offset);
	if (n != NULL && (struck || (may && result == SQLITE_OK)))
		note_change(n, (size_t)offset, from, (size_t)len);
	(void)pthread_mutex_unlock(&lock);
	return result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 len)
{
	struct node *n = handle_of(file)->node;
	bool struck, may;
	int result = SQLITE_IOERR_TRUNCATE;

	(void)pthread_mutex_lock(&lock);
	may = changes(DISK_TRUNCATE, &struck);
	if (may)
		result = real_of(file)->pMethods->xTruncate(real_of(file), len);
	if (n != NULL && (struck || (may && result == SQLITE_OK)))
		note_change(n, 0, NULL, (size_t)len);
	(void)pthread_mutex_unlock(&lock);
	return result;
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct node *n = handle_of(file)->node;
	bool struck;
	int result = SQLITE_IOERR_FSYNC;

	(void)pthread_mutex_lock(&lock);
	if (changes(DISK_SYNC, &struck))
		result = real_of(file)->pMethods->xSync(real_of(file), flags);
	if (result == SQLITE_OK && n != NULL && !lying) {
		make_durable(n);
		if (!n->named)
			sync_folder();
	}
	(void)pthread_mutex_unlock(&lock);
	return result;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *result)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int file_control(sqlite3_file *file, int which, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), which, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **at)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, at);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
		     int *out_flags)
{
	const int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
	struct handle *h = handle_of(file);
	int result = SQLITE_CANTOPEN;
	bool existed;

	(void)vfs;
	*h = (struct handle){.real = (sqlite3_file *)(h + 1)};
	h->real->pMethods = NULL;
	(void)pthread_mutex_lock(&lock);
	existed = path != NULL && access(path, F_OK) == 0;
	if (allowed(DISK_OPEN))
		result = real_vfs->xOpen(real_vfs, path, h->real, flags, out_flags);
	if (result == SQLITE_OK && path != NULL && (flags & kept) != 0)
		h->node = meet(path, existed);
	(void)pthread_mutex_unlock(&lock);
	if (h->real->pMethods != NULL)
		h->base.pMethods = &methods;
	return result;
}

static int disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct node *n;
	bool struck;
	int result = SQLITE_IOERR_DELETE;

	(void)vfs;
	(void)pthread_mutex_lock(&lock);
	if (changes(DISK_DELETE, &struck))
		result = real_vfs->xDelete(real_vfs, path, sync);
	n = find(path);
	if (n != NULL && (struck || result == SQLITE_OK))
		n->gone = true;
	if (result == SQLITE_OK && sync != 0 && !lying)
		sync_folder();
	(void)pthread_mutex_unlock(&lock);
	return result;
}

void disk_install(void)
{
	for (struct node *n; (n = nodes) != NULL; forget(n))
		nodes = n->next;
	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	assert_non_null(real_vfs);
	ours = *real_vfs;
	ours.zName = "disk";
	ours.szOsFile += (int)sizeof(struct handle);
	ours.xOpen = disk_open;
	ours.xDelete = disk_delete;
	assert_int_equal(SQLITE_OK, sqlite3_vfs_register(&ours, 1));
}
