/*
 * A good statement of each kind, about invented people: what a test spoils, sends or judges. It is
 * the same at every run.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "lahetti/arena.h"
#include "lahetti/id.h"
#include "lahetti/kinds.h"

/* Who and what there is, as identifiers. */
enum sample_who {
	SAMPLE_COUNTY = 1, /* the sender's controller, of two units */
	SAMPLE_CLINIC,
	SAMPLE_SOCIAL_OFFICE,
	SAMPLE_CITY, /* the recipient's controller, of two units */
	SAMPLE_COACHING,
	SAMPLE_WORKSHOP,
	SAMPLE_KELA, /* a third */
	SAMPLE_BENEFITS,
	SAMPLE_WORKER, /* who refers, of the clinic */
	SAMPLE_COACH,  /* who receives, of the coaching unit */
	SAMPLE_OTHER,  /* somebody else */
	SAMPLE_CLIENT,
	SAMPLE_CASE,
	SAMPLE_STATEMENT, /* the sample itself */
	SAMPLE_REPLIED,
	SAMPLE_REPLACED,
	SAMPLE_CONSENT,
	SAMPLE_SECOND_CONSENT,
	SAMPLE_DELIVERY,
	SAMPLE_ATTACHMENT,
	SAMPLE_WHOES,
};

#define SAMPLE_CREATED_US INT64_C(1772452800000000) /* 2 March 2026, 12:00 UTC */
#define SAMPLE_TODAY	  20260302

const struct lahetti_id *sample_id(enum sample_who who);
ProtobufCBinaryData sample_bytes(enum sample_who who);

/* Everything a sample may hold. What its kind does not use is there all the same, ready for use. */
struct sample {
	Lahetti__V1__Header header;
	Lahetti__V1__Basis basis;
	Lahetti__V1__Reference in_reply_to, replaces, consent[2];
	Lahetti__V1__Reference *consents[2];
	Lahetti__V1__Recipient recipient[2], redirect_to;
	Lahetti__V1__Recipient *recipients[2];
	Lahetti__V1__Category categories[8];
	Lahetti__V1__Attachment attachment[2];
	Lahetti__V1__Attachment *attachments[2];

	ProtobufCMessage *body;
	Lahetti__V1__Referral referral;
	Lahetti__V1__Service asked[2];
	Lahetti__V1__CriterionAnswer criterion[2];
	Lahetti__V1__CriterionAnswer *criteria[2];
	Lahetti__V1__Consent given;
	Lahetti__V1__Purpose purposes[2];
	Lahetti__V1__Category given_categories[8];
	Lahetti__V1__Party party[2];
	Lahetti__V1__Party *parties[2];
	Lahetti__V1__Reference document;
	Lahetti__V1__Withdrawal withdrawal;
	Lahetti__V1__Acknowledgement acknowledgement;
	Lahetti__V1__InformationRequest request;
	Lahetti__V1__InformationAnswer answer;
	Lahetti__V1__InterimReport report;
	Lahetti__V1__Closing closing;
};

/* The sample points into itself: it must not be moved. */
void sample_init(struct sample *s, enum lahetti_kind kind);

/* Its payload, in the arena. */
struct lahetti_span sample_pack(const struct sample *s, struct lahetti_arena *arena);

/* Header and body as they are, as if they had been read. */
struct lahetti_statement sample_statement(const struct sample *s);

#endif
