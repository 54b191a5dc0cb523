/* SPDX-License-Identifier: MIT */
/*
 * test_compile.c - ids, numbers and doubles of rules, and that the order of the list changes nothing.
 */
#include "generation_walk.h"
#include "../../policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void ids_are_the_documented_digest(void **state)
{
	struct rule list[] = {
		path_rule("/usr/bin/examplectl", ACTION_DENY, MODE_ENFORCE),
		path_rule("/usr/bin/examplectl", ACTION_ALLOW, MODE_NONE),
		network_rule("192.0.2.0/24", 4, 0xc0000200, 0, 24),
	};
	struct generation *gen = compile_ok(list, 3);

	/* printf %s VALUE | sha256sum */
	assert_int_equal(gen->rule_count, 3);
	assert_string_equal(gen->rules[0].id, "acme/sensor/path/e51368db");
	assert_string_equal(gen->rules[1].id, "allow/-/path/e51368db");
	assert_string_equal(gen->rules[2].id, "acme/sensor/network/e336915f");
	assert_string_equal(gen->rules[0].vendor_name, "Acme, Inc.");
	assert_string_equal(gen->rules[1].reason, "needed");
	assert_string_equal(gen->rules[2].file, "policy.yaml");
	assert_int_equal(gen->rules[2].line, 7);
	generation_free(gen);
}

static void numbers_follow_specificity(void **state)
{
	/* in the order of their numbers */
	struct rule list[] = {
		path_rule("/a/b/c", ACTION_DENY, MODE_AUDIT),
		path_rule("/a/bbbb", ACTION_DENY, MODE_AUDIT),
		path_rule("/a/bb", ACTION_DENY, MODE_ENFORCE),
		path_rule("/a/cc", ACTION_DENY, MODE_AUDIT),
		path_rule("/a/*/*", ACTION_DENY, MODE_AUDIT),
		path_rule("/a/b*", ACTION_DENY, MODE_ENFORCE),
		path_rule("/a/b/c/**", ACTION_DENY, MODE_AUDIT),
		path_rule("/a/**/name", ACTION_DENY, MODE_AUDIT),
		path_rule("/a/b/**", ACTION_DENY, MODE_AUDIT),
		path_rule("**/name", ACTION_DENY, MODE_ENFORCE),
		path_rule("/a/**", ACTION_DENY, MODE_ENFORCE),
		/* among exceptions the end counts first */
		path_rule("/a/bb*", ACTION_ALLOW, MODE_NONE),
		path_rule("/a/b/c/**", ACTION_ALLOW, MODE_NONE),
		path_rule("/a/b/**", ACTION_ALLOW, MODE_NONE),
		path_rule("/a/**", ACTION_ALLOW, MODE_NONE),
		path_rule("/a/b/c", ACTION_ALLOW, MODE_NONE),
		network_rule("128", 6, 1, 2, 128),
		network_rule("24, one port", 4, 10 << 24, 0, 24),
		network_rule("24, two ports, tcp", 4, 10 << 24, 0, 24),
		network_rule("24, two ports", 4, 10 << 24, 0, 24),
		network_rule("24", 4, 10 << 24, 0, 24),
		network_rule("8", 4, 10 << 24, 0, 8),
		network_rule("8", 4, 10 << 24, 0, 8),
		network_rule("24", 4, 10 << 24, 0, 24),
	};
	enum { COUNT = sizeof(list) / sizeof(*list), FIRST_NETWORK = 16 };
	struct rule reversed[COUNT];
	struct generation *gen;

	for (unsigned i = FIRST_NETWORK + 1; i < FIRST_NETWORK + 4; i++) {
		list[i].network.port_count = 1;
		list[i].network.port_first[0] = 80;
		list[i].network.port_last[0] = i == FIRST_NETWORK + 1 ? 80 : 81;
	}
	list[FIRST_NETWORK + 2].network.protocol = PROTOCOL_TCP;
	list[13].until_s = list[14].until_s = 2000000000;
	list[15].until_s = 1900000000;
	list[COUNT - 2].action = list[COUNT - 1].action = ACTION_ALLOW;
	list[COUNT - 1].until_s = 1900000000;
	for (unsigned i = 0; i < COUNT; i++)
		reversed[i] = list[COUNT - 1 - i];
	gen = compile_ok(reversed, COUNT);
	assert_int_equal(gen->rule_count, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		assert_string_equal(gen->rules[i].value, list[i].value);
	generation_free(gen);
}

static void rule_entries_say_what_to_do(void **state)
{
	struct rule list[] = {path_rule("/a", ACTION_DENY, MODE_AUDIT),
			      path_rule("/b/*", ACTION_ALLOW, MODE_NONE)};
	struct gen_key key = {.kind = GEN_RULE, .node = 1};
	const union gen_value *value;
	struct generation *gen;

	list[0].target_held_by = HELD_BY_CONFIDENCE;
	gen = compile_ok(list, 2);
	value = generation_find(gen, &key);
	assert_non_null(value);
	assert_true(value->rule.vendor == name_hash("acme", 4));
	assert_int_equal(value->rule.action, ACTION_DENY);
	assert_int_equal(value->rule.target, MODE_AUDIT);
	assert_int_equal(value->rule.target_held_by, HELD_BY_CONFIDENCE);
	assert_int_equal(value->rule.matcher, MATCHER_PATH);
	key.node = 2;
	value = generation_find(gen, &key);
	assert_true(value->rule.vendor == 0);
	assert_int_equal(value->rule.action, ACTION_ALLOW);
	key.node = 3;
	assert_null(generation_find(gen, &key));
	generation_free(gen);
}

static void doubles_are_one_rule(void **state)
{
	struct rule list[] = {path_rule("/a", ACTION_DENY, MODE_AUDIT),
			      path_rule("/a", ACTION_DENY, MODE_ENFORCE),
			      path_rule("/b", ACTION_DENY, MODE_AUDIT),
			      path_rule("/b", ACTION_DENY, MODE_AUDIT)};
	struct rules rules = {.policy = "test", .list = list, .count = 4};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	list[0].place.line = 30;
	list[1].place.line = 40;
	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	assert_int_equal(gen->rule_count, 2);
	assert_string_equal(gen->rules[0].value, "/a");
	assert_int_equal(gen->rules[0].target, MODE_ENFORCE);
	assert_int_equal(gen->rules[0].target_held_by, HELD_BY_NOTHING);
	assert_int_equal(diags.count, 1);
	assert_int_equal(diags.list[0].severity, SEVERITY_WARNING);
	assert_int_equal(diags.list[0].line, 40);
	assert_non_null(strstr(diags.list[0].message, "policy.yaml:30"));
	generation_free(gen);
	diagnostics_done(&diags);
}

/* Found by trying numbers: both begin with the same four bytes. */
static void equal_digests_are_not_doubles(void **state)
{
	struct rule list[] = {path_rule("/c/1032051", ACTION_DENY, MODE_ENFORCE),
			      path_rule("/c/1196760", ACTION_DENY, MODE_ENFORCE)};
	struct generation *gen = compile_ok(list, 2);

	assert_int_equal(gen->rule_count, 2);
	assert_string_equal(gen->rules[0].id, gen->rules[1].id);
	assert_string_not_equal(gen->rules[0].value, gen->rules[1].value);
	assert_int_not_equal(walk_path(gen, "/c/1032051").deny, 0);
	assert_int_not_equal(walk_path(gen, "/c/1196760").deny, 0);
	generation_free(gen);
}

static void unenforced_is_listed(void **state)
{
	struct rule list[] = {path_rule("sha256:x", ACTION_DENY, MODE_ENFORCE),
			      path_rule("/a", ACTION_DENY, MODE_ENFORCE),
			      path_rule("/b", ACTION_CONTAIN, MODE_ENFORCE)};
	struct generation *gen;

	list[0].matcher = MATCHER_DIGEST;
	list[0].unenforced_why = "its size is not said";
	list[2].unenforced_why = "not by this version";
	gen = compile_ok(list, 3);
	assert_int_equal(gen->rule_count, 1);
	assert_int_equal(gen->unenforced_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct generation_rule *one = &gen->unenforced[i];
		const struct rule *rule = one->matcher == MATCHER_DIGEST ? &list[0] : &list[2];

		assert_string_equal(one->value, rule->value);
		assert_string_equal(one->why, rule->unenforced_why);
		assert_int_equal(strncmp(one->id, "acme/sensor/", 12), 0);
	}
	assert_int_equal(walk_path(gen, "/b").deny, 0);
	generation_free(gen);
}

static void empty_list_is_a_generation(void **state)
{
	struct generation *gen = compile_ok(NULL, 0);

	assert_int_equal(gen->rule_count, 0);
	assert_int_equal(gen->entry_count, 1);
	assert_true(gen->number != 0);
	assert_int_equal(walk_path(gen, "/a").deny, 0);
	assert_int_equal(walk_network(gen, 4, 1, 0, 6, 80).deny, 0);
	generation_free(gen);
}

/* Byte for byte, as files. */
static bool same_generation(const struct generation *a, const struct generation *b)
{
	char paths[2][40] = {"/tmp/embargo-compile-a-XXXXXX", "/tmp/embargo-compile-b-XXXXXX"};
	static unsigned char bytes[2][1 << 20];
	size_t sizes[2];

	for (unsigned i = 0; i < 2; i++) {
		int fd = mkstemp(paths[i]);
		FILE *in;

		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(generation_save(i ? b : a, paths[i]), 0);
		in = fopen(paths[i], "rb");
		assert_non_null(in);
		sizes[i] = fread(bytes[i], 1, sizeof(bytes[i]), in);
		fclose(in);
		unlink(paths[i]);
	}
	return sizes[0] == sizes[1] && !memcmp(bytes[0], bytes[1], sizes[0]);
}

static void order_of_the_list_changes_nothing(void **state)
{
	enum { COUNT = 120, ROUNDS = 40 };
	struct rule list[COUNT];
	char values[COUNT][48];
	struct generation *first, *again;
	__u64 seed = 99;

	for (unsigned i = 0; i < COUNT; i++) {
		static const char *const forms[] = {"/opt/x%u/bin", "/opt/x%u*/bin", "/opt/*%u/**",
						    "/bin/**/n%u*", "**/x%u"};

		snprintf(values[i], sizeof(values[i]), forms[i % 5], i / 5);
		list[i] = path_rule(values[i], i % 7 ? ACTION_DENY : ACTION_ALLOW, MODE_AUDIT);
		list[i].vendor = i % 3 ? "acme" : "other";
		if (i >= 100)
			list[i] =
				network_rule(values[i], 4, 10u << 24 | (i & 3) << 22, 0, 8 + i % 3);
		if (i > 110)
			list[i].action = ACTION_ALLOW;
		if (list[i].action == ACTION_ALLOW)
			list[i].until_s = i % 4 * 1000000;
	}
	first = compile_ok(list, COUNT);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = COUNT - 1; i > 0; i--) {
			unsigned j = random_below(&seed, i + 1);
			struct rule swapped = list[i];

			list[i] = list[j];
			list[j] = swapped;
		}
		again = compile_ok(list, COUNT);
		assert_true(same_generation(first, again));
		generation_free(again);
	}
	/* and another policy is another generation */
	again = compile_ok(list, COUNT - 1);
	assert_true(first->number != again->number);
	generation_free(again);
	generation_free(first);
}

/* Long enough that the work is shared by threads: nothing depends on who is first. */
static void order_of_a_long_list_changes_nothing(void **state)
{
	enum { COUNT = 240000 };
	struct rule *list = calloc(COUNT, sizeof(*list));
	char(*values)[40] = calloc(COUNT, sizeof(*values));
	struct generation *first, *again;
	__u64 seed = 7;

	for (unsigned i = 0; i < COUNT; i++) {
		if (i % 2)
			snprintf(values[i], sizeof(*values), "/opt/d%u/f%u%s", i % 700, i,
				 i % 5 ? "" : "/**");
		else
			snprintf(values[i], sizeof(*values), "n%u", i);
		list[i] =
			i % 2 ? path_rule(values[i], i % 9 ? ACTION_DENY : ACTION_ALLOW, MODE_AUDIT)
			      : network_rule(values[i], 4, 0x0a000000u + i, 0, 32);
		list[i].until_s = list[i].action == ACTION_ALLOW ? i % 4 : 0;
		list[i].vendor = i % 3 ? "acme" : "other";
	}
	first = compile_ok(list, COUNT);
	for (unsigned i = COUNT - 1; i > 0; i--) {
		unsigned j = random_below(&seed, i + 1);
		struct rule swapped = list[i];

		list[i] = list[j];
		list[j] = swapped;
	}
	again = compile_ok(list, COUNT);
	assert_true(first->number == again->number);
	assert_int_equal(first->rule_count, COUNT);
	assert_int_equal(again->rule_count, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_string_equal(first->rules[i].id, again->rules[i].id);
		assert_string_equal(first->rules[i].value, again->rules[i].value);
	}
	for (unsigned i = 1; i < COUNT; i += 997)
		if (first->rules[i].matcher == MATCHER_PATH &&
		    first->rules[i].action == ACTION_DENY && !strchr(first->rules[i].value, '*'))
			assert_int_equal(walk_path(first, first->rules[i].value).deny, i + 1);
	generation_free(first);
	generation_free(again);
	free(list);
	free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_the_documented_digest),
		cmocka_unit_test(numbers_follow_specificity),
		cmocka_unit_test(rule_entries_say_what_to_do),
		cmocka_unit_test(doubles_are_one_rule),
		cmocka_unit_test(equal_digests_are_not_doubles),
		cmocka_unit_test(unenforced_is_listed),
		cmocka_unit_test(empty_list_is_a_generation),
		cmocka_unit_test(order_of_the_list_changes_nothing),
		cmocka_unit_test(order_of_a_long_list_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
