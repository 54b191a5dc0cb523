/* SPDX-License-Identifier: GPL-2.0 */
/* answer.h - how a program ends: with one literal that refuses or one that lets through. */
#ifndef EMBARGO_ANSWER_H
#define EMBARGO_ANSWER_H

#include "maps.h"

/*
 * Leave the program with a constant. Not by "return": the compiler merges exits and carries the value to
 * them in registers, and what a program can return is then no longer to be seen in its instructions,
 * which is what proves --audit-only (tests/bpf/audit_only.c).
 */
#define END_WITH(value)                                                                            \
	do {                                                                                       \
		asm volatile("r0 = %[literal]\n\texit" : : [literal] "i"(value) : "r0");           \
		__builtin_unreachable();                                                           \
	} while (0)

/* The end of a hook that answers by its return value. Where @refusing is not even loaded, it cannot refuse. */
#define ANSWER(verdict, refusing, allowing)                                                        \
	do {                                                                                       \
		if ((verdict) == VERDICT_DENY && !load_config.audit_only)                          \
			END_WITH(refusing);                                                        \
		END_WITH(allowing);                                                                \
	} while (0)

#endif
