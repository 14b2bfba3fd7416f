/*
 * p3: another controller's client, and another unit's, can't be told from one that nobody has. Each
 * frame that names a client, a case, a statement or a delivery is asked twice, about one that is
 * there and about one that is nowhere: the answers are the same byte for byte, and the writer asks
 * its database as many questions.
 *
 * What is not here: an identifier that is made anew (a client's, a case's, a statement's) can't be
 * given twice on one server, and who gives one that is taken is told so. It has 74 random bits;
 * whoever knows it has been shown it.
 */

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 3

/* What is named: there with somebody else, or nowhere. */
struct named {
	struct lahetti_id client, case_id;
	struct parcel parcel; /* delivery, statement, digest */
	char code[12];
};

struct scene {
	struct county county;
	struct neighbour neighbour;
	struct named there, nowhere;
	struct lahetti_id own, own_case; /* of whoever asks */
};

/* The writer's questions
 * ------------------------------------------------------------------------------------------------
 */

static unsigned questions(const struct house *h)
{
	static const char request[] =
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	static char text[1 << 16];
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)h->ops_port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
	assert_int_equal(sizeof request - 1, write(fd, request, sizeof request - 1));
	while ((got = read(fd, text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	(void)close(fd);
	return number_after(text, "\nlahetti_statements_total ");
}

/* Frames
 * ----------------------------------------------------------------------------------------------------------------
 */

typedef Lahetti__V1__ServerFrame *probe_fn(struct scene *s, struct person *p,
					   const struct named *named);

static Lahetti__V1__ServerFrame *who_saw(struct scene *s, struct person *p,
					 const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw asked = LAHETTI__V1__WHO_SAW__INIT;

	(void)s;
	asked.client = lahetti_bytes(lahetti_id_span(&named->client));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
	frame.who_saw = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_trail(struct scene *s, struct person *p,
					    const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTrail asked = LAHETTI__V1__READ_TRAIL__INIT;

	(void)s;
	asked.client = lahetti_bytes(lahetti_id_span(&named->client));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL;
	frame.read_trail = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *find_by_code(struct scene *s, struct person *p,
					      const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients asked = LAHETTI__V1__FIND_CLIENTS__INIT;

	(void)s;
	asked.term = lahetti_text(named->code);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *who_would_see(struct scene *s, struct person *p,
					       const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoWouldSee asked = LAHETTI__V1__WHO_WOULD_SEE__INIT;
	Lahetti__V1__Recipient to = LAHETTI__V1__RECIPIENT__INIT, *recipients[] = {&to};
	Lahetti__V1__Reference consent = LAHETTI__V1__REFERENCE__INIT, *consents[] = {&consent};
	Lahetti__V1__Category categories[] = {LAHETTI__V1__CATEGORY__CATEGORY_CONTACT};

	to.kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE;
	to.organisation = lahetti_bytes(lahetti_id_span(&s->neighbour.coach.organisation));
	to.unit = lahetti_bytes(lahetti_id_span(&s->neighbour.coaching));
	consent.id = lahetti_bytes(lahetti_id_span(&named->parcel.statement));
	consent.sha256 = lahetti_bytes(lahetti_digest_span(&named->parcel.sha256));
	asked.client = lahetti_bytes(lahetti_id_span(&named->client));
	asked.case_id = lahetti_bytes(lahetti_id_span(&named->case_id));
	asked.recipients = recipients;
	asked.n_recipients = 1;
	asked.categories = categories;
	asked.n_categories = 1;
	asked.consents = consents;
	asked.n_consents = 1;
	asked.kind = LAHETTI_KIND_REFERRAL;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_WOULD_SEE;
	frame.who_would_see = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_receipt(struct scene *s, struct person *p,
					      const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadReceipt asked = LAHETTI__V1__READ_RECEIPT__INIT;

	(void)s;
	asked.statement = lahetti_bytes(lahetti_id_span(&named->parcel.statement));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_RECEIPT;
	frame.read_receipt = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_timeline(struct scene *s, struct person *p,
					       const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTimeline asked = LAHETTI__V1__READ_TIMELINE__INIT;

	(void)s;
	asked.statement = lahetti_bytes(lahetti_id_span(&named->parcel.statement));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TIMELINE;
	frame.read_timeline = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_case(struct scene *s, struct person *p,
					   const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCase asked = LAHETTI__V1__READ_CASE__INIT;

	(void)s;
	asked.case_id = lahetti_bytes(lahetti_id_span(&named->case_id));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_CASE;
	frame.read_case = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_statement(struct scene *s, struct person *p,
						const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadStatement asked = LAHETTI__V1__READ_STATEMENT__INIT;

	(void)s;
	asked.statement = lahetti_bytes(lahetti_id_span(&named->parcel.statement));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_STATEMENT;
	frame.read_statement = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *claim(struct scene *s, struct person *p, const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim asked = LAHETTI__V1__CLAIM__INIT;

	(void)s;
	asked.delivery = lahetti_bytes(lahetti_id_span(&named->parcel.delivery));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM;
	frame.claim = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *release(struct scene *s, struct person *p,
					 const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Release asked = LAHETTI__V1__RELEASE__INIT;

	(void)s;
	asked.delivery = lahetti_bytes(lahetti_id_span(&named->parcel.delivery));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_RELEASE;
	frame.release = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *handed_over(struct scene *s, struct person *p,
					     const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__HandedOver asked = LAHETTI__V1__HANDED_OVER__INIT;
	ProtobufCBinaryData delivery = lahetti_bytes(lahetti_id_span(&named->parcel.delivery));

	(void)s;
	asked.deliveries = &delivery;
	asked.n_deliveries = 1;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER;
	frame.handed_over = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_attachment(struct person *p, const struct named *named,
						 bool by_delivery)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadAttachment asked = LAHETTI__V1__READ_ATTACHMENT__INIT;

	asked.attachment = lahetti_bytes(lahetti_id_span(&named->case_id));
	asked.statement = lahetti_bytes(lahetti_id_span(&named->parcel.statement));
	if (by_delivery)
		asked.delivery = lahetti_bytes(lahetti_id_span(&named->parcel.delivery));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_ATTACHMENT;
	frame.read_attachment = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *read_team(struct scene *s, struct person *p,
					   const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCareTeam asked = LAHETTI__V1__READ_CARE_TEAM__INIT;

	(void)s;
	asked.case_id = lahetti_bytes(lahetti_id_span(&named->case_id));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_CARE_TEAM;
	frame.read_care_team = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *put_into_team(struct scene *s, struct person *p,
					       const struct named *named)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutCareTeamMember asked = LAHETTI__V1__PUT_CARE_TEAM_MEMBER__INIT;

	(void)s;
	asked.case_id = lahetti_bytes(lahetti_id_span(&named->case_id));
	asked.user = lahetti_bytes(lahetti_id_span(&p->user));
	asked.unit = lahetti_bytes(lahetti_id_span(&p->unit));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_PUT_CARE_TEAM_MEMBER;
	frame.put_care_team_member = &asked;
	return person_ask(p, &frame);
}

static Lahetti__V1__ServerFrame *attached_to_delivery(struct scene *s, struct person *p,
						      const struct named *named)
{
	(void)s;
	return read_attachment(p, named, true);
}

static Lahetti__V1__ServerFrame *attached_to_statement(struct scene *s, struct person *p,
						       const struct named *named)
{
	(void)s;
	return read_attachment(p, named, false);
}

static Lahetti__V1__ServerFrame *open_it(struct scene *s, struct person *p,
					 const struct named *named)
{
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	(void)s;
	writing_acknowledge(&w, p, &named->parcel, LAHETTI__V1__STEP__STEP_OPEN);
	answer = person_open(p, &w);
	writing_finish(&w);
	return answer;
}

static Lahetti__V1__ServerFrame *take_it(struct scene *s, struct person *p,
					 const struct named *named)
{
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	(void)s;
	writing_acknowledge(&w, p, &named->parcel, LAHETTI__V1__STEP__STEP_TAKE);
	answer = person_submit(p, &w);
	writing_finish(&w);
	return answer;
}

/* A referral of one's own client, or of the one named, spoilt by what is named. */
static Lahetti__V1__ServerFrame *submit(struct scene *s, struct person *p,
					const struct lahetti_id *client,
					const struct lahetti_id *case_id,
					const struct parcel *replaces, const struct parcel *consent,
					bool to_team)
{
	Lahetti__V1__Reference replaced = LAHETTI__V1__REFERENCE__INIT,
			       relied = LAHETTI__V1__REFERENCE__INIT, *consents[] = {&relied};
	Lahetti__V1__ServerFrame *answer;
	Lahetti__V1__Referral body;
	struct writing w;

	writing_begin(&w, p, LAHETTI_KIND_REFERRAL, client, case_id);
	writing_to_queue(&w, &s->neighbour.coach.organisation, &s->neighbour.coaching);
	if (to_team) {
		w.recipient.kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CARE_TEAM;
		w.recipient.organisation.len = w.recipient.unit.len = 0;
	}
	if (replaces != NULL) {
		replaced.id = lahetti_bytes(lahetti_id_span(&replaces->statement));
		replaced.sha256 = lahetti_bytes(lahetti_digest_span(&replaces->sha256));
		w.header.replaces = &replaced;
	}
	if (consent != NULL) {
		relied.id = lahetti_bytes(lahetti_id_span(&consent->statement));
		relied.sha256 = lahetti_bytes(lahetti_digest_span(&consent->sha256));
		w.header.consents = consents;
		w.header.n_consents = 1;
		w.basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT;
	}
	referral_fill(&body);
	writing_sign(&w, &body.base, p->key);
	answer = person_submit(p, &w);
	writing_finish(&w);
	return answer;
}

static Lahetti__V1__ServerFrame *refer_client(struct scene *s, struct person *p,
					      const struct named *named)
{
	return submit(s, p, &named->client, &named->case_id, NULL, NULL, false);
}

static Lahetti__V1__ServerFrame *refer_case(struct scene *s, struct person *p,
					    const struct named *named)
{
	return submit(s, p, &s->own, &named->case_id, NULL, NULL, false);
}

static Lahetti__V1__ServerFrame *refer_to_team(struct scene *s, struct person *p,
					       const struct named *named)
{
	return submit(s, p, &named->client, &named->case_id, NULL, NULL, true);
}

static Lahetti__V1__ServerFrame *replace(struct scene *s, struct person *p,
					 const struct named *named)
{
	return submit(s, p, &s->own, &s->own_case, &named->parcel, NULL, false);
}

static Lahetti__V1__ServerFrame *rely_on(struct scene *s, struct person *p,
					 const struct named *named)
{
	return submit(s, p, &s->own, &s->own_case, NULL, &named->parcel, false);
}

static const struct probe {
	const char *name;
	probe_fn *ask;
	bool of_officer;
	const char *code; /* the answer; NULL: no error */
} probes[] = {
	{"who_saw", who_saw, true, "no-such-client"},
	{"read_trail", read_trail, true, "no-such-client"},
	{"find_clients by code", find_by_code, false, NULL},
	{"find_clients by code, all units", find_by_code, true, NULL},
	{"who_would_see", who_would_see, false, NULL},
	{"read_case", read_case, false, "no-such-case"},
	{"read_statement", read_statement, false, "no-such-statement"},
	{"read_receipt", read_receipt, false, "no-such-statement"},
	{"read_timeline", read_timeline, false, "no-such-statement"},
	{"claim", claim, false, "no-such-delivery"},
	{"release", release, false, "no-such-delivery"},
	{"handed_over", handed_over, false, NULL},
	{"read_attachment of a delivery", attached_to_delivery, false, "no-such-delivery"},
	{"read_attachment of a statement", attached_to_statement, false, "no-such-statement"},
	{"open", open_it, false, "no-such-delivery"},
	{"submit a step", take_it, false, "no-such-delivery"},
	{"submit about a client", refer_client, false, "no-such-case"},
	{"submit about a case", refer_case, false, "no-such-case"},
	{"submit to its team", refer_to_team, false, "no-such-case"},
	{"read_care_team", read_team, false, "no-such-case"},
	{"put_care_team_member", put_into_team, false, "no-such-case"},
	{"submit a replacement", replace, false, "no-such-statement"},
	{"submit on a consent", rely_on, false, "no-such-consent"},
};

/* Asking
 * ----------------------------------------------------------------------------------------------------------------
 */

struct heard {
	uint8_t bytes[65536];
	size_t len;
	unsigned questions; /* the least of several rounds: an equal refusal is recorded once a
			       minute only, and a tile of the tree is full now and then */
};

static void ask(struct scene *s, struct person *p, const struct probe *probe,
		const struct named *named, struct heard *h)
{
	unsigned before = questions(&s->county.house), after;
	Lahetti__V1__ServerFrame *answer = probe->ask(s, p, named);
	struct lahetti_span packed;

	after = questions(&s->county.house);
	if (after - before < h->questions)
		h->questions = after - before;
	if (probe->code != NULL) {
		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ERROR, answer->body_case);
		if (strcmp(probe->code, answer->error->code) != 0)
			fail_msg("%s: %s", probe->name, answer->error->code);
	}
	answer->correlation = 0;
	packed = lahetti_message_pack(&answer->base, &p->arena);
	assert_true(packed.data != NULL && packed.len <= sizeof h->bytes);
	memcpy(h->bytes, packed.data, packed.len);
	h->len = packed.len;
}

static void compare(struct scene *s, struct person *p, const struct probe *probe)
{
	static struct heard there, nowhere;

	there.questions = nowhere.questions = UINT32_MAX;
	for (int i = 0; i < ROUNDS; i++) {
		ask(s, p, probe, &s->nowhere, &nowhere);
		ask(s, p, probe, &s->there, &there);
		if (there.len != nowhere.len || memcmp(there.bytes, nowhere.bytes, there.len) != 0)
			fail_msg("%s: the answers differ", probe->name);
	}
	if (there.questions != nowhere.questions)
		fail_msg("%s: %u questions about what is there, %u about what is not", probe->name,
			 there.questions, nowhere.questions);
	assert_true(there.questions > 0);
}

static void p3_another_controllers_client_is_as_unknown_as_none(void **state)
{
	struct scene *s = *state;

	person_add_client(&s->neighbour.coach, "Oma", "", &s->own, &s->own_case);
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		compare(s, probes[i].of_officer ? &s->neighbour.officer : &s->neighbour.coach,
			&probes[i]);
}

static void swap_there(struct scene *s, struct named *other)
{
	struct named there = s->there;

	s->there = *other;
	*other = there;
}

/* Within the controller a data-protection officer sees all; everybody else their unit's. */
static void p3_another_units_client_is_as_unknown_as_none(void **state)
{
	struct scene *s = *state;

	person_add_client(&s->county.coach, "Oma", "", &s->own, &s->own_case);
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		if (!probes[i].of_officer)
			compare(s, &s->county.coach, &probes[i]);
}

/* Though the unit has a case with the client: what others of the controller wrote is theirs. */
static void p3_another_units_statement_about_ones_client_is_as_unknown_as_none(void **state)
{
	static const struct probe probe = {"read_statement", read_statement, false,
					   "no-such-statement"};
	struct scene *s = *state;
	struct named there = s->there;
	struct writing shared, other;

	person_add_client(&s->county.worker, "Yhteinen", "", &there.client, &there.case_id);
	refer(&shared, &s->county.worker, &s->county.coach, &there.client, &there.case_id);
	parcel_find(&there.parcel, &s->county.coach, &shared.id);
	(void)parcel_open(&s->county.coach, &there.parcel);
	refer(&other, &s->county.worker, &s->county.worker, &there.client, &there.case_id);
	parcel_find(&there.parcel, &s->county.worker, &other.id);
	swap_there(s, &there);
	compare(s, &s->county.coach, &probe);
	swap_there(s, &there);
	writing_finish(&shared);
	writing_finish(&other);
}

static unsigned add(struct scene *s, struct person *p, const char *code)
{
	unsigned before = questions(&s->county.house);
	struct lahetti_id client, case_id;

	person_add_client(p, "Lisätty", code, &client, &case_id);
	return questions(&s->county.house) - before;
}

static void p3_known_client_is_added_by_as_many_questions(void **state)
{
	static const char *const codes[ROUNDS] = {"030375-9124", "040465-9131", "050555-914X"};
	struct scene *s = *state;
	unsigned known = UINT32_MAX, unknown = UINT32_MAX, n;

	for (int i = 0; i < ROUNDS; i++) {
		n = add(s, &s->county.coach, s->there.code);
		known = n < known ? n : known;
		n = add(s, &s->county.coach, codes[i]);
		unknown = n < unknown ? n : unknown;
	}
	assert_int_equal(unknown, known);
}

static int make(void **state)
{
	static struct scene s;
	struct lahetti_fault f = {0};
	struct writing w;
	bool ok;

	county_make(&s.county);
	neighbour_make(&s.neighbour, &s.county.house);
	county_sign_in(&s.county.worker);
	county_sign_in(&s.county.coach);
	county_sign_in(&s.neighbour.coach);
	county_sign_in(&s.neighbour.officer);
	s.there = (struct named){.code = "010190-9101"};
	s.nowhere = (struct named){.code = "020285-9117"};
	person_add_client(&s.county.worker, "Esimerkki", s.there.code, &s.there.client,
			  &s.there.case_id);
	(void)put_into_team(&s, &s.county.worker, &s.there);
	refer(&w, &s.county.worker, &s.county.worker, &s.there.client, &s.there.case_id);
	parcel_find(&s.there.parcel, &s.county.worker, &w.id);
	writing_finish(&w);
	ok = lahetti_id_new(&s.nowhere.client, lahetti_now_us(), &f) &&
	     lahetti_id_new(&s.nowhere.case_id, lahetti_now_us(), &f) &&
	     lahetti_id_new(&s.nowhere.parcel.delivery, lahetti_now_us(), &f) &&
	     lahetti_id_new(&s.nowhere.parcel.statement, lahetti_now_us(), &f);
	s.nowhere.parcel.sha256 = s.there.parcel.sha256;
	*state = &s;
	return ok ? 0 : -1;
}

static int end(void **state)
{
	struct scene *s = *state;

	neighbour_end(&s->neighbour);
	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_another_controllers_client_is_as_unknown_as_none),
		cmocka_unit_test(p3_another_units_client_is_as_unknown_as_none),
		cmocka_unit_test(
			p3_another_units_statement_about_ones_client_is_as_unknown_as_none),
		cmocka_unit_test(p3_known_client_is_added_by_as_many_questions),
	};

	return cmocka_run_group_tests(tests, make, end);
}
