#include "args.h"

#include "cli.h"
#include "lahetti/id.h"
#include "lahetti/kinds.h"

#include <inttypes.h>
#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/directory.pb-c.h>
#include <stdio.h>
#include <string.h>

const char args_global[] = "[--home DIR] [--passphrase-file FILE] [--lang LANGUAGE] "
			   "[--as UNIT/ROLE] [--json] [--help] [--version]";

static const struct {
	const char *placeholder;
	const ProtobufCEnumDescriptor *type;
} words[] = {
	{"ACTION", &lahetti__v1__action__descriptor},
	{"ANSWER", &lahetti__v1__answer__descriptor},
	{"CATEGORY", &lahetti__v1__category__descriptor},
	{"CAUSE", &lahetti__v1__cause__descriptor},
	{"CRITERION=ANSWER", &lahetti__v1__criterion__descriptor},
	{"GIVER", &lahetti__v1__giver__descriptor},
	{"HOW", &lahetti__v1__how_given__descriptor},
	{"ERASURE-REASON", &lahetti__v1__erasure_reason__descriptor},
	{"ERASURE-SCOPE", &lahetti__v1__erasure_scope__descriptor},
	{"EVENT-OUTCOME", &lahetti__v1__event_outcome__descriptor},
	{"OUTCOME", &lahetti__v1__outcome__descriptor},
	{"PHASE", &lahetti__v1__phase__descriptor},
	{"PURPOSE", &lahetti__v1__purpose__descriptor},
	{"REASON", &lahetti__v1__reason__descriptor},
	{"ROLE", &lahetti__v1__role__descriptor},
	{"SERVICE", &lahetti__v1__service__descriptor},
	{"TYPE", &lahetti__v1__organisation_type__descriptor},
	{"URGENCY", &lahetti__v1__urgency__descriptor},
};

const ProtobufCEnumDescriptor *args_words(const char *placeholder)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].placeholder, placeholder) == 0)
			return words[i].type;
	return NULL;
}

/* ---- usages -------------------------------------------------------------------------------- */

/* Copies up to a space, a closing bracket or the dots of what repeats; returns what follows. */
static const char *take_word(const char *from, char out[32])
{
	size_t len = strcspn(from, " ].");

	(void)snprintf(out, 32, "%.*s", (int)len, from);
	return from + len;
}

bool args_item_next(const char **usage, struct args_item *item)
{
	const char *at = *usage + strspn(*usage, " ");
	char word[32];

	*item = (struct args_item){.required = true};
	if (*at == '\0')
		return false;
	if (*at == '[') {
		item->required = false;
		at++;
	}
	at = take_word(at, word);
	item->option = word[0] == '-';
	(void)snprintf(item->name, sizeof item->name, "%s", item->option ? word + 2 : word);
	if (item->option && at[0] == ' ' && at[1] != '-' && at[1] != '[') {
		at = take_word(at + 1, item->value);
	}
	if (*at == ']')
		at++;
	if (strncmp(at, "...", 3) == 0) {
		item->repeats = true;
		at += 3;
	}
	*usage = at;
	return true;
}

static bool find_option(const char *usage, const char *name, size_t len, struct args_item *item)
{
	while (args_item_next(&usage, item))
		if (item->option && strlen(item->name) == len &&
		    strncmp(item->name, name, len) == 0)
			return true;
	return false;
}

/* The nth word that a usage takes. */
static bool find_positional(const char *usage, size_t n, struct args_item *item)
{
	while (args_item_next(&usage, item))
		if (!item->option && n-- == 0)
			return true;
	return false;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The longest name that the words at the front make. */
static const struct command *find_command(char *const *argv, int argc, int *used)
{
	const struct command *found = NULL;
	size_t n;
	const struct command *all = commands(&n);

	for (size_t i = 0; i < n; i++) {
		const char *space = all[i].name != NULL ? strchr(all[i].name, ' ') : NULL;

		if (all[i].name == NULL)
			continue;
		if (space == NULL && strcmp(all[i].name, argv[0]) == 0 && found == NULL) {
			found = &all[i];
			*used = 1;
		}
		if (space != NULL && argc > 1 &&
		    strncmp(all[i].name, argv[0], (size_t)(space - all[i].name)) == 0 &&
		    argv[0][space - all[i].name] == '\0' && strcmp(space + 1, argv[1]) == 0) {
			found = &all[i];
			*used = 2;
		}
	}
	return found;
}

/* A word that begins the names of commands: says which. */
static bool no_command(struct cli *c, const char *word)
{
	size_t n, len = 0;
	const struct command *all = commands(&n);
	char list[512] = "";

	for (size_t i = 0; i < n; i++) {
		size_t first = strlen(word);
		int more;

		if (all[i].name == NULL || strncmp(all[i].name, word, first) != 0 ||
		    all[i].name[first] != ' ')
			continue;
		more = snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "",
				all[i].name);
		if (more > 0 && (size_t)more < sizeof list - len)
			len += (size_t)more;
	}
	return cli_fail(c, CLI_WRONG_USE, len > 0 ? "cli.choose-command" : "cli.unknown-command",
			len > 0 ? list : word, NULL);
}

static bool give(struct cli *c, const char *name, const char *value, bool repeats)
{
	struct args *a = &c->args;

	if (!repeats && args_given(c, name))
		return cli_fail(c, CLI_WRONG_USE, "cli.given-twice", name, NULL);
	if (a->n == ARGS_MOST)
		return cli_fail(c, CLI_WRONG_USE, "cli.too-many-arguments", NULL, NULL);
	a->given[a->n].name = name;
	a->given[a->n++].value = value;
	return true;
}

/* A usage's own text of a name, which lives as long as the program. */
static const char *lasting_name(struct cli *c, const struct args_item *item)
{
	char *name = lahetti_arena_text(&c->arena, lahetti_span_text(item->name));

	if (name == NULL)
		(void)cli_no_memory(c);
	return name;
}

static const char *usage_of(const struct cli *c)
{
	return c->args.command != NULL ? c->args.command->usage : "";
}

static bool read_option(struct cli *c, int argc, char **argv, int *at)
{
	const char *text = argv[*at] + 2;
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
	struct args_item item;
	const char *name;

	if (!find_option(usage_of(c), text, len, &item) &&
	    !find_option(args_global, text, len, &item))
		return cli_fail(c, CLI_WRONG_USE, "cli.unknown-option", argv[*at], NULL);
	name = lasting_name(c, &item);
	if (name == NULL)
		return false;
	if (item.value[0] == '\0')
		return equals == NULL
			       ? give(c, name, "", item.repeats)
			       : cli_fail(c, CLI_WRONG_USE, "cli.unwanted-value", name, NULL);
	if (equals != NULL)
		return give(c, name, equals + 1, item.repeats);
	if (*at + 1 == argc)
		return cli_fail(c, CLI_WRONG_USE, "cli.missing-value", name, item.value);
	return give(c, name, argv[++*at], item.repeats);
}

bool args_parse(struct cli *c, int argc, char **argv)
{
	size_t words_seen = 0;
	bool options = true;
	int used = 0;

	for (int i = 1; i < argc; i++) {
		struct args_item item;
		const char *name;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		if (options && strcmp(argv[i], "-h") == 0) {
			if (!give(c, "help", "", true))
				return false;
			continue;
		}
		if (options && strncmp(argv[i], "--", 2) == 0) {
			if (!read_option(c, argc, argv, &i))
				return false;
			continue;
		}
		if (c->args.command == NULL) {
			c->args.command = find_command(argv + i, argc - i, &used);
			if (c->args.command == NULL)
				return no_command(c, argv[i]);
			i += used - 1;
			continue;
		}
		if (!find_positional(usage_of(c), words_seen++, &item))
			return cli_fail(c, CLI_WRONG_USE, "cli.unwanted-word", argv[i], NULL);
		name = lasting_name(c, &item);
		if (name == NULL || !give(c, name, argv[i], false))
			return false;
	}
	return true;
}

bool args_complete(struct cli *c)
{
	const char *usage = usage_of(c);
	struct args_item item;

	while (args_item_next(&usage, &item)) {
		char shown[sizeof item.name + sizeof item.value + 4];

		if (!item.required || args_given(c, item.name))
			continue;
		(void)snprintf(shown, sizeof shown, "%s%s%s%s", item.option ? "--" : "", item.name,
			       item.value[0] != '\0' ? " " : "", item.value);
		return cli_fail(c, CLI_WRONG_USE, "cli.missing-argument", shown,
				c->args.command->name);
	}
	return true;
}

bool args_add(struct cli *c, const char *name, const char *value)
{
	struct args_item item;
	const char *lasting;

	if (!find_option(usage_of(c), name, strlen(name), &item))
		return cli_fail(c, CLI_WRONG_USE, "cli.unknown-field", name, NULL);
	lasting = lasting_name(c, &item);
	return lasting != NULL && give(c, lasting, value, item.repeats);
}

bool args_add_global(struct cli *c, const char *name, const char *value)
{
	for (size_t i = 0; i < c->args.n; i++)
		if (strcmp(c->args.given[i].name, name) == 0) {
			c->args.given[i].value = value;
			return true;
		}
	return give(c, name, value, false);
}

const char *args_value(const struct cli *c, const char *name)
{
	for (size_t i = 0; i < c->args.n; i++)
		if (strcmp(c->args.given[i].name, name) == 0)
			return c->args.given[i].value;
	return NULL;
}

bool args_given(const struct cli *c, const char *name)
{
	return args_value(c, name) != NULL;
}

const char *args_next(const struct cli *c, const char *name, size_t *at)
{
	while (*at < c->args.n) {
		size_t i = (*at)++;

		if (strcmp(c->args.given[i].name, name) == 0)
			return c->args.given[i].value;
	}
	return NULL;
}

/* ---- values -------------------------------------------------------------------------------- */

bool args_word_of(struct cli *c, const char *word, const ProtobufCEnumDescriptor *type, int *value)
{
	char list[1024];
	char known[64];
	size_t len = 0;

	if (lahetti_word_parse(type, word, value, NULL))
		return true;
	list[0] = '\0';
	for (unsigned i = 0; i < type->n_values; i++) {
		int more;

		if (type->values[i].value == 0)
			continue;
		more = snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "",
				lahetti_word(type, type->values[i].value, known));
		if (more > 0 && (size_t)more < sizeof list - len)
			len += (size_t)more;
	}
	return cli_fail(c, CLI_WRONG_USE, "cli.unknown-word", word, list);
}

bool args_word(struct cli *c, const char *name, const ProtobufCEnumDescriptor *type, int *value)
{
	const char *word = args_value(c, name);

	return word == NULL || args_word_of(c, word, type, value);
}

bool args_words_all(struct cli *c, const char *name, const ProtobufCEnumDescriptor *type,
		    int **values, size_t *n)
{
	const char *word;
	size_t at = 0;

	*n = 0;
	*values = cli_take(c, ARGS_MOST * sizeof **values);
	if (*values == NULL)
		return false;
	while ((word = args_next(c, name, &at)) != NULL)
		if (!args_word_of(c, word, type, &(*values)[(*n)++]))
			return false;
	return true;
}

/* Three numbers between separators, each of so many digits at least and at most. */
static bool read_numbers(const char *text, char separator, const unsigned least[3],
			 const unsigned most[3], uint32_t numbers[3])
{
	for (size_t i = 0; i < 3; i++) {
		size_t len = strspn(text, "0123456789");

		if (len < least[i] || len > most[i])
			return false;
		numbers[i] = 0;
		for (size_t k = 0; k < len; k++)
			numbers[i] = numbers[i] * 10 + (uint32_t)(text[k] - '0');
		text += len;
		if (i < 2 && *text++ != separator)
			return false;
	}
	return *text == '\0';
}

static bool read_date(const char *text, uint32_t *date)
{
	static const unsigned iso[] = {4, 2, 2}, least[] = {1, 1, 4}, most[] = {2, 2, 4};
	uint32_t n[3];

	if (read_numbers(text, '-', iso, iso, n))
		*date = n[0] * 10000 + n[1] * 100 + n[2];
	else if (read_numbers(text, '.', least, most, n))
		*date = n[2] * 10000 + n[1] * 100 + n[0];
	else
		return false;
	return lahetti_date_valid(*date);
}

bool args_date(struct cli *c, const char *name, uint32_t *date)
{
	const char *text = args_value(c, name);

	*date = 0;
	return text == NULL || read_date(text, date) ||
	       cli_fail(c, CLI_WRONG_USE, "cli.bad-date", text, NULL);
}

bool args_number(struct cli *c, const char *name, uint32_t most, uint32_t *number)
{
	const char *text = args_value(c, name);
	uint64_t value = 0;
	char least_and_most[32];

	if (text == NULL)
		return true;
	for (const char *at = text; *at >= '0' && *at <= '9' && value <= most; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	(void)snprintf(least_and_most, sizeof least_and_most, "1-%" PRIu32, most);
	if (text[strspn(text, "0123456789")] != '\0' || value < 1 || value > most)
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-number", text, least_and_most);
	*number = (uint32_t)value;
	return true;
}
