#include "cli.h"

#include "output.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *cli_text(const struct cli *c, const char *key)
{
	const char *text = lahetti_text_find(key, c->language);

	assert(text != NULL);
	return text != NULL ? text : key;
}

/* Writes a text with its places filled; what does not fit is cut. Returns its length. */
static size_t fill(char *out, size_t room, const char *text, const char *first, const char *second)
{
	const char *values[] = {first, second};
	size_t next = 0;
	size_t len = 0;

	while (*text != '\0') {
		const char *value = NULL;

		if (text[0] == '{' && text[1] == '}' && next < 2) {
			value = values[next++];
			text += 2;
			if (value == NULL)
				continue;
		}
		for (const char *from = value != NULL ? value : text; *from != '\0'; from++) {
			if (len + 1 < room)
				out[len] = *from;
			len++;
			if (value == NULL)
				break;
		}
		text += value == NULL ? 1 : 0;
	}
	if (room > 0)
		out[len < room ? len : room - 1] = '\0';
	return len;
}

const char *cli_fill(struct cli *c, const char *key, const char *first, const char *second)
{
	const char *text = cli_text(c, key);
	char none[1];
	size_t len = fill(none, 0, text, first, second);
	char *out = lahetti_arena_take(&c->arena, len + 1);

	if (out != NULL)
		(void)fill(out, len + 1, text, first, second);
	return out;
}

void cli_say(struct cli *c, const char *key, const char *first, const char *second)
{
	const char *line = c->json ? NULL : cli_fill(c, key, first, second);

	if (line == NULL)
		return;
	output_text(stdout, line, "");
	(void)printf("\n");
}

void cli_report(struct cli *c, enum cli_status status, const char *key, const char *first,
		const char *second)
{
	c->status = status;
	(void)fill(c->sentence, sizeof c->sentence, cli_text(c, key), first, second);
}

void cli_report_fault(struct cli *c, enum cli_status status, const struct lahetti_fault *f)
{
	const char *sentence = f->code != NULL ? lahetti_text_of_code(f->code, c->language) : NULL;

	c->status = f->kind == LAHETTI_FAULT_BROKEN ? CLI_OWN_FAULT : status;
	(void)snprintf(c->sentence, sizeof c->sentence, "%s",
		       sentence != NULL ? sentence : f->text);
}

void cli_report_no_memory(struct cli *c)
{
	struct lahetti_fault f;

	(void)lahetti_fault_no_memory(&f);
	cli_report_fault(c, CLI_OWN_FAULT, &f);
}

void *cli_take(struct cli *c, size_t len)
{
	void *memory = lahetti_arena_take(&c->arena, len);

	if (memory == NULL)
		(void)cli_no_memory(c);
	else
		memset(memory, 0, len);
	return memory;
}

bool cli_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}
