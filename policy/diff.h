/* SPDX-License-Identifier: MIT */
/*
 * diff.h - what would change if one policy took the place of another: settings, rules, exceptions. Where a rule is
 * written does not matter, only what it does. diff_ask() is for one thing: what each of them decides about it.
 */
#ifndef EMBARGO_DIFF_H
#define EMBARGO_DIFF_H

#include "settings.h"
#include "thing.h"

/* A policy, with what it was compiled to. Borrowed. */
struct diff_side {
	const struct policy *policy;
	const struct generation *generation;
};

/* In what two rules differ. */
enum difference {
	DIFFERS_MODE = 1,
	DIFFERS_HELD_BY = 2,
	DIFFERS_ACTION = 4,
	DIFFERS_UNTIL = 8,
	DIFFERS_REASON = 16,
	DIFFERS_CONFIDENCE = 32,
	DIFFERS_ENFORCED = 64,	/* one of them is only listed */
	DIFFERS_STRICT = 128,	/* about interpreters */
	DIFFERS_SIZE = 256,	/* of the file of a digest: one of them is wrong, or the policy was */
};

/* One rule, one exception or one fact for finding that is not the same on both sides. */
struct diff_rule {
	const struct generation_rule *before, *after;	/* NULL: it is not there */
	unsigned differs;	/* enum difference, ORed; 0 where one of them is not there */
	bool before_enforced, after_enforced;
	__u64 before_size, after_size;	/* of digests; 0: not said */
};

/* How many were added, removed and changed. */
struct diff_count {
	size_t added, removed, changed;
};

struct diff_setting {
	enum setting setting;
	char *before, *after;	/* owned; "": not said */
};

struct policy_diff {
	struct diff_setting settings[SETTING_MAX];	/* only those that differ */
	size_t setting_count;
	struct diff_rule *rules;	/* owned; only those that differ, by id: a product's are together */
	size_t rule_count;
	struct diff_count enforced;	/* rules that decide something, on either side */
	struct diff_count listed;	/* matchers that neither side enforces */
	struct diff_count finding;	/* facts for finding */
	struct diff_count exceptions;	/* entries of "allow", one for each matcher */
	size_t same;			/* rules that decide something and are equal */
};

/**
 * policy_diff_make() - compare
 * @before, @after: borrowed; the result points into their generations
 * @out_diff:       policy_diff_done(); untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int policy_diff_make(const struct diff_side *before, const struct diff_side *after,
		     struct policy_diff *out_diff);

/** policy_diff_done() - free what it owns */
void policy_diff_done(struct policy_diff *diff);

/** policy_diff_empty() - would nothing change? */
bool policy_diff_empty(const struct policy_diff *diff);

/** diff_rule_of() - the rule on the side where it is, the later one if on both */
const struct generation_rule *diff_rule_of(const struct diff_rule *rule);

/** diff_count_of() - which of the counts a rule belongs to */
struct diff_count *diff_count_of(struct policy_diff *diff, const struct diff_rule *rule);

/* What both make of one thing. */
struct diff_answer {
	struct answer before, after;
	bool differs;	/* in outcome, in the rule, in what holds it, or in the exception */
};

/* One side, prepared for many questions. */
struct diff_asker {
	const struct generation *generation;	/* borrowed */
	const struct match_index *index;	/* of it; borrowed */
};

/**
 * diff_ask() - what would each of the two do with a thing?
 * @before, @after, @thing, @subject: borrowed
 *
 * For what is on a host: ask for each path, address and package that the inventory has.
 */
struct diff_answer diff_ask(const struct diff_asker *before, const struct diff_asker *after,
			    const struct thing *thing, const struct match_subject *subject);

#endif
