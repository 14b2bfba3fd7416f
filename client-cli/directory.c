#include "directory.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_MOST 200000
#define PAGE	     200
#define NAME_MOST    512
#define DIGITS_LEAST 4

#define ENTRY(NAME) LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_##NAME

/* ---- names --------------------------------------------------------------------------------- */

/* Small letters for capitals, of the alphabets that Finnish names are written in. */
static void fold(const char *text, size_t len, char out[NAME_MOST])
{
	size_t i = 0;

	for (; i < len && i + 1 < NAME_MOST; i++) {
		unsigned char byte = (unsigned char)text[i];
		bool after_c3 = i > 0 && (unsigned char)text[i - 1] == 0xc3;

		if ((byte >= 'A' && byte <= 'Z') ||
		    (after_c3 && byte >= 0x80 && byte <= 0x9e && byte != 0x97))
			byte = (unsigned char)(byte + 0x20);
		out[i] = (char)byte;
	}
	out[i] = '\0';
}

bool directory_matches_id(ProtobufCBinaryData id, const char *text, size_t len)
{
	char own[2 * LAHETTI_DIGEST_LEN + 1];
	char asked[2 * LAHETTI_DIGEST_LEN + 1];
	size_t n = 0;

	if (id.len == 0 || id.len > LAHETTI_DIGEST_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		char digit = text[i];

		if (digit == '-')
			continue;
		if (digit >= 'A' && digit <= 'F')
			digit = (char)(digit + 0x20);
		if (n + 1 == sizeof asked ||
		    !((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f')))
			return false;
		asked[n++] = digit;
	}
	asked[n] = '\0';
	lahetti_hex(id.data, id.len, own);
	if (n < DIGITS_LEAST || n > 2 * id.len)
		return false;
	return strncmp(own, asked, n) == 0 || strcmp(own + 2 * id.len - n, asked) == 0;
}

enum match {
	MATCH_NONE,
	MATCH_PART,  /* of the name */
	MATCH_WHOLE, /* name, or digits of the identifier */
};

static enum match match(ProtobufCBinaryData id, const char *name, const char *text, size_t len)
{
	char own[NAME_MOST];
	char asked[NAME_MOST];

	if (len == 0)
		return MATCH_NONE;
	fold(name, strlen(name), own);
	fold(text, len, asked);
	if (strcmp(own, asked) == 0 || directory_matches_id(id, text, len))
		return MATCH_WHOLE;
	return strstr(own, asked) != NULL ? MATCH_PART : MATCH_NONE;
}

bool directory_matches(ProtobufCBinaryData id, const char *name, const char *text, size_t len)
{
	return match(id, name, text, len) != MATCH_NONE;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool keep(struct cli *c, const Lahetti__V1__DirectoryPage *page)
{
	struct directory *d = c->directory;

	for (size_t i = 0; i < page->n_entries; i++) {
		if (d->n == ENTRIES_MOST)
			return cli_fail(c, CLI_OWN_FAULT, "cli.too-much", NULL, NULL);
		d->entries[d->n++] = page->entries[i];
	}
	return true;
}

/* Pages lie in the file one after another, each after its length of four bytes, big-endian. */
static bool append(struct cli *c, struct lahetti_buffer *file,
		   const Lahetti__V1__DirectoryPage *page)
{
	struct lahetti_span packed = lahetti_message_pack(&page->base, &c->arena);
	const uint8_t length[4] = {(uint8_t)(packed.len >> 24), (uint8_t)(packed.len >> 16),
				   (uint8_t)(packed.len >> 8), (uint8_t)packed.len};

	if (packed.data == NULL ||
	    !lahetti_buffer_add(file, lahetti_span(length, sizeof length), NULL) ||
	    !lahetti_buffer_add(file, packed, NULL))
		return cli_no_memory(c);
	return true;
}

static bool load_from_server(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadDirectory question = LAHETTI__V1__READ_DIRECTORY__INIT;
	struct lahetti_buffer file;
	Lahetti__V1__ServerFrame *answer;
	bool ok;

	lahetti_buffer_init(&file, (size_t)256 << 20);
	question.limit = PAGE;
	frame.body_case = SESSION_CLIENT(READ_DIRECTORY);
	frame.read_directory = &question;
	do {
		answer = session_ask(c, &frame, SESSION_SERVER(DIRECTORY));
		ok = answer != NULL && keep(c, answer->directory) &&
		     append(c, &file, answer->directory);
		if (ok)
			question.cursor = answer->directory->cursor;
	} while (ok && question.cursor.len > 0);
	ok = ok && home_write(c, "directory", lahetti_buffer_span(&file));
	lahetti_buffer_finish(&file);
	return ok;
}

static bool load_from_home(struct cli *c)
{
	struct lahetti_buffer file;
	struct lahetti_span rest;
	struct lahetti_fault fault;
	bool found, ok;

	lahetti_buffer_init(&file, (size_t)256 << 20);
	ok = home_read(c, "directory", &file, &found);
	rest = lahetti_buffer_span(&file);
	while (ok && rest.len >= 4) {
		size_t len = (size_t)rest.data[0] << 24 | (size_t)rest.data[1] << 16 |
			     (size_t)rest.data[2] << 8 | rest.data[3];
		const Lahetti__V1__DirectoryPage *page;

		rest = lahetti_span(rest.data + 4, rest.len - 4);
		if (len > rest.len) {
			ok = cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL);
			break;
		}
		page = lahetti_message_read(&lahetti__v1__directory_page__descriptor,
					    lahetti_span(rest.data, len), LAHETTI_MESSAGE_FRAME,
					    &c->arena, &fault);
		ok = page != NULL ? keep(c, page) : cli_fault(c, CLI_OWN_FAULT, &fault);
		rest = lahetti_span(rest.data + len, rest.len - len);
	}
	lahetti_buffer_finish(&file);
	return ok;
}

bool directory_load(struct cli *c)
{
	struct directory *d;

	if (c->directory != NULL)
		return true;
	d = cli_take(c, sizeof *d);
	if (d == NULL)
		return false;
	d->entries = cli_take(c, ENTRIES_MOST * sizeof *d->entries);
	c->directory = d;
	if (d->entries == NULL)
		return false;
	return c->session->peer != NULL ? load_from_server(c) : load_from_home(c);
}

/* ---- finding ------------------------------------------------------------------------------- */

/* What organisations, units and users have in common. */
static bool describe(const Lahetti__V1__DirectoryEntry *e, ProtobufCBinaryData *id,
		     const char **name)
{
	switch (e->entry_case) {
	case ENTRY(ORGANISATION):
		*id = e->organisation->id;
		*name = e->organisation->name;
		return true;
	case ENTRY(UNIT):
		*id = e->unit->id;
		*name = e->unit->name;
		return true;
	case ENTRY(USER):
		*id = e->user->id;
		*name = e->user->name;
		return true;
	default:
		return false;
	}
}

static bool same(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return lahetti_span_equal(lahetti_bytes_span(a), lahetti_bytes_span(b));
}

const char *directory_name(const struct cli *c, ProtobufCBinaryData id)
{
	const struct directory *d = c->directory;
	ProtobufCBinaryData own;
	const char *name;

	for (size_t i = 0; d != NULL && id.len > 0 && i < d->n; i++)
		if (describe(d->entries[i], &own, &name) && same(own, id))
			return name;
	return NULL;
}

static bool is_member(const struct directory *d, ProtobufCBinaryData user, ProtobufCBinaryData unit)
{
	for (size_t i = 0; i < d->n; i++) {
		const Lahetti__V1__DirectoryEntry *e = d->entries[i];

		if (e->entry_case == ENTRY(MEMBERSHIP) && !e->membership->ended &&
		    same(e->membership->user, user) && same(e->membership->unit, unit))
			return true;
	}
	return false;
}

/* The names of what fits, for the one who must choose. */
static bool ambiguous(struct cli *c, const char *text, size_t len,
		      const Lahetti__V1__DirectoryEntry *const *fits, size_t n)
{
	char asked[NAME_MOST];
	char list[1024] = "";
	size_t at = 0;

	(void)snprintf(asked, sizeof asked, "%.*s", (int)len, text);
	for (size_t i = 0; i < n; i++) {
		ProtobufCBinaryData id;
		const char *name = "";
		char digits[OUTPUT_SHORT_LEN + 1] = "";
		int more;

		if (describe(fits[i], &id, &name))
			output_short(id, digits);
		more = snprintf(list + at, sizeof list - at, "%s%s (%s)", i > 0 ? ", " : "", name,
				digits);
		if (more > 0 && (size_t)more < sizeof list - at)
			at += (size_t)more;
	}
	return cli_fail(c, CLI_WRONG_USE, "cli.ambiguous", asked, list);
}

#define FITS_MOST 12 /* candidates that are listed */

static bool find(struct cli *c, Lahetti__V1__DirectoryEntry__EntryCase which, const char *missing,
		 const char *text, size_t len, const Lahetti__V1__Unit *unit,
		 const Lahetti__V1__DirectoryEntry **found)
{
	const Lahetti__V1__DirectoryEntry *fits[FITS_MOST];
	enum match best = MATCH_PART;
	char asked[NAME_MOST];
	size_t n = 0;

	for (size_t i = 0; i < c->directory->n; i++) {
		const Lahetti__V1__DirectoryEntry *e = c->directory->entries[i];
		ProtobufCBinaryData id;
		const char *name;
		enum match m;

		if (e->entry_case != which || !describe(e, &id, &name))
			continue;
		m = match(id, name, text, len);
		if (m < best || (unit != NULL && !is_member(c->directory, id, unit->id)))
			continue;
		if (m > best)
			n = 0;
		best = m;
		if (n < FITS_MOST)
			fits[n++] = e;
	}
	if (n == 1) {
		*found = fits[0];
		return true;
	}
	if (n > 1)
		return ambiguous(c, text, len, fits, n);
	(void)snprintf(asked, sizeof asked, "%.*s", (int)len, text);
	return cli_fail(c, CLI_WRONG_USE, missing, asked, unit != NULL ? unit->name : NULL);
}

bool directory_organisation(struct cli *c, const char *text, size_t len,
			    const Lahetti__V1__Organisation **found)
{
	const Lahetti__V1__DirectoryEntry *e;

	if (!find(c, ENTRY(ORGANISATION), "cli.no-organisation", text, len, NULL, &e))
		return false;
	*found = e->organisation;
	return true;
}

bool directory_unit(struct cli *c, const char *text, size_t len, const Lahetti__V1__Unit **found)
{
	const Lahetti__V1__DirectoryEntry *e;

	if (!find(c, ENTRY(UNIT), "cli.no-unit", text, len, NULL, &e))
		return false;
	*found = e->unit;
	return true;
}

bool directory_user(struct cli *c, const char *text, size_t len, const Lahetti__V1__Unit *unit,
		    const Lahetti__V1__User **found)
{
	const Lahetti__V1__DirectoryEntry *e;

	if (!find(c, ENTRY(USER), unit != NULL ? "cli.no-user-in-unit" : "cli.no-user", text, len,
		  unit, &e))
		return false;
	*found = e->user;
	return true;
}

/* ---- recipients ---------------------------------------------------------------------------- */

/* What stands after the colon of a recipient or a party: a unit, and what is after its slash. */
struct place {
	const Lahetti__V1__Unit *unit;
	const char *rest; /* NULL: no slash */
};

static bool read_place(struct cli *c, const char *text, bool with_rest, struct place *p)
{
	const char *slash = with_rest ? strrchr(text, '/') : NULL;
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (with_rest && slash == NULL)
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-recipient", text, NULL);
	p->rest = slash != NULL ? slash + 1 : NULL;
	return directory_unit(c, text, len, &p->unit);
}

/* One's own organisation, or the one named. */
static bool organisation_id(struct cli *c, const char *text, ProtobufCBinaryData *id)
{
	const Lahetti__V1__Organisation *organisation;

	*id = lahetti_bytes(lahetti_id_span(&c->session->profile.organisation));
	if (text == NULL)
		return true;
	if (!directory_organisation(c, text, strlen(text), &organisation))
		return false;
	*id = organisation->id;
	return true;
}

static bool read_role(struct cli *c, const char *word, Lahetti__V1__Role *role)
{
	int value;

	if (!args_word_of(c, word, &lahetti__v1__role__descriptor, &value))
		return false;
	*role = (Lahetti__V1__Role)value;
	return true;
}

bool directory_recipient(struct cli *c, const char *text, Lahetti__V1__Recipient **recipient)
{
	Lahetti__V1__Recipient *r = cli_take(c, sizeof *r);
	const char *colon = strchr(text, ':');
	const Lahetti__V1__User *user;
	char kind[64];
	int value;
	struct place p = {0};

	if (r == NULL || !directory_load(c))
		return false;
	lahetti__v1__recipient__init(r);
	*recipient = r;
	(void)snprintf(kind, sizeof kind, "%.*s",
		       colon != NULL ? (int)(colon - text) : (int)strlen(text), text);
	if (!lahetti_word_parse(&lahetti__v1__recipient_kind__descriptor, kind, &value, NULL))
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-recipient", text, NULL);
	r->kind = (Lahetti__V1__RecipientKind)value;
	if (colon == NULL && (r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CARE_TEAM ||
			      r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CASE_MANAGER))
		return organisation_id(c, NULL, &r->organisation);
	if (colon == NULL || r->kind > LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE)
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-recipient", text, NULL);
	if (!read_place(c, colon + 1, r->kind != LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE,
			&p))
		return false;
	r->organisation = p.unit->organisation;
	r->unit = p.unit->id;
	if (r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE)
		return read_role(c, p.rest, &r->role);
	if (r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER) {
		if (!directory_user(c, p.rest, strlen(p.rest), p.unit, &user))
			return false;
		r->user = user->id;
	}
	return true;
}

bool directory_party(struct cli *c, const char *text, Lahetti__V1__Party **party)
{
	Lahetti__V1__Party *out = cli_take(c, sizeof *out);
	bool unit = strncmp(text, "unit:", 5) == 0;
	bool role = strncmp(text, "role:", 5) == 0;
	bool person = strncmp(text, "user:", 5) == 0;
	const Lahetti__V1__User *user;
	struct place p = {0};

	if (out == NULL || !directory_load(c))
		return false;
	lahetti__v1__party__init(out);
	*party = out;
	if (!unit && !role && !person)
		return organisation_id(c, text, &out->organisation);
	if (!read_place(c, text + 5, !unit, &p))
		return false;
	out->organisation = p.unit->organisation;
	out->unit = p.unit->id;
	if (p.rest == NULL) /* a unit's party has nothing after the unit */
		return true;
	if (role)
		return read_role(c, p.rest, &out->role);
	if (!directory_user(c, p.rest, strlen(p.rest), p.unit, &user))
		return false;
	out->user = user->id;
	return true;
}

const char *directory_recipient_text(struct cli *c, const Lahetti__V1__Recipient *recipient)
{
	const char *place, *who = NULL;
	char *text;
	size_t room;

	if (recipient == NULL)
		return "";
	place = directory_name(c,
			       recipient->unit.len > 0 ? recipient->unit : recipient->organisation);
	if (recipient->user.len > 0)
		who = directory_name(c, recipient->user);
	else if (recipient->role != 0)
		who = lahetti_text_of(&lahetti__v1__role__descriptor, (int)recipient->role,
				      c->language);
	else
		who = lahetti_text_of(&lahetti__v1__recipient_kind__descriptor,
				      (int)recipient->kind, c->language);
	room = 8 + (place != NULL ? strlen(place) : 0) + (who != NULL ? strlen(who) : 0);
	text = cli_take(c, room);
	if (text == NULL)
		return "";
	(void)snprintf(text, room, "%s%s%s", place != NULL ? place : "",
		       place != NULL && who != NULL ? ": " : "", who != NULL ? who : "");
	return text;
}
