#include "page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS_MOST 64
#define PATH_MOST    256 /* of a file in the folder */
#define GZIP_LEAST   18	 /* bytes: a header and a trailer */
#define GZIP_ENDING  ".gz"
#define INDEX	     "/index.html"
#define ASSETS	     "/assets/" /* what Vite names after its content */

struct page {
	struct page_file files[PAGE_FILES_MOST]; /* in the order of their paths */
	size_t n_files;
};

/* A folder that is being read. */
struct reading {
	struct page *page;
	const char *folder;
	int fd;
	char *folders[FOLDERS_MOST]; /* that are found below `folder`: "/assets" */
	size_t n_folders;
	size_t bytes;
	struct lahetti_fault *f;
};

static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".webmanifest", "application/manifest+json"},
	{".txt", "text/plain; charset=utf-8"},
	{".json", "application/json"},
	{GZIP_ENDING, ""}, /* until it is known of which file it is a form */
};

static bool unusable(const struct reading *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static bool unusable(const struct reading *r, const char *format, ...)
{
	char why[sizeof r->f->text];
	va_list args;

	va_start(args, format);
	// NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, in the line above
	(void)vsnprintf(why, sizeof why, format, args);
	va_end(args);
	return lahetti_fault_set(r->f, LAHETTI_FAULT_BROKEN, "page-unusable",
				 "The page in %s can't be served: %s.", r->folder, why);
}

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), ending_len = strlen(ending);

	return len > ending_len && strcmp(text + len - ending_len, ending) == 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

static const char *type_of(const char *path)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (ends_with(path, types[i].ending))
			return types[i].type;
	return NULL;
}

static const char *cache_of(const char *path)
{
	if (strcmp(path, INDEX) == 0)
		return "no-store";
	if (strncmp(path, ASSETS, sizeof ASSETS - 1) == 0)
		return "public, max-age=31536000, immutable";
	return "no-cache";
}

/* As a path is asked for it must stand in an address plainly: libwebsockets folds dots, and takes +
 * for a space and ; for an end. */
static bool is_plain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._~@-";

	return name[0] != '.' && strspn(name, letters) == strlen(name);
}

/* All of a file that was that long. */
static bool read_all(int fd, uint8_t *to, size_t len)
{
	ssize_t n;
	uint8_t more;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = read(fd, to + done, len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return read(fd, &more, 1) == 0;
}

/* Takes the path over, and leaves NULL. */
static bool keep_file(struct reading *r, char **path, int fd, size_t len)
{
	struct page_file *file = &r->page->files[r->page->n_files++];
	uint8_t *bytes = malloc(len + 1);

	*file = (struct page_file){.path = *path, .type = type_of(*path), .cache = cache_of(*path)};
	*path = NULL;
	if (bytes == NULL)
		return lahetti_fault_no_memory(r->f);
	file->bytes = lahetti_span(bytes, len);
	r->bytes += len;
	return read_all(fd, bytes, len) ||
	       unusable(r, "%s can't be read to its end", file->path + 1);
}

static bool add_file(struct reading *r, char **path, int fd, off_t len)
{
	if (type_of(*path) == NULL)
		return unusable(r, "%s has an ending that is none of a page", *path + 1);
	if (r->page->n_files == PAGE_FILES_MOST)
		return unusable(r, "there are more than %d files in it", PAGE_FILES_MOST);
	if (len > (off_t)(PAGE_BYTES_MOST - r->bytes))
		return unusable(r, "there is more than %u MiB in it", PAGE_BYTES_MOST >> 20);
	return keep_file(r, path, fd, (size_t)len);
}

static bool add_folder(struct reading *r, char **path)
{
	if (r->n_folders == FOLDERS_MOST)
		return unusable(r, "there are more than %d folders in it", FOLDERS_MOST);
	r->folders[r->n_folders++] = *path;
	*path = NULL;
	return true;
}

static bool add_entry(struct reading *r, const char *folder, const char *name)
{
	struct stat st;
	char *path = NULL;
	bool done = false;
	int fd = -1;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return lahetti_fault_no_memory(r->f);
	if (!is_plain(name) || strlen(path) > PATH_MOST) {
		unusable(r, "%.60s is no name for a file of it", path + 1);
		goto out;
	}
	/* Not blocking: it may be a pipe. */
	fd = openat(r->fd, path + 1, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		unusable(r, "%s can't be opened: %s", path + 1,
			 errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	else if (S_ISDIR(st.st_mode))
		done = add_folder(r, &path);
	else if (S_ISREG(st.st_mode))
		done = add_file(r, &path, fd, st.st_size);
	else
		unusable(r, "%s is neither a file nor a folder", path + 1);
out:
	if (fd >= 0)
		(void)close(fd);
	free(path);
	return done;
}

static bool read_folder(struct reading *r, const char *folder)
{
	const char *below = folder[0] == '\0' ? "." : folder + 1;
	int fd = openat(r->fd, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool done = true;

	if (dir == NULL) {
		unusable(r, "%s can't be opened: %s", below, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while (done && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			done = add_entry(r, folder, entry->d_name);
	(void)closedir(dir);
	return done;
}

/* Those that are found join the list while it is walked. */
static bool read_folders(struct reading *r)
{
	bool done = read_folder(r, "");

	for (size_t i = 0; done && i < r->n_folders; i++)
		done = read_folder(r, r->folders[i]);
	return done;
}

/* ---- order --------------------------------------------------------------------------------- */

static int compare_files(const void *a, const void *b)
{
	const struct page_file *one = a, *other = b;

	return strcmp(one->path, other->path);
}

static int compare_path(const void *key, const void *member)
{
	const struct lahetti_span *path = key;
	const struct page_file *file = member;
	size_t len = strlen(file->path);
	int order = memcmp(path->data, file->path, path->len < len ? path->len : len);

	return order != 0 ? order : (path->len > len) - (path->len < len);
}

static struct page_file *find(const struct page *p, struct lahetti_span path)
{
	return path.len == 0 ? NULL
			     : bsearch(&path, p->files, p->n_files, sizeof *p->files, compare_path);
}

/* RFC 1952: it begins like one, and ends with how long what is in it is. */
static bool is_gzip_of(struct lahetti_span gzipped, struct lahetti_span bytes)
{
	const uint8_t *d = gzipped.data, *end = d + gzipped.len;

	return gzipped.len >= GZIP_LEAST && d[0] == 0x1f && d[1] == 0x8b && d[2] == 8 &&
	       ((size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 |
		(size_t)end[-1] << 24) == bytes.len;
}

/* Compressed forms go to their files, and out of the table. */
static bool pair_forms(struct reading *r)
{
	struct page *p = r->page;
	size_t kept = 0;

	for (size_t i = 0; i < p->n_files; i++) {
		struct page_file *form = &p->files[i], *file;
		size_t len = strlen(form->path) - (sizeof GZIP_ENDING - 1);

		if (!ends_with(form->path, GZIP_ENDING))
			continue;
		file = find(p, lahetti_span(form->path, len));
		if (file == NULL || ends_with(file->path, GZIP_ENDING) ||
		    !is_gzip_of(form->bytes, file->bytes))
			return unusable(r, "%s is not the compressed form of a file beside it",
					form->path + 1);
		file->gzipped = form->bytes;
		form->bytes = lahetti_span(NULL, 0);
	}
	for (size_t i = 0; i < p->n_files; i++) {
		if (ends_with(p->files[i].path, GZIP_ENDING))
			free(p->files[i].path);
		else
			p->files[kept++] = p->files[i];
	}
	p->n_files = kept;
	return true;
}

static bool put_in_order(struct reading *r)
{
	struct page *p = r->page;

	if (p->n_files > 0)
		qsort(p->files, p->n_files, sizeof *p->files, compare_files);
	if (find(p, lahetti_span_text(INDEX)) == NULL)
		return unusable(r, "there is no %s in it", &INDEX[1]);
	return pair_forms(r);
}

/* ---- the page ------------------------------------------------------------------------------ */

struct page *page_open(const char *folder, struct lahetti_fault *f)
{
	struct reading r = {.page = calloc(1, sizeof *r.page), .folder = folder, .f = f};
	bool done = false;

	if (r.page == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	r.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r.fd < 0)
		unusable(&r, "%s", errno == ENOTDIR ? "it is no folder" : strerror(errno));
	else
		done = read_folders(&r) && put_in_order(&r);
	for (size_t i = 0; i < r.n_folders; i++)
		free(r.folders[i]);
	if (r.fd >= 0)
		(void)close(r.fd);
	if (done)
		return r.page;
	page_close(r.page);
	return NULL;
}

void page_close(struct page *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_files; i++) {
		free(p->files[i].path);
		free((void *)(uintptr_t)p->files[i].bytes.data);
		free((void *)(uintptr_t)p->files[i].gzipped.data);
	}
	free(p);
}

const struct page_file *page_find(const struct page *p, struct lahetti_span path)
{
	if (path.len == 1 && path.data[0] == '/')
		path = lahetti_span_text(INDEX);
	return find(p, path);
}

/* ---- Accept-Encoding ----------------------------------------------------------------------- */

#define BLANKS " \t"

/* What stands behind a coding, up to the comma: nothing, or a weight that is not 0. */
static bool is_weighty(const char *text, size_t len)
{
	static const char digits[] = "0123456789";
	const char *end = text + len;
	bool some;

	text += strspn(text, BLANKS);
	if (text >= end)
		return true;
	if (*text != ';')
		return false;
	text++;
	text += strspn(text, BLANKS);
	if (strncasecmp(text, "q=", 2) != 0 || (text[2] != '0' && text[2] != '1'))
		return false;
	some = text[2] == '1';
	text += 3;
	if (*text == '.') {
		size_t n = strspn(++text, digits);

		some = some || strspn(text, "0") < n;
		text += n;
	}
	text += strspn(text, BLANKS);
	return some && text >= end;
}

bool page_admits_gzip(const char *accept_encoding)
{
	bool named = false, admitted = false, any = false;

	for (const char *item = accept_encoding; *item != '\0';) {
		size_t len = strcspn(item, ","), name;

		if (len == 0) {
			item++;
			continue;
		}
		item += strspn(item, BLANKS);
		len = strcspn(item, ",");
		name = strcspn(item, BLANKS ";,");
		if (name == 4 && strncasecmp(item, "gzip", 4) == 0) {
			named = true;
			admitted = is_weighty(item + name, len - name);
		} else if (name == 1 && *item == '*') {
			any = is_weighty(item + name, len - name);
		}
		item += len;
	}
	return named ? admitted : any;
}
