/* SPDX-License-Identifier: MIT */
/*
 * numbered.h - the rules in the order of their numbers: what rule_order.c makes of the flat list and
 * the compilers of paths and networks read.
 */
#ifndef EMBARGO_NUMBERED_H
#define EMBARGO_NUMBERED_H

#include "rules.h"

struct strings;

/* Rule number n is list[n - 1]. */
struct numbered_rule {
	const struct rule *rule;	/* borrowed; what many passes need of it is here as well, */
	const char *value;		/* because a million rules do not fit a cache */
	__u64 key;			/* how specific; smaller is more */
	__u32 value_bytes;
	__u32 prefix;			/* string: the id without its digest, "vendor/product/kind/" */
	__u32 digest;			/* first four bytes of the SHA-256 of the value */
	__u8 target;			/* enum mode: of the rule, or of a stricter double of it */
	__u8 target_held_by;
	__u8 action;
	__u8 matcher;			/* enum matcher */
	__u8 family, bits;		/* of a network */
};

struct numbered {
	struct numbered_rule *list;	/* owned; first those that are enforced, most specific first */
	size_t count;			/* of the enforced */
	size_t paths;			/* of these: path rules; the networks follow them */
	size_t unenforced;		/* behind them */
};

/**
 * numbered_make() - check, identify, merge doubles and number
 * @rules:    borrowed, must outlive the result
 * @strings:  borrowed; gets the prefixes of the ids
 * @diags:    borrowed; patterns that cannot be compiled, doubles that disagree
 * @out_list: owned by the caller, numbered_done(); untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -E2BIG (more rules than fit a number); -ENOMEM.
 */
int numbered_make(const struct rules *rules, struct strings *strings, struct diagnostics *diags,
		  struct numbered *out_list);

/** numbered_done() - free what it owns; accepts an empty one */
void numbered_done(struct numbered *numbered);

/** rule_is_enforced() - whether a rule gets a number, or is only listed */
static inline int rule_is_enforced(const struct rule *rule)
{
	return !rule->unenforced_why &&
	       (rule->matcher == MATCHER_PATH || rule->matcher == MATCHER_NETWORK);
}

#endif
