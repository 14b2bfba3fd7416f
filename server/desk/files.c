#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static bool io_fault(const char *path, struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
				 "The file %.120s can't be used: %s.", path, strerror(errno));
}

/* Paths
 * ---------------------------------------------------------------------------------------------- */

static bool too_long(int len, struct lahetti_fault *f)
{
	if (len >= 0 && len <= FILES_PATH_MOST)
		return false;
	(void)lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "too-long", "A path is too long.");
	return true;
}

bool files_path(char path[FILES_PATH_MOST + 1], const char *folder, const char *name,
		struct lahetti_fault *f)
{
	return !too_long(snprintf(path, FILES_PATH_MOST + 1, "%s/%s", folder, name), f);
}

bool files_beside(char path[FILES_PATH_MOST + 1], const char *name, const char *ending,
		  struct lahetti_fault *f)
{
	return !too_long(snprintf(path, FILES_PATH_MOST + 1, "%s%s", name, ending), f);
}

bool files_exist(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Reading, writing
 * ---------------------------------------------------------------------------------------------- */

static ssize_t read_some(int fd, uint8_t *to, size_t room)
{
	ssize_t n;

	do
		n = read(fd, to, room);
	while (n < 0 && errno == EINTR);
	return n;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

bool files_read(const char *path, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	bool ok = fd >= 0 || io_fault(path, f);

	while (ok && n > 0) {
		uint8_t *to = lahetti_buffer_reserve(out, 1, f);

		ok = to != NULL;
		n = ok ? read_some(fd, to, out->room - out->len) : 0;
		if (n < 0)
			ok = io_fault(path, f);
		else
			out->len += (size_t)n;
	}
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* A file that did not become whole is not left. */
static bool finish_new(int fd, const char *path, bool ok, struct lahetti_fault *f)
{
	if (ok && fsync(fd) != 0)
		ok = io_fault(path, f);
	if (close(fd) != 0 && ok)
		ok = io_fault(path, f);
	if (!ok)
		(void)unlink(path);
	return ok;
}

static int create(const char *path, struct lahetti_fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		(void)io_fault(path, f);
	return fd;
}

bool files_write(const char *path, struct lahetti_span bytes, struct lahetti_fault *f)
{
	int fd = create(path, f);

	return fd >= 0 &&
	       finish_new(fd, path, write_all(fd, bytes.data, bytes.len) || io_fault(path, f), f);
}

/* Reads `from` to its end into the digest and, where `to` is a descriptor, there. */
static bool pour(const char *from, int to, const char *to_path, uint64_t *len,
		 struct lahetti_digest *sha256, struct lahetti_fault *f)
{
	uint8_t *chunk = malloc(CHUNK);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 1;
	bool ok = chunk != NULL && md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

	*len = 0;
	if (!ok)
		(void)lahetti_fault_no_memory(f);
	else if (fd < 0)
		ok = io_fault(from, f);
	while (ok && n > 0) {
		n = read_some(fd, chunk, CHUNK);
		if (n < 0 || (n > 0 && EVP_DigestUpdate(md, chunk, (size_t)n) != 1))
			ok = io_fault(from, f);
		else if (to >= 0 && !write_all(to, chunk, (size_t)n))
			ok = io_fault(to_path, f);
		else
			*len += (uint64_t)n;
	}
	ok = ok && (EVP_DigestFinal_ex(md, sha256->bytes, NULL) == 1 || io_fault(from, f));
	EVP_MD_CTX_free(md);
	free(chunk);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

bool files_digest(const char *path, uint64_t *len, struct lahetti_digest *sha256,
		  struct lahetti_fault *f)
{
	return pour(path, -1, NULL, len, sha256, f);
}

bool files_copy(const char *from, const char *to, uint64_t *len, struct lahetti_digest *sha256,
		struct lahetti_fault *f)
{
	int fd = create(to, f);

	return fd >= 0 && finish_new(fd, to, pour(from, fd, to, len, sha256, f), f);
}

/* Names
 * ---------------------------------------------------------------------------------------------- */

static bool sync_path(const char *path, int flags, struct lahetti_fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		(void)io_fault(path, f);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

bool files_sync(const char *folder, struct lahetti_fault *f)
{
	return sync_path(folder, O_DIRECTORY, f);
}

bool files_sync_parent(const char *path, struct lahetti_fault *f)
{
	char folder[FILES_PATH_MOST + 1];
	char *slash;

	if (!files_beside(folder, path, "", f))
		return false;
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return files_sync(".", f);
	slash[slash == folder] = '\0';
	return files_sync(folder, f);
}

bool files_remove(const char *path, struct lahetti_fault *f)
{
	return unlink(path) == 0 || errno == ENOENT || io_fault(path, f);
}

bool files_settle(const char *database, struct lahetti_fault *f)
{
	char log[FILES_PATH_MOST + 1], shared[FILES_PATH_MOST + 1];
	struct stat st;

	if (!files_beside(log, database, "-wal", f) || !files_beside(shared, database, "-shm", f))
		return false;
	if (stat(log, &st) == 0 && st.st_size > 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
					 "The database %.120s is not all in its file.", database);
	return files_remove(log, f) && files_remove(shared, f) && sync_path(database, 0, f);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void files_remove_tree(const char *folder)
{
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
