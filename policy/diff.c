/* SPDX-License-Identifier: MIT */
/*
 * diff.c - see diff.h. Rules are compared by id and value: ids are the same on every host and in every
 * revision, and an id alone is a digest that two values might share.
 */
#include "diff.h"
#include "digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- settings */

static int diff_settings(const struct policy *before, const struct policy *after,
			 struct policy_diff *diff)
{
	for (unsigned i = 0; i < SETTING_MAX; i++) {
		struct diff_setting one = {i, setting_text(before, i), setting_text(after, i)};

		if (one.before && one.after && strcmp(one.before, one.after)) {
			diff->settings[diff->setting_count++] = one;
			continue;
		}
		free(one.before);
		free(one.after);
		if (!one.before || !one.after)
			return -ENOMEM;
	}
	return 0;
}

/* ---------------------------------------------------------------- rules */

struct numbered_side {
	const struct generation_rule **list; /* owned; sorted */
	size_t count;
	const struct generation *generation;
};

static int compare_rules(const void *left, const void *right)
{
	const struct generation_rule *a = *(const struct generation_rule *const *)left;
	const struct generation_rule *b = *(const struct generation_rule *const *)right;
	int order = strcmp(a->id, b->id);

	return order ? order : strcmp(a->value, b->value);
}

static int side_make(const struct generation *generation, struct numbered_side *out)
{
	size_t count = generation->rule_count + generation->unenforced_count;

	out->generation = generation;
	out->list = calloc(count + 1, sizeof(*out->list));
	if (!out->list)
		return -ENOMEM;
	for (size_t i = 0; i < generation->rule_count; i++)
		out->list[out->count++] = &generation->rules[i];
	for (size_t i = 0; i < generation->unenforced_count; i++)
		out->list[out->count++] = &generation->unenforced[i];
	if (count)
		qsort(out->list, count, sizeof(*out->list), compare_rules);
	return 0;
}

static unsigned differences(const struct diff_rule *rule)
{
	const struct generation_rule *a = rule->before, *b = rule->after;
	unsigned differs = 0;

	if (a->target != b->target)
		differs |= DIFFERS_MODE;
	if (a->target_held_by != b->target_held_by)
		differs |= DIFFERS_HELD_BY;
	if (a->action != b->action)
		differs |= DIFFERS_ACTION;
	if (a->until_s != b->until_s)
		differs |= DIFFERS_UNTIL;
	if (strcmp(a->reason, b->reason))
		differs |= DIFFERS_REASON;
	if (a->confidence != b->confidence)
		differs |= DIFFERS_CONFIDENCE;
	if (rule->before_enforced != rule->after_enforced)
		differs |= DIFFERS_ENFORCED;
	if (a->strict != b->strict)
		differs |= DIFFERS_STRICT;
	if (rule->before_size != rule->after_size)
		differs |= DIFFERS_SIZE;
	/* for finding a fact is there or not; modes mean nothing */
	if (matcher_is_finding(b->matcher))
		differs &= DIFFERS_CONFIDENCE;
	return differs;
}

const struct generation_rule *diff_rule_of(const struct diff_rule *rule)
{
	return rule->after ? rule->after : rule->before;
}

struct diff_count *diff_count_of(struct policy_diff *diff, const struct diff_rule *rule)
{
	const struct generation_rule *one = diff_rule_of(rule);

	if (matcher_is_finding(one->matcher))
		return &diff->finding;
	if (one->action == ACTION_ALLOW)
		return &diff->exceptions;
	return rule->before_enforced || rule->after_enforced ? &diff->enforced : &diff->listed;
}

static __u64 size_of(const struct generation *generation, const struct generation_rule *rule)
{
	bool digest = rule && rule->matcher == MATCHER_DIGEST;
	const struct gen_digest *entry = digest ? digest_find(generation, rule->value) : NULL;

	return entry ? entry->size : 0;
}

static void add(struct policy_diff *diff, const struct numbered_side *before,
		const struct numbered_side *after, struct diff_rule rule)
{
	struct diff_count *count;

	rule.before_enforced = rule.before && match_is_enforced(before->generation, rule.before);
	rule.after_enforced = rule.after && match_is_enforced(after->generation, rule.after);
	rule.before_size = rule.before_enforced ? size_of(before->generation, rule.before) : 0;
	rule.after_size = rule.after_enforced ? size_of(after->generation, rule.after) : 0;
	if (rule.before && rule.after)
		rule.differs = differences(&rule);
	if (rule.before && rule.after && !rule.differs) {
		diff->same += rule.before_enforced && rule.before->action != ACTION_ALLOW;
		return;
	}
	count = diff_count_of(diff, &rule);
	count->added += !rule.before;
	count->removed += !rule.after;
	count->changed += rule.before && rule.after;
	diff->rules[diff->rule_count++] = rule;
}

/* Both lists are sorted: what is on one side only falls out of a merge. */
static int diff_rules(const struct numbered_side *before, const struct numbered_side *after,
		      struct policy_diff *diff)
{
	size_t a = 0, b = 0;

	diff->rules = calloc(before->count + after->count + 1, sizeof(*diff->rules));
	if (!diff->rules)
		return -ENOMEM;
	while (a < before->count || b < after->count) {
		int order = a == before->count  ? 1
			    : b == after->count ? -1
						: compare_rules(&before->list[a], &after->list[b]);
		struct diff_rule rule = {
			.before = order <= 0 ? before->list[a] : NULL,
			.after = order >= 0 ? after->list[b] : NULL,
		};

		a += order <= 0;
		b += order >= 0;
		add(diff, before, after, rule);
	}
	return 0;
}

int policy_diff_make(const struct diff_side *before, const struct diff_side *after,
		     struct policy_diff *out_diff)
{
	struct numbered_side sides[2] = {0};
	struct policy_diff diff = {0};
	int err;

	err = diff_settings(before->policy, after->policy, &diff);
	if (!err)
		err = side_make(before->generation, &sides[0]);
	if (!err)
		err = side_make(after->generation, &sides[1]);
	if (!err)
		err = diff_rules(&sides[0], &sides[1], &diff);
	free(sides[0].list);
	free(sides[1].list);
	if (err < 0)
		policy_diff_done(&diff);
	else
		*out_diff = diff;
	return err;
}

void policy_diff_done(struct policy_diff *diff)
{
	for (size_t i = 0; i < diff->setting_count; i++) {
		free(diff->settings[i].before);
		free(diff->settings[i].after);
	}
	free(diff->rules);
	memset(diff, 0, sizeof(*diff));
}

bool policy_diff_empty(const struct policy_diff *diff)
{
	return !diff->setting_count && !diff->rule_count;
}

/* ---------------------------------------------------------------- one thing */

/* Rules of two generations are the same if they have one id and value. */
static bool same_rule(const struct generation_rule *a, const struct generation_rule *b)
{
	return a == b || (a && b && !compare_rules(&a, &b));
}

struct diff_answer diff_ask(const struct diff_asker *before, const struct diff_asker *after,
			    const struct thing *thing, const struct match_subject *subject)
{
	struct diff_answer out = {
		.before = thing_ask(before->generation, before->index, thing, subject),
		.after = thing_ask(after->generation, after->index, thing, subject),
	};
	const struct match_decision *a = &out.before.decision, *b = &out.after.decision;

	out.differs = out.before.outcome != out.after.outcome || a->held_by != b->held_by ||
		      !same_rule(a->match.rule, b->match.rule) ||
		      !same_rule(a->match.allow, b->match.allow);
	return out;
}
