#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOOK_US INT64_C(1000000)

struct room {
	int fd;
	char *file;
	uint64_t reserve;
	uint64_t margin; /* less than this is little */
	room_left_fn *left;
	bool held;
	int64_t looked_us;
};

static bool left_on_disk(const char *file, uint64_t *left)
{
	struct statvfs disk;

	if (statvfs(file, &disk) != 0)
		return false;
	*left = (uint64_t)disk.f_bavail * disk.f_frsize;
	return true;
}

struct room *room_open(const char *file, uint64_t reserve, room_left_fn *left,
		       struct lahetti_fault *f)
{
	struct room *r = calloc(1, sizeof *r);

	if (r == NULL || (reserve > 0 && (r->file = strdup(file)) == NULL)) {
		free(r);
		lahetti_fault_no_memory(f);
		return NULL;
	}
	r->fd = -1;
	r->reserve = reserve;
	r->margin = reserve / 4;
	r->left = left != NULL ? left : left_on_disk;
	r->looked_us = -LOOK_US;
	if (reserve == 0) {
		if (file != NULL)
			(void)unlink(file); /* of a reserve that there was */
		return r;
	}
	r->fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* What is there of an earlier reserve may be of another size. */
	if (r->fd >= 0 && ftruncate(r->fd, 0) == 0)
		return r;
	lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-reserve",
			  "The reserve for the trail in %s can't be made: %s.", file,
			  strerror(errno));
	room_close(r);
	return NULL;
}

void room_close(struct room *r)
{
	if (r == NULL)
		return;
	if (r->fd >= 0)
		(void)close(r->fd);
	free(r->file);
	free(r);
}

void room_give(struct room *r)
{
	if (r->held && ftruncate(r->fd, 0) == 0)
		r->held = false;
}

/* Where the file system knows no fallocate, a reserve is what is left and not taken. */
static bool hold(struct room *r)
{
	if (fallocate(r->fd, 0, 0, (off_t)r->reserve) == 0)
		return true;
	if (errno == EOPNOTSUPP || errno == ENOSYS)
		return true;
	(void)!ftruncate(r->fd, 0); /* a part of it is worth nothing */
	return false;
}

bool room_is_low(struct room *r, int64_t now_us)
{
	uint64_t left;

	if (r->reserve == 0)
		return false;
	if (now_us >= r->looked_us && now_us - r->looked_us < LOOK_US)
		return !r->held;
	r->looked_us = now_us;
	if (!r->left(r->file, &left))
		return !r->held;
	if (r->held && left < r->margin)
		room_give(r);
	else if (!r->held && left >= r->reserve + 2 * r->margin)
		r->held = hold(r);
	return !r->held;
}
