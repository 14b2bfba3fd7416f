#include "generation.h"

#include "commands.h"
#include "lahetti/message.h"
#include "outbox.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_MOST      64
#define THIRTY_DAYS_US (INT64_C(30) * 86400 * 1000000)

/* ---- those that are trusted ---------------------------------------------------------------- */

static bool add_generation(struct cli *c, struct generations *g, const char *vkey, uint64_t common)
{
	struct lahetti_fault fault;

	for (size_t i = 0; i < g->n; i++)
		if (strcmp(lahetti_note_verifier_vkey(g->list[i].log), vkey) == 0) {
			if (g->list[i].common < common)
				g->list[i].common = common;
			return true;
		}
	if (g->n == GENERATIONS_MOST)
		return true;
	g->list[g->n].log = lahetti_note_verifier_read(vkey, &fault);
	if (g->list[g->n].log == NULL)
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	g->list[g->n++].common = common;
	return true;
}

/* The generations that end in one that is trusted: the restored one goes on in it as far as it was
 * brought back; what others shared with it is not known. */
static bool follow_act(struct cli *c, struct generations *g, struct lahetti_span note,
		       const struct lahetti_act *act)
{
	uint64_t common = 0;
	size_t i = 0;

	while (i < g->n && strcmp(lahetti_note_verifier_vkey(g->list[i].log), act->log_key) != 0)
		i++;
	if (i == g->n)
		return true;
	common = g->list[i].common < act->last.size ? g->list[i].common : act->last.size;
	if (i == 0) {
		g->restored = true;
		g->last = act->last;
	}
	g->acts[g->n_acts++] = lahetti_bytes(note);
	for (size_t k = 0; k < act->n_ended; k++)
		if (!add_generation(c, g, act->ended[k], k == 0 ? common : 0))
			return false;
	return true;
}

/* Opened by the generation that it began: its key is trusted, or the act is passed over. */
static bool read_act(struct cli *c, struct generations *g, const char *name)
{
	struct lahetti_act *act = cli_take(c, sizeof *act);
	struct lahetti_buffer bytes;
	struct lahetti_span note = {0};
	char file[NAME_MOST];
	bool found, ok;

	if (act == NULL)
		return false;
	(void)snprintf(file, sizeof file, "acts/%.32s", name);
	lahetti_buffer_init(&bytes, LAHETTI_ACT_MOST);
	ok = home_read(c, file, &bytes, &found);
	if (ok && found) {
		note = lahetti_span(lahetti_arena_copy(&c->arena, bytes.data, bytes.len),
				    bytes.len);
		ok = note.data != NULL || cli_no_memory(c);
	}
	lahetti_buffer_finish(&bytes);
	for (size_t i = 0; ok && found && i < g->n; i++)
		if (lahetti_act_open(act, note, g->list[i].log, NULL))
			return follow_act(c, g, note, act);
	return ok;
}

bool generations_load(struct cli *c, const char *log_key, struct generations *g)
{
	const char **names;
	size_t n;

	*g = (struct generations){.n = 0};
	if (!add_generation(c, g, log_key, UINT64_MAX) || !home_list(c, "acts", &names, &n))
		return false;
	/* From the newest back: each reaches those before it. */
	for (; n > 0 && g->n_acts < GENERATIONS_MOST; n--)
		if (!read_act(c, g, names[n - 1]))
			return false;
	return true;
}

void generations_finish(struct generations *g)
{
	for (size_t i = 0; i < g->n; i++)
		lahetti_note_verifier_destroy(g->list[i].log);
	g->n = 0;
}

const struct generation *generations_find(const struct generations *g, struct lahetti_span note)
{
	struct lahetti_checkpoint c;

	if (lahetti_checkpoint_parse(&c, note, NULL))
		for (size_t i = 0; i < g->n; i++)
			if (strcmp(lahetti_note_verifier_name(g->list[i].log), c.origin) == 0)
				return &g->list[i];
	return &g->list[0];
}

/* ---- accepting one ------------------------------------------------------------------------- */

/* An act that is looked at, and what this device has seen. */
struct acceptance {
	struct profile profile;
	struct lahetti_act act;
	uint32_t ended; /* the generation that this device trusts */
	uint32_t begun;
	bool has_seen;
	struct lahetti_checkpoint seen;
	bool seen_lost; /* some of what it has seen */
};

/* The checkpoint that is kept, where there is one: it was verified when it was. */
static bool read_seen(struct cli *c, struct lahetti_buffer *note, struct lahetti_checkpoint *seen,
		      bool *found)
{
	struct lahetti_fault fault;

	return home_read(c, "checkpoint", note, found) &&
	       (!*found || lahetti_checkpoint_parse(seen, lahetti_buffer_span(note), &fault) ||
		cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL));
}

static bool open_act(struct cli *c, struct acceptance *a, struct lahetti_span note)
{
	struct lahetti_note_verifier *log;
	struct lahetti_fault fault;
	size_t len;
	bool ok;

	log = lahetti_note_verifier_read(a->profile.log_key, &fault);
	if (log == NULL)
		return cli_fail(c, CLI_OWN_FAULT, "cli.bad-profile", c->home.path, NULL);
	ok = lahetti_act_open(&a->act, note, log, &fault);
	lahetti_note_verifier_destroy(log);
	if (!ok)
		return fault.kind == LAHETTI_FAULT_MALFORMED
			       ? cli_fault(c, CLI_WRONG_USE, &fault)
			       : cli_fail(c, CLI_NOT_PROVED, "cli.act-not-trusted",
					  a->profile.log_key, NULL);
	if (strcmp(a->act.log_key, a->profile.log_key) == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.generation-known", NULL, NULL);
	a->ended = lahetti_generation_of(a->profile.log_key, &len);
	a->begun = lahetti_generation_of(a->act.log_key, &len);
	if (len != strlen(a->profile.server_name) ||
	    strncmp(a->act.log_key, a->profile.server_name, len) != 0)
		return cli_fail(c, CLI_NOT_PROVED, "code.wrong-origin", NULL, NULL);
	return true;
}

static bool contradicts(const struct lahetti_checkpoint *one,
			const struct lahetti_checkpoint *other)
{
	return strcmp(one->origin, other->origin) == 0 && one->size == other->size &&
	       !lahetti_digest_equal(&one->root, &other->root);
}

/* The act's checkpoints and the one seen here must be of one log. */
static bool compare_seen(struct cli *c, struct acceptance *a, struct lahetti_span note,
			 struct lahetti_span act)
{
	char path[HOME_FILE_MOST];

	if (!a->has_seen)
		return true;
	if (contradicts(&a->seen, &a->act.last) || contradicts(&a->seen, &a->act.newest)) {
		if (!home_write(c, "fork-seen", note) || !home_write(c, "fork-shown", act) ||
		    !home_file(c, "fork-shown", path))
			return false;
		return cli_fail(c, CLI_FORKED, "cli.forked", path, NULL);
	}
	a->seen_lost =
		strcmp(a->seen.origin, a->act.last.origin) != 0 || a->seen.size > a->act.last.size;
	return true;
}

static const char *number_text(char text[32], uint64_t number)
{
	(void)snprintf(text, 32, "%" PRIu64, number);
	return text;
}

/* In plain words, or as facts for a program. */
static bool tell(struct cli *c, const struct acceptance *a)
{
	char one[32], other[32];
	struct table *t;

	if (c->json) {
		t = table_create(c, TABLE_CARD);
		if (t == NULL)
			return false;
		table_row(t);
		table_number(t, "generation", a->begun);
		table_number(t, "restored", a->act.last.size);
		table_number(t, "newest", a->act.newest.size);
		table_number(t, "seen", a->has_seen ? a->seen.size : 0);
		table_flag(t, "seen-lost", a->seen_lost);
		return table_print(t, true);
	}
	cli_say(c, "cli.generation", number_text(one, a->begun),
		number_text(other, a->act.last.size));
	if (lahetti_act_lost(&a->act) > 0)
		cli_say(c, "cli.generation-lost", number_text(one, a->act.last.size),
			number_text(other, a->act.newest.size - 1));
	else
		cli_say(c, "cli.generation-nothing-lost", NULL, NULL);
	if (!a->has_seen || !a->seen_lost) {
		cli_say(c, "cli.generation-seen-kept", NULL, NULL);
		return true;
	}
	cli_say(c, "cli.generation-seen-lost", number_text(one, a->seen.size),
		number_text(other, a->act.last.size));
	if (strcmp(a->seen.origin, a->act.newest.origin) == 0 && a->seen.size > a->act.newest.size)
		cli_say(c, "cli.generation-seen-more", NULL, NULL);
	return true;
}

/* Only a person goes on. */
static bool agreed(struct cli *c)
{
	char answer[16];

	if (args_given(c, "yes"))
		return true;
	if (!cli_can_ask())
		return cli_fail(c, CLI_WRONG_USE, "cli.say-yes", NULL, NULL);
	(void)fprintf(stderr, "%s ", cli_text(c, "cli.generation-question"));
	if (fgets(answer, sizeof answer, stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, cli_text(c, "cli.yes")) == 0 ||
	       cli_fail(c, CLI_WRONG_USE, "cli.not-accepted", NULL, NULL);
}

/* The key is taken last: a crash before leaves the device where it was. */
static bool take_generation(struct cli *c, struct acceptance *a, struct lahetti_span act,
			    struct lahetti_span seen, size_t *again)
{
	char name[NAME_MOST];

	if (a->seen_lost && !outbox_again(c, lahetti_now_us() - THIRTY_DAYS_US, again))
		return false;
	/* What was seen of the ended one is kept: it proves what was lost. */
	(void)snprintf(name, sizeof name, "checkpoint-%" PRIu32, a->ended);
	if (a->has_seen && !home_write(c, name, seen))
		return false;
	(void)snprintf(name, sizeof name, "acts/%010" PRIu32, a->begun);
	if (!home_write(c, name, act))
		return false;
	(void)snprintf(a->profile.log_key, sizeof a->profile.log_key, "%s", a->act.log_key);
	return profile_write(c, &a->profile);
}

static bool accept_act(struct cli *c, struct acceptance *a, struct lahetti_span act,
		       struct lahetti_span seen)
{
	char number[32];
	size_t again = 0;
	bool ok;

	if (!home_lock(c))
		return false;
	ok = take_generation(c, a, act, seen, &again);
	home_unlock(c);
	if (!ok)
		return false;
	cli_say(c, "cli.generation-accepted", NULL, NULL);
	if (again > 0)
		cli_say(c, "cli.outbox-again", number_text(number, again), NULL);
	return true;
}

bool command_audit_accept_generation(struct cli *c)
{
	struct acceptance *a = cli_take(c, sizeof *a);
	struct lahetti_buffer act, seen;
	bool ok;

	if (a == NULL)
		return false;
	lahetti_buffer_init(&act, LAHETTI_ACT_MOST);
	lahetti_buffer_init(&seen, LAHETTI_NOTE_MOST);
	ok = profile_read(c, &a->profile, NULL) && home_read_path(c, args_value(c, "FILE"), &act) &&
	     open_act(c, a, lahetti_buffer_span(&act)) &&
	     read_seen(c, &seen, &a->seen, &a->has_seen) &&
	     compare_seen(c, a, lahetti_buffer_span(&seen), lahetti_buffer_span(&act)) &&
	     tell(c, a) && agreed(c) &&
	     accept_act(c, a, lahetti_buffer_span(&act), lahetti_buffer_span(&seen));
	lahetti_buffer_finish(&act);
	lahetti_buffer_finish(&seen);
	return ok;
}

/* ---- what was seen ------------------------------------------------------------------------- */

/* The newest head that this device has verified: for whoever restores a server. */
bool command_audit_checkpoint(struct cli *c)
{
	const char *path = args_value(c, "out");
	struct lahetti_checkpoint seen;
	struct lahetti_buffer note;
	bool found, ok;

	lahetti_buffer_init(&note, LAHETTI_NOTE_MOST);
	ok = profile_read(c, &(struct profile){0}, NULL) && read_seen(c, &note, &seen, &found) &&
	     (found || cli_fail(c, CLI_WRONG_USE, "cli.no-checkpoint", NULL, NULL));
	if (ok && path != NULL)
		ok = home_write_path(c, path, lahetti_buffer_span(&note));
	else if (ok)
		(void)fwrite(note.data, 1, note.len, stdout);
	lahetti_buffer_finish(&note);
	return ok;
}
