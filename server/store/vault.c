#include "vault.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC		 "lahetti-vault-1\n"
#define MAGIC_LEN	 16
#define FILE_MOST	 (MAGIC_LEN + LAHETTI_SEAL_OVERHEAD + SECRET_MOST + 1) /* to see the end */
#define JOURNAL_MOST	 (256u << 20)
#define SECRET_MOST	 4096
#define NAME_MOST	 64
#define PATH_ROOM	 128 /* "secret/", a name, ".key", ".tmp" */
#define MASTER_LEN	 (2 * LAHETTI_SEAL_KEY_LEN + 1)
#define PERIODS_AT_FIRST 64

#define LAST	 "last.key"
#define JOURNAL	 "erasure.journal"
#define PERIODS	 "period"
#define SECRETS	 "secret"
#define UNDONE	 ".tmp" /* behind the name of what is not yet in its place, or on its way out */
#define REPLACED ".old" /* behind the name of a copy that has been replaced */

#define US_A_DAY  (INT64_C(86400) * 1000000)
#define US_A_WEEK (7 * US_A_DAY)

#define PERIOD_LEN  (8 + LAHETTI_SEAL_KEY_LEN) /* week, key */
#define RETIRED_LEN 8
#define LAST_LEN    4

/* Time, identifiers, scope, HMAC, each followed by a blank or, at the end, a newline. */
#define LINE_IDS      4
#define LINE_TEXT_LEN (20 + 1 + LINE_IDS * (LAHETTI_ID_TEXT_LEN + 1) + 10 + 1)
#define MORE	      '+' /* in place of the blank before the HMAC: the next line is of the same erasure */
#define LINE_LEN      (LINE_TEXT_LEN + LAHETTI_DIGEST_HEX_LEN + 1)

struct period {
	uint32_t serial;
	int64_t week_us;
	int64_t retired_us; /* 0 while it is in use */
	struct lahetti_secret key;
};

/*
 * Lies in locked memory, as the table of periods does. Two locks: `files` is held by whoever
 * changes the folder, together with a lock on the folder against other processes; `table` for as
 * long as the table is read or changed, never for a disk. Where both are held `files` was taken
 * first.
 */
struct vault {
	int folder;
	pthread_mutex_t files;
	pthread_mutex_t table;
	struct lahetti_secret master; /* wiped once the others are derived */
	struct lahetti_secret period_wrapper;
	struct lahetti_secret secret_wrapper;
	struct lahetti_secret controllers;
	struct lahetti_secret journal;
	struct period *periods; /* by serial */
	size_t n;
	size_t room;
};

/* ---- memory that is neither swapped nor dumped --------------------------------------------- */

static void *locked_take(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* As well as the system lets us: its limit may be small. */
	(void)mlock(p, len);
	(void)madvise(p, len, MADV_DONTDUMP);
	return p;
}

static void locked_give(void *p, size_t len)
{
	if (p == NULL)
		return;
	lahetti_wipe(p, len);
	(void)munmap(p, len);
}

/* ---- faults, numbers ----------------------------------------------------------------------- */

static bool io_fault(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "key-io",
				 "The key file %s can't be used: %s.", path, strerror(errno));
}

static bool damaged(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(
		f, LAHETTI_FAULT_BROKEN, "key-damaged",
		"The key file %s is damaged: bring it back from the copy of the key folder.", path);
}

static bool missing(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "key-missing",
				 "The key file %s is missing.", path);
}

static void put_number(uint8_t *to, uint64_t number, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(number >> (8 * (len - 1 - i)));
}

static uint64_t take_number(const uint8_t *from, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++)
		number = number << 8 | from[i];
	return number;
}

/* ---- files --------------------------------------------------------------------------------- */

static bool write_all(int fd, struct lahetti_span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.data, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s.data += n;
		s.len -= (size_t)n;
	}
	return true;
}

/* The whole file, appended to out; "key-missing" where there is none. */
static bool read_all(int folder, const char *path, struct lahetti_buffer *out,
		     struct lahetti_fault *f)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool done = false;

	if (fd < 0)
		return errno == ENOENT ? missing(path, f) : io_fault(path, f);
	for (;;) {
		uint8_t *to = lahetti_buffer_reserve(out, 1, f);
		ssize_t n;

		if (to == NULL) {
			if (out->len == out->most)
				damaged(path, f);
			break;
		}
		n = read(fd, to, out->room - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			io_fault(path, f);
		done = n == 0;
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	(void)close(fd);
	return done;
}

/* Makes durable which names lie in the folder in which `path` does. */
static bool sync_folder_of(int folder, const char *path, struct lahetti_fault *f)
{
	const char *slash = strrchr(path, '/');
	char *name = slash == NULL   ? strdup(".")
		     : slash == path ? strdup("/")
				     : strndup(path, (size_t)(slash - path));
	bool done;
	int fd;

	if (name == NULL)
		return lahetti_fault_no_memory(f);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = fd >= 0 && fsync(fd) == 0;
	if (!done)
		io_fault(name, f);
	if (fd >= 0)
		(void)close(fd);
	free(name);
	return done;
}

/* A new file with these bytes, durable but for its name. */
static bool write_new(int folder, const char *path, struct lahetti_span s, struct lahetti_fault *f)
{
	int fd = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done = fd >= 0 && write_all(fd, s) && fsync(fd) == 0;

	if (!done)
		io_fault(path, f);
	if (fd >= 0)
		(void)close(fd);
	if (!done && fd >= 0)
		(void)unlinkat(folder, path, 0);
	return done;
}

/* Makes or replaces a file: the name shows the old bytes or the new ones, never a part. */
static bool write_file(int folder, const char *path, struct lahetti_span s, struct lahetti_fault *f)
{
	char beside[PATH_ROOM];

	(void)snprintf(beside, sizeof beside, "%s" UNDONE, path);
	(void)unlinkat(folder, beside, 0); /* of one that crashed */
	if (!write_new(folder, beside, s, f))
		return false;
	if (renameat(folder, beside, folder, path) != 0) {
		io_fault(path, f);
		(void)unlinkat(folder, beside, 0);
		return false;
	}
	return sync_folder_of(folder, path, f);
}

/* Overwrites and unlinks. What isn't there is no fault. */
static bool destroy_file(int folder, const char *path, struct lahetti_fault *f)
{
	static const uint8_t zeros[4096];
	int fd = openat(folder, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	bool done;

	if (fd < 0 && errno == ENOENT)
		return true;
	done = fd >= 0 && fstat(fd, &st) == 0;
	for (off_t left = done ? st.st_size : 0; done && left > 0; left -= (off_t)sizeof zeros) {
		size_t len = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;

		done = write_all(fd, lahetti_span(zeros, len));
	}
	done = done && fsync(fd) == 0 && unlinkat(folder, path, 0) == 0;
	if (!done)
		io_fault(path, f);
	if (fd >= 0)
		(void)close(fd);
	return done;
}

/* Calls `each` with every name in a folder below `folder`, "." for itself. */
static bool each_name(int folder, const char *below,
		      bool (*each)(void *context, const char *name, struct lahetti_fault *f),
		      void *context, struct lahetti_fault *f)
{
	int fd = openat(folder, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool done = true;

	if (dir == NULL) {
		done = errno == ENOENT ? missing(below, f) : io_fault(below, f);
		if (fd >= 0)
			(void)close(fd);
		return done;
	}
	while (done) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			done = errno == 0 || io_fault(below, f);
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			done = each(context, entry->d_name, f);
	}
	(void)closedir(dir);
	return done;
}

static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name);
	size_t end = strlen(ending);

	return len >= end && strcmp(name + len - end, ending) == 0;
}

/* ---- sealed files -------------------------------------------------------------------------- */

/* The path is sealed with the bytes, so that no file can take another's place. */
static bool put_sealed(int folder, const struct lahetti_secret *key, const char *path,
		       struct lahetti_span plain, struct lahetti_fault *f)
{
	const struct lahetti_span aad = lahetti_span_text(path);
	struct lahetti_buffer file;
	bool done;

	lahetti_buffer_init(&file, FILE_MOST);
	done = lahetti_buffer_add(&file, lahetti_span_text(MAGIC), f) &&
	       lahetti_seal(key, &aad, 1, plain, &file, f) &&
	       write_file(folder, path, lahetti_buffer_span(&file), f);
	lahetti_buffer_finish(&file);
	return done;
}

/* What put_sealed sealed, appended to out. */
static bool get_sealed(int folder, const struct lahetti_secret *key, const char *path,
		       struct lahetti_buffer *out, struct lahetti_fault *f)
{
	const struct lahetti_span aad = lahetti_span_text(path);
	struct lahetti_buffer file;
	bool done = false;

	lahetti_buffer_init(&file, FILE_MOST);
	if (!read_all(folder, path, &file, f))
		goto out;
	if (file.len < MAGIC_LEN || memcmp(file.data, MAGIC, MAGIC_LEN) != 0) {
		damaged(path, f);
		goto out;
	}
	done = lahetti_unseal(key, &aad, 1,
			      lahetti_span(file.data + MAGIC_LEN, file.len - MAGIC_LEN), out, f);
	if (!done)
		damaged(path, f);
out:
	lahetti_buffer_finish(&file);
	return done;
}

/* The same where the length is known. */
static bool get_sealed_exactly(int folder, const struct lahetti_secret *key, const char *path,
			       uint8_t *out, size_t len, struct lahetti_fault *f)
{
	struct lahetti_buffer plain;
	bool done;

	lahetti_buffer_init(&plain, SECRET_MOST);
	done = get_sealed(folder, key, path, &plain, f) && (plain.len == len || damaged(path, f));
	if (done)
		memcpy(out, plain.data, len);
	lahetti_buffer_finish(&plain);
	return done;
}

/* ---- the locks ----------------------------------------------------------------------------- */

static bool hold_files(struct vault *v, struct lahetti_fault *f)
{
	int result;

	(void)pthread_mutex_lock(&v->files);
	do
		result = flock(v->folder, LOCK_EX);
	while (result != 0 && errno == EINTR);
	if (result == 0)
		return true;
	(void)pthread_mutex_unlock(&v->files);
	return io_fault(".", f);
}

static void let_files(struct vault *v)
{
	(void)flock(v->folder, LOCK_UN);
	(void)pthread_mutex_unlock(&v->files);
}

/* ---- periods ------------------------------------------------------------------------------- */

static void period_path(char path[PATH_ROOM], uint32_t serial, const char *ending)
{
	(void)snprintf(path, PATH_ROOM, PERIODS "/%" PRIu32 "%s", serial, ending);
}

/* Where the serial is in the table or would be. `table` is held. */
static size_t period_place(const struct vault *v, uint32_t serial)
{
	size_t low = 0;
	size_t high = v->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->periods[middle].serial < serial)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct period *period_find(const struct vault *v, uint32_t serial)
{
	size_t place = period_place(v, serial);

	return place < v->n && v->periods[place].serial == serial ? &v->periods[place] : NULL;
}

/* Adds to the table, or puts in the place of what is known of the serial. `table` is held. */
static bool period_add(struct vault *v, const struct period *p, struct lahetti_fault *f)
{
	size_t place = period_place(v, p->serial);

	if (place < v->n && v->periods[place].serial == p->serial) {
		v->periods[place] = *p;
		return true;
	}
	if (v->n == v->room) {
		size_t room = v->room == 0 ? PERIODS_AT_FIRST : 2 * v->room;
		struct period *periods = locked_take(room * sizeof *periods);

		if (periods == NULL)
			return lahetti_fault_no_memory(f);
		if (v->n > 0)
			memcpy(periods, v->periods, v->n * sizeof *periods);
		locked_give(v->periods, v->room * sizeof *periods);
		v->periods = periods;
		v->room = room;
	}
	memmove(&v->periods[place + 1], &v->periods[place], (v->n - place) * sizeof *v->periods);
	v->periods[place] = *p;
	v->n++;
	return true;
}

static void period_forget(struct vault *v, uint32_t serial)
{
	size_t place;

	(void)pthread_mutex_lock(&v->table);
	place = period_place(v, serial);
	if (place < v->n && v->periods[place].serial == serial) {
		v->n--;
		memmove(&v->periods[place], &v->periods[place + 1],
			(v->n - place) * sizeof *v->periods);
		lahetti_wipe(&v->periods[v->n], sizeof *v->periods);
	}
	(void)pthread_mutex_unlock(&v->table);
}

static bool gone(uint32_t serial, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "key-destroyed",
				 "The period key %" PRIu32 " has been destroyed.", serial);
}

/* Reads a period's files into the table; "key-missing" where there are none. */
static bool period_load(struct vault *v, uint32_t serial, struct lahetti_fault *f)
{
	struct period p = {.serial = serial};
	uint8_t plain[PERIOD_LEN];
	uint8_t retired[RETIRED_LEN] = {0};
	struct lahetti_fault why;
	char path[PATH_ROOM];
	bool done;

	period_path(path, serial, ".key");
	if (!get_sealed_exactly(v->folder, &v->period_wrapper, path, plain, sizeof plain, f))
		return false;
	p.week_us = (int64_t)take_number(plain, 8);
	memcpy(p.key.bytes, plain + 8, sizeof p.key.bytes);
	period_path(path, serial, ".retired");
	done = get_sealed_exactly(v->folder, &v->period_wrapper, path, retired, sizeof retired,
				  &why) ||
	       strcmp(why.code, "key-missing") == 0;
	if (!done && f != NULL)
		*f = why;
	p.retired_us = (int64_t)take_number(retired, sizeof retired);
	if (done) {
		(void)pthread_mutex_lock(&v->table);
		done = period_add(v, &p, f);
		(void)pthread_mutex_unlock(&v->table);
	}
	lahetti_wipe(plain, sizeof plain);
	lahetti_wipe(&p, sizeof p);
	return done;
}

/*
 * The period with `table` held, which the caller lets go; NULL, without the lock, where it has been
 * destroyed. Another process may have made it, so its file is looked for.
 */
static struct period *period_hold(struct vault *v, uint32_t serial, struct lahetti_fault *f)
{
	struct lahetti_fault why;
	struct period *p;

	(void)pthread_mutex_lock(&v->table);
	p = period_find(v, serial);
	if (p != NULL)
		return p;
	(void)pthread_mutex_unlock(&v->table);
	if (!period_load(v, serial, &why)) {
		if (strcmp(why.code, "key-missing") == 0)
			gone(serial, f);
		else if (f != NULL)
			*f = why;
		return NULL;
	}
	(void)pthread_mutex_lock(&v->table);
	p = period_find(v, serial);
	if (p == NULL) {
		(void)pthread_mutex_unlock(&v->table);
		gone(serial, f);
	}
	return p;
}

/* SERIAL.key, written as we write it; anything else in the folder isn't a period's key. */
static bool serial_of(const char *name, uint32_t *serial)
{
	char same[PATH_ROOM];
	uintmax_t number;

	if (*name < '0' || *name > '9')
		return false;
	number = strtoumax(name, NULL, 10);
	if (number > UINT32_MAX)
		return false;
	*serial = (uint32_t)number;
	(void)snprintf(same, sizeof same, "%" PRIu32 ".key", *serial);
	return strcmp(name, same) == 0;
}

static bool load_named(void *context, const char *name, struct lahetti_fault *f)
{
	uint32_t serial;

	return !serial_of(name, &serial) || period_load(context, serial, f);
}

/* The last serial given. Opens under the right master key alone, which is how that is known. */
static bool last_serial(int folder, const struct lahetti_secret *key, uint32_t *serial,
			struct lahetti_fault *f)
{
	uint8_t plain[LAST_LEN];

	if (!get_sealed_exactly(folder, key, LAST, plain, sizeof plain, f))
		return false;
	*serial = (uint32_t)take_number(plain, sizeof plain);
	return true;
}

static bool put_last_serial(int folder, const struct lahetti_secret *key, uint32_t serial,
			    struct lahetti_fault *f)
{
	uint8_t plain[LAST_LEN];

	put_number(plain, serial, sizeof plain);
	return put_sealed(folder, key, LAST, lahetti_span(plain, sizeof plain), f);
}

/* A new key for a week. The serial is used up first: none is ever given twice. `files` is held. */
static bool period_make(struct vault *v, int64_t week_us, uint32_t *serial, struct lahetti_fault *f)
{
	struct period p = {.week_us = week_us};
	uint8_t plain[PERIOD_LEN];
	char path[PATH_ROOM];
	bool done = false;

	if (!last_serial(v->folder, &v->period_wrapper, &p.serial, f))
		return false;
	p.serial++;
	if (!put_last_serial(v->folder, &v->period_wrapper, p.serial, f) ||
	    !lahetti_secret_new(&p.key, f))
		return false;
	put_number(plain, (uint64_t)week_us, 8);
	memcpy(plain + 8, p.key.bytes, sizeof p.key.bytes);
	period_path(path, p.serial, ".key");
	if (put_sealed(v->folder, &v->period_wrapper, path, lahetti_span(plain, sizeof plain), f)) {
		(void)pthread_mutex_lock(&v->table);
		done = period_add(v, &p, f);
		(void)pthread_mutex_unlock(&v->table);
	}
	*serial = p.serial;
	lahetti_wipe(plain, sizeof plain);
	lahetti_wipe(&p, sizeof p);
	return done;
}

/* Monday 00:00 UTC; 1970 began on a Thursday. */
static int64_t week_of(int64_t us)
{
	int64_t since = us + 3 * US_A_DAY;
	int64_t into = since % US_A_WEEK;

	return us - (into < 0 ? into + US_A_WEEK : into);
}

/* The newest key in use of a week. */
static bool period_of_week(struct vault *v, int64_t week_us, uint32_t *serial)
{
	bool found = false;

	(void)pthread_mutex_lock(&v->table);
	for (size_t i = v->n; i > 0 && !found; i--) {
		found = v->periods[i - 1].week_us == week_us && v->periods[i - 1].retired_us == 0;
		*serial = v->periods[i - 1].serial;
	}
	(void)pthread_mutex_unlock(&v->table);
	return found;
}

bool vault_period_now(struct vault *v, int64_t now_us, uint32_t *serial, struct lahetti_fault *f)
{
	int64_t week_us = week_of(now_us);
	bool done;

	if (period_of_week(v, week_us, serial))
		return true;
	if (!hold_files(v, f))
		return false;
	done = period_of_week(v, week_us, serial) || period_make(v, week_us, serial, f);
	let_files(v);
	return done;
}

bool vault_period_find(struct vault *v, uint32_t from, struct vault_period *period)
{
	bool found;
	size_t place;

	(void)pthread_mutex_lock(&v->table);
	place = period_place(v, from);
	found = place < v->n;
	if (found) {
		const struct period *p = &v->periods[place];

		*period = (struct vault_period){.serial = p->serial, .retired = p->retired_us != 0};
		for (size_t i = place + 1; i < v->n && !period->replaced; i++)
			period->replaced = v->periods[i].week_us == p->week_us;
	}
	(void)pthread_mutex_unlock(&v->table);
	return found;
}

bool vault_wrap(struct vault *v, uint32_t serial, const struct lahetti_span *aad, size_t n,
		const struct lahetti_secret *secret, uint8_t wrapped[LAHETTI_WRAPPED_LEN],
		struct lahetti_fault *f)
{
	const struct period *p = period_hold(v, serial, f);
	bool done;

	if (p == NULL)
		return false;
	done = p->retired_us == 0
		       ? lahetti_wrap(&p->key, aad, n, secret, wrapped, f)
		       : lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "key-retired",
					   "The period key %" PRIu32 " is retired.", serial);
	(void)pthread_mutex_unlock(&v->table);
	return done;
}

bool vault_unwrap(struct vault *v, uint32_t serial, const struct lahetti_span *aad, size_t n,
		  struct lahetti_span wrapped, struct lahetti_secret *secret,
		  struct lahetti_fault *f)
{
	const struct period *p = period_hold(v, serial, f);
	bool done;

	if (p == NULL)
		return false;
	done = lahetti_unwrap(&p->key, aad, n, wrapped, secret, f);
	(void)pthread_mutex_unlock(&v->table);
	return done;
}

bool vault_period_replace(struct vault *v, uint32_t serial, uint32_t *replacement,
			  struct lahetti_fault *f)
{
	const struct period *p;
	int64_t week_us;
	bool done;

	if (!hold_files(v, f))
		return false;
	p = period_hold(v, serial, f);
	done = p != NULL;
	if (done) {
		week_us = p->week_us;
		(void)pthread_mutex_unlock(&v->table);
		done = period_make(v, week_us, replacement, f);
	}
	let_files(v);
	return done;
}

bool vault_period_retire(struct vault *v, uint32_t serial, int64_t now_us, struct lahetti_fault *f)
{
	uint8_t plain[RETIRED_LEN];
	char path[PATH_ROOM];
	struct period *p;
	bool already = false;
	bool done;

	assert(now_us > 0);
	if (!hold_files(v, f))
		return false;
	p = period_hold(v, serial, f);
	done = p != NULL;
	if (done) {
		already = p->retired_us != 0;
		(void)pthread_mutex_unlock(&v->table);
	}
	if (done && !already) {
		put_number(plain, (uint64_t)now_us, sizeof plain);
		period_path(path, serial, ".retired");
		done = put_sealed(v->folder, &v->period_wrapper, path,
				  lahetti_span(plain, sizeof plain), f);
		(void)pthread_mutex_lock(&v->table);
		p = period_find(v, serial);
		if (done && p != NULL)
			p->retired_us = now_us;
		(void)pthread_mutex_unlock(&v->table);
	}
	let_files(v);
	return done;
}

/* The lowest serial from `from` on that was retired before a time. */
static bool retired_next(struct vault *v, uint32_t from, int64_t before_us, uint32_t *serial)
{
	bool found = false;

	(void)pthread_mutex_lock(&v->table);
	for (size_t i = period_place(v, from); i < v->n && !found; i++) {
		found = v->periods[i].retired_us != 0 && v->periods[i].retired_us < before_us;
		*serial = v->periods[i].serial;
	}
	(void)pthread_mutex_unlock(&v->table);
	return found;
}

/*
 * The key is first given the name of what is on its way out: after a crash in between, sweep goes
 * on. Overwritten in place it would be a damaged key, with which no vault opens.
 */
static bool destroy_period(struct vault *v, uint32_t serial, struct lahetti_fault *f)
{
	char key[PATH_ROOM];
	char leaving[PATH_ROOM];
	char retired[PATH_ROOM];

	period_path(key, serial, ".key");
	period_path(leaving, serial, ".key" UNDONE);
	period_path(retired, serial, ".retired");
	if (renameat(v->folder, key, v->folder, leaving) != 0 && errno != ENOENT)
		return io_fault(key, f);
	return sync_folder_of(v->folder, key, f) && destroy_file(v->folder, leaving, f) &&
	       destroy_file(v->folder, retired, f) && sync_folder_of(v->folder, key, f);
}

bool vault_destroy_retired(struct vault *v, int64_t before_us, unsigned *destroyed,
			   struct lahetti_fault *f)
{
	uint32_t serial = 0;
	bool done = true;

	*destroyed = 0;
	if (!hold_files(v, f))
		return false;
	while (done && retired_next(v, serial, before_us, &serial)) {
		period_forget(v, serial);
		done = destroy_period(v, serial, f);
		*destroyed += done;
	}
	let_files(v);
	return done;
}

/* ---- keys of controllers, secrets ---------------------------------------------------------- */

bool vault_controller_key(struct vault *v, const struct lahetti_id *controller, const char *label,
			  struct lahetti_secret *out, struct lahetti_fault *f)
{
	return lahetti_hkdf(lahetti_span(v->controllers.bytes, sizeof v->controllers.bytes),
			    lahetti_id_span(controller), lahetti_span_text(label), out->bytes,
			    sizeof out->bytes, f);
}

static bool secret_path(char path[PATH_ROOM], const char *name, struct lahetti_fault *f)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MOST ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-name",
					 "The name of a secret is not lower-case letters, digits "
					 "and hyphens.");
	(void)snprintf(path, PATH_ROOM, SECRETS "/%s.key", name);
	return true;
}

bool vault_secret_put(struct vault *v, const char *name, struct lahetti_span secret,
		      struct lahetti_fault *f)
{
	char path[PATH_ROOM];
	bool done;

	if (!secret_path(path, name, f))
		return false;
	if (secret.len > SECRET_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "too-long",
					 "A secret is longer than %d bytes.", SECRET_MOST);
	if (!hold_files(v, f))
		return false;
	done = put_sealed(v->folder, &v->secret_wrapper, path, secret, f);
	let_files(v);
	return done;
}

bool vault_secret_get(struct vault *v, const char *name, struct lahetti_buffer *out,
		      struct lahetti_fault *f)
{
	char path[PATH_ROOM];

	return secret_path(path, name, f) &&
	       get_sealed(v->folder, &v->secret_wrapper, path, out, f);
}

/* ---- the erasure journal ------------------------------------------------------------------- */

/* Over the line's number too: a line that is taken out shifts those behind it. */
static bool line_hmac(const struct vault *v, uint64_t number, const char *text,
		      char hex[LAHETTI_DIGEST_HEX_LEN + 1], struct lahetti_fault *f)
{
	struct lahetti_digest digest;
	uint8_t place[8] = {0};
	const struct lahetti_span spans[] = {lahetti_span(place, sizeof place),
					     lahetti_span(text, LINE_TEXT_LEN)};

	put_number(place, number, sizeof place);
	if (!lahetti_hmac(&v->journal, spans, 2, &digest, f))
		return false;
	lahetti_hex(digest.bytes, sizeof digest.bytes, hex);
	return true;
}

static bool line_write(const struct vault *v, uint64_t number, const struct vault_erasure *e,
		       bool more, char line[LINE_LEN + 1], struct lahetti_fault *f)
{
	char erasure[LAHETTI_ID_TEXT_LEN + 1];
	char client[LAHETTI_ID_TEXT_LEN + 1];
	char statement[LAHETTI_ID_TEXT_LEN + 1];
	char by[LAHETTI_ID_TEXT_LEN + 1];
	char hex[LAHETTI_DIGEST_HEX_LEN + 1];

	assert(e->time_us >= 0);
	lahetti_id_format(&e->erasure, erasure);
	lahetti_id_format(&e->client, client);
	lahetti_id_format(&e->statement, statement);
	lahetti_id_format(&e->by, by);
	(void)snprintf(line, LINE_LEN + 1, "%020" PRId64 " %s %s %s %s %010" PRIu32 "%c",
		       e->time_us, erasure, client, statement, by, e->scope, more ? MORE : ' ');
	if (!line_hmac(v, number, line, hex, f))
		return false;
	(void)snprintf(line + LINE_TEXT_LEN, LINE_LEN + 1 - LINE_TEXT_LEN, "%s\n", hex);
	return true;
}

/* An identifier of a line, or the empty one. */
static bool line_id(const char *from, struct lahetti_id *id)
{
	char text[LAHETTI_ID_TEXT_LEN + 1];
	char none[LAHETTI_ID_TEXT_LEN + 1];

	*id = (struct lahetti_id){0};
	lahetti_id_format(id, none);
	memcpy(text, from, LAHETTI_ID_TEXT_LEN);
	text[LAHETTI_ID_TEXT_LEN] = '\0';
	return strcmp(text, none) == 0 || lahetti_id_parse(id, text, NULL);
}

/* Nothing of a line is believed before its HMAC holds. */
static bool line_read(const struct vault *v, uint64_t number, const char *line,
		      struct vault_erasure *e, struct lahetti_fault *f)
{
	char hex[LAHETTI_DIGEST_HEX_LEN + 1];
	const char *ids = line + 20 + 1;

	if (!line_hmac(v, number, line, hex, f))
		return false;
	if (!lahetti_span_equal_secret(
		    lahetti_span(hex, LAHETTI_DIGEST_HEX_LEN),
		    lahetti_span(line + LINE_TEXT_LEN, LAHETTI_DIGEST_HEX_LEN)) ||
	    line[LINE_LEN - 1] != '\n' || !line_id(ids, &e->erasure) ||
	    !line_id(ids + LAHETTI_ID_TEXT_LEN + 1, &e->client) ||
	    !line_id(ids + 2 * (LAHETTI_ID_TEXT_LEN + 1), &e->statement) ||
	    !line_id(ids + 3 * (LAHETTI_ID_TEXT_LEN + 1), &e->by))
		return damaged(JOURNAL, f);
	e->time_us = strtoll(line, NULL, 10);
	e->scope = (uint32_t)strtoul(ids + LINE_IDS * (LAHETTI_ID_TEXT_LEN + 1), NULL, 10);
	return true;
}

/* Reads the whole lines, up to the last of an erasure: what is short at the end was never
 * acknowledged. `files` is held. */
static bool journal_lines(struct vault *v, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	if (!read_all(v->folder, JOURNAL, out, f))
		return false;
	out->len -= out->len % LINE_LEN;
	while (out->len > 0 && out->data[out->len - LINE_LEN + LINE_TEXT_LEN - 1] == MORE)
		out->len -= LINE_LEN;
	return true;
}

bool vault_journal_add(struct vault *v, const struct vault_erasure *e, size_t n,
		       struct lahetti_fault *f)
{
	struct lahetti_buffer lines, added;
	char line[LINE_LEN + 1];
	bool done = true;
	int fd = -1;

	lahetti_buffer_init(&lines, JOURNAL_MOST);
	lahetti_buffer_init(&added, JOURNAL_MOST);
	if (!hold_files(v, f))
		return false;
	done = journal_lines(v, &lines, f);
	for (size_t i = 0; done && i < n; i++)
		done = line_write(v, lines.len / LINE_LEN + i, &e[i], i + 1 < n, line, f) &&
		       lahetti_buffer_add(&added, lahetti_span(line, LINE_LEN), f);
	if (!done)
		goto out;
	fd = openat(v->folder, JOURNAL, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	done = fd >= 0 && ftruncate(fd, (off_t)lines.len) == 0 &&
	       lseek(fd, 0, SEEK_END) == (off_t)lines.len &&
	       write_all(fd, lahetti_buffer_span(&added)) && fsync(fd) == 0;
	if (!done) {
		io_fault(JOURNAL, f);
		if (fd >= 0) /* best effort: an erasure that was not acknowledged may be replayed */
			(void)!ftruncate(fd, (off_t)lines.len);
	}
out:
	if (fd >= 0)
		(void)close(fd);
	let_files(v);
	lahetti_buffer_finish(&lines);
	lahetti_buffer_finish(&added);
	return done;
}

bool vault_journal_read(struct vault *v,
			bool (*each)(void *context, const struct vault_erasure *e,
				     struct lahetti_fault *f),
			void *context, struct lahetti_fault *f)
{
	struct lahetti_buffer lines;
	struct vault_erasure e;
	bool done;

	lahetti_buffer_init(&lines, JOURNAL_MOST);
	if (!hold_files(v, f))
		return false;
	done = journal_lines(v, &lines, f);
	let_files(v);
	/* All of it first: a journal that is damaged is not replayed in part. */
	for (size_t i = 0; done && i < lines.len / LINE_LEN; i++)
		done = line_read(v, i, (const char *)lines.data + i * LINE_LEN, &e, f);
	for (size_t i = 0; done && i < lines.len / LINE_LEN; i++)
		done = line_read(v, i, (const char *)lines.data + i * LINE_LEN, &e, f) &&
		       each(context, &e, f);
	lahetti_buffer_finish(&lines);
	return done;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A folder that exists, by descriptor; -1 with a fault. */
static int open_folder(const char *path, struct lahetti_fault *f)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		(void)(errno == ENOENT ? missing(path, f) : io_fault(path, f));
	return fd;
}

static bool too_open(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "key-mode",
				 "Others may use %s: it must belong to the server's user alone, "
				 "with mode 0600 for a file and 0700 for a folder.",
				 path);
}

/*
 * Only the owner may read, who is ourselves or root. systemd gives a credential to its service by
 * an access control list, whose mask shows where the group's mode is; such a file is root's, with
 * root's group.
 */
static bool private_enough(const struct stat *st, mode_t ours)
{
	bool roots = st->st_uid == 0 && st->st_gid == 0;

	return (st->st_uid == geteuid() || st->st_uid == 0) &&
	       (st->st_mode & 07777 & ~(ours | (roots ? S_IRGRP : 0u))) == 0;
}

static bool read_master(const char *path, struct lahetti_secret *master, struct lahetti_fault *f)
{
	char text[MASTER_LEN + 1];
	struct stat st;
	bool done = false;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? missing(path, f) : io_fault(path, f);
	n = read(fd, text, sizeof text); /* one byte more than there should be */
	if (n < 0 || fstat(fd, &st) != 0) {
		io_fault(path, f);
	} else if (!private_enough(&st, 0600)) {
		too_open(path, f);
	} else {
		done = n == MASTER_LEN && text[MASTER_LEN - 1] == '\n';
		text[MASTER_LEN - 1] = '\0';
		done = done && lahetti_hex_parse(master->bytes, sizeof master->bytes, text, NULL);
		if (!done)
			lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "key-form",
					  "The master key %s is not 64 hexadecimal digits and a "
					  "newline.",
					  path);
	}
	lahetti_wipe(text, sizeof text);
	(void)close(fd);
	return done;
}

static bool derive(const struct vault *v, const char *label, struct lahetti_secret *out,
		   struct lahetti_fault *f)
{
	return lahetti_hkdf(lahetti_span(v->master.bytes, sizeof v->master.bytes),
			    lahetti_span(NULL, 0), lahetti_span_text(label), out->bytes,
			    sizeof out->bytes, f);
}

/* All that the master key is good for. */
static bool derive_all(struct vault *v, struct lahetti_fault *f)
{
	bool done = derive(v, "lahetti period keys", &v->period_wrapper, f) &&
		    derive(v, "lahetti secrets", &v->secret_wrapper, f) &&
		    derive(v, "lahetti keys of controllers", &v->controllers, f) &&
		    derive(v, "lahetti erasure journal", &v->journal, f);

	lahetti_wipe(&v->master, sizeof v->master);
	return done;
}

/* A vault with neither keys nor folder. */
static struct vault *vault_new(struct lahetti_fault *f)
{
	struct vault *v = locked_take(sizeof *v);

	if (v == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	v->folder = -1;
	(void)pthread_mutex_init(&v->files, NULL);
	(void)pthread_mutex_init(&v->table, NULL);
	return v;
}

void vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	if (v->folder >= 0)
		(void)close(v->folder);
	(void)pthread_mutex_destroy(&v->files);
	(void)pthread_mutex_destroy(&v->table);
	locked_give(v->periods, v->room * sizeof *v->periods);
	locked_give(v, sizeof *v);
}

/* Destroys what a crash left on its way into or out of the folders. `files` is held. */
struct sweeping {
	int folder;
	const char *below;
	const char *ending; /* of the names that go */
};

static bool sweep_name(void *context, const char *name, struct lahetti_fault *f)
{
	const struct sweeping *s = context;
	char path[PATH_ROOM];

	if (!ends_with(name, s->ending))
		return true;
	if (snprintf(path, sizeof path, "%s/%s", s->below, name) >= (int)sizeof path)
		return damaged(s->below, f);
	return destroy_file(s->folder, path, f);
}

static bool sweep(int folder, const char *below, const char *ending, struct lahetti_fault *f)
{
	struct sweeping s = {folder, below, ending};

	return each_name(folder, below, sweep_name, &s, f);
}

/* Tells a master key that isn't this folder's from a file that is no longer whole. */
static bool right_master(const struct vault *v, struct lahetti_fault *f)
{
	struct lahetti_fault why;
	struct stat st;
	uint32_t serial;

	if (last_serial(v->folder, &v->period_wrapper, &serial, &why))
		return true;
	if (strcmp(why.code, "key-damaged") == 0 && fstatat(v->folder, LAST, &st, 0) == 0 &&
	    st.st_size == MAGIC_LEN + LAHETTI_SEAL_OVERHEAD + LAST_LEN)
		(void)lahetti_fault_set(&why, LAHETTI_FAULT_INVALID, "key-wrong",
					"The key folder was made under another master key than "
					"this one, or its " LAST " is damaged.");
	if (f != NULL)
		*f = why;
	return false;
}

struct vault *vault_open(const char *master_path, const char *folder, struct lahetti_fault *f)
{
	struct vault *v = vault_new(f);
	struct stat st;
	bool done;

	if (v == NULL)
		return NULL;
	if (!read_master(master_path, &v->master, f) || !derive_all(v, f))
		goto failed;
	v->folder = open_folder(folder, f);
	if (v->folder < 0)
		goto failed;
	if (fstat(v->folder, &st) != 0 || !private_enough(&st, 0700)) {
		too_open(folder, f);
		goto failed;
	}
	if (!right_master(v, f) || !hold_files(v, f))
		goto failed;
	done = sweep(v->folder, ".", UNDONE, f) && sweep(v->folder, PERIODS, UNDONE, f) &&
	       sweep(v->folder, SECRETS, UNDONE, f) &&
	       each_name(v->folder, PERIODS, load_named, v, f);
	let_files(v);
	if (done)
		return v;
failed:
	vault_close(v);
	return NULL;
}

/* ---- making -------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Destroys a key folder, or what there is of one; anything else in it is left and is a fault. */
static bool destroy_folder(const char *path, struct lahetti_fault *f)
{
	static const char *const inner[] = {PERIODS, SECRETS};
	bool done = true;
	int fd;

	if (!exists(path))
		return true;
	fd = open_folder(path, f);
	if (fd < 0)
		return false;
	for (size_t i = 0; done && i < sizeof inner / sizeof *inner; i++) {
		if (faccessat(fd, inner[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			done = sweep(fd, inner[i], "", f) &&
			       (unlinkat(fd, inner[i], AT_REMOVEDIR) == 0 || io_fault(path, f));
	}
	done = done && destroy_file(fd, JOURNAL, f) && destroy_file(fd, LAST, f) &&
	       sweep(fd, ".", UNDONE, f);
	(void)close(fd);
	return done && (rmdir(path) == 0 || io_fault(path, f));
}

/* The folder `path`, which is new, with the two folders in it: its descriptor, -1 with a fault. */
static int make_folders(const char *path, struct lahetti_fault *f)
{
	int fd;

	if (mkdir(path, 0700) != 0) {
		io_fault(path, f);
		return -1;
	}
	fd = open_folder(path, f);
	if (fd >= 0 && mkdirat(fd, PERIODS, 0700) == 0 && mkdirat(fd, SECRETS, 0700) == 0)
		return fd;
	if (fd >= 0) {
		io_fault(path, f);
		(void)close(fd);
	}
	(void)destroy_folder(path, NULL);
	return -1;
}

static bool write_master(const char *path, const struct lahetti_secret *master,
			 struct lahetti_fault *f)
{
	char text[MASTER_LEN + 1];
	bool done;

	lahetti_hex(master->bytes, sizeof master->bytes, text);
	text[MASTER_LEN - 1] = '\n';
	done = write_new(AT_FDCWD, path, lahetti_span(text, MASTER_LEN), f);
	lahetti_wipe(text, sizeof text);
	return done;
}

bool vault_create(const char *master_path, const char *folder, struct lahetti_fault *f)
{
	struct vault *v = NULL;
	bool master = false;
	bool done = false;

	if (exists(master_path) || exists(folder))
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "exists",
					 "%s exists already: keys are not replaced.",
					 exists(folder) ? folder : master_path);
	v = vault_new(f);
	if (v == NULL || !lahetti_secret_new(&v->master, f))
		goto out;
	master = write_master(master_path, &v->master, f);
	if (!master || !derive_all(v, f))
		goto out;
	v->folder = make_folders(folder, f);
	done = v->folder >= 0 && put_last_serial(v->folder, &v->period_wrapper, 0, f) &&
	       write_file(v->folder, JOURNAL, lahetti_span(NULL, 0), f) &&
	       sync_folder_of(AT_FDCWD, folder, f) && sync_folder_of(AT_FDCWD, master_path, f);
	if (!done && v->folder >= 0) /* never one that somebody else made meanwhile */
		(void)destroy_folder(folder, NULL);
out:
	if (master && !done)
		(void)destroy_file(AT_FDCWD, master_path, NULL);
	vault_close(v);
	return done;
}

/* ---- copying ------------------------------------------------------------------------------- */

struct copying {
	int from;
	int to;
	const char *below;
};

static bool copy_file(int from, int to, const char *path, struct lahetti_fault *f)
{
	struct lahetti_buffer file;
	bool done;

	lahetti_buffer_init(&file, JOURNAL_MOST);
	done = read_all(from, path, &file, f) && write_new(to, path, lahetti_buffer_span(&file), f);
	lahetti_buffer_finish(&file);
	return done;
}

static bool copy_name(void *context, const char *name, struct lahetti_fault *f)
{
	const struct copying *c = context;
	char path[PATH_ROOM];

	if (ends_with(name, UNDONE))
		return true;
	if (snprintf(path, sizeof path, "%s/%s", c->below, name) >= (int)sizeof path)
		return damaged(c->below, f);
	return copy_file(c->from, c->to, path, f);
}

/* The whole folder into a new one, durable but for its name. `files` is held. */
static bool copy_folder(struct vault *v, const char *path, struct lahetti_fault *f)
{
	int to = make_folders(path, f);
	struct copying periods = {v->folder, to, PERIODS};
	struct copying secrets = {v->folder, to, SECRETS};
	bool done;

	if (to < 0)
		return false;
	done = copy_file(v->folder, to, LAST, f) && copy_file(v->folder, to, JOURNAL, f) &&
	       each_name(v->folder, PERIODS, copy_name, &periods, f) &&
	       each_name(v->folder, SECRETS, copy_name, &secrets, f) &&
	       sync_folder_of(to, LAST, f) && sync_folder_of(to, PERIODS "/", f) &&
	       sync_folder_of(to, SECRETS "/", f);
	(void)close(to);
	return done;
}

static bool not_a_copy(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "not-a-copy",
				 "%s holds something else than a copy of this key folder: name "
				 "another place.",
				 path);
}

/* Whether a copy of ours lies there, which may be replaced; that nothing does is no fault. */
static bool find_copy(const struct vault *v, const char *path, bool *found, struct lahetti_fault *f)
{
	struct lahetti_fault why;
	struct stat ours;
	struct stat theirs;
	uint32_t serial;
	bool other = false;
	int fd;

	*found = false;
	if (!exists(path))
		return true;
	fd = open_folder(path, f);
	if (fd < 0)
		return false;
	if (fstat(v->folder, &ours) != 0 || fstat(fd, &theirs) != 0 ||
	    (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino))
		other = true;
	else if (last_serial(fd, &v->period_wrapper, &serial, &why))
		*found = true;
	else
		other = strcmp(why.code, "key-missing") != 0;
	(void)close(fd);
	return !other || not_a_copy(path, f);
}

/* The new copy to its place, the old one out of it and destroyed. */
static bool exchange(const char *beside, const char *to, const char *old, bool replace,
		     struct lahetti_fault *f)
{
	if (replace && (!destroy_folder(old, f) || (rename(to, old) != 0 && !io_fault(to, f))))
		return false;
	if (rename(beside, to) != 0) /* only an empty folder gives way */
		return errno == ENOTEMPTY || errno == EEXIST ? not_a_copy(to, f) : io_fault(to, f);
	return sync_folder_of(AT_FDCWD, to, f) && destroy_folder(old, f) &&
	       sync_folder_of(AT_FDCWD, to, f);
}

bool vault_copy(struct vault *v, const char *to, struct lahetti_fault *f)
{
	size_t len = strlen(to);
	char *place = NULL;
	char *beside = NULL;
	char *old = NULL;
	bool replace = false;
	bool done = false;

	while (len > 1 && to[len - 1] == '/')
		len--;
	place = strndup(to, len);
	if (place == NULL || asprintf(&beside, "%s" UNDONE, place) < 0) {
		beside = NULL;
		lahetti_fault_no_memory(f);
		goto out;
	}
	if (asprintf(&old, "%s" REPLACED, place) < 0) {
		old = NULL;
		lahetti_fault_no_memory(f);
		goto out;
	}
	if (!hold_files(v, f))
		goto out;
	done = find_copy(v, place, &replace, f) && destroy_folder(beside, f) &&
	       copy_folder(v, beside, f) && exchange(beside, place, old, replace, f);
	if (!done)
		(void)destroy_folder(beside, NULL);
	let_files(v);
out:
	free(place);
	free(beside);
	free(old);
	return done;
}
