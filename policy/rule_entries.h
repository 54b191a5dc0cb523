/* SPDX-License-Identifier: MIT */
/*
 * rule_entries.h - what the kernel decides by when it knows the number of a rule, and how a rule is found that a mark
 * names by its id.
 */
#ifndef EMBARGO_RULE_ENTRIES_H
#define EMBARGO_RULE_ENTRIES_H

#include "entries.h"
#include "numbered.h"
#include "strings.h"

#define RULE_DIGITS 8 /* of the digest at the end of an id */

/** rule_digits() - write RULE_DIGITS hexadecimal digits. Return: behind them. */
char *rule_digits(__u32 digest, char *at);

/** rule_end() - Unix seconds at which a rule ends; only exceptions do; 0: never */
static inline __u64 rule_end(const struct numbered_rule *rule)
{
	return rule->action == ACTION_ALLOW ? rule->rule->until_s : 0;
}

/**
 * rule_entries_emit() - append GEN_RULE
 * @numbered: borrowed
 * @strings:  borrowed; its words
 * @entries:  borrowed
 *
 * Return: 0; -ENOMEM; -E2BIG.
 */
int rule_entries_emit(const struct numbered *numbered, const struct strings *strings,
		      struct entries *entries);

/**
 * contain_entries_emit() - append GEN_CONTAIN for the rules of programs that contain
 * @numbered: borrowed
 * @entries:  borrowed; has the GEN_RULE of all rules
 *
 * Return: as above.
 */
int contain_entries_emit(const struct numbered *numbered, struct entries *entries);

#endif
