/*
 * p8: what two people have decided to erase can't be shown by any frame, whenever the server was
 * killed in between; what one has decided stays; and every proof goes on holding.
 */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/merkle.h"
#include "lahetti/message.h"
#include "lahetti/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCOPE(NAME)  LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_##NAME
#define REASON(NAME) LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_##NAME
#define SERVER(NAME) LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define CLIENT(NAME) LAHETTI__V1__CLIENT_FRAME__BODY_##NAME

#define WORDS	 "poissa töistä" /* of every referral of a test */
#define SENTENCE "Säilytysaika päättyi keväällä."

/* ---- the scene: a county, whose clinic has a head, and somebody of a city ---------------------
 */

struct scene {
	struct county c;
	struct person city_admin, stranger; /* who supervises the city */
	struct lahetti_id client, case_id, delivery;
	struct writing referral;
	char name[32], code[16];  /* the client's */
	unsigned clients, living; /* made; whose identity is there */
};

static void set(struct scene *s, const char *line)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/lahettid.conf", s->c.house.folder);
	f = fopen(path, "a");
	assert_non_null(f);
	(void)fprintf(f, "%s\n", line);
	assert_int_equal(0, fclose(f));
}

static void sign_in_all(struct scene *s)
{
	county_sign_in(&s->c.worker);
	county_sign_in(&s->c.coach);
	county_sign_in(&s->c.officer);
}

static void sign_out_all(struct scene *s)
{
	person_sign_out(&s->c.worker);
	person_sign_out(&s->c.coach);
	person_sign_out(&s->c.officer);
}

static void restart(struct scene *s)
{
	sign_out_all(s);
	house_stop(&s->c.house, SIGTERM);
	house_start(&s->c.house);
	sign_in_all(s);
}

/* The worker becomes the head of the clinic: of the coach's team nobody is. */
static void make_scene(struct scene *s)
{
	memset(s, 0, sizeof *s);
	county_make(&s->c);
	sign_in_all(s);
	county_sign_in(&s->c.admin);
	admin_leader(&s->c.admin, &s->c.worker);
}

static void end_scene(struct scene *s)
{
	writing_finish(&s->referral);
	county_end(&s->c);
}

static void make_city(struct scene *s)
{
	char code[32], second[32];
	struct lahetti_id unit;

	sign_out_all(s);
	person_sign_out(&s->c.admin);
	house_stop(&s->c.house, SIGTERM);
	house_organisation(&s->c.house, "Kokeilukaupunki", "municipality", code);
	house_start(&s->c.house);
	person_enrol(&s->city_admin, &s->c.house, code);
	house_stop(&s->c.house, SIGTERM);
	person_confirm(&s->city_admin);
	house_start(&s->c.house);
	county_sign_in(&s->city_admin);
	admin_unit(&s->city_admin, "Tietosuoja", &unit);
	admin_user(&s->city_admin, "Vieno Vieras", &unit,
		   LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER, &s->stranger, second);
	person_enrol(&s->stranger, &s->c.house, second);
	person_sign_out(&s->city_admin);
	house_stop(&s->c.house, SIGTERM);
	person_confirm(&s->stranger);
	house_start(&s->c.house);
	sign_in_all(s);
	county_sign_in(&s->c.admin);
	county_sign_in(&s->stranger);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static ProtobufCBinaryData bytes(const struct lahetti_id *id)
{
	return lahetti_bytes(lahetti_id_span(id));
}

static struct lahetti_id new_id(void)
{
	struct lahetti_id id;

	assert_true(lahetti_id_new(&id, lahetti_now_us(), NULL));
	return id;
}

static Lahetti__V1__ServerFrame *propose(struct person *p, const struct lahetti_id *erasure,
					 const struct lahetti_id *client,
					 Lahetti__V1__ErasureScope scope,
					 const struct lahetti_id *statement)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ProposeErasure e = LAHETTI__V1__PROPOSE_ERASURE__INIT;

	e.erasure = bytes(erasure);
	e.client = bytes(client);
	e.scope = scope;
	if (statement != NULL)
		e.statement = bytes(statement);
	e.reason = REASON(RETENTION_OVER);
	e.sentence = lahetti_text(SENTENCE);
	e.reference = lahetti_text("JHA 2026-17");
	frame.body_case = CLIENT(PROPOSE_ERASURE);
	frame.propose_erasure = &e;
	return person_ask(p, &frame);
}

static void proposed(struct person *p, const struct lahetti_id *erasure,
		     const struct lahetti_id *client, Lahetti__V1__ErasureScope scope,
		     const struct lahetti_id *statement)
{
	const Lahetti__V1__ServerFrame *answer = propose(p, erasure, client, scope, statement);

	if (answer->body_case == SERVER(ERROR))
		fail_msg("%s", answer->error->code);
	assert_int_equal(answer->body_case, SERVER(DONE));
}

static void not_proposed(struct person *p, const struct lahetti_id *client, const char *code)
{
	struct lahetti_id erasure = new_id();
	const Lahetti__V1__ServerFrame *answer = propose(p, &erasure, client, SCOPE(CONTENT), NULL);

	assert_int_equal(answer->body_case, SERVER(ERROR));
	assert_string_equal(answer->error->code, code);
}

static void confirmation(Lahetti__V1__ClientFrame *frame, Lahetti__V1__ConfirmErasure *c,
			 const struct lahetti_id *erasure)
{
	lahetti__v1__client_frame__init(frame);
	lahetti__v1__confirm_erasure__init(c);
	c->erasure = bytes(erasure);
	frame->body_case = CLIENT(CONFIRM_ERASURE);
	frame->confirm_erasure = c;
}

static uint64_t confirmed(struct person *p, const struct lahetti_id *erasure)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ConfirmErasure c;

	confirmation(&frame, &c, erasure);
	return person_expect(p, &frame, SERVER(DONE))->done->event;
}

static void not_confirmed(struct person *p, const struct lahetti_id *erasure, const char *code)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ConfirmErasure c;

	confirmation(&frame, &c, erasure);
	person_refused(p, &frame, code);
}

static void drop_frame(Lahetti__V1__ClientFrame *frame, Lahetti__V1__DropErasure *d,
		       const struct lahetti_id *erasure)
{
	lahetti__v1__client_frame__init(frame);
	lahetti__v1__drop_erasure__init(d);
	d->erasure = bytes(erasure);
	frame->body_case = CLIENT(DROP_ERASURE);
	frame->drop_erasure = d;
}

static Lahetti__V1__ServerFrame *list(struct person *p, const struct lahetti_id *organisation)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadErasures r = LAHETTI__V1__READ_ERASURES__INIT;

	if (organisation != NULL)
		r.organisation = bytes(organisation);
	frame.body_case = CLIENT(READ_ERASURES);
	frame.read_erasures = &r;
	return person_ask(p, &frame);
}

static size_t find(struct person *p, const char *term)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients f = LAHETTI__V1__FIND_CLIENTS__INIT;

	f.term = lahetti_text(term);
	frame.body_case = CLIENT(FIND_CLIENTS);
	frame.find_clients = &f;
	return person_expect(p, &frame, SERVER(CLIENTS))->clients->n_clients;
}

static Lahetti__V1__ServerFrame *open_again(struct scene *s)
{
	Lahetti__V1__Acknowledgement a = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	writing_begin(&w, &s->c.coach, LAHETTI_KIND_ACKNOWLEDGEMENT, NULL, NULL);
	writing_reply(&w, &s->referral.id, &s->referral.sha256);
	a.delivery = bytes(&s->delivery);
	a.step = LAHETTI__V1__STEP__STEP_OPEN;
	writing_sign(&w, &a.base, s->c.coach.key);
	answer = person_open(&s->c.coach, &w);
	writing_finish(&w);
	return answer;
}

/* A client of the clinic with a code of their own, whose referral the coach has opened. */
static void make_client(struct scene *s)
{
	static const char check[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim claim = LAHETTI__V1__CLAIM__INIT;
	Lahetti__V1__Referral body;
	Lahetti__V1__ServerFrame *answer;
	unsigned day = 1 + s->clients % 28, number = 900 + s->clients % 100;

	s->clients++;
	s->living++;
	(void)snprintf(s->name, sizeof s->name, "Hävitettävä%c%cnen", 'a' + (int)(s->clients / 26),
		       'a' + (int)(s->clients % 26));
	(void)snprintf(s->code, sizeof s->code, "%02u0190-%03u%c", day, number,
		       check[(day * 10000000u + 190000u + number) % 31]);
	writing_finish(&s->referral);
	person_add_client(&s->c.worker, s->name, s->code, &s->client, &s->case_id);
	writing_begin(&s->referral, &s->c.worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(&s->referral, &s->c.worker.organisation, &s->c.team);
	referral_fill(&body);
	writing_sign(&s->referral, &body.base, s->c.worker.key);
	answer = person_submit(&s->c.worker, &s->referral);
	assert_int_equal(answer->body_case, SERVER(ACCEPTED));
	assert_true(lahetti_id_read(
		&s->delivery, lahetti_bytes_span(answer->accepted->deliveries[0]->delivery), NULL));
	claim.delivery = bytes(&s->delivery);
	frame.body_case = CLIENT(CLAIM);
	frame.claim = &claim;
	(void)person_expect(&s->c.coach, &frame, SERVER(DONE));
	assert_int_equal(open_again(s)->body_case, SERVER(CONTENT));
}

/* ---- two people ------------------------------------------------------------------------------ */

static void p8_wrong_proposals_are_refused(struct scene *s)
{
	static const struct {
		Lahetti__V1__ErasureScope scope;
		Lahetti__V1__ErasureReason reason;
		const char *sentence, *reference;
		bool statement;
	} rows[] = {
		{SCOPE(UNSPECIFIED), REASON(OTHER), "x", "1", false},
		{SCOPE(CONTENT), REASON(UNSPECIFIED), "x", "1", false},
		{SCOPE(CONTENT), REASON(OTHER), "", "1", false},
		{SCOPE(CONTENT), REASON(OTHER), "x", "", false},
		{SCOPE(CONTENT), REASON(OTHER), "x", "no number", false},
		{SCOPE(CONTENT), REASON(OTHER), "x", "Äijälä 1", false},
		{SCOPE(CONTENT), REASON(OTHER), "x",
		 "12345678901234567890123456789012345678901234567890123456789012345", false},
		{SCOPE(STATEMENT), REASON(OTHER), "x", "1", false},
		{SCOPE(IDENTITY), REASON(OTHER), "x", "1", true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		Lahetti__V1__ProposeErasure e = LAHETTI__V1__PROPOSE_ERASURE__INIT;
		struct lahetti_id erasure = new_id();

		e.erasure = bytes(&erasure);
		e.client = bytes(&s->client);
		e.scope = rows[i].scope;
		e.reason = rows[i].reason;
		e.sentence = lahetti_text(rows[i].sentence);
		e.reference = lahetti_text(rows[i].reference);
		if (rows[i].statement)
			e.statement = bytes(&s->referral.id);
		frame.body_case = CLIENT(PROPOSE_ERASURE);
		frame.propose_erasure = &e;
		person_refused(&s->c.officer, &frame, "bad-erasure");
	}
}

/* A second device is not a second person. */
static void p8_second_device_is_refused(struct scene *s, const struct lahetti_id *erasure)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__IssueCode issue = LAHETTI__V1__ISSUE_CODE__INIT;
	struct person second;
	char code[32];

	issue.user = bytes(&s->c.officer.user);
	frame.body_case = CLIENT(ISSUE_CODE);
	frame.issue_code = &issue;
	(void)snprintf(
		code, sizeof code, "%s",
		person_expect(&s->c.admin, &frame, SERVER(ENROLMENT_CODE))->enrolment_code->code);
	person_enrol(&second, &s->c.house, code);
	sign_out_all(s);
	person_sign_out(&s->c.admin);
	person_sign_out(&s->stranger);
	house_stop(&s->c.house, SIGTERM);
	person_confirm(&second);
	house_start(&s->c.house);
	sign_in_all(s);
	county_sign_in(&s->c.admin);
	county_sign_in(&s->stranger);
	county_sign_in(&second);
	assert_true(lahetti_id_equal(&second.user, &s->c.officer.user));
	not_confirmed(&second, erasure, "own-proposal");
	person_finish(&second);
}

static void p8_erasing_needs_two_people_of_the_controller(void **state)
{
	struct scene s;
	struct lahetti_id erasure = new_id(), other = new_id(), nowhere = new_id();
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__DropErasure d;
	Lahetti__V1__ServerFrame *answer;
	uint64_t event;

	(void)state;
	make_scene(&s);
	make_client(&s);
	make_city(&s);
	p8_wrong_proposals_are_refused(&s);
	/* Who may not at all; and who may, but not about this one. */
	not_proposed(&s.c.coach, &s.client, "may-not-erase");
	not_proposed(&s.c.admin, &s.client, "may-not-erase");
	not_proposed(&s.stranger, &s.client, "no-such-client");
	not_proposed(&s.stranger, &nowhere, "no-such-client");
	not_proposed(&s.c.officer, &nowhere, "no-such-client");
	answer = propose(&s.c.officer, &other, &s.client, SCOPE(STATEMENT), &nowhere);
	assert_int_equal(answer->body_case, SERVER(ERROR));
	assert_string_equal(answer->error->code, "no-such-statement");

	proposed(&s.c.officer, &erasure, &s.client, SCOPE(CONTENT), NULL);
	event = propose(&s.c.officer, &erasure, &s.client, SCOPE(CONTENT), NULL)->done->event;
	assert_true(event > 0); /* the same, asked again */
	answer = propose(&s.c.worker, &erasure, &s.client, SCOPE(IDENTITY), NULL);
	assert_string_equal(answer->error->code, "identifier-used");
	not_confirmed(&s.c.officer, &erasure, "own-proposal");
	p8_second_device_is_refused(&s, &erasure);
	not_confirmed(&s.c.coach, &erasure, "may-not-erase");
	not_confirmed(&s.c.admin, &erasure, "may-not-erase");
	not_confirmed(&s.stranger, &erasure, "no-such-erasure");
	not_confirmed(&s.stranger, &nowhere, "no-such-erasure");
	not_confirmed(&s.c.worker, &nowhere, "no-such-erasure");

	answer = list(&s.c.worker, NULL);
	assert_int_equal(answer->body_case, SERVER(ERASURES));
	assert_int_equal(answer->erasures->n_erasures, 1);
	assert_string_equal(answer->erasures->erasures[0]->sentence, SENTENCE);
	assert_string_equal(answer->erasures->erasures[0]->proposer_name, "Tiina Tietosuoja");
	assert_true(answer->erasures->erasures[0]->may_confirm);
	assert_false(list(&s.c.officer, NULL)->erasures->erasures[0]->may_confirm);
	assert_string_equal(list(&s.c.coach, NULL)->error->code, "may-not-erase");
	assert_string_equal(list(&s.stranger, &s.c.worker.organisation)->error->code,
			    "may-not-erase");
	assert_string_equal(list(&s.stranger, &nowhere)->error->code, "may-not-erase");
	assert_int_equal(list(&s.stranger, NULL)->erasures->n_erasures, 0);

	/* Dropped by its proposer it is no more. */
	drop_frame(&frame, &d, &erasure);
	person_refused(&s.stranger, &frame, "no-such-erasure");
	(void)person_expect(&s.c.officer, &frame, SERVER(DONE));
	(void)person_expect(&s.c.officer, &frame, SERVER(DONE));
	not_confirmed(&s.c.worker, &erasure, "erasure-ended");
	assert_int_equal(list(&s.c.worker, NULL)->erasures->n_erasures, 0);
	assert_int_equal(find(&s.c.worker, s.code), 1);

	/* Whom the controller names from elsewhere may confirm, and propose nothing. */
	proposed(&s.c.officer, &other, &s.client, SCOPE(IDENTITY), NULL);
	admin_second(&s.c.admin, "Esimerkkilän hyvinvointialue",
		     LAHETTI__V1__ORGANISATION_TYPE__ORGANISATION_TYPE_WELLBEING_SERVICES_COUNTY,
		     &s.stranger);
	not_proposed(&s.stranger, &s.client, "no-such-client");
	answer = list(&s.stranger, &s.c.worker.organisation);
	assert_int_equal(answer->body_case, SERVER(ERASURES));
	assert_int_equal(answer->erasures->n_erasures, 1);
	assert_true(answer->erasures->erasures[0]->may_confirm);
	event = confirmed(&s.stranger, &other);
	assert_true(confirmed(&s.stranger, &other) == event); /* asked again */
	not_confirmed(&s.c.worker, &other, "erasure-ended");
	assert_int_equal(find(&s.c.worker, s.code), 0);
	person_finish(&s.stranger);
	person_finish(&s.city_admin);
	end_scene(&s);
}

/* ---- after it -------------------------------------------------------------------------------- */

static void holds_nothing(const struct scene *s, const Lahetti__V1__ServerFrame *answer)
{
	size_t len = lahetti__v1__server_frame__get_packed_size(answer);
	uint8_t *packed = malloc(len + 1);

	assert_non_null(packed);
	assert_true(lahetti__v1__server_frame__pack(answer, packed) == len);
	assert_null(memmem(packed, len, s->name, strlen(s->name)));
	assert_null(memmem(packed, len, WORDS, strlen(WORDS)));
	assert_null(memmem(packed, len, SENTENCE, strlen(SENTENCE)));
	free(packed);
}

static void ask_for(const struct scene *s, struct person *p, Lahetti__V1__ClientFrame *frame,
		    const char *code)
{
	const Lahetti__V1__ServerFrame *answer = person_ask(p, frame);

	holds_nothing(s, answer);
	if (code == NULL) {
		if (answer->body_case == SERVER(ERROR))
			fail_msg("%s", answer->error->code);
		return;
	}
	assert_int_equal(answer->body_case, SERVER(ERROR));
	assert_string_equal(answer->error->code, code);
}

/* Nor by being done already: somebody who is not in the team leaves it. */
static void p8_team_is_not_guessed(struct scene *s, bool erased)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutCareTeamMember leave = LAHETTI__V1__PUT_CARE_TEAM_MEMBER__INIT;

	leave.case_id = bytes(&s->case_id);
	leave.user = bytes(&s->c.coach.user);
	leave.unit = bytes(&s->c.coach.unit);
	leave.ended = true;
	frame.body_case = CLIENT(PUT_CARE_TEAM_MEMBER);
	frame.put_care_team_member = &leave;
	ask_for(s, &s->c.worker, &frame, erased ? "erased" : NULL);
}

/* Everything that shows a client, asked by whoever may: as it stands after an erasure. */
static void p8_no_frame_shows_anything(struct scene *s, bool identity)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadSent sent = LAHETTI__V1__READ_SENT__INIT;
	Lahetti__V1__ReadTimeline timeline = LAHETTI__V1__READ_TIMELINE__INIT;
	Lahetti__V1__ReadReceipt receipt = LAHETTI__V1__READ_RECEIPT__INIT;
	Lahetti__V1__ReadCase of_case = LAHETTI__V1__READ_CASE__INIT;
	Lahetti__V1__ReadStatement again = LAHETTI__V1__READ_STATEMENT__INIT;
	Lahetti__V1__ReadCareTeam team = LAHETTI__V1__READ_CARE_TEAM__INIT;
	Lahetti__V1__WhoWouldSee would = LAHETTI__V1__WHO_WOULD_SEE__INIT;
	Lahetti__V1__Recipient to_team = LAHETTI__V1__RECIPIENT__INIT, *recipients[] = {&to_team};
	Lahetti__V1__ReadTrail trail = LAHETTI__V1__READ_TRAIL__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__HandedOver handed = LAHETTI__V1__HANDED_OVER__INIT;
	Lahetti__V1__Notice *notices[64];
	ProtobufCBinaryData deliveries[1] = {bytes(&s->delivery)};
	Lahetti__V1__ServerFrame *answer;
	size_t n, parts = 0;

	answer = open_again(s);
	assert_int_equal(answer->body_case, SERVER(ERROR));
	assert_string_equal(answer->error->code, "erased");
	assert_int_equal(find(&s->c.worker, s->code), !identity);
	assert_int_equal(find(&s->c.worker, s->name), !identity);
	assert_int_equal(find(&s->c.worker, ""), s->living);
	assert_int_equal(find(&s->c.coach, ""), s->living);
	assert_int_equal(find(&s->c.officer, s->code), !identity);

	frame.body_case = CLIENT(READ_SENT);
	frame.read_sent = &sent;
	answer = person_expect(&s->c.worker, &frame, SERVER(SENT));
	holds_nothing(s, answer);
	for (size_t i = 0; i < answer->sent->n_statuses; i++)
		assert_int_equal(answer->sent->statuses[i]->client.len, 0);
	timeline.statement = receipt.statement = bytes(&s->referral.id);
	frame.body_case = CLIENT(READ_TIMELINE);
	frame.read_timeline = &timeline;
	ask_for(s, &s->c.worker, &frame, "no-such-statement");
	frame.body_case = CLIENT(READ_RECEIPT);
	frame.read_receipt = &receipt;
	ask_for(s, &s->c.worker, &frame, NULL);
	of_case.case_id = bytes(&s->case_id);
	frame.body_case = CLIENT(READ_CASE);
	frame.read_case = &of_case;
	ask_for(s, &s->c.worker, &frame, identity ? "erased" : NULL);
	team.case_id = bytes(&s->case_id);
	frame.body_case = CLIENT(READ_CARE_TEAM);
	frame.read_care_team = &team;
	ask_for(s, &s->c.worker, &frame, identity ? "erased" : NULL);
	to_team.kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CARE_TEAM;
	would.client = bytes(&s->client);
	would.case_id = bytes(&s->case_id);
	would.kind = LAHETTI_KIND_REFERRAL;
	would.recipients = recipients;
	would.n_recipients = 1;
	frame.body_case = CLIENT(WHO_WOULD_SEE);
	frame.who_would_see = &would;
	ask_for(s, &s->c.worker, &frame, identity ? "erased" : NULL);
	again.statement = bytes(&s->referral.id);
	frame.body_case = CLIENT(READ_STATEMENT);
	frame.read_statement = &again;
	ask_for(s, &s->c.worker, &frame, "erased");
	handed.deliveries = deliveries;
	handed.n_deliveries = 1;
	frame.body_case = CLIENT(HANDED_OVER);
	frame.handed_over = &handed;
	ask_for(s, &s->c.coach, &frame, NULL);
	holds_nothing(s, person_subscribe(&s->c.coach, 0, notices, 64, &n));
	assert_true(n > 0 && notices[n - 1]->gone && notices[n - 1]->n_steps == 0);

	/* The trail goes on, and shows events; the parts go with the identity. */
	who.client = trail.client = bytes(&s->client);
	frame.body_case = CLIENT(WHO_SAW);
	frame.who_saw = &who;
	answer = person_expect(&s->c.officer, &frame, SERVER(TRAIL));
	assert_true(answer->trail->n_lines > 3);
	for (size_t i = 0; i < answer->trail->n_lines; i++) {
		assert_true(answer->trail->lines[i]->event.len > 0);
		parts += answer->trail->lines[i]->subject != NULL;
	}
	assert_int_equal(parts, identity ? 0 : answer->trail->n_lines);
	if (identity)
		holds_nothing(s, answer);
	frame.body_case = CLIENT(READ_TRAIL);
	frame.read_trail = &trail;
	answer = person_expect(&s->c.officer, &frame, SERVER(TRAIL));
	if (identity)
		holds_nothing(s, answer);
}

/* A resend: the same event and place under the log's signature, and that it has since been erased.
 */
static void p8_resend_is_accepted_since_erased(struct scene *s, bool identity,
					       struct lahetti_span event)
{
	const Lahetti__V1__ServerFrame *answer = person_submit(&s->c.worker, &s->referral);
	struct lahetti_note_verifier *log = lahetti_note_verifier_read(s->c.worker.log_key, NULL);
	struct lahetti_receipt_facts facts;
	struct lahetti_arena arena;
	struct lahetti_fault f = {0};

	assert_int_equal(answer->body_case, SERVER(ACCEPTED));
	holds_nothing(s, answer);
	assert_true(answer->accepted->since_erased);
	assert_true(
		lahetti_span_equal(event, lahetti_bytes_span(answer->accepted->receipt->event)));
	assert_true((answer->accepted->receipt->subject == NULL) == identity);
	assert_non_null(log);
	assert_true(lahetti_arena_init(&arena, 1 << 20, NULL));
	if (!lahetti_receipt_verify(answer->accepted->receipt, log, &arena, &facts, &f))
		fail_msg("%s", f.text);
	assert_true((facts.subject == NULL) == identity);
	lahetti_arena_finish(&arena);
	lahetti_note_verifier_destroy(log);
}

/* What the officer was shown of a client's chain, as `lahetti verify` reads it. */
static struct lahetti_span bundle_of(struct scene *s, struct lahetti_arena *arena)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__Bundle bundle = LAHETTI__V1__BUNDLE__INIT;
	const Lahetti__V1__ServerFrame *answer;
	struct lahetti_span packed;

	who.client = bytes(&s->client);
	who.proofs = 1;
	frame.body_case = CLIENT(WHO_SAW);
	frame.who_saw = &who;
	answer = person_expect(&s->c.officer, &frame, SERVER(TRAIL));
	bundle.log_key = s->c.officer.log_key;
	bundle.checkpoint = answer->trail->checkpoint;
	bundle.lines = answer->trail->lines;
	bundle.n_lines = answer->trail->n_lines;
	packed = lahetti_message_pack(&bundle.base, arena);
	assert_non_null(packed.data);
	return packed;
}

static void ignore(void *context, const struct lahetti_finding *finding)
{
	(void)context;
	(void)finding;
}

static void proves(const struct scene *s, struct lahetti_span bundle)
{
	struct lahetti_fault f = {0};

	if (!lahetti_bundle_verify(bundle, s->c.officer.log_key, ignore, NULL, &f))
		fail_msg("%s", f.text);
}

/* The tree that a device has seen is still the beginning of the log's. */
static void is_consistent(struct scene *s, struct lahetti_span note)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadConsistency read = LAHETTI__V1__READ_CONSISTENCY__INIT;
	struct lahetti_note_verifier *log = lahetti_note_verifier_read(s->c.officer.log_key, NULL);
	const Lahetti__V1__ServerFrame *answer;
	struct lahetti_checkpoint before, after;
	struct lahetti_digest hashes[64];
	char origin[256];

	assert_non_null(log);
	(void)snprintf(origin, sizeof origin, "%s", lahetti_note_verifier_name(log));
	assert_true(lahetti_checkpoint_open(&before, note, log, origin, NULL));
	read.from = before.size;
	frame.body_case = CLIENT(READ_CONSISTENCY);
	frame.read_consistency = &read;
	answer = person_expect(&s->c.officer, &frame, SERVER(PROOF));
	assert_true(lahetti_checkpoint_open(&after, lahetti_bytes_span(answer->proof->checkpoint),
					    log, origin, NULL));
	assert_true(after.size > before.size && answer->proof->n_hashes <= 64);
	for (size_t i = 0; i < answer->proof->n_hashes; i++)
		memcpy(hashes[i].bytes, answer->proof->hashes[i].data, sizeof hashes[i].bytes);
	assert_true(lahetti_consistency_verify(before.size, &before.root, after.size, &after.root,
					       hashes, answer->proof->n_hashes, NULL));
	lahetti_note_verifier_destroy(log);
}

/* In how many files below a folder the text stands; *files: of how many. */
static unsigned files_with(const char *folder, const char *text, unsigned *files)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		char path[1024];
		struct stat st;
		uint8_t *data;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		assert_int_equal(stat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			n += files_with(path, text, files);
			continue;
		}
		data = malloc((size_t)st.st_size + 1);
		f = fopen(path, "rb");
		assert_non_null(data);
		assert_non_null(f);
		assert_int_equal(fread(data, 1, (size_t)st.st_size, f), st.st_size);
		(void)fclose(f);
		n += memmem(data, (size_t)st.st_size, text, strlen(text)) != NULL;
		(*files)++;
		free(data);
	}
	(void)closedir(dir);
	return n;
}

static unsigned count(const struct scene *s, const char *below)
{
	char path[400];
	DIR *dir;
	unsigned n = 0;

	(void)snprintf(path, sizeof path, "%s/data/%s", s->c.house.folder, below);
	dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

static void p8_nothing_of_the_client_is_shown_any_more(void **state)
{
	static const Lahetti__V1__ErasureScope scopes[] = {SCOPE(STATEMENT), SCOPE(CONTENT),
							   SCOPE(IDENTITY)};
	struct lahetti_span before, event;
	Lahetti__V1__Referral body;
	struct lahetti_arena arena;
	struct writing another;
	struct scene s;
	unsigned files = 0;

	(void)state;
	make_scene(&s);
	assert_true(lahetti_arena_init(&arena, 1 << 22, NULL));
	for (size_t i = 0; i < 3; i++) {
		struct lahetti_id erasure = new_id();
		const Lahetti__V1__ServerFrame *answer;
		Lahetti__V1__Bundle *shown;
		bool identity = scopes[i] == SCOPE(IDENTITY);
		unsigned periods;

		lahetti_arena_reset(&arena);
		make_client(&s);
		answer = person_submit(&s.c.worker, &s.referral);
		assert_false(answer->accepted->since_erased);
		event = lahetti_bytes_span(answer->accepted->receipt->event);
		event = lahetti_span(lahetti_arena_copy(&arena, event.data, event.len), event.len);
		assert_non_null(event.data);
		before = bundle_of(&s, &arena);
		proves(&s, before);
		shown = lahetti_message_read(&lahetti__v1__bundle__descriptor, before,
					     LAHETTI_MESSAGE_FRAME, &arena, NULL);
		assert_non_null(shown);

		/* Another identifier of the same person: what is erased is all of them. */
		if (identity) {
			struct lahetti_id alias, its_case;

			person_add_client(&s.c.worker, s.name, s.code, &alias, &its_case);
			assert_int_equal(find(&s.c.worker, s.code), 2);
		}
		proposed(&s.c.officer, &erasure, &s.client, scopes[i],
			 scopes[i] == SCOPE(STATEMENT) ? &s.referral.id : NULL);
		(void)confirmed(&s.c.worker, &erasure);
		s.living -= identity;
		/* One key in use, and those that wait for the end of the retention. */
		periods = count(&s, "keys/period");
		assert_true(periods >= 3);
		for (int twice = 0; twice < 2; twice++) {
			p8_no_frame_shows_anything(&s, identity);
			p8_team_is_not_guessed(&s, scopes[i] != SCOPE(STATEMENT));
			p8_resend_is_accepted_since_erased(&s, identity, event);
			proves(&s, before);
			is_consistent(&s, lahetti_bytes_span(shown->checkpoint));
			house_is_whole(&s.c.house);
			restart(&s);
		}
		/* Under an erased client nothing new begins. */
		if (scopes[i] == SCOPE(STATEMENT))
			continue;
		writing_begin(&another, &s.c.worker, LAHETTI_KIND_REFERRAL, &s.client, &s.case_id);
		writing_to_queue(&another, &s.c.worker.organisation, &s.c.team);
		referral_fill(&body);
		writing_sign(&another, &body.base, s.c.worker.key);
		answer = person_submit(&s.c.worker, &another);
		assert_int_equal(answer->body_case, SERVER(ERROR));
		assert_string_equal(answer->error->code, "erased");
		writing_finish(&another);
	}
	assert_int_equal(files_with(s.c.house.folder, "Hävitettävä", &files), 0);
	assert_int_equal(files_with(s.c.house.folder, WORDS, &files), 0);
	assert_true(files > 10);
	assert_true(files_with(s.c.house.folder, "Tiina Tietosuoja", &files) > 0); /* it finds */
	/* When the retention is over, the keys under which it lay go, here and for every copy. */
	assert_true(count(&s, "keys/period") >= 7);
	set(&s, "backup-retention-days = 0");
	restart(&s);
	assert_int_equal(count(&s, "keys/period"), 1);
	make_client(&s);
	lahetti_arena_finish(&arena);
	end_scene(&s);
}

/* ---- killed at every change of a file ------------------------------------------------------- */

#define CHANGES (IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE)

static int watch(const struct scene *s)
{
	static const char *const folders[] = {"data", "data/keys", "data/keys/period"};
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[400];

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", s->c.house.folder, folders[i]);
		assert_true(inotify_add_watch(fd, path, CHANGES) >= 0);
	}
	return fd;
}

/* How many changes have been seen since the last time. */
static unsigned changes(int fd)
{
	_Alignas(struct inotify_event) char events[4096];
	unsigned n = 0;
	ssize_t len;

	while ((len = read(fd, events, sizeof events)) > 0)
		for (ssize_t at = 0; at < len; n++)
			at += (ssize_t)(sizeof(struct inotify_event) +
					((struct inotify_event *)(void *)&events[at])->len);
	return n;
}

/*
 * Confirms, and kills the server at the so-manieth change that it makes to a file. Whether it was
 * answered before; *seen: how many changes there were.
 */
static bool confirm_and_kill(struct scene *s, const struct lahetti_id *erasure, unsigned at,
			     unsigned *seen)
{
	struct pollfd p = {.fd = watch(s), .events = POLLIN};
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ConfirmErasure c;
	const Lahetti__V1__ServerFrame *answer = NULL;
	struct lahetti_fault f = {0};
	uint64_t number;

	confirmation(&frame, &c, erasure);
	lahetti_arena_reset(&s->c.worker.arena);
	assert_true(lahetti_peer_send(s->c.worker.peer, &frame, &number, &f));
	for (*seen = 0; *seen < at && answer == NULL; *seen += changes(p.fd)) {
		assert_true(poll(&p, 1, 20) >= 0);
		if (p.revents == 0)
			answer = lahetti_peer_next(s->c.worker.peer, 1, &s->c.worker.arena, &f);
	}
	house_stop(&s->c.house, SIGKILL);
	if (answer == NULL)
		answer = lahetti_peer_next(s->c.worker.peer, 1000, &s->c.worker.arena, &f);
	(void)close(p.fd);
	if (answer != NULL)
		assert_int_equal(answer->body_case, SERVER(DONE));
	return answer != NULL;
}

/* Wholly, or not at all: every way of asking says the same. */
static bool is_erased(struct scene *s, Lahetti__V1__ErasureScope scope)
{
	const Lahetti__V1__ServerFrame *answer = person_submit(&s->c.worker, &s->referral);
	bool erased;

	assert_int_equal(answer->body_case, SERVER(ACCEPTED));
	erased = answer->accepted->since_erased;
	answer = open_again(s);
	if (erased)
		assert_string_equal(answer->error->code, "erased");
	else
		assert_int_equal(answer->body_case, SERVER(CONTENT));
	assert_int_equal(find(&s->c.worker, s->code), !erased || scope != SCOPE(IDENTITY));
	assert_int_equal(list(&s->c.worker, NULL)->erasures->n_erasures, !erased);
	return erased;
}

static void p8_killed_at_any_instant_it_is_wholly_erased_or_not_at_all(void **state)
{
	static const Lahetti__V1__ErasureScope scopes[] = {SCOPE(IDENTITY), SCOPE(STATEMENT),
							   SCOPE(CONTENT)};
	unsigned seen, round = 0, answers = 0, done = 0, not_done = 0;
	struct scene s;

	(void)state;
	make_scene(&s);
	person_sign_out(&s.c.admin);
	/* Until three in a row were answered before so many changes were made: one of each scope.
	 */
	for (unsigned at = 1; answers < 3 && at < 400; at += 1 + at / 8, round++) {
		Lahetti__V1__ErasureScope scope = scopes[round % 3];
		struct lahetti_id erasure = new_id();
		bool answered;

		make_client(&s);
		proposed(&s.c.officer, &erasure, &s.client, scope,
			 scope == SCOPE(STATEMENT) ? &s.referral.id : NULL);
		answered = confirm_and_kill(&s, &erasure, at, &seen);
		sign_out_all(&s);
		house_start(&s.c.house);
		sign_in_all(&s);
		house_is_whole(&s.c.house);
		answers = answered && seen < at ? answers + 1 : 0;
		if (is_erased(&s, scope)) {
			done++;
		} else {
			assert_false(answered);
			not_done++;
			(void)confirmed(&s.c.worker, &erasure);
			assert_true(is_erased(&s, scope));
		}
	}
	print_message("%u times not at all, %u times wholly\n", not_done, done);
	assert_int_equal(answers, 3);
	assert_true(not_done > 0 && done > 3);
	end_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p8_erasing_needs_two_people_of_the_controller),
		cmocka_unit_test(p8_nothing_of_the_client_is_shown_any_more),
		cmocka_unit_test(p8_killed_at_any_instant_it_is_wholly_erased_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
