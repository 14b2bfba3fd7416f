#include "errors.h"

static const struct error_row rows[SESSION_ERRORS] = {
#define ERROR(NAME, word, CLASS, code_of_close, text)              \
	[SESSION_ERROR_##NAME] = {                                 \
		.code = word,                                      \
		.class = LAHETTI__V1__ERROR__CLASS__CLASS_##CLASS, \
		.close = code_of_close,                            \
		.sentence = text,                                  \
	},
#include "errors.def"
#undef ERROR
};

const struct error_row *error_row(enum session_error e)
{
	return &rows[e];
}

const char *error_sentence(enum session_error e, const char *language)
{
	(void)language;
	return rows[e].sentence;
}
