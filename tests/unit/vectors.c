#include "vectors.h"

#include "lahetti/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

json_t *vectors_load(const char *file)
{
	char path[512];
	json_error_t error;
	json_t *json;

	(void)snprintf(path, sizeof path, "%s/%s", LAHETTI_VECTORS, file);
	json = json_load_file(path, 0, &error);
	if (json == NULL)
		fail_msg("%s, line %d: %s", path, error.line, error.text);
	return json;
}

const char *vectors_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (text == NULL)
		fail_msg("no text is called %s", name);
	return text;
}

struct lahetti_span vectors_hex(const json_t *object, const char *name, struct lahetti_arena *arena)
{
	const char *text = vectors_text(object, name);
	size_t len = strlen(text) / 2;
	uint8_t *data = lahetti_arena_take(arena, len);

	assert_non_null(data);
	assert_true(lahetti_hex_parse(data, len, text, NULL));
	return lahetti_span(data, len);
}

struct lahetti_span vectors_base64(const json_t *object, const char *name,
				   struct lahetti_arena *arena)
{
	struct lahetti_span text = lahetti_span_text(vectors_text(object, name));
	uint8_t *data = lahetti_arena_take(arena, text.len);
	size_t len;

	assert_non_null(data);
	assert_true(lahetti_base64_parse(data, text.len, &len, text, NULL));
	return lahetti_span(data, len);
}

void vectors_each(const char *file, void (*check)(const json_t *group, const json_t *test))
{
	json_t *json = vectors_load(file);
	json_int_t expected = json_integer_value(json_object_get(json, "numberOfTests"));
	json_int_t n = 0;
	const json_t *group, *test;
	size_t i, k;

	json_array_foreach(json_object_get(json, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), k, test)
		{
			check(group, test);
			n++;
		}
	}
	assert_true(n > 0);
	assert_int_equal(n, expected);
	json_decref(json);
}
