/* SPDX-License-Identifier: MIT */
/*
 * rule_order.c - which rule comes before which. The order is by how specific a rule is and then by its id, so it
 * does not depend on the order of the documents. Among allow entries those that last longer come first, however
 * specific: the kernel keeps only the smallest number.
 */
#include "beside.h"
#include "numbered.h"
#include "paths.h"
#include "sort.h"
#include "strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum path_class {
	PATH_EXACT,
	PATH_FIXED_DEPTH,
	PATH_ANY_DEPTH,
};

static __u64 path_key(const char *pattern)
{
	struct path_measure measure;
	enum path_class class;

	path_measure(pattern, &measure);
	class = measure.any_depth ? PATH_ANY_DEPTH : measure.wild ? PATH_FIXED_DEPTH : PATH_EXACT;
	return (__u64) class << 55 | (__u64)(127 - measure.components) << 48 |
	       (__u64)(0xffff - measure.literal_bytes) << 24 | measure.wildcards;
}

static __u64 network_key(const struct rule_network *network)
{
	__u64 ports = network->port_count ? 0 : 65536;

	for (unsigned i = 0; i < network->port_count && i < RULE_PORTS_MAX; i++)
		ports += network->port_last[i] - network->port_first[i] + 1;
	return (__u64)(128 - network->bits) << 48 | ports << 24 |
	       (__u64)(network->protocol == PROTOCOL_ANY) << 8;
}

/*
 * Of what is compared as one text: exact before wildcard, then more fixed bytes, then '*' between fewer of them, then
 * more '?'. Whatever a pattern means that another one means, too, it comes first.
 */
static __u64 text_key(const char *pattern)
{
	__u64 literals = 0, open = 0, single = 0, wild = strpbrk(pattern, "*?") != NULL;

	while (*pattern) {
		size_t wildcards = strspn(pattern, "*?");

		open += memchr(pattern, '*', wildcards) != NULL;
		for (; wildcards; wildcards--, pattern++)
			single += *pattern == '?';
		literals += *pattern != '\0';
		pattern += *pattern != '\0';
	}
	literals = literals < 0xffff ? literals : 0xffff;
	single = single < 0xffff ? single : 0xffff;
	open = open < 0xffff ? open : 0xffff;
	return wild << 48 | (0xffff - literals) << 32 | open << 16 | (0xffff - single);
}

static __u64 specificity(const struct rule *rule)
{
	switch (rule->matcher) {
	case MATCHER_PATH:
		return path_key(rule->value);
	case MATCHER_NETWORK:
		return network_key(&rule->network);
	case MATCHER_DIGEST: /* of one file each */
		return 0;
	default:
		return text_key(rule->value);
	}
}

/* Of what refuses. */
static enum rule_class class_of(unsigned matcher)
{
	switch (matcher) {
	case MATCHER_DIGEST:
		return CLASS_DIGEST;
	case MATCHER_PATH:
		return CLASS_PATH;
	case MATCHER_MODULE:
		return CLASS_MODULE;
	case MATCHER_PACKAGE:
		return CLASS_PACKAGE;
	case MATCHER_PACKAGE_VENDOR:
		return CLASS_PACKAGE_VENDOR;
	case MATCHER_DOMAIN:
		return CLASS_DOMAIN;
	default:
		return CLASS_NETWORK;
	}
}

__u64 rule_key(const struct rule *rule)
{
	enum rule_class class = class_of(rule->matcher);
	__u64 within = specificity(rule); /* less than 1 << 57 */

	if (!rule_is_enforced(rule))
		return (__u64)CLASS_UNENFORCED << 60;
	if (rule->action == ACTION_ALLOW && class >= CLASS_DOMAIN) {
		/* those that end together stay in the order of the classes */
		within |= (__u64)(class - CLASS_DOMAIN) << 57;
		class = CLASS_CONNECTION_ALLOW;
	} else if (rule->action == ACTION_ALLOW) {
		within |= (__u64) class << 57;
		class = CLASS_FILE_ALLOW;
	}
	return (__u64) class << 60 | within;
}

#define GATHER_AHEAD 16 /* elements that are fetched while others are copied */

struct gather {
	const struct numbered_rule *from;
	const struct sort_item *items;
	struct numbered_rule *to;
	size_t count;
};

/* Into the order of the items. */
static void gather(void *data)
{
	const struct gather *part = data;

	for (size_t i = 0; i < part->count; i++) {
		if (i + GATHER_AHEAD < part->count)
			__builtin_prefetch(&part->from[part->items[i + GATHER_AHEAD].index]);
		part->to[i] = part->from[part->items[i].index];
	}
}

static void gather_all(const struct numbered_rule *from, const struct sort_item *items,
		       struct numbered_rule *to, size_t count)
{
	struct gather first = {from, items, to, count / 2};
	struct gather second = {from, items + count / 2, to + count / 2, count - count / 2};
	struct beside beside;

	beside_start(&beside, gather, &first, first.count);
	gather(&second);
	beside_join(&beside);
}

int numbered_sort(struct numbered *numbered, const struct strings *strings)
{
	size_t count = numbered->count;
	struct sort_item *items = malloc((count + 1) * sizeof(*items));
	struct numbered_rule *sorted = malloc((count + 1) * sizeof(*sorted));

	if (!items || !sorted) {
		free(items);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const struct numbered_rule *rule = &numbered->list[i];
		__u64 rank = strings->list[numbered->words[rule->words].prefix].rank;

		items[i] = (struct sort_item){{rule->key, rank << 32 | rule->digest}, i, 0};
	}
	sort_items(items, count);
	gather_all(numbered->list, items, sorted, count);
	free(items);
	free(numbered->list);
	numbered->list = sorted;
	return 0;
}

enum { STRICTNESSES = 4 };

/* 0 is the strictest: what enforces before what is in audit, and what refuses before what contains. */
static unsigned strictness(const struct numbered_rule *rule)
{
	return 2 * (rule->target != MODE_ENFORCE) + (rule->action == ACTION_CONTAIN);
}

/* Among equally specific rules the stricter come first; the order of ids stays within those that are equally strict. */
static int settle_targets(struct numbered_rule *list, size_t count)
{
	struct numbered_rule *rest = malloc((count + 1) * sizeof(*rest));

	if (!rest)
		return -ENOMEM;
	for (size_t i = 0, end; i < count; i = end) {
		size_t kept = i, left = 0;

		for (end = i; end < count && list[end].key == list[i].key; end++) {
			if (strictness(&list[end]))
				rest[left++] = list[end];
			else if (kept++ != end)
				list[kept - 1] = list[end];
		}
		for (unsigned wanted = 1; left && wanted < STRICTNESSES; wanted++)
			for (size_t j = 0; j < left; j++)
				if (strictness(&rest[j]) == wanted)
					list[kept++] = rest[j];
	}
	free(rest);
	return 0;
}

/* The allow entries of a class by their end; equal ones stay in their order. */
static int settle_ends(struct numbered_rule *list, size_t count, enum rule_class class)
{
	struct numbered_rule *sorted;
	struct sort_item *items;
	size_t first = 0, end;
	bool ends = false;
	int err = -ENOMEM;

	while (first < count && key_class(list[first].key) < class)
		first++;
	for (end = first; end < count && key_class(list[end].key) == class; end++)
		ends |= list[end].rule->until_s != 0;
	if (!ends)
		return 0;
	list += first;
	count = end - first;
	items = calloc(count, sizeof(*items));
	sorted = malloc(count * sizeof(*sorted));
	if (items && sorted) {
		for (size_t i = 0; i < count; i++)
			items[i] = (struct sort_item){{end_key(list[i].rule), i}, i, 0};
		sort_items(items, count);
		gather_all(list, items, sorted, count);
		memcpy(list, sorted, count * sizeof(*list));
		err = 0;
	}
	free(items);
	free(sorted);
	return err;
}

int numbered_settle(struct numbered *numbered)
{
	int err = settle_targets(numbered->list, numbered->count);

	err = err ?: settle_ends(numbered->list, numbered->count, CLASS_FILE_ALLOW);
	return err ?: settle_ends(numbered->list, numbered->count, CLASS_CONNECTION_ALLOW);
}
