/* What the loop itself says to a client: the rows of errors.def. */
#ifndef NET_ERRORS_H
#define NET_ERRORS_H

#include <lahetti/v1/session.pb-c.h>

enum session_error {
#define ERROR(NAME, code, class, close) SESSION_ERROR_##NAME,
#include "errors.def"
#undef ERROR
	SESSION_ERRORS
};

struct error_row {
	const char *code;
	Lahetti__V1__Error__Class class;
	uint16_t close; /* 0: the session goes on */
};
const struct error_row *error_row(enum session_error e);

/* The catalogue's sentence of a code in a session's language, "fi", "sv" or "en". */
const char *error_sentence(const char *code, const char *language);

#endif
