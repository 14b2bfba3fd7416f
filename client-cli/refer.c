/* Referrals: writing and sending one, and who would see it. */

#include "client.h"
#include "commands.h"
#include "directory.h"
#include "form.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"
#include "statement.h"

#include <string.h>

#define CRITERIA_MOST 32

/* What a referral tells where nothing else is said. */
static const Lahetti__V1__Category usual[] = {
	LAHETTI__V1__CATEGORY__CATEGORY_CONTACT,
	LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED,
};

/* The body, and what it points to. */
struct referral {
	Lahetti__V1__Referral body;
	Lahetti__V1__CriterionAnswer *criteria[CRITERIA_MOST];
	struct draft draft;
};

/* "CRITERION=ANSWER" */
static bool read_criterion(struct cli *c, const char *text, Lahetti__V1__CriterionAnswer **out)
{
	Lahetti__V1__CriterionAnswer *a = cli_take(c, sizeof *a);
	const char *equals = strchr(text, '=');
	char name[64];
	int criterion, answer;

	if (a == NULL)
		return false;
	if (equals == NULL || (size_t)(equals - text) >= sizeof name)
		return cli_fail(c, CLI_WRONG_USE, "cli.bad-criterion", text, NULL);
	memcpy(name, text, (size_t)(equals - text));
	name[equals - text] = '\0';
	if (!args_word_of(c, name, &lahetti__v1__criterion__descriptor, &criterion) ||
	    !args_word_of(c, equals + 1, &lahetti__v1__answer__descriptor, &answer))
		return false;
	lahetti__v1__criterion_answer__init(a);
	a->criterion = (Lahetti__V1__Criterion)criterion;
	a->answer = (Lahetti__V1__Answer)answer;
	*out = a;
	return true;
}

static bool read_criteria(struct cli *c, struct referral *r)
{
	const char *text;
	size_t at = 0;

	r->body.criteria = r->criteria;
	while ((text = args_next(c, "criterion", &at)) != NULL) {
		if (r->body.n_criteria == CRITERIA_MOST)
			return cli_fail(c, CLI_WRONG_USE, "cli.too-many-arguments", NULL, NULL);
		if (!read_criterion(c, text, &r->criteria[r->body.n_criteria++]))
			return false;
	}
	return true;
}

static bool read_body(struct cli *c, struct referral *r)
{
	Lahetti__V1__Referral *b = &r->body;
	const struct {
		const char *name;
		char **field;
	} texts[] = {
		{"words", &b->own_words},	  {"wish", &b->wish},
		{"asked-text", &b->asked_text},	  {"letter", &b->cover_letter},
		{"language", &b->language},	  {"place", &b->place},
		{"reference", &b->reference},	  {"service-task", &b->service_task},
		{"legal-basis", &b->legal_basis},
	};
	int urgency = LAHETTI__V1__URGENCY__URGENCY_NORMAL;
	int *asked;

	lahetti__v1__referral__init(b);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (args_given(c, texts[i].name))
			*texts[i].field = lahetti_text(args_value(c, texts[i].name));
	b->client_agrees = args_given(c, "client-agrees");
	b->interpreter = args_given(c, "interpreter");
	if (!args_word(c, "urgency", &lahetti__v1__urgency__descriptor, &urgency) ||
	    !args_words_all(c, "ask", &lahetti__v1__service__descriptor, &asked, &b->n_asked))
		return false;
	b->urgency = (Lahetti__V1__Urgency)urgency;
	b->asked = (Lahetti__V1__Service *)(void *)asked;
	return read_criteria(c, r);
}

/* What --replaces names, of one's own unit. */
static bool read_replaced(struct cli *c, struct draft *d, struct known_statement *known)
{
	const char *text = args_value(c, "replaces");

	if (text == NULL)
		return true;
	if (!statement_find(c, text, known))
		return false;
	d->header.replaces =
		draft_reference(c, lahetti_bytes(lahetti_id_span(&known->id)), known->sha256);
	return d->header.replaces != NULL;
}

static bool send(struct cli *c)
{
	struct referral *r = cli_take(c, sizeof *r);
	struct known_statement replaced;
	struct signed_statement s;
	struct client client;
	struct draft *d;

	if (r == NULL || !read_body(c, r))
		return false;
	d = &r->draft;
	draft_init(d, LAHETTI_KIND_REFERRAL, &r->body.base);
	if (!args_date(c, "deadline", &d->header.deadline))
		return false;
	if (!args_given(c, "client"))
		return cli_fail(c, CLI_WRONG_USE, "code.missing-client", NULL, NULL);
	if (!session_act_offline(c) || !directory_load(c) ||
	    !client_find(c, args_value(c, "client"), &client) || !draft_recipients(c, d) ||
	    !draft_categories(c, d, usual, sizeof usual / sizeof usual[0]) ||
	    !draft_consents(c, d) || !draft_basis(c, d) || !read_replaced(c, d, &replaced) ||
	    !draft_attachments(c, d))
		return false;
	d->header.client = lahetti_bytes(lahetti_id_span(&client.id));
	d->header.case_id = lahetti_bytes(lahetti_id_span(&client.case_id));
	return draft_sign(c, d, &s) && statement_submit(c, &s);
}

bool command_refer(struct cli *c)
{
	bool edited, ok;

	if (!form_fill(c, &edited))
		return false;
	ok = send(c);
	if (edited)
		form_done(c, ok);
	return ok;
}

/* ---- who would see this -------------------------------------------------------------------- */

bool command_who_would_see(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoWouldSee question = LAHETTI__V1__WHO_WOULD_SEE__INIT;
	Lahetti__V1__ServerFrame *answer;
	struct client client;
	struct draft d;
	struct table *t;

	draft_init(&d, LAHETTI_KIND_REFERRAL, NULL);
	if (!session_act(c) || !directory_load(c) ||
	    !client_find(c, args_value(c, "client"), &client) || !draft_recipients(c, &d) ||
	    !draft_categories(c, &d, usual, sizeof usual / sizeof usual[0]) ||
	    !draft_consents(c, &d) || !draft_basis(c, &d))
		return false;
	question.client = lahetti_bytes(lahetti_id_span(&client.id));
	question.case_id = lahetti_bytes(lahetti_id_span(&client.case_id));
	question.recipients = d.recipients;
	question.n_recipients = d.header.n_recipients;
	question.categories = d.categories;
	question.n_categories = d.header.n_categories;
	question.consents = d.consents;
	question.n_consents = d.header.n_consents;
	question.kind = LAHETTI_KIND_REFERRAL;
	question.basis = d.header.basis;
	frame.body_case = SESSION_CLIENT(WHO_WOULD_SEE);
	frame.who_would_see = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(VIEWERS));
	t = answer != NULL ? table_create(c, TABLE_LIST) : NULL;
	if (t == NULL)
		return false;
	for (size_t i = 0; i < answer->viewers->n_viewers; i++) {
		const Lahetti__V1__Viewer *v = answer->viewers->viewers[i];
		const char *unit = directory_name(c, v->unit);

		table_row(t);
		table_recipient(t, "recipient",
				v->recipient < d.header.n_recipients ? d.recipients[v->recipient]
								     : NULL);
		table_text(t, "user", v->user_name);
		table_text(t, "unit", unit != NULL ? unit : "");
		table_word(t, "role", &lahetti__v1__role__descriptor, (int)v->role);
		table_word(t, "basis", &lahetti__v1__basis_kind__descriptor, (int)v->basis);
		table_code(t, "why-not", v->code);
	}
	return table_print(t, true);
}
