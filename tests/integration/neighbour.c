#include "neighbour.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#define NOTICES 64

void neighbour_make(struct neighbour *n, struct house *house)
{
	char code[32], coach[32], officer[32];

	house_stop(house, SIGTERM);
	house_organisation(house, "Järvikylän työpaja ry", "association", code);
	house_start(house);
	person_enrol(&n->admin, house, code);
	house_stop(house, SIGTERM);
	person_confirm(&n->admin);
	house_start(house);
	county_sign_in(&n->admin);
	admin_unit(&n->admin, "Valmennusyksikkö", &n->coaching);
	admin_unit(&n->admin, "Tietosuoja", &n->supervision);
	admin_user(&n->admin, "Taina Työpaja", &n->coaching, LAHETTI__V1__ROLE__ROLE_JOB_COACH,
		   &n->coach, coach);
	admin_user(&n->admin, "Timo Tietosuoja", &n->supervision,
		   LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER, &n->officer, officer);
	person_sign_out(&n->admin);
	person_enrol(&n->coach, house, coach);
	person_enrol(&n->officer, house, officer);
	house_stop(house, SIGTERM);
	person_confirm(&n->coach);
	person_confirm(&n->officer);
	house_start(house);
}

void neighbour_end(struct neighbour *n)
{
	person_finish(&n->admin);
	person_finish(&n->coach);
	person_finish(&n->officer);
}

void writing_statutory(struct writing *w, const struct person *author)
{
	static char section[] = "SHL 49 §", necessity[] = "Palvelutarpeen arvioimiseksi.";

	w->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY;
	w->basis.section = section;
	w->basis.necessity = necessity;
	w->basis.decided_by = lahetti_bytes(lahetti_id_span(&author->user));
}

void refer(struct writing *w, struct person *from, const struct person *to,
	   const struct lahetti_id *client, const struct lahetti_id *case_id)
{
	Lahetti__V1__Referral body;
	Lahetti__V1__ServerFrame *answer;

	writing_begin(w, from, LAHETTI_KIND_REFERRAL, client, case_id);
	writing_to_user(w, to);
	if (!lahetti_id_equal(&from->organisation, &to->organisation))
		writing_statutory(w, from);
	referral_fill(&body);
	writing_sign(w, &body.base, from->key);
	answer = person_submit(from, w);
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
}

void parcel_find(struct parcel *p, struct person *who, const struct lahetti_id *statement)
{
	Lahetti__V1__Notice *notices[NOTICES];
	size_t n;

	memset(p, 0, sizeof *p);
	(void)person_subscribe(who, 0, notices, NOTICES, &n);
	for (size_t i = 0; i < n; i++)
		if (lahetti_span_equal(lahetti_bytes_span(notices[i]->statement),
				       lahetti_id_span(statement)))
			parcel_of(p, notices[i]);
	assert_false(lahetti_id_empty(&p->delivery));
}

Lahetti__V1__ServerFrame *parcel_open(struct person *who, const struct parcel *p)
{
	struct writing w;
	Lahetti__V1__ServerFrame *answer;

	writing_acknowledge(&w, who, p, LAHETTI__V1__STEP__STEP_OPEN);
	answer = person_open(who, &w);
	writing_finish(&w);
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, answer->body_case);
	return answer;
}
