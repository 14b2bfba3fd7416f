/*
 * The form of each kind of statement: what its body's fields are and which of them must be given.
 * By it statements are checked, and a page draws what it asks a person for. Rows: forms.def,
 * shapes.def.
 */
#ifndef LAHETTI_FORMS_H
#define LAHETTI_FORMS_H

#include "lahetti/kinds.h"

/* How long a text may be, in bytes, and whether it is one line. */
enum lahetti_text_most {
	LAHETTI_TEXT_LINE = 500,
	LAHETTI_TEXT_SENTENCE = 2000,
	LAHETTI_TEXT_LONG = 10000,
};

#define LAHETTI_LANGUAGE_MOST 35 /* bytes of a tag, as RFC 5646 4.4.1 advises */

/* What a field is, as a person is asked for it. */
enum lahetti_shape {
#define SHAPE(NAME, name, most, check) LAHETTI_SHAPE_##NAME,
#include "lahetti/shapes.def"
#undef SHAPE
};

/* What becomes of a field whose condition does not hold. */
enum lahetti_form_otherwise {
	LAHETTI_OTHERWISE_HIDDEN,  /* nobody is asked; given all the same, it is let through */
	LAHETTI_OTHERWISE_OFFERED, /* a person is asked, and need not give it */
	LAHETTI_OTHERWISE_REFUSED, /* nobody is asked; given, it is "unwanted-detail" */
};

struct lahetti_form_row {
	const char *message; /* of bodies.proto, without its package */
	const char *field;   /* as the .proto has it: "own_words" */
	size_t offset;	     /* of the field in the message's struct */
	enum lahetti_shape shape;

	/* The code where it is not given though it must be; NULL: it never must. Texts are not
	 * given where they are blank. */
	const char *needed;
	bool either;	 /* it is enough that one of the form's rows with the same code is given */
	const char *bad; /* CHOICES: the code where one is unspecified or stands there twice */
	lahetti_set recipients; /* RECIPIENT: the kinds that it may be of */

	/*
	 * The condition under which it is asked and must be given: a field of the same body, one
	 * enum value, with one of the values that lahetti_form_values tells. NULL: always.
	 */
	const char *when;
	lahetti_set is;	     /* those values; or */
	unsigned step_needs; /* those of the steps that need this: one of LAHETTI_NEEDS_… */
	enum lahetti_form_otherwise otherwise;
};

/* The rows of a kind's form, in the order in which a person is asked. NULL and 0 where there is no
 * such kind. */
LAHETTI_API const struct lahetti_form_row *lahetti_form(uint32_t kind, size_t *n);

/* The values of the field `when` with which the row's condition holds, in a statement of that kind.
 * Empty where the row has no condition. */
LAHETTI_API lahetti_set lahetti_form_values(const struct lahetti_kind_row *kind,
					    const struct lahetti_form_row *row);

/*
 * Checks a body by its kind's form. Codes, all MALFORMED: of the rows, in their order;
 * "text-too-long", "bad-text", "bad-language", "bad-date", "bad-identifier", "bad-digest",
 * "bad-criteria", "bad-parties", "bad-recipient"; "missing-scan" where a scan is not among the
 * header's attachments; "unwanted-detail". The body holds no unknown values of enums.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_form_check(const struct lahetti_kind_row *kind,
						    const Lahetti__V1__Header *header,
						    const void *body, struct lahetti_fault *f);

/* "line", "choice". */
LAHETTI_API const char *lahetti_shape_name(enum lahetti_shape shape);

/* How many bytes a text of that shape may have; 0: it is no text. */
LAHETTI_API size_t lahetti_shape_most(enum lahetti_shape shape);

#endif
