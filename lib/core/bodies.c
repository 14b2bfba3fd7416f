#include "bodies.h"

#include "checks.h"
#include "lahetti/id.h"
#include "lahetti/message.h"

#include <lahetti/v1/common.pb-c.h>
#include <string.h>

#define LANGUAGE_MOST 35 /* bytes of a tag, as RFC 5646 4.4.1 advises */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "bad-language": the shape of a BCP 47 tag, two or three letters and subtags; may be empty. */
static bool check_language(const char *tag, struct lahetti_fault *f)
{
	size_t len = strlen(tag);
	size_t part = 0; /* characters of the subtag so far */
	bool first = true;

	if (len == 0)
		return true;
	for (size_t i = 0; i <= len; i++) {
		bool end = i == len || tag[i] == '-';

		if (end && (first ? part < 2 || part > 3 : part < 1 || part > 8))
			return lahetti_wrong(f, "bad-language");
		if (!end && !is_letter(tag[i]) && (first || tag[i] < '0' || tag[i] > '9'))
			return lahetti_wrong(f, "bad-language");
		first = first && !end;
		part = end ? 0 : part + 1;
	}
	return len <= LANGUAGE_MOST || lahetti_wrong(f, "bad-language");
}

/* ---- referral ---- */

static bool check_criteria(const Lahetti__V1__Referral *referral, struct lahetti_fault *f)
{
	lahetti_set seen = 0;

	for (size_t i = 0; i < referral->n_criteria; i++) {
		const Lahetti__V1__CriterionAnswer *answer = referral->criteria[i];

		if (answer->criterion == LAHETTI__V1__CRITERION__CRITERION_UNSPECIFIED ||
		    answer->answer == LAHETTI__V1__ANSWER__ANSWER_UNSPECIFIED ||
		    LAHETTI_IN(seen, answer->criterion))
			return lahetti_wrong(f, "bad-criteria");
		seen |= LAHETTI_SET(answer->criterion);
	}
	return true;
}

bool lahetti_body_check_referral(const Lahetti__V1__Header *header, const void *message,
				 struct lahetti_fault *f)
{
	const Lahetti__V1__Referral *referral = message;
	lahetti_set asked;

	(void)header;
	if (!referral->client_agrees)
		return lahetti_wrong(f, "missing-agreement");
	if (lahetti_text_blank(referral->own_words) && lahetti_text_blank(referral->wish))
		return lahetti_wrong(f, "missing-own-words");
	if (referral->n_asked == 0)
		return lahetti_wrong(f, "missing-service");
	if (!lahetti_enum_set(referral->asked, referral->n_asked, &asked))
		return lahetti_wrong(f, "bad-services");
	if (referral->urgency == LAHETTI__V1__URGENCY__URGENCY_UNSPECIFIED)
		return lahetti_wrong(f, "missing-urgency");
	return check_criteria(referral, f) &&
	       lahetti_check_text(referral->own_words, LAHETTI_TEXT_LONG, f) &&
	       lahetti_check_text(referral->wish, LAHETTI_TEXT_LONG, f) &&
	       lahetti_check_text(referral->asked_text, LAHETTI_TEXT_LONG, f) &&
	       lahetti_check_text(referral->cover_letter, LAHETTI_TEXT_LONG, f) &&
	       check_language(referral->language, f) &&
	       lahetti_check_text(referral->place, LAHETTI_TEXT_LINE, f) &&
	       lahetti_check_text(referral->reference, LAHETTI_TEXT_LINE, f) &&
	       lahetti_check_text(referral->service_task, LAHETTI_TEXT_LINE, f) &&
	       lahetti_check_text(referral->legal_basis, LAHETTI_TEXT_LINE, f);
}

/* ---- consent, withdrawal ---- */

static bool same_party(const Lahetti__V1__Party *a, const Lahetti__V1__Party *b)
{
	return lahetti_span_equal(lahetti_bytes_span(a->organisation),
				  lahetti_bytes_span(b->organisation)) &&
	       lahetti_span_equal(lahetti_bytes_span(a->unit), lahetti_bytes_span(b->unit)) &&
	       lahetti_span_equal(lahetti_bytes_span(a->user), lahetti_bytes_span(b->user)) &&
	       a->role == b->role;
}

/* "bad-parties": too many, one twice, not well formed, or a role that never sees clients. */
static bool check_parties(Lahetti__V1__Party *const *parties, size_t n, struct lahetti_fault *f)
{
	if (n > LAHETTI_LIST_MOST)
		return lahetti_wrong(f, "bad-parties");
	for (size_t i = 0; i < n; i++) {
		const struct lahetti_role_row *role = lahetti_role_find((int)parties[i]->role);

		if (!lahetti_check_id(parties[i]->organisation, f) ||
		    !lahetti_check_id_or_none(parties[i]->unit, f) ||
		    !lahetti_check_id_or_none(parties[i]->user, f))
			return false;
		if (role != NULL && !role->sees_clients)
			return lahetti_wrong(f, "bad-parties");
		for (size_t k = 0; k < i; k++)
			if (same_party(parties[i], parties[k]))
				return lahetti_wrong(f, "bad-parties");
	}
	return true;
}

static bool check_giver(const Lahetti__V1__Consent *consent, struct lahetti_fault *f)
{
	bool other = consent->giver == LAHETTI__V1__GIVER__GIVER_GUARDIAN ||
		     consent->giver == LAHETTI__V1__GIVER__GIVER_TRUSTEE;

	if (consent->giver == LAHETTI__V1__GIVER__GIVER_UNSPECIFIED)
		return lahetti_wrong(f, "missing-giver");
	if (other && lahetti_text_blank(consent->giver_name))
		return lahetti_wrong(f, "missing-giver-name");
	if (consent->giver == LAHETTI__V1__GIVER__GIVER_TRUSTEE &&
	    lahetti_text_blank(consent->trustee_scope))
		return lahetti_wrong(f, "missing-trustee-scope");
	return lahetti_check_text(consent->giver_name, LAHETTI_TEXT_LINE, f) &&
	       lahetti_check_text(consent->trustee_scope, LAHETTI_TEXT_LINE, f);
}

/* For what, of what, to whom, how long. */
static bool check_scope(const Lahetti__V1__Consent *consent, struct lahetti_fault *f)
{
	lahetti_set purposes;

	if (consent->n_purposes == 0)
		return lahetti_wrong(f, "missing-purpose");
	if (!lahetti_enum_set(consent->purposes, consent->n_purposes, &purposes))
		return lahetti_wrong(f, "bad-purposes");
	if (LAHETTI_IN(purposes, LAHETTI__V1__PURPOSE__PURPOSE_RESEARCH) && consent->n_purposes > 1)
		return lahetti_wrong(f, "mixed-research");
	if (consent->n_categories == 0)
		return lahetti_wrong(f, "missing-categories");
	if (consent->n_parties == 0)
		return lahetti_wrong(f, "missing-parties");
	if (consent->document != NULL && consent->event[0] != '\0')
		return lahetti_wrong(f, "bad-scope");
	if (!lahetti_check_date(consent->from, f) || !lahetti_check_date(consent->until, f))
		return false;
	if (consent->from > consent->until)
		return lahetti_wrong(f, "bad-period");
	return lahetti_check_categories(consent->categories, consent->n_categories, f) &&
	       lahetti_check_reference(consent->document, f) &&
	       lahetti_check_text(consent->event, LAHETTI_TEXT_LINE, f) &&
	       check_parties(consent->parties, consent->n_parties, f);
}

static bool is_attached(const Lahetti__V1__Header *header, ProtobufCBinaryData id)
{
	for (size_t i = 0; i < header->n_attachments; i++)
		if (lahetti_span_equal(lahetti_bytes_span(header->attachments[i]->id),
				       lahetti_bytes_span(id)))
			return true;
	return false;
}

/* What proves that it was given. */
static bool check_how(const Lahetti__V1__Header *header, const Lahetti__V1__Consent *consent,
		      struct lahetti_fault *f)
{
	bool paper = consent->how == LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_PAPER;
	bool oral = consent->how == LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL;

	if (consent->how == LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_UNSPECIFIED)
		return lahetti_wrong(f, "missing-how-given");
	if ((paper || oral) && consent->witness.len == 0)
		return lahetti_wrong(f, "missing-witness");
	if ((paper || consent->scan.len > 0) && !is_attached(header, consent->scan))
		return lahetti_wrong(f, "missing-scan");
	if (!consent->kanta_checked)
		return lahetti_wrong(f, "missing-kanta-check");
	return lahetti_check_id_or_none(consent->witness, f) &&
	       lahetti_check_given(consent->leaflet_version, LAHETTI_TEXT_LINE, "missing-leaflet",
				   f) &&
	       check_language(consent->language, f);
}

bool lahetti_body_check_consent(const Lahetti__V1__Header *header, const void *message,
				struct lahetti_fault *f)
{
	return check_giver(message, f) && check_scope(message, f) && check_how(header, message, f);
}

bool lahetti_body_check_withdrawal(const Lahetti__V1__Header *header, const void *message,
				   struct lahetti_fault *f)
{
	const Lahetti__V1__Withdrawal *withdrawal = message;

	(void)header;
	return check_parties(withdrawal->parties, withdrawal->n_parties, f) &&
	       lahetti_check_categories(withdrawal->categories, withdrawal->n_categories, f) &&
	       lahetti_check_given(withdrawal->how, LAHETTI_TEXT_SENTENCE, "missing-how", f);
}

/* ---- acknowledgement ---- */

/* A thing that a step needs is given, and one that it does not need is not. */
static bool check_need(bool given, unsigned needed, const char *missing, struct lahetti_fault *f)
{
	if (given && needed == 0)
		return lahetti_wrong(f, "unwanted-detail");
	return given || needed == 0 || lahetti_wrong(f, missing);
}

/* To a person, a role or a queue: a team or a case manager is another controller's to resolve. */
#define REDIRECT_TO                                                      \
	(LAHETTI_SET(LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER) | \
	 LAHETTI_SET(LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE) | \
	 LAHETTI_SET(LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE))

bool lahetti_body_check_acknowledgement(const Lahetti__V1__Header *header, const void *message,
					struct lahetti_fault *f)
{
	const Lahetti__V1__Acknowledgement *a = message;
	const struct lahetti_step_row *step = lahetti_step_any((int)a->step);

	(void)header;
	if (step == NULL || !LAHETTI_IN(step->kinds, LAHETTI_KIND_ACKNOWLEDGEMENT))
		return lahetti_wrong(f, "wrong-step");
	if ((step->needs & LAHETTI_NEEDS_SENTENCE) && lahetti_text_blank(a->sentence))
		return lahetti_wrong(f, "missing-sentence");
	return lahetti_check_id(a->delivery, f) &&
	       check_need(a->reason != 0, step->needs & LAHETTI_NEEDS_REASON, "missing-reason",
			  f) &&
	       check_need(a->cause != 0, step->needs & LAHETTI_NEEDS_CAUSE, "missing-cause", f) &&
	       check_need(a->date != 0, step->needs & LAHETTI_NEEDS_DATE, "missing-date", f) &&
	       check_need(a->redirect_to != NULL, step->needs & LAHETTI_NEEDS_REDIRECT,
			  "missing-redirect", f) &&
	       lahetti_check_text(a->sentence, LAHETTI_TEXT_SENTENCE, f) &&
	       lahetti_check_date_or_none(a->date, f) &&
	       (a->redirect_to == NULL || lahetti_check_recipient(a->redirect_to, REDIRECT_TO, f));
}

/* ---- question, answer, report, closing ---- */

bool lahetti_body_check_information_request(const Lahetti__V1__Header *header, const void *message,
					    struct lahetti_fault *f)
{
	const Lahetti__V1__InformationRequest *request = message;

	(void)header;
	return lahetti_check_id(request->delivery, f) &&
	       lahetti_check_given(request->question, LAHETTI_TEXT_LONG, "missing-question", f) &&
	       lahetti_check_date_or_none(request->answer_by, f);
}

bool lahetti_body_check_information_answer(const Lahetti__V1__Header *header, const void *message,
					   struct lahetti_fault *f)
{
	const Lahetti__V1__InformationAnswer *answer = message;

	(void)header;
	return lahetti_check_id(answer->delivery, f) &&
	       lahetti_check_given(answer->answer, LAHETTI_TEXT_LONG, "missing-answer", f);
}

bool lahetti_body_check_interim_report(const Lahetti__V1__Header *header, const void *message,
				       struct lahetti_fault *f)
{
	const Lahetti__V1__InterimReport *report = message;

	(void)header;
	return lahetti_check_id(report->delivery, f) &&
	       lahetti_check_given(report->report, LAHETTI_TEXT_LONG, "missing-report", f);
}

bool lahetti_body_check_closing(const Lahetti__V1__Header *header, const void *message,
				struct lahetti_fault *f)
{
	const Lahetti__V1__Closing *closing = message;

	(void)header;
	if (closing->outcome == LAHETTI__V1__OUTCOME__OUTCOME_UNSPECIFIED)
		return lahetti_wrong(f, "missing-outcome");
	return lahetti_check_id(closing->delivery, f) &&
	       lahetti_check_given(closing->sentence_back, LAHETTI_TEXT_SENTENCE,
				   "missing-sentence-back", f) &&
	       lahetti_check_text(closing->summary, LAHETTI_TEXT_LONG, f);
}
