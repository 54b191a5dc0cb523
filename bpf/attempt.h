/* SPDX-License-Identifier: GPL-2.0 */
/* attempt.h - an attempt to get the code of a file running: what exec, code load and modules have in common. */
#ifndef EMBARGO_ATTEMPT_H
#define EMBARGO_ATTEMPT_H

#include "emit.h"
#include "file.h"
#include "maps.h"
#include "rule.h"
#include "scratch.h"
#include "subject.h"

/* Beside EMIT(): what is let through leaves no trace, because it was recorded before. */
#define ATTEMPT_QUIET (1u << 16)
/* Only rules with RULE_STRICT count. */
#define ATTEMPT_STRICT (1u << 17)
/* Nobody tries anything: what a program that runs already is. Only rules that contain count. */
#define ATTEMPT_RUNNING (1u << 18)

/**
 * file_decide() - recognise a file, decide, and record
 * @slot: index of a claimed slot; .file is what it is about, event.module a module's name, or empty
 * @what: EMIT(hook, backend), perhaps with ATTEMPT_QUIET or ATTEMPT_STRICT
 *
 * What cannot be decided is counted and let through. Return: enum verdict.
 */
extern int file_decide(__u32 slot, __u32 what);

static __always_inline void undecided(enum hook hook)
{
	if (set_is_active())
		count(hook, STAT_UNDECIDED);
}

/* Claim memory for an attempt that is about a file (or 0), count it. NULL: it is let through, and that is counted. */
static __always_inline struct scratch *attempt_begin(__u64 file, enum hook hook)
{
	struct scratch *slot;

	if (!attempt_count(hook))
		return NULL;
	slot = scratch_claim();
	if (!slot) {
		undecided(hook);
		return NULL;
	}
	*(volatile __u64 *)&slot->file = file;
	__builtin_memset(slot->event.module, 0, sizeof(slot->event.module));
	return slot;
}

static __always_inline enum verdict attempt_decide(__u64 file, __u32 what)
{
	struct scratch *slot = attempt_begin(file, what >> 8 & (HOOK_ROWS - 1));
	enum verdict verdict;

	if (!slot)
		return VERDICT_ALLOW;
	verdict = file_decide(slot->index, what);
	scratch_release(slot);
	return verdict;
}

#endif
