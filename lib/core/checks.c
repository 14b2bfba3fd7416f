#include "checks.h"

#include "lahetti/id.h"
#include "lahetti/message.h"
#include "lahetti/text.h"

#include <string.h>

bool lahetti_wrong(struct lahetti_fault *f, const char *code)
{
	return lahetti_fault_say(f, LAHETTI_FAULT_MALFORMED, code);
}

/*
 * C1 controls (U+0080 to 009F) and what turns the direction of writing (U+202A to 202E, U+2066 to
 * 2069), by which a text shows other than it says. The text is valid UTF-8.
 */
static bool misleads(const unsigned char *c)
{
	if (c[0] == 0xc2)
		return c[1] < 0xa0;
	if (c[0] != 0xe2)
		return false;
	return (c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool lahetti_text_blank(const char *text)
{
	while (is_space((unsigned char)*text))
		text++;
	return *text == '\0';
}

static bool shows_what_it_says(const char *text, bool line)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if (*c == 0x7f || (*c < 0x20 && (line || !is_space(*c))) || misleads(c))
			return false;
	return true;
}

bool lahetti_text_is_line(const char *text, size_t most, struct lahetti_fault *f)
{
	if (strlen(text) > most)
		return lahetti_wrong(f, "too-long");
	return shows_what_it_says(text, true) || lahetti_wrong(f, "bad-text");
}

bool lahetti_check_text(const char *text, enum lahetti_text_most most, struct lahetti_fault *f)
{
	if (strlen(text) > (size_t)most)
		return lahetti_wrong(f, "text-too-long");
	return shows_what_it_says(text, most == LAHETTI_TEXT_LINE) || lahetti_wrong(f, "bad-text");
}

bool lahetti_check_given(const char *text, enum lahetti_text_most most, const char *missing,
			 struct lahetti_fault *f)
{
	if (lahetti_text_blank(text))
		return lahetti_wrong(f, missing);
	return lahetti_check_text(text, most, f);
}

bool lahetti_check_id(ProtobufCBinaryData id, struct lahetti_fault *f)
{
	struct lahetti_id ignored;

	return lahetti_id_read(&ignored, lahetti_bytes_span(id), f);
}

bool lahetti_check_id_or_none(ProtobufCBinaryData id, struct lahetti_fault *f)
{
	return id.len == 0 || lahetti_check_id(id, f);
}

bool lahetti_check_digest(ProtobufCBinaryData digest, struct lahetti_fault *f)
{
	return digest.len == LAHETTI_DIGEST_LEN || lahetti_wrong(f, "bad-digest");
}

bool lahetti_check_reference(const Lahetti__V1__Reference *reference, struct lahetti_fault *f)
{
	return reference == NULL ||
	       (lahetti_check_id(reference->id, f) && lahetti_check_digest(reference->sha256, f));
}

bool lahetti_check_date(uint32_t date, struct lahetti_fault *f)
{
	return lahetti_date_valid(date) || lahetti_wrong(f, "bad-date");
}

bool lahetti_check_date_or_none(uint32_t date, struct lahetti_fault *f)
{
	return date == 0 || lahetti_check_date(date, f);
}

bool lahetti_check_categories(const Lahetti__V1__Category *categories, size_t n,
			      struct lahetti_fault *f)
{
	lahetti_set ignored;

	return lahetti_enum_set(categories, n, &ignored) || lahetti_wrong(f, "bad-categories");
}

/* Which fields a kind of recipient has besides the organisation, in the order of RecipientKind. A
 * team is the author's own organisation's: it need not be named. */
static const struct recipient_form {
	bool unit, role, user;
} forms[] = {
	[LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER] = {.unit = true, .user = true},
	[LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE] = {.unit = true, .role = true},
	[LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE] = {.unit = true},
	[LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CARE_TEAM] = {.unit = false},
	[LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CASE_MANAGER] = {.unit = false},
};

static bool id_given(ProtobufCBinaryData id, bool wanted)
{
	return wanted ? lahetti_check_id(id, NULL) : id.len == 0;
}

bool lahetti_check_recipient(const Lahetti__V1__Recipient *recipient, lahetti_set kinds,
			     struct lahetti_fault *f)
{
	const struct lahetti_role_row *role = lahetti_role_find((int)recipient->role);
	const struct recipient_form *form;

	if (!LAHETTI_IN(kinds, recipient->kind))
		return lahetti_wrong(f, "bad-recipient");
	form = &forms[recipient->kind];
	if ((form->unit || recipient->organisation.len > 0) &&
	    !id_given(recipient->organisation, true))
		return lahetti_wrong(f, "bad-recipient");
	if (!id_given(recipient->unit, form->unit) || !id_given(recipient->user, form->user))
		return lahetti_wrong(f, "bad-recipient");
	if (form->role ? role == NULL || !role->sees_clients : recipient->role != 0)
		return lahetti_wrong(f, "bad-recipient");
	return true;
}
