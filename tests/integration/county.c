#include "county.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

void county_sign_in(struct person *p)
{
	Lahetti__V1__ServerFrame *answer = person_sign_in(p, NULL);

	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s\n", answer->error->code);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_SESSION, answer->body_case);
}

void county_make(struct county *c)
{
	county_make_with(c, "");
}

void county_make_with(struct county *c, const char *more_configuration)
{
	char code[32], worker[32], coach[32], officer[32];

	house_make(&c->house, more_configuration, code);
	house_start(&c->house);
	person_enrol(&c->admin, &c->house, code);
	house_stop(&c->house, SIGTERM);
	person_confirm(&c->admin);
	house_start(&c->house);
	county_sign_in(&c->admin);
	admin_unit(&c->admin, "Kuntoutuspoliklinikka", &c->clinic);
	admin_unit(&c->admin, "Työhönvalmennuksen tiimi", &c->team);
	admin_unit(&c->admin, "Tietosuoja", &c->supervision);
	admin_user(&c->admin, "Sanna Sosiaalityöntekijä", &c->clinic,
		   LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER, &c->worker, worker);
	admin_user(&c->admin, "Ville Valmentaja", &c->team, LAHETTI__V1__ROLE__ROLE_JOB_COACH,
		   &c->coach, coach);
	admin_user(&c->admin, "Tiina Tietosuoja", &c->supervision,
		   LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER, &c->officer, officer);
	person_sign_out(&c->admin);
	person_enrol(&c->worker, &c->house, worker);
	person_enrol(&c->coach, &c->house, coach);
	person_enrol(&c->officer, &c->house, officer);
	house_stop(&c->house, SIGTERM);
	person_confirm(&c->worker);
	person_confirm(&c->coach);
	person_confirm(&c->officer);
	house_start(&c->house);
}

void county_end(struct county *c)
{
	person_finish(&c->admin);
	person_finish(&c->worker);
	person_finish(&c->coach);
	person_finish(&c->officer);
	house_stop(&c->house, SIGTERM);
	house_is_whole(&c->house);
	house_finish(&c->house);
}
