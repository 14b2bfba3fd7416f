/*
 * A command's options from a file instead of the command line: as JSON, or as lines that a person
 * writes in an editor. The names are those of the options, so that there is one list of them.
 *
 *   words: The first line
 *     and those after it, indented.
 *   ask: job-coaching
 *   client-agrees: yes
 *   # a remark
 */
#ifndef FORM_H
#define FORM_H

#include "lahetti/span.h"

struct cli;

/* Adds what a file gives to the options; "-" is standard input. */
LAHETTI_CHECKED bool form_read(struct cli *c, const char *path);

/*
 * Writes a form with every option of the command into the folder, lets the person fill it in with
 * $VISUAL or $EDITOR, and reads it. The file stays until form_done.
 */
LAHETTI_CHECKED bool form_edit(struct cli *c);

/* Removes what form_edit left; where the command failed and the outbox has nothing of it, says
 * where it is. */
void form_done(struct cli *c, bool succeeded);

#endif
