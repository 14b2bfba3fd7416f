/*
 * The files of the page for browsers: a folder's, read once at start and kept. A request is looked
 * up among them, so that no path of a request ever reaches the file system. It knows no socket.
 *
 * X.gz beside X is the compressed form of X and nothing of its own.
 */
#ifndef NET_PAGE_H
#define NET_PAGE_H

#include "lahetti/span.h"

#define PAGE_FILES_MOST 512
#define PAGE_BYTES_MOST (UINT32_C(32) << 20) /* of all files together */

struct page;

struct page_file {
	char *path; /* as it is asked for: "/assets/index-4f2a.js" */
	const char *type;
	const char *cache;	     /* what cache-control says of it */
	struct lahetti_span bytes;   /* as long as the page is open */
	struct lahetti_span gzipped; /* of .data NULL: there is no such form */
};

/*
 * Reads every file of the folder and of those in it. "page-unusable" (BROKEN) says what is wrong:
 * no folder, no index.html, too much in it, or a file that is none of a page: of an ending without
 * a content type, with a name that is no plain part of an address, a symbolic link, a compressed
 * form that is not of the file beside it.
 */
LAHETTI_CHECKED struct page *page_open(const char *folder, struct lahetti_fault *f);
void page_close(struct page *p);

/* The file of a path, byte for byte, and index.html for "/"; NULL: none. */
const struct page_file *page_find(const struct page *p, struct lahetti_span path);

/* Whether an Accept-Encoding (RFC 9110, 12.5.3) lets gzip be sent; what is no such list does not.
 */
bool page_admits_gzip(const char *accept_encoding);

#endif
