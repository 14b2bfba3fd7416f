#include "output.h"

#include "cli.h"
#include "directory.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS_MOST 24
#define CELL_MOST    512

/* Of one run, its only reader being a person or a program. */
struct table {
	struct cli *c;
	enum table_form form;
	struct libscols_table *list; /* for people, a list or a card */
	struct libscols_line *line;
	json_t *array;	/* for programs, a list */
	json_t *object; /* the row */
	size_t column;	/* of the next cell */
	size_t columns;
	bool filled[COLUMNS_MOST]; /* in some row; a column that is empty everywhere is not shown */
	bool failed;
};

/* ---- forms --------------------------------------------------------------------------------- */

/* Finns write 1.12.2026 9.05, in both languages; others, and programs, get ISO 8601. */
static bool writes_as_finns(const struct cli *c)
{
	return !c->json && c->language != LAHETTI_ENGLISH;
}

void output_time(const struct cli *c, int64_t us, char text[OUTPUT_TIME_LEN])
{
	time_t local = (time_t)(us / 1000000) + lahetti_helsinki_offset(us);
	struct tm tm;

	text[0] = '\0';
	if (us <= 0 || gmtime_r(&local, &tm) == NULL)
		return;
	if (writes_as_finns(c))
		(void)snprintf(text, OUTPUT_TIME_LEN, "%d.%d.%d %d.%02d", tm.tm_mday, tm.tm_mon + 1,
			       tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
	else
		(void)strftime(text, OUTPUT_TIME_LEN, "%Y-%m-%d %H:%M", &tm);
}

static void time_utc(int64_t us, char text[OUTPUT_TIME_LEN])
{
	time_t whole = (time_t)(us / 1000000);
	struct tm tm;

	text[0] = '\0';
	if (us > 0 && gmtime_r(&whole, &tm) != NULL)
		(void)strftime(text, OUTPUT_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void output_date(const struct cli *c, uint32_t date, char text[OUTPUT_TIME_LEN])
{
	uint32_t year = date / 10000, month = date / 100 % 100, day = date % 100;

	text[0] = '\0';
	if (date == 0)
		return;
	if (writes_as_finns(c))
		(void)snprintf(text, OUTPUT_TIME_LEN, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, day,
			       month, year);
	else
		(void)snprintf(text, OUTPUT_TIME_LEN, "%04" PRIu32 "-%02" PRIu32 "-%02" PRIu32,
			       year, month, day);
}

/* Rounded up, so that a limit that is told is one that may be reached. */
void output_size(uint64_t bytes, char text[OUTPUT_SIZE_LEN])
{
	if (bytes < 1024)
		(void)snprintf(text, OUTPUT_SIZE_LEN, "%" PRIu64 " B", bytes);
	else if (bytes < (uint64_t)1 << 20)
		(void)snprintf(text, OUTPUT_SIZE_LEN, "%" PRIu64 " KiB", (bytes + 1023) >> 10);
	else
		(void)snprintf(text, OUTPUT_SIZE_LEN, "%.1f MiB", (double)bytes / (1 << 20));
}

static void hex(ProtobufCBinaryData b, char *text, size_t room)
{
	text[0] = '\0';
	if (2 * b.len < room)
		lahetti_hex(b.data, b.len, text);
}

/* An identifier in its own form, anything else in hexadecimal. */
static void whole_id(ProtobufCBinaryData b, char *text, size_t room)
{
	struct lahetti_id id;

	if (room > LAHETTI_ID_TEXT_LEN && lahetti_id_read(&id, lahetti_bytes_span(b), NULL))
		lahetti_id_format(&id, text);
	else
		hex(b, text, room);
}

void output_short(ProtobufCBinaryData id, char text[OUTPUT_SHORT_LEN + 1])
{
	text[0] = '\0';
	if (id.len >= OUTPUT_SHORT_LEN / 2)
		lahetti_hex(id.data + id.len - OUTPUT_SHORT_LEN / 2, OUTPUT_SHORT_LEN / 2, text);
}

/* How many bytes at the front of a text are a character that is not shown as it is; 0: none. */
static size_t unwanted(const char *text)
{
	const unsigned char *u = (const unsigned char *)text;

	if (u[0] < 0x20 || u[0] == 0x7f)
		return 1;
	/* U+0080 to U+009F */
	if (u[0] == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0)
		return 2;
	/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069 */
	if (u[0] == 0xe2 && u[1] == 0x80 &&
	    (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xa8 && u[2] <= 0xae)))
		return 3;
	if (u[0] == 0xe2 && u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9)
		return 3;
	/* U+061C */
	return u[0] == 0xd8 && u[1] == 0x9c ? 2 : 0;
}

void output_text(FILE *to, const char *text, const char *indent)
{
	while (*text != '\0') {
		size_t skipped = unwanted(text);

		if (*text == '\n')
			(void)fprintf(to, "\n%s", indent);
		else if (skipped > 0)
			(void)fputc(*text == '\t' ? ' ' : '?', to);
		else
			(void)fputc(*text, to);
		text += skipped > 0 ? skipped : 1;
	}
}

/* For one cell: line breaks are spaces. What is too long is cut between characters. */
static void clean(const char *text, char out[CELL_MOST])
{
	size_t len = 0;

	while (*text != '\0' && len < CELL_MOST - 8) {
		size_t skipped = unwanted(text);

		if (skipped > 0)
			out[len++] = *text == '\n' || *text == '\t' ? ' ' : '?';
		else
			out[len++] = *text;
		text += skipped > 0 ? skipped : 1;
	}
	while (*text != '\0' && ((unsigned char)*text & 0xc0) == 0x80 && len < CELL_MOST - 4)
		out[len++] = *text++;
	(void)snprintf(out + len, CELL_MOST - len, "%s", *text != '\0' ? "…" : "");
}

static const char *word_text(const struct cli *c, const ProtobufCEnumDescriptor *type, int value)
{
	const char *text = value == 0 ? "" : lahetti_text_of(type, value, c->language);

	return text != NULL ? text : "?";
}

/* ---- tables -------------------------------------------------------------------------------- */

struct table *table_create(struct cli *c, enum table_form form)
{
	struct table *t = calloc(1, sizeof *t);

	if (t == NULL) {
		(void)cli_no_memory(c);
		return NULL;
	}
	t->c = c;
	t->form = form;
	if (c->json && form == TABLE_LIST)
		t->failed = (t->array = json_array()) == NULL;
	if (!c->json && form != TABLE_LINE) {
		t->list = scols_new_table();
		t->failed = t->list == NULL;
	}
	if (t->list != NULL && form == TABLE_CARD) {
		(void)scols_table_enable_noheadings(t->list, 1);
		t->failed = scols_table_new_column(t->list, "", 0, 0) == NULL ||
			    scols_table_new_column(t->list, "", 0, SCOLS_FL_WRAP) == NULL;
	}
	return t;
}

/* What a row leaves behind when the next begins. */
static void end_row(struct table *t)
{
	if (t->columns == 0)
		t->columns = t->column;
	t->column = 0;
	t->line = NULL;
	if (t->object != NULL && t->array != NULL)
		t->failed |= json_array_append_new(t->array, t->object) != 0;
	else if (t->object != NULL && t->form == TABLE_LINE)
		t->failed |= !output_json_print(t->c, t->object);
	else
		return;
	t->object = NULL;
}

void table_row(struct table *t)
{
	if (t->column > 0 && t->form == TABLE_LINE && !t->c->json)
		(void)printf("\n");
	end_row(t);
	if (t->c->json) {
		t->object = json_object();
		t->failed |= t->object == NULL;
	} else if (t->form == TABLE_LIST && t->list != NULL) {
		t->line = scols_table_new_line(t->list, NULL);
		t->failed |= t->line == NULL;
	}
}

static const char *heading(struct table *t, const char *column)
{
	char key[64];

	(void)snprintf(key, sizeof key, "cli.column.%s", column);
	return cli_text(t->c, key);
}

/* A cell for people. */
static void show(struct table *t, const char *column, const char *text)
{
	char cell[CELL_MOST];

	clean(text, cell);
	if (t->form == TABLE_LINE) {
		(void)printf("%s%s", t->column > 0 && cell[0] != '\0' ? "  " : "", cell);
	} else if (t->form == TABLE_CARD && cell[0] != '\0') {
		struct libscols_line *line = scols_table_new_line(t->list, NULL);

		t->failed |= line == NULL ||
			     scols_line_set_data(line, 0, heading(t, column)) != 0 ||
			     scols_line_set_data(line, 1, cell) != 0;
	} else if (t->form == TABLE_LIST && t->line != NULL) {
		if (t->columns == 0)
			t->failed |= scols_table_new_column(t->list, heading(t, column), 0,
							    SCOLS_FL_WRAP) == NULL;
		if (t->column < COLUMNS_MOST)
			t->filled[t->column] |= cell[0] != '\0';
		/* New columns make room in the lines that are there. */
		t->failed |= scols_line_set_data(t->line, t->column, cell) != 0;
	}
}

static void cell(struct table *t, const char *column, const char *people, json_t *programs)
{
	if (t->c->json)
		t->failed |=
			t->object == NULL || json_object_set_new(t->object, column, programs) != 0;
	else if (!t->failed)
		show(t, column, people);
	t->column++;
}

static json_t *json_of(const struct table *t, const char *text)
{
	return t->c->json ? json_string(text) : NULL;
}

void table_text(struct table *t, const char *column, const char *text)
{
	cell(t, column, text, json_of(t, text));
}

void table_id(struct table *t, const char *column, ProtobufCBinaryData id)
{
	char brief[OUTPUT_SHORT_LEN + 1];
	char whole[2 * LAHETTI_DIGEST_LEN + 1];

	output_short(id, brief);
	whole_id(id, whole, sizeof whole);
	cell(t, column, t->form == TABLE_CARD ? whole : brief, json_of(t, whole));
}

void table_digest(struct table *t, const char *column, ProtobufCBinaryData digest)
{
	char whole[2 * LAHETTI_DIGEST_LEN + 1];

	hex(digest, whole, sizeof whole);
	cell(t, column, whole, json_of(t, whole));
}

void table_word(struct table *t, const char *column, const ProtobufCEnumDescriptor *type, int value)
{
	char word[64] = "";

	if (value != 0)
		(void)lahetti_word(type, value, word);
	cell(t, column, word_text(t->c, type, value), json_of(t, word));
}

void table_words(struct table *t, const char *column, const ProtobufCEnumDescriptor *type,
		 const void *values, size_t n)
{
	json_t *array = t->c->json ? json_array() : NULL;
	char text[CELL_MOST] = "";
	char word[64];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int value;
		int more;

		memcpy(&value, (const uint8_t *)values + i * sizeof value, sizeof value);
		if (array != NULL)
			(void)json_array_append_new(array,
						    json_string(lahetti_word(type, value, word)));
		more = snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? ", " : "",
				word_text(t->c, type, value));
		if (more > 0 && (size_t)more < sizeof text - len)
			len += (size_t)more;
	}
	cell(t, column, text, array);
}

/* The command that takes a step, where its name is not the step's word. */
static const char *step_command(int step, char word[64])
{
	if (step == LAHETTI__V1__STEP__STEP_COMPLETE || step == LAHETTI__V1__STEP__STEP_FAIL)
		return "close";
	return lahetti_word(&lahetti__v1__step__descriptor, step, word);
}

void table_steps(struct table *t, const char *column, const Lahetti__V1__Step *steps, size_t n)
{
	json_t *array = t->c->json ? json_array() : NULL;
	char text[CELL_MOST] = "";
	char word[64];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int step = (int)steps[i];
		int more;

		if (array != NULL)
			(void)json_array_append_new(
				array, json_string(lahetti_word(&lahetti__v1__step__descriptor,
								step, word)));
		/* Completing and breaking off are one command. */
		if (step == LAHETTI__V1__STEP__STEP_FAIL && i > 0 &&
		    steps[i - 1] == LAHETTI__V1__STEP__STEP_COMPLETE)
			continue;
		more = snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ", " : "",
				step_command(step, word));
		if (more > 0 && (size_t)more < sizeof text - len)
			len += (size_t)more;
	}
	cell(t, column, text, array);
}

void table_kind(struct table *t, const char *column, uint32_t number)
{
	const struct lahetti_kind_row *kind = lahetti_kind_find(number);
	char key[64];

	(void)snprintf(key, sizeof key, "kind.%s", kind != NULL ? kind->name : "");
	if (number == 0)
		table_text(t, column, "");
	else
		cell(t, column, cli_text(t->c, kind != NULL ? key : "code.newer-statement"),
		     json_of(t, kind != NULL ? kind->name : ""));
}

void table_code(struct table *t, const char *column, const char *code)
{
	const char *sentence = lahetti_text_of_code(code, t->c->language);

	cell(t, column, sentence != NULL ? sentence : code, json_of(t, code));
}

void table_recipient(struct table *t, const char *column, const Lahetti__V1__Recipient *recipient)
{
	json_t *object = NULL;

	if (t->c->json)
		object = recipient != NULL ? output_json(t->c, &recipient->base) : json_object();
	cell(t, column, t->c->json ? "" : directory_recipient_text(t->c, recipient), object);
}

void table_time(struct table *t, const char *column, int64_t us)
{
	char people[OUTPUT_TIME_LEN];
	char programs[OUTPUT_TIME_LEN];

	output_time(t->c, us, people);
	time_utc(us, programs);
	cell(t, column, people, json_of(t, programs));
}

void table_date(struct table *t, const char *column, uint32_t date)
{
	char text[OUTPUT_TIME_LEN];

	output_date(t->c, date, text);
	cell(t, column, text, json_of(t, text));
}

void table_number(struct table *t, const char *column, uint64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%" PRIu64, number);
	cell(t, column, text, t->c->json ? json_integer((json_int_t)number) : NULL);
}

void table_size(struct table *t, const char *column, uint64_t bytes)
{
	char text[OUTPUT_SIZE_LEN];

	output_size(bytes, text);
	cell(t, column, text, t->c->json ? json_integer((json_int_t)bytes) : NULL);
}

void table_flag(struct table *t, const char *column, bool flag)
{
	cell(t, column, cli_text(t->c, flag ? "cli.yes" : "cli.no"),
	     t->c->json ? json_boolean(flag) : NULL);
}

void table_json(struct table *t, const char *column, json_t *value)
{
	cell(t, column, "", value);
}

void table_mark(struct table *t, const char *column, bool flag)
{
	cell(t, column, flag ? cli_text(t->c, "cli.yes") : "",
	     t->c->json ? json_boolean(flag) : NULL);
}

bool table_flush(struct table *t)
{
	if (t->column > 0 && !t->c->json)
		(void)printf("\n");
	end_row(t);
	if (t->failed)
		return cli_no_memory(t->c);
	return fflush(stdout) == 0 || cli_fail(t->c, CLI_OWN_FAULT, "cli.cannot-print", NULL, NULL);
}

/* An empty table is not printed, so one column at least is left. */
static void hide_empty_columns(struct table *t)
{
	for (size_t i = 0; t->form == TABLE_LIST && i < t->columns && i < COLUMNS_MOST; i++)
		if (!t->filled[i])
			t->failed |= scols_column_set_flags(scols_table_get_column(t->list, i),
							    SCOLS_FL_WRAP | SCOLS_FL_HIDDEN) != 0;
}

bool table_print(struct table *t, bool ok)
{
	struct cli *c = t->c;
	bool rows = t->column > 0 || t->columns > 0;
	bool printed;

	if (t->form == TABLE_LINE && t->column > 0 && !c->json)
		(void)printf("\n");
	if (t->form != TABLE_CARD)
		end_row(t);
	if (t->list != NULL)
		hide_empty_columns(t);
	printed = !t->failed || cli_no_memory(c);
	if (printed && t->array != NULL) {
		printed = output_json_print(c, t->array);
		t->array = NULL;
	} else if (printed && t->object != NULL) {
		printed = output_json_print(c, t->object);
		t->object = NULL;
	} else if (printed && t->list != NULL && rows) {
		printed = scols_print_table(t->list) == 0 || cli_no_memory(c);
	} else if (printed && ok && t->form == TABLE_LIST) {
		cli_say(c, "cli.nothing", NULL, NULL);
	}
	json_decref(t->array);
	json_decref(t->object);
	scols_unref_table(t->list);
	free(t);
	if (printed && fflush(stdout) != 0)
		printed = cli_fail(c, CLI_OWN_FAULT, "cli.cannot-print", NULL, NULL);
	return printed && ok;
}

/* One of the characters that `unwanted` finds, as JSON escapes it: they stand in strings alone. */
static void print_escaped(const char *text, size_t len)
{
	const unsigned char *u = (const unsigned char *)text;
	unsigned code = len == 1   ? u[0]
			: len == 2 ? (unsigned)(u[0] & 0x1f) << 6 | (u[1] & 0x3f)
				   : (unsigned)(u[0] & 0x0f) << 12 | (unsigned)(u[1] & 0x3f) << 6 |
					     (u[2] & 0x3f);

	(void)printf("\\u%04x", code);
}

/* JSON may be read by a person too: what steers a terminal is escaped, not only what must be. */
bool output_json_print(struct cli *c, json_t *value)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
	bool ok;

	for (const char *at = text; at != NULL && *at != '\0';) {
		size_t len = unwanted(at);

		if (len > 0)
			print_escaped(at, len);
		else
			(void)putchar(*at);
		at += len > 0 ? len : 1;
	}
	ok = text != NULL && putchar('\n') != EOF && fflush(stdout) == 0;
	free(text);
	json_decref(value);
	return ok || cli_fail(c, CLI_OWN_FAULT, "cli.cannot-print", NULL, NULL);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* The member of a message that a descriptor's field speaks of, its nth element where it repeats. */
static const void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
			  size_t nth)
{
	static const size_t sizes[] = {
		[PROTOBUF_C_TYPE_STRING] = sizeof(char *),
		[PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
		[PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
		[PROTOBUF_C_TYPE_ENUM] = sizeof(int),
	};
	const uint8_t *at = (const uint8_t *)message + field->offset;
	const uint8_t *elements;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return at;
	memcpy(&elements, at, sizeof elements);
	return elements + nth * sizes[field->type];
}

static size_t count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	size_t n;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return 1;
	memcpy(&n, (const uint8_t *)message + field->quantifier_offset, sizeof n);
	return n;
}

static ProtobufCBinaryData bytes_at(const void *at)
{
	ProtobufCBinaryData b;

	memcpy(&b, at, sizeof b);
	return b;
}

static int int_at(const void *at)
{
	int value;

	memcpy(&value, at, sizeof value);
	return value;
}

static const char *string_at(const void *at)
{
	const char *text;

	memcpy(&text, at, sizeof text);
	return text;
}

static const ProtobufCMessage *message_at(const void *at)
{
	const ProtobufCMessage *message;

	memcpy(&message, at, sizeof message);
	return message;
}

/* Civil dates are numbers like others on the wire. */
static bool is_date(const ProtobufCFieldDescriptor *field)
{
	static const char *const names[] = {"answer_by", "birth_date", "date",
					    "deadline",	 "from",       "until"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(field->name, names[i]) == 0)
			return true;
	return false;
}

static int64_t number_at(const ProtobufCFieldDescriptor *field, const void *at)
{
	uint32_t number;
	int64_t wide;

	if (field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64) {
		memcpy(&wide, at, sizeof wide);
		return wide;
	}
	memcpy(&number, at, sizeof number);
	return number;
}

/* Whether a value is its type's nothing, which is not sent and not shown. */
static bool is_nothing(const ProtobufCFieldDescriptor *field, const void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return string_at(at)[0] == '\0';
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_at(at).len == 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_at(at) == NULL;
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_BOOL:
		return int_at(at) == 0;
	default:
		return number_at(field, at) == 0;
	}
}

/* What people read has no numbers but civil dates. */
static void output_value(struct cli *c, const ProtobufCFieldDescriptor *field, const void *at,
			 unsigned depth)
{
	char text[2 * LAHETTI_DIGEST_LEN + 1];
	char indent[32];
	const char *name;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		(void)snprintf(indent, sizeof indent, "%*s", (int)(2 * depth + 4), "");
		if (strchr(string_at(at), '\n') != NULL)
			(void)printf("\n%s", indent);
		output_text(stdout, string_at(at), indent);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		name = directory_name(c, bytes_at(at));
		whole_id(bytes_at(at), text, sizeof text);
		output_text(stdout, name != NULL ? name : text, "");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		(void)printf("%s", word_text(c, field->descriptor, int_at(at)));
		break;
	case PROTOBUF_C_TYPE_BOOL:
		(void)printf("%s", cli_text(c, int_at(at) ? "cli.yes" : "cli.no"));
		break;
	default:
		output_date(c, (uint32_t)number_at(field, at), text);
		(void)printf("%s", text);
		break;
	}
	(void)printf("\n");
}

static const char *label(const struct cli *c, const ProtobufCFieldDescriptor *field)
{
	char key[80] = "cli.field.";
	size_t len = strlen(key);

	for (const char *from = field->name; *from != '\0' && len + 1 < sizeof key; from++)
		key[len++] = (char)(*from == '_' ? '-' : *from);
	key[len] = '\0';
	return cli_text(c, key);
}

void output_message(struct cli *c, const ProtobufCMessage *message, unsigned depth)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		size_t n = count(message, field);

		for (size_t k = 0; k < n; k++) {
			const void *at = member(message, field, k);

			if (is_nothing(field, at))
				continue;
			(void)printf("%*s%s: ", (int)(2 * depth), "", label(c, field));
			if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
				output_value(c, field, at, depth);
				continue;
			}
			(void)printf("\n");
			output_message(c, message_at(at), depth + 1);
		}
	}
}

static json_t *json_value(const struct cli *c, const ProtobufCFieldDescriptor *field,
			  const void *at)
{
	char text[2 * LAHETTI_DIGEST_LEN + 1];
	char word[64];

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return json_string(string_at(at));
	case PROTOBUF_C_TYPE_BYTES:
		whole_id(bytes_at(at), text, sizeof text);
		return json_string(text);
	case PROTOBUF_C_TYPE_ENUM:
		return json_string(lahetti_word(field->descriptor, int_at(at), word));
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(int_at(at));
	case PROTOBUF_C_TYPE_MESSAGE:
		return output_json(c, message_at(at));
	default:
		if (!is_date(field))
			return json_integer((json_int_t)number_at(field, at));
		output_date(c, (uint32_t)number_at(field, at), text);
		return json_string(text);
	}
}

json_t *output_json(const struct cli *c, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	json_t *object = json_object();

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
		json_t *array = repeated ? json_array() : NULL;
		size_t n = count(message, field);

		for (size_t k = 0; k < n; k++) {
			const void *at = member(message, field, k);

			if (repeated)
				(void)json_array_append_new(array, json_value(c, field, at));
			else if (!is_nothing(field, at))
				(void)json_object_set_new(object, field->name,
							  json_value(c, field, at));
		}
		if (array != NULL && n > 0)
			(void)json_object_set(object, field->name, array);
		json_decref(array);
	}
	return object;
}
