#include "lahetti/act.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE	  "lahetti operator act v1"
#define ROOT_TEXT 44 /* a root in base64 */

static bool bad_act(struct lahetti_fault *f, const char *why)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-act",
				 "An operator act is malformed: %s.", why);
}

uint32_t lahetti_generation_of(const char *origin, size_t *name_len)
{
	size_t len = strcspn(origin, "+");
	size_t at = len;
	uint64_t generation = 0;

	*name_len = 0;
	while (at > 0 && origin[at - 1] >= '0' && origin[at - 1] <= '9')
		at--;
	if (at < 2 || at == len || len - at > 10 || origin[at] == '0' || origin[at - 1] != '/')
		return 0;
	for (size_t i = at; i < len; i++)
		generation = generation * 10 + (uint64_t)(origin[i] - '0');
	if (generation > UINT32_MAX)
		return 0;
	*name_len = at - 1;
	return (uint32_t)generation;
}

uint64_t lahetti_act_lost(const struct lahetti_act *act)
{
	return act->newest.size > act->last.size ? act->newest.size - act->last.size : 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The next lines of the text, with their newlines; false where there are not so many. */
static bool take_lines(struct lahetti_span *text, unsigned n, struct lahetti_span *lines)
{
	size_t len = 0;

	for (; n > 0; n--) {
		const uint8_t *end =
			len < text->len ? memchr(text->data + len, '\n', text->len - len) : NULL;

		if (end == NULL)
			return false;
		len = (size_t)(end - text->data) + 1;
	}
	*lines = lahetti_span(text->data, len);
	*text = lahetti_span(text->data + len, text->len - len);
	return true;
}

static bool take_key(struct lahetti_span *text, char key[LAHETTI_VKEY_MOST + 1],
		     struct lahetti_fault *f)
{
	struct lahetti_note_verifier *v;
	struct lahetti_span line;

	if (!take_lines(text, 1, &line) || line.len - 1 > LAHETTI_VKEY_MOST)
		return bad_act(f, "a line that should be a verifier key is none");
	memcpy(key, line.data, line.len - 1);
	key[line.len - 1] = '\0';
	v = lahetti_note_verifier_read(key, f);
	lahetti_note_verifier_destroy(v);
	return v != NULL;
}

static bool take_checkpoint(struct lahetti_span *text, struct lahetti_checkpoint *c,
			    struct lahetti_fault *f)
{
	struct lahetti_span lines;

	return take_lines(text, 3, &lines) ? lahetti_checkpoint_parse(c, lines, f)
					   : bad_act(f, "a checkpoint is missing in it");
}

static bool names(const char *key, const char *origin)
{
	size_t len = strlen(origin);

	return strncmp(key, origin, len) == 0 && key[len] == '+';
}

/* Each ended generation is of the same log and older than the new one. */
static bool check_generations(const struct lahetti_act *act, struct lahetti_fault *f)
{
	size_t len;
	size_t own_len;
	uint32_t generation = lahetti_generation_of(act->log_key, &own_len);
	uint32_t before = 0;
	bool newest = false;

	if (generation == 0)
		return bad_act(f, "its new key names no generation");
	for (size_t i = 0; i < act->n_ended; i++) {
		uint32_t ended = lahetti_generation_of(act->ended[i], &len);

		if (len != own_len || strncmp(act->ended[i], act->log_key, len) != 0 ||
		    ended <= before || ended >= generation)
			return bad_act(f, "the generations that it ends are of another log or in "
					  "the wrong order");
		before = ended;
		newest = newest || names(act->ended[i], act->newest.origin);
	}
	if (act->n_ended == 0 || !names(act->ended[0], act->last.origin) || !newest)
		return bad_act(f, "its checkpoints are of generations that it does not end");
	if (strcmp(act->last.origin, act->newest.origin) == 0 &&
	    (act->newest.size < act->last.size ||
	     (act->newest.size == act->last.size &&
	      !lahetti_digest_equal(&act->newest.root, &act->last.root))))
		return bad_act(f, "its newest checkpoint contradicts the last one");
	return true;
}

static bool parse(struct lahetti_act *act, struct lahetti_span text, struct lahetti_fault *f)
{
	struct lahetti_span title;

	*act = (struct lahetti_act){.n_ended = 0};
	if (!take_lines(&text, 1, &title) ||
	    !lahetti_span_equal(title, lahetti_span_text(TITLE "\n")))
		return bad_act(f, "it does not begin as one");
	if (!take_key(&text, act->log_key, f) || !take_checkpoint(&text, &act->last, f) ||
	    !take_checkpoint(&text, &act->newest, f))
		return false;
	for (; text.len > 0; act->n_ended++) {
		if (act->n_ended == LAHETTI_ENDED_MOST)
			return bad_act(f, "it ends too many generations");
		if (!take_key(&text, act->ended[act->n_ended], f))
			return false;
	}
	return check_generations(act, f);
}

bool lahetti_act_open(struct lahetti_act *act, struct lahetti_span note,
		      const struct lahetti_note_verifier *v, struct lahetti_fault *f)
{
	const char *key = lahetti_note_verifier_vkey(v);
	struct lahetti_span text;
	bool named;

	if (note.len > LAHETTI_ACT_MOST)
		return bad_act(f, "it is too long");
	if (!lahetti_note_open(note, v, &text, f) || !parse(act, text, f))
		return false;
	named = strcmp(act->log_key, key) == 0;
	for (size_t i = 0; i < act->n_ended; i++)
		named = named || strcmp(act->ended[i], key) == 0;
	return named || bad_act(f, "it does not name the key that signed it");
}

/* ---- signing ------------------------------------------------------------------------------- */

static int format_checkpoint(char *text, size_t room, const struct lahetti_checkpoint *c)
{
	char root[ROOT_TEXT + 1];

	lahetti_base64(lahetti_digest_span(&c->root), root);
	return snprintf(text, room, "%s\n%" PRIu64 "\n%s\n", c->origin, c->size, root);
}

bool lahetti_act_sign(struct lahetti_act *act, const struct lahetti_note_signer *const *signers,
		      size_t n, struct lahetti_buffer *note, struct lahetti_fault *f)
{
	char text[LAHETTI_ACT_MOST];
	size_t len;
	struct lahetti_act *again;
	bool ok;

	if (n < 2 || n > LAHETTI_ENDED_MOST + 1)
		return bad_act(f, "it ends no generation or too many");
	act->n_ended = n - 1;
	(void)snprintf(act->log_key, sizeof act->log_key, "%s",
		       lahetti_note_signer_vkey(signers[n - 1]));
	len = (size_t)snprintf(text, sizeof text, TITLE "\n%s\n", act->log_key);
	len += (size_t)format_checkpoint(text + len, sizeof text - len, &act->last);
	len += (size_t)format_checkpoint(text + len, sizeof text - len, &act->newest);
	for (size_t i = 0; i < act->n_ended; i++) {
		(void)snprintf(act->ended[i], sizeof act->ended[i], "%s",
			       lahetti_note_signer_vkey(signers[i]));
		len += (size_t)snprintf(text + len, sizeof text - len, "%s\n", act->ended[i]);
	}
	/* What could be read as something else is never signed. */
	again = malloc(sizeof *again);
	ok = again != NULL ? parse(again, lahetti_span(text, len), f) : lahetti_fault_no_memory(f);
	free(again);
	return ok && lahetti_note_sign(lahetti_span(text, len), signers, n, note, f);
}
