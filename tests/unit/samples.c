#include "samples.h"

#include "lahetti/message.h"

#include <lahetti/v1/common.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct lahetti_id ids[SAMPLE_WHOES];
static uint8_t digest[LAHETTI_DIGEST_LEN];
static uint8_t salt[LAHETTI_SALT_LEN];

static void make_ids(void)
{
	for (int i = 1; i < SAMPLE_WHOES; i++)
		ids[i] = (struct lahetti_id){
			{0x01, 0x9c, 0xae, 0x00, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, (uint8_t)i},
		};
	memset(digest, 0xd1, sizeof digest);
	memset(salt, 0x5a, sizeof salt);
}

const struct lahetti_id *sample_id(enum sample_who who)
{
	if (lahetti_id_empty(&ids[SAMPLE_WHOES - 1]))
		make_ids();
	return &ids[who];
}

ProtobufCBinaryData sample_bytes(enum sample_who who)
{
	return lahetti_bytes(lahetti_id_span(sample_id(who)));
}

static ProtobufCBinaryData a_digest(void)
{
	return lahetti_bytes(lahetti_span(digest, sizeof digest));
}

static void refer(Lahetti__V1__Reference *reference, enum sample_who who)
{
	lahetti__v1__reference__init(reference);
	reference->id = sample_bytes(who);
	reference->sha256 = a_digest();
}

static void init_recipient(Lahetti__V1__Recipient *r, Lahetti__V1__RecipientKind kind)
{
	lahetti__v1__recipient__init(r);
	r->kind = kind;
	r->organisation = sample_bytes(SAMPLE_CITY);
	r->unit = sample_bytes(SAMPLE_COACHING);
}

static void init_header(struct sample *s, const struct lahetti_kind_row *kind)
{
	Lahetti__V1__Header *h = &s->header;
	bool sends = kind->replies_to == 0 || kind->number == LAHETTI_KIND_INFORMATION_ANSWER ||
		     kind->number == LAHETTI_KIND_WITHDRAWAL;

	lahetti__v1__header__init(h);
	h->id = sample_bytes(SAMPLE_STATEMENT);
	h->salt = lahetti_bytes(lahetti_span(salt, sizeof salt));
	h->audience = lahetti_text("lahetti.example.fi/lahetti");
	h->kind = kind->number;
	h->kind_version = kind->version;
	h->author = sample_bytes(sends ? SAMPLE_WORKER : SAMPLE_COACH);
	h->device = a_digest();
	h->role = sends ? LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER : LAHETTI__V1__ROLE__ROLE_JOB_COACH;
	h->unit = sample_bytes(sends ? SAMPLE_CLINIC : SAMPLE_COACHING);
	h->organisation = sample_bytes(sends ? SAMPLE_COUNTY : SAMPLE_CITY);
	h->created_us = SAMPLE_CREATED_US;
	if (kind->has_client) {
		h->client = sample_bytes(SAMPLE_CLIENT);
		h->case_id = sample_bytes(SAMPLE_CASE);
	}
	refer(&s->in_reply_to, SAMPLE_REPLIED);
	refer(&s->replaces, SAMPLE_REPLACED);
	if (kind->replies_to != 0)
		h->in_reply_to = &s->in_reply_to;
	for (int i = 0; i < 2; i++) {
		refer(&s->consent[i], i == 0 ? SAMPLE_CONSENT : SAMPLE_SECOND_CONSENT);
		s->consents[i] = &s->consent[i];
		init_recipient(&s->recipient[i], LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER);
		s->recipient[i].user = sample_bytes(i == 0 ? SAMPLE_COACH : SAMPLE_OTHER);
		s->recipients[i] = &s->recipient[i];
		lahetti__v1__attachment__init(&s->attachment[i]);
		s->attachment[i].id = sample_bytes(SAMPLE_ATTACHMENT);
		s->attachment[i].sha256 = a_digest();
		s->attachment[i].size = 12345;
		s->attachment[i].media_type = lahetti_text("application/pdf");
		s->attachment[i].name = lahetti_text("suostumus – allekirjoitettu.pdf");
		s->attachments[i] = &s->attachment[i];
	}
	init_recipient(&s->redirect_to, LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE);
	s->redirect_to.unit = sample_bytes(SAMPLE_WORKSHOP);
	h->consents = s->consents;
	h->recipients = s->recipients;
	h->categories = s->categories;
	h->attachments = s->attachments;
	lahetti__v1__basis__init(&s->basis);
	s->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT;
	if (kind->recipients == 0)
		return;
	h->basis = &s->basis;
	h->n_recipients = 1;
	h->n_consents = 1;
	h->n_categories = 2;
	s->categories[0] = LAHETTI__V1__CATEGORY__CATEGORY_CONTACT;
	s->categories[1] = LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED;
	if (kind->feedback) {
		h->n_categories = 1;
		s->categories[0] = LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK;
		s->recipient[0].organisation = sample_bytes(SAMPLE_COUNTY);
		s->recipient[0].unit = sample_bytes(SAMPLE_CLINIC);
		s->recipient[0].user = sample_bytes(SAMPLE_WORKER);
	}
}

static void init_referral(struct sample *s)
{
	Lahetti__V1__Referral *r = &s->referral;

	lahetti__v1__referral__init(r);
	r->own_words = lahetti_text("Olen ollut pitkään poissa työelämästä.\nNyt jaksan taas.");
	r->wish = lahetti_text("Haluan takaisin keittiötöihin, aluksi osa-aikaisesti.");
	r->client_agrees = true;
	r->asked = s->asked;
	r->n_asked = 2;
	s->asked[0] = LAHETTI__V1__SERVICE__SERVICE_JOB_COACHING;
	s->asked[1] = LAHETTI__V1__SERVICE__SERVICE_BENEFITS_COUNSELLING;
	r->urgency = LAHETTI__V1__URGENCY__URGENCY_NORMAL;
	for (int i = 0; i < 2; i++) {
		lahetti__v1__criterion_answer__init(&s->criterion[i]);
		s->criteria[i] = &s->criterion[i];
	}
	s->criterion[0].criterion = LAHETTI__V1__CRITERION__CRITERION_LONG_UNEMPLOYMENT;
	s->criterion[0].answer = LAHETTI__V1__ANSWER__ANSWER_YES;
	s->criterion[1].criterion = LAHETTI__V1__CRITERION__CRITERION_WANTS_TO_WORK;
	s->criterion[1].answer = LAHETTI__V1__ANSWER__ANSWER_NOT_KNOWN;
	r->criteria = s->criteria;
	r->n_criteria = 2;
	r->language = lahetti_text("sv-FI");
	r->interpreter = true;
	r->place = lahetti_text("kirjastossa, iltapäivisin");
	r->reference = lahetti_text("D/123/2026");
}

static void init_consent(struct sample *s)
{
	Lahetti__V1__Consent *c = &s->given;

	lahetti__v1__consent__init(c);
	c->giver = LAHETTI__V1__GIVER__GIVER_CLIENT;
	c->purposes = s->purposes;
	c->n_purposes = 1;
	s->purposes[0] = LAHETTI__V1__PURPOSE__PURPOSE_EMPLOYMENT_SUPPORT;
	c->categories = s->given_categories;
	c->n_categories = 2;
	s->given_categories[0] = LAHETTI__V1__CATEGORY__CATEGORY_CONTACT;
	s->given_categories[1] = LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED;
	for (int i = 0; i < 2; i++) {
		lahetti__v1__party__init(&s->party[i]);
		s->party[i].organisation = sample_bytes(i == 0 ? SAMPLE_CITY : SAMPLE_KELA);
		s->parties[i] = &s->party[i];
	}
	c->parties = s->parties;
	c->n_parties = 1;
	c->from = 20260101;
	c->until = 20261231;
	c->how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_PAPER;
	c->witness = sample_bytes(SAMPLE_WORKER);
	c->scan = sample_bytes(SAMPLE_ATTACHMENT);
	c->leaflet_version = lahetti_text("2026-01");
	c->language = lahetti_text("fi");
	c->kanta_checked = true;
	refer(&s->document, SAMPLE_REPLIED);
	lahetti__v1__withdrawal__init(&s->withdrawal);
	s->withdrawal.how = lahetti_text("Puhelimitse");
	s->withdrawal.parties = s->parties;
	s->withdrawal.categories = s->given_categories;
}

static void init_replies(struct sample *s)
{
	lahetti__v1__acknowledgement__init(&s->acknowledgement);
	s->acknowledgement.delivery = sample_bytes(SAMPLE_DELIVERY);
	s->acknowledgement.step = LAHETTI__V1__STEP__STEP_TAKE;
	lahetti__v1__information_request__init(&s->request);
	s->request.delivery = sample_bytes(SAMPLE_DELIVERY);
	s->request.question = lahetti_text("Onko terveystarkastus tehty?");
	s->request.answer_by = 20260316;
	lahetti__v1__information_answer__init(&s->answer);
	s->answer.delivery = sample_bytes(SAMPLE_DELIVERY);
	s->answer.answer = lahetti_text("On, helmikuussa.");
	lahetti__v1__interim_report__init(&s->report);
	s->report.delivery = sample_bytes(SAMPLE_DELIVERY);
	s->report.report = lahetti_text("Profilointi on tehty.");
	s->report.phase = LAHETTI__V1__PHASE__PHASE_JOB_SEARCH;
	lahetti__v1__closing__init(&s->closing);
	s->closing.delivery = sample_bytes(SAMPLE_DELIVERY);
	s->closing.outcome = LAHETTI__V1__OUTCOME__OUTCOME_EMPLOYED_WITH_SUBSIDY;
	s->closing.sentence_back = lahetti_text("Aloitti maaliskuussa lounaskahvilassa.");
}

void sample_init(struct sample *s, enum lahetti_kind kind)
{
	const struct lahetti_kind_row *row = lahetti_kind_find(kind);
	ProtobufCMessage *const bodies[] = {
		[LAHETTI_KIND_REFERRAL] = &s->referral.base,
		[LAHETTI_KIND_CONSENT] = &s->given.base,
		[LAHETTI_KIND_WITHDRAWAL] = &s->withdrawal.base,
		[LAHETTI_KIND_ACKNOWLEDGEMENT] = &s->acknowledgement.base,
		[LAHETTI_KIND_INFORMATION_REQUEST] = &s->request.base,
		[LAHETTI_KIND_INFORMATION_ANSWER] = &s->answer.base,
		[LAHETTI_KIND_INTERIM_REPORT] = &s->report.base,
		[LAHETTI_KIND_CLOSING] = &s->closing.base,
	};

	*s = (struct sample){.body = bodies[kind]};
	init_header(s, row);
	init_referral(s);
	init_consent(s);
	init_replies(s);
	if (kind == LAHETTI_KIND_CONSENT)
		s->header.n_attachments = 1;
}

struct lahetti_span sample_pack(const struct sample *s, struct lahetti_arena *arena)
{
	Lahetti__V1__Statement statement = LAHETTI__V1__STATEMENT__INIT;
	struct lahetti_span packed;

	statement.header = (Lahetti__V1__Header *)(uintptr_t)&s->header;
	statement.body = lahetti_bytes(lahetti_message_pack(s->body, arena));
	packed = lahetti_message_pack(&statement.base, arena);
	assert_non_null(packed.data);
	return packed;
}

struct lahetti_statement sample_statement(const struct sample *s)
{
	return (struct lahetti_statement){
		.kind = lahetti_kind_find(s->header.kind),
		.header = &s->header,
		.body = s->body,
	};
}
