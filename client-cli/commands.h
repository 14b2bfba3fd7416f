/* The functions that commands.def names: each runs one command to its end, printing what it finds.
 * False after cli_fail. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "cli.h"

/* Some stand in several rows. */
#define GROUP(name)
#define COMMAND(name, usage, function) bool command_##function(struct cli *c);
#include "commands.def"
#undef COMMAND
#undef GROUP

#endif
