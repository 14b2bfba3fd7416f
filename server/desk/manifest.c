#include "manifest.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TITLE	  "lahetti backup v1\n"
#define MOST	  ((size_t)256 << 20) /* bytes of a manifest */
#define DEEPEST	  4
#define LINE_MOST (20 + 1 + LAHETTI_DIGEST_HEX_LEN + 1 + MANIFEST_PATH_MOST + 2)

static bool bad_backup(enum lahetti_fault_kind kind, struct lahetti_fault *f, const char *what,
		       const char *path)
{
	return lahetti_fault_set(f, kind, "bad-backup", "The backup is not whole: %s%s%.100s.",
				 what, path[0] == '\0' ? "" : ": ", path);
}

static bool bad_form(struct lahetti_fault *f, const char *what)
{
	return bad_backup(LAHETTI_FAULT_MALFORMED, f, what, "");
}

void manifest_finish(struct manifest *m)
{
	free(m->files);
	lahetti_buffer_finish(&m->note);
	*m = (struct manifest){.n = 0};
}

/* What a path may be: it can neither leave the folder nor hide. */
static bool is_path(const char *path)
{
	size_t len = strlen(path);

	if (len == 0 || len > MANIFEST_PATH_MOST || path[len - 1] == '/' ||
	    strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") !=
		    len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((i == 0 || path[i - 1] == '/') && (path[i] == '.' || path[i] == '/'))
			return false;
	return true;
}

static struct manifest_file *add(struct manifest *m, struct lahetti_fault *f)
{
	if (m->n == m->room) {
		size_t room = m->room == 0 ? 16 : 2 * m->room;
		struct manifest_file *grown = realloc(m->files, room * sizeof *grown);

		if (grown == NULL) {
			(void)lahetti_fault_no_memory(f);
			return NULL;
		}
		m->files = grown;
		m->room = room;
	}
	m->files[m->n] = (struct manifest_file){.len = 0};
	return &m->files[m->n++];
}

/* Gathering
 * ---------------------------------------------------------------------------------------------- */

static bool gather(struct manifest *m, const char *folder, const char *below, unsigned depth,
		   struct lahetti_fault *f);

static bool gather_one(struct manifest *m, const char *folder, const char *path, unsigned depth,
		       struct lahetti_fault *f)
{
	char full[FILES_PATH_MOST + 1];
	struct manifest_file *file;
	struct stat st;

	if (!is_path(path) || !files_path(full, folder, path, f) || lstat(full, &st) != 0)
		return bad_form(f, "a name in its folder can't stand in a manifest");
	if (S_ISDIR(st.st_mode) && depth < DEEPEST)
		return gather(m, folder, path, depth + 1, f);
	if (!S_ISREG(st.st_mode))
		return bad_form(f, "something in its folder is neither a file nor a folder");
	file = add(m, f);
	if (file == NULL)
		return false;
	(void)snprintf(file->path, sizeof file->path, "%s", path);
	return files_digest(full, &file->len, &file->sha256, f);
}

static bool gather(struct manifest *m, const char *folder, const char *below, unsigned depth,
		   struct lahetti_fault *f)
{
	char full[FILES_PATH_MOST + 1], path[MANIFEST_PATH_MOST + 2];
	const struct dirent *entry;
	DIR *dir;
	bool ok = true;

	if (!files_path(full, folder, below, f))
		return false;
	dir = opendir(full);
	if (dir == NULL)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "file-io",
					 "The folder %.120s can't be read: %s.", full,
					 strerror(errno));
	while (ok && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s%s%s", below, below[0] == '\0' ? "" : "/",
			       entry->d_name);
		ok = gather_one(m, folder, path, depth, f);
	}
	(void)closedir(dir);
	return ok;
}

bool manifest_gather(struct manifest *m, const char *folder, struct lahetti_fault *f)
{
	return gather(m, folder, "", 0, f);
}

/* Writing
 * ---------------------------------------------------------------------------------------------- */

static bool add_text(struct lahetti_buffer *b, const char *text, struct lahetti_fault *f)
{
	return lahetti_buffer_add(b, lahetti_span_text(text), f);
}

static bool format(const struct manifest *m, struct lahetti_buffer *text, struct lahetti_fault *f)
{
	char head[LAHETTI_KEY_NAME_MOST + 128], line[LINE_MOST], root[64];
	char hex[LAHETTI_DIGEST_HEX_LEN + 1];
	bool ok;

	lahetti_base64(lahetti_digest_span(&m->checkpoint.root), root);
	(void)snprintf(head, sizeof head, "%s\n%" PRIu64 "\n%s\n%" PRId64 "\n",
		       m->checkpoint.origin, m->checkpoint.size, root, m->made_us);
	ok = add_text(text, TITLE, f) && add_text(text, head, f);
	for (size_t i = 0; ok && i < m->n; i++) {
		lahetti_hex(m->files[i].sha256.bytes, sizeof m->files[i].sha256.bytes, hex);
		(void)snprintf(line, sizeof line, "%" PRIu64 " %s %s\n", m->files[i].len, hex,
			       m->files[i].path);
		ok = add_text(text, line, f);
	}
	return ok;
}

bool manifest_write(const struct manifest *m, const char *folder,
		    const struct lahetti_note_signer *s, struct lahetti_fault *f)
{
	char path[FILES_PATH_MOST + 1];
	struct lahetti_buffer text, note;
	bool ok;

	lahetti_buffer_init(&text, MOST);
	lahetti_buffer_init(&note, MOST + LAHETTI_NOTE_MOST);
	ok = format(m, &text, f) &&
	     lahetti_note_sign(lahetti_buffer_span(&text), &s, 1, &note, f) &&
	     files_path(path, folder, MANIFEST_NAME, f) &&
	     files_write(path, lahetti_buffer_span(&note), f) && files_sync(folder, f);
	lahetti_buffer_finish(&text);
	lahetti_buffer_finish(&note);
	return ok;
}

/* Reading
 * ---------------------------------------------------------------------------------------------- */

/* Cuts the next line off, without its newline, as a string; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

static bool read_number(const char *text, char end, uint64_t *number, const char **after)
{
	char *stop;

	errno = 0;
	*number = strtoumax(text, &stop, 10);
	*after = stop + 1;
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *stop == end;
}

static bool read_file(struct manifest *m, const char *line, struct lahetti_fault *f)
{
	char hex[LAHETTI_DIGEST_HEX_LEN + 1];
	struct manifest_file *file = add(m, f);
	const char *at;

	if (file == NULL)
		return false;
	if (!read_number(line, ' ', &file->len, &at) || strlen(at) <= LAHETTI_DIGEST_HEX_LEN ||
	    at[LAHETTI_DIGEST_HEX_LEN] != ' ' || !is_path(at + LAHETTI_DIGEST_HEX_LEN + 1))
		return bad_form(f, "a line of the manifest names no file");
	memcpy(hex, at, LAHETTI_DIGEST_HEX_LEN);
	hex[LAHETTI_DIGEST_HEX_LEN] = '\0';
	(void)snprintf(file->path, sizeof file->path, "%s", at + LAHETTI_DIGEST_HEX_LEN + 1);
	return lahetti_hex_parse(file->sha256.bytes, sizeof file->sha256.bytes, hex, f);
}

/* The text is changed while it is read. */
static bool parse(struct manifest *m, char *text, struct lahetti_fault *f)
{
	char *checkpoint, *line;
	const char *after;
	uint64_t made;

	if (strncmp(text, TITLE, strlen(TITLE)) != 0)
		return bad_form(f, "there is no manifest of this version");
	checkpoint = text + strlen(TITLE);
	text = checkpoint;
	for (int i = 0; i < 3; i++) {
		text = strchr(text, '\n');
		if (text++ == NULL)
			return bad_form(f, "the manifest has no checkpoint");
	}
	if (!lahetti_checkpoint_parse(&m->checkpoint,
				      lahetti_span(checkpoint, (size_t)(text - checkpoint)), f))
		return false;
	line = next_line(&text);
	if (line == NULL || !read_number(line, '\0', &made, &after) || made > INT64_MAX)
		return bad_form(f, "the manifest has no time");
	m->made_us = (int64_t)made;
	while ((line = next_line(&text)) != NULL && line[0] != '\0')
		if (!read_file(m, line, f))
			return false;
	return true;
}

bool manifest_read(struct manifest *m, const char *folder, struct lahetti_fault *f)
{
	char path[FILES_PATH_MOST + 1];
	char *text = NULL;
	bool ok;

	*m = (struct manifest){.n = 0};
	lahetti_buffer_init(&m->note, MOST + LAHETTI_NOTE_MOST);
	ok = files_path(path, folder, MANIFEST_NAME, f) && files_read(path, &m->note, f);
	if (ok && (m->note.len == 0 || memchr(m->note.data, '\0', m->note.len) != NULL))
		ok = bad_form(f, "its manifest is no text");
	if (ok) {
		text = strndup((const char *)m->note.data, m->note.len);
		ok = text != NULL ? parse(m, text, f) : lahetti_fault_no_memory(f);
	}
	free(text);
	return ok;
}

static bool check_file(const struct manifest_file *file, const char *folder,
		       struct lahetti_fault *f)
{
	char path[FILES_PATH_MOST + 1];
	struct lahetti_digest sha256;
	uint64_t len;

	if (!files_path(path, folder, file->path, f))
		return false;
	if (!files_exist(path))
		return bad_backup(LAHETTI_FAULT_INVALID, f, "a file is missing", file->path);
	return files_digest(path, &len, &sha256, f) &&
	       ((len == file->len && lahetti_digest_equal(&sha256, &file->sha256)) ||
		bad_backup(LAHETTI_FAULT_INVALID, f, "a file is not the one that was copied",
			   file->path));
}

bool manifest_check(const struct manifest *m, const char *folder,
		    const struct lahetti_note_verifier *v, struct lahetti_fault *f)
{
	struct lahetti_span text;

	if (!lahetti_note_open(lahetti_buffer_span(&m->note), v, &text, f))
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (!check_file(&m->files[i], folder, f))
			return false;
	return true;
}
