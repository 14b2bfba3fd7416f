/* What the loop itself says to a client: the rows of errors.def. */
#ifndef NET_ERRORS_H
#define NET_ERRORS_H

#include <lahetti/v1/session.pb-c.h>

enum session_error {
#define ERROR(NAME, code, class, close, sentence) SESSION_ERROR_##NAME,
#include "errors.def"
#undef ERROR
	SESSION_ERRORS
};

struct error_row {
	const char *code;
	Lahetti__V1__Error__Class class;
	uint16_t close; /* 0: the session goes on */
	const char *sentence;
};
const struct error_row *error_row(enum session_error e);

/* The only place where a sentence is chosen: a catalogue by language belongs here. */
const char *error_sentence(enum session_error e, const char *language);

#endif
