#include "errors.h"

#include "lahetti/text.h"

static const struct error_row rows[SESSION_ERRORS] = {
#define ERROR(NAME, word, CLASS, code_of_close)                    \
	[SESSION_ERROR_##NAME] = {                                 \
		.code = word,                                      \
		.class = LAHETTI__V1__ERROR__CLASS__CLASS_##CLASS, \
		.close = code_of_close,                            \
	},
#include "errors.def"
#undef ERROR
};

const struct error_row *error_row(enum session_error e)
{
	return &rows[e];
}

const char *error_sentence(const char *code, const char *language)
{
	enum lahetti_language spoken = LAHETTI_FINNISH;
	const char *sentence;

	if (!lahetti_language_find(language, &spoken))
		spoken = LAHETTI_FINNISH;
	sentence = lahetti_text_of_code(code, spoken);
	return sentence != NULL ? sentence : "";
}
