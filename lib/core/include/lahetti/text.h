/*
 * The text catalogue: what people read, in Finnish, Swedish and English, compiled in from
 * texts.def. Server, command line and page take their words from it. The codes that faults and
 * decisions carry are listed in codes.def; each has a text.
 */
#ifndef LAHETTI_TEXT_H
#define LAHETTI_TEXT_H

#include "lahetti/span.h"

#include <protobuf-c/protobuf-c.h>

enum lahetti_language {
	LAHETTI_ENGLISH,
	LAHETTI_FINNISH,
	LAHETTI_SWEDISH,
};
#define LAHETTI_LANGUAGES 3

/*
 * The language of a tag or a locale's name: "fi", "sv-FI", "fi_FI.UTF-8". False where it is none of
 * the three; NULL is none.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_language_find(const char *tag,
						       enum lahetti_language *language);

/*
 * The language to speak: the option's where it names one, else that of the first of the three
 * variables of the environment that is set and not empty (POSIX), else English. Each may be NULL.
 */
LAHETTI_API enum lahetti_language lahetti_language_choose(const char *option, const char *lc_all,
							  const char *lc_messages,
							  const char *lang);

/* "en", "fi", "sv". */
LAHETTI_API const char *lahetti_language_tag(enum lahetti_language language);

/* The text of a key such as "role.job-coach" or "code.no-consent"; NULL where there is none. */
LAHETTI_API const char *lahetti_text_find(const char *key, enum lahetti_language language);

/*
 * The key of an enum value's text: the type's name, a dot and lahetti_word ("how-given.paper"). key
 * holds LAHETTI_TEXT_KEY_MOST bytes; returned.
 */
#define LAHETTI_TEXT_KEY_MOST 160
LAHETTI_API const char *lahetti_text_key(const ProtobufCEnumDescriptor *type, int value,
					 char key[LAHETTI_TEXT_KEY_MOST]);

/* The text of an enum value; NULL where there is none. */
LAHETTI_API const char *lahetti_text_of(const ProtobufCEnumDescriptor *type, int value,
					enum lahetti_language language);

/* The sentence of a code of codes.def, without "code." before it; NULL where it is not in it. */
LAHETTI_API const char *lahetti_text_of_code(const char *code, enum lahetti_language language);

/* Writes a fault whose sentence is the code's in English; the code must have one. Returns false. */
LAHETTI_API bool lahetti_fault_say(struct lahetti_fault *f, enum lahetti_fault_kind kind,
				   const char *code);

/*
 * Whether a text may stand as one line that others are shown: "too-long" beyond so many bytes,
 * "bad-text" where it holds control characters or ones that turn the direction of writing. The text
 * is valid UTF-8; it may be empty.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_text_is_line(const char *text, size_t most,
						      struct lahetti_fault *f);

struct lahetti_text_row {
	const char *key;
	const char *text[LAHETTI_LANGUAGES];
};
/* All, in the order of their keys' bytes. */
LAHETTI_API const struct lahetti_text_row *lahetti_texts(size_t *n);

/* Where a code comes from. */
enum lahetti_code_from {
	LAHETTI_CODE_STATEMENT, /* a fault of reading a statement */
	LAHETTI_CODE_POLICY,	/* a refusal */
	LAHETTI_CODE_CORE,	/* another fault of this library */
	LAHETTI_CODE_SERVER,	/* the server's answer to a frame */
};
struct lahetti_code_row {
	const char *code;
	enum lahetti_code_from from;
};
LAHETTI_API const struct lahetti_code_row *lahetti_codes(size_t *n);

#endif
