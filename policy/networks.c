/* SPDX-License-Identifier: MIT */
/*
 * networks.c - from rules to prefixes. Prefixes sorted by address make everything linear: what covers a
 * prefix is on a stack, and the markers of one length come out in order, so that doubles are neighbours. The internal
 * networks are a table of their own, whose prefixes have no conditions.
 */
#include "networks.h"
#include "sort.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NO_PREFIX 0xffffffffu
#define FAMILIES  2

/* A condition before it is an entry. */
struct condition {
	__u32 rule;
	__u16 port_first, port_last;
	__u8 protocol, allow;
};

struct prefix {
	__u64 a, b;
	__u64 conditions; /* first of its list in networks.conditions */
	__u32 parent;     /* the longest one that covers it */
	__u8 bits;
	__u8 count; /* of the list */
};

struct family {
	struct prefix *prefixes; /* owned; by address, then length */
	size_t count;
	__u8 lengths[NETWORK_LENGTHS_MAX];
	unsigned length_count;
	__u32 first_list; /* list number of prefixes[0] */
	__u8 version;     /* 4 or 6 */
	__u8 table;       /* enum network_table */
};

struct networks {
	struct family families[NETWORKS_MAX][FAMILIES];
	struct condition *conditions; /* owned */
	size_t count, capacity;
};

static void mask(unsigned version, unsigned bits, __u64 *a, __u64 *b)
{
	unsigned high = version == 4 ? bits + 32 : bits; /* IPv4 is the low half of a */

	if (high < 64)
		*a &= high ? ~0ull << (64 - high) : 0;
	if (version == 6 && bits < 128)
		*b &= bits > 64 ? ~0ull << (128 - bits) : 0;
}

static bool covers(unsigned version, const struct prefix *outer, const struct prefix *inner)
{
	__u64 a = inner->a, b = inner->b;

	if (outer->bits > inner->bits)
		return false;
	mask(version, outer->bits, &a, &b);
	return a == outer->a && b == outer->b;
}

/* Sorted by address, length and rule number; index is the rule number. */
static int family_items(const struct numbered *numbered, unsigned version,
			struct sort_item **out_items, size_t *out_count)
{
	struct sort_item *items;
	size_t count = 0;

	for (size_t i = numbered->files; i < numbered->count; i++)
		count += numbered->list[i].family == version;
	items = calloc(count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	count = 0;
	for (size_t i = numbered->files; i < numbered->count; i++) {
		const struct rule_network *network = &numbered->list[i].rule->network;
		struct sort_item *item = &items[count];

		if (numbered->list[i].family != version)
			continue;
		item->word[0] = network->a;
		item->word[1] = version == 6 ? network->b : 0;
		mask(version, network->bits, &item->word[0], &item->word[1]);
		item->word[2] = (__u64)network->bits << 32 | (i + 1);
		item->index = i + 1;
		count++;
	}
	sort_items(items, count);
	*out_items = items;
	*out_count = count;
	return 0;
}

/* Whether an earlier rule of the list, of a smaller number, answers for everything that this one says. */
static bool is_shadowed(const struct condition *list, size_t count, const struct condition *one)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].allow == one->allow && list[i].port_first <= one->port_first &&
		    list[i].port_last >= one->port_last &&
		    (list[i].protocol == PROTOCOL_ANY || list[i].protocol == one->protocol))
			return true;
	return false;
}

struct condition_list {
	struct condition list[NETWORK_CONDITIONS_MAX];
	unsigned count;
};

static int conditions_add(struct condition_list *into, const struct condition *one)
{
	if (is_shadowed(into->list, into->count, one))
		return 0;
	if (into->count == NETWORK_CONDITIONS_MAX)
		return -E2BIG;
	into->list[into->count++] = *one;
	return 0;
}

static int conditions_add_rule(struct condition_list *into, const struct numbered_rule *rule,
			       __u32 number)
{
	const struct rule_network *network = &rule->rule->network;
	struct condition one = {.rule = number,
				.port_last = 65535,
				.protocol = network->protocol,
				.allow = rule->action == ACTION_ALLOW};
	int err = 0;

	if (!network->port_count)
		return conditions_add(into, &one);
	for (unsigned i = 0; !err && i < network->port_count; i++) {
		one.port_first = network->port_first[i];
		one.port_last = network->port_last[i];
		err = conditions_add(into, &one);
	}
	return err;
}

static int networks_keep(struct networks *networks, const struct condition_list *list)
{
	if (networks->count + list->count > networks->capacity) {
		size_t capacity = 2 * networks->capacity + NETWORK_CONDITIONS_MAX;
		struct condition *conditions =
			reallocarray(networks->conditions, capacity, sizeof(*conditions));

		if (!conditions)
			return -ENOMEM;
		networks->conditions = conditions;
		networks->capacity = capacity;
	}
	memcpy(networks->conditions + networks->count, list->list,
	       list->count * sizeof(*list->list));
	networks->count += list->count;
	return 0;
}

/*
 * The list of a prefix: its own rules and those of what covers it, in the order of their numbers. Among rules
 * the longer prefix has the smaller numbers; among allow entries what lasts longer has.
 */
static int prefix_conditions(struct networks *networks, const struct family *family,
			     struct prefix *prefix, const struct sort_item *items, size_t count,
			     const struct numbered *numbered)
{
	struct condition_list list = {.count = 0};
	const struct prefix *parent = NULL;
	unsigned above = 0;
	int err = 0;

	if (prefix->parent != NO_PREFIX)
		parent = &family->prefixes[prefix->parent];
	for (size_t i = 0; !err && i <= count; i++) {
		__u32 rule = i < count ? items[i].index : UINT32_MAX;

		for (; !err && parent && above < parent->count; above++) {
			const struct condition *one =
				&networks->conditions[parent->conditions + above];

			if (one->rule > rule)
				break;
			err = conditions_add(&list, one);
		}
		if (!err && i < count)
			err = conditions_add_rule(&list, &numbered->list[rule - 1], rule);
	}
	if (err)
		return err;
	prefix->conditions = networks->count;
	prefix->count = list.count;
	return networks_keep(networks, &list);
}

static int family_prefixes(struct networks *networks, struct family *family,
			   const struct sort_item *items, size_t count,
			   const struct numbered *numbered, struct diagnostics *diags)
{
	int refused = 0, err;

	for (size_t i = 0, n; i < count; i += n) {
		struct prefix prefix = {.a = items[i].word[0],
					.b = items[i].word[1],
					.bits = items[i].word[2] >> 32};

		for (n = 1; i + n < count && items[i + n].word[0] == prefix.a &&
			    items[i + n].word[1] == prefix.b &&
			    items[i + n].word[2] >> 32 == prefix.bits;)
			n++;
		prefix.parent = family->count ? family->count - 1 : NO_PREFIX;
		while (prefix.parent != NO_PREFIX &&
		       !covers(family->version, &family->prefixes[prefix.parent], &prefix))
			prefix.parent = family->prefixes[prefix.parent].parent;
		prefix.count = 1;
		err = 0;
		if (family->table == NETWORKS_RULES)
			err = prefix_conditions(networks, family, &prefix, items + i, n, numbered);
		if (err == -E2BIG) {
			const struct rule *rule = numbered->list[items[i].index - 1].rule;

			diagnostics_add(diags, SEVERITY_ERROR, rule->place,
					"more than %u lines of ports and protocols apply to \"%s\" "
					"together with the networks around it; use ranges of ports",
					NETWORK_CONDITIONS_MAX, rule->value);
			refused = -EINVAL;
		} else if (err) {
			return err;
		}
		family->prefixes[family->count++] = prefix;
	}
	return refused;
}

static int family_lengths(struct family *family, const struct numbered *numbered,
			  struct diagnostics *diags)
{
	bool used[129] = {false};
	unsigned count = 0;

	for (size_t i = numbered->files; i < numbered->count; i++) {
		const struct numbered_rule *one = &numbered->list[i];
		const struct rule *rule = one->rule;

		if (one->family != family->version || used[one->bits])
			continue;
		used[one->bits] = true;
		if (++count <= NETWORK_LENGTHS_MAX)
			continue;
		diagnostics_add(
			diags, SEVERITY_ERROR, rule->place,
			"\"%s\" has the prefix length %u, and %u other lengths of IPv%u are in "
			"use already; no more are possible, use a longer or shorter prefix",
			rule->value, rule->network.bits, NETWORK_LENGTHS_MAX, family->version);
		return -EINVAL;
	}
	for (unsigned bits = 0; bits <= 128; bits++)
		if (used[bits])
			family->lengths[family->length_count++] = bits;
	return 0;
}

static int family_prepare(struct networks *networks, struct family *family,
			  const struct numbered *numbered, struct diagnostics *diags)
{
	struct sort_item *items;
	size_t count;
	int err = family_lengths(family, numbered, diags);

	if (err)
		return err;
	err = family_items(numbered, family->version, &items, &count);
	if (err)
		return err;
	family->prefixes = calloc(count + 1, sizeof(*family->prefixes));
	err = -ENOMEM;
	if (family->prefixes)
		err = family_prefixes(networks, family, items, count, numbered, diags);
	free(items);
	return err;
}

/* As if they were rules, without numbers that anybody asks for. */
static int internal_list(const struct rules *rules, struct numbered *out_list)
{
	struct numbered_rule *list = calloc(rules->internal_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < rules->internal_count; i++)
		list[i] = (struct numbered_rule){.rule = &rules->internal[i],
						 .family = rules->internal[i].network.family,
						 .bits = rules->internal[i].network.bits};
	*out_list = (struct numbered){.list = list, .count = rules->internal_count};
	return 0;
}

static int add_lengths(const struct family *family, struct entries *entries)
{
	struct gen_key key = {.kind = GEN_LENGTHS, .part = family->version, .node = family->table};
	union gen_value value = {0};

	if (!family->length_count)
		return 0;
	memcpy(value.lengths.bits, family->lengths, family->length_count);
	return entries_add(entries, &key, &value);
}

static int prepare_families(struct networks *networks, const struct numbered *const *lists,
			    struct diagnostics *diags, struct entries *entries)
{
	__u32 list = 1;
	int err = 0;

	for (unsigned f = 0; !err && f < FAMILIES; f++) {
		for (unsigned table = 0; !err && table < NETWORKS_MAX; table++) {
			struct family *family = &networks->families[table][f];

			family->version = f ? 6 : 4;
			family->table = table;
			err = family_prepare(networks, family, lists[table], diags);
			if (!err && table == NETWORKS_RULES) {
				family->first_list = list;
				list += family->count;
			}
			err = err ?: add_lengths(family, entries);
		}
	}
	return err;
}

int networks_prepare(const struct numbered *numbered, const struct rules *rules,
		     struct diagnostics *diags, struct entries *entries, struct gen_header *header,
		     struct networks **out_networks)
{
	struct networks *networks = calloc(1, sizeof(*networks));
	struct numbered internal = {0};
	const struct numbered *const lists[NETWORKS_MAX] = {
		[NETWORKS_RULES] = numbered, [NETWORKS_INTERNAL] = &internal};
	int err = networks ? 0 : -ENOMEM;

	/* nobody else asks for them */
	if (!err && numbered->contains)
		err = internal_list(rules, &internal);
	err = err ?: prepare_families(networks, lists, diags, entries);
	free(internal.list);
	if (err) {
		networks_free(networks);
		return err;
	}
	header->net4_lengths = networks->families[NETWORKS_RULES][0].length_count;
	header->net6_lengths = networks->families[NETWORKS_RULES][1].length_count;
	*out_networks = networks;
	return 0;
}

static int emit_network(const struct family *family, unsigned bits, __u64 a, __u64 b, __u32 prefix,
			struct entries *entries)
{
	struct gen_key key = {.kind = family->version == 4 ? GEN_NET4 : GEN_NET6,
			      .part = bits,
			      .node = family->table,
			      .a = a,
			      .b = b};
	union gen_value value = {0};

	if (prefix != NO_PREFIX)
		value.network.count = family->prefixes[prefix].count;
	if (prefix != NO_PREFIX && family->table == NETWORKS_RULES)
		value.network.list = family->first_list + prefix;
	return entries_add(entries, &key, &value);
}

/* Which shorter lengths a search for each length looks at first, as bits of the index of a length. */
static void search_paths(const struct family *family, __u32 *out_paths)
{
	for (unsigned i = 0; i < family->length_count; i++) {
		int low = 0, high = family->length_count - 1;

		out_paths[i] = 0;
		while (low <= high) {
			int mid = (low + high) / 2;

			if (mid == (int)i)
				break;
			if (mid < (int)i) {
				out_paths[i] |= 1u << mid;
				low = mid + 1;
			} else {
				high = mid - 1;
			}
		}
	}
}

/* Markers of one length. A real prefix of that length is its own marker. */
static int emit_markers(const struct family *family, unsigned length, const __u32 *paths,
			const __u8 *index_of, struct entries *entries)
{
	unsigned bits = family->lengths[length];
	__u64 last_a = 0, last_b = 0;
	bool any = false;
	int err = 0;

	for (size_t i = 0; !err && i < family->count; i++) {
		const struct prefix *prefix = &family->prefixes[i];
		__u64 a = prefix->a, b = prefix->b;
		__u32 cover = i;

		if (!(paths[index_of[prefix->bits]] & 1u << length))
			continue;
		mask(family->version, bits, &a, &b);
		if (any && a == last_a && b == last_b)
			continue;
		any = true;
		last_a = a;
		last_b = b;
		while (cover != NO_PREFIX && family->prefixes[cover].bits > bits)
			cover = family->prefixes[cover].parent;
		if (cover == NO_PREFIX || family->prefixes[cover].bits != bits)
			err = emit_network(family, bits, a, b, cover, entries);
	}
	return err;
}

static int emit_family(const struct family *family, struct entries *entries)
{
	__u32 paths[NETWORK_LENGTHS_MAX], used = 0;
	__u8 index_of[129] = {0};
	int err = 0;

	search_paths(family, paths);
	for (unsigned i = 0; i < family->length_count; i++) {
		index_of[family->lengths[i]] = i;
		used |= paths[i];
	}
	for (size_t i = 0; !err && i < family->count; i++) {
		const struct prefix *prefix = &family->prefixes[i];

		err = emit_network(family, prefix->bits, prefix->a, prefix->b, i, entries);
	}
	for (unsigned i = 0; !err && i < family->length_count; i++)
		if (used & 1u << i)
			err = emit_markers(family, i, paths, index_of, entries);
	return err;
}

/* In the order of the keys: the first conditions of all lists, then the second ones, ... */
static int emit_conditions(const struct networks *networks, struct entries *entries)
{
	const struct family *families = networks->families[NETWORKS_RULES];
	__u32 lists = families[0].count + families[1].count, *order;
	unsigned left = 1;
	int err = entries_order(lists, &order);

	for (unsigned c = 0; !err && left; c++) {
		left = 0;
		for (__u32 i = 0; !err && i < lists; i++) {
			/* lists are numbered from 1, those of the first family first */
			const struct family *family = &families[order[i] > families[0].count];
			const struct prefix *prefix =
				&family->prefixes[order[i] - family->first_list];
			struct gen_key key = {.kind = GEN_CONDITION, .part = c, .node = order[i]};
			const struct condition *from;
			union gen_value value;

			if (c >= prefix->count)
				continue;
			from = &networks->conditions[prefix->conditions + c];
			value = (union gen_value){.condition = {.rule = from->rule,
								.port_first = from->port_first,
								.port_last = from->port_last,
								.protocol = from->protocol,
								.allow = from->allow}};
			err = entries_add(entries, &key, &value);
			left++;
		}
	}
	free(order);
	return err;
}

int networks_emit(const struct networks *networks, struct entries *entries)
{
	size_t start = entries->count;
	int err = 0;

	for (unsigned f = 0; !err && f < FAMILIES; f++) {
		start = entries->count;
		for (unsigned table = 0; !err && table < NETWORKS_MAX; table++)
			err = emit_family(&networks->families[table][f], entries);
		err = err ?: entries_sort(entries, start);
	}
	start = entries->count;
	err = err ?: emit_conditions(networks, entries);
	return err ?: entries_sort(entries, start);
}

void networks_free(struct networks *networks)
{
	if (!networks)
		return;
	for (unsigned table = 0; table < NETWORKS_MAX; table++)
		for (unsigned f = 0; f < FAMILIES; f++)
			free(networks->families[table][f].prefixes);
	free(networks->conditions);
	free(networks);
}
