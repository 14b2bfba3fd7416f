/* A folder of its own for each test, and files in it that tests look into and spoil. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Setup and teardown of a cmocka test: makes the folder, removes it with all that is in it. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* The path of a name in the folder; "" is the folder itself. Good until eight more were asked for.
 */
const char *scratch_path(void **state, const char *name);

bool scratch_exists(const char *path);
unsigned scratch_mode(const char *path);

/* A file's bytes, at most room of them: how many. What can't be read or written fails the test. */
size_t scratch_read(const char *path, uint8_t *data, size_t room);
void scratch_write(const char *path, const void *data, size_t len);
size_t scratch_len(const char *path);

/* Turns the lowest bit of the byte at `offset`. */
void scratch_flip(const char *path, size_t offset);

#endif
