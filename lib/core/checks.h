/*
 * Checks that header and bodies share. Each writes a MALFORMED fault with the English sentence of
 * its code and returns false where what it looks at is not as it must be.
 */
#ifndef LAHETTI_CHECKS_H
#define LAHETTI_CHECKS_H

#include "lahetti/forms.h"

/* Returns false, so that a check can `return lahetti_wrong(…)`. */
bool lahetti_wrong(struct lahetti_fault *f, const char *code);

/* Whether a text is empty or nothing but white space. */
bool lahetti_text_blank(const char *text);

/*
 * "text-too-long"; "bad-text" where it holds control characters, or ones that turn the direction of
 * writing: line breaks and tabs may stand in what is no LINE. May be empty.
 */
LAHETTI_CHECKED bool lahetti_check_text(const char *text, enum lahetti_text_most most,
					struct lahetti_fault *f);

/* The same, and `missing` where it is blank. */
LAHETTI_CHECKED bool lahetti_check_given(const char *text, enum lahetti_text_most most,
					 const char *missing, struct lahetti_fault *f);

/* "bad-identifier": not a UUIDv7 of 16 bytes. The second accepts an empty one. */
LAHETTI_CHECKED bool lahetti_check_id(ProtobufCBinaryData id, struct lahetti_fault *f);
LAHETTI_CHECKED bool lahetti_check_id_or_none(ProtobufCBinaryData id, struct lahetti_fault *f);

/* "bad-digest". */
LAHETTI_CHECKED bool lahetti_check_digest(ProtobufCBinaryData digest, struct lahetti_fault *f);

/* "bad-identifier", "bad-digest"; NULL is accepted. */
LAHETTI_CHECKED bool lahetti_check_reference(const Lahetti__V1__Reference *reference,
					     struct lahetti_fault *f);

/* "bad-date": no day of the calendar. The second accepts 0. */
LAHETTI_CHECKED bool lahetti_check_date(uint32_t date, struct lahetti_fault *f);
LAHETTI_CHECKED bool lahetti_check_date_or_none(uint32_t date, struct lahetti_fault *f);

/* "bad-categories": one is unspecified or stands there twice. */
LAHETTI_CHECKED bool lahetti_check_categories(const Lahetti__V1__Category *categories, size_t n,
					      struct lahetti_fault *f);

/*
 * "bad-recipient": not one of the kinds, or fields other than that kind has: USER organisation,
 * unit, user; ROLE organisation, unit and a role that sees clients; QUEUE organisation, unit;
 * CARE_TEAM and CASE_MANAGER organisation or none.
 */
LAHETTI_CHECKED bool lahetti_check_recipient(const Lahetti__V1__Recipient *recipient,
					     lahetti_set kinds, struct lahetti_fault *f);

#endif
