/* SPDX-License-Identifier: MIT */
/*
 * generation_walk.c - the kernel's own decision code (bpf/decide.h), compiled for the host over the entries
 * of a generation. It knows nothing about patterns: only what the hooks know.
 */
#include "generation_walk.h"
#include "../../policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define GEN_FIND(generation, key) generation_find(generation, key)
#define COPY_NAME(to, bytes, address) memcpy(to, (const void *)(uintptr_t)(address), bytes)
#include "../../bpf/decide.h"

/* What file.bpf.c finds out by walking dentries, from a string. */
static void fill_walk(struct walk *walk, const char *path)
{
	const char *end = path + strlen(path);

	memset(walk, 0, sizeof(*walk));
	while (end > path) {
		const char *slash = memrchr(path, '/', end - path);
		const char *name = slash + 1;
		__u32 slot = walk->depth & (PATH_COMPONENTS_MAX - 1);
		size_t bytes = end - name;

		walk->hash[slot] = name_hash(name, bytes);
		walk->address[slot] = (uintptr_t)name;
		walk->bytes[slot] = bytes;
		if (!walk->depth) {
			walk->leaf_hash = walk->hash[slot];
			walk->leaf_address = walk->address[slot];
			walk->leaf_bytes = bytes;
		}
		walk->depth++;
		end = slash;
	}
	walk->root_depth = walk->depth;
}

static const struct gen_header *header_of(const struct generation *gen)
{
	const struct gen_key key = { .kind = GEN_HEADER };

	return &generation_find(gen, &key)->header;
}

struct walk_result walk_path(const struct generation *gen, const char *path)
{
	struct path_match match;
	struct walk walk;

	if (!header_of(gen)->root)
		return (struct walk_result){ 0, 0 };
	memset(&match, 0xa5, sizeof(match));	/* scratch is never clean */
	fill_walk(&walk, path);
	path_match_init(&match, header_of(gen)->root);
	assert_true(path_match_run((void *)gen, &walk, &match));
	return (struct walk_result){ match.deny, match.allow };
}

struct walk_result walk_network(const struct generation *gen, unsigned family, __u64 a, __u64 b,
				unsigned protocol, unsigned port)
{
	const struct gen_key lengths_key = { .kind = GEN_LENGTHS, .part = family };
	const union gen_value *lengths = generation_find(gen, &lengths_key);
	const struct gen_header *header = header_of(gen);
	struct address address = { .a = a, .b = b, .family = family };
	struct walk_result result = { 0, 0 };
	struct gen_network network;

	/* the header says it, too */
	assert_int_equal(lengths ? lengths_count(&lengths->lengths) : 0,
			 family == 4 ? header->net4_lengths : header->net6_lengths);
	network = network_find((void *)gen, &address);
	for (unsigned i = 0; i < network.count; i++) {
		struct gen_key key = { GEN_CONDITION, i, network.list, 0, 0 };
		const union gen_value *value = generation_find(gen, &key);

		assert_non_null(value);
		if (!condition_covers(&value->condition, port, protocol))
			continue;
		/* as the hook: the first of each kind */
		if (value->condition.allow && !result.allow)
			result.allow = value->condition.rule;
		if (!value->condition.allow && !result.deny)
			result.deny = value->condition.rule;
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
	return (struct rule){ .vendor = "acme", .vendor_name = "Acme, Inc.", .product = "sensor",
			      .value = value, .reason = action == ACTION_ALLOW ? "needed" : "",
			      .place = { "policy.yaml", 7, 3 }, .matcher = MATCHER_PATH,
			      .action = action, .target = target,
			      .target_held_by = target == MODE_AUDIT ? HELD_BY_POLICY : 0 };
}

/* Room for the ports of a rule; used again after as many rules as no test has at a time. */
static __u16 *make_ports(void)
{
	static __u16 ports[16384][RULE_PORTS_MAX];
	static unsigned used;

	return ports[used++ % 16384];
}

struct rule network_rule(const char *value, unsigned family, __u64 a, __u64 b, unsigned bits)
{
	struct rule rule = path_rule(value, ACTION_DENY, MODE_ENFORCE);

	rule.matcher = MATCHER_NETWORK;
	rule.network = (struct rule_network){ .family = family, .bits = bits, .a = a, .b = b,
					      .port_first = make_ports(), .port_last = make_ports() };
	return rule;
}

struct generation *compile_ok(struct rule *list, size_t count)
{
	struct rules rules = { .policy = "test", .revision = 7, .mode = MODE_AUDIT, .list = list,
			       .count = count };
	struct diagnostics diags = { 0 };
	struct generation *gen = NULL;
	int err = rules_compile(&rules, &diags, &gen);

	for (size_t i = 0; i < diags.count; i++)
		print_error("%s\n", diags.list[i].message);
	assert_int_equal(err, 0);
	assert_int_equal(diags.count, 0);
	diagnostics_done(&diags);
	return gen;
}
