/*
 * Loaded before a whole program, makes its calls to the system fail: LAHETTI_FAULT="CALL NTH ERRNO
 * TIMES" lets the nth call of a name fail with that number, and those after it up to TIMES in all;
 * at the end the file LAHETTI_COUNTS has how often each was called.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#define EXPORTED __attribute__((visibility("default")))

enum call {
	CALL_WRITE,
	CALL_PWRITE,
	CALL_FSYNC,
	CALL_FDATASYNC,
	CALL_OPEN,
	CALL_OPENAT,
	CALL_ACCEPT,
	CALL_RANDOM,
	CALL_FTRUNCATE,
	CALL_FALLOCATE,
	CALL_RENAME,
	CALLS
};

static const char *const names[CALLS] = {"write",     "pwrite",	   "fsync",  "fdatasync",
					 "open",      "openat",	   "accept", "getrandom",
					 "ftruncate", "fallocate", "rename"};
static atomic_ulong counts[CALLS];
static int fails = -1; /* which call */
static unsigned long first, times;
static int number;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("LAHETTI_FAULT");
	size_t len = text == NULL ? 0 : strcspn(text, " ");
	char *at;

	if (len == 0)
		return;
	for (int i = 0; i < CALLS; i++)
		if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0)
			fails = i;
	first = strtoul(text + len, &at, 10);
	number = (int)strtol(at, &at, 10);
	times = strtoul(at, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("LAHETTI_COUNTS");
	FILE *file = path == NULL ? NULL : fopen(path, "w");

	if (file == NULL)
		return;
	for (int i = 0; i < CALLS; i++)
		(void)fprintf(file, "%s %lu\n", names[i], atomic_load(&counts[i]));
	(void)fclose(file);
}

static bool fault(enum call call)
{
	unsigned long n = atomic_fetch_add(&counts[call], 1) + 1;

	if ((int)call != fails || n < first || n - first >= times)
		return false;
	errno = number;
	return true;
}

/* Whether a descriptor leads out of the process: an eventfd, by which threads wake each other, has
 * no type and can't fail so. */
static bool is_outside(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || (st.st_mode & S_IFMT) != 0;
}

/* The function of that name that ours stands before. */
#define REAL(type, name)                \
	static _Atomic(type) real;      \
	if (atomic_load(&real) == NULL) \
	atomic_store(&real, (type)dlsym(RTLD_NEXT, name))

typedef ssize_t write_fn(int fd, const void *data, size_t len);
typedef ssize_t pwrite_fn(int fd, const void *data, size_t len, off_t offset);
typedef int fd_fn(int fd);
typedef int open_fn(const char *path, int flags, ...);
typedef int openat_fn(int folder, const char *path, int flags, ...);
typedef int accept_fn(int fd, __SOCKADDR_ARG a, socklen_t *len);
typedef int accept4_fn(int fd, __SOCKADDR_ARG a, socklen_t *len, int flags);
typedef int getentropy_fn(void *data, size_t len);
typedef ssize_t getrandom_fn(void *data, size_t len, unsigned flags);
typedef int ftruncate_fn(int fd, off_t len);
typedef int fallocate_fn(int fd, int mode, off_t offset, off_t len);
typedef int rename_fn(const char *from, const char *to);
typedef int renameat_fn(int from_folder, const char *from, int to_folder, const char *to);

/* The system's headers have some of them, under names of their own for what they take.
 * NOLINTBEGIN(readability-redundant-declaration,readability-inconsistent-declaration-parameter-name)
 */
EXPORTED write_fn write;
EXPORTED pwrite_fn pwrite, pwrite64;
EXPORTED fd_fn fsync, fdatasync;
EXPORTED open_fn open, open64;
EXPORTED openat_fn openat, openat64;
EXPORTED accept_fn accept;
EXPORTED accept4_fn accept4;
EXPORTED getentropy_fn getentropy;
EXPORTED getrandom_fn getrandom;
EXPORTED ftruncate_fn ftruncate, ftruncate64;
EXPORTED fallocate_fn fallocate, fallocate64;
EXPORTED rename_fn rename;
EXPORTED renameat_fn renameat;

ssize_t write(int fd, const void *data, size_t len)
{
	REAL(write_fn *, "write");
	return is_outside(fd) && fault(CALL_WRITE) ? -1 : real(fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	REAL(pwrite_fn *, "pwrite");
	return fault(CALL_PWRITE) ? -1 : real(fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return pwrite(fd, data, len, offset);
}

int fsync(int fd)
{
	REAL(fd_fn *, "fsync");
	return fault(CALL_FSYNC) ? -1 : real(fd);
}

int fdatasync(int fd)
{
	REAL(fd_fn *, "fdatasync");
	return fault(CALL_FDATASYNC) ? -1 : real(fd);
}

static int open_with(const char *path, int flags, mode_t mode)
{
	REAL(open_fn *, "open");
	return fault(CALL_OPEN) ? -1 : real(path, flags, mode);
}

static int openat_with(int folder, const char *path, int flags, mode_t mode)
{
	REAL(openat_fn *, "openat");
	return fault(CALL_OPENAT) ? -1 : real(folder, path, flags, mode);
}

/* Read where it was given and where it was not: the kernel looks at it only where it was. */
#define MODE_AFTER(last, mode)       \
	va_list list;                \
	mode_t mode;                 \
	va_start(list, last);        \
	mode = va_arg(list, mode_t); \
	va_end(list)

int open(const char *path, int flags, ...)
{
	MODE_AFTER(flags, mode);
	return open_with(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	MODE_AFTER(flags, mode);
	return open_with(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	MODE_AFTER(flags, mode);
	return openat_with(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
	MODE_AFTER(flags, mode);
	return openat_with(folder, path, flags, mode);
}

int accept(int fd, __SOCKADDR_ARG a, socklen_t *len)
{
	REAL(accept_fn *, "accept");
	return fault(CALL_ACCEPT) ? -1 : real(fd, a, len);
}

int accept4(int fd, __SOCKADDR_ARG a, socklen_t *len, int flags)
{
	REAL(accept4_fn *, "accept4");
	return fault(CALL_ACCEPT) ? -1 : real(fd, a, len, flags);
}

int getentropy(void *data, size_t len)
{
	REAL(getentropy_fn *, "getentropy");
	return fault(CALL_RANDOM) ? -1 : real(data, len);
}

ssize_t getrandom(void *data, size_t len, unsigned flags)
{
	REAL(getrandom_fn *, "getrandom");
	return fault(CALL_RANDOM) ? -1 : real(data, len, flags);
}

int ftruncate(int fd, off_t len)
{
	REAL(ftruncate_fn *, "ftruncate");
	return fault(CALL_FTRUNCATE) ? -1 : real(fd, len);
}

int ftruncate64(int fd, off_t len)
{
	return ftruncate(fd, len);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	REAL(fallocate_fn *, "fallocate");
	return fault(CALL_FALLOCATE) ? -1 : real(fd, mode, offset, len);
}

int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	return fallocate(fd, mode, offset, len);
}

int rename(const char *from, const char *to)
{
	REAL(rename_fn *, "rename");
	return fault(CALL_RENAME) ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	REAL(renameat_fn *, "renameat");
	return fault(CALL_RENAME) ? -1 : real(from_folder, from, to_folder, to);
}
/* NOLINTEND(readability-redundant-declaration,readability-inconsistent-declaration-parameter-name)
 */
