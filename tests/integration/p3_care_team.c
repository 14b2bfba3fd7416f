/*
 * The client's team and case manager as recipients: each member is a delivery of their own, judged
 * as the person they are; who comes later gets nothing, who leaves takes the unit's case along; and
 * another's case is as unknown as none.
 */

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#define CLIENT(NAME) LAHETTI__V1__CLIENT_FRAME__BODY_##NAME
#define SERVER(NAME) LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define TO(NAME)     LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_##NAME

#define NOTICES 64

struct scene {
	struct county county;
	struct neighbour neighbour;
	struct person nurse; /* of the county's own third unit */
	struct lahetti_id polyclinic;
	struct lahetti_id client, case_id; /* of each test its own */
};

static ProtobufCBinaryData id(const struct lahetti_id *i)
{
	return lahetti_bytes(lahetti_id_span(i));
}

/* Asking
 * ----------------------------------------------------------------------------------------------------------------
 */

enum place {
	MEMBER,
	MANAGER,
	LEAVING,
};

static Lahetti__V1__ServerFrame *put(struct person *p, const struct lahetti_id *case_id,
				     const struct person *who, enum place place)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutCareTeamMember asked = LAHETTI__V1__PUT_CARE_TEAM_MEMBER__INIT;

	asked.case_id = id(case_id);
	asked.user = id(&who->user);
	if (place != LEAVING)
		asked.unit = id(&who->unit);
	asked.case_manager = place == MANAGER;
	asked.ended = place == LEAVING;
	frame.body_case = CLIENT(PUT_CARE_TEAM_MEMBER);
	frame.put_care_team_member = &asked;
	return person_ask(p, &frame);
}

static void is_refused(const Lahetti__V1__ServerFrame *answer, const char *code)
{
	assert_int_equal(SERVER(ERROR), answer->body_case);
	assert_string_equal(code, answer->error->code);
	assert_int_equal(LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, answer->error->class_);
}

/* The event, or 0 where nothing changed. */
static uint64_t set(struct scene *s, struct person *p, const struct person *who, enum place place)
{
	const Lahetti__V1__ServerFrame *answer = put(p, &s->case_id, who, place);

	if (answer->body_case == SERVER(ERROR))
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(SERVER(DONE), answer->body_case);
	return answer->done->event;
}

static Lahetti__V1__ServerFrame *read_team(struct person *p, const struct lahetti_id *case_id)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCareTeam asked = LAHETTI__V1__READ_CARE_TEAM__INIT;

	asked.case_id = id(case_id);
	frame.body_case = CLIENT(READ_CARE_TEAM);
	frame.read_care_team = &asked;
	return person_ask(p, &frame);
}

static const Lahetti__V1__CareTeam *team_of(struct scene *s, struct person *p)
{
	Lahetti__V1__ServerFrame *answer = read_team(p, &s->case_id);

	assert_int_equal(SERVER(CARE_TEAM), answer->body_case);
	return answer->care_team;
}

/* A referral to a team or a case manager, and perhaps to a person. */
static void write_to(struct writing *w, struct scene *s, struct person *from,
		     Lahetti__V1__RecipientKind kind, const struct person *and_to,
		     const struct writing *consent)
{
	Lahetti__V1__Referral body;

	writing_begin(w, from, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(w, &from->organisation, &from->unit);
	w->recipient.kind = kind;
	w->recipient.unit.len = 0;
	if (and_to != NULL)
		writing_and_user(w, and_to);
	if (consent != NULL)
		writing_on_consent(w, consent);
	referral_fill(&body);
	writing_sign(w, &body.base, from->key);
}

static size_t deliveries(struct scene *s, struct person *from, Lahetti__V1__RecipientKind kind,
			 const struct person *and_to, const struct writing *consent,
			 struct lahetti_id *statement)
{
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	write_to(&w, s, from, kind, and_to, consent);
	answer = person_submit(from, &w);
	if (answer->body_case == SERVER(ERROR))
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(SERVER(ACCEPTED), answer->body_case);
	*statement = w.id;
	writing_finish(&w);
	return answer->accepted->n_deliveries;
}

static void refuses(struct scene *s, struct person *from, Lahetti__V1__RecipientKind kind,
		    const struct writing *consent, const char *code)
{
	struct writing w;

	write_to(&w, s, from, kind, NULL, consent);
	is_refused(person_submit(from, &w), code);
	writing_finish(&w);
}

/* How many deliveries of the statement somebody is told of: as people, to themselves. A notice may
 * come unasked before the one that is asked for. */
static size_t got(struct person *p, const struct lahetti_id *statement)
{
	Lahetti__V1__Notice *notices[NOTICES];
	struct lahetti_id last = {0};
	size_t n, found = 0;

	(void)person_subscribe(p, 0, notices, NOTICES, &n);
	for (size_t i = 0; i < n; i++) {
		if (!lahetti_span_equal(lahetti_bytes_span(notices[i]->statement),
					lahetti_id_span(statement)))
			continue;
		assert_int_equal(TO(USER), notices[i]->recipient->kind);
		assert_true(lahetti_span_equal(lahetti_bytes_span(notices[i]->recipient->user),
					       lahetti_id_span(&p->user)));
		if (lahetti_span_equal(lahetti_bytes_span(notices[i]->delivery),
				       lahetti_id_span(&last)))
			continue;
		assert_true(lahetti_id_read(&last, lahetti_bytes_span(notices[i]->delivery), NULL));
		found++;
	}
	return found;
}

/* Whether a search of somebody's unit shows the client; once. */
static bool finds(struct scene *s, struct person *p)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients asked = LAHETTI__V1__FIND_CLIENTS__INIT;
	Lahetti__V1__ServerFrame *answer;
	size_t n = 0;

	frame.body_case = CLIENT(FIND_CLIENTS);
	frame.find_clients = &asked;
	answer = person_expect(p, &frame, SERVER(CLIENTS));
	for (size_t i = 0; i < answer->clients->n_clients; i++)
		if (lahetti_span_equal(lahetti_bytes_span(answer->clients->clients[i]->client),
				       lahetti_id_span(&s->client))) {
			assert_int_equal(1, answer->clients->clients[i]->n_cases);
			n++;
		}
	assert_true(n < 2);
	return n == 1;
}

static const Lahetti__V1__Viewers *viewers(struct scene *s, struct person *p,
					   Lahetti__V1__RecipientKind kind,
					   const struct writing *consent)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoWouldSee asked = LAHETTI__V1__WHO_WOULD_SEE__INIT;
	Lahetti__V1__Recipient to = LAHETTI__V1__RECIPIENT__INIT, *recipients[] = {&to};
	Lahetti__V1__Reference relied = LAHETTI__V1__REFERENCE__INIT, *consents[] = {&relied};
	Lahetti__V1__Category categories[] = {LAHETTI__V1__CATEGORY__CATEGORY_CONTACT};

	to.kind = kind;
	asked.client = id(&s->client);
	asked.case_id = id(&s->case_id);
	asked.kind = LAHETTI_KIND_REFERRAL;
	asked.recipients = recipients;
	asked.n_recipients = 1;
	asked.categories = categories;
	asked.n_categories = 1;
	if (consent != NULL) {
		relied.id = id(&consent->id);
		relied.sha256 = lahetti_bytes(lahetti_digest_span(&consent->sha256));
		asked.consents = consents;
		asked.n_consents = 1;
	}
	frame.body_case = CLIENT(WHO_WOULD_SEE);
	frame.who_would_see = &asked;
	return person_expect(p, &frame, SERVER(VIEWERS))->viewers;
}

/* A consent to the neighbour's organisation for what a referral tells. */
static void consent(struct scene *s, struct writing *w)
{
	Lahetti__V1__Consent body = LAHETTI__V1__CONSENT__INIT;
	Lahetti__V1__Party party = LAHETTI__V1__PARTY__INIT, *parties[] = {&party};
	Lahetti__V1__Purpose purposes[] = {LAHETTI__V1__PURPOSE__PURPOSE_EMPLOYMENT_SUPPORT};
	Lahetti__V1__Category categories[] = {LAHETTI__V1__CATEGORY__CATEGORY_CONTACT,
					      LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED};
	static char leaflet[] = "2026-1";
	struct person *p = &s->county.worker;
	uint32_t today = lahetti_date_of(lahetti_now_us());

	writing_begin(w, p, LAHETTI_KIND_CONSENT, &s->client, &s->case_id);
	body.giver = LAHETTI__V1__GIVER__GIVER_CLIENT;
	body.purposes = purposes;
	body.n_purposes = 1;
	body.categories = categories;
	body.n_categories = 2;
	party.organisation = id(&s->neighbour.coach.organisation);
	body.parties = parties;
	body.n_parties = 1;
	body.from = today;
	body.until = today;
	body.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL;
	body.witness = id(&p->user);
	body.leaflet_version = leaflet;
	body.kanta_checked = 1;
	writing_sign(w, &body.base, p->key);
	assert_int_equal(SERVER(ACCEPTED), person_submit(p, w)->body_case);
}

/* What must hold
 * --------------------------------------------------------------------------------------------------------
 */

static int begin(void **state)
{
	struct scene *s = *state;

	person_add_client(&s->county.worker, "Esimerkki", "", &s->client, &s->case_id);
	return 0;
}

static void p3_each_member_gets_a_delivery_and_later_ones_get_nothing(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *coach = &s->county.coach;
	struct lahetti_id first, second, third;
	struct parcel parcel;

	refuses(s, worker, TO(CARE_TEAM), NULL, "no-care-team");
	assert_int_not_equal(0, set(s, worker, coach, MEMBER));
	assert_int_not_equal(0, set(s, worker, worker, MANAGER));
	/* Oneself is not written to: one delivery, and no other case manager. */
	assert_int_equal(1, deliveries(s, worker, TO(CARE_TEAM), NULL, NULL, &first));
	refuses(s, worker, TO(CASE_MANAGER), NULL, "no-case-manager");
	assert_int_equal(1, got(coach, &first));
	assert_int_equal(0, got(worker, &first));
	/* The other way round the manager is the worker. */
	assert_int_equal(1, deliveries(s, coach, TO(CASE_MANAGER), NULL, NULL, &second));
	assert_int_equal(1, got(worker, &second));

	assert_int_not_equal(0, set(s, worker, &s->nurse, MEMBER));
	assert_int_equal(0, got(&s->nurse, &first));
	/* Named as a person too: once. */
	assert_int_equal(2, deliveries(s, worker, TO(CARE_TEAM), coach, NULL, &third));
	assert_int_equal(1, got(coach, &third));
	assert_int_equal(1, got(&s->nurse, &third));
	/* Named as the manager and as a person: once. */
	assert_int_equal(1, deliveries(s, coach, TO(CASE_MANAGER), worker, NULL, &third));

	/* Who left before opening is a person to whom it was sent, and may open it. */
	assert_int_not_equal(0, set(s, worker, coach, LEAVING));
	parcel_find(&parcel, coach, &first);
	(void)parcel_open(coach, &parcel);
}

static void a_case_has_one_manager_who_changes_hands(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *coach = &s->county.coach;
	const Lahetti__V1__CareTeam *team;
	struct lahetti_id statement;

	assert_int_equal(0, team_of(s, worker)->n_members);
	assert_int_not_equal(0, set(s, worker, coach, MANAGER));
	assert_int_equal(0, set(s, worker, coach, MANAGER));
	assert_int_not_equal(0, set(s, worker, &s->nurse, MEMBER));
	assert_int_equal(0, set(s, worker, &s->nurse, MEMBER));
	team = team_of(s, coach);
	assert_int_equal(2, team->n_members);
	assert_true(team->members[0]->case_manager);
	assert_string_equal("Ville Valmentaja", team->members[0]->user_name);
	assert_int_equal(LAHETTI__V1__ROLE__ROLE_JOB_COACH, team->members[0]->role);
	assert_false(team->members[0]->gone);
	assert_false(team->members[1]->case_manager);

	assert_int_not_equal(0, set(s, coach, &s->nurse, MANAGER));
	team = team_of(s, worker);
	assert_int_equal(2, team->n_members);
	assert_true(team->members[0]->case_manager);
	assert_memory_equal(s->nurse.user.bytes, team->members[0]->user.data, 16);
	assert_false(team->members[1]->case_manager);
	assert_int_equal(1, deliveries(s, worker, TO(CASE_MANAGER), NULL, NULL, &statement));
	assert_int_equal(1, got(&s->nurse, &statement));
	assert_int_equal(0, got(coach, &statement));

	/* Laid down, and nobody has taken it up. */
	assert_int_not_equal(0, set(s, worker, &s->nurse, MEMBER));
	refuses(s, worker, TO(CASE_MANAGER), NULL, "no-case-manager");
	assert_int_equal(1, viewers(s, worker, TO(CASE_MANAGER), NULL)->n_viewers);
	assert_string_equal("no-case-manager",
			    viewers(s, worker, TO(CASE_MANAGER), NULL)->viewers[0]->code);
	assert_int_equal(2, viewers(s, worker, TO(CARE_TEAM), NULL)->n_viewers);
}

static void p3_unit_has_the_case_as_long_as_its_member_is_in_the_team(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *coach = &s->county.coach;
	struct lahetti_id statement;

	assert_false(finds(s, coach));
	is_refused(read_team(coach, &s->case_id), "no-such-case");
	is_refused(put(coach, &s->case_id, coach, MEMBER), "no-such-case");
	assert_int_not_equal(0, set(s, worker, coach, MEMBER));
	assert_true(finds(s, coach));
	assert_int_not_equal(0, set(s, coach, &s->nurse, MEMBER));
	assert_true(finds(s, &s->nurse));
	assert_int_equal(1, deliveries(s, &s->nurse, TO(CARE_TEAM), NULL, NULL, &statement));

	/* The coach's unit was written to, so it has the case still; the nurse's wrote. */
	assert_int_not_equal(0, set(s, worker, coach, LEAVING));
	assert_int_equal(0, set(s, worker, coach, LEAVING));
	assert_true(finds(s, coach));
	assert_int_not_equal(0, set(s, worker, &s->nurse, LEAVING));
	assert_true(finds(s, &s->nurse));
	begin(state);
	assert_int_not_equal(0, set(s, worker, coach, MEMBER));
	assert_true(finds(s, coach));
	assert_int_not_equal(0, set(s, worker, coach, LEAVING));
	assert_false(finds(s, coach));
	is_refused(read_team(coach, &s->case_id), "no-such-case");
	refuses(s, coach, TO(CARE_TEAM), NULL, "no-such-case");
	/* What a unit made stays its own, whoever is in the team. */
	assert_int_not_equal(0, set(s, worker, worker, MEMBER));
	assert_true(finds(s, worker));
	assert_int_not_equal(0, set(s, worker, worker, LEAVING));
	assert_true(finds(s, worker));
}

/* A case that was handed back is had still by the member in its team, and not after that. */
static void p3_member_keeps_what_the_unit_returned(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *coach = &s->county.coach;
	struct writing referral, returned;
	struct parcel parcel;

	assert_int_not_equal(0, set(s, worker, coach, MEMBER));
	refer(&referral, worker, coach, &s->client, &s->case_id);
	parcel_find(&parcel, coach, &referral.id);
	(void)parcel_open(coach, &parcel);
	writing_acknowledge(&returned, coach, &parcel, LAHETTI__V1__STEP__STEP_RETURN);
	assert_int_equal(SERVER(ACCEPTED), person_submit(coach, &returned)->body_case);
	assert_true(finds(s, coach));
	assert_int_not_equal(0, set(s, coach, coach, LEAVING));
	assert_false(finds(s, coach));
	writing_finish(&referral);
	writing_finish(&returned);
}

/* Being in the team is no basis: another controller's member is written to on consent, and their
 * unit has nothing of the case before it opens. */
static void p3_other_controllers_member_needs_a_basis(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *outside = &s->neighbour.coach;
	const Lahetti__V1__Viewers *seen;
	struct lahetti_id statement;
	struct parcel parcel;
	struct writing given;

	assert_int_not_equal(0, set(s, worker, &s->county.coach, MEMBER));
	assert_int_not_equal(0, set(s, worker, outside, MANAGER));
	assert_false(finds(s, outside));
	is_refused(read_team(outside, &s->case_id), "no-such-case");
	is_refused(put(outside, &s->case_id, outside, LEAVING), "no-such-case");
	/* Nobody gets it where one may not. */
	refuses(s, worker, TO(CARE_TEAM), NULL, "no-basis");
	refuses(s, worker, TO(CASE_MANAGER), NULL, "no-basis");
	seen = viewers(s, worker, TO(CARE_TEAM), NULL);
	assert_int_equal(2, seen->n_viewers);
	assert_string_equal("no-consent", seen->viewers[0]->code);
	assert_string_equal("", seen->viewers[1]->code);

	consent(s, &given);
	seen = viewers(s, worker, TO(CARE_TEAM), &given);
	assert_string_equal("", seen->viewers[0]->code);
	assert_int_equal(LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT, seen->viewers[0]->basis);
	assert_int_equal(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER, seen->viewers[1]->basis);
	assert_int_equal(2, deliveries(s, worker, TO(CARE_TEAM), NULL, &given, &statement));
	assert_int_equal(1, got(outside, &statement));
	parcel_find(&parcel, outside, &statement);
	(void)parcel_open(outside, &parcel);
	writing_finish(&given);
}

/* Who works there no more is told as gone, gets nothing, and can be taken out. */
static void member_who_left_the_unit_gets_nothing(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker;
	struct lahetti_id statement;

	assert_int_not_equal(0, set(s, worker, &s->nurse, MANAGER));
	county_sign_in(&s->county.admin);
	admin_role(&s->county.admin, &s->nurse, LAHETTI__V1__ROLE__ROLE_ADMINISTRATOR);
	assert_true(team_of(s, worker)->members[0]->gone);
	refuses(s, worker, TO(CASE_MANAGER), NULL, "no-case-manager");
	assert_int_not_equal(0, set(s, worker, &s->county.coach, MEMBER));
	assert_int_equal(1, deliveries(s, worker, TO(CARE_TEAM), NULL, NULL, &statement));
	assert_int_not_equal(0, set(s, worker, &s->nurse, LEAVING));
	is_refused(put(worker, &s->case_id, &s->nurse, MEMBER), "no-such-recipient");
	admin_role(&s->county.admin, &s->nurse, LAHETTI__V1__ROLE__ROLE_NURSE);
	person_sign_out(&s->county.admin);
	assert_int_not_equal(0, set(s, worker, &s->nurse, MEMBER));
}

/* The client may know: each change is an event with the person in its part, each reading one too.
 */
static void p6_report_shows_who_was_in_the_team(void **state)
{
	static const char *const reasons[] = {"made-case-manager", "in-care-team",
					      "made-case-manager", "left-care-team"};
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *officer = &s->county.officer;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__ServerFrame *answer;
	size_t changes = 0, lists = 0;

	(void)set(s, worker, worker, MANAGER);
	(void)set(s, worker, &s->county.coach, MEMBER);
	(void)set(s, worker, &s->county.coach, MANAGER);
	(void)set(s, worker, &s->county.coach, MANAGER);
	(void)team_of(s, &s->county.coach);
	/* Who would see what is sent to the team is who is in it. */
	(void)viewers(s, &s->county.coach, TO(CARE_TEAM), NULL);
	(void)set(s, worker, &s->county.coach, LEAVING);
	who.client = id(&s->client);
	frame.body_case = CLIENT(WHO_SAW);
	frame.who_saw = &who;
	answer = person_expect(officer, &frame, SERVER(TRAIL));
	for (size_t i = 0; i < answer->trail->n_lines; i++) {
		const Lahetti__V1__AuditEvent *e =
			lahetti_message_read(&lahetti__v1__audit_event__descriptor,
					     lahetti_bytes_span(answer->trail->lines[i]->event),
					     LAHETTI_MESSAGE_FRAME, &officer->arena, NULL);
		const Lahetti__V1__SubjectPart *part = lahetti_message_read(
			&lahetti__v1__subject_part__descriptor,
			lahetti_bytes_span(answer->trail->lines[i]->subject->part),
			LAHETTI_MESSAGE_FRAME, &officer->arena, NULL);

		assert_non_null(e);
		assert_non_null(part);
		lists += e->action == LAHETTI__V1__ACTION__ACTION_LIST &&
			 strcmp(answer->trail->lines[i]->user_name, "Ville Valmentaja") == 0;
		if (e->action != LAHETTI__V1__ACTION__ACTION_CARE_TEAM)
			continue;
		assert_true(changes < sizeof reasons / sizeof *reasons);
		assert_int_equal(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER, e->basis);
		assert_string_equal(reasons[changes], e->reason);
		assert_memory_equal(s->case_id.bytes, part->case_id.data, 16);
		assert_memory_equal(changes == 0 ? worker->user.bytes : s->county.coach.user.bytes,
				    part->member.data, 16);
		changes++;
	}
	assert_int_equal(4, changes);
	assert_int_equal(2, lists);
}

static int make(void **state)
{
	static struct scene s;
	char nurse[32];

	county_make(&s.county);
	neighbour_make(&s.neighbour, &s.county.house);
	county_sign_in(&s.county.admin);
	admin_unit(&s.county.admin, "Poliklinikka", &s.polyclinic);
	admin_user(&s.county.admin, "Noora Hoitaja", &s.polyclinic, LAHETTI__V1__ROLE__ROLE_NURSE,
		   &s.nurse, nurse);
	person_sign_out(&s.county.admin);
	person_enrol(&s.nurse, &s.county.house, nurse);
	house_stop(&s.county.house, SIGTERM);
	person_confirm(&s.nurse);
	house_start(&s.county.house);
	county_sign_in(&s.county.worker);
	county_sign_in(&s.county.coach);
	county_sign_in(&s.county.officer);
	county_sign_in(&s.neighbour.coach);
	county_sign_in(&s.nurse);
	*state = &s;
	return 0;
}

/* What it leaves is whole. */
static int end(void **state)
{
	struct scene *s = *state;

	person_finish(&s->nurse);
	neighbour_end(&s->neighbour);
	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(p3_each_member_gets_a_delivery_and_later_ones_get_nothing,
				       begin),
		cmocka_unit_test_setup(a_case_has_one_manager_who_changes_hands, begin),
		cmocka_unit_test_setup(p3_unit_has_the_case_as_long_as_its_member_is_in_the_team,
				       begin),
		cmocka_unit_test_setup(p3_member_keeps_what_the_unit_returned, begin),
		cmocka_unit_test_setup(p3_other_controllers_member_needs_a_basis, begin),
		cmocka_unit_test_setup(p6_report_shows_who_was_in_the_team, begin),
		cmocka_unit_test_setup(member_who_left_the_unit_gets_nothing, begin),
	};

	return cmocka_run_group_tests(tests, make, end);
}
