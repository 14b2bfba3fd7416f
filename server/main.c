/* lahettid: one server program, one configuration file, one data directory. */

#include "console.h"
#include "lahetti/fault.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ORGANISATION                                                                   \
	"--organisation NAME --administrator NAME [--business-id CODE] [--type TYPE] " \
	"[--unit NAME]"

static const struct command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
	const char *usage; /* what it takes besides --config FILE: words first, then options */
} commands[] = {
	{"init", "make the data directory, the keys and the first organisation", console_init,
	 ORGANISATION},
	{"organisation", "add another organisation with its administrator", console_organisation,
	 ORGANISATION},
	{"confirm", "confirm a device by its key identifier", console_confirm, "KEY..."},
	{"check", "read the configuration and say what is wrong with it", console_check, ""},
	{"fsck", "check everything that is stored against everything else", console_fsck, ""},
	{"backup", "copy the data, or with --keys the key folder, beside a running server",
	 console_backup, "[TO] [--keys TO]"},
	{"restore", "bring the server back from a backup and the key folder", console_restore,
	 "FROM --keys KEYS [--newest FILE]... [--despite-findings]"},
	{"act", "print the operator's act by which devices follow a restored server", console_act,
	 ""},
	{"run", "serve", console_run, ""},
	{"version", "print the version", console_version, ""},
};

static int usage(FILE *to)
{
	(void)fprintf(to, "usage: lahettid COMMAND [--config FILE] [OPTIONS]\n\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		(void)fprintf(to, "  %-14s %s\n", commands[i].name, commands[i].help);
	(void)fprintf(
		to,
		"\nThe configuration is lahettid.conf here, then /etc/lahetti/lahettid.conf, unless --config names another.\n"
		"Exit status: 0 done, 1 it failed, 2 wrong use, 3 fsck found something.\n");
	return to == stdout ? 0 : 2;
}

static int help(const struct command *c)
{
	(void)printf("usage: lahettid %s [--config FILE] %s\n\n%s\n", c->name, c->usage, c->help);
	return 0;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool wrong(const struct command *c, const char *what, const char *word, size_t len)
{
	(void)fprintf(stderr, "lahettid: %.*s %s; see lahettid help %s\n", (int)len, word, what,
		      c->name);
	return false;
}

/* What stands in the usage behind an option of so many letters; NULL where the command does not
 * take it. */
static const char *behind(const struct command *c, const char *option, size_t len)
{
	const char *at = c->usage;

	if (len == strlen("--config") && strncmp(option, "--config", len) == 0)
		return " FILE";
	while ((at = strstr(at, "--")) != NULL) {
		if (strcspn(at, " ]") == len && strncmp(at, option, len) == 0)
			return at + len;
		at += 2;
	}
	return NULL;
}

static bool has_value(const char *behind_it)
{
	return behind_it[0] == ' ' && isupper((unsigned char)behind_it[1]);
}

static bool repeats(const char *behind_it)
{
	return has_value(behind_it) &&
	       strncmp(behind_it + 1 + strcspn(behind_it + 1, " ]"), "]...", 4) == 0;
}

static bool takes_words(const struct command *c)
{
	return isupper((unsigned char)c->usage[c->usage[0] == '[']);
}

/* A word of the command line; short options by their long name. */
static const char *word_of(const char *word)
{
	return strcmp(word, "-c") == 0 ? "--config" : word;
}

static bool given_before(char *const *argv, int i, const char *option, size_t len)
{
	for (int k = 1; k < i; k++) {
		const char *word = word_of(argv[k]);

		if (strcspn(word, "=") == len && strncmp(word, option, len) == 0)
			return true;
	}
	return false;
}

/* Every word of the command line is one that the command takes, and as often. */
static bool is_proper(const struct command *c, int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = word_of(argv[i]);
		size_t len = strcspn(word, "=");
		const char *rest;

		if (word[0] != '-') {
			if (!takes_words(c))
				return wrong(c, "is not wanted", word, strlen(word));
			continue;
		}
		rest = behind(c, word, len);
		if (rest == NULL)
			return wrong(c, "is not an option of it", word, len);
		if (!repeats(rest) && given_before(argv, i, word, len))
			return wrong(c, "is given twice", word, len);
		if (!has_value(rest) && word[len] != '\0')
			return wrong(c, "takes no value", word, len);
		if (has_value(rest) && word[len] == '\0' && ++i == argc)
			return wrong(c, "lacks its value", word, len);
	}
	return true;
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0) {
		c = argc > 2 ? find(argv[2]) : NULL;
		return c != NULL ? help(c) : usage(stdout);
	}
	if (strcmp(argv[1], "--version") == 0)
		return console_version(argc, argv);
	c = find(argv[1]);
	if (c == NULL) {
		(void)fprintf(stderr,
			      "lahettid: there is no command %s; lahettid help lists them\n",
			      argv[1]);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return help(c);
	if (!is_proper(c, argc - 1, argv + 1))
		return 2;
	return c->run(argc - 1, argv + 1);
}
