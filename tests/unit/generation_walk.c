/* SPDX-License-Identifier: MIT */
/*
 * generation_walk.c - see generation_walk.h
 */
#include "generation_walk.h"
#include "../../policy/match.h"
#include "../../policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static __u32 number_of(const struct generation *gen, const struct generation_rule *rule)
{
	return rule ? (__u32)(rule - gen->rules) + 1 : 0;
}

static struct walk_result numbers_of(const struct generation *gen, struct match match)
{
	assert_false(match.undecided);
	return (struct walk_result){ number_of(gen, match.rule), number_of(gen, match.allow) };
}

struct walk_result walk_path(const struct generation *gen, const char *path)
{
	return numbers_of(gen, match_path(gen, path));
}

struct walk_result walk_network(const struct generation *gen, unsigned family, __u64 a, __u64 b,
				unsigned protocol, unsigned port)
{
	return numbers_of(gen, match_address(gen, family, a, b, protocol, port));
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
