#include "form.h"

#include "cli.h"
#include "lahetti/kinds.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORM_MOST ((size_t)1 << 20)
#define DRAFT	  "draft"

/* ---- reading ------------------------------------------------------------------------------- */

/* Whether an option of the command takes no value. */
static bool is_flag(const struct cli *c, const char *name)
{
	const char *usage = c->args.command->usage;
	struct args_item item;

	while (args_item_next(&usage, &item))
		if (item.option && strcmp(item.name, name) == 0)
			return item.value[0] == '\0';
	return false;
}

static bool is_yes(const char *text)
{
	static const enum lahetti_language all[] = {LAHETTI_ENGLISH, LAHETTI_FINNISH,
						    LAHETTI_SWEDISH};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		const char *yes = lahetti_text_find("cli.yes", all[i]);

		if (yes != NULL && strcmp(yes, text) == 0)
			return true;
	}
	return false;
}

/* One value as text; empty ones are as if they did not stand there. */
static bool add(struct cli *c, const char *name, const char *value)
{
	if (value[0] == '\0')
		return true;
	if (!is_flag(c, name))
		return args_add(c, name, value);
	return !is_yes(value) || args_add(c, name, "");
}

/* A copy that lives as long as the run. */
static const char *keep(struct cli *c, const char *text, size_t len)
{
	const char *copy = lahetti_arena_text(&c->arena, lahetti_span(text, len));

	if (copy == NULL)
		(void)cli_no_memory(c);
	return copy;
}

static bool add_json(struct cli *c, const char *name, const json_t *value)
{
	const char *text;

	if (json_is_boolean(value))
		return !json_is_true(value) || args_add(c, name, "");
	if (!json_is_string(value))
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-json-value", name, NULL);
	text = keep(c, json_string_value(value), json_string_length(value));
	return text != NULL && add(c, name, text);
}

static bool read_json(struct cli *c, struct lahetti_span bytes)
{
	json_t *object =
		json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES, NULL);
	const char *name;
	json_t *value;
	bool ok = json_is_object(object) || cli_fail(c, CLI_WRONG_USE, "cli.bad-json", NULL, NULL);

	if (ok)
		json_object_foreach(object, name, value)
		{
			size_t n = json_is_array(value) ? json_array_size(value) : 1;

			for (size_t i = 0; ok && i < n; i++)
				ok = add_json(c, name,
					      json_is_array(value) ? json_array_get(value, i)
								   : value);
		}
	json_decref(object);
	return ok;
}

/* A field of a form as it is read: its name, and its text so far. */
struct field {
	char name[64];
	struct lahetti_buffer text;
};

static bool end_field(struct cli *c, struct field *f)
{
	const char *value;
	size_t len = f->text.len;

	if (f->name[0] == '\0')
		return true;
	while (len > 0 && strchr(" \t\r\n", f->text.data[len - 1]) != NULL)
		len--;
	value = keep(c, (const char *)f->text.data, len);
	f->text.len = 0;
	return value != NULL && add(c, f->name, value);
}

static bool add_text(struct cli *c, struct field *f, const char *text, size_t len)
{
	while (len > 0 && strchr(" \t", *text) != NULL) {
		text++;
		len--;
	}
	return (f->text.len == 0 || lahetti_buffer_add(&f->text, lahetti_span("\n", 1), NULL)) &&
			       lahetti_buffer_add(&f->text, lahetti_span(text, len), NULL)
		       ? true
		       : cli_no_memory(c);
}

static bool read_line(struct cli *c, struct field *f, const char *line, size_t len)
{
	const char *colon;
	char number[32];

	if (len > 0 && line[0] == '#')
		return true;
	/* An empty line is part of a text that goes on after it. */
	if (len == 0 || line[0] == ' ' || line[0] == '\t')
		return f->text.len == 0 || add_text(c, f, line, len);
	colon = memchr(line, ':', len);
	if (colon == NULL || (size_t)(colon - line) >= sizeof f->name) {
		(void)snprintf(number, sizeof number, "%.*s", (int)(len < 30 ? len : 30), line);
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-line", number, NULL);
	}
	if (!end_field(c, f))
		return false;
	(void)snprintf(f->name, sizeof f->name, "%.*s", (int)(colon - line), line);
	return add_text(c, f, colon + 1, len - (size_t)(colon + 1 - line));
}

static bool read_lines(struct cli *c, struct lahetti_span bytes)
{
	const char *at = (const char *)bytes.data;
	const char *end = at + bytes.len;
	struct field f = {.name = ""};
	bool ok = true;

	lahetti_buffer_init(&f.text, FORM_MOST);
	while (ok && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);

		ok = read_line(c, &f, at, len > 0 && at[len - 1] == '\r' ? len - 1 : len);
		at += newline != NULL ? len + 1 : len;
	}
	ok = ok && end_field(c, &f);
	lahetti_buffer_finish(&f.text);
	return ok;
}

static bool read_form(struct cli *c, struct lahetti_span bytes)
{
	size_t at = 0;

	while (at < bytes.len && strchr(" \t\r\n", bytes.data[at]) != NULL)
		at++;
	if (at < bytes.len && bytes.data[at] == '{')
		return read_json(c, bytes);
	return read_lines(c, bytes);
}

static bool form_read(struct cli *c, const char *path)
{
	struct lahetti_buffer bytes;
	bool ok;

	lahetti_buffer_init(&bytes, FORM_MOST);
	ok = home_read_path(c, path, &bytes) && read_form(c, lahetti_buffer_span(&bytes));
	lahetti_buffer_finish(&bytes);
	return ok;
}

/* ---- the editor ---------------------------------------------------------------------------- */

static bool add_words(struct lahetti_buffer *b, const ProtobufCEnumDescriptor *type,
		      enum lahetti_language language)
{
	char line[256];
	char word[64];

	for (unsigned i = 0; type != NULL && i < type->n_values; i++) {
		const char *text = lahetti_text_of(type, type->values[i].value, language);

		if (type->values[i].value == 0 || text == NULL)
			continue;
		(void)snprintf(line, sizeof line, "#   %s  %s\n",
			       lahetti_word(type, type->values[i].value, word), text);
		if (!lahetti_buffer_add(b, lahetti_span_text(line), NULL))
			return false;
	}
	return true;
}

static bool write_form(struct cli *c)
{
	const char *usage = c->args.command->usage;
	struct lahetti_buffer b;
	struct args_item item;
	char text[512];
	char key[64];
	bool ok;

	lahetti_buffer_init(&b, FORM_MOST);
	(void)snprintf(text, sizeof text, "# %s\n", cli_text(c, "cli.form"));
	ok = lahetti_buffer_add(&b, lahetti_span_text(text), NULL);
	while (ok && args_item_next(&usage, &item)) {
		if (!item.option || strcmp(item.name, "file") == 0)
			continue;
		(void)snprintf(key, sizeof key, "cli.option.%s", item.name);
		(void)snprintf(text, sizeof text, "\n# %s\n", cli_text(c, key));
		ok = lahetti_buffer_add(&b, lahetti_span_text(text), NULL) &&
		     add_words(&b, args_words(item.value), c->language);
		(void)snprintf(text, sizeof text, "%s: %s\n", item.name,
			       item.value[0] == '\0' ? cli_text(c, "cli.no") : "");
		ok = ok && lahetti_buffer_add(&b, lahetti_span_text(text), NULL);
	}
	ok = (ok || cli_no_memory(c)) && home_write(c, DRAFT, lahetti_buffer_span(&b));
	lahetti_buffer_finish(&b);
	return ok;
}

/* By the shell, because EDITOR may hold options. */
static bool run_editor(struct cli *c, char *path)
{
	const char *editor = getenv("VISUAL");
	char command[1024];
	char shell[] = "sh", option[] = "-c";
	int status = 0;
	pid_t child;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	(void)snprintf(command, sizeof command, "%s \"$1\"", editor);
	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		char *const argv[] = {shell, option, command, shell, path, NULL};

		(void)execv("/bin/sh", argv);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			child = -1;
	return (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       cli_fail(c, CLI_WRONG_USE, "cli.editor-failed", editor, NULL);
}

static bool form_edit(struct cli *c)
{
	char path[HOME_FILE_MOST];
	size_t before = c->args.n;

	if (!home_file(c, DRAFT, path) || !write_form(c) || !run_editor(c, path) ||
	    !form_read(c, path))
		return false;
	return c->args.n > before || cli_fail(c, CLI_WRONG_USE, "cli.nothing-written", NULL, NULL);
}

/* Whether the command line itself says what is to be done. */
static bool says_anything(const struct cli *c)
{
	const char *usage = c->args.command->usage;
	struct args_item item;

	while (args_item_next(&usage, &item))
		if (args_given(c, item.name))
			return true;
	return false;
}

bool form_fill(struct cli *c, bool *edited)
{
	const char *file = args_value(c, "file");

	*edited = file == NULL && !says_anything(c) && cli_can_ask();
	if (file != NULL)
		return form_read(c, file);
	if (!*edited || form_edit(c))
		return true;
	form_done(c, false);
	return false;
}

void form_done(struct cli *c, bool succeeded)
{
	char sentence[sizeof c->sentence];
	char path[HOME_FILE_MOST];
	enum cli_status status = c->status;

	if (!succeeded && !c->kept) {
		const char *line = home_file(c, DRAFT, path)
					   ? cli_fill(c, "cli.draft-kept", path, NULL)
					   : NULL;

		if (line != NULL)
			(void)fprintf(stderr, "%s\n", line);
		return;
	}
	/* What comes of it does not change why the command failed. */
	(void)snprintf(sentence, sizeof sentence, "%s", c->sentence);
	(void)!home_remove(c, DRAFT);
	(void)!home_remove(c, DRAFT "~"); /* as editors keep what was there before */
	c->status = status;
	(void)snprintf(c->sentence, sizeof c->sentence, "%s", sentence);
}
