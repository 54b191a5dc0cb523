/* SPDX-License-Identifier: MIT */
/*
 * test_identity.c - rules that know a file by its content or its package, and a module by its name: their numbers,
 * their entries, and what "strict" makes of them.
 */
#include "generation_walk.h"
#include "../../policy/digest.h"
#include "../../policy/interpreters.h"
#include "../../policy/match.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))
#define DIGEST_A    "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DIGEST_B    "sha256:ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DIGEST_C    "sha256:aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct rule kind_rule(unsigned matcher, const char *value, unsigned action)
{
	struct rule rule =
		path_rule(value, action, action == ACTION_ALLOW ? MODE_NONE : MODE_ENFORCE);

	rule.matcher = (__u8)matcher;
	return rule;
}

static struct rule digest_rule(const char *value, __u64 size, unsigned action)
{
	struct rule rule = kind_rule(MATCHER_DIGEST, value, action);

	rule.size = size;
	return rule;
}

static struct rule until(struct rule rule, __u64 end_s)
{
	rule.until_s = end_s;
	return rule;
}

static struct rule strict(struct rule rule)
{
	rule.strict = 1;
	return rule;
}

static void compile_reversed(const struct rule *list, size_t count, struct generation **out)
{
	struct rule reversed[32];

	assert_true(count <= COUNT(reversed));
	for (size_t i = 0; i < count; i++)
		reversed[i] = list[count - 1 - i];
	*out = compile_ok(reversed, count);
	assert_int_equal((*out)->rule_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal((*out)->rules[i].value, list[i].value);
		assert_int_equal((*out)->rules[i].matcher, list[i].matcher);
		assert_int_equal((*out)->rules[i].action, list[i].action);
	}
}

/* The content first, then the path, then where the file is from; networks come last. */
static void numbers_follow_the_kind(void **state)
{
	const struct rule list[] = {
		digest_rule(DIGEST_A, 5, ACTION_DENY),
		kind_rule(MATCHER_PATH, "/a/b", ACTION_DENY),
		kind_rule(MATCHER_PATH, "/**", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "acme_kmod", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "acme", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "acme_kmod_*", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "acme_*", ACTION_DENY),
		kind_rule(MATCHER_PACKAGE, "acme", ACTION_DENY),
		kind_rule(MATCHER_PACKAGE, "acme-sensor-*", ACTION_DENY),
		kind_rule(MATCHER_PACKAGE, "acme-*", ACTION_DENY),
		kind_rule(MATCHER_PACKAGE, "*acme-*", ACTION_DENY),
		kind_rule(MATCHER_PACKAGE_VENDOR, "Acme", ACTION_DENY),
		kind_rule(MATCHER_PACKAGE_VENDOR, "Acme, Inc*", ACTION_DENY),
		/* not one of these begins before one that lasts longer */
		kind_rule(MATCHER_PACKAGE_VENDOR, "*", ACTION_ALLOW),
		until(kind_rule(MATCHER_PACKAGE, "acme-free", ACTION_ALLOW), 5000000),
		until(kind_rule(MATCHER_MODULE, "acme_free", ACTION_ALLOW), 4000000),
		until(kind_rule(MATCHER_PATH, "/a/free", ACTION_ALLOW), 3000000),
		until(digest_rule(DIGEST_B, 6, ACTION_ALLOW), 2000000),
		network_rule("128", 6, 1, 2, 128),
	};
	struct generation *gen;

	compile_reversed(list, COUNT(list), &gen);
	generation_free(gen);
}

static void equal_ends_follow_the_kind(void **state)
{
	const struct rule list[] = {
		digest_rule(DIGEST_B, 6, ACTION_ALLOW),
		kind_rule(MATCHER_PATH, "/a/free", ACTION_ALLOW),
		kind_rule(MATCHER_PATH, "/**/*", ACTION_ALLOW),
		kind_rule(MATCHER_MODULE, "acme_free", ACTION_ALLOW),
		kind_rule(MATCHER_PACKAGE, "acme-free", ACTION_ALLOW),
		kind_rule(MATCHER_PACKAGE_VENDOR, "Acme", ACTION_ALLOW),
	};
	struct generation *gen;

	compile_reversed(list, COUNT(list), &gen);
	generation_free(gen);
}

static const struct gen_digest *entry_of(const struct generation *gen, const char *text)
{
	const struct gen_digest *entry = digest_find(gen, text);

	assert_non_null(entry);
	return entry;
}

static void digests_have_entries(void **state)
{
	struct rule list[] = {
		digest_rule(DIGEST_A, 5, ACTION_DENY),
		digest_rule(DIGEST_A, 5, ACTION_DENY),
		digest_rule(DIGEST_A, 5, ACTION_ALLOW),
		digest_rule(DIGEST_B, FILE_SIZE_MAX, ACTION_ALLOW),
		digest_rule(DIGEST_C, 0, ACTION_DENY), /* without a size: listed */
	};
	const struct gen_digest *entry;
	struct generation *gen;
	struct match match;

	list[1].vendor = "other";
	list[4].unenforced_why = "no size";
	gen = compile_ok(list, COUNT(list));
	assert_int_equal(gen->rule_count, 4);
	assert_int_equal(gen->unenforced_count, 1);
	assert_string_equal(gen->unenforced[0].why, "no size");
	entry = entry_of(gen, DIGEST_A);
	assert_int_equal(entry->deny, 1);
	assert_string_equal(gen->rules[0].vendor, "acme");
	assert_string_equal(gen->rules[entry->allow - 1].value, DIGEST_A);
	assert_int_equal(entry->size, 5);
	entry = entry_of(gen, DIGEST_B);
	assert_int_equal(entry->deny, 0);
	assert_int_not_equal(entry->allow, 0);
	assert_true(entry->size == FILE_SIZE_MAX);
	assert_null(digest_find(gen, DIGEST_C));
	assert_null(digest_find(gen, "sha256:00"));
	/* the size is no part of what a rule is */
	assert_string_equal(gen->rules[0].id, "acme/sensor/digest/dcf79998");
	match = match_digest(gen, DIGEST_A);
	assert_ptr_equal(match.rule, &gen->rules[0]);
	assert_non_null(match.allow);
	assert_null(match_digest(gen, DIGEST_C).rule);
	generation_free(gen);
}

static void sizes_must_agree(void **state)
{
	struct rule list[] = {digest_rule(DIGEST_A, 5, ACTION_DENY),
			      digest_rule(DIGEST_A, 6, ACTION_DENY)};
	struct rules rules = {.policy = "test", .list = list, .count = 2};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	for (unsigned round = 0; round < 3; round++) {
		list[0].place.line = round ? 40 : 20;
		list[1].place.line = 30;
		list[1].vendor = round ? "other" : "acme";
		list[1].action = round == 2 ? ACTION_ALLOW : ACTION_DENY;
		assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
		assert_null(gen);
		assert_int_equal(diags.count, 1);
		assert_int_equal(diags.list[0].line, round ? 40 : 30);
		assert_non_null(strstr(diags.list[0].message,
				       round ? "the size 5 here and 6 at policy.yaml:30"
					     : "the size 6 here and 5 at policy.yaml:20"));
		diagnostics_done(&diags);
	}
}

/* The kernel compares the first 22 bytes: two that share them are made up, and would be one entry. */
static void digests_that_begin_alike_are_refused(void **state)
{
	static const char alike[] =
		"sha256:00112233445566778899aabbccddeeff001122334455667788990000000000ff";
	struct rule list[] = {digest_rule(DIGEST_A, 5, ACTION_DENY),
			      digest_rule(alike, 5, ACTION_DENY)};
	struct rules rules = {.policy = "test", .list = list, .count = 2};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
	assert_int_equal(diags.errors, 1);
	assert_non_null(strstr(diags.list[0].message, "with the same 44 digits"));
	diagnostics_done(&diags);
	/* and what is asked is compared whole */
	gen = compile_ok(list, 1);
	assert_non_null(match_digest(gen, DIGEST_A).rule);
	assert_null(match_digest(gen, alike).rule);
	generation_free(gen);
}

static void what_cannot_be_compiled_is_refused(void **state)
{
	const struct rule wrong[] = {
		digest_rule("sha256:00", 5, ACTION_DENY),
		digest_rule(DIGEST_A "0", 5, ACTION_DENY),
		digest_rule("SHA256:00112233445566778899aabbccddeeff", 5, ACTION_DENY),
		digest_rule(DIGEST_A, FILE_SIZE_MAX + 1, ACTION_DENY),
		kind_rule(MATCHER_MODULE, "", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "**", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "a/b", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "a-b", ACTION_DENY),
		kind_rule(MATCHER_MODULE,
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			  ACTION_ALLOW),
		kind_rule(MATCHER_PACKAGE, "", ACTION_DENY),
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct rule list[] = {wrong[i]};
		struct rules rules = {.policy = "test", .list = list, .count = 1};
		struct diagnostics diags = {0};
		struct generation *gen = NULL;

		assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
		assert_int_equal(diags.errors, 1);
		diagnostics_done(&diags);
	}
}

static const char *value_of(const struct generation_rule *rule)
{
	return rule ? rule->value : "-";
}

static void modules_are_found_by_name(void **state)
{
	struct rule list[] = {
		kind_rule(MATCHER_MODULE, "acme", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "acme_*", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "*_acme_*", ACTION_DENY),
		kind_rule(MATCHER_MODULE, "acme_free", ACTION_ALLOW),
		/* paths are in another tree */
		kind_rule(MATCHER_PATH, "/acme_path", ACTION_DENY),
		kind_rule(MATCHER_PATH, "/**", ACTION_ALLOW),
	};
	static const char *const cases[][3] = {
		{"acme", "acme", "-"},
		{"acme_kmod", "acme_*", "-"},
		{"acme_free", "acme_*", "acme_free"},
		{"x_acme_y", "*_acme_*", "-"},
		{"acme_acme_y", "*_acme_*", "-"},
		{"acmex", "-", "-"},
		{"", "-", "-"},
		{"/acme", "-", "-"},
		{"acme_path", "acme_*", "-"},
		{"xacme", "-", "-"},
	};
	struct generation *gen = compile_ok(list, COUNT(list));
	char name[300];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct match match = match_module(gen, cases[i][0]);

		assert_string_equal(value_of(match.rule), cases[i][1]);
		assert_string_equal(value_of(match.allow), cases[i][2]);
	}
	/* no module has such a name, and none is made of it */
	memset(name, 'x', sizeof(name));
	memcpy(name, "acme_", 5);
	for (size_t bytes = 60; bytes < sizeof(name); bytes++) {
		name[bytes] = '\0';
		assert_int_equal(match_module(gen, name).rule != NULL, bytes < MODULE_NAME_BYTES);
		name[bytes] = 'x';
	}
	assert_null(match_path(gen, "/acme").rule);
	generation_free(gen);
}

static __u32 flags_of(const struct generation *gen, __u32 number)
{
	struct gen_key key = {.kind = GEN_RULE, .node = number};
	const union gen_value *value = generation_find(gen, &key);

	assert_non_null(value);
	return value->rule.flags;
}

static void strict_is_for_files(void **state)
{
	struct rule list[] = {
		strict(digest_rule(DIGEST_A, 5, ACTION_DENY)),
		strict(kind_rule(MATCHER_PATH, "/a", ACTION_DENY)),
		kind_rule(MATCHER_PATH, "/b", ACTION_DENY),
		strict(kind_rule(MATCHER_MODULE, "acme", ACTION_DENY)),
		strict(kind_rule(MATCHER_PACKAGE, "acme", ACTION_DENY)),
		strict(kind_rule(MATCHER_PACKAGE_VENDOR, "Acme", ACTION_DENY)),
		strict(kind_rule(MATCHER_PATH, "/c", ACTION_ALLOW)),
		strict(network_rule("32", 4, 10 << 24, 0, 32)),
	};
	static const bool expected[] = {true, true, false, false, true, true, false, false};
	struct generation *gen = compile_ok(list, COUNT(list));

	assert_int_equal(gen->rule_count, COUNT(list));
	for (size_t i = 0; i < COUNT(list); i++) {
		assert_string_equal(gen->rules[i].value, list[i].value);
		assert_int_equal(gen->rules[i].strict, expected[i]);
		assert_int_equal(flags_of(gen, (__u32)i + 1), expected[i] ? RULE_STRICT : 0);
	}
	assert_int_equal(gen->values[0].header.flags, GEN_FLAG_STRICT);
	generation_free(gen);
}

static void the_stricter_double_wins(void **state)
{
	struct rule list[] = {kind_rule(MATCHER_PATH, "/a", ACTION_DENY),
			      strict(kind_rule(MATCHER_PATH, "/a", ACTION_DENY)),
			      kind_rule(MATCHER_PATH, "/a", ACTION_DENY)};
	struct generation *gen = compile_ok(list, 3);

	assert_int_equal(gen->rule_count, 1);
	assert_int_equal(flags_of(gen, 1), RULE_STRICT);
	generation_free(gen);
}

static void interpreters_are_known_by_name(void **state)
{
	static const char *const are[] = {
		"/usr/bin/python3.11", "/bin/sh",         "/opt/x/perl",      "/usr/bin/node",
		"/usr/bin/mawk",       "/usr/bin/lua5.4", "/usr/bin/bash",    "/usr/bin/php8.2",
		"/usr/bin/ruby3.1",    "/usr/bin/java",   "/usr/bin/tclsh8.6"};
	static const char *const are_not[] = {"/usr/bin/sha256sum",
					      "/usr/bin/shred",
					      "/usr/bin/cp",
					      "/python3/x",
					      "/",
					      "sh",
					      "/usr/bin/bashful",
					      "/usr/sbin/nodes",
					      ""};
	struct rule list[] = {strict(kind_rule(MATCHER_PATH, "/a", ACTION_DENY)),
			      kind_rule(MATCHER_MODULE, "sh", ACTION_DENY)};
	struct generation *gen = compile_ok(list, 2);

	for (size_t i = 0; i < COUNT(are); i++)
		assert_true(match_interpreter(gen, are[i]));
	for (size_t i = 0; i < COUNT(are_not); i++)
		assert_false(match_interpreter(gen, are_not[i]));
	assert_null(match_path(gen, "/sh").rule);
	assert_null(match_module(gen, "bash").rule);
	generation_free(gen);

	list[0].strict = 0;
	gen = compile_ok(list, 2);
	for (size_t i = 0; i < COUNT(are); i++)
		assert_false(match_interpreter(gen, are[i]));
	assert_int_equal(gen->values[0].header.flags, 0);
	generation_free(gen);
}

/* As file names they are looked up whole, so none may have a '/' or be longer than one. */
static void interpreters_are_names(void **state)
{
	const char *name;

	for (size_t i = 0; (name = interpreter_pattern(i)); i++) {
		assert_null(strchr(name, '/'));
		assert_true(strlen(name) > 0 && strlen(name) < 32);
		assert_true(name[0] != '*');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(name, interpreter_pattern(j));
	}
}

static void no_roots_without_a_reason(void **state)
{
	struct rule list[] = {kind_rule(MATCHER_PATH, "/a", ACTION_DENY)};
	struct gen_key key = {.kind = GEN_ROOTS};
	struct generation *gen = compile_ok(list, 1);

	assert_null(generation_find(gen, &key));
	generation_free(gen);
	list[0].matcher = MATCHER_MODULE;
	list[0].value = "a";
	gen = compile_ok(list, 1);
	assert_non_null(generation_find(gen, &key));
	assert_int_equal(generation_find(gen, &key)->roots.interpreters, 0);
	assert_int_equal(gen->values[0].header.root, 0);
	generation_free(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_follow_the_kind),
		cmocka_unit_test(equal_ends_follow_the_kind),
		cmocka_unit_test(digests_have_entries),
		cmocka_unit_test(sizes_must_agree),
		cmocka_unit_test(digests_that_begin_alike_are_refused),
		cmocka_unit_test(what_cannot_be_compiled_is_refused),
		cmocka_unit_test(modules_are_found_by_name),
		cmocka_unit_test(strict_is_for_files),
		cmocka_unit_test(the_stricter_double_wins),
		cmocka_unit_test(interpreters_are_known_by_name),
		cmocka_unit_test(interpreters_are_names),
		cmocka_unit_test(no_roots_without_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
