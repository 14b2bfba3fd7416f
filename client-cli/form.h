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

/*
 * Adds what --file gives ("-" is standard input). Where the command line says nothing at all and
 * somebody sits at the terminal: writes a form with every option of the command into the folder,
 * lets the person fill it in with $VISUAL or $EDITOR, and reads it (*edited); it stays until
 * form_done.
 */
LAHETTI_CHECKED bool form_fill(struct cli *c, bool *edited);

/* Removes what form_fill left; where the command failed and the outbox has nothing of it, says
 * where it is. */
void form_done(struct cli *c, bool succeeded);

#endif
