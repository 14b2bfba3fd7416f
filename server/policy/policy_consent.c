#include "decide.h"

#include <lahetti/v1/common.pb-c.h>

/*
 * How near a consent comes to covering one category for one viewer. The steps are gone through in
 * this order, so that of several consents that do not cover, the one that failed last tells most.
 */
enum nearness {
	NO_CONSENT,
	RESEARCH,
	ONE_EVENT,
	ONE_DOCUMENT,
	OTHER_PARTY,
	NO_FEEDBACK,
	OTHER_CATEGORY,
	WITHDRAWN,
	NOT_YET,
	EXPIRED,
	COVERED,
};

static const char *const codes[] = {
	[NO_CONSENT] = "no-consent",
	[RESEARCH] = "consent-for-research",
	[ONE_EVENT] = "consent-for-one-event",
	[ONE_DOCUMENT] = "consent-for-one-document",
	[OTHER_PARTY] = "consent-for-others",
	[NO_FEEDBACK] = "consent-without-feedback",
	[OTHER_CATEGORY] = "consent-without-category",
	[WITHDRAWN] = "consent-withdrawn",
	[NOT_YET] = "consent-not-yet",
	[EXPIRED] = "consent-expired",
};

/* Whether a field of a party is open, or the same. */
static bool admits(ProtobufCBinaryData party, struct lahetti_span viewer)
{
	return party.len == 0 || lahetti_span_equal(lahetti_bytes_span(party), viewer);
}

static bool party_covers(const Lahetti__V1__Party *party, const struct viewer *to)
{
	return party->organisation.len > 0 && admits(party->organisation, to->organisation) &&
	       admits(party->unit, to->unit) && admits(party->user, to->user) &&
	       (party->role == 0 || party->role == to->role);
}

static bool any_covers(Lahetti__V1__Party *const *parties, size_t n, const struct viewer *to)
{
	for (size_t i = 0; i < n; i++)
		if (party_covers(parties[i], to))
			return true;
	return false;
}

/*
 * Whether a party that was withdrawn leaves out the viewer: it covers the viewer, or the viewer
 * (a queue, a role) is wider and would show it to whom it no longer may be shown.
 */
static bool party_touches(const Lahetti__V1__Party *party, const struct viewer *to)
{
	return admits(party->organisation, to->organisation) &&
	       (to->unit.len == 0 || admits(party->unit, to->unit)) &&
	       (to->user.len == 0 || admits(party->user, to->user)) &&
	       (to->role == 0 || party->role == 0 || party->role == to->role);
}

static bool has_category(const Lahetti__V1__Consent *terms, Lahetti__V1__Category category)
{
	for (size_t i = 0; i < terms->n_categories; i++)
		if (terms->categories[i] == category)
			return true;
	return false;
}

static bool has_purpose(const Lahetti__V1__Consent *terms, Lahetti__V1__Purpose purpose)
{
	for (size_t i = 0; i < terms->n_purposes; i++)
		if (terms->purposes[i] == purpose)
			return true;
	return false;
}

static bool same_document(const Lahetti__V1__Reference *a, const Lahetti__V1__Reference *b)
{
	return b != NULL &&
	       lahetti_span_equal(lahetti_bytes_span(a->id), lahetti_bytes_span(b->id)) &&
	       lahetti_span_equal(lahetti_bytes_span(a->sha256), lahetti_bytes_span(b->sha256));
}

/* One question to one consent. */
struct question {
	const struct viewer *party; /* to whom is shown; of feedback, who tells */
	Lahetti__V1__Category category;
	const Lahetti__V1__Reference *document;
	uint32_t today;
	bool feedback;
	bool lies_there; /* with the party already: who was left out of a queue or a role may not
			    open it, the others may */
};

/*
 * A withdrawal of parties takes them out for every category, one of categories takes those out for
 * every party, one of both takes those categories out for those parties.
 */
static bool part_withdrawn(const Lahetti__V1__Withdrawal *part, const struct question *q)
{
	bool party = part->n_parties == 0;
	bool about = part->n_categories == 0;

	for (size_t i = 0; i < part->n_parties && !party; i++)
		party = q->lies_there ? party_covers(part->parties[i], q->party)
				      : party_touches(part->parties[i], q->party);
	for (size_t i = 0; i < part->n_categories && !about; i++)
		about = part->categories[i] == q->category;
	return party && about;
}

static bool is_withdrawn(const struct facts_consent *consent, const struct question *q)
{
	if (consent->withdrawn)
		return true;
	for (size_t i = 0; i < consent->n_parts; i++)
		if (part_withdrawn(consent->parts[i], q))
			return true;
	return false;
}

static enum nearness nearness_of(const struct facts_consent *consent, const struct question *q)
{
	const Lahetti__V1__Consent *terms = consent->terms;
	bool named = has_category(terms, q->category) ||
		     (q->feedback && q->category == LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK);

	if (has_purpose(terms, LAHETTI__V1__PURPOSE__PURPOSE_RESEARCH))
		return RESEARCH;
	if (terms->event[0] != '\0')
		return ONE_EVENT;
	if (terms->document != NULL && !same_document(terms->document, q->document))
		return ONE_DOCUMENT;
	if (!any_covers(terms->parties, terms->n_parties, q->party))
		return OTHER_PARTY;
	if (q->feedback && !terms->covers_feedback)
		return NO_FEEDBACK;
	if (!named)
		return OTHER_CATEGORY;
	if (is_withdrawn(consent, q))
		return WITHDRAWN;
	if (q->today < terms->from)
		return NOT_YET;
	if (q->today > terms->until)
		return EXPIRED;
	return COVERED;
}

/* How near the nearest comes. */
static enum nearness nearest(const struct facts_consent *consents, size_t n,
			     const struct question *q)
{
	enum nearness best = NO_CONSENT;

	for (size_t i = 0; i < n && best != COVERED; i++) {
		enum nearness this = nearness_of(&consents[i], q);

		if (this > best)
			best = this;
	}
	return best;
}

/* Asks each consent about each category. */
static struct decision ask(struct question q, lahetti_set categories,
			   const struct reliance *consents)
{
	if (categories == 0)
		return refuse("no-consent"); /* nothing asked is nothing consented to */
	for (int category = 1; category < 64; category++) {
		enum nearness named, rested_on;

		if (!LAHETTI_IN(categories, category))
			continue;
		q.category = (Lahetti__V1__Category)category;
		named = nearest(consents->named, consents->n_named, &q);
		rested_on = nearest(consents->rested_on, consents->n_rested_on, &q);
		if (named != COVERED && rested_on != COVERED)
			return refuse(codes[named > rested_on ? named : rested_on]);
	}
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT);
}

struct decision policy_consented(const struct viewer *to, const struct matter *matter,
				 uint32_t today, const struct reliance *consents)
{
	struct question q = {.party = to, .document = matter->document, .today = today};

	return ask(q, matter->categories, consents);
}

struct decision policy_feedback(const struct viewer *teller, lahetti_set categories, uint32_t today,
				const struct reliance *consents)
{
	struct question q = {.party = teller, .today = today, .feedback = true};

	return ask(q, categories, consents);
}

struct decision policy_based(const struct viewer *to, const struct matter *matter,
			     const struct viewer *teller, uint32_t today,
			     const struct reliance *consents, const Lahetti__V1__Basis *stated)
{
	struct reliance rested_on = {
		.rested_on = consents->rested_on,
		.n_rested_on = consents->n_rested_on,
	};
	struct decision d;

	if (stated == NULL || stated->kind < LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT)
		return refuse("no-basis");
	d = policy_consented(to, matter, today, consents);
	if (!d.allowed && teller != NULL)
		d = policy_feedback(teller, matter->categories, today, &rested_on);
	if (!d.allowed && stated->kind == LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY)
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY);
	return d;
}

/* Of feedback the one who tells is the party, and it lies with nobody yet. */
static struct decision still(const struct facts_delivery *delivery, struct question q,
			     const struct reliance *consents)
{
	const struct lahetti_kind_row *kind = lahetti_kind_find(delivery->kind);
	struct viewer teller = {
		.organisation = lahetti_id_span(&delivery->author_organisation),
		.unit = lahetti_id_span(&delivery->author_unit),
		.role = delivery->author_role,
		.user = lahetti_id_span(&delivery->author),
	};
	struct decision d = ask(q, delivery->categories, consents);

	if (d.allowed || kind == NULL || !kind->feedback)
		return d;
	return policy_feedback(&teller, delivery->categories, q.today, consents);
}

struct decision policy_still_consented(const struct facts_delivery *delivery,
				       const struct viewer *reader,
				       const Lahetti__V1__Reference *document, uint32_t today,
				       const struct facts_consent *consents, size_t n)
{
	struct question q = {.party = reader, .document = document, .today = today};
	struct reliance rested_on = {.rested_on = consents, .n_rested_on = n};

	return still(delivery, q, &rested_on);
}

/* What is known of whom a delivery is for. */
static struct viewer recipient_of(const struct facts_delivery *delivery)
{
	struct viewer v = {
		.organisation = lahetti_id_span(&delivery->organisation),
		.unit = lahetti_id_span(&delivery->unit),
		.role = delivery->role,
	};

	if (!lahetti_id_empty(&delivery->user))
		v.user = lahetti_id_span(&delivery->user);
	return v;
}

struct decision policy_stays(const struct facts_delivery *delivery,
			     const Lahetti__V1__Reference *document, uint32_t today,
			     const struct facts_consent *consents, size_t n)
{
	struct viewer reader = recipient_of(delivery);
	struct question q = {
		.party = &reader, .document = document, .today = today, .lies_there = true};
	struct reliance rested_on = {.rested_on = consents, .n_rested_on = n};

	if (delivery->basis != LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT ||
	    same(&delivery->organisation, &delivery->author_organisation))
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	return still(delivery, q, &rested_on);
}

bool policy_feedback_covered(const struct facts_delivery *delivery, uint32_t today,
			     const struct facts_consent *consents, size_t n)
{
	struct viewer teller = recipient_of(delivery);
	struct reliance rested_on = {.rested_on = consents, .n_rested_on = n};

	return same(&delivery->organisation, &delivery->author_organisation) ||
	       policy_feedback(&teller, LAHETTI_SET(LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK),
			       today, &rested_on)
		       .allowed;
}

struct decision policy_disclose(const struct lahetti_id *from_organisation,
				const Lahetti__V1__Recipient *to, lahetti_set categories,
				uint32_t today, const struct facts_consent *consents, size_t n,
				const Lahetti__V1__Basis *stated)
{
	struct viewer viewer = {
		.organisation = lahetti_bytes_span(to->organisation),
		.unit = lahetti_bytes_span(to->unit),
		.role = to->role,
		.user = lahetti_bytes_span(to->user),
	};
	struct matter matter = {.categories = categories};
	struct reliance named = {.named = consents, .n_named = n};
	struct decision d = policy_resolved(from_organisation, to);

	if (!d.allowed)
		return d;
	if (names(to->organisation, from_organisation))
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	return policy_based(&viewer, &matter, NULL, today, &named, stated);
}
