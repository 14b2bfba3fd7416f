/* The commands of lahettid. Each gets its own name as argv[0] and returns the exit status. */
#ifndef CONSOLE_H
#define CONSOLE_H

int console_init(int argc, char **argv);
int console_organisation(int argc, char **argv);
int console_confirm(int argc, char **argv);
int console_check(int argc, char **argv);
int console_fsck(int argc, char **argv);
int console_backup(int argc, char **argv);
int console_restore(int argc, char **argv);
int console_act(int argc, char **argv);
int console_run(int argc, char **argv);
int console_version(int argc, char **argv);

#endif
