#include "region.h"

#include "county.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

/* The people of one organisation: made by its administrator, enrolled, not yet confirmed. */
static void staff(struct party *p, struct house *h, const char *unit, const char *name,
		  Lahetti__V1__Role role)
{
	char worker[32], officer[32];

	county_sign_in(&p->admin);
	admin_unit(&p->admin, unit, &p->unit);
	admin_unit(&p->admin, "Tietosuoja", &p->supervision);
	admin_user(&p->admin, name, &p->unit, role, &p->worker, worker);
	admin_user(&p->admin, "Tiina Tietosuoja", &p->supervision,
		   LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER, &p->officer, officer);
	person_sign_out(&p->admin);
	person_enrol(&p->worker, h, worker);
	person_enrol(&p->officer, h, officer);
}

void region_make(struct region *r)
{
	char county[32], area[32], association[32];
	struct party *const parties[] = {&r->county, &r->area, &r->association};

	house_make(&r->house, "", county);
	house_organisation(&r->house, "Esimerkkilän työllisyysalue", "employment-area", area);
	house_organisation(&r->house, "Esimerkki ry", "association", association);
	house_start(&r->house);
	person_enrol(&r->county.admin, &r->house, county);
	person_enrol(&r->area.admin, &r->house, area);
	person_enrol(&r->association.admin, &r->house, association);
	house_stop(&r->house, SIGTERM);
	for (size_t i = 0; i < 3; i++)
		person_confirm(&parties[i]->admin);
	house_start(&r->house);
	staff(&r->county, &r->house, "Aikuissosiaalityö", "Anni Aikuissosiaalityö",
	      LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER);
	staff(&r->area, &r->house, "Yhdyspalvelu", "Ylva Yhdyshenkilö",
	      LAHETTI__V1__ROLE__ROLE_EMPLOYMENT_AREA_CONTACT);
	staff(&r->association, &r->house, "Valmennus", "Ritva Rinnallakulkija",
	      LAHETTI__V1__ROLE__ROLE_JOB_COACH);
	house_stop(&r->house, SIGTERM);
	for (size_t i = 0; i < 3; i++) {
		person_confirm(&parties[i]->worker);
		person_confirm(&parties[i]->officer);
	}
	house_start(&r->house);
}

void region_sign_in(struct region *r)
{
	county_sign_in(&r->county.worker);
	county_sign_in(&r->county.officer);
	county_sign_in(&r->area.worker);
	county_sign_in(&r->association.worker);
}

void region_sign_out(struct region *r)
{
	person_sign_out(&r->county.worker);
	person_sign_out(&r->county.officer);
	person_sign_out(&r->area.worker);
	person_sign_out(&r->association.worker);
}

void region_end(struct region *r)
{
	struct party *const parties[] = {&r->county, &r->area, &r->association};

	for (size_t i = 0; i < 3; i++) {
		person_finish(&parties[i]->admin);
		person_finish(&parties[i]->worker);
		person_finish(&parties[i]->officer);
	}
	house_stop(&r->house, SIGTERM);
	house_is_whole(&r->house);
	house_finish(&r->house);
}
