/* Consents to disclosure, and their withdrawal. */

#include "attachment.h"
#include "casefile.h"
#include "client.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "session.h"
#include "statement.h"

#include <string.h>

#define PARTIES_MOST 50

static bool read_parties(struct cli *c, Lahetti__V1__Party ***parties, size_t *n)
{
	const char *text;
	size_t at = 0;

	*n = 0;
	*parties = cli_take(c, PARTIES_MOST * sizeof **parties);
	if (*parties == NULL)
		return false;
	while ((text = args_next(c, "party", &at)) != NULL) {
		if (*n == PARTIES_MOST)
			return cli_fail(c, CLI_WRONG_USE, "cli.too-many-arguments", NULL, NULL);
		if (!directory_party(c, text, &(*parties)[(*n)++]))
			return false;
	}
	return true;
}

/* A statement of one's own unit, as a reference that lives as long as the run. */
static bool read_reference(struct cli *c, const char *name, Lahetti__V1__Reference **reference)
{
	const char *text = args_value(c, name);
	struct known_statement known;
	const uint8_t *id;

	if (text == NULL)
		return true;
	if (!statement_find(c, text, &known))
		return false;
	id = lahetti_arena_copy(&c->arena, known.id.bytes, sizeof known.id.bytes);
	if (id == NULL)
		return cli_no_memory(c);
	*reference = draft_reference(c, lahetti_bytes(lahetti_span(id, sizeof known.id.bytes)),
				     known.sha256);
	return *reference != NULL;
}

/* Who took the consent: oneself, where nobody else is named. */
static bool read_witness(struct cli *c, ProtobufCBinaryData *witness)
{
	const char *text = args_value(c, "witness");
	const Lahetti__V1__User *user;

	*witness = lahetti_bytes(lahetti_id_span(&c->session->profile.user));
	if (text == NULL)
		return true;
	if (!directory_user(c, text, strlen(text), NULL, &user))
		return false;
	*witness = user->id;
	return true;
}

static bool read_terms(struct cli *c, Lahetti__V1__Consent *b)
{
	const struct {
		const char *name;
		char **field;
	} texts[] = {
		{"giver-name", &b->giver_name}, {"trustee-scope", &b->trustee_scope},
		{"event", &b->event},		{"leaflet", &b->leaflet_version},
		{"language", &b->language},
	};
	int giver = 0, how = 0;
	int *purposes, *categories;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (args_given(c, texts[i].name))
			*texts[i].field = lahetti_text(args_value(c, texts[i].name));
	b->kanta_checked = args_given(c, "kanta-checked");
	b->covers_feedback = args_given(c, "covers-feedback");
	if (!args_word(c, "giver", &lahetti__v1__giver__descriptor, &giver) ||
	    !args_word(c, "how", &lahetti__v1__how_given__descriptor, &how) ||
	    !args_date(c, "from", &b->from) || !args_date(c, "until", &b->until) ||
	    !args_words_all(c, "purpose", &lahetti__v1__purpose__descriptor, &purposes,
			    &b->n_purposes) ||
	    !args_words_all(c, "category", &lahetti__v1__category__descriptor, &categories,
			    &b->n_categories))
		return false;
	b->giver = (Lahetti__V1__Giver)giver;
	b->how = (Lahetti__V1__HowGiven)how;
	b->purposes = (Lahetti__V1__Purpose *)(void *)purposes;
	b->categories = (Lahetti__V1__Category *)(void *)categories;
	return true;
}

bool command_consent(struct cli *c)
{
	Lahetti__V1__Consent body = LAHETTI__V1__CONSENT__INIT;
	struct signed_statement s;
	struct client client;
	struct draft d;

	if (!read_terms(c, &body) || !session_act_offline(c) || !directory_load(c) ||
	    !client_find(c, args_value(c, "client"), &client) ||
	    !read_parties(c, &body.parties, &body.n_parties) || !read_witness(c, &body.witness) ||
	    !read_reference(c, "document", &body.document))
		return false;
	draft_init(&d, LAHETTI_KIND_CONSENT, &body.base);
	d.header.client = lahetti_bytes(lahetti_id_span(&client.id));
	d.header.case_id = lahetti_bytes(lahetti_id_span(&client.case_id));
	if (args_given(c, "scan") && !attachment_add(c, &d, args_value(c, "scan"), &body.scan))
		return false;
	return draft_attachments(c, &d) && read_reference(c, "replaces", &d.header.replaces) &&
	       draft_sign(c, &d, &s) && statement_submit(c, &s);
}

/* Another unit's is found among the client's; of one's own the receipt says whose it was. */
static bool find_consent(struct cli *c, const char *text, struct known_statement *consent)
{
	const Lahetti__V1__CaseEntry *entry;
	struct client *client;

	if (!args_given(c, "client"))
		return statement_find(c, text, consent);
	client = cli_take(c, sizeof *client);
	if (client == NULL || !client_find(c, args_value(c, "client"), client) ||
	    !casefile_find(c, client, text, &entry))
		return false;
	*consent = (struct known_statement){
		.sha256 = entry->sha256,
		.client = lahetti_bytes(lahetti_id_span(&client->id)),
		.case_id = lahetti_bytes(lahetti_id_span(&client->case_id)),
	};
	return lahetti_id_read(&consent->id, lahetti_bytes_span(entry->statement), NULL);
}

bool command_withdraw(struct cli *c)
{
	Lahetti__V1__Withdrawal body = LAHETTI__V1__WITHDRAWAL__INIT;
	struct known_statement consent;
	struct signed_statement s;
	struct draft d;
	int *categories;

	if (!args_words_all(c, "category", &lahetti__v1__category__descriptor, &categories,
			    &body.n_categories) ||
	    !session_act_offline(c) || !directory_load(c) ||
	    !find_consent(c, args_value(c, "STATEMENT"), &consent) ||
	    !read_parties(c, &body.parties, &body.n_parties))
		return false;
	body.categories = (Lahetti__V1__Category *)(void *)categories;
	body.how = lahetti_text(args_value(c, "how"));
	draft_init(&d, LAHETTI_KIND_WITHDRAWAL, &body.base);
	d.header.client = consent.client;
	d.header.case_id = consent.case_id;
	d.header.in_reply_to =
		draft_reference(c, lahetti_bytes(lahetti_id_span(&consent.id)), consent.sha256);
	return d.header.in_reply_to != NULL && draft_attachments(c, &d) && draft_sign(c, &d, &s) &&
	       statement_submit(c, &s);
}
