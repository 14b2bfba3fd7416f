/*
 * Wrong input over the real wire: every row of wrong_input.def, and rows made from the protocol's
 * own descriptors, gets one clear sentence with a stable code of the right class; the session lives
 * on where the protocol lets it; the trail grows by the refusal at most; nothing is half done.
 */

#include "county.h"
#include "lahetti/dsse.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/note.h"
#include "lahetti/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define ARENA	  (1u << 20)
#define MINUTE_US INT64_C(60000000)
#define DAY_US	  (1440 * MINUTE_US)

#define FATAL	LAHETTI__V1__ERROR__CLASS__CLASS_FATAL
#define REFUSED LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED

#define SERVER(NAME)  LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define CLIENT(NAME)  LAHETTI__V1__CLIENT_FRAME__BODY_##NAME
#define ROLE(NAME)    LAHETTI__V1__ROLE__ROLE_##NAME
#define STEP(NAME)    LAHETTI__V1__STEP__STEP_##NAME
#define REASON(NAME)  LAHETTI__V1__REASON__REASON_##NAME
#define KIND_OF(NAME) LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_##NAME
#define BASIS(NAME)   LAHETTI__V1__BASIS_KIND__BASIS_KIND_##NAME
#define ENTRY(NAME)   LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_##NAME

/* A statement that was sent, and its one delivery. */
struct sent {
	struct lahetti_id statement, delivery;
	struct lahetti_digest sha256;
};

/* A county at work, another organisation beside it, and people who may not come in. */
struct scene {
	struct county county;
	struct person kela, outsider;		      /* of the other organisation */
	struct person newcomer;			      /* without a membership */
	struct person unconfirmed, revoked, disabled; /* enrolled, and no more */
	struct lahetti_id elsewhere;		      /* the outsider's unit */
	struct lahetti_id client, case_id;	      /* the worker's */
	struct lahetti_id other_client, other_case;   /* the outsider's */
	struct lahetti_id nobody;		      /* of no one and nothing */
	struct lahetti_digest no_digest;
	struct sent opened, queued, personal,
		claimed; /* to the team; the first is opened by the coach */
	struct sent consent;
	size_t rows;
};

/* Rows that were not answered as they should be: all are tried, then the test fails. */
static size_t wrong;

static void none_is_wrong(void)
{
	size_t n = wrong;

	wrong = 0;
	assert_int_equal(0, n);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* When the size of the log was asked for last, and three times before. */
static int64_t asked_us[4];

static uint64_t log_size(struct scene *s)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCheckpoint question = LAHETTI__V1__READ_CHECKPOINT__INIT;
	struct lahetti_checkpoint head;
	Lahetti__V1__ServerFrame *answer;

	memmove(asked_us, asked_us + 1, 3 * sizeof *asked_us);
	asked_us[3] = lahetti_now_us();
	frame.body_case = CLIENT(READ_CHECKPOINT);
	frame.read_checkpoint = &question;
	answer = person_expect(&s->county.officer, &frame, SERVER(CHECKPOINT));
	assert_true(
		lahetti_checkpoint_parse(&head, lahetti_bytes_span(answer->checkpoint->note), &f));
	return head.size;
}

static bool is_listed(const char *code)
{
	size_t n;
	const struct lahetti_code_row *all = lahetti_codes(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].code, code) == 0)
			return true;
	return false;
}

/* One code of codes.def, its class, and the catalogue's sentence in the session's language. */
static void check_error(const char *row, const Lahetti__V1__ServerFrame *answer, const char *code,
			Lahetti__V1__Error__Class class, enum lahetti_language language)
{
	const Lahetti__V1__Error *e = answer->error;

	const char *sentence = lahetti_text_of_code(code, language);

	if (answer->body_case != SERVER(ERROR)) {
		print_error("%s: wanted %s, got no error but %d\n", row, code,
			    (int)answer->body_case);
		wrong++;
	} else if (strcmp(e->code, code) != 0 || e->class_ != class) {
		print_error("%s: wanted %s, got %s of class %d\n", row, code, e->code,
			    (int)e->class_);
		wrong++;
	} else if (!is_listed(code) || sentence == NULL || strcmp(sentence, e->sentence) != 0) {
		print_error("%s: %s is told as “%s”\n", row, code, e->sentence);
		wrong++;
	}
}

/* The session of a person goes on. */
static void check_alive(struct person *p)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCheckpoint question = LAHETTI__V1__READ_CHECKPOINT__INIT;

	frame.body_case = CLIENT(READ_CHECKPOINT);
	frame.read_checkpoint = &question;
	(void)person_expect(p, &frame, SERVER(CHECKPOINT));
}

/*
 * Asked before each row and after it. What was only counted in a minute is told with the first
 * frame after it (server/desk/quiet.h): where that may have come since the row before was begun,
 * one event more for each row until now.
 */
static void check_growth(struct scene *s, const char *row, uint64_t before)
{
	uint64_t after = log_size(s);
	bool in_one_minute = asked_us[0] / 60000000 == lahetti_now_us() / 60000000;

	if (after > before + 1 + (in_one_minute ? 0 : s->rows)) {
		print_error("%s: the trail grew by %u events\n", row, (unsigned)(after - before));
		wrong++;
	}
	s->rows++;
}

static ProtobufCBinaryData id(const struct lahetti_id *i)
{
	return lahetti_bytes(lahetti_id_span(i));
}

static ProtobufCBinaryData digest(const struct lahetti_digest *d)
{
	return lahetti_bytes(lahetti_digest_span(d));
}

/* A text of so many letters. */
static char *letters(size_t n)
{
	static char text[20001];

	assert_true(n < sizeof text);
	memset(text, 'a', n);
	text[n] = '\0';
	return text;
}

/* ---- frames -------------------------------------------------------------------------------- */

/* What a frame may ask; one of them is used. */
struct question {
	Lahetti__V1__Act act;
	Lahetti__V1__ReadDirectory read_directory;
	Lahetti__V1__ReadDevices read_devices;
	Lahetti__V1__AddClient add_client;
	Lahetti__V1__FindClients find_clients;
	Lahetti__V1__PutCareTeamMember put_care_team_member;
	Lahetti__V1__ReadCareTeam read_care_team;
	Lahetti__V1__WhoWouldSee who_would_see;
	Lahetti__V1__ReadReceipt read_receipt;
	Lahetti__V1__ReadSent read_sent;
	Lahetti__V1__ReadTimeline read_timeline;
	Lahetti__V1__ReadCase read_case;
	Lahetti__V1__ReadStatement read_statement;
	Lahetti__V1__Subscribe subscribe;
	Lahetti__V1__HandedOver handed_over;
	Lahetti__V1__Claim claim;
	Lahetti__V1__Release release;
	Lahetti__V1__ReadConsistency read_consistency;
	Lahetti__V1__ReadInclusion read_inclusion;
	Lahetti__V1__WhoSaw who_saw;
	Lahetti__V1__ReadTrail read_trail;
	Lahetti__V1__PutDirectory put_directory;
	Lahetti__V1__IssueCode issue_code;
	Lahetti__V1__ConfirmDevice confirm_device;
	Lahetti__V1__RevokeDevice revoke_device;
	/* Parts. */
	Lahetti__V1__ClientIdentity identity;
	Lahetti__V1__DirectoryEntry entry;
	Lahetti__V1__Organisation organisation;
	Lahetti__V1__Unit unit;
	Lahetti__V1__User user;
	Lahetti__V1__Membership membership;
	Lahetti__V1__Device device;
	Lahetti__V1__Recipient recipient, *recipients[1];
	Lahetti__V1__Reference reference, *references[1];
	Lahetti__V1__Basis basis;
	ProtobufCBinaryData ids[300];
	ProtobufCMessageUnknownField unknown;
};

/* Parts that would be good. */
static void question_init(struct question *q, const struct scene *s)
{
	static char family_name[] = "Esimerkki", given_names[] = "Eino",
		    unit_name[] = "Uusi yksikkö";

	static uint8_t one[] = {1};

	memset(q, 0, sizeof *q);
	q->unknown = (ProtobufCMessageUnknownField){
		.tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = one};
	lahetti__v1__client_identity__init(&q->identity);
	q->identity.family_name = family_name;
	q->identity.given_names = given_names;
	lahetti__v1__directory_entry__init(&q->entry);
	lahetti__v1__organisation__init(&q->organisation);
	q->organisation.id = id(&s->county.admin.organisation);
	q->organisation.name = unit_name;
	q->organisation.type =
		LAHETTI__V1__ORGANISATION_TYPE__ORGANISATION_TYPE_WELLBEING_SERVICES_COUNTY;
	lahetti__v1__unit__init(&q->unit);
	q->unit.id = id(&s->nobody);
	q->unit.organisation = id(&s->county.admin.organisation);
	q->unit.name = unit_name;
	lahetti__v1__user__init(&q->user);
	q->user.id = id(&s->nobody);
	q->user.organisation = id(&s->county.admin.organisation);
	q->user.name = family_name;
	lahetti__v1__membership__init(&q->membership);
	q->membership.id = id(&s->nobody);
	q->membership.user = id(&s->county.coach.user);
	q->membership.unit = id(&s->county.team);
	q->membership.organisation = id(&s->county.admin.organisation);
	q->membership.role = ROLE(NURSE);
	lahetti__v1__device__init(&q->device);
	q->device.key_id = digest(&s->county.coach.key_id);
	q->device.user = id(&s->county.coach.user);
	q->device.confirmed = 1;
	lahetti__v1__recipient__init(&q->recipient);
	q->recipient.kind = KIND_OF(QUEUE);
	q->recipient.organisation = id(&s->county.admin.organisation);
	q->recipient.unit = id(&s->county.team);
	q->recipients[0] = &q->recipient;
	lahetti__v1__reference__init(&q->reference);
	q->reference.id = id(&s->nobody);
	q->reference.sha256 = digest(&s->no_digest);
	q->references[0] = &q->reference;
	lahetti__v1__basis__init(&q->basis);
	q->basis.kind = BASIS(STATUTORY);
	q->basis.section = lahetti_text("SHL 49 §");
	q->basis.necessity = lahetti_text("Palvelutarpeen arvioimiseksi.");
	q->basis.decided_by = id(&s->county.worker.user);
}

static void entry_is(struct question *q, Lahetti__V1__DirectoryEntry__EntryCase which, void *part)
{
	q->put_directory.entry = &q->entry;
	q->entry.entry_case = which;
	q->entry.organisation = part;
}

static void add_client_is(struct question *q, const struct scene *s)
{
	q->add_client.client = id(&s->nobody);
	q->add_client.case_id = id(&s->nobody);
	q->add_client.identity = &q->identity;
}

static void team_is(struct question *q, const struct scene *s)
{
	q->put_care_team_member.case_id = id(&s->case_id);
	q->put_care_team_member.user = id(&s->county.coach.user);
	q->put_care_team_member.unit = id(&s->county.team);
}

static void who_would_see_is(struct question *q, const struct scene *s)
{
	q->who_would_see.client = id(&s->client);
	q->who_would_see.case_id = id(&s->case_id);
	q->who_would_see.kind = LAHETTI_KIND_REFERRAL;
	q->who_would_see.recipients = q->recipients;
	q->who_would_see.n_recipients = 1;
	q->who_would_see.basis = &q->basis;
}

/* ---- the table ----------------------------------------------------------------------------- */

struct row {
	int line; /* in wrong_input.def, where its deed stands */
	const char *name, *code;
};

static const struct row asked[] = {
#define ASKED(who, MEMBER, member, code, ...) \
	{__LINE__, #MEMBER " by " #who ": " #__VA_ARGS__, code},
#include "wrong_input.def"
};
static const struct row signed_rows[] = {
#define SIGNED(who, KIND, code, ...) {__LINE__, #KIND " by " #who ": " #__VA_ARGS__, code},
#include "wrong_input.def"
};
static const struct row altered[] = {
#define ALTERED(code, ...) {__LINE__, "a signed referral: " #__VA_ARGS__, code},
#include "wrong_input.def"
};
static const struct row opened[] = {
#define OPENED(who, code, ...) {__LINE__, "opening by " #who ": " #__VA_ARGS__, code},
#include "wrong_input.def"
};
static const struct row claimed[] = {
#define CLAIMED(code, ...) {__LINE__, "login: " #__VA_ARGS__, code},
#include "wrong_input.def"
};
static const struct row enrolled[] = {
#define ENROLLED(code, ...) {__LINE__, "enrolment: " #__VA_ARGS__, code},
#include "wrong_input.def"
};
static const struct {
	const char *code;
	uint8_t bytes[24];
	size_t len;
} broken[] = {
#define BROKEN(code, ...) {code, {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})},
#include "wrong_input.def"
};
static const struct {
	const char *member, *empty, *outside;
} every[] = {
#define EVERY(member, empty, outside) {#member, empty, outside},
#include "wrong_input.def"
};

#define N_OF(rows) (sizeof(rows) / sizeof *(rows))

/* People of the rows. */
#define WORKER	 (&s->county.worker)
#define COACH	 (&s->county.coach)
#define OFFICER	 (&s->county.officer)
#define ADMIN	 (&s->county.admin)
#define KELA	 (&s->kela)
#define OUTSIDER (&s->outsider)

static struct person *ask_wrongly(struct scene *s, int line, struct question *q,
				  Lahetti__V1__ClientFrame *frame)
{
	struct person *person = NULL;

	switch (line) {
#define ASKED(who, MEMBER, member_of, code, ...)                 \
	case __LINE__:                                           \
		lahetti__v1__##member_of##__init(&q->member_of); \
		frame->body_case = CLIENT(MEMBER);               \
		frame->member_of = &q->member_of;                \
		__VA_ARGS__;                                     \
		person = who;                                    \
		break;
#include "wrong_input.def"
	default:
		fail();
	}
	return person;
}

static void frames_that_are_wrong(void **state)
{
	struct scene *s = *state;
	static struct question q;

	for (size_t i = 0; i < N_OF(asked); i++) {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		uint64_t before = log_size(s);
		struct person *who;

		question_init(&q, s);
		who = ask_wrongly(s, asked[i].line, &q, &frame);
		check_error(asked[i].name, person_ask(who, &frame), asked[i].code, REFUSED,
			    LAHETTI_ENGLISH);
		check_alive(who);
		check_growth(s, asked[i].name, before);
	}
	none_is_wrong();
}

/* ---- statements ---------------------------------------------------------------------------- */

/* Bodies that would be good; one of them is used. */
struct bodies {
	Lahetti__V1__Referral referral;
	Lahetti__V1__Consent consent;
	Lahetti__V1__Withdrawal withdrawal;
	Lahetti__V1__Acknowledgement acknowledgement;
	Lahetti__V1__InformationRequest information_request;
	Lahetti__V1__InformationAnswer information_answer;
	Lahetti__V1__InterimReport interim_report;
	Lahetti__V1__Closing closing;
	/* Parts. */
	Lahetti__V1__Party party, *parties[1];
	Lahetti__V1__Purpose purposes[2];
	Lahetti__V1__Category categories[2];
	Lahetti__V1__CriterionAnswer criterion, *criteria[2];
	Lahetti__V1__Service services[2];
	Lahetti__V1__Reference reference, *references[2];
	Lahetti__V1__Recipient recipient, *recipients[60];
	Lahetti__V1__Attachment attachment, *attachments[1];
	ProtobufCMessageUnknownField unknown;
};

static void bodies_init(struct bodies *b, const struct scene *s)
{
	static char text[] = "Teksti.", leaflet[] = "1", language[] = "fi";
	static uint8_t unknown[] = {1};
	int64_t now = lahetti_now_us();

	memset(b, 0, sizeof *b);
	referral_fill(&b->referral);
	lahetti__v1__party__init(&b->party);
	b->party.organisation = id(&s->kela.organisation);
	b->parties[0] = &b->party;
	b->purposes[0] = LAHETTI__V1__PURPOSE__PURPOSE_EMPLOYMENT_SUPPORT;
	b->purposes[1] = LAHETTI__V1__PURPOSE__PURPOSE_RESEARCH;
	b->categories[0] = LAHETTI__V1__CATEGORY__CATEGORY_CONTACT;
	b->categories[1] = LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED;
	lahetti__v1__consent__init(&b->consent);
	b->consent.giver = LAHETTI__V1__GIVER__GIVER_CLIENT;
	b->consent.purposes = b->purposes;
	b->consent.n_purposes = 1;
	b->consent.categories = b->categories;
	b->consent.n_categories = 2;
	b->consent.parties = b->parties;
	b->consent.n_parties = 1;
	b->consent.from = lahetti_date_of(now);
	b->consent.until = lahetti_date_of(now + 90 * DAY_US);
	b->consent.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL;
	b->consent.witness = id(&s->county.worker.user);
	b->consent.leaflet_version = leaflet;
	b->consent.language = language;
	b->consent.kanta_checked = 1;
	lahetti__v1__withdrawal__init(&b->withdrawal);
	b->withdrawal.how = text;
	lahetti__v1__acknowledgement__init(&b->acknowledgement);
	b->acknowledgement.delivery = id(&s->opened.delivery);
	b->acknowledgement.step = STEP(TAKE);
	lahetti__v1__information_request__init(&b->information_request);
	b->information_request.delivery = id(&s->opened.delivery);
	b->information_request.question = text;
	lahetti__v1__information_answer__init(&b->information_answer);
	b->information_answer.delivery = id(&s->opened.delivery);
	b->information_answer.answer = text;
	lahetti__v1__interim_report__init(&b->interim_report);
	b->interim_report.delivery = id(&s->opened.delivery);
	b->interim_report.report = text;
	lahetti__v1__closing__init(&b->closing);
	b->closing.delivery = id(&s->opened.delivery);
	b->closing.outcome = LAHETTI__V1__OUTCOME__OUTCOME_EMPLOYED;
	b->closing.sentence_back = text;
	lahetti__v1__criterion_answer__init(&b->criterion);
	b->criterion.criterion = LAHETTI__V1__CRITERION__CRITERION_WANTS_TO_WORK;
	b->criterion.answer = LAHETTI__V1__ANSWER__ANSWER_YES;
	b->criteria[0] = b->criteria[1] = &b->criterion;
	b->services[0] = b->services[1] = LAHETTI__V1__SERVICE__SERVICE_JOB_COACHING;
	lahetti__v1__reference__init(&b->reference);
	b->reference.id = id(&s->nobody);
	b->reference.sha256 = digest(&s->no_digest);
	b->references[0] = b->references[1] = &b->reference;
	lahetti__v1__recipient__init(&b->recipient);
	for (size_t i = 0; i < N_OF(b->recipients); i++)
		b->recipients[i] = &b->recipient;
	lahetti__v1__attachment__init(&b->attachment);
	b->attachment.id = id(&s->nobody);
	b->attachment.sha256 = digest(&s->no_digest);
	b->attachment.size = 1;
	b->attachment.media_type = lahetti_text("application/pdf");
	b->attachment.name = lahetti_text("liite.pdf");
	b->attachments[0] = &b->attachment;
	b->unknown = (ProtobufCMessageUnknownField){
		.tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = unknown};
}

/* A statement that would be accepted, or refused for the state of what it speaks of alone. */
static const ProtobufCMessage *begin(struct scene *s, struct person *author, enum lahetti_kind kind,
				     struct writing *w, struct bodies *b)
{
	bool answers = kind >= LAHETTI_KIND_ACKNOWLEDGEMENT;

	bodies_init(b, s);
	writing_begin(w, author, kind, kind == LAHETTI_KIND_ACKNOWLEDGEMENT ? NULL : &s->client,
		      &s->case_id);
	if (kind == LAHETTI_KIND_REFERRAL)
		writing_to_queue(w, &s->county.admin.organisation, &s->county.team);
	if (kind == LAHETTI_KIND_WITHDRAWAL)
		writing_reply(w, &s->consent.statement, &s->consent.sha256);
	if (answers)
		writing_reply(w, &s->opened.statement, &s->opened.sha256);
	if (answers && kind != LAHETTI_KIND_ACKNOWLEDGEMENT)
		writing_to_user(w, &s->county.worker);
	switch (kind) {
	case LAHETTI_KIND_REFERRAL:
		return &b->referral.base;
	case LAHETTI_KIND_CONSENT:
		return &b->consent.base;
	case LAHETTI_KIND_WITHDRAWAL:
		return &b->withdrawal.base;
	case LAHETTI_KIND_ACKNOWLEDGEMENT:
		return &b->acknowledgement.base;
	case LAHETTI_KIND_INFORMATION_REQUEST:
		return &b->information_request.base;
	case LAHETTI_KIND_INFORMATION_ANSWER:
		return &b->information_answer.base;
	case LAHETTI_KIND_INTERIM_REPORT:
		return &b->interim_report.base;
	default:
		return &b->closing.base;
	}
}

/* A statement under way: what a row may change before it is signed. */
struct attempt {
	struct person *author;
	struct lahetti_private_key *key;
	struct writing w;
	struct bodies b;
	const ProtobufCMessage *body;
};

static void attempt_begin(struct scene *s, struct attempt *a, struct person *author,
			  enum lahetti_kind kind)
{
	a->author = author;
	a->key = author->key;
	a->body = begin(s, author, kind, &a->w, &a->b);
}

/* It speaks of another delivery than that which the coach has opened. */
static void about(struct attempt *a, const struct sent *sent)
{
	a->b.acknowledgement.delivery = id(&sent->delivery);
	writing_reply(&a->w, &sent->statement, &sent->sha256);
}

static void write_wrongly(struct scene *s, int line, struct attempt *a)
{
	Lahetti__V1__Header *h = &a->w.header;
	struct writing *w = &a->w;
	struct bodies *b = &a->b;

	switch (line) {
#define SIGNED(who, KIND, code, ...)                           \
	case __LINE__:                                         \
		attempt_begin(s, a, who, LAHETTI_KIND_##KIND); \
		__VA_ARGS__;                                   \
		break;
#include "wrong_input.def"
	default:
		fail();
	}
	(void)h;
	(void)w;
	(void)b;
}

static void statements_that_are_wrong(void **state)
{
	struct scene *s = *state;
	static struct attempt a;

	for (size_t i = 0; i < N_OF(signed_rows); i++) {
		uint64_t before = log_size(s);

		write_wrongly(s, signed_rows[i].line, &a);
		writing_sign(&a.w, a.body, a.key);
		check_error(signed_rows[i].name, person_submit(a.author, &a.w), signed_rows[i].code,
			    REFUSED, LAHETTI_ENGLISH);
		writing_finish(&a.w);
		check_alive(a.author);
		check_growth(s, signed_rows[i].name, before);
	}
	none_is_wrong();
}

static void open_wrongly(struct scene *s, int line, struct attempt *a)
{
	struct writing *w = &a->w;
	struct bodies *b = &a->b;

	switch (line) {
#define OPENED(who, code, ...)                                          \
	case __LINE__:                                                  \
		attempt_begin(s, a, who, LAHETTI_KIND_ACKNOWLEDGEMENT); \
		b->acknowledgement.step = STEP(OPEN);                   \
		__VA_ARGS__;                                            \
		break;
#include "wrong_input.def"
	default:
		fail();
	}
	(void)w;
}

static void openings_that_are_wrong(void **state)
{
	struct scene *s = *state;
	static struct attempt a;

	for (size_t i = 0; i < N_OF(opened); i++) {
		uint64_t before = log_size(s);

		open_wrongly(s, opened[i].line, &a);
		writing_sign(&a.w, a.body, a.key);
		check_error(opened[i].name, person_open(a.author, &a.w), opened[i].code, REFUSED,
			    LAHETTI_ENGLISH);
		writing_finish(&a.w);
		check_alive(a.author);
		check_growth(s, opened[i].name, before);
	}
	none_is_wrong();
}

/* What becomes of an envelope on its way. */
static void alter(struct scene *s, int line, Lahetti__V1__Envelope *e)
{
	Lahetti__V1__Signature *g = e->signatures[0];

	switch (line) {
#define ALTERED(code, ...)   \
	case __LINE__:       \
		__VA_ARGS__; \
		break;
#include "wrong_input.def"
	default:
		fail();
	}
	(void)s;
	(void)g;
}

static void envelopes_that_are_wrong(void **state)
{
	struct scene *s = *state;
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	static struct attempt a;

	assert_true(lahetti_arena_init(&arena, ARENA, &f));
	for (size_t i = 0; i < N_OF(altered); i++) {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;
		uint64_t before = log_size(s);

		lahetti_arena_reset(&arena);
		attempt_begin(s, &a, &s->county.worker, LAHETTI_KIND_REFERRAL);
		writing_sign(&a.w, a.body, a.key);
		submit.envelope =
			lahetti_message_read(&lahetti__v1__envelope__descriptor, a.w.envelope,
					     LAHETTI_MESSAGE_FRAME, &arena, &f);
		assert_non_null(submit.envelope);
		alter(s, altered[i].line, submit.envelope);
		frame.body_case = CLIENT(SUBMIT);
		frame.submit = &submit;
		check_error(altered[i].name, person_ask(a.author, &frame), altered[i].code, REFUSED,
			    LAHETTI_ENGLISH);
		writing_finish(&a.w);
		check_alive(a.author);
		check_growth(s, altered[i].name, before);
	}
	lahetti_arena_finish(&arena);
	none_is_wrong();
}

/* ---- strangers ----------------------------------------------------------------------------- */

/* Somebody who connects and is not signed in. The key is another's. */
struct stranger {
	struct person person;
	struct lahetti_arena arena;
};

static void stranger_begin(struct scene *s, struct stranger *x)
{
	struct lahetti_fault f = {0};

	*x = (struct stranger){.person = {.house = &s->county.house}};
	assert_true(lahetti_arena_init(&x->person.arena, ARENA, &f) &&
		    lahetti_arena_init(&x->arena, ARENA, &f));
	person_dial(&x->person);
}

static void stranger_end(struct stranger *x)
{
	person_sign_out(&x->person);
	lahetti_arena_finish(&x->person.arena);
	lahetti_arena_finish(&x->arena);
}

/* Still connected, still nobody. */
static void check_stranger(struct stranger *x)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCheckpoint question = LAHETTI__V1__READ_CHECKPOINT__INIT;

	frame.body_case = CLIENT(READ_CHECKPOINT);
	frame.read_checkpoint = &question;
	person_refused(&x->person, &frame, "not-signed-in");
}

static Lahetti__V1__Envelope *seal(struct stranger *x, const char *type,
				   const ProtobufCMessage *message,
				   const struct lahetti_private_key *key)
{
	struct lahetti_fault f = {0};
	struct lahetti_span payload = lahetti_message_pack(message, &x->arena);
	struct lahetti_span envelope = lahetti_envelope_sign(type, payload, key, &x->arena, &f);

	assert_non_null(envelope.data);
	return lahetti_message_read(&lahetti__v1__envelope__descriptor, envelope,
				    LAHETTI_MESSAGE_FRAME, &x->arena, &f);
}

/* A login that would be the worker's, and what a row changes of it. */
struct login {
	Lahetti__V1__LoginClaim claim;
	Lahetti__V1__Login login;
	const struct lahetti_private_key *key;
	const char *type;
	uint8_t nonce[16], exporter[32];
};

static void login_init(struct login *l, struct stranger *x, const struct person *who)
{
	static char purpose[] = "login", origin[] = "https://localhost:8443", language[] = "fi";
	struct lahetti_fault f = {0};

	memset(l, 0, sizeof *l);
	lahetti__v1__login__init(&l->login);
	lahetti__v1__login_claim__init(&l->claim);
	assert_true(lahetti_peer_exporter(x->person.peer, l->exporter, &f));
	l->claim.purpose = purpose;
	l->claim.server_nonce = lahetti_peer_greeting(x->person.peer)->nonce;
	l->claim.client_nonce = lahetti_bytes(lahetti_span(l->nonce, sizeof l->nonce));
	l->claim.origin = origin;
	l->claim.device = digest(&who->key_id);
	l->claim.version = 1;
	l->claim.time_us = lahetti_now_us();
	l->claim.tls_exporter = lahetti_bytes(lahetti_span(l->exporter, sizeof l->exporter));
	l->claim.audience = x->person.server_name;
	l->login.language = language;
	l->key = who->key;
	l->type = LAHETTI_TYPE_LOGIN;
}

static void log_in_as(struct login *l, const struct person *who)
{
	l->claim.device = digest(&who->key_id);
	l->key = who->key;
}

static void log_in_wrongly(struct scene *s, int line, struct login *l)
{
	Lahetti__V1__LoginClaim *c = &l->claim;
	static ProtobufCMessageUnknownField unknown;
	static uint8_t one[] = {1};

	unknown = (ProtobufCMessageUnknownField){
		.tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = one};
	switch (line) {
#define CLAIMED(code, ...)   \
	case __LINE__:       \
		__VA_ARGS__; \
		break;
#include "wrong_input.def"
	default:
		fail();
	}
	(void)c;
	(void)s;
}

static Lahetti__V1__ServerFrame *send_login(struct stranger *x, struct login *l)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;

	l->login.claim = seal(x, l->type, &l->claim.base, l->key);
	frame.body_case = CLIENT(LOGIN);
	frame.login = &l->login;
	return person_ask(&x->person, &frame);
}

/* A login that was refused leaves the nonce: the right one follows on the same connection. */
static void logins_that_are_wrong(void **state)
{
	struct scene *s = *state;
	static struct stranger x;
	static struct login l;

	for (size_t i = 0; i < N_OF(claimed); i++) {
		uint64_t before = log_size(s);

		stranger_begin(s, &x);
		login_init(&l, &x, &s->county.worker);
		log_in_wrongly(s, claimed[i].line, &l);
		check_error(claimed[i].name, send_login(&x, &l), claimed[i].code, REFUSED,
			    LAHETTI_FINNISH);
		check_stranger(&x);
		check_growth(s, claimed[i].name, before);
		lahetti_arena_reset(&x.arena);
		login_init(&l, &x, &s->county.worker);
		assert_int_equal(SERVER(SESSION), send_login(&x, &l)->body_case);
		stranger_end(&x);
	}
	none_is_wrong();
}

/* An enrolment whose code nobody has given out, and what a row changes of it. */
struct enrolment {
	Lahetti__V1__EnrolmentProof proof;
	Lahetti__V1__Enrol enrol;
	struct lahetti_private_key *key;
	const char *type;
	struct lahetti_digest code;
};

static void code_is(struct enrolment *e, const char *code)
{
	const struct lahetti_span spans[] = {lahetti_span_text("lahetti enrolment code v1\n"),
					     lahetti_span_text(code)};
	struct lahetti_fault f = {0};

	assert_true(lahetti_sha256(&e->code, spans, 2, &f));
	e->enrol.code = lahetti_text(code);
}

static void enrolment_init(struct enrolment *e, struct stranger *x)
{
	static char device[] = "koe", language[] = "fi";
	struct lahetti_fault f = {0};

	memset(e, 0, sizeof *e);
	lahetti__v1__enrol__init(&e->enrol);
	lahetti__v1__enrolment_proof__init(&e->proof);
	code_is(e, "0000-0000-0000-0000");
	e->key = lahetti_private_key_new(&f);
	assert_non_null(e->key);
	e->proof.nonce = lahetti_peer_greeting(x->person.peer)->nonce;
	e->proof.audience = x->person.server_name;
	e->proof.code_sha256 = digest(&e->code);
	e->proof.spki = lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(e->key)));
	e->proof.time_us = lahetti_now_us();
	e->enrol.device_name = device;
	e->enrol.language = language;
	e->type = LAHETTI_TYPE_ENROLMENT;
}

static void enrol_wrongly(struct scene *s, int line, struct enrolment *e)
{
	Lahetti__V1__EnrolmentProof *p = &e->proof;

	switch (line) {
#define ENROLLED(code, ...)  \
	case __LINE__:       \
		__VA_ARGS__; \
		break;
#include "wrong_input.def"
	default:
		fail();
	}
	(void)p;
	(void)s;
}

static void enrolments_that_are_wrong(void **state)
{
	struct scene *s = *state;
	static struct stranger x;
	static struct enrolment e;

	for (size_t i = 0; i < N_OF(enrolled); i++) {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		uint64_t before = log_size(s);

		stranger_begin(s, &x);
		enrolment_init(&e, &x);
		enrol_wrongly(s, enrolled[i].line, &e);
		e.enrol.proof = seal(&x, e.type, &e.proof.base, e.key);
		frame.body_case = CLIENT(ENROL);
		frame.enrol = &e.enrol;
		check_error(enrolled[i].name, person_ask(&x.person, &frame), enrolled[i].code,
			    REFUSED, LAHETTI_FINNISH);
		check_stranger(&x);
		check_growth(s, enrolled[i].name, before);
		lahetti_private_key_destroy(e.key);
		stranger_end(&x);
	}
	none_is_wrong();
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* A frame with bytes of one's own behind the correlation: a tag, and what stands after it. */
static void send_bytes(struct person *p, struct lahetti_span bytes, uint64_t *correlation)
{
	uint32_t tag = (uint32_t)(bytes.data[0] & 0x7f) >> 3;
	size_t head = 1;
	uint8_t rest[512];
	ProtobufCMessageUnknownField field = {.wire_type = (ProtobufCWireType)(bytes.data[0] & 7)};
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	struct lahetti_fault f = {0};

	if (bytes.data[0] & 0x80) {
		tag |= (uint32_t)bytes.data[1] << 4;
		head = 2;
	}
	assert_true(bytes.len - head <= sizeof rest);
	memcpy(rest, bytes.data + head, bytes.len - head);
	field.tag = tag;
	field.data = rest;
	field.len = bytes.len - head;
	frame.base.n_unknown_fields = 1;
	frame.base.unknown_fields = &field;
	assert_true(lahetti_peer_send(p->peer, &frame, correlation, &f));
}

static Lahetti__V1__ServerFrame *ask_bytes(struct person *p, struct lahetti_span bytes)
{
	struct lahetti_fault f = {0};
	uint64_t correlation;

	lahetti_arena_reset(&p->arena);
	send_bytes(p, bytes, &correlation);
	for (;;) {
		Lahetti__V1__ServerFrame *answer = lahetti_peer_next(p->peer, 60000, &p->arena, &f);

		assert_non_null(answer);
		if (answer->correlation == correlation || answer->correlation == 0)
			return answer;
	}
}

/* What is no frame ends the session, with a reason, and costs the trail nothing. */
static void bytes_that_are_no_frame(void **state)
{
	struct scene *s = *state;
	static struct stranger x;

	for (size_t i = 0; i < N_OF(broken); i++) {
		uint64_t before = log_size(s);
		struct lahetti_fault f = {0};
		char name[32];

		(void)snprintf(name, sizeof name, "bytes %zu", i);
		stranger_begin(s, &x);
		check_error(name,
			    ask_bytes(&x.person, lahetti_span(broken[i].bytes, broken[i].len)),
			    broken[i].code, FATAL, LAHETTI_FINNISH);
		assert_null(lahetti_peer_next(x.person.peer, 60000, &x.person.arena, &f));
		assert_string_equal("connection-lost", f.code);
		stranger_end(&x);
		assert_int_equal(before, log_size(s));
		s->rows++;
	}
	none_is_wrong();
}

/* ---- rows that the descriptors make -------------------------------------------------------- */

struct bytes {
	uint8_t data[1024];
	size_t len;
};

static void add_byte(struct bytes *b, uint64_t byte)
{
	assert_true(b->len < sizeof b->data);
	b->data[b->len++] = (uint8_t)byte;
}

static void add_varint(struct bytes *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		add_byte(b, value | 0x80);
	add_byte(b, value);
}

static void add_field(struct bytes *b, uint32_t tag, const void *data, size_t len)
{
	add_varint(b, tag << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
	add_varint(b, len);
	for (size_t i = 0; i < len; i++)
		add_byte(b, ((const uint8_t *)data)[i]);
}

/* Identifiers, digests and cursors; a piece of an attachment may be any bytes. */
static bool is_bytes(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_BYTES && strcmp(field->name, "data") != 0;
}

/* The body of a frame in which every field of bytes is an identifier, but for the nth, which is as
 * long as said. */
static void add_identifiers(struct bytes *b, const ProtobufCMessageDescriptor *type,
			    const struct lahetti_id *nobody, size_t nth, size_t len)
{
	uint8_t spoiled[64] = {0};
	size_t n = 0;

	memcpy(spoiled, nobody->bytes, sizeof nobody->bytes);
	for (unsigned i = 0; i < type->n_fields; i++) {
		bool is_nth;

		if (!is_bytes(&type->fields[i]))
			continue;
		is_nth = n++ == nth;
		/* Without a cursor a list begins at its beginning. */
		if (is_nth || strcmp(type->fields[i].name, "cursor") != 0)
			add_field(b, type->fields[i].id, spoiled,
				  is_nth ? len : sizeof nobody->bytes);
	}
}

static size_t count_bytes(const ProtobufCMessageDescriptor *type)
{
	size_t n = 0;

	for (unsigned i = 0; i < type->n_fields; i++)
		n += is_bytes(&type->fields[i]);
	return n;
}

static Lahetti__V1__ServerFrame *
ask_member(struct person *p, const ProtobufCFieldDescriptor *member, const struct bytes *body)
{
	struct bytes frame = {.len = 0};

	add_field(&frame, member->id, body->data, body->len);
	return ask_bytes(p, lahetti_span(frame.data, frame.len));
}

static const ProtobufCFieldDescriptor *member_of(const char *name)
{
	const ProtobufCFieldDescriptor *member = protobuf_c_message_descriptor_get_field_by_name(
		&lahetti__v1__client_frame__descriptor, name);

	assert_non_null(member);
	return member;
}

static const ProtobufCMessageDescriptor *body_of(const ProtobufCFieldDescriptor *member)
{
	return member->descriptor;
}

/* The table has a row for each member: none is forgotten. */
static void every_frame_has_its_row(void **state)
{
	(void)state;
	/* All but the correlation. */
	assert_int_equal(lahetti__v1__client_frame__descriptor.n_fields - 1, N_OF(every));
	for (size_t i = 0; i < N_OF(every); i++)
		assert_non_null(member_of(every[i].member));
}

static void before_login_nothing_is_heard(void **state)
{
	struct scene *s = *state;
	const struct bytes empty = {.len = 0};
	static struct stranger x;
	uint64_t before = log_size(s);

	stranger_begin(s, &x);
	for (size_t i = 0; i < N_OF(every); i++) {
		bool enters = strcmp(every[i].member, "enrol") == 0 ||
			      strcmp(every[i].member, "login") == 0;

		if (strcmp(every[i].member, "bye") == 0)
			continue;
		check_error(every[i].member,
			    ask_member(&x.person, member_of(every[i].member), &empty),
			    enters ? "bad-envelope" : "not-signed-in", REFUSED, LAHETTI_FINNISH);
		s->rows++;
	}
	check_stranger(&x);
	stranger_end(&x);
	check_growth(s, "before login", before);
	none_is_wrong();
}

/* As the table says, and in any case no fault of the server's. */
static void check_every(struct scene *s, struct person *p, size_t i, const char *code,
			const struct bytes *body)
{
	uint64_t before = log_size(s);
	const Lahetti__V1__ServerFrame *answer = ask_member(p, member_of(every[i].member), body);

	if (code[0] != '\0') {
		check_error(every[i].member, answer, code, REFUSED, LAHETTI_ENGLISH);
	} else {
		if (answer->body_case == SERVER(ERROR))
			print_error("%s: %s\n", every[i].member, answer->error->code);
		wrong += answer->body_case == SERVER(ERROR);
	}
	check_alive(p);
	check_growth(s, every[i].member, before);
}

static void empty_frames(void **state)
{
	struct scene *s = *state;
	const struct bytes empty = {.len = 0};

	for (size_t i = 0; i < N_OF(every); i++)
		if (strcmp(every[i].member, "bye") != 0)
			check_every(s, &s->county.worker, i, every[i].empty, &empty);
	none_is_wrong();
}

/* A later version's field changes nothing. */
static void frames_with_an_unknown_field(void **state)
{
	struct scene *s = *state;
	struct bytes body = {.len = 0};

	add_field(&body, 99, "?", 1);
	for (size_t i = 0; i < N_OF(every); i++)
		if (strcmp(every[i].member, "bye") != 0)
			check_every(s, &s->county.worker, i, every[i].empty, &body);
	none_is_wrong();
}

static void without_a_membership(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < N_OF(every); i++) {
		struct bytes body = {.len = 0};

		if (strcmp(every[i].member, "bye") == 0)
			continue;
		add_identifiers(&body, body_of(member_of(every[i].member)), &s->nobody, SIZE_MAX,
				0);
		check_every(s, &s->newcomer, i, every[i].outside, &body);
	}
	none_is_wrong();
}

/* Identifiers, digests and cursors of a length that none has, one at a time. */
static void identifiers_of_a_wrong_length(void **state)
{
	static const size_t lengths[] = {1, 15, 18, 31, 33, 64};
	static const char *const codes[] = {"bad-identifier", "bad-digest", "bad-cursor",
					    "no-such-membership"};
	struct scene *s = *state;

	for (size_t i = 0; i < N_OF(every); i++) {
		const ProtobufCFieldDescriptor *member = member_of(every[i].member);

		for (size_t k = 0; k < count_bytes(body_of(member)) * N_OF(lengths); k++) {
			struct bytes body = {.len = 0};
			uint64_t before = log_size(s);
			const Lahetti__V1__ServerFrame *answer;
			bool good = false;

			if (strcmp(every[i].empty, "already-signed-in") == 0)
				continue;
			add_identifiers(&body, body_of(member), &s->nobody, k / N_OF(lengths),
					lengths[k % N_OF(lengths)]);
			/* Only who may ask is told what is wrong with the question. */
			answer = ask_member(&s->county.officer, member, &body);
			if (answer->body_case == SERVER(ERROR) &&
			    strcmp(answer->error->code, "role-without-clients") == 0)
				answer = ask_member(&s->county.worker, member, &body);
			for (size_t c = 0; c < N_OF(codes); c++)
				good = good || (answer->body_case == SERVER(ERROR) &&
						answer->error->class_ == REFUSED &&
						strcmp(answer->error->code, codes[c]) == 0);
			if (!good)
				print_error("%s, field of bytes %zu, %zu long: %s\n",
					    every[i].member, k / N_OF(lengths),
					    lengths[k % N_OF(lengths)],
					    answer->body_case == SERVER(ERROR) ? answer->error->code
									       : "no error");
			wrong += !good;
			check_growth(s, every[i].member, before + 1);
		}
	}
	none_is_wrong();
}

/* ---- the scene ----------------------------------------------------------------------------- */

static void deliver(struct scene *s, struct sent *sent, const struct person *to)
{
	struct person *worker = &s->county.worker;
	Lahetti__V1__ServerFrame *answer;
	Lahetti__V1__Referral body;
	struct lahetti_fault f = {0};
	struct writing w;

	writing_begin(&w, worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	if (to != NULL)
		writing_to_user(&w, to);
	else
		writing_to_queue(&w, &worker->organisation, &s->county.team);
	referral_fill(&body);
	writing_sign(&w, &body.base, worker->key);
	answer = person_submit(worker, &w);
	assert_int_equal(SERVER(ACCEPTED), answer->body_case);
	sent->statement = w.id;
	sent->sha256 = w.sha256;
	assert_true(lahetti_id_read(&sent->delivery,
				    lahetti_bytes_span(answer->accepted->deliveries[0]->delivery),
				    &f));
	writing_finish(&w);
}

static void take_from_queue(struct person *p, const struct sent *sent)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim claim = LAHETTI__V1__CLAIM__INIT;

	claim.delivery = id(&sent->delivery);
	frame.body_case = CLIENT(CLAIM);
	frame.claim = &claim;
	(void)person_expect(p, &frame, SERVER(DONE));
}

static void open_one(struct scene *s, struct person *p, const struct sent *sent)
{
	static struct attempt a;

	attempt_begin(s, &a, p, LAHETTI_KIND_ACKNOWLEDGEMENT);
	a.b.acknowledgement.step = STEP(OPEN);
	about(&a, sent);
	writing_sign(&a.w, a.body, a.key);
	assert_int_equal(SERVER(CONTENT), person_open(p, &a.w)->body_case);
	writing_finish(&a.w);
}

static void give_consent(struct scene *s)
{
	static struct attempt a;

	attempt_begin(s, &a, &s->county.worker, LAHETTI_KIND_CONSENT);
	writing_sign(&a.w, a.body, a.key);
	assert_int_equal(SERVER(ACCEPTED), person_submit(a.author, &a.w)->body_case);
	s->consent.statement = a.w.id;
	s->consent.sha256 = a.w.sha256;
	writing_finish(&a.w);
}

static void end_membership(struct scene *s, struct person *who)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	static struct question q;

	question_init(&q, s);
	lahetti__v1__put_directory__init(&q.put_directory);
	entry_is(&q, ENTRY(MEMBERSHIP), &q.membership);
	q.membership.id = id(&who->membership);
	q.membership.user = id(&who->user);
	q.membership.unit = id(&who->unit);
	q.membership.role = who->role;
	q.membership.ended = 1;
	frame.body_case = CLIENT(PUT_DIRECTORY);
	frame.put_directory = &q.put_directory;
	(void)person_expect(&s->county.admin, &frame, SERVER(DONE));
}

static void disable(struct scene *s, struct person *who)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	static struct question q;

	question_init(&q, s);
	lahetti__v1__put_directory__init(&q.put_directory);
	entry_is(&q, ENTRY(USER), &q.user);
	q.user.id = id(&who->user);
	q.user.disabled = 1;
	frame.body_case = CLIENT(PUT_DIRECTORY);
	frame.put_directory = &q.put_directory;
	(void)person_expect(&s->county.admin, &frame, SERVER(DONE));
}

static void revoke_device_of(struct scene *s, struct person *who)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__RevokeDevice revoke_device = LAHETTI__V1__REVOKE_DEVICE__INIT;

	revoke_device.key_id = digest(&who->key_id);
	frame.body_case = CLIENT(REVOKE_DEVICE);
	frame.revoke_device = &revoke_device;
	(void)person_expect(&s->county.admin, &frame, SERVER(DONE));
}

/* The other organisation's administrator, and four people of the county who may not come in. */
static void make_people(struct scene *s)
{
	struct county *c = &s->county;
	char codes[4][32], code[32];
	struct person *people[] = {&s->newcomer, &s->unconfirmed, &s->revoked, &s->disabled};
	static const char *const names[] = {"Uuno Uusi", "Vesa Vahvistamaton", "Piia Peruttu",
					    "Eero Estetty"};

	county_sign_in(&c->admin);
	for (size_t i = 0; i < N_OF(people); i++)
		admin_user(&c->admin, names[i], &c->clinic, ROLE(NURSE), people[i], codes[i]);
	person_sign_out(&c->admin);
	house_stop(&c->house, SIGTERM);
	house_organisation(&c->house, "Kela", "kela", code);
	house_start(&c->house);
	person_enrol(&s->kela, &c->house, code);
	for (size_t i = 0; i < N_OF(people); i++)
		person_enrol(people[i], &c->house, codes[i]);
	house_stop(&c->house, SIGTERM);
	person_confirm(&s->kela);
	person_confirm(&s->newcomer);
	person_confirm(&s->revoked);
	person_confirm(&s->disabled);
	house_start(&c->house);
}

static void make_outsider(struct scene *s)
{
	struct county *c = &s->county;
	char code[32];

	county_sign_in(&s->kela);
	admin_unit(&s->kela, "Kelan asiantuntijat", &s->elsewhere);
	admin_user(&s->kela, "Kalle Kela", &s->elsewhere, ROLE(KELA_EXPERT), &s->outsider, code);
	person_enrol(&s->outsider, &c->house, code);
	person_sign_out(&s->kela);
	house_stop(&c->house, SIGTERM);
	person_confirm(&s->outsider);
	house_start(&c->house);
}

static int make(void **state)
{
	static struct scene s;
	struct lahetti_fault f = {0};

	county_make(&s.county);
	make_people(&s);
	make_outsider(&s);
	county_sign_in(&s.county.admin);
	county_sign_in(&s.county.worker);
	county_sign_in(&s.county.coach);
	county_sign_in(&s.county.officer);
	county_sign_in(&s.kela);
	county_sign_in(&s.outsider);
	county_sign_in(&s.newcomer);
	person_sign_out(&s.newcomer);
	end_membership(&s, &s.newcomer);
	disable(&s, &s.disabled);
	revoke_device_of(&s, &s.revoked);
	county_sign_in(&s.newcomer);
	person_add_client(&s.county.worker, "Esimerkki", "010190-900P", &s.client, &s.case_id);
	person_add_client(&s.outsider, "Toinen", "010190-901R", &s.other_client, &s.other_case);
	assert_true(lahetti_id_new(&s.nobody, lahetti_now_us(), &f));
	deliver(&s, &s.opened, NULL);
	deliver(&s, &s.queued, NULL);
	deliver(&s, &s.personal, &s.county.coach);
	deliver(&s, &s.claimed, NULL);
	take_from_queue(&s.county.coach, &s.opened);
	take_from_queue(&s.county.coach, &s.claimed);
	open_one(&s, &s.county.coach, &s.opened);
	give_consent(&s);
	*state = &s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	print_message("%zu rows\n", s->rows);
	person_finish(&s->kela);
	person_finish(&s->outsider);
	person_finish(&s->newcomer);
	person_finish(&s->unconfirmed);
	person_finish(&s->revoked);
	person_finish(&s->disabled);
	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_has_its_row),
		cmocka_unit_test(before_login_nothing_is_heard),
		cmocka_unit_test(empty_frames),
		cmocka_unit_test(frames_with_an_unknown_field),
		cmocka_unit_test(without_a_membership),
		cmocka_unit_test(identifiers_of_a_wrong_length),
		cmocka_unit_test(bytes_that_are_no_frame),
		cmocka_unit_test(logins_that_are_wrong),
		cmocka_unit_test(enrolments_that_are_wrong),
		cmocka_unit_test(frames_that_are_wrong),
		cmocka_unit_test(envelopes_that_are_wrong),
		cmocka_unit_test(statements_that_are_wrong),
		cmocka_unit_test(openings_that_are_wrong),
	};

	return cmocka_run_group_tests(tests, make, end);
}
