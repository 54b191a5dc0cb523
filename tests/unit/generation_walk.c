/* SPDX-License-Identifier: MIT */
/*
 * generation_walk.c - the walk of a path and the search of a network over the entries of a generation.
 * It knows nothing about patterns: only what the hooks know.
 */
#include "generation_walk.h"
#include "../../policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const union gen_value *find(const struct generation *gen, unsigned kind, unsigned part,
				   __u32 node, __u64 a, __u64 b)
{
	struct gen_key key = {kind, part, node, a, b};

	return generation_find(gen, &key);
}

static void least(__u32 *into, __u32 rule)
{
	if (rule && (!*into || rule < *into))
		*into = rule;
}

static const struct gen_node *node_of(const struct generation *gen, __u32 number)
{
	const union gen_value *value = number ? find(gen, GEN_NODE, 0, number, 0, 0) : NULL;

	if (number)
		assert_non_null(value);
	return value ? &value->node : NULL;
}

static const struct gen_node *child_of(const struct generation *gen, const struct gen_node *node,
				       const char *name, size_t bytes)
{
	const union gen_value *value =
		find(gen, GEN_STEP, 0, node->node, name_hash(name, bytes), 0);
	__u32 state = node->glob;

	if (value)
		return &value->node;
	for (size_t i = 0; state && i < bytes; i++) {
		unsigned char byte = name[i];

		value = find(gen, GEN_GLOB, byte >> 4, state, 0, 0);
		state = value ? value->glob.next[byte & 15] : 0;
	}
	value = state ? find(gen, GEN_ACCEPT, 0, state, 0, 0) : NULL;
	return node_of(gen, value ? value->accept.node : node->any);
}

struct walk_result walk_path(const struct generation *gen, const char *path)
{
	const struct gen_key header_key = {.kind = GEN_HEADER};
	const struct gen_node *node = node_of(gen, generation_find(gen, &header_key)->header.root);
	const char *leaf = strrchr(path, '/') + 1, *at = path + 1;
	struct walk_result result = {0, 0};

	while (node) {
		size_t bytes = strchrnul(at, '/') - at;

		least(&result.deny, node->below_deny);
		least(&result.allow, node->below_allow);
		if (node->deep) {
			const struct gen_node *end =
				child_of(gen, node_of(gen, node->deep), leaf, strlen(leaf));

			if (end) {
				least(&result.deny, end->end_deny);
				least(&result.allow, end->end_allow);
			}
		}
		node = child_of(gen, node, at, bytes);
		if (!at[bytes])
			break;
		at += bytes + 1;
	}
	if (node) {
		least(&result.deny, node->end_deny);
		least(&result.allow, node->end_allow);
	}
	return result;
}

static void mask(unsigned family, unsigned bits, __u64 *a, __u64 *b)
{
	for (unsigned i = bits; i < (family == 4 ? 32 : 128); i++) {
		if (family == 4)
			*a &= ~(1ull << (31 - i));
		else if (i < 64)
			*a &= ~(1ull << (63 - i));
		else
			*b &= ~(1ull << (127 - i));
	}
}

struct walk_result walk_network(const struct generation *gen, unsigned family, __u64 a, __u64 b,
				unsigned protocol, unsigned port)
{
	const union gen_value *header = find(gen, GEN_HEADER, 0, 0, 0, 0);
	const union gen_value *lengths = find(gen, GEN_LENGTHS, family, 0, 0, 0);
	int low = 0,
	    high = (family == 4 ? header->header.net4_lengths : header->header.net6_lengths) - 1;
	const struct gen_network *best = NULL;
	struct walk_result result = {0, 0};

	while (low <= high) {
		int mid = (low + high) / 2;
		unsigned bits = lengths->lengths.bits[mid];
		__u64 masked_a = a, masked_b = b;
		const union gen_value *hit;

		mask(family, bits, &masked_a, &masked_b);
		hit = find(gen, family == 4 ? GEN_NET4 : GEN_NET6, bits, 0, masked_a, masked_b);
		if (hit) {
			if (hit->network.count)
				best = &hit->network;
			low = mid + 1;
		} else {
			high = mid - 1;
		}
	}
	for (unsigned i = 0; best && i < best->count; i++) {
		const union gen_value *value = find(gen, GEN_CONDITION, i, best->list, 0, 0);

		assert_non_null(value);
		if (port < value->condition.port_first || port > value->condition.port_last ||
		    (value->condition.protocol && value->condition.protocol != protocol))
			continue;
		least(value->condition.allow ? &result.allow : &result.deny, value->condition.rule);
	}
	return result;
}

unsigned random_below(__u64 *state, unsigned limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 16) % limit;
}

struct rule path_rule(const char *value, unsigned action, unsigned target)
{
	return (struct rule){.vendor = "acme",
			     .vendor_name = "Acme, Inc.",
			     .product = "sensor",
			     .value = value,
			     .reason = action == ACTION_ALLOW ? "needed" : "",
			     .place = {"policy.yaml", 7, 3},
			     .matcher = MATCHER_PATH,
			     .action = action,
			     .target = target,
			     .target_held_by = target == MODE_AUDIT ? HELD_BY_POLICY : 0};
}

struct rule network_rule(const char *value, unsigned family, __u64 a, __u64 b, unsigned bits)
{
	struct rule rule = path_rule(value, ACTION_DENY, MODE_ENFORCE);

	rule.matcher = MATCHER_NETWORK;
	rule.network = (struct rule_network){.family = family, .bits = bits, .a = a, .b = b};
	return rule;
}

struct generation *compile_ok(struct rule *list, size_t count)
{
	struct rules rules = {
		.policy = "test", .revision = 7, .mode = MODE_AUDIT, .list = list, .count = count};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;
	int err = rules_compile(&rules, &diags, &gen);

	for (size_t i = 0; i < diags.count; i++)
		print_error("%s\n", diags.list[i].message);
	assert_int_equal(err, 0);
	assert_int_equal(diags.count, 0);
	diagnostics_done(&diags);
	return gen;
}
