/*
 * The command line, read by the usage that help shows: one text per command says which options and
 * words it takes, so that the two can't differ.
 *
 *   CLIENT             a word that must be given
 *   [TERM]             one that may be
 *   --out FILE         an option with a value; [--out FILE] one that may be left out
 *   [--watch]          an option without
 *   [--to RECIPIENT]...  one that may be given several times
 */
#ifndef ARGS_H
#define ARGS_H

#include "lahetti/span.h"

#include <protobuf-c/protobuf-c.h>

struct cli;

struct command {
	const char *name;  /* one word or two; NULL: the row is a heading */
	const char *usage; /* of a heading its text's key */
	bool (*run)(struct cli *c);
};
/* commands.def, in its order. */
const struct command *commands(size_t *n);

#define ARGS_MOST 200

struct args {
	const struct command *command; /* NULL: none was named */
	struct {
		const char *name;  /* of the usage: "to", "CLIENT" */
		const char *value; /* "" for an option without */
	} given[ARGS_MOST];
	size_t n;
};

/*
 * Reads the command line into c->args. Values are borrowed from argv. False after cli_fail: the
 * command is not known, an option is not its, a value is missing or too much.
 */
LAHETTI_CHECKED bool args_parse(struct cli *c, int argc, char **argv);

/* Whether all is there that the command must have; not asked where help is what is wanted. */
LAHETTI_CHECKED bool args_complete(struct cli *c);

/* Adds a value as though it had been written; it is borrowed. */
LAHETTI_CHECKED bool args_add(struct cli *c, const char *name, const char *value);

/* The same of one of the options that every command takes, in place of what was given. */
LAHETTI_CHECKED bool args_add_global(struct cli *c, const char *name, const char *value);

/* The value of an option or word, NULL where it was not given. */
const char *args_value(const struct cli *c, const char *name);
bool args_given(const struct cli *c, const char *name);

/* Each value of one that may be given several times: starts with *at 0, ends with NULL. */
const char *args_next(const struct cli *c, const char *name, size_t *at);

/* What a usage is made of. */
struct args_item {
	char name[32];	/* of an option without its hyphens, or the word */
	char value[32]; /* placeholder of the option's value; empty: it has none */
	bool option;
	bool required;
	bool repeats;
};
/* Reads the next item of a usage; false at its end. */
bool args_item_next(const char **usage, struct args_item *item);

/* The enum that a placeholder stands for, NULL where it is another value. */
const ProtobufCEnumDescriptor *args_words(const char *placeholder);

/* Options that every command takes. */
extern const char args_global[];

/* ---- values -------------------------------------------------------------------------------- */

/* An enum's word. Not given: *value is left as it is. */
LAHETTI_CHECKED bool args_word(struct cli *c, const char *name, const ProtobufCEnumDescriptor *type,
			       int *value);
/* One word, whose text is not an option's own: part of a longer value. */
LAHETTI_CHECKED bool args_word_of(struct cli *c, const char *word,
				  const ProtobufCEnumDescriptor *type, int *value);
/* 2026-12-01 or 1.12.2026 as 20261201; not given: 0. */
LAHETTI_CHECKED bool args_date(struct cli *c, const char *name, uint32_t *date);

/* A number from 1 to most; not given: *number is left as it is. */
LAHETTI_CHECKED bool args_number(struct cli *c, const char *name, uint32_t most, uint32_t *number);

/* All values of an enum option; *values in the arena. */
LAHETTI_CHECKED bool args_words_all(struct cli *c, const char *name,
				    const ProtobufCEnumDescriptor *type, int **values, size_t *n);

#endif
