#include "home.h"

#include "cli.h"
#include "lahetti/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define FILE_MOST	((size_t)256 << 20)
#define PASSPHRASE_MOST 1024
#define NAMES_MOST	10000 /* of one folder */
#define CONTROL_C	3

/* ---- files --------------------------------------------------------------------------------- */

/* What happens to people in their language, the rest in the system's. */
const char *home_why(const struct cli *c)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return cli_text(c, "cli.file-none");
	case EISDIR:
		return cli_text(c, "cli.file-folder");
	case EACCES:
	case EPERM:
	case EROFS:
		return cli_text(c, "cli.file-denied");
	case ENOSPC:
	case EDQUOT:
		return cli_text(c, "cli.file-full");
	default:
		return strerror(errno);
	}
}

static bool file_failed(struct cli *c, const char *key, const char *path)
{
	return cli_fail(c, CLI_OWN_FAULT, key, path, home_why(c));
}

/* The same of a file that the person has named. */
static bool named_failed(struct cli *c, const char *key, const char *path)
{
	bool ours = errno == ENOSPC || errno == EDQUOT || errno == EIO;

	return cli_fail(c, ours ? CLI_OWN_FAULT : CLI_WRONG_USE, key, path, home_why(c));
}

static bool write_failed(struct cli *c, const struct home_writing *w)
{
	return w->named ? named_failed(c, "cli.cannot-write", w->path)
			: file_failed(c, "cli.cannot-write", w->path);
}

bool home_find(struct cli *c)
{
	const char *option = args_value(c, "home");
	const char *own = getenv("LAHETTI_HOME");
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *user = getenv("HOME");
	int len;

	lahetti_buffer_init(&c->home.passphrase, PASSPHRASE_MOST);
	if (option != NULL || (own != NULL && own[0] != '\0'))
		len = snprintf(c->home.path, sizeof c->home.path, "%s",
			       option != NULL ? option : own);
	else if (config != NULL && config[0] == '/')
		len = snprintf(c->home.path, sizeof c->home.path, "%s/lahetti", config);
	else if (user != NULL && user[0] == '/')
		len = snprintf(c->home.path, sizeof c->home.path, "%s/.config/lahetti", user);
	else
		return cli_fail(c, CLI_WRONG_USE, "cli.no-home", NULL, NULL);
	if (len <= 0 || (size_t)len >= sizeof c->home.path)
		return cli_fail(c, CLI_WRONG_USE, "cli.no-home", NULL, NULL);
	return true;
}

void home_finish(struct cli *c)
{
	lahetti_wipe(&c->home.secret, sizeof c->home.secret);
	lahetti_buffer_finish(&c->home.passphrase);
}

bool home_file(struct cli *c, const char *name, char path[HOME_FILE_MOST])
{
	int len = snprintf(path, HOME_FILE_MOST, "%s/%s", c->home.path, name);

	if (len < 0 || len >= HOME_FILE_MOST)
		return cli_fail(c, CLI_WRONG_USE, "cli.no-home", NULL, NULL);
	return true;
}

static bool read_descriptor(struct cli *c, int fd, const char *path, struct lahetti_buffer *out)
{
	struct lahetti_fault fault;
	size_t before = out->len;
	uint8_t chunk[4096];
	bool ok = true;
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof chunk);
		if (n > 0)
			ok = lahetti_buffer_add(out, lahetti_span(chunk, (size_t)n), &fault);
	} while (ok && (n > 0 || (n < 0 && errno == EINTR)));
	if (!ok)
		(void)cli_fault(c, CLI_WRONG_USE, &fault);
	else if (n < 0)
		ok = named_failed(c, "cli.cannot-read", path);
	if (!ok)
		out->len = before;
	/* It may have been a secret. */
	lahetti_wipe(chunk, sizeof chunk);
	return ok;
}

bool home_read_path(struct cli *c, const char *path, struct lahetti_buffer *out)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return named_failed(c, "cli.cannot-read", path);
	ok = read_descriptor(c, fd, path, out);
	if (!standard)
		(void)close(fd);
	return ok;
}

bool home_read(struct cli *c, const char *name, struct lahetti_buffer *out, bool *found)
{
	char path[HOME_FILE_MOST];
	bool ok;
	int fd;

	*found = false;
	if (!home_file(c, name, path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ||
		       file_failed(c, "cli.cannot-read", path);
	*found = true;
	ok = read_descriptor(c, fd, path, out);
	(void)close(fd);
	return ok;
}

static bool write_all(int fd, struct lahetti_span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes = lahetti_span(bytes.data + n, bytes.len - (size_t)n);
	}
	return true;
}

static bool sync_folder(const char *path)
{
	char folder[HOME_FILE_MOST + 8];
	char *slash;
	bool ok;
	int fd;

	(void)snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof folder, ".");
	else if (slash != folder)
		*slash = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	(void)close(fd);
	return ok;
}

/* The folders on the way to a path, where they are missing. */
static bool make_folders(const char *path)
{
	char folder[HOME_FILE_MOST + 8];

	(void)snprintf(folder, sizeof folder, "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

/*
 * What is written goes beside first. In one's own folder it is known whose that is; elsewhere a
 * name must be found.
 */
static bool begin(struct cli *c, struct home_writing *w, const char *path)
{
	(void)snprintf(w->path, sizeof w->path, "%s", path);
	if (strlen(path) >= sizeof w->path) {
		errno = ENAMETOOLONG;
		return write_failed(c, w);
	}
	(void)snprintf(w->beside, sizeof w->beside, "%s.%s", path, w->named ? "XXXXXX" : "new");
	if (!w->named)
		(void)unlink(w->beside);
	w->fd = w->named ? mkostemp(w->beside, O_CLOEXEC)
			 : open(w->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return w->fd >= 0 || write_failed(c, w);
}

bool home_begin(struct cli *c, const char *name, struct home_writing *w)
{
	char path[HOME_FILE_MOST];

	*w = (struct home_writing)HOME_WRITING_NONE;
	if (!home_file(c, name, path))
		return false;
	if (!make_folders(path))
		return file_failed(c, "cli.cannot-write", path);
	return begin(c, w, path);
}

bool home_begin_new(struct cli *c, const char *path, struct home_writing *w)
{
	*w = (struct home_writing){.fd = -1, .named = true, .is_new = true};
	return begin(c, w, path);
}

bool home_append(struct cli *c, struct home_writing *w, struct lahetti_span bytes)
{
	return write_all(w->fd, bytes) || write_failed(c, w);
}

/* Some file systems know one way of not replacing, some the other. */
static bool name_new(const struct home_writing *w)
{
	if (renameat2(AT_FDCWD, w->beside, AT_FDCWD, w->path, RENAME_NOREPLACE) == 0)
		return true;
	return (errno == EINVAL || errno == ENOSYS) && link(w->beside, w->path) == 0 &&
	       unlink(w->beside) == 0;
}

bool home_end(struct cli *c, struct home_writing *w)
{
	bool ok = fsync(w->fd) == 0;

	ok = close(w->fd) == 0 && ok;
	w->fd = -1;
	if (ok && (w->is_new ? name_new(w) : rename(w->beside, w->path) == 0) &&
	    sync_folder(w->path))
		return true;
	if (w->is_new && errno == EEXIST)
		(void)cli_fail(c, CLI_WRONG_USE, "cli.file-exists", w->path, NULL);
	else
		(void)write_failed(c, w);
	(void)unlink(w->beside);
	return false;
}

void home_abandon(struct home_writing *w)
{
	if (w->fd < 0)
		return;
	(void)close(w->fd);
	(void)unlink(w->beside);
	w->fd = -1;
}

static bool write_at_once(struct cli *c, struct home_writing *w, struct lahetti_span bytes)
{
	bool ok = home_append(c, w, bytes) && home_end(c, w);

	home_abandon(w);
	return ok;
}

/* What is there may be replaced where it is a plain file, and not a device or another's door. */
bool home_write_path(struct cli *c, const char *path, struct lahetti_span bytes)
{
	struct home_writing w = {.fd = -1, .named = true};
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
		return named_failed(c, "cli.cannot-write", path);
	}
	return begin(c, &w, path) && write_at_once(c, &w, bytes);
}

bool home_write(struct cli *c, const char *name, struct lahetti_span bytes)
{
	struct home_writing w;
	bool ok;

	if (!home_lock(c))
		return false;
	ok = home_begin(c, name, &w) && write_at_once(c, &w, bytes);
	home_unlock(c);
	return ok;
}

bool home_lock(struct cli *c)
{
	char path[HOME_FILE_MOST];

	if (c->home.locked > 0) {
		c->home.locked++;
		return true;
	}
	if (!home_file(c, "lock", path))
		return false;
	if (!make_folders(path))
		return file_failed(c, "cli.cannot-write", path);
	c->home.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->home.lock < 0)
		return file_failed(c, "cli.cannot-write", path);
	while (flock(c->home.lock, LOCK_EX) != 0)
		if (errno != EINTR) {
			(void)file_failed(c, "cli.cannot-write", path);
			(void)close(c->home.lock);
			return false;
		}
	c->home.locked = 1;
	return true;
}

void home_unlock(struct cli *c)
{
	if (--c->home.locked == 0)
		(void)close(c->home.lock);
}

bool home_remove(struct cli *c, const char *name)
{
	char path[HOME_FILE_MOST];

	if (!home_file(c, name, path))
		return false;
	if (unlink(path) != 0)
		return errno == ENOENT || file_failed(c, "cli.cannot-write", path);
	return sync_folder(path) || file_failed(c, "cli.cannot-write", path);
}

bool home_rename(struct cli *c, const char *from, const char *to)
{
	char old[HOME_FILE_MOST];
	char path[HOME_FILE_MOST];

	if (!home_file(c, from, old) || !home_file(c, to, path))
		return false;
	return (make_folders(path) && rename(old, path) == 0 && sync_folder(path) &&
		sync_folder(old)) ||
	       file_failed(c, "cli.cannot-write", path);
}

static int compare_names(const void *a, const void *b)
{
	const char *one;
	const char *other;

	memcpy(&one, a, sizeof one);
	memcpy(&other, b, sizeof other);
	return strcmp(one, other);
}

bool home_list(struct cli *c, const char *folder, const char ***names, size_t *n)
{
	char path[HOME_FILE_MOST];
	const struct dirent *entry;
	DIR *dir;
	bool ok = true;

	*n = 0;
	*names = cli_take(c, NAMES_MOST * sizeof **names);
	if (*names == NULL || !home_file(c, folder, path))
		return false;
	dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT || file_failed(c, "cli.cannot-read", path);
	while (ok && *n < NAMES_MOST && (entry = readdir(dir)) != NULL) {
		/* What is being written ends with .new. */
		if (strchr(entry->d_name, '.') != NULL)
			continue;
		(*names)[*n] = lahetti_arena_text(&c->arena, lahetti_span_text(entry->d_name));
		ok = (*names)[(*n)++] != NULL || cli_no_memory(c);
	}
	(void)closedir(dir);
	if (ok && *n > 0)
		qsort(*names, *n, sizeof **names, compare_names);
	return ok;
}

/* ---- the profile --------------------------------------------------------------------------- */

bool profile_server(struct cli *c, const char *text, struct profile *p)
{
	const char *colon = strrchr(text, ':');
	bool v6 = text[0] == '[' && colon != NULL && colon > text && colon[-1] == ']';
	size_t len = colon == NULL ? 0 : (size_t)(colon - text) - (v6 ? 2 : 0);
	char *end = NULL;
	long port = colon == NULL ? 0 : strtol(colon + 1, &end, 10);

	if (len == 0 || len >= sizeof p->host || port < 1 || port > 65535 || *end != '\0' ||
	    colon[1] < '0' || colon[1] > '9' || (!v6 && memchr(text, ':', len) != NULL))
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-server", text, NULL);
	(void)snprintf(p->host, sizeof p->host, "%.*s", (int)len, text + (v6 ? 1 : 0));
	p->port = (uint16_t)port;
	return true;
}

static void get_text(const json_t *object, const char *name, char *text, size_t room)
{
	const char *value = json_string_value(json_object_get(object, name));

	(void)snprintf(text, room, "%s", value != NULL ? value : "");
}

static void get_id(const json_t *object, const char *name, struct lahetti_id *id)
{
	const char *value = json_string_value(json_object_get(object, name));

	*id = (struct lahetti_id){0};
	if (value != NULL)
		(void)!lahetti_id_parse(id, value, NULL);
}

/* Nothing that is needed may be missing or damaged. */
static bool read_profile(const json_t *object, struct profile *p)
{
	const char *key = json_string_value(json_object_get(object, "key"));
	const char *role = json_string_value(json_object_get(object, "role"));
	const struct lahetti_role_row *row = role != NULL ? lahetti_role_find_name(role) : NULL;
	json_int_t port = json_integer_value(json_object_get(object, "port"));

	*p = (struct profile){.role = row != NULL ? row->role : 0};
	get_text(object, "host", p->host, sizeof p->host);
	get_text(object, "name", p->server_name, sizeof p->server_name);
	get_text(object, "log_key", p->log_key, sizeof p->log_key);
	get_id(object, "user", &p->user);
	get_id(object, "membership", &p->membership);
	get_id(object, "unit", &p->unit);
	get_id(object, "organisation", &p->organisation);
	if (port < 1 || port > 65535)
		return false;
	p->port = (uint16_t)port;
	return p->host[0] != '\0' && p->server_name[0] != '\0' && p->log_key[0] != '\0' &&
	       !lahetti_id_empty(&p->user) && key != NULL &&
	       lahetti_hex_parse(p->key_id.bytes, sizeof p->key_id.bytes, key, NULL);
}

bool profile_read(struct cli *c, struct profile *p, bool *found)
{
	struct lahetti_buffer bytes;
	json_t *object = NULL;
	bool there, ok;

	*p = (struct profile){0};
	lahetti_buffer_init(&bytes, 65536);
	ok = home_read(c, "profile.json", &bytes, &there);
	if (found != NULL)
		*found = there;
	if (ok && !there) {
		ok = found != NULL ||
		     cli_fail(c, CLI_WRONG_USE, "cli.not-enrolled", c->home.path, NULL);
	} else if (ok) {
		object = json_loadb((const char *)bytes.data, bytes.len, 0, NULL);
		ok = (object != NULL && read_profile(object, p)) ||
		     cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL);
	}
	json_decref(object);
	lahetti_buffer_finish(&bytes);
	return ok;
}

static json_t *id_json(const struct lahetti_id *id)
{
	char text[LAHETTI_ID_TEXT_LEN + 1] = "";

	if (!lahetti_id_empty(id))
		lahetti_id_format(id, text);
	return json_string(text);
}

bool profile_write(struct cli *c, const struct profile *p)
{
	char key[LAHETTI_DIGEST_HEX_LEN + 1];
	char role[64] = "";
	json_t *object;
	char *text;
	bool ok;

	lahetti_hex(p->key_id.bytes, sizeof p->key_id.bytes, key);
	if (p->role != 0)
		(void)lahetti_word(&lahetti__v1__role__descriptor, (int)p->role, role);
	object = json_pack("{s:s, s:i, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s}", "host", p->host,
			   "port", p->port, "name", p->server_name, "log_key", p->log_key, "user",
			   id_json(&p->user), "key", key, "membership", id_json(&p->membership),
			   "unit", id_json(&p->unit), "organisation", id_json(&p->organisation),
			   "role", role);
	text = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
	ok = text != NULL ? home_write(c, "profile.json", lahetti_span_text(text))
			  : cli_no_memory(c);
	free(text);
	json_decref(object);
	return ok;
}

/* ---- the passphrase ------------------------------------------------------------------------ */

/* One line from the terminal, which shows nothing of it. */
static bool type_line(struct cli *c, const char *prompt, struct lahetti_buffer *out)
{
	struct lahetti_fault fault;
	struct termios shown, hidden;
	bool ok = true;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	uint8_t byte = '\n';

	if (fd < 0 || tcgetattr(fd, &shown) != 0) {
		if (fd >= 0)
			(void)close(fd);
		return cli_fail(c, CLI_WRONG_USE, "cli.no-passphrase", NULL, NULL);
	}
	hidden = shown;
	/* Interrupts are bytes too, so that the terminal is never left as it is now. */
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	(void)tcsetattr(fd, TCSAFLUSH, &hidden);
	(void)dprintf(fd, "%s: ", prompt);
	while (ok && read(fd, &byte, 1) == 1 && byte != '\n' && byte != CONTROL_C)
		ok = lahetti_buffer_add(out, lahetti_span(&byte, 1), &fault);
	if (ok && byte == CONTROL_C)
		lahetti_buffer_finish(out);
	(void)tcsetattr(fd, TCSAFLUSH, &shown);
	(void)dprintf(fd, "\n");
	(void)close(fd);
	return ok || cli_fault(c, CLI_WRONG_USE, &fault);
}

static bool type_passphrase(struct cli *c, bool is_new)
{
	struct lahetti_buffer again;
	bool ok;

	if (!type_line(c, cli_text(c, "cli.passphrase"), &c->home.passphrase))
		return false;
	if (!is_new)
		return true;
	lahetti_buffer_init(&again, PASSPHRASE_MOST);
	ok = type_line(c, cli_text(c, "cli.passphrase-again"), &again) &&
	     (lahetti_span_equal_secret(lahetti_buffer_span(&again),
					lahetti_buffer_span(&c->home.passphrase)) ||
	      cli_fail(c, CLI_WRONG_USE, "cli.passphrases-differ", NULL, NULL));
	lahetti_buffer_finish(&again);
	return ok;
}

bool home_passphrase(struct cli *c, bool is_new, struct lahetti_span *passphrase)
{
	const char *file = args_value(c, "passphrase-file");
	struct lahetti_buffer *b = &c->home.passphrase;
	const uint8_t *end;

	if (file == NULL)
		file = getenv("LAHETTI_PASSPHRASE_FILE");
	if (b->len == 0 && file != NULL) {
		b->most = PASSPHRASE_MOST + 4096;
		if (!home_read_path(c, file, b))
			return false;
		end = b->len > 0 ? memchr(b->data, '\n', b->len) : NULL;
		if (end != NULL) {
			lahetti_wipe(b->data + (end - b->data), b->len - (size_t)(end - b->data));
			b->len = (size_t)(end - b->data);
		}
		if (b->len > 0 && b->data[b->len - 1] == '\r') /* of a file from Windows */
			b->len--;
	} else if (b->len == 0 && !type_passphrase(c, is_new)) {
		return false;
	}
	if (b->len == 0 || (is_new && b->len < HOME_PASSPHRASE_LEAST))
		return cli_fail(c, CLI_WRONG_USE, "cli.short-passphrase", NULL, NULL);
	*passphrase = lahetti_buffer_span(b);
	return true;
}

/* A key that others can read has been given away. */
static bool owner_alone(struct cli *c, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.open-file", path, NULL);
	return true;
}

struct lahetti_private_key *home_key(struct cli *c)
{
	struct lahetti_private_key *key = NULL;
	char path[HOME_FILE_MOST];
	struct lahetti_span passphrase;
	struct lahetti_fault fault;
	struct lahetti_buffer pem;
	bool found;

	lahetti_buffer_init(&pem, 65536);
	if (!home_file(c, "key.pem", path) || !owner_alone(c, path) ||
	    !home_read(c, "key.pem", &pem, &found))
		goto out;
	if (!found) {
		(void)cli_fail(c, CLI_WRONG_USE, "cli.not-enrolled", c->home.path, NULL);
		goto out;
	}
	if (!home_passphrase(c, false, &passphrase))
		goto out;
	key = lahetti_private_key_read(lahetti_buffer_span(&pem), passphrase, &fault);
	if (key == NULL)
		(void)cli_fault(c, CLI_WRONG_USE, &fault);
out:
	lahetti_buffer_finish(&pem);
	return key;
}

/* ---- sealed files -------------------------------------------------------------------------- */

/* The salt is made with the first file that is sealed. */
static bool open_secret(struct cli *c)
{
	uint8_t salt[LAHETTI_SALT_LEN];
	struct lahetti_span passphrase;
	struct lahetti_fault fault;
	struct lahetti_buffer bytes;
	bool found, ok;

	if (c->home.opened)
		return true;
	lahetti_buffer_init(&bytes, 4096);
	ok = home_read(c, "salt", &bytes, &found);
	if (ok && found && bytes.len != sizeof salt)
		ok = cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL);
	if (ok && !found)
		ok = (lahetti_random(salt, sizeof salt, &fault) &&
		      lahetti_buffer_add(&bytes, lahetti_span(salt, sizeof salt), &fault)) ||
		     cli_fault(c, CLI_OWN_FAULT, &fault);
	if (ok && !found)
		ok = home_write(c, "salt", lahetti_span(salt, sizeof salt));
	ok = ok && home_passphrase(c, false, &passphrase) &&
	     (lahetti_secret_from_passphrase(&c->home.secret, passphrase,
					     lahetti_buffer_span(&bytes), &fault) ||
	      cli_fault(c, CLI_OWN_FAULT, &fault));
	c->home.opened = ok;
	lahetti_buffer_finish(&bytes);
	return ok;
}

bool home_seal(struct cli *c, const char *name, struct lahetti_span bytes)
{
	struct lahetti_span aad = lahetti_span_text(name);
	struct lahetti_fault fault;
	struct lahetti_buffer sealed;
	bool ok;

	lahetti_buffer_init(&sealed, FILE_MOST);
	ok = open_secret(c) &&
	     (lahetti_seal(&c->home.secret, &aad, 1, bytes, &sealed, &fault) ||
	      cli_fault(c, CLI_OWN_FAULT, &fault)) &&
	     home_write(c, name, lahetti_buffer_span(&sealed));
	lahetti_buffer_finish(&sealed);
	return ok;
}

bool home_unseal(struct cli *c, const char *name, struct lahetti_buffer *out, bool *found)
{
	struct lahetti_span aad = lahetti_span_text(name);
	struct lahetti_fault fault;
	struct lahetti_buffer sealed;
	bool ok;

	lahetti_buffer_init(&sealed, FILE_MOST);
	ok = home_read(c, name, &sealed, found);
	if (ok && *found)
		ok = open_secret(c) && (lahetti_unseal(&c->home.secret, &aad, 1,
						       lahetti_buffer_span(&sealed), out, &fault) ||
					cli_fault(c, CLI_NOT_PROVED, &fault));
	lahetti_buffer_finish(&sealed);
	return ok;
}

/* Fields of fixed length, one after another. */
static struct lahetti_span piece_aad(const struct home_piece *p, uint8_t out[LAHETTI_ID_LEN + 9])
{
	size_t len = p->of.len < LAHETTI_ID_LEN ? p->of.len : LAHETTI_ID_LEN;

	memset(out, 0, LAHETTI_ID_LEN);
	if (len > 0)
		memcpy(out, p->of.data, len);
	for (size_t i = 0; i < 8; i++)
		out[LAHETTI_ID_LEN + i] = (uint8_t)(p->number >> (56 - 8 * i));
	out[LAHETTI_ID_LEN + 8] = p->last;
	return lahetti_span(out, LAHETTI_ID_LEN + 9);
}

bool home_seal_piece(struct cli *c, const struct home_piece *p, struct lahetti_span plain,
		     struct lahetti_buffer *out)
{
	uint8_t fields[LAHETTI_ID_LEN + 9];
	struct lahetti_span aad = piece_aad(p, fields);
	struct lahetti_fault fault;

	return open_secret(c) && (lahetti_seal(&c->home.secret, &aad, 1, plain, out, &fault) ||
				  cli_fault(c, CLI_OWN_FAULT, &fault));
}

bool home_unseal_piece(struct cli *c, const struct home_piece *p, struct lahetti_span sealed,
		       struct lahetti_buffer *out)
{
	uint8_t fields[LAHETTI_ID_LEN + 9];
	struct lahetti_span aad = piece_aad(p, fields);
	struct lahetti_fault fault;

	return open_secret(c) && (lahetti_unseal(&c->home.secret, &aad, 1, sealed, out, &fault) ||
				  cli_fault(c, CLI_NOT_PROVED, &fault));
}
