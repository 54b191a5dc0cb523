/* SPDX-License-Identifier: MIT */
/*
 * rule_doubles.c - the same fact of the same product, named twice, becomes one rule. Two facts whose ids collide
 * by their digest stay two rules: both are enforced.
 */
#include "numbered.h"

#include <stdlib.h>
#include <string.h>

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* A total order of rules with the same id: what decides which of two doubles is the one to name. */
static int compare_doubles(const void *a, const void *b)
{
	const struct numbered_rule *x = a, *y = b;
	const struct rule *m = x->rule, *n = y->rule;
	int order = compare_text(m->value, n->value);

	order = order ?: (end_key(m) > end_key(n)) - (end_key(m) < end_key(n));
	order = order ?: compare_text(m->place.file, n->place.file);
	order = order ?: (m->place.line > n->place.line) - (m->place.line < n->place.line);
	order = order ?: (m->place.column > n->place.column) - (m->place.column < n->place.column);
	order = order ?: compare_text(m->reason, n->reason);
	order = order ?: compare_text(m->vendor_name, n->vendor_name);
	order = order ?: compare_text(m->vendor, n->vendor);
	order = order ?: compare_text(m->product, n->product);
	order = order ?: compare_text(m->unenforced_why, n->unenforced_why);
	if (m->matcher == MATCHER_DIGEST)
		order = order ?: (m->size > n->size) - (m->size < n->size);
	order = order ?: m->strict - n->strict;
	order = order ?: m->action - n->action;
	order = order ?: m->target - n->target;
	return order ?: m->target_held_by - n->target_held_by;
}

static bool same_network(const struct rule_network *a, const struct rule_network *b)
{
	return a->family == b->family && a->bits == b->bits && a->protocol == b->protocol &&
	       a->a == b->a && a->b == b->b && a->port_count == b->port_count &&
	       (!a->port_count ||
		(!memcmp(a->port_first, b->port_first, a->port_count * sizeof(*a->port_first)) &&
		 !memcmp(a->port_last, b->port_last, a->port_count * sizeof(*a->port_last))));
}

/* One digest with two sizes stays two, so that the compiler finds that the sizes disagree. */
static bool is_double(const struct numbered_rule *a, const struct numbered_rule *b)
{
	const struct rule *x = a->rule, *y = b->rule;

	if (compare_text(x->value, y->value))
		return false;
	if (x->matcher == MATCHER_DIGEST)
		return x->size == y->size;
	return !rule_is_enforced(x) || x->matcher != MATCHER_NETWORK ||
	       same_network(&x->network, &y->network);
}

/* @into comes first in the order of compare_doubles(): of two allow entries the one that lasts longer. */
static void merge_double(struct numbered_rule *into, const struct numbered_rule *other,
			 struct diagnostics *diags)
{
	bool differ = into->target != other->target || into->action != other->action;

	if (into->rule->until_s != other->rule->until_s)
		diagnostics_add(
			diags, SEVERITY_WARNING, other->rule->place,
			"\"%s\" is already allowed at %s:%u with a later end; that one applies",
			other->rule->value, into->rule->place.file ?: "", into->rule->place.line);
	if (differ) {
		diagnostics_add(diags, SEVERITY_WARNING, other->rule->place,
				"\"%s\" is already named at %s:%u with another mode or action; "
				"the stricter of the two applies",
				other->rule->value, into->rule->place.file ?: "",
				into->rule->place.line);
	}
	if (other->target > into->target ||
	    (other->target == into->target && other->target_held_by < into->target_held_by)) {
		into->target = other->target;
		into->target_held_by = other->target_held_by;
	}
	into->strict |= other->strict;
	if (other->action < into->action)
		into->action = other->action; /* ACTION_DENY is the stricter of the two */
}

/* Behind the rule at @first: how many have the same id. */
static size_t same_id(const struct numbered *numbered, size_t first, size_t count)
{
	const struct numbered_rule *list = numbered->list;
	size_t n = 1;

	while (first + n < count && list[first + n].digest == list[first].digest &&
	       numbered->words[list[first + n].words].prefix ==
		       numbered->words[list[first].words].prefix)
		n++;
	return n;
}

void merge_doubles(struct numbered *numbered, struct diagnostics *diags)
{
	struct numbered_rule *list = numbered->list;
	size_t kept = 0, count = numbered->count;

	for (size_t i = 0, n; i < count; i += n) {
		size_t first = kept;

		n = same_id(numbered, i, count);
		if (n > 1)
			qsort(list + i, n, sizeof(*list), compare_doubles);
		for (size_t j = i; j < i + n; j++) {
			if (kept > first && is_double(&list[kept - 1], &list[j]))
				merge_double(&list[kept - 1], &list[j], diags);
			else if (kept++ != j)
				list[kept - 1] = list[j];
		}
	}
	numbered->count = kept;
}
