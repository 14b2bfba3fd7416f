/* lahettid: one server program, one configuration file, one data directory. */

#include "console.h"
#include "lahetti/fault.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"init", "make the data directory, the keys and the first organisation", console_init},
	{"organisation", "add another organisation with its administrator", console_organisation},
	{"confirm", "confirm a device by its key identifier", console_confirm},
	{"check", "read the configuration and say what is wrong with it", console_check},
	{"fsck", "check everything that is stored against everything else", console_fsck},
	{"backup", "copy the data, or with --keys the key folder, beside a running server",
	 console_backup},
	{"restore", "bring the server back from a backup and the key folder", console_restore},
	{"act", "print the operator's act by which devices follow a restored server", console_act},
	{"run", "serve", console_run},
	{"version", "print the version", console_version},
};

static int usage(FILE *to)
{
	(void)fprintf(to, "usage: lahettid COMMAND [--config FILE] [OPTIONS]\n\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		(void)fprintf(to, "  %-14s %s\n", commands[i].name, commands[i].help);
	(void)fprintf(
		to,
		"\nThe configuration is lahettid.conf here, then /etc/lahetti/lahettid.conf, unless --config names another.\n"
		"Exit status: 0 done, 1 it failed, 2 wrong use, 3 fsck found something.\n");
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return usage(stdout);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	(void)fprintf(stderr, "lahettid: there is no command %s; lahettid help lists them\n",
		      argv[1]);
	return 2;
}
