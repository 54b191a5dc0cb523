/* SPDX-License-Identifier: MIT */
/*
 * rule_entries.c - see rule_entries.h
 */
#include "rule_entries.h"
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 16 /* rules that are fetched while others are worked on */

char *rule_digits(__u32 digest, char *at)
{
	static const char digits[] = "0123456789abcdef";

	for (int shift = 28; shift >= 0; shift -= 4)
		*at++ = digits[digest >> shift & 0xf];
	return at;
}

/* Room for the longest id. */
static char *id_buffer(const struct numbered *numbered, const struct strings *strings)
{
	size_t longest = 0;

	for (size_t i = 0; i < numbered->words_count; i++) {
		size_t bytes = strings->list[numbered->words[i].prefix].bytes;

		longest = bytes > longest ? bytes : longest;
	}
	return malloc(longest + RULE_DIGITS);
}

static struct gen_rule rule_entry(const struct numbered_rule *rule,
				  const struct numbered_words *words, const struct strings *strings,
				  char *id)
{
	const struct string *prefix = &strings->list[words->prefix];
	bool allow = rule->action == ACTION_ALLOW;
	char *end = rule_digits(rule->digest, mempcpy(id, prefix->text, prefix->bytes));

	return (struct gen_rule){
		.vendor = allow ? 0 : strings->list[words->vendor].hash,
		.action = rule->action,
		.target = rule->target,
		.target_held_by = rule->target_held_by,
		.matcher = rule->matcher,
		.flags = rule->strict ? RULE_STRICT : 0,
		.until_s = rule_end(rule),
		.id = name_hash(id, end - id),
	};
}

int rule_entries_emit(const struct numbered *numbered, const struct strings *strings,
		      struct entries *entries)
{
	size_t start = entries->count;
	char *id = id_buffer(numbered, strings);
	__u32 *order = NULL;
	int err = id ? entries_order(numbered->count, &order) : -ENOMEM;

	for (size_t i = 0; !err && i < numbered->count; i++) {
		const struct numbered_rule *rule = &numbered->list[order[i] - 1];
		struct gen_key key = {.kind = GEN_RULE, .node = order[i]};
		union gen_value value = {
			.rule = rule_entry(rule, &numbered->words[rule->words], strings, id)};

		if (i + AHEAD < numbered->count)
			__builtin_prefetch(&numbered->list[order[i + AHEAD] - 1]);
		err = entries_add(entries, &key, &value);
	}
	free(order);
	free(id);
	return err ?: entries_sort(entries, start);
}

/* Two rules whose ids collide by their digest contain by the first of them. */
static void keep_first(struct entries *entries, size_t start)
{
	size_t kept = start;

	for (size_t i = start; i < entries->count; i++) {
		__u32 rule = entries->values[i].contain.rule;

		if (kept > start && entries->keys[kept - 1].a == entries->keys[i].a) {
			struct gen_contain *into = &entries->values[kept - 1].contain;

			into->rule = rule < into->rule ? rule : into->rule;
			continue;
		}
		entries->keys[kept] = entries->keys[i];
		entries->values[kept++] = entries->values[i];
	}
	entries->count = kept;
}

int contain_entries_emit(const struct numbered *numbered, struct entries *entries)
{
	size_t start = entries->count;
	int err = 0;

	for (size_t i = 0; !err && numbered->contains && i < start; i++) {
		const struct gen_rule *rule = &entries->values[i].rule;
		struct gen_key key = {.kind = GEN_CONTAIN, .a = rule->id};
		union gen_value value = {.contain.rule = entries->keys[i].node};

		if (entries->keys[i].kind == GEN_RULE && rule->action == ACTION_CONTAIN &&
		    rule_names_files(rule->matcher))
			err = entries_add(entries, &key, &value);
	}
	err = err ?: entries_sort(entries, start);
	if (!err)
		keep_first(entries, start);
	return err;
}
