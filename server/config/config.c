#include "config.h"

#include "lahetti/buffer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * libconfuse reads the file's form: names, equal signs, quotes, ${VARIABLES} of the
 * environment. Every value is a text to it and is read here, by the table of settings, so that each
 * has one way to be written and one way to be refused.
 */

#define FILE_MOST     65536
#define NAME_MOST     256  /* claims hold the server's name and an origin */
#define ENVELOPE_ROOM 1024 /* of a frame, around a statement */

/* ---- what a value may be ------------------------------------------------------------------- */

/* NULL, or what the value must be. */
typedef const char *check_fn(const char *value);

static const char *anything(const char *value)
{
	(void)value;
	return NULL;
}

static const char *present(const char *value)
{
	return value[0] != '\0' ? NULL : "must not be empty";
}

static const char *address(const char *value)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, value, &four) == 1 || inet_pton(AF_INET6, value, &six) == 1)
		return NULL;
	return "must be an IP address, such as 127.0.0.1 or ::";
}

static const char *loopback_or_none(const char *value)
{
	struct in_addr four;

	if (value[0] == '\0' || strcmp(value, "::1") == 0)
		return NULL;
	if (inet_pton(AF_INET, value, &four) == 1 && ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET)
		return NULL;
	return "must be an address of this machine alone, 127.0.0.1 or ::1, or empty";
}

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

/* The length of the host that a text begins with; 0: none. */
static size_t host_len(const char *text)
{
	size_t len;

	if (text[0] != '[')
		return strspn(text, LOWER_DIGITS ".-");
	len = 1 + strspn(text + 1, "0123456789abcdef:.");
	return text[len] == ']' ? len + 1 : 0;
}

/* Whether a text is empty or ":" and a port. */
static bool is_port(const char *text)
{
	size_t digits;

	if (text[0] == '\0')
		return true;
	digits = strspn(text + 1, "0123456789");
	return text[0] == ':' && text[1] != '0' && digits >= 1 && digits <= 5 &&
	       text[1 + digits] == '\0' && strtoul(text + 1, NULL, 10) <= UINT16_MAX;
}

static const char *name_of_server(const char *value)
{
	size_t len = strspn(value, LOWER_DIGITS ".-");

	if (len > 0 && strlen(value) <= NAME_MOST && strcmp(value + len, "/lahetti") == 0)
		return NULL;
	return "must be HOST/lahetti with the host in lower case";
}

static const char *origin(const char *value)
{
	static const char scheme[] = "https://";
	const char *host = value + sizeof scheme - 1;

	if (strncmp(value, scheme, sizeof scheme - 1) == 0 && strlen(value) <= NAME_MOST &&
	    host_len(host) > 0 && is_port(host + host_len(host)) &&
	    strcmp(host + host_len(host), ":443") != 0)
		return NULL;
	return "must hold addresses as browsers write them: https://HOST or https://HOST:PORT, in "
	       "lower case, without :443 and without a slash at the end";
}

static const char *const client_certificate_words[] = {
	[CONFIG_CLIENT_CERTIFICATE_OFF] = "off",
	[CONFIG_CLIENT_CERTIFICATE_OPTIONAL] = "optional",
	[CONFIG_CLIENT_CERTIFICATE_REQUIRED] = "required",
	NULL,
};

/* ---- the table ----------------------------------------------------------------------------- */

enum form {
	FORM_TEXT,
	FORM_LIST,
	FORM_PATH,
	FORM_WORD,
	FORM_FLAG,
	FORM_NUMBER,
};

struct setting {
	const char *key;
	const char *standard; /* the default, as it would be written */
	size_t offset;	      /* in struct config */
	enum form form;
	bool seen;
	check_fn *check;	  /* texts, paths, elements of lists */
	const char *const *words; /* NULL-terminated */
	uint32_t least;
	uint32_t most;
};

#define SEEN   true
#define UNSEEN false
#define ROW(member, key, standard, form, seen) \
	key, standard, offsetof(struct config, member), FORM_##form, seen
#define TEXT(member, key, standard, check, seen) \
	{ROW(member, key, standard, TEXT, seen), check, NULL, 0, 0},
#define LIST(member, key, standard, check, seen) \
	{ROW(member, key, standard, LIST, seen), check, NULL, 0, 0},
#define PATH(member, key, standard, check, seen) \
	{ROW(member, key, standard, PATH, seen), check, NULL, 0, 0},
#define WORD(member, key, standard, words, seen) \
	{ROW(member, key, standard, WORD, seen), NULL, words, 0, 0},
#define FLAG(member, key, standard, seen) \
	{ROW(member, key, standard, FLAG, seen), NULL, NULL, 0, 0},
#define NUMBER(member, key, standard, least, most, seen) \
	{ROW(member, key, #standard, NUMBER, seen), NULL, NULL, least, most},

static const struct setting settings[] = {
#include "settings.def"
};
#define SETTINGS (sizeof settings / sizeof settings[0])

/* A reading of the file: what its callbacks find. */
struct reading {
	struct config *config;
	const char *file;	 /* its name without folder */
	char *folder;		 /* with the slash; may be empty */
	unsigned line[SETTINGS]; /* where it was set; 0: it was not */
	struct lahetti_fault *f;
	bool refused; /* the fault is written */
};

/* libconfuse's callbacks are given nothing of ours, and its lexer has one state anyway. */
static struct reading *reading;

static bool refuse(struct reading *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool refuse(struct reading *r, unsigned line, const char *format, ...)
{
	char why[sizeof r->f->text];
	va_list args;

	va_start(args, format);
	// NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, in the line above
	(void)vsnprintf(why, sizeof why, format, args);
	va_end(args);
	r->refused = true;
	return lahetti_fault_set(r->f, LAHETTI_FAULT_MALFORMED, "bad-config", "%s:%u: %s", r->file,
				 line, why);
}

static bool no_memory(struct reading *r)
{
	r->refused = true;
	return lahetti_fault_no_memory(r->f);
}

/* ---- taking a value ------------------------------------------------------------------------ */

static void *member_of(const struct setting *s, struct config *c)
{
	return (uint8_t *)c + s->offset;
}

static const void *read_member(const struct setting *s, const struct config *c)
{
	return (const uint8_t *)c + s->offset;
}

/* The two one after another, in the text's place. */
static bool set_text(struct reading *r, char **text, const char *before, const char *value)
{
	char *joined;

	if (asprintf(&joined, "%s%s", before, value) < 0)
		return no_memory(r);
	free(*text);
	*text = joined;
	return true;
}

static bool set_path(struct reading *r, char **path, const char *value)
{
	bool relative = value[0] != '/' && value[0] != '\0';

	return set_text(r, path, relative ? r->folder : "", value);
}

/* Words between spaces, each of which must be right. */
static bool set_list(struct reading *r, const struct setting *s, unsigned line, const char *value)
{
	char **list = member_of(s, r->config);
	const char *wrong;
	size_t n = 0, len;

	for (value += strspn(value, " "); *value != '\0'; value += strspn(value, " ")) {
		if (n == CONFIG_ORIGINS_MOST)
			return refuse(r, line, "%s must be at most %d.", s->key,
				      CONFIG_ORIGINS_MOST);
		len = strcspn(value, " ");
		list[n] = strndup(value, len);
		if (list[n] == NULL)
			return no_memory(r);
		wrong = s->check(list[n++]);
		if (wrong != NULL)
			return refuse(r, line, "%s %s.", s->key, wrong);
		value += len;
	}
	return true;
}

static bool set_word(struct reading *r, const struct setting *s, unsigned line, const char *value)
{
	uint32_t *index = member_of(s, r->config);
	char choice[100] = "";
	size_t len = 0;

	for (uint32_t i = 0; s->words[i] != NULL; i++) {
		if (strcmp(s->words[i], value) == 0) {
			*index = i;
			return true;
		}
	}
	for (uint32_t i = 0; s->words[i] != NULL; i++)
		len += (size_t)snprintf(choice + len, sizeof choice - len, "%s%s",
					i == 0 ? "" : " or ", s->words[i]);
	return refuse(r, line, "%s must be %s.", s->key, choice);
}

static bool set_flag(struct reading *r, const struct setting *s, unsigned line, const char *value)
{
	bool *flag = member_of(s, r->config);

	*flag = strcmp(value, "true") == 0;
	return *flag || strcmp(value, "false") == 0 ||
	       refuse(r, line, "%s must be true or false.", s->key);
}

static bool set_number(struct reading *r, const struct setting *s, unsigned line, const char *value)
{
	uint32_t *number = member_of(s, r->config);
	size_t digits = strspn(value, "0123456789");
	unsigned long long wide = strtoull(value, NULL, 10);

	if (digits == 0 || value[digits] != '\0' || digits > 10 || wide < s->least ||
	    wide > s->most)
		return refuse(r, line, "%s must be a whole number from %u to %u.", s->key, s->least,
			      s->most);
	*number = (uint32_t)wide;
	return true;
}

static bool set(struct reading *r, const struct setting *s, unsigned line, const char *value)
{
	bool whole = s->form == FORM_TEXT || s->form == FORM_PATH;
	const char *wrong = whole ? s->check(value) : NULL;

	for (const char *c = value; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return refuse(r, line, "%s must stand on one line, without tabs.", s->key);
	}
	if (wrong != NULL)
		return refuse(r, line, "%s %s.", s->key, wrong);
	switch (s->form) {
	case FORM_TEXT:
		return set_text(r, member_of(s, r->config), "", value);
	case FORM_LIST:
		return set_list(r, s, line, value);
	case FORM_PATH:
		return set_path(r, member_of(s, r->config), value);
	case FORM_WORD:
		return set_word(r, s, line, value);
	case FORM_FLAG:
		return set_flag(r, s, line, value);
	case FORM_NUMBER:
		return set_number(r, s, line, value);
	}
	assert(false);
	return false;
}

/* ---- the file ------------------------------------------------------------------------------ */

/* After each value. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reading *r = reading;
	unsigned line = (unsigned)cfg->line;
	size_t i = 0;

	while (i < SETTINGS && strcmp(settings[i].key, opt->name) != 0)
		i++;
	assert(i < SETTINGS);
	if (r->line[i] != 0) {
		refuse(r, line, "%s is set twice; the first time in line %u.", opt->name,
		       r->line[i]);
		return -1;
	}
	r->line[i] = line;
	return set(r, &settings[i], line, cfg_opt_getnstr(opt, 0)) ? 0 : -1;
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
static void on_error(cfg_t *cfg, const char *format, va_list args)
{
	char why[sizeof reading->f->text];

	if (reading->refused)
		return;
	(void)vsnprintf(why, sizeof why, format, args);
	refuse(reading, (unsigned)cfg->line, "%s.", why);
}

/*
 * Blanks comments, and refuses what libconfuse 3.3 reads in its own way: it counts lines wrongly
 * after any comment, knows two more kinds of them, and takes an unfinished string over into the
 * next file.
 */
static bool tidy(struct reading *r, char *text, size_t len)
{
	unsigned line = 1, opened = 0;
	char quote = '\0';
	bool comment = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\n') {
			line++;
			comment = false;
		} else if (comment) {
			text[i] = ' ';
		} else if (c == '\0' || c == '\\') {
			return refuse(r, line, "a backslash or NUL has no meaning here.");
		} else if (quote != '\0') {
			quote = c == quote ? '\0' : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
			opened = line;
		} else if (c == '#') {
			text[i] = ' ';
			comment = true;
		} else if (c == '/' && (text[i + 1] == '*' ||
					(text[i + 1] == '/' && (i == 0 || text[i - 1] != ':')))) {
			return refuse(r, line, "comments begin with #.");
		}
	}
	return quote == '\0' || refuse(r, opened, "the quotation mark here is never closed.");
}

static bool parse(struct reading *r, const char *text)
{
	cfg_opt_t options[SETTINGS + 1];
	cfg_t *cfg;
	bool done;

	for (size_t i = 0; i < SETTINGS; i++) {
		options[i] = (cfg_opt_t)CFG_STR(settings[i].key, NULL, CFGF_NODEFAULT);
		options[i].validcb = on_value;
	}
	options[SETTINGS] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(options, CFGF_NONE);
	if (cfg == NULL)
		return no_memory(r);
	cfg_set_error_function(cfg, on_error);
	reading = r;
	done = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	if (!done && !r->refused)
		refuse(r, (unsigned)cfg->line, "this can't be read.");
	reading = NULL;
	cfg_free(cfg);
	return done;
}

/* ---- all together -------------------------------------------------------------------------- */

/* Where a member was set. */
static unsigned line_of(const struct reading *r, const void *member)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (read_member(&settings[i], r->config) == member)
			return r->line[i];
	}
	assert(false);
	return 0;
}

static unsigned later_line(const struct reading *r, const void *a, const void *b)
{
	unsigned of_a = line_of(r, a), of_b = line_of(r, b);

	return of_a > of_b ? of_a : of_b;
}

/* What settings must be to one another. The defaults are, so at least one has a line. */
static bool agree(struct reading *r)
{
	const struct config *c = r->config;

	if (c->sessions_reserved >= c->sessions)
		return refuse(r, later_line(r, &c->sessions, &c->sessions_reserved),
			      "sessions-reserved must be less than sessions.");
	if (c->frame < c->statement + ENVELOPE_ROOM)
		return refuse(r, later_line(r, &c->frame, &c->statement),
			      "frame-bytes must be %u more than statement-bytes, or higher.",
			      ENVELOPE_ROOM);
	if (c->out_queue < c->frame)
		return refuse(r, later_line(r, &c->out_queue, &c->frame),
			      "out-queue-bytes must be frame-bytes or more.");
	if (c->client_certificate != CONFIG_CLIENT_CERTIFICATE_OFF && c->client_ca[0] == '\0')
		return refuse(r, later_line(r, &c->client_certificate, &c->client_ca),
			      "client-ca must be told unless client-certificate is off.");
	return true;
}

/* What was left out, or left to be derived. */
static bool complete(struct reading *r)
{
	struct config *c = r->config;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	for (size_t i = 0; i < SETTINGS; i++) {
		if (r->line[i] == 0 && !set(r, &settings[i], 0, settings[i].standard))
			return false;
	}
	if (c->workers == 0)
		c->workers = cores > 2 ? (uint32_t)cores - 1 : 1;
	return (c->database[0] != '\0' || set_text(r, &c->database, c->data, "/lahetti.db")) &&
	       (c->keys[0] != '\0' || set_text(r, &c->keys, c->data, "/keys")) &&
	       (c->attachments[0] != '\0' || set_text(r, &c->attachments, c->data, "/attachments"));
}

/* The whole file and a NUL behind it. */
static bool read_file(const char *path, struct lahetti_buffer *text, struct lahetti_fault *f)
{
	FILE *file = fopen(path, "re");
	const char *why = NULL;
	uint8_t *room;

	if (file == NULL)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "config-unreadable",
					 "The configuration %s can't be opened: %s.", path,
					 strerror(errno));
	lahetti_buffer_init(text, FILE_MOST + 1);
	room = lahetti_buffer_reserve(text, FILE_MOST + 1, f);
	if (room == NULL) {
		(void)fclose(file);
		return false;
	}
	text->len = fread(room, 1, FILE_MOST + 1, file);
	if (ferror(file))
		why = strerror(errno);
	else if (text->len > FILE_MOST)
		why = "it is too long";
	(void)fclose(file);
	if (why != NULL)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "config-unreadable",
					 "The configuration %s can't be read: %s.", path, why);
	room[text->len] = '\0';
	return true;
}

bool config_load(const char *path, struct config **config, struct lahetti_fault *f)
{
	const char *slash = strrchr(path, '/');
	size_t folder_len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	struct reading r = {.file = path + folder_len, .f = f};
	struct lahetti_buffer text = {0};
	bool done = false;

	if (!read_file(path, &text, f))
		goto out;
	r.folder = strndup(path, folder_len);
	r.config = calloc(1, sizeof *r.config);
	if (r.folder == NULL || r.config == NULL) {
		lahetti_fault_no_memory(f);
		goto out;
	}
	done = tidy(&r, (char *)text.data, text.len) && parse(&r, (const char *)text.data) &&
	       complete(&r) && agree(&r);
	if (done) {
		*config = r.config;
		r.config = NULL;
	}
out:
	config_destroy(r.config);
	free(r.folder);
	lahetti_buffer_finish(&text);
	return done;
}

void config_destroy(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < SETTINGS; i++) {
		char **text = member_of(&settings[i], c);

		if (settings[i].form == FORM_TEXT || settings[i].form == FORM_PATH)
			free(*text);
		else if (settings[i].form == FORM_LIST)
			for (size_t n = 0; text[n] != NULL; n++)
				free(text[n]);
	}
	free(c);
}

/* ---- the digest ---------------------------------------------------------------------------- */

static bool add_line(struct lahetti_buffer *out, const char *key, const char *value,
		     struct lahetti_fault *f)
{
	return lahetti_buffer_add(out, lahetti_span_text(key), f) &&
	       lahetti_buffer_add(out, lahetti_span_text("="), f) &&
	       lahetti_buffer_add(out, lahetti_span_text(value), f) &&
	       lahetti_buffer_add(out, lahetti_span_text("\n"), f);
}

static bool add_setting(struct lahetti_buffer *out, const struct setting *s, const struct config *c,
			struct lahetti_fault *f)
{
	const void *member = read_member(s, c);
	char *const *text = member;
	const uint32_t *number = member;
	const bool *flag = member;
	char digits[12];

	switch (s->form) {
	case FORM_TEXT:
	case FORM_PATH:
		return add_line(out, s->key, *text, f);
	case FORM_LIST:
		for (; *text != NULL; text++) {
			if (!add_line(out, s->key, *text, f))
				return false;
		}
		return true;
	case FORM_WORD:
		return add_line(out, s->key, s->words[*number], f);
	case FORM_FLAG:
		return add_line(out, s->key, *flag ? "true" : "false", f);
	case FORM_NUMBER:
		(void)snprintf(digits, sizeof digits, "%u", *number);
		return add_line(out, s->key, digits, f);
	}
	assert(false);
	return false;
}

bool config_digest(const struct config *c, struct lahetti_digest *digest, struct lahetti_fault *f)
{
	struct lahetti_buffer lines;
	struct lahetti_span all;
	bool done = false;

	lahetti_buffer_init(&lines, 2 * FILE_MOST);
	if (!lahetti_buffer_add(&lines, lahetti_span_text("lahetti config v1\n"), f))
		goto out;
	for (size_t i = 0; i < SETTINGS; i++) {
		if (settings[i].seen && !add_setting(&lines, &settings[i], c, f))
			goto out;
	}
	all = lahetti_buffer_span(&lines);
	done = lahetti_sha256(digest, &all, 1, f);
out:
	lahetti_buffer_finish(&lines);
	return done;
}
