/* SPDX-License-Identifier: GPL-2.0 */
/* rule.h - from a matched rule to a decision. */
#ifndef EMBARGO_RULE_H
#define EMBARGO_RULE_H

#include "emit.h"
#include "maps.h"
#include "scope.h"
#include "subject.h"

enum rule_answer {
	RULE_DECIDED,		/* the slot's decision says what */
	RULE_OUT_OF_SCOPE,	/* let through, counted, no event */
	RULE_SWITCHED,		/* a new policy came in the middle: begin again with that one */
};

/**
 * rule_decide() - what is decided about a match that is in scope
 * @slot:  index of a claimed slot whose .generation and .known are set; its decision is filled in
 * @deny:  number of the rule that matched
 * @allow: number of the allow entry that matched; 0: none
 *
 * Return: RULE_DECIDED or RULE_SWITCHED.
 */
extern int rule_decide(__u32 slot, __u32 deny, __u32 allow);

/*
 * From a match to a decision: scope, exception, requirement, mode. The slot's match and its path are
 * overwritten. Two calls side by side and not one in the other: their frames would add up.
 */
static __always_inline enum rule_answer rule_apply(struct scratch *slot, enum hook hook, __u32 deny, __u32 allow)
{
	int scope = scope_ask(slot->index);

	if (scope == SCOPE_SWITCHED)
		return RULE_SWITCHED;
	if (scope == SCOPE_IN)
		return rule_decide(slot->index, deny, allow);
	if (set_is_active())
		count(hook, STAT_OUT_OF_SCOPE);
	return RULE_OUT_OF_SCOPE;
}

/**
 * rule_decide_bare() - the same without scratch
 * @generation: address of the map that the match began with
 * @deny, @allow: as above
 *
 * A policy with a scope is undecided then, and lets through. Counted either way. Return: enum verdict.
 */
extern int rule_decide_bare(__u64 generation, __u32 hook, __u32 deny, __u32 allow);

/* Count an attempt; false when it is outside --within and not to be decided. */
static __always_inline bool attempt_count(enum hook hook)
{
	bool within = is_within();

	if (set_is_active()) {
		count(hook, STAT_DECIDED);
		if (!within)
			count(hook, STAT_OUT_OF_SCOPE);
	}
	return within;
}

#endif
