#include "bench.h"

#include "lahetti/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURN   64     /* verifications between two looks at the clock */
#define FOR_US 200000 /* each limit is measured so long */

double limit_syncs(size_t bytes)
{
	const char *tmp = getenv("TMPDIR");
	uint8_t *block = calloc(1, bytes);
	char path[256];
	int64_t started_us, now_us;
	unsigned n = 0;
	int fd;

	must(block != NULL, "no memory");
	(void)snprintf(path, sizeof path, "%s/lahetti-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	fd = mkstemp(path);
	must(fd >= 0, "%s: %s", path, strerror(errno));
	(void)unlink(path);
	/* Into a file that is there already, as a log that is used again and again. */
	must(posix_fallocate(fd, 0, 64 << 20) == 0 && fsync(fd) == 0, "%s: %s", path,
	     strerror(errno));
	started_us = now_us = bench_now_us();
	for (off_t at = 0; now_us - started_us < FOR_US; n++, at += (off_t)bytes) {
		if (at + (off_t)bytes > 64 << 20)
			at = 0;
		must(pwrite(fd, block, bytes, at) == (ssize_t)bytes && fdatasync(fd) == 0,
		     "the disk: %s", strerror(errno));
		now_us = bench_now_us();
	}
	(void)close(fd);
	free(block);
	return n / ((double)(now_us - started_us) / 1e6);
}

double limit_verifications(void)
{
	struct lahetti_private_key *key = lahetti_private_key_new(NULL);
	uint8_t bytes[2048] = {1}, sig[LAHETTI_SIGNATURE_LEN];
	struct lahetti_span span = lahetti_span(bytes, sizeof bytes);
	struct usage before, after;
	unsigned n = 0;

	must(key != NULL && lahetti_sign(key, &span, 1, sig, NULL), "no key can be made");
	usage_of(getpid(), &before);
	do {
		for (unsigned i = 0; i < TURN; i++)
			must(lahetti_verify(lahetti_private_key_public(key), &span, 1,
					    lahetti_span(sig, sizeof sig), NULL),
			     "a signature does not hold");
		n += TURN;
		usage_of(getpid(), &after);
	} while (after.cpu_us - before.cpu_us < FOR_US);
	lahetti_private_key_destroy(key);
	return n / ((after.cpu_us - before.cpu_us) / 1e6);
}
