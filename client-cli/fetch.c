/* Attachments of others, and of one's own, read from the server. */

#include "attachment.h"
#include "commands.h"
#include "directory.h"
#include "inbox.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ------------------------------------------------------------------------------- */

static bool differs(struct cli *c, const Lahetti__V1__Attachment *a)
{
	return cli_fail(c, CLI_NOT_PROVED, "cli.attachment-differs", a->name, NULL);
}

/* One piece: written, and counted in. The event that permits all is the first one's. */
static bool fetch_piece(struct cli *c, Lahetti__V1__ReadAttachment *read,
			const Lahetti__V1__Attachment *a, struct home_writing *to,
			EVP_MD_CTX *running)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	const Lahetti__V1__ServerFrame *answer;
	const Lahetti__V1__AttachmentPiece *piece;
	size_t mark = c->arena.used;

	frame.body_case = SESSION_CLIENT(READ_ATTACHMENT);
	frame.read_attachment = read;
	answer = session_ask(c, &frame, SESSION_SERVER(ATTACHMENT_PIECE));
	if (answer == NULL)
		return false;
	piece = answer->attachment_piece;
	if (!lahetti_span_equal(lahetti_bytes_span(piece->attachment), lahetti_bytes_span(a->id)) ||
	    piece->offset != read->offset || piece->size != a->size || piece->data.len == 0 ||
	    piece->data.len > a->size - read->offset)
		return differs(c, a);
	if (EVP_DigestUpdate(running, piece->data.data, piece->data.len) != 1)
		return cli_no_memory(c);
	if (!home_append(c, to, lahetti_bytes_span(piece->data)))
		return false;
	read->event = piece->event;
	read->offset += piece->data.len;
	lahetti_wipe(piece->data.data, piece->data.len);
	c->arena.used = mark;
	attachment_progress(c, a, read->offset);
	return true;
}

static bool fetch_pieces(struct cli *c, const struct attachment_source *source,
			 const Lahetti__V1__Attachment *a, struct home_writing *to)
{
	Lahetti__V1__ReadAttachment read = LAHETTI__V1__READ_ATTACHMENT__INIT;
	EVP_MD_CTX *running = EVP_MD_CTX_new();
	struct lahetti_digest digest;
	bool ok = (running != NULL && EVP_DigestInit_ex2(running, EVP_sha256(), NULL) == 1) ||
		  cli_no_memory(c);

	read.delivery = source->delivery;
	read.statement = source->statement;
	read.attachment = a->id;
	while (ok && read.offset < a->size)
		ok = fetch_piece(c, &read, a, to, running);
	ok = ok && (EVP_DigestFinal_ex(running, digest.bytes, NULL) == 1 || cli_no_memory(c)) &&
	     (lahetti_span_equal(lahetti_digest_span(&digest), lahetti_bytes_span(a->sha256)) ||
	      differs(c, a));
	EVP_MD_CTX_free(running);
	return ok;
}

bool attachment_fetch(struct cli *c, const struct attachment_source *source,
		      const Lahetti__V1__Attachment *a, const char *path)
{
	struct home_writing to;
	bool ok;

	if (access(path, F_OK) == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.file-exists", path, NULL);
	ok = home_begin_new(c, path, &to) && fetch_pieces(c, source, a, &to) && home_end(c, &to);
	home_abandon(&to);
	return ok;
}

/* ---- which one ----------------------------------------------------------------------------- */

/* By its name or digits; the only one where nothing is said. */
static const Lahetti__V1__Attachment *choose(struct cli *c, const Lahetti__V1__Header *header,
					     const char *text)
{
	const Lahetti__V1__Attachment *found = NULL;
	size_t fits = 0;

	for (size_t i = 0; i < header->n_attachments; i++) {
		const Lahetti__V1__Attachment *a = header->attachments[i];

		if (text != NULL && strcmp(text, a->name) != 0 &&
		    !directory_matches_id(a->id, text, strlen(text)))
			continue;
		found = a;
		fits++;
	}
	if (fits == 1)
		return found;
	(void)cli_fail(c, CLI_WRONG_USE, fits == 0 ? "cli.no-attachment" : "cli.which-attachment",
		       text, NULL);
	return NULL;
}

static void print_fetched(struct cli *c, struct table *t, const Lahetti__V1__Attachment *a,
			  const char *path)
{
	table_row(t);
	table_id(t, "attachment", a->id);
	table_text(t, "name", a->name);
	table_text(t, "media-type", a->media_type);
	table_size(t, "size", a->size);
	table_digest(t, "sha256", a->sha256);
	table_text(t, "file", path);
	cli_say(c, "cli.fetched", path, NULL);
}

/* What was opened is not kept: what the author signed is asked for again, which is on record. */
bool command_fetch(struct cli *c)
{
	const char *text = args_value(c, "DOCUMENT");
	const char *path = args_value(c, "out");
	struct attachment_source source = {.delivery = {.len = 0}};
	const Lahetti__V1__Attachment *a;
	const Lahetti__V1__Header *header;
	struct signed_statement own;
	struct opened opened;
	struct lahetti_id id;
	struct table *t;
	bool is_own;

	if (path != NULL && access(path, F_OK) == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.file-exists", path, NULL);
	if (!session_act(c) || !statement_signed_here(c, text, &id, &is_own) ||
	    (is_own ? !statement_kept(c, &id, &own) : !inbox_open(c, text, &opened)))
		return false;
	header = is_own ? own.header : opened.statement.header;
	if (is_own)
		source.statement = header->id;
	else
		source.delivery = opened.notice->delivery;
	a = choose(c, header, args_value(c, "ATTACHMENT"));
	if (a == NULL)
		return false;
	if (path == NULL)
		path = a->name;
	if (!attachment_fetch(c, &source, a, path))
		return false;
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	print_fetched(c, t, a, path);
	return table_print(t, true);
}
