/*
 * One run of `lahetti`: what was asked for, in which language it answers, and how it ends. A
 * command returns false after it has said why; main prints that one sentence and exits with its
 * status.
 */
#ifndef CLI_H
#define CLI_H

#include "args.h"
#include "home.h"
#include "lahetti/arena.h"
#include "lahetti/kinds.h"
#include "lahetti/text.h"

/* Exit codes; docs/cli.md tells them to people. */
enum cli_status {
	CLI_DONE = 0,
	CLI_OWN_FAULT = 1,     /* our side failed */
	CLI_WRONG_USE = 2,     /* the command, or what was written, is wrong */
	CLI_REFUSED = 3,       /* the server decided so */
	CLI_NO_CONNECTION = 4, /* not reached, or lost; nothing is known to be done */
	CLI_NOT_PROVED = 5,    /* a signature or a proof does not hold */
	CLI_FORKED = 6,	       /* the log is not the one that this device has seen before */
};

/* Of one run: what a command reads, asks and is answered. A long report takes most; what is not
 * taken costs addresses alone. */
#define CLI_ARENA ((size_t)256 << 20)

struct session;
struct directory;

/* A file of the run's that goes with a statement, open. */
struct cli_file {
	ProtobufCBinaryData id; /* of the attachment */
	int fd;
};

struct cli {
	struct args args;
	enum lahetti_language language;
	bool json; /* lists and facts as JSON */
	struct home home;
	struct lahetti_arena arena;
	struct session *session;     /* NULL until session_open */
	struct directory *directory; /* NULL until directory_load */
	struct cli_file files[LAHETTI_ATTACHMENTS_MOST];
	size_t n_files;
	bool kept;     /* what was written is in the outbox */
	char code[64]; /* of the server's last refusal; "" */
	enum cli_status status;
	char sentence[2048]; /* why it failed */
};

/* The text of a key in the language of the run. A key without a text is our own mistake. */
const char *cli_text(const struct cli *c, const char *key);

/*
 * A copy in the arena of a text whose "{}" are replaced by the values in their order; values may be
 * NULL where the text has fewer. NULL when the arena is spent.
 */
const char *cli_fill(struct cli *c, const char *key, const char *first, const char *second);

/* Prints such a text as a line, unless the run answers in JSON. */
void cli_say(struct cli *c, const char *key, const char *first, const char *second);

/* Says why the run fails. Inline, so that analysers see that each returns false. */
void cli_report(struct cli *c, enum cli_status status, const char *key, const char *first,
		const char *second);
void cli_report_fault(struct cli *c, enum cli_status status, const struct lahetti_fault *f);
void cli_report_no_memory(struct cli *c);

static inline bool cli_fail(struct cli *c, enum cli_status status, const char *key,
			    const char *first, const char *second)
{
	cli_report(c, status, key, first, second);
	return false;
}

static inline bool cli_fault(struct cli *c, enum cli_status status, const struct lahetti_fault *f)
{
	cli_report_fault(c, status, f);
	return false;
}

static inline bool cli_no_memory(struct cli *c)
{
	cli_report_no_memory(c);
	return false;
}

/* From the arena, or NULL after cli_no_memory. Cleared. */
void *cli_take(struct cli *c, size_t len);

/* A question to the person at the terminal is possible. */
bool cli_can_ask(void);

#endif
