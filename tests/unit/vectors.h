/* Published test vectors: files below tests/vectors. What can't be read fails the test that asked.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "lahetti/arena.h"

#include <jansson.h>

/* A JSON file, named from tests/vectors on; the caller gives it back with json_decref. */
json_t *vectors_load(const char *file);

/* A member of an object: a text, bytes that are written in hexadecimal, the same in Base64. The
 * arena holds the bytes. */
const char *vectors_text(const json_t *object, const char *name);
struct lahetti_span vectors_hex(const json_t *object, const char *name,
				struct lahetti_arena *arena);
struct lahetti_span vectors_base64(const json_t *object, const char *name,
				   struct lahetti_arena *arena);

/*
 * Calls check for each test of each group of a Wycheproof file. Fails where the file holds another
 * number of tests than it says, or none.
 */
void vectors_each(const char *file, void (*check)(const json_t *group, const json_t *test));

#endif
