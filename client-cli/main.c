/* lahetti: the command line. Reads the arguments, runs the command, says why where it failed. */

#include "attachment.h"
#include "commands.h"
#include "lahetti/kinds.h"
#include "output.h"
#include "session.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#ifndef LAHETTI_VERSION
	#error "the build tells the version"
#endif

static const struct command table[] = {
#define GROUP(name)		       {NULL, name, NULL},
#define COMMAND(name, usage, function) {name, usage, command_##function},
#include "commands.def"
#undef COMMAND
#undef GROUP
};

const struct command *commands(size_t *n)
{
	*n = sizeof table / sizeof table[0];
	return table;
}

/* ---- help ---------------------------------------------------------------------------------- */

/* "cli.command.client-add" */
static const char *summary(const struct cli *c, const struct command *command)
{
	char key[80];

	(void)snprintf(key, sizeof key, "cli.command.%s", command->name);
	for (char *at = key; *at != '\0'; at++)
		if (*at == ' ')
			*at = '-';
	return cli_text(c, key);
}

/* Columns of a terminal that a text in UTF-8 takes, near enough for Finnish and Swedish. */
static int pad(const char *text, int width)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			width--;
	return width > 0 ? width : 0;
}

static void print_item(const struct cli *c, const struct args_item *item)
{
	const ProtobufCEnumDescriptor *type =
		args_words(item->value[0] != '\0' ? item->value : item->name);
	char left[80];
	char key[64];
	char word[64];

	(void)snprintf(left, sizeof left, "%s%s%s%s", item->option ? "--" : "", item->name,
		       item->value[0] != '\0' ? " " : "", item->value);
	(void)snprintf(key, sizeof key, "cli.option.%s", item->name);
	(void)printf("  %s%*s  %s\n", left, pad(left, 26), "", cli_text(c, key));
	for (unsigned i = 0; type != NULL && i < type->n_values; i++) {
		const char *text = lahetti_text_of(type, type->values[i].value, c->language);

		if (type->values[i].value == 0 || text == NULL)
			continue;
		(void)lahetti_word(type, type->values[i].value, word);
		(void)printf("      %s%*s  %s\n", word, pad(word, 30), "", text);
	}
}

static void print_items(const struct cli *c, const char *usage)
{
	struct args_item item;

	while (args_item_next(&usage, &item))
		print_item(c, &item);
}

static void help_command(const struct cli *c, const struct command *command)
{
	(void)printf("%s: lahetti %s%s%s\n\n%s\n", cli_text(c, "cli.usage"), command->name,
		     command->usage[0] != '\0' ? " " : "", command->usage, summary(c, command));
	if (command->usage[0] != '\0')
		(void)printf("\n");
	print_items(c, command->usage);
	(void)printf("\n%s\n", cli_text(c, "cli.help-global"));
	print_items(c, args_global);
}

static void print_command(const struct cli *c, const struct command *command)
{
	(void)printf("  %s%*s  %s\n", command->name, pad(command->name, 20), "",
		     summary(c, command));
}

static void help_all(const struct cli *c)
{
	char key[64];

	(void)printf("%s: lahetti %s\n\n%s\n", cli_text(c, "cli.usage"),
		     cli_text(c, "cli.usage-all"), cli_text(c, "cli.about"));
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].name == NULL) {
			(void)snprintf(key, sizeof key, "cli.group.%s", table[i].usage);
			(void)printf("\n%s\n", cli_text(c, key));
		} else {
			print_command(c, &table[i]);
		}
	}
	(void)printf("\n%s\n", cli_text(c, "cli.help-global"));
	print_items(c, args_global);
	(void)printf("\n%s\n", cli_text(c, "cli.exit-codes"));
	for (int status = CLI_DONE; status <= CLI_FORKED; status++) {
		(void)snprintf(key, sizeof key, "cli.exit-%d", status);
		(void)printf("  %d  %s\n", status, cli_text(c, key));
	}
	(void)printf("\n%s\n", cli_text(c, "cli.help-more"));
}

/* The commands of a family, "audit"; false where there are none. */
static bool help_family(const struct cli *c, const char *name)
{
	size_t len = strlen(name);
	bool found = false;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (table[i].name == NULL || strncmp(table[i].name, name, len) != 0 ||
		    table[i].name[len] != ' ')
			continue;
		print_command(c, &table[i]);
		found = true;
	}
	return found;
}

bool command_help(struct cli *c)
{
	const char *first = args_value(c, "COMMAND");
	const char *second = args_value(c, "WORD");
	char name[128];

	if (first == NULL) {
		help_all(c);
		return true;
	}
	(void)snprintf(name, sizeof name, "%s%s%s", first, second != NULL ? " " : "",
		       second != NULL ? second : "");
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].name != NULL && strcmp(table[i].name, name) == 0) {
			help_command(c, &table[i]);
			return true;
		}
	return (second == NULL && help_family(c, first)) ||
	       cli_fail(c, CLI_WRONG_USE, "cli.unknown-command", name, NULL);
}

/* ---- one run ------------------------------------------------------------------------------- */

/* Before anything is read: what is wrong with it is told in the language that was asked for. */
static const char *asked_language(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--lang=", 7) == 0)
			return argv[i] + 7;
		if (strcmp(argv[i], "--lang") == 0)
			return argv[i + 1];
	}
	return NULL;
}

static bool choose_language(struct cli *c, int argc, char **argv)
{
	const char *option = asked_language(argc, argv);
	enum lahetti_language language;

	c->language = lahetti_language_choose(option, getenv("LC_ALL"), getenv("LC_MESSAGES"),
					      getenv("LANG"));
	if (option != NULL && !lahetti_language_find(option, &language))
		return cli_fail(c, CLI_WRONG_USE, "cli.unknown-language", option, NULL);
	return true;
}

static bool run(struct cli *c, int argc, char **argv)
{
	if (!choose_language(c, argc, argv) || !args_parse(c, argc, argv))
		return false;
	c->json = args_given(c, "json");
	if (args_given(c, "version")) {
		(void)printf("lahetti %s\n", LAHETTI_VERSION);
		return true;
	}
	if (args_given(c, "help") && c->args.command != NULL) {
		help_command(c, c->args.command);
		return true;
	}
	if (c->args.command == NULL) {
		help_all(c);
		return args_given(c, "help") ||
		       cli_fail(c, CLI_WRONG_USE, "cli.no-command", NULL, NULL);
	}
	return args_complete(c) && home_find(c) && c->args.command->run(c);
}

/*
 * The words are read from a copy, and what others on this computer see of the command line is
 * emptied: a personal identity code may stand there, or an enrolment code.
 */
static char **hide_words(struct cli *c, int argc, char **argv)
{
	char **copy = cli_take(c, ((size_t)argc + 1) * sizeof *copy);

	for (int i = 0; copy != NULL && i < argc; i++) {
		copy[i] = lahetti_arena_text(&c->arena, lahetti_span_text(argv[i]));
		if (copy[i] == NULL) {
			(void)cli_no_memory(c);
			return NULL;
		}
	}
	for (int i = 1; copy != NULL && i < argc; i++)
		lahetti_wipe(argv[i], strlen(argv[i]));
	return copy;
}

int main(int argc, char **argv)
{
	static const struct rlimit none = {0, 0};
	static struct cli c;
	struct lahetti_fault fault;
	void *memory = mmap(NULL, CLI_ARENA, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool done;

	/* Whatever the locale is called, what is written is UTF-8. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	c.language = lahetti_language_choose(NULL, getenv("LC_ALL"), getenv("LC_MESSAGES"),
					     getenv("LANG"));
	if (memory == MAP_FAILED) {
		lahetti_fault_no_memory(&fault);
		(void)fprintf(stderr, "lahetti: %s\n", fault.text);
		return CLI_OWN_FAULT;
	}
	lahetti_arena_over(&c.arena, memory, CLI_ARENA);
	/* Nothing of a client is left in a core dump, or in what an editor writes beside a draft.
	 */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)umask(077);
	argv = hide_words(&c, argc, argv);
	done = argv != NULL && run(&c, argc, argv);
	if (done && fflush(stdout) != 0)
		done = cli_fail(&c, CLI_OWN_FAULT, "cli.cannot-print", NULL, NULL);
	if (!done) {
		(void)fprintf(stderr, "lahetti: ");
		output_text(stderr, c.sentence, "");
		(void)fprintf(stderr, "\n");
	}
	session_close(&c);
	attachment_finish(&c);
	home_finish(&c);
	lahetti_arena_finish(&c.arena);
	(void)munmap(memory, CLI_ARENA);
	return done ? CLI_DONE : (int)c.status;
}
