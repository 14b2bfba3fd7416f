/*
 * What commands print: rows of named cells, as a table or a card for people, as JSON for programs.
 * The names are columns: "cli.column.NAME" is the heading, NAME the member of the JSON object. For
 * people identifiers are cut to their last digits, times are Helsinki's; JSON has them whole and in
 * UTC.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "lahetti/span.h"

#include <jansson.h>
#include <lahetti/v1/bodies.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

struct cli;
struct table;

enum table_form {
	TABLE_LIST, /* headings, then rows; a JSON array */
	TABLE_CARD, /* one row, a line for each cell; a JSON object */
	TABLE_LINE, /* each row a line as soon as it ends; a JSON object a line */
};

/* NULL after cli_no_memory. */
struct table *table_create(struct cli *c, enum table_form form);

/* Begins a row; then its cells. All rows have the same cells in the same order. */
void table_row(struct table *t);
void table_text(struct table *t, const char *column, const char *text);
void table_id(struct table *t, const char *column, ProtobufCBinaryData id);
void table_digest(struct table *t, const char *column, ProtobufCBinaryData digest);
void table_word(struct table *t, const char *column, const ProtobufCEnumDescriptor *type,
		int value);
void table_words(struct table *t, const char *column, const ProtobufCEnumDescriptor *type,
		 const void *values, size_t n);
/* Steps: for people as the commands that take them. */
void table_steps(struct table *t, const char *column, const Lahetti__V1__Step *steps, size_t n);
/* A kind of statement, by its number; 0: none. */
void table_kind(struct table *t, const char *column, uint32_t number);
/* A stable code: for people as its sentence. */
void table_code(struct table *t, const char *column, const char *code);
void table_recipient(struct table *t, const char *column, const Lahetti__V1__Recipient *recipient);
void table_time(struct table *t, const char *column, int64_t us);
void table_date(struct table *t, const char *column, uint32_t date);
/* Bytes: for people in round figures. */
void table_size(struct table *t, const char *column, uint64_t bytes);
void table_number(struct table *t, const char *column, uint64_t number);
void table_flag(struct table *t, const char *column, bool flag);
/* What only programs are told; takes the reference. */
void table_json(struct table *t, const char *column, json_t *value);
/* A flag, but for people silent where it is false. */
void table_mark(struct table *t, const char *column, bool flag);

/* Of lines: ends the last, so that a person sees it now. */
LAHETTI_CHECKED bool table_flush(struct table *t);

/*
 * Ends the last row, prints what is not printed yet, destroys. Returns ok, which tells whether the
 * command has succeeded so far: that there is nothing is said only then. False too after
 * cli_no_memory, or where the output can't be written.
 */
LAHETTI_CHECKED bool table_print(struct table *t, bool ok);

/* ---- forms that others need ---------------------------------------------------------------- */

#define OUTPUT_TIME_LEN 32
void output_time(const struct cli *c, int64_t us, char text[OUTPUT_TIME_LEN]);
void output_date(const struct cli *c, uint32_t date, char text[OUTPUT_TIME_LEN]);
#define OUTPUT_SIZE_LEN 32
void output_size(uint64_t bytes, char text[OUTPUT_SIZE_LEN]);

/* The last digits of an identifier or a digest: what a person types to name it. */
#define OUTPUT_SHORT_LEN 8
void output_short(ProtobufCBinaryData id, char text[OUTPUT_SHORT_LEN + 1]);

/* Prints what another has written: control characters and signs that turn the direction of writing
 * are shown as "?". */
void output_text(FILE *to, const char *text, const char *indent);

/* A message in plain words, a line for each field that is set: "cli.field.NAME" is the label. */
void output_message(struct cli *c, const ProtobufCMessage *message, unsigned depth);

/* The same as JSON, whole; NULL when memory is spent. */
json_t *output_json(const struct cli *c, const ProtobufCMessage *message);

/* Writes a JSON value and gives its reference back. False after cli_fail. */
LAHETTI_CHECKED bool output_json_print(struct cli *c, json_t *value);

#endif
