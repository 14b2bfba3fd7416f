#include "checked.h"

#include "archive.h"

#include <stdio.h>
#include <string.h>

static void found(void *context, const char *code, const char *text)
{
	struct checked *c = context;

	if (c->first[0] == '\0')
		(void)snprintf(c->first, sizeof c->first, "%s: %s", code, text);
}

void checked_run(struct checked *c, const char *database, struct vault *vault)
{
	const char *slash = strrchr(database, '/');
	char attachments[512];

	*c = (struct checked){0};
	(void)snprintf(attachments, sizeof attachments, "%.*s/attachments", (int)(slash - database),
		       database);
	c->done = desk_fsck(database, attachments, vault, ARCHIVE_SOFTWARE, found, c, &c->counts,
			    &c->why);
}

bool checked_found(const struct checked *c)
{
	return c->done ? c->counts.findings > 0
		       : c->why.kind != LAHETTI_FAULT_NONE && c->why.text[0] != '\0';
}
