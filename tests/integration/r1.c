/* R1: a clinic's social worker refers a client to a job coach of the same controller, who opens it;
 * the data-protection officer sees who saw. */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void referral_travels_and_the_officer_sees_who_saw(void **state)
{
	struct county c;
	struct writing referral, opened, taken;
	struct lahetti_id client, case_id;
	struct parcel parcel;
	Lahetti__V1__Referral body;
	Lahetti__V1__ServerFrame *answer;
	Lahetti__V1__Notice *notices[4];
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	size_t n, opens = 0;

	(void)state;
	county_make(&c);
	county_sign_in(&c.worker);
	county_sign_in(&c.coach);
	person_add_client(&c.worker, "Esimerkki", "010190-900P", &client, &case_id);
	writing_begin(&referral, &c.worker, LAHETTI_KIND_REFERRAL, &client, &case_id);
	writing_to_queue(&referral, &c.worker.organisation, &c.team);
	referral_fill(&body);
	writing_sign(&referral, &body.base, c.worker.key);
	answer = person_submit(&c.worker, &referral);
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
	assert_int_equal(1, answer->accepted->n_deliveries);

	(void)person_subscribe(&c.coach, 0, notices, 4, &n);
	assert_int_equal(1, n);
	assert_int_equal(LAHETTI_KIND_REFERRAL, notices[0]->kind);
	parcel_of(&parcel, notices[0]);
	assert_memory_equal(referral.sha256.bytes, parcel.sha256.bytes, sizeof parcel.sha256.bytes);
	person_claim(&c.coach, &parcel);
	writing_acknowledge(&opened, &c.coach, &parcel, LAHETTI__V1__STEP__STEP_OPEN);
	answer = person_open(&c.coach, &opened);
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, answer->body_case);
	assert_string_equal("Esimerkki", answer->content->identity->family_name);
	assert_int_equal(LAHETTI__V1__STATE__STATE_OPENED, answer->content->state);

	writing_acknowledge(&taken, &c.coach, &parcel, LAHETTI__V1__STEP__STEP_TAKE);
	answer = person_submit(&c.coach, &taken);
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);

	county_sign_in(&c.officer);
	who.client = lahetti_bytes(lahetti_id_span(&client));
	who.proofs = 1;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
	frame.who_saw = &who;
	answer = person_expect(&c.officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL);
	for (size_t i = 0; i < answer->trail->n_lines; i++)
		opens += strcmp(answer->trail->lines[i]->user_name, "Ville Valmentaja") == 0;
	assert_true(opens >= 2);
	writing_finish(&referral);
	writing_finish(&opened);
	writing_finish(&taken);
	county_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(referral_travels_and_the_officer_sees_who_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
