/* What the files of policy share: how a decision is said, and the rules that several need. */
#ifndef DECIDE_H
#define DECIDE_H

#include "lahetti/message.h"
#include "policy.h"

static inline struct decision allow(Lahetti__V1__BasisKind basis)
{
	return (struct decision){.allowed = true, .basis = basis, .code = ""};
}

/* A code of codes.def. */
static inline struct decision refuse(const char *code)
{
	return (struct decision){.code = code};
}

/* Whether bytes of a message are this identifier; empty bytes are none. */
static inline bool names(ProtobufCBinaryData bytes, const struct lahetti_id *id)
{
	return lahetti_span_equal(lahetti_bytes_span(bytes), lahetti_id_span(id));
}

static inline bool same(const struct lahetti_id *a, const struct lahetti_id *b)
{
	return lahetti_id_equal(a, b);
}

/* A role that sees clients. */
bool policy_sees_clients(Lahetti__V1__Role role);

/* policy_session, and a membership. */
struct decision policy_acts(const struct facts_actor *actor);

/* policy_session, a membership, and a role that sees clients. */
struct decision policy_may_act(const struct facts_actor *actor);

/* That a recipient is no care team or case manager any more: one that still is stands for nobody,
 * and another organisation's is not there to be written to. */
struct decision policy_resolved(const struct lahetti_id *organisation,
				const Lahetti__V1__Recipient *recipient);

/* Somebody may be sent something: they exist, take clients unless they are answered, and somebody
 * is there. */
struct decision policy_recipient(const struct facts_recipient *recipient, bool answer);

/* A statement is for this server, by the actor, of a kind that the role may author, and neither
 * from the future nor too old. */
struct decision policy_authorship(const struct facts_actor *actor,
				  const struct lahetti_statement *s, bool audience_is_ours,
				  bool author_is_actor, int64_t now_us);

/* On which sides of a delivery the actor is: LAHETTI_BY_RECIPIENT (claimed or not),
 * LAHETTI_BY_SENDER. */
unsigned policy_sides(const struct facts_actor *actor, const struct facts_delivery *delivery);

/* "claim-first", "claimed-by-another": what lies in a queue is for the one who has claimed it. */
struct decision policy_claimed(const struct facts_actor *actor,
			       const struct facts_delivery *delivery);

/* To whom something would be disclosed; what is not known is empty. */
struct viewer {
	struct lahetti_span organisation;
	struct lahetti_span unit;
	Lahetti__V1__Role role;
	struct lahetti_span user;
};

/* What would be disclosed. */
struct matter {
	lahetti_set categories;
	const Lahetti__V1__Reference *document; /* where it is that statement itself, else NULL */
};

/* The consents that may be relied on: those named, and those on which what is answered rests. */
struct reliance {
	const struct facts_consent *named;
	size_t n_named;
	const struct facts_consent *rested_on;
	size_t n_rested_on;
};

/*
 * Whether consents together cover each category of the matter for the viewer, today: allowed by
 * CONSENT, else the code of what came nearest to covering the first that is not covered.
 */
struct decision policy_consented(const struct viewer *to, const struct matter *matter,
				 uint32_t today, const struct reliance *consents);

/*
 * Whether what became of the matter may be told to the sender: the teller is covered, today, by
 * consents that cover feedback, and categories other than FEEDBACK are among theirs.
 */
struct decision policy_feedback(const struct viewer *teller, lahetti_set categories, uint32_t today,
				const struct reliance *consents);

/*
 * On what basis a viewer outside the controller may have it: consents, where there is a teller
 * feedback, then the statutory right, up to the basis that the author states. "no-basis" where that
 * is neither a consent nor a statutory right.
 */
struct decision policy_based(const struct viewer *to, const struct matter *matter,
			     const struct viewer *teller, uint32_t today,
			     const struct reliance *consents, const Lahetti__V1__Basis *stated);

/*
 * Whether the consents on which a delivery rests cover it for a reader today still; of feedback
 * it is enough that they cover the one who tells.
 */
struct decision policy_still_consented(const struct facts_delivery *delivery,
				       const struct viewer *reader,
				       const Lahetti__V1__Reference *document, uint32_t today,
				       const struct facts_consent *consents, size_t n);

#endif
