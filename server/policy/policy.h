/*
 * What may be done. Pure: facts and a time in, a decision out; no I/O, no clock, no memory of its
 * own. The desk gathers the facts inside the transaction that records the decision. Refusal is the
 * initial value: what no rule permits is refused.
 */
#ifndef POLICY_H
#define POLICY_H

#include "lahetti/id.h"
#include "lahetti/kinds.h"

/* Changes whenever a rule changes: it stands in every audit event. */
#define POLICY_VERSION 3

struct decision {
	bool allowed;
	Lahetti__V1__BasisKind basis; /* what permitted it */
	const char *code; /* why not: a stable code of the text catalogue; "" where allowed */
};

/* Who acts, as the directory has it now. */
struct facts_actor {
	struct lahetti_id user;
	struct lahetti_id organisation;
	struct lahetti_id unit;
	Lahetti__V1__Role role;
	bool known; /* the membership chosen at login */
	bool membership_ended;
	bool user_disabled;
	bool device_confirmed;
	bool device_revoked;
	bool leads_unit;
};

/* One consent to disclosure of the client, as it stands now. */
struct facts_consent {
	struct lahetti_id id;
	const Lahetti__V1__Consent *terms;
	bool withdrawn;				     /* as a whole, or replaced */
	const Lahetti__V1__Withdrawal *const *parts; /* withdrawals of a part, n_parts of them */
	size_t n_parts;
};

/*
 * One recipient, resolved: of a care team or a case manager a person each, and where that is nobody
 * what was asked for, with nothing else.
 */
struct facts_recipient {
	const Lahetti__V1__Recipient *asked;
	bool exists; /* organisation, unit, user, as far as named, and they belong together */
	bool takes_clients; /* the unit */
	size_t people;	    /* who would see it: members in force whose role sees clients */
	bool in_reply;	    /* is the author, in the author's unit, of the statement that this one
			       answers */
	Lahetti__V1__Role role; /* of a person: what they are in that unit; 0 where that is not one
				   role alone. A consent to a role covers no other person */
};

/* The delivery that a statement speaks of, or that is to be opened, claimed or handed over. */
struct facts_delivery {
	bool found; /* and it delivers the statement that in_reply_to names; of an answer, the one
		       that the question was about */
	Lahetti__V1__State state;
	Lahetti__V1__RecipientKind recipient_kind;
	struct lahetti_id organisation; /* of the recipient */
	struct lahetti_id unit;
	struct lahetti_id user;	      /* of a person's */
	Lahetti__V1__Role role;	      /* of a role's; of a person's of another controller than the
					 author's what they are there, 0 where not one role alone */
	struct lahetti_id claimed_by; /* of a queue's; empty: nobody */
	bool opened_by_unit; /* someone of the recipient's unit has opened it: it is their own
				record now */
	/* Of the statement delivered. */
	struct lahetti_id author;
	struct lahetti_id author_unit;
	struct lahetti_id author_organisation;
	Lahetti__V1__Role author_role;
	uint32_t kind;
	Lahetti__V1__BasisKind basis; /* on which this delivery was accepted */
	lahetti_set categories;
	bool erased;
};

struct facts_submit {
	struct facts_actor actor;
	int64_t now_us;
	uint32_t today; /* civil date */
	const struct lahetti_statement *statement;
	bool audience_is_ours;
	bool author_is_actor; /* header's author, device, role, unit, organisation are those of the
				 session */
	bool client_known;    /* belongs to the author's controller */
	bool client_erased;
	bool case_known;    /* the case is that client's */
	bool unit_has_case; /* own register: see design; a new case of this unit counts */
	struct facts_recipient *recipients;
	size_t n_recipients;
	size_t n_resolved; /* of the header's recipients: those above come from so many */
	const struct facts_consent
		*consents; /* those the header names, in its order, of this client */
	size_t n_consents;
	bool consent_missing; /* the header names one that is not there, not this client's, or with
				 another digest */
	/* Of a reply. */
	bool replied_found; /* in_reply_to names a stored statement with that digest which the actor
			       may know; of a withdrawal, a consent of the header's client */
	uint32_t replied_kind;
	bool replied_is_ours;			       /* its author's unit is the actor's unit */
	struct facts_delivery delivery;		       /* of a body that speaks of one */
	const struct facts_consent *delivery_consents; /* those on which that delivery rests */
	size_t n_delivery_consents;
	const struct facts_recipient *redirect; /* redirect_to of a step that redirects, resolved */
	/* Of one that replaces another. */
	bool replaced_found; /* replaces names a stored statement of this client with that digest */
	uint32_t replaced_kind;
	bool replaced_is_ours;	  /* its author's unit is the actor's unit */
	bool attachments_missing; /* an attachment is not there whole, or differs */
};

/* Five minutes ahead, thirty days back. */
#define POLICY_AHEAD_US (5 * INT64_C(60000000))
#define POLICY_LATE_US	(30 * INT64_C(86400000000))

/*
 * Whether a statement is accepted. For each recipient of another controller consents must cover
 * every category, the purpose, the day and the party, or the header must state a statutory right in
 * full; bases are tried in their order, up to the one that the header states. What answers a
 * delivery may rest on its consents too; feedback needs one that covers feedback, in force for the
 * teller. A step must be in the table from the delivery's state, by this actor. A closing is
 * addressed to nobody only where its sender may not be told.
 *
 * An opening is not submitted: policy_open judges it.
 */
struct decision policy_submit(const struct facts_submit *facts);

/* Dated more than a minute before it came: marked so. */
bool policy_sent_late(int64_t created_us, int64_t now_us);

struct facts_open {
	struct facts_actor actor;
	int64_t now_us;
	uint32_t today;
	const struct lahetti_statement *statement; /* the signed acknowledgement */
	bool audience_is_ours;
	bool author_is_actor;
	struct facts_delivery delivery;
	const struct facts_consent *consents; /* those on which the delivery rests */
	size_t n_consents;
	bool statement_names_delivery; /* the signed acknowledgement speaks of this delivery's
					  statement, with its digest */
};

/*
 * Whether the actor may see the content of a delivery now: first opening, and each later one. Until
 * the recipient's unit has opened it, the consents on which it rests must cover it still; then it
 * is that controller's own record. To whom it is not addressed it is as one that is not there. What
 * the unit has returned or redirected it no longer has.
 */
struct decision policy_open(const struct facts_open *facts);

struct facts_attachment {
	struct facts_actor actor;
	const struct facts_delivery *delivery; /* NULL: asked for by its statement */
	/* By statement: its author's. */
	bool found;
	struct lahetti_id author_unit;
	struct lahetti_id author_organisation;
	bool erased;
	bool attached; /* the statement's header names the attachment */
};

/*
 * Whether the actor may read an attachment: of a delivery that the unit has opened and still has,
 * by whoever may open it again; of a statement, in its author's unit.
 */
struct decision policy_read_attachment(const struct facts_attachment *facts);

struct facts_statement {
	struct facts_actor actor;
	bool found;
	uint32_t kind;
	struct lahetti_id author_unit;
	struct lahetti_id author_organisation;
	bool unit_has_client; /* the actor's unit has a case with the client */
	bool erased;	      /* the actor's controller has it no more */
};

/*
 * Whether the actor may read a statement by its name: what the own unit wrote; a consent or a
 * withdrawal of the own controller, where the unit has a case with the client, so that whoever may
 * withdraw a part can see what it is a part of. Any other is as one that is not there.
 */
struct decision policy_read_statement(const struct facts_statement *facts);

/* Whether the event of a first piece goes for the next ones still: for an hour. */
#define POLICY_READING_US (INT64_C(3600) * 1000000)
bool policy_reading_lasts(int64_t event_us, int64_t now_us);

/* Whether the actor is one to whom the delivery is addressed (before claiming, for a queue). */
bool policy_addressed(const struct facts_actor *actor, const struct facts_delivery *delivery);

/*
 * Whether a delivery stays as it is when a consent on which it rests ends or loses a part: whether
 * it needs none, or they cover its recipient still. document refers to what it delivers. What a
 * person was left out of stays with the others of the queue or the role: policy_open knows who
 * opens.
 */
struct decision policy_stays(const struct facts_delivery *delivery,
			     const Lahetti__V1__Reference *document, uint32_t today,
			     const struct facts_consent *consents, size_t n);

/*
 * Whether its sender may be shown more than the stations of the way: within the controller, or
 * where a consent on which it rests covers feedback and the recipient, today.
 */
bool policy_feedback_covered(const struct facts_delivery *delivery, uint32_t today,
			     const struct facts_consent *consents, size_t n);

/*
 * Whether a recipient may be shown these categories: within the controller always, else where the
 * consents together cover each of them, today, or where the author states a statutory right, as
 * policy_submit has it. A party covers a recipient that is no wider than
 * itself: a unit covers its queue, a person does not. Consents to one document or one event cover
 * nothing here. What "who would see this" asks; `to` is resolved, and may name the role of a
 * person, as the directory has it.
 */
struct decision policy_disclose(const struct lahetti_id *from_organisation,
				const Lahetti__V1__Recipient *to, lahetti_set categories,
				uint32_t today, const struct facts_consent *consents, size_t n,
				const Lahetti__V1__Basis *stated);

/* Claiming and releasing what lies in a unit's queue; the unit's leader may release another's. */
struct decision policy_claim(const struct facts_actor *actor,
			     const struct facts_delivery *delivery);
struct decision policy_release(const struct facts_actor *actor,
			       const struct facts_delivery *delivery);

/* The steps open to the actor on a delivery, as sender or recipient; at most `most`, returns how
 * many. */
size_t policy_steps(const struct facts_actor *actor, const struct facts_delivery *delivery,
		    Lahetti__V1__Step *steps, size_t most);

/* Whether the sender is shown a step in the life of a delivery; what it is shown as the state is
 * the last that may be. */
bool policy_step_shown(const struct facts_delivery *delivery, Lahetti__V1__Step step,
		       bool feedback_covered);

/* Lists, searches and adding of clients: one whose role sees clients, in one's own controller. */
struct decision policy_clients(const struct facts_actor *actor);

/* What concerns one case: that the actor's unit has it, in the actor's own controller. One answer
 * to all that is not so. */
struct decision policy_case(const struct facts_actor *actor, bool unit_has_case);

struct facts_team {
	struct facts_actor actor;
	bool unit_has_case; /* which is of the actor's controller */
	bool client_erased;
	bool ended;  /* the person is to leave the team */
	bool member; /* and is in it */
	bool full;   /* as many are in it as may be */
	struct facts_recipient person;
};

/*
 * Whether somebody may come into the team of a case, change place in it, or leave it. Who comes
 * must be one to whom something could be sent, in any organisation. To be in a team is no basis for
 * seeing anything.
 */
struct decision policy_team(const struct facts_team *facts);

/*
 * Searching for clients. A data-protection officer searches all of the own controller's, but for
 * somebody who is known already, by a whole personal identity code or a whole name: supervision is
 * no reason to browse.
 */
struct decision policy_find_clients(const struct facts_actor *actor, bool whole);
/* Whether the actor's search is an officer's: in all units. */
bool policy_supervises(const struct facts_actor *actor);

/* Whether the actor may list what a case holds; erased: the identity of its client. */
struct decision policy_read_case(const struct facts_actor *actor, bool unit_has_case, bool erased);

/* Reading the trail: data-protection officers, their own controller's. An administrator never. */
struct decision policy_read_trail(const struct facts_actor *actor,
				  const struct lahetti_id *controller);

/*
 * Erasing. Two different people decide for the client's controller, each of whom leads a unit of it
 * that has a case with the client, or is its data-protection officer. Whom the controller has named
 * from another organisation may confirm, and no more. Who may decide, but not about this, is
 * answered as if it were not there.
 */
struct facts_erasure {
	struct facts_actor actor;
	int64_t now_us;
	struct lahetti_id controller; /* of the client; of a list, whose list it is */
	bool found;		      /* the client, or the proposal, is there */
	bool unit_has_client;	      /* the actor's unit has a case with the client */
	bool named;		      /* the controller has named the actor */
	bool no_statement;	      /* one is to be erased that the client does not have */
	bool erased;		      /* there is nothing of it any more */
	/* Of a proposal */
	struct lahetti_id proposer;
	int64_t until_us;
	bool ended;
};
struct decision policy_erasure_propose(const struct facts_erasure *facts);
struct decision policy_erasure_confirm(const struct facts_erasure *facts);
/* By its proposer too. */
struct decision policy_erasure_drop(const struct facts_erasure *facts);
/* Whether the actor may ask for a controller's list at all; what is in it is what they may confirm,
 * or have proposed. */
struct decision policy_erasure_list(const struct facts_erasure *facts);
bool policy_erasure_shown(const struct facts_erasure *facts);

/* Administration. */
enum policy_admin {
	POLICY_ADMIN_DIRECTORY, /* rows of the actor's own organisation */
	POLICY_ADMIN_CODE,	/* an enrolment code for a user of it */
	POLICY_ADMIN_REVOKE,	/* a device of a user of it; anyone their own */
};
struct decision policy_admin(const struct facts_actor *actor, enum policy_admin act,
			     const struct lahetti_id *organisation, const struct lahetti_id *user);

/* Confirming a device: never by the maker of its code. One of another organisation is to its
 * administrators as one that is not there, whose facts are empty; so too when it is to be revoked.
 */
struct facts_confirm {
	struct facts_actor actor;
	struct lahetti_id owner; /* of the device */
	struct lahetti_id owner_organisation;
	struct lahetti_id code_maker; /* empty: the operator */
	bool same_device;	      /* the actor sits at the very device */
	bool actor_leads_owner;	      /* the actor heads a unit in which the owner is */
	bool confirmed, revoked;
};
struct decision policy_confirm(const struct facts_confirm *facts);

/* Any session frame at all: device confirmed and not revoked, user not disabled, membership in
 * force where one is chosen. */
struct decision policy_session(const struct facts_actor *actor);

#endif
