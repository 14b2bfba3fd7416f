/*
 * Faults: how a function says that a step could not be done, and what its caller must do about it.
 *
 * A function that can fail returns bool (or a pointer), must be checked, and takes a struct
 * lahetti_fault * last. The detector writes the fault, floors between pass it on, only the floor
 * that decides logs it. Nothing is allocated to report one. A refusal (no basis, a signature that
 * does not hold) is a decision, not a fault.
 */
#ifndef LAHETTI_FAULT_H
#define LAHETTI_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#define LAHETTI_CHECKED __attribute__((warn_unused_result))
#define LAHETTI_API	__attribute__((visibility("default")))

/* Named by what the caller must do. */
enum lahetti_fault_kind {
	LAHETTI_FAULT_NONE = 0,
	LAHETTI_FAULT_MALFORMED, /* the peer broke the protocol or the input its format: say so,
				    change nothing */
	LAHETTI_FAULT_INVALID,	 /* well formed, but a signature, proof or key does not hold */
	LAHETTI_FAULT_BUSY,	 /* nothing was changed: the same request may succeed later */
	LAHETTI_FAULT_UNCERTAIN, /* a commit may or may not have happened: ask again by identifier
				  */
	LAHETTI_FAULT_BROKEN,	 /* our side failed: report it, acknowledge nothing */
};

struct lahetti_fault {
	enum lahetti_fault_kind kind;
	const char *code; /* stable, for programs: "frame-too-long"; static storage */
	char text[200];	  /* one English sentence for people; nothing personal in it */
};

/* Writes a fault; f may be NULL. Returns false, so that a detector can `return
 * lahetti_fault_set(…)`. */
LAHETTI_API bool lahetti_fault_set(struct lahetti_fault *f, enum lahetti_fault_kind kind,
				   const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Writes that memory is spent ("no-memory", BROKEN). Returns false. */
LAHETTI_API bool lahetti_fault_no_memory(struct lahetti_fault *f);

/* That both return false is said here once more for compilers and analysers, which then see that
 * after a fault nobody reads what was not written. */
static inline bool lahetti_fault_is_false(bool returned)
{
	(void)returned;
	return false;
}
#define lahetti_fault_set(...)	   lahetti_fault_is_false(lahetti_fault_set(__VA_ARGS__))
#define lahetti_fault_no_memory(f) lahetti_fault_is_false(lahetti_fault_no_memory(f))

#endif
