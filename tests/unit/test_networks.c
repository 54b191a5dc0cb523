/* SPDX-License-Identifier: MIT */
/*
 * test_networks.c - the search over prefix lengths compared with a plain look at every network, on
 * random lists that nest deeply, and the limits of the format.
 */
#include "generation_walk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define POLICIES  1500
#define RULES     20
#define ADDRESSES 300

static bool contains(const struct rule_network *network, __u64 a, __u64 b)
{
	for (unsigned i = 0; i < network->bits; i++) {
		unsigned at = network->family == 4 ? i + 32 : i;
		__u64 x = at < 64 ? network->a ^ a : network->b ^ b;

		if (x >> (63 - at % 64) & 1)
			return false;
	}
	return true;
}

static bool applies(const struct rule_network *network, unsigned protocol, unsigned port)
{
	if (network->protocol && network->protocol != protocol)
		return false;
	for (unsigned i = 0; i < network->port_count; i++)
		if (port >= network->port_first[i] && port <= network->port_last[i])
			return true;
	return !network->port_count;
}

/* Few different bits at many depths, so that networks nest and miss each other narrowly. */
static void random_address(__u64 *seed, unsigned family, __u64 *a, __u64 *b)
{
	static const unsigned depths[] = {0, 3, 7, 8, 15, 16, 23, 30, 31, 63, 64, 100, 127};

	*a = *b = 0;
	for (unsigned i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
		unsigned at = family == 4 ? depths[i] + 32 : depths[i];

		if ((family == 4 && depths[i] > 31) || random_below(seed, 3))
			continue;
		if (at < 64)
			*a |= 1ull << (63 - at);
		else
			*b |= 1ull << (127 - at);
	}
}

static void random_network(__u64 *seed, struct rule *rule, char *value, size_t number)
{
	static const unsigned bits4[] = {1, 4, 8, 9, 16, 17, 24, 31, 32};
	static const unsigned bits6[] = {1, 8, 9, 24, 64, 65, 101, 128};
	unsigned family = random_below(seed, 2) ? 4 : 6, bits, keep;
	__u64 a, b;

	bits = family == 4 ? bits4[random_below(seed, 9)] : bits6[random_below(seed, 8)];
	random_address(seed, family, &a, &b);
	keep = family == 4 ? bits + 32 : bits;
	a = keep >= 64 ? a : a >> (64 - keep) << (64 - keep);
	b = keep == 128 ? b : keep <= 64 || family == 4 ? 0 : b >> (128 - keep) << (128 - keep);
	snprintf(value, 32, "network-%zu", number);
	*rule = network_rule(value, family, a, b, bits);
	rule->action = random_below(seed, 4) ? ACTION_DENY : ACTION_ALLOW;
	rule->target = random_below(seed, 2) ? MODE_ENFORCE : MODE_AUDIT;
	rule->network.protocol = random_below(seed, 2) ? PROTOCOL_ANY : PROTOCOL_TCP;
	rule->network.port_count = random_below(seed, 3);
	for (unsigned i = 0; i < rule->network.port_count; i++) {
		rule->network.port_first[i] = random_below(seed, 6);
		rule->network.port_last[i] = rule->network.port_first[i] + random_below(seed, 3);
	}
}

/* The documented order, spelled out: negative if @a is the more specific. */
static int specificity(const struct rule *a, const struct rule *b)
{
	unsigned ports[2] = {0, 0};

	if (a->network.bits != b->network.bits)
		return (int)b->network.bits - (int)a->network.bits;
	for (unsigned i = 0; i < 2; i++) {
		const struct rule_network *network = i ? &b->network : &a->network;

		for (unsigned p = 0; p < network->port_count; p++)
			ports[i] += network->port_last[p] - network->port_first[p] + 1;
		ports[i] = network->port_count ? ports[i] : 65536;
	}
	if (ports[0] != ports[1])
		return ports[0] < ports[1] ? -1 : 1;
	if (!a->network.protocol != !b->network.protocol)
		return a->network.protocol ? -1 : 1;
	return (b->target == MODE_ENFORCE) - (a->target == MODE_ENFORCE);
}

/* How many prefix lengths are in use is in the header and to be counted: both must say the same. */
static void check_lengths(const struct generation *gen, unsigned family)
{
	const struct gen_key header_key = {.kind = GEN_HEADER};
	const struct gen_key lengths_key = {.kind = GEN_LENGTHS, .part = family};
	const struct gen_header *header = &generation_find(gen, &header_key)->header;
	const union gen_value *lengths = generation_find(gen, &lengths_key);
	unsigned count = 0;

	for (unsigned i = 0; lengths && i < NETWORK_LENGTHS_MAX; i++)
		count += lengths->lengths.bits[i] != 0;
	assert_int_equal(count, family == 4 ? header->net4_lengths : header->net6_lengths);
}

static void check(const struct generation *gen, __u32 number, const struct rule *list, size_t count,
		  bool allow, unsigned family, const __u64 *address, unsigned protocol,
		  unsigned port)
{
	const struct rule *best = NULL, *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (number && !strcmp(gen->rules[number - 1].value, list[i].value))
			found = &list[i];
		if ((list[i].action == ACTION_ALLOW) == allow && list[i].network.family == family &&
		    contains(&list[i].network, address[0], address[1]) &&
		    applies(&list[i].network, protocol, port) &&
		    (!best || specificity(&list[i], best) < 0))
			best = &list[i];
	}
	assert_int_equal(!found, !best);
	if (!found)
		return;
	assert_true(contains(&found->network, address[0], address[1]));
	assert_true(applies(&found->network, protocol, port));
	assert_int_equal(specificity(found, best), 0);
}

static void search_equals_plain_matching(void **state)
{
	struct rule list[RULES];
	char values[RULES][32];
	size_t matches = 0, pairs = 0;
	__u64 seed = 711;

	for (unsigned p = 0; p < POLICIES; p++) {
		size_t count = 1 + random_below(&seed, RULES);
		struct generation *gen;

		for (size_t i = 0; i < count; i++)
			random_network(&seed, &list[i], values[i], i);
		gen = compile_ok(list, count);
		assert_int_equal(gen->rule_count, count);
		check_lengths(gen, 4);
		check_lengths(gen, 6);
		for (unsigned i = 0; i < ADDRESSES; i++) {
			unsigned family = random_below(&seed, 2) ? 4 : 6;
			unsigned protocol = random_below(&seed, 2) ? PROTOCOL_TCP : PROTOCOL_UDP;
			unsigned port = random_below(&seed, 9);
			struct walk_result result;
			__u64 address[2];

			random_address(&seed, family, &address[0], &address[1]);
			result = walk_network(gen, family, address[0], address[1], protocol, port);
			check(gen, result.deny, list, count, false, family, address, protocol,
			      port);
			check(gen, result.allow, list, count, true, family, address, protocol,
			      port);
			matches += result.deny || result.allow;
			pairs++;
		}
		generation_free(gen);
	}
	print_message("%zu pairs, %zu matches\n", pairs, matches);
	assert_in_range(matches, pairs / 10, pairs);
}

static int compile_all(struct rule *list, size_t count, struct diagnostics *diags)
{
	struct rules rules = {.policy = "test", .list = list, .count = count};
	struct generation *gen = NULL;
	int err = rules_compile(&rules, diags, &gen);

	assert_int_equal(!gen, err != 0);
	generation_free(gen);
	return err;
}

static void lengths_have_a_limit(void **state)
{
	struct diagnostics diags = {0};
	struct rule list[NETWORK_LENGTHS_MAX + 1];
	char values[NETWORK_LENGTHS_MAX + 1][16];

	for (unsigned i = 0; i <= NETWORK_LENGTHS_MAX; i++) {
		snprintf(values[i], sizeof(values[i]), "n%u", i);
		list[i] = network_rule(values[i], 6, 0x2001ull << 48, 0, 20 + i);
		list[i].place.line = 20 + i;
	}
	assert_int_equal(compile_all(list, NETWORK_LENGTHS_MAX, &diags), 0);
	assert_int_equal(compile_all(list, NETWORK_LENGTHS_MAX + 1, &diags), -EINVAL);
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.list[0].line, 20); /* the least specific is one too many */
	diagnostics_done(&diags);
}

static void conditions_have_a_limit(void **state)
{
	struct diagnostics diags = {0};
	struct rule list[2];

	for (unsigned r = 0; r < 2; r++) {
		list[r] = network_rule(r ? "outer" : "inner", 4, 10u << 24, 0, r ? 8 : 24);
		list[r].network.port_count = NETWORK_CONDITIONS_MAX / 2 + r;
		for (unsigned i = 0; i < list[r].network.port_count; i++)
			list[r].network.port_first[i] = list[r].network.port_last[i] =
				1000 * r + 2 * i + 1;
	}
	list[1].network.port_count--;
	assert_int_equal(compile_all(list, 2, &diags), 0);
	list[1].network.port_count++;
	assert_int_equal(compile_all(list, 2, &diags), -EINVAL);
	assert_int_equal(diags.errors, 1);
	/* what a more specific line says already costs nothing */
	list[0].network.port_count = 0;
	diagnostics_done(&diags);
	assert_int_equal(compile_all(list, 2, &diags), 0);
	diagnostics_done(&diags);
}

static void wrong_networks_are_refused(void **state)
{
	struct rule list[] = {network_rule("bits", 4, 10u << 24, 0, 33),
			      network_rule("family", 5, 0, 0, 8),
			      network_rule("ports", 6, 0, 1, 128)};
	struct diagnostics diags = {0};

	list[2].network.port_count = 1;
	list[2].network.port_first[0] = 2;
	list[2].network.port_last[0] = 1;
	assert_int_equal(compile_all(list, 3, &diags), -EINVAL);
	assert_int_equal(diags.errors, 3);
	diagnostics_done(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(search_equals_plain_matching),
		cmocka_unit_test(lengths_have_a_limit),
		cmocka_unit_test(conditions_have_a_limit),
		cmocka_unit_test(wrong_networks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
