#include "lahetti/fault.h"

#include <stdarg.h>
#include <stdio.h>

#undef lahetti_fault_set
#undef lahetti_fault_no_memory

bool lahetti_fault_set(struct lahetti_fault *f, enum lahetti_fault_kind kind, const char *code,
		       const char *format, ...)
{
	va_list args;

	if (f == NULL)
		return false;
	f->kind = kind;
	f->code = code;
	va_start(args, format);
	(void)vsnprintf(f->text, sizeof f->text, format, args);
	va_end(args);
	return false;
}

bool lahetti_fault_no_memory(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-memory", "There is no memory left.");
}
