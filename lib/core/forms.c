#include "lahetti/forms.h"

#include <lahetti/v1/common.pb-c.h>
#include <string.h>

static const struct {
	const char *name;
	size_t most;
} shapes[] = {
#define SHAPE(NAME, name, most, check) [LAHETTI_SHAPE_##NAME] = {name, most},
#include "lahetti/shapes.def"
#undef SHAPE
};

const char *lahetti_shape_name(enum lahetti_shape shape)
{
	return shapes[shape].name;
}

size_t lahetti_shape_most(enum lahetti_shape shape)
{
	return shapes[shape].most;
}

/* The words of the columns of forms.def. */
#define GIVER(VALUE) LAHETTI_SET(LAHETTI__V1__GIVER__GIVER_##VALUE)
#define HOW(VALUE)   LAHETTI_SET(LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_##VALUE)
#define OFFERED	     LAHETTI_OTHERWISE_OFFERED
#define REFUSED	     LAHETTI_OTHERWISE_REFUSED
#define NEEDS(THING) LAHETTI_NEEDS_##THING
#define TO(KIND)     LAHETTI_SET(LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_##KIND)

static const struct lahetti_form_row rows[] = {
#define FIELD(message_, field_, ...)                                 \
	{                                                            \
		.message = #message_,                                \
		.field = #field_,                                    \
		.offset = offsetof(Lahetti__V1__##message_, field_), \
		.shape = LAHETTI_SHAPE_##__VA_ARGS__,                \
	},
#include "lahetti/forms.def"
#undef FIELD
};

/* The rows of a message stand together. */
const struct lahetti_form_row *lahetti_form(uint32_t kind, size_t *n)
{
	const struct lahetti_kind_row *row = lahetti_kind_find(kind);
	const struct lahetti_form_row *first = NULL;

	*n = 0;
	if (row == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].message, row->body->short_name) == 0) {
			first = first == NULL ? &rows[i] : first;
			++*n;
		}
	return first;
}

lahetti_set lahetti_form_values(const struct lahetti_kind_row *kind,
				const struct lahetti_form_row *row)
{
	lahetti_set values = row->is;
	size_t n;
	const struct lahetti_step_row *steps = lahetti_steps(&n);

	for (size_t i = 0; i < n; i++)
		if ((steps[i].needs & row->step_needs) && LAHETTI_IN(steps[i].kinds, kind->number))
			values |= LAHETTI_SET(steps[i].step);
	return values;
}
