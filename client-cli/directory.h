/*
 * The directory as this run has read it, and how a person names what is in it: by a part of its
 * name, or by the first or last digits of its identifier. What fits several is an error that lists
 * them; a whole name fits before a part does.
 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include "lahetti/id.h"

#include <lahetti/v1/bodies.pb-c.h>
#include <lahetti/v1/directory.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>

struct cli;

struct directory {
	const Lahetti__V1__DirectoryEntry **entries;
	size_t n;
};

/* Reads it once a run; without a connection as it was read last. */
LAHETTI_CHECKED bool directory_load(struct cli *c);

/* The name of an organisation, unit or user; NULL where it is none, or nothing has been read. */
const char *directory_name(const struct cli *c, ProtobufCBinaryData id);

/* Whether len bytes of a text name an entry: a part of its name in either case, or digits. */
bool directory_matches(ProtobufCBinaryData id, const char *name, const char *text, size_t len);

/* Whether a text names an identifier by its first or last digits, four at least. */
bool directory_matches_id(ProtobufCBinaryData id, const char *text, size_t len);

/* The one entry that len bytes of a text name; false after cli_fail. The directory is loaded. */
LAHETTI_CHECKED bool directory_organisation(struct cli *c, const char *text, size_t len,
					    const Lahetti__V1__Organisation **found);
LAHETTI_CHECKED bool directory_unit(struct cli *c, const char *text, size_t len,
				    const Lahetti__V1__Unit **found);
/* Of a unit where that is not NULL. */
LAHETTI_CHECKED bool directory_user(struct cli *c, const char *text, size_t len,
				    const Lahetti__V1__Unit *unit, const Lahetti__V1__User **found);

/*
 * "queue:UNIT", "role:UNIT/ROLE", "user:UNIT/USER", "care-team", "case-manager"; the last two are
 * of the client's case in one's own organisation.
 */
LAHETTI_CHECKED bool directory_recipient(struct cli *c, const char *text,
					 Lahetti__V1__Recipient **recipient);

/* "ORGANISATION", "unit:UNIT", "role:UNIT/ROLE", "user:UNIT/USER". */
LAHETTI_CHECKED bool directory_party(struct cli *c, const char *text, Lahetti__V1__Party **party);

/* A recipient in plain words; in the arena, "" where it can't be told. */
const char *directory_recipient_text(struct cli *c, const Lahetti__V1__Recipient *recipient);

#endif
