#include "attachment.h"

#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALLS_MOST 3 /* answers in a row by which an upload came no further */
#define NAME_MOST   64

/* ---- a file of one's own ------------------------------------------------------------------- */

static bool read_whole(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* it has become shorter */
		if (n <= 0)
			return false;
		out += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static size_t piece_len(uint64_t size, uint64_t offset)
{
	return size - offset < ATTACHMENT_PIECE ? (size_t)(size - offset) : ATTACHMENT_PIECE;
}

/* What the server takes; without a connection what any takes. */
static uint64_t size_most(const struct cli *c)
{
	const Lahetti__V1__Greeting *g = c->session->greeting;

	return g != NULL && g->limits != NULL && g->limits->attachment > 0
		       ? g->limits->attachment
		       : LAHETTI_ATTACHMENT_MOST;
}

/*
 * What the bytes look like, never what the name says, in the types that a statement may name. What
 * is text of any sort is text; the rest is bytes.
 */
static const char *media_type(int fd)
{
	magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_ERROR);
	const char *found =
		magic != NULL && magic_load(magic, NULL) == 0 ? magic_descriptor(magic, fd) : NULL;
	const char *type = lahetti_media_type(found != NULL ? found : "");

	if (type == NULL && found != NULL && strncmp(found, "text/", 5) == 0)
		type = lahetti_media_type("text/plain");
	magic_close(magic);
	return type != NULL ? type : lahetti_media_type("application/octet-stream");
}

static bool digest_file(struct cli *c, int fd, uint64_t size, const char *path,
			struct lahetti_digest *digest)
{
	EVP_MD_CTX *running = EVP_MD_CTX_new();
	uint8_t *piece = cli_take(c, ATTACHMENT_PIECE);
	bool ok = piece != NULL &&
		  ((running != NULL && EVP_DigestInit_ex2(running, EVP_sha256(), NULL) == 1) ||
		   cli_no_memory(c));

	for (uint64_t at = 0; ok && at < size; at += ATTACHMENT_PIECE) {
		size_t len = piece_len(size, at);

		ok = (read_whole(fd, piece, len, at) ||
		      cli_fail(c, CLI_WRONG_USE, "cli.cannot-read", path, home_why(c))) &&
		     (EVP_DigestUpdate(running, piece, len) == 1 || cli_no_memory(c));
	}
	ok = ok && (EVP_DigestFinal_ex(running, digest->bytes, NULL) == 1 || cli_no_memory(c));
	EVP_MD_CTX_free(running);
	return ok;
}

/* What the header says of it. */
static bool describe(struct cli *c, Lahetti__V1__Attachment *a, int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct lahetti_digest *digest = cli_take(c, sizeof *digest);
	struct lahetti_id *id = cli_take(c, sizeof *id);
	struct lahetti_fault fault;
	char most[OUTPUT_SIZE_LEN];
	struct stat st;

	if (digest == NULL || id == NULL)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return cli_fail(c, CLI_WRONG_USE, "cli.not-a-file", path, NULL);
	if (st.st_size == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.empty-file", path, NULL);
	if ((uint64_t)st.st_size > size_most(c)) {
		output_size(size_most(c), most);
		return cli_fail(c, CLI_WRONG_USE, "cli.large-file", path, most);
	}
	if (!lahetti_id_new(id, lahetti_now_us(), &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	a->id = lahetti_bytes(lahetti_id_span(id));
	a->sha256 = lahetti_bytes(lahetti_digest_span(digest));
	a->size = (uint64_t)st.st_size;
	a->media_type = lahetti_text(media_type(fd));
	a->name = lahetti_text(slash != NULL ? slash + 1 : path);
	return digest_file(c, fd, a->size, path, digest);
}

bool attachment_add(struct cli *c, struct draft *d, const char *path, ProtobufCBinaryData *id)
{
	Lahetti__V1__Attachment *a;
	int fd;

	if (d->header.n_attachments == LAHETTI_ATTACHMENTS_MOST)
		return cli_fail(c, CLI_WRONG_USE, "code.too-many-attachments", NULL, NULL);
	a = cli_take(c, sizeof *a);
	if (a == NULL)
		return false;
	lahetti__v1__attachment__init(a);
	/* What is no file, such as a pipe, is not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.cannot-read", path, home_why(c));
	if (!describe(c, a, fd, path)) {
		(void)close(fd);
		return false;
	}
	*id = a->id;
	c->files[c->n_files++] = (struct cli_file){.id = a->id, .fd = fd};
	d->attachments[d->header.n_attachments++] = a;
	return true;
}

void attachment_finish(struct cli *c)
{
	while (c->n_files > 0)
		(void)close(c->files[--c->n_files].fd);
}

/* ---- the copy in the device folder --------------------------------------------------------- */

static bool copy_name(struct cli *c, const Lahetti__V1__Attachment *a, char name[NAME_MOST])
{
	char text[LAHETTI_ID_TEXT_LEN + 1];
	struct lahetti_id id;

	if (!lahetti_id_read(&id, lahetti_bytes_span(a->id), NULL))
		return cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
	lahetti_id_format(&id, text);
	(void)snprintf(name, NAME_MOST, "attachments/%s", text);
	return true;
}

static struct home_piece piece_of(const Lahetti__V1__Attachment *a, uint64_t offset)
{
	return (struct home_piece){
		.of = lahetti_bytes_span(a->id),
		.number = offset / ATTACHMENT_PIECE,
		.last = a->size - offset <= ATTACHMENT_PIECE,
	};
}

/* Where the bytes of an attachment are: the file that was named in this run, else the copy. */
struct place {
	int fd;
	bool sealed;
	struct lahetti_buffer piece; /* as it lies there */
	struct lahetti_buffer plain;
};

static bool place_open(struct cli *c, const Lahetti__V1__Attachment *a, struct place *p)
{
	char path[HOME_FILE_MOST];
	char name[NAME_MOST];

	*p = (struct place){.fd = -1};
	lahetti_buffer_init(&p->piece, ATTACHMENT_PIECE + LAHETTI_SEAL_OVERHEAD);
	lahetti_buffer_init(&p->plain, ATTACHMENT_PIECE);
	for (size_t i = 0; i < c->n_files; i++)
		if (lahetti_span_equal(lahetti_bytes_span(c->files[i].id),
				       lahetti_bytes_span(a->id))) {
			p->fd = c->files[i].fd;
			return true;
		}
	p->sealed = true;
	if (!copy_name(c, a, name) || !home_file(c, name, path))
		return false;
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	return p->fd >= 0 || cli_fail(c, CLI_OWN_FAULT, "cli.cannot-read", a->name, home_why(c));
}

static void place_close(struct place *p)
{
	if (p->sealed && p->fd >= 0)
		(void)close(p->fd);
	lahetti_buffer_finish(&p->piece);
	lahetti_buffer_finish(&p->plain);
}

/* The piece at an offset, in p->plain. */
static bool place_read(struct cli *c, struct place *p, const Lahetti__V1__Attachment *a,
		       uint64_t offset)
{
	struct lahetti_buffer *into = p->sealed ? &p->piece : &p->plain;
	size_t len = piece_len(a->size, offset) + (p->sealed ? LAHETTI_SEAL_OVERHEAD : 0);
	uint64_t at = offset + (p->sealed ? offset / ATTACHMENT_PIECE * LAHETTI_SEAL_OVERHEAD : 0);
	const struct home_piece piece = piece_of(a, offset);
	uint8_t *room;

	p->piece.len = p->plain.len = 0;
	room = lahetti_buffer_reserve(into, len, NULL);
	if (room == NULL)
		return cli_no_memory(c);
	if (!read_whole(p->fd, room, len, at))
		return cli_fail(c, CLI_OWN_FAULT, "cli.cannot-read", a->name, home_why(c));
	into->len = len;
	return !p->sealed || home_unseal_piece(c, &piece, lahetti_buffer_span(into), &p->plain);
}

static bool copy_pieces(struct cli *c, const Lahetti__V1__Attachment *a, struct place *from,
			struct home_writing *to)
{
	for (uint64_t at = 0; at < a->size; at += ATTACHMENT_PIECE) {
		const struct home_piece piece = piece_of(a, at);

		from->piece.len = 0;
		if (!place_read(c, from, a, at) ||
		    !home_seal_piece(c, &piece, lahetti_buffer_span(&from->plain), &from->piece) ||
		    !home_append(c, to, lahetti_buffer_span(&from->piece)))
			return false;
	}
	return true;
}

static bool keep_one(struct cli *c, const Lahetti__V1__Attachment *a)
{
	struct home_writing to = HOME_WRITING_NONE;
	struct place from;
	char name[NAME_MOST];
	bool ok = place_open(c, a, &from);

	if (ok && !from.sealed) {
		ok = copy_name(c, a, name) && home_begin(c, name, &to);
		ok = ok && copy_pieces(c, a, &from, &to) && home_end(c, &to);
		home_abandon(&to);
	}
	place_close(&from);
	return ok;
}

bool attachment_keep(struct cli *c, const struct signed_statement *s)
{
	for (size_t i = 0; i < s->header->n_attachments; i++)
		if (!keep_one(c, s->header->attachments[i]))
			return false;
	return true;
}

static bool one_whole(struct cli *c, const Lahetti__V1__Attachment *a)
{
	struct place p;
	bool ok = place_open(c, a, &p);

	for (uint64_t at = 0; ok && at < a->size; at += ATTACHMENT_PIECE)
		ok = place_read(c, &p, a, at);
	place_close(&p);
	return ok;
}

bool attachment_whole(struct cli *c, const struct signed_statement *s)
{
	for (size_t i = 0; i < s->header->n_attachments; i++)
		if (!one_whole(c, s->header->attachments[i]))
			return false;
	return true;
}

bool attachment_drop(struct cli *c, const struct signed_statement *s)
{
	char name[NAME_MOST];

	for (size_t i = 0; i < s->header->n_attachments; i++)
		if (!copy_name(c, s->header->attachments[i], name) || !home_remove(c, name))
			return false;
	return true;
}

/* ---- sending ------------------------------------------------------------------------------- */

void attachment_progress(const struct cli *c, const Lahetti__V1__Attachment *a, uint64_t done)
{
	if (c->json || !isatty(STDERR_FILENO))
		return;
	(void)fprintf(stderr, "\r");
	output_text(stderr, a->name, "");
	(void)fprintf(stderr, "  %u %%%s", (unsigned)(done * 100 / a->size),
		      done == a->size ? "\n" : "");
	(void)fflush(stderr);
}

/* One piece, empty: a question. *received: how far the server has it. */
static bool put(struct cli *c, const Lahetti__V1__Attachment *a, uint64_t offset,
		struct lahetti_span data, uint64_t *received)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutAttachment piece = LAHETTI__V1__PUT_ATTACHMENT__INIT;
	const Lahetti__V1__ServerFrame *answer;
	size_t mark = c->arena.used;

	piece.id = a->id;
	piece.sha256 = a->sha256;
	piece.size = a->size;
	piece.offset = offset;
	piece.data = lahetti_bytes(data);
	frame.body_case = SESSION_CLIENT(PUT_ATTACHMENT);
	frame.put_attachment = &piece;
	answer = session_ask(c, &frame, SESSION_SERVER(ATTACHMENT_STORED));
	if (answer == NULL)
		return false;
	*received = answer->attachment_stored->received;
	c->arena.used = mark;
	return (*received <= a->size &&
		(*received == a->size || *received % ATTACHMENT_PIECE == 0)) ||
	       cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
}

static bool send_pieces(struct cli *c, const Lahetti__V1__Attachment *a, struct place *from,
			uint64_t received)
{
	int stalls = 0;

	while (received < a->size) {
		uint64_t before = received;

		if (!place_read(c, from, a, before) ||
		    !put(c, a, before, lahetti_buffer_span(&from->plain), &received))
			return false;
		attachment_progress(c, a, received);
		stalls = received > before ? 0 : stalls + 1;
		if (stalls == STALLS_MOST)
			return cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
	}
	return true;
}

static bool send_one(struct cli *c, const Lahetti__V1__Attachment *a)
{
	struct place from;
	uint64_t received;
	bool ok;

	if (!put(c, a, 0, lahetti_span(NULL, 0), &received))
		return false;
	if (received == a->size)
		return true;
	ok = place_open(c, a, &from) && send_pieces(c, a, &from, received);
	place_close(&from);
	return ok;
}

bool attachment_send(struct cli *c, const struct signed_statement *s)
{
	for (size_t i = 0; i < s->header->n_attachments; i++)
		if (!send_one(c, s->header->attachments[i]))
			return false;
	return true;
}
