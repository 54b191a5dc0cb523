/* SPDX-License-Identifier: MIT */
/*
 * exceptions.c - a product's entry has become one rule for each of its matchers; here they are one
 * again: the same reason, end and product.
 */
#include "exceptions.h"
#include "clean.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static bool has_end(const struct generation_rule *rule)
{
	return rule->action == ACTION_ALLOW && rule->until_s;
}

/* What an entry allows, as its author wrote it: a product, or the one matcher. */
static const char *subject(const struct generation_rule *rule)
{
	return strcmp(rule->product, "-") ? rule->product : rule->value;
}

static int compare(const void *left, const void *right)
{
	const struct generation_rule *a = *(const struct generation_rule *const *)left;
	const struct generation_rule *b = *(const struct generation_rule *const *)right;
	int order;

	if (a->until_s != b->until_s)
		return a->until_s < b->until_s ? -1 : 1;
	order = strcmp(a->vendor, b->vendor);
	if (!order)
		order = strcmp(subject(a), subject(b));
	return order ? order : strcmp(a->reason, b->reason);
}

/* The rules of a list that end; with @out NULL only counted. */
static size_t pick(const struct generation_rule *rules, size_t count, const struct generation_rule **out)
{
	size_t picked = 0;

	for (size_t i = 0; i < count; i++) {
		if (!has_end(&rules[i]))
			continue;
		if (out)
			out[picked] = &rules[i];
		picked++;
	}
	return picked;
}

/* Pointers to all rules that end, sorted; NULL without memory. */
static const struct generation_rule **collect(const struct generation *generation, size_t *out_count)
{
	size_t rules = pick(generation->rules, generation->rule_count, NULL);
	size_t others = pick(generation->unenforced, generation->unenforced_count, NULL);
	const struct generation_rule **list = calloc(rules + others + 1, sizeof(*list));

	if (!list)
		return NULL;
	pick(generation->rules, generation->rule_count, list);
	pick(generation->unenforced, generation->unenforced_count, list + rules);
	qsort(list, rules + others, sizeof(*list), compare);
	*out_count = rules + others;
	return list;
}

static json_t *one_entry(const struct generation_rule *rule, size_t matchers, __s64 now_s)
{
	__s64 left_s = (__s64)rule->until_s - now_s;
	bool product = strcmp(rule->product, "-"), escaped = false;
	char until[RECORD_TIME_BYTES];
	json_t *allows;

	record_time(rule->until_s * 1000000000ull, until);
	if (product)
		allows = json_sprintf("%s/%s", rule->vendor, rule->product);
	else
		allows = record_text(rule->value, strlen(rule->value), &escaped);
	return json_pack("{s:o, s:o, s:s, s:I, s:b, s:I}", "allows", allows, "reason",
			 record_text(rule->reason, strlen(rule->reason), &escaped), "until", until,
			 "days_left",
			 (json_int_t)(left_s > 0 ? (left_s - 1) / DAY_S : (left_s - DAY_S) / DAY_S),
			 "over", left_s <= 0, "matchers", (json_int_t)matchers);
}

json_t *exceptions_list(const struct generation *generation, __s64 now_s)
{
	AUTO_FREE const struct generation_rule **list = NULL;
	AUTO_JSON json_t *entries = json_array();
	size_t count = 0, next;

	if (!generation)
		return take_ptr(entries);
	list = collect(generation, &count);
	if (!list)
		return NULL;
	for (size_t i = 0; i < count; i = next) {
		for (next = i + 1; next < count && !compare(&list[i], &list[next]);)
			next++;
		if (json_array_append_new(entries, one_entry(list[i], next - i, now_s)))
			return NULL;
	}
	return take_ptr(entries);
}

__u64 exceptions_next(const struct generation *generation, __s64 now_s)
{
	__u64 next = 0;

	for (size_t i = 0; generation && i < generation->rule_count; i++) {
		const struct generation_rule *rule = &generation->rules[i];

		if (has_end(rule) && (__s64)rule->until_s > now_s && (!next || rule->until_s < next))
			next = rule->until_s;
	}
	return next;
}
