/*
 * The disk under SQLite, in place of its default VFS: a real one, of which is kept what would
 * survive if the power went now. A write counts once its file was synced; until then a cut keeps
 * it, drops it, or tears it at its sectors, each for itself. The name of a new file counts once the
 * folder was synced, which SQLite does with a journal's first sync; a deletion without it may be
 * undone. What other code writes past SQLite is not looked at; all databases lie in one folder.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stdint.h>

enum disk_call {
	DISK_OPEN,
	DISK_READ,
	DISK_WRITE,
	DISK_SYNC,
	DISK_TRUNCATE,
	DISK_DELETE,
};

/* Before the first database of a test is opened. */
void disk_install(void);

/* The power goes at the nth call from now that changes something (0: not before disk_cut); from
 * then on every call fails. What survives is drawn from the seed. A disk that lies says that it has
 * synced, and has not. */
void disk_arm(uint64_t seed, uint64_t nth, bool lies);
void disk_cut(void);
bool disk_is_out(void);
/* The calls since it was armed. */
uint64_t disk_calls(void);
/* Leaves in the folder what has survived, once every database is closed. */
void disk_power_on(void);

/* Asked before each call, on its thread: false makes it fail. NULL lets everything happen. */
void disk_hook_set(bool (*hook)(enum disk_call call));

#endif
