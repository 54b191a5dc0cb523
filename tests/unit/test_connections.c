/* SPDX-License-Identifier: MIT */
/*
 * test_connections.c - domains, containment and the internal networks, compiled and asked: the tree of domains decides as
 * plain matching of every pattern does, on random policies whose names collide as much as they can.
 */
#include "generation_walk.h"
#include "../../policy/match.h"
#include "../../policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICIES     1500
#define RULES        24
#define NAMES        200
#define VALUE_BYTES  64
#define LENGTH(list) (sizeof(list) / sizeof(*(list)))

static struct rule domain_rule(const char *value, unsigned action, unsigned target)
{
	struct rule rule = path_rule(value, action, target);

	rule.matcher = MATCHER_DOMAIN;
	return rule;
}

static const union gen_value *entry(const struct generation *gen, struct gen_key key)
{
	return generation_find(gen, &key);
}

static const struct gen_header *header_of(const struct generation *gen)
{
	return &entry(gen, (struct gen_key){.kind = GEN_HEADER})->header;
}

static size_t count_kind(const struct generation *gen, unsigned kind)
{
	size_t count = 0;

	for (size_t i = 0; i < gen->entry_count; i++)
		count += gen->keys[i].kind == kind;
	return count;
}

/* ---------------------------------------------------------------- plain matching, the reference */

static bool pattern_matches(const char *pattern, const char *name)
{
	size_t bytes = strlen(pattern), whole = strlen(name);

	if (strncmp(pattern, "*.", 2))
		return !strcmp(pattern, name);
	/* ends with everything behind the star, and has something before it */
	return whole > bytes - 1 && !strcmp(name + whole - (bytes - 1), pattern + 1);
}

/* Negative if @a comes first: whole names, then more bytes, then what enforces. */
static int specificity(const struct rule *a, const struct rule *b)
{
	int order = (*a->value == '*') - (*b->value == '*');

	order = order ?: (int)strlen(b->value) - (int)strlen(a->value);
	return order ?: (b->target == MODE_ENFORCE) - (a->target == MODE_ENFORCE);
}

static const struct rule *best_match(const struct rule *list, size_t count, const char *name,
				     bool allow)
{
	const struct rule *best = NULL;

	for (size_t i = 0; i < count; i++)
		if ((list[i].action == ACTION_ALLOW) == allow &&
		    pattern_matches(list[i].value, name) &&
		    (!best || specificity(&list[i], best) < 0))
			best = &list[i];
	return best;
}

static void random_name(__u64 *seed, char *text)
{
	static const char *const labels[] = {"a", "b", "ab", "aa", "com", "eightbyt", "eightbyte"};
	unsigned count = 2 + random_below(seed, 2) + random_below(seed, 2);

	*text = '\0';
	for (unsigned i = 0; i < count; i++) {
		if (i)
			strcat(text, ".");
		strcat(text, labels[random_below(seed, i + 1 < count ? 7 : 2)]);
	}
}

static bool is_known(const struct rule *list, size_t count, const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].value, value))
			return true;
	return false;
}

static size_t random_rules(__u64 *seed, struct rule *list, char (*values)[VALUE_BYTES])
{
	size_t most = 1 + random_below(seed, RULES), count = 0;

	while (most--) {
		char name[VALUE_BYTES - 2];

		random_name(seed, name);
		snprintf(values[count], VALUE_BYTES, "%s%s", random_below(seed, 2) ? "*." : "",
			 name);
		if (is_known(list, count, values[count]))
			continue;
		list[count] = domain_rule(
			values[count], count && !random_below(seed, 4) ? ACTION_ALLOW : ACTION_DENY,
			random_below(seed, 2) ? MODE_ENFORCE : MODE_AUDIT);
		count++;
	}
	return count;
}

static void check(const struct generation_rule *found, const struct rule *expected,
		  const char *name)
{
	if (!found != !expected || (found && strcmp(found->value, expected->value)))
		fail_msg("%s: found %s, expected %s", name, found ? found->value : "nothing",
			 expected ? expected->value : "nothing");
}

static void tree_equals_plain_matching(void **state)
{
	char values[RULES][VALUE_BYTES], name[VALUE_BYTES];
	size_t matches = 0, pairs = 0;
	struct rule list[RULES];
	__u64 seed = 20261127;

	for (unsigned p = 0; p < POLICIES; p++) {
		size_t count = random_rules(&seed, list, values);
		struct generation *gen = compile_ok(list, count);

		assert_int_equal(gen->rule_count, count);
		for (unsigned i = 0; i < NAMES; i++) {
			struct match match;

			random_name(&seed, name);
			match = match_domain(gen, name);
			check(match.rule, best_match(list, count, name, false), name);
			check(match.allow, best_match(list, count, name, true), name);
			matches += match.rule || match.allow;
			pairs++;
		}
		generation_free(gen);
	}
	print_message("%zu pairs, %zu matches\n", pairs, matches);
	assert_in_range(matches, pairs / 10, pairs - pairs / 10); /* else this would test nothing */
}

/* ---------------------------------------------------------------- domains among the others */

static void names_are_no_files(void **state)
{
	struct rule list[] = {
		domain_rule("*.example.com", ACTION_DENY, MODE_ENFORCE),
		path_rule("/com/example/**", ACTION_DENY, MODE_ENFORCE),
		path_rule("/com/other", ACTION_DENY, MODE_ENFORCE),
	};
	struct generation *gen = compile_ok(list, LENGTH(list));

	assert_int_equal(match_domain(gen, "a.example.com").rule->matcher, MATCHER_DOMAIN);
	assert_null(match_domain(gen, "other.com").rule);
	assert_int_equal(match_path(gen, "/com/example/a").rule->matcher, MATCHER_PATH);
	assert_int_equal(header_of(gen)->flags, GEN_FLAG_NAMES);
	generation_free(gen);
}

/* What answers are read for must be worth it: an exception alone is not. */
static void exceptions_alone_need_no_names(void **state)
{
	struct rule list[] = {
		domain_rule("a.example.com", ACTION_ALLOW, MODE_ENFORCE),
		path_rule("/opt/x", ACTION_DENY, MODE_ENFORCE),
	};
	struct rules rules = {.policy = "test",
			      .list = list,
			      .count = LENGTH(list),
			      .flags = GEN_FLAG_REFUSE_NO_NAME | GEN_FLAG_REFUSE_QUIC};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	assert_int_equal(gen->rule_count, 2);
	assert_int_equal(header_of(gen)->flags, 0);
	assert_int_equal(count_kind(gen, GEN_ROOTS), 0);
	generation_free(gen);

	list[0].action = ACTION_DENY;
	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	assert_int_equal(header_of(gen)->flags,
			 GEN_FLAG_NAMES | GEN_FLAG_REFUSE_NO_NAME | GEN_FLAG_REFUSE_QUIC);
	generation_free(gen);
	diagnostics_done(&diags);
}

/* A name says more than an address; of exceptions the one that lasts longest is named, whatever it knows. */
static void names_come_before_addresses(void **state)
{
	struct rule list[] = {
		network_rule("192.0.2.7", 4, 0xc0000207, 0, 32),
		domain_rule("*.example.com", ACTION_DENY, MODE_AUDIT),
		network_rule("allow 192.0.2.0/24", 4, 0xc0000200, 0, 24),
		domain_rule("x.example.com", ACTION_ALLOW, MODE_ENFORCE),
		domain_rule("a.example.com", ACTION_DENY, MODE_ENFORCE),
		path_rule("/opt/x", ACTION_DENY, MODE_ENFORCE),
		path_rule("/opt/y", ACTION_ALLOW, MODE_ENFORCE),
	};
	static const char *const order[] = {"/opt/x",        "/opt/y",    "a.example.com",
					    "*.example.com", "192.0.2.7", "allow 192.0.2.0/24",
					    "x.example.com"};
	struct generation *gen;

	list[2].action = ACTION_ALLOW;
	list[3].until_s = 100;
	gen = compile_ok(list, LENGTH(list));
	for (size_t i = 0; i < LENGTH(order); i++)
		assert_string_equal(gen->rules[i].value, order[i]);
	generation_free(gen);
}

static void bad_domains_are_a_diagnostic(void **state)
{
	static const char *const wrong[] = {
		"",
		"*.",
		"*",
		"a..example.com",
		".example.com",
		"example.com.",
		"A.example.com",
		"a.*.example.com",
		"*a.example.com",
		"a b.example.com",
		"\xc3\xa4.example.com",
	};
	char name[DOMAIN_BYTES + 2], labels[2 * PATH_COMPONENTS_MAX + 2];

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		struct rule list[] = {domain_rule(wrong[i], ACTION_DENY, MODE_ENFORCE)};
		struct rules rules = {.policy = "test", .list = list, .count = 1};
		struct diagnostics diags = {0};
		struct generation *gen = NULL;

		assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
		assert_int_equal(diags.errors, 1);
		diagnostics_done(&diags);
	}
	assert_null(domain_pattern_check("_dmarc.xn--4ca.example-1.com"));
	for (size_t i = 0; i < sizeof(labels); i++)
		labels[i] = i % 2 ? '.' : 'l';
	labels[sizeof(labels) - 1] = '\0';
	assert_non_null(domain_pattern_check(labels));
	assert_null(domain_pattern_check(labels + 2));
	labels[0] = '*'; /* it is a label of what it means, too */
	assert_non_null(domain_pattern_check(labels));
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 64 == 63 ? '.' : 'n';
	name[DOMAIN_BYTES + 1] = '\0';
	assert_non_null(domain_pattern_check(name));
	name[DOMAIN_BYTES] = '\0';
	assert_null(domain_pattern_check(name));
	memset(name, 'n', 64);
	strcpy(name + 64, ".com");
	assert_non_null(domain_pattern_check(name));
	assert_null(domain_pattern_check(name + 1));
}

/* As many labels as a rule may have, and names with more. */
static void deep_names(void **state)
{
	char pattern[2 * PATH_COMPONENTS_MAX + 2] = "", name[2 * DOMAIN_LABELS_MAX];
	struct rule list[] = {domain_rule(pattern, ACTION_DENY, MODE_ENFORCE)};
	struct generation *gen;

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '.' : 'l';
	name[sizeof(name) - 1] = '\0';
	snprintf(pattern, sizeof(pattern), "*.%.*s", 2 * (PATH_COMPONENTS_MAX - 1) - 1, name);
	gen = compile_ok(list, 1);
	assert_non_null(match_domain(gen, name).rule);
	assert_non_null(
		match_domain(gen, name + 2 * (DOMAIN_LABELS_MAX - PATH_COMPONENTS_MAX)).rule);
	assert_null(
		match_domain(gen, name + 2 * (DOMAIN_LABELS_MAX - PATH_COMPONENTS_MAX + 1)).rule);
	generation_free(gen);
}

/* ---------------------------------------------------------------- contain */

/* With some internal networks. */
static struct generation *compile_internal(struct rule *list, size_t count, struct rule *internal,
					   size_t internal_count)
{
	struct rules rules = {.policy = "test",
			      .revision = 7,
			      .mode = MODE_ENFORCE,
			      .list = list,
			      .count = count,
			      .internal = internal,
			      .internal_count = internal_count};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	assert_int_equal(diags.count, 0);
	return gen;
}

static void rules_that_contain_are_found_by_their_ids(void **state)
{
	struct rule list[] = {
		path_rule("/opt/acme/**", ACTION_CONTAIN, MODE_ENFORCE),
		path_rule("acme-*", ACTION_CONTAIN, MODE_AUDIT),
		path_rule("acme_kmod", ACTION_CONTAIN, MODE_ENFORCE),
		path_rule("/opt/other", ACTION_DENY, MODE_ENFORCE),
	};
	struct generation *gen;
	size_t contained = 0;

	list[1].matcher = MATCHER_PACKAGE;
	list[2].matcher = MATCHER_MODULE;
	gen = compile_ok(list, LENGTH(list));
	assert_int_equal(header_of(gen)->flags, GEN_FLAG_CONTAIN);
	for (__u32 number = 1; number <= gen->rule_count; number++) {
		const struct generation_rule *rule = &gen->rules[number - 1];
		__u64 id = name_hash(rule->id, strlen(rule->id));
		const union gen_value *found =
			entry(gen, (struct gen_key){.kind = GEN_CONTAIN, .a = id});
		bool contains = rule->action == ACTION_CONTAIN && rule->matcher != MATCHER_MODULE;

		assert_true(
			entry(gen, (struct gen_key){.kind = GEN_RULE, .node = number})->rule.id ==
			id);
		assert_int_equal(found != NULL, contains);
		if (found)
			assert_int_equal(found->contain.rule, number);
		contained += contains;
	}
	assert_int_equal(contained, 2);
	assert_int_equal(count_kind(gen, GEN_CONTAIN), 2);
	generation_free(gen);
}

/* As in test_compile.c: both ids end with the same digits. */
static void colliding_ids_contain_by_the_first(void **state)
{
	struct rule list[] = {path_rule("/c/1196760", ACTION_CONTAIN, MODE_ENFORCE),
			      path_rule("/c/1032051", ACTION_CONTAIN, MODE_ENFORCE)};
	struct generation *gen = compile_ok(list, LENGTH(list));

	assert_int_equal(count_kind(gen, GEN_CONTAIN), 1);
	assert_int_equal(gen->values[gen->entry_count - 1].contain.rule, 1);
	generation_free(gen);
}

static void modules_alone_contain_nothing(void **state)
{
	struct rule list[] = {path_rule("acme_kmod", ACTION_CONTAIN, MODE_ENFORCE)};
	struct generation *gen;

	list[0].matcher = MATCHER_MODULE;
	gen = compile_ok(list, 1);
	assert_int_equal(header_of(gen)->flags, 0);
	assert_int_equal(count_kind(gen, GEN_CONTAIN), 0);
	generation_free(gen);
}

/* Of two lines that mean the same, the stricter. */
static void what_refuses_comes_before_what_contains(void **state)
{
	struct rule list[] = {
		path_rule("/opt/a", ACTION_CONTAIN, MODE_AUDIT),
		path_rule("/opt/a", ACTION_CONTAIN, MODE_ENFORCE),
		path_rule("/opt/a", ACTION_DENY, MODE_AUDIT),
		path_rule("/opt/a", ACTION_DENY, MODE_ENFORCE),
	};
	static const char *const vendors[] = {"a", "b", "c", "d"};
	static const char order[] = "dbca";
	struct generation *gen;

	for (size_t i = 0; i < LENGTH(list); i++)
		list[i].vendor = vendors[i];
	gen = compile_ok(list, LENGTH(list));
	for (size_t i = 0; i < LENGTH(list); i++)
		assert_int_equal(*gen->rules[i].id, order[i]);
	generation_free(gen);
}

static void networks_and_domains_cannot_be_contained(void **state)
{
	struct rule list[] = {network_rule("192.0.2.0/24", 4, 0xc0000200, 0, 24),
			      domain_rule("example.com", ACTION_CONTAIN, MODE_ENFORCE)};
	struct rules rules = {.policy = "test", .list = list, .count = LENGTH(list)};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	list[0].action = ACTION_CONTAIN;
	assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
	assert_int_equal(diags.errors, 2);
	diagnostics_done(&diags);
}

/* ---------------------------------------------------------------- internal networks */

static void internal_networks_are_a_table_of_their_own(void **state)
{
	struct rule list[] = {
		path_rule("/opt/acme", ACTION_CONTAIN, MODE_ENFORCE),
		network_rule("10.1.0.0/16", 4, 10u << 24 | 1 << 16, 0, 16),
		network_rule("192.0.2.0/24", 4, 0xc0000200, 0, 24),
	};
	struct rule internal[] = {
		network_rule("10.0.0.0/8", 4, 10u << 24, 0, 8),
		network_rule("10.1.2.0/24", 4, 10u << 24 | 1 << 16 | 2 << 8, 0, 24),
		network_rule("10.0.0.0/8", 4, 10u << 24, 0, 8),
		network_rule("fc00::/7", 6, 0xfcull << 56, 0, 7),
	};
	struct generation *gen = compile_internal(list, 3, internal, 4);

	assert_true(match_internal(gen, 4, 10u << 24, 0));
	assert_true(match_internal(gen, 4, (10u << 24) + 0xffffff, 0));
	assert_false(match_internal(gen, 4, 11u << 24, 0));
	assert_false(match_internal(gen, 4, 0xc0000207, 0));
	assert_true(match_internal(gen, 6, 0xfdull << 56, 7));
	assert_false(match_internal(gen, 6, 0xfeull << 56, 7));
	assert_false(match_internal(gen, 6, 10u << 24, 0));
	assert_false(match_internal(gen, 0, 10u << 24, 0));
	/* and the rules know nothing of it */
	assert_null(match_address(gen, 4, 10u << 24, 0, 6, 443).rule);
	assert_string_equal(match_address(gen, 4, 10u << 24 | 1 << 16, 0, 6, 443).rule->value,
			    "10.1.0.0/16");
	assert_int_equal(header_of(gen)->net4_lengths, 2);
	assert_int_equal(header_of(gen)->net6_lengths, 0);
	generation_free(gen);
}

static bool inside(const struct rule *internal, size_t count, __u64 address)
{
	for (size_t i = 0; i < count; i++)
		if (!((address ^ internal[i].network.a) >> (32 - internal[i].network.bits)))
			return true;
	return false;
}

static void internal_networks_equal_plain_matching(void **state)
{
	struct rule list[] = {path_rule("/opt/acme", ACTION_CONTAIN, MODE_ENFORCE)};
	struct rule internal[12];
	size_t in = 0, all = 0;
	__u64 seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		size_t count = 1 + random_below(&seed, LENGTH(internal));
		struct generation *gen;

		for (size_t i = 0; i < count; i++) {
			unsigned bits = 1 + random_below(&seed, 32);
			__u64 a = (__u64)random_below(&seed, 256) << 24 | random_below(&seed, 65536)
										  << 8;

			internal[i] =
				network_rule("x", 4, a >> (32 - bits) << (32 - bits), 0, bits);
		}
		gen = compile_internal(list, 1, internal, count);
		for (unsigned i = 0; i < 200; i++) {
			const struct rule *near = &internal[random_below(&seed, count)];
			__u64 a = near->network.a ^ 1ull << random_below(&seed, 32);
			bool right = inside(internal, count, a);

			assert_int_equal(match_internal(gen, 4, a, 0), right);
			in += right;
			all++;
		}
		generation_free(gen);
	}
	assert_in_range(in, all / 10, all - all / 10);
}

/* Nobody would ask. */
static void internal_networks_are_for_contained_programs(void **state)
{
	struct rule list[] = {path_rule("/opt/acme", ACTION_DENY, MODE_ENFORCE)};
	struct rule internal[] = {network_rule("10.0.0.0/8", 4, 10u << 24, 0, 8)};
	struct generation *gen = compile_internal(list, 1, internal, 1);

	assert_int_equal(count_kind(gen, GEN_LENGTHS) + count_kind(gen, GEN_NET4), 0);
	assert_false(match_internal(gen, 4, 10u << 24, 0));
	generation_free(gen);
}

static void too_many_internal_lengths_are_a_diagnostic(void **state)
{
	struct rule list[] = {path_rule("/opt/acme", ACTION_CONTAIN, MODE_ENFORCE)};
	struct rule internal[NETWORK_LENGTHS_MAX + 1];
	struct rules rules = {.policy = "test",
			      .list = list,
			      .count = 1,
			      .internal = internal,
			      .internal_count = LENGTH(internal)};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	for (unsigned i = 0; i < LENGTH(internal); i++) {
		internal[i] = network_rule("x", 6, 0x20010db8ull << 32, 0, 33 + i);
		internal[i].place.line = 100 + i;
	}
	assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
	assert_int_equal(diags.list[0].line, 100 + NETWORK_LENGTHS_MAX);
	assert_non_null(strstr(diags.list[0].message, "prefix length"));
	diagnostics_done(&diags);
}

/* ---------------------------------------------------------------- decisions */

static void programs_run_contained(void **state)
{
	struct rule list[] = {
		path_rule("/opt/acme/**", ACTION_CONTAIN, MODE_ENFORCE),
		path_rule("/opt/weak/**", ACTION_CONTAIN, MODE_AUDIT),
		path_rule("/opt/acme/ok", ACTION_ALLOW, MODE_ENFORCE),
	};
	struct generation *gen = compile_ok(list, LENGTH(list));
	struct match_subject subject = {.anyone = true};
	struct match match = match_path(gen, "/opt/acme/x");
	struct match_decision decision = match_decide(gen, &match, &subject);

	assert_int_equal(decision.verdict, VERDICT_ALLOW);
	assert_int_equal(decision.mode, MODE_ENFORCE);
	assert_true(decision.contained);
	/* where it connects to */
	match.leaves = true;
	decision = match_decide(gen, &match, &subject);
	assert_int_equal(decision.verdict, VERDICT_DENY);
	assert_false(decision.contained);
	match = match_path(gen, "/opt/acme/ok");
	decision = match_decide(gen, &match, &subject);
	assert_int_equal(decision.let_through, LET_THROUGH_ALLOWED);
	assert_false(decision.contained);
	match = match_path(gen, "/opt/weak/x");
	assert_false(match_decide(gen, &match, &subject).contained);
	subject.paused = true;
	match = match_path(gen, "/opt/acme/x");
	assert_false(match_decide(gen, &match, &subject).contained);
	generation_free(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_equals_plain_matching),
		cmocka_unit_test(names_are_no_files),
		cmocka_unit_test(exceptions_alone_need_no_names),
		cmocka_unit_test(names_come_before_addresses),
		cmocka_unit_test(bad_domains_are_a_diagnostic),
		cmocka_unit_test(deep_names),
		cmocka_unit_test(rules_that_contain_are_found_by_their_ids),
		cmocka_unit_test(colliding_ids_contain_by_the_first),
		cmocka_unit_test(modules_alone_contain_nothing),
		cmocka_unit_test(what_refuses_comes_before_what_contains),
		cmocka_unit_test(networks_and_domains_cannot_be_contained),
		cmocka_unit_test(internal_networks_are_a_table_of_their_own),
		cmocka_unit_test(internal_networks_equal_plain_matching),
		cmocka_unit_test(internal_networks_are_for_contained_programs),
		cmocka_unit_test(too_many_internal_lengths_are_a_diagnostic),
		cmocka_unit_test(programs_run_contained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
