#include "lahetti/text.h"

#include "lahetti/kinds.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MOST 96

static const struct lahetti_text_row texts[] = {
#define TEXT(key, en, fi, sv) {key, {en, fi, sv}},
#include "lahetti/texts.def"
#undef TEXT
};

static const struct lahetti_code_row codes[] = {
#define CODE(FROM, code) {code, LAHETTI_CODE_##FROM},
#include "lahetti/codes.def"
#undef CODE
};

static const char *const tags[LAHETTI_LANGUAGES] = {"en", "fi", "sv"};

bool lahetti_language_find(const char *tag, enum lahetti_language *language)
{
	if (tag == NULL)
		return false;
	for (int i = 0; i < LAHETTI_LANGUAGES; i++)
		if (strncmp(tag, tags[i], 2) == 0 && strchr("-_.@", tag[2]) != NULL) {
			*language = (enum lahetti_language)i;
			return true;
		}
	return false;
}

enum lahetti_language lahetti_language_choose(const char *option, const char *lc_all,
					      const char *lc_messages, const char *lang)
{
	const char *const variables[] = {lc_all, lc_messages, lang};
	enum lahetti_language language = LAHETTI_ENGLISH;

	if (lahetti_language_find(option, &language))
		return language;
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		if (variables[i] != NULL && variables[i][0] != '\0')
			return lahetti_language_find(variables[i], &language) ? language
									      : LAHETTI_ENGLISH;
	return LAHETTI_ENGLISH;
}

const char *lahetti_language_tag(enum lahetti_language language)
{
	return tags[language];
}

const struct lahetti_text_row *lahetti_texts(size_t *n)
{
	*n = sizeof texts / sizeof texts[0];
	return texts;
}

const struct lahetti_code_row *lahetti_codes(size_t *n)
{
	*n = sizeof codes / sizeof codes[0];
	return codes;
}

static int compare_key(const void *key, const void *row)
{
	return strcmp(key, ((const struct lahetti_text_row *)row)->key);
}

const char *lahetti_text_find(const char *key, enum lahetti_language language)
{
	const struct lahetti_text_row *row =
		bsearch(key, texts, sizeof texts / sizeof texts[0], sizeof texts[0], compare_key);

	return row == NULL ? NULL : row->text[language];
}

const char *lahetti_text_key(const ProtobufCEnumDescriptor *type, int value,
			     char key[LAHETTI_TEXT_KEY_MOST])
{
	char word[64];
	size_t i = 0;

	for (const char *c = type->short_name; *c != '\0' && i < KEY_MOST - 2; c++) {
		bool capital = *c >= 'A' && *c <= 'Z';

		if (capital && i > 0)
			key[i++] = '-';
		key[i++] = (char)(capital ? *c - 'A' + 'a' : *c);
	}
	(void)snprintf(key + i, LAHETTI_TEXT_KEY_MOST - i, ".%s", lahetti_word(type, value, word));
	return key;
}

const char *lahetti_text_of(const ProtobufCEnumDescriptor *type, int value,
			    enum lahetti_language language)
{
	char key[LAHETTI_TEXT_KEY_MOST];

	return lahetti_text_find(lahetti_text_key(type, value, key), language);
}

const char *lahetti_text_of_code(const char *code, enum lahetti_language language)
{
	char key[KEY_MOST];

	(void)snprintf(key, sizeof key, "code.%s", code);
	return lahetti_text_find(key, language);
}

bool lahetti_fault_say(struct lahetti_fault *f, enum lahetti_fault_kind kind, const char *code)
{
	const char *sentence = lahetti_text_of_code(code, LAHETTI_ENGLISH);

	assert(sentence != NULL);
	return lahetti_fault_set(f, kind, code, "%s", sentence);
}
