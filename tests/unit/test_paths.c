/* SPDX-License-Identifier: MIT */
/*
 * test_paths.c - the syntax of patterns, the limits, and the walk over a generation compared with plain
 * matching of every pattern, on random policies whose patterns collide as much as they can.
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

#define POLICIES    1500
#define RULES       24
#define PATHS       300
#define VALUE_BYTES 96

/* ---------------------------------------------------------------- syntax */

static void accepts_every_form(void **state)
{
	static const char *const patterns[] = {
		"/a",           "/opt/example/**", "/**",        "**/name", "/**/name",
		"/opt/**/na*e", "/opt/*/bin/x*y*", "/opt/a?b[c", "/...",    "/a**b",
		"/***",         "/opt/a b",
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		assert_null(path_pattern_check(patterns[i], NULL));
}

static void refuses_with_offset(void **state)
{
	static const struct {
		const char *pattern;
		size_t offset;
		const char *part; /* of the sentence */
	} rows[] = {
		{"", 0, "must begin"},     {"opt/x", 0, "must begin"},
		{"*/x", 0, "must begin"},  {"**", 0, "must begin"},
		{"/", 1, "end in '/'"},    {"/opt/", 5, "end in '/'"},
		{"/opt//x", 5, "empty"},   {"/./x", 1, "'.'"},
		{"/opt/../x", 5, "'..'"},  {"/a/**/b/c", 8, "only one"},
		{"/a/**/**", 6, "twice"},  {"/**/x/**", 6, "only one"},
		{"**/x/y", 5, "only one"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t offset = 99;
		const char *wrong = path_pattern_check(rows[i].pattern, &offset);

		assert_non_null(wrong);
		assert_non_null(strstr(wrong, rows[i].part));
		assert_int_equal(offset, rows[i].offset);
	}
}

static void limits_of_components(void **state)
{
	char longest[2 * PATH_COMPONENTS_MAX + 3], name[PATH_NAME_MAX + 3];

	for (size_t i = 0; i <= PATH_COMPONENTS_MAX; i++)
		memcpy(longest + 2 * i, "/x", 3);
	assert_non_null(path_pattern_check(longest, NULL));
	longest[2 * PATH_COMPONENTS_MAX] = '\0';
	assert_null(path_pattern_check(longest, NULL));
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_non_null(path_pattern_check(name, NULL));
	name[sizeof(name) - 2] = '\0';
	assert_null(path_pattern_check(name, NULL));
}

/* ---------------------------------------------------------------- plain matching, the reference */

static bool name_matches(const char *p, const char *p_end, const char *n, const char *n_end)
{
	if (p == p_end)
		return n == n_end;
	if (*p == '*')
		return name_matches(p + 1, p_end, n, n_end) ||
		       (n != n_end && name_matches(p, p_end, n + 1, n_end));
	return n != n_end && *p == *n && name_matches(p + 1, p_end, n + 1, n_end);
}

/* Both without the leading '/'. */
static bool parts_match(const char *pattern, const char *path)
{
	const char *p_end = strchrnul(pattern, '/'), *n_end = strchrnul(path, '/');

	if (p_end - pattern == 2 && !memcmp(pattern, "**", 2)) {
		const char *leaf = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

		return !*p_end || name_matches(p_end + 1, strchr(p_end, 0), leaf, strchr(leaf, 0));
	}
	if (!name_matches(pattern, p_end, path, n_end))
		return false;
	if (!*p_end || !*n_end)
		return !*p_end && !*n_end;
	return parts_match(p_end + 1, n_end + 1);
}

static bool pattern_matches(const char *pattern, const char *path)
{
	static const char *const twins[][2] = {
		{"/bin/", "/usr/bin/"},       {"/sbin/", "/usr/sbin/"},
		{"/sbin/", "/usr/bin/"},      {"/lib/", "/usr/lib/"},
		{"/lib32/", "/usr/lib32/"},   {"/lib64/", "/usr/lib64/"},
		{"/libx32/", "/usr/libx32/"}, {"/usr/sbin/", "/usr/bin/"},
		{"/var/run/", "/run/"},
	};
	char twin[VALUE_BYTES + 8];

	if (parts_match(pattern + (*pattern == '/'), path + 1))
		return true;
	for (size_t i = 0; i < sizeof(twins) / sizeof(*twins); i++) {
		size_t bytes = strlen(twins[i][0]);

		if (strncmp(pattern, twins[i][0], bytes))
			continue;
		snprintf(twin, sizeof(twin), "%s%s", twins[i][1], pattern + bytes);
		if (parts_match(twin + 1, path + 1))
			return true;
	}
	return false;
}

/* The documented order, spelled out: negative if @a is the more specific. */
static int specificity(const struct rule *a, const struct rule *b)
{
	int measure[2][4] = {{0}};

	for (unsigned i = 0; i < 2; i++) {
		const char *value = (i ? b : a)->value;

		measure[i][0] = strchr(value, '*') != NULL;
		for (const char *c = value + (*value == '/'); *c; c++) {
			if (c == value || c[-1] == '/') {
				if (!strncmp(c, "**/", 3) || !strcmp(c, "**"))
					measure[i][0] = 2;
				else if (measure[i][0] < 2 || c[strspn(c, "*")])
					measure[i][1]--;
			}
			measure[i][2] -= *c != '*' && *c != '/';
			measure[i][3] += *c == '*' && (c == value || c[-1] != '*') &&
					 !(measure[i][0] == 2 && c > value && c[-1] == '/' && !c[1]);
		}
	}
	for (unsigned i = 0; i < 4; i++)
		if (measure[0][i] != measure[1][i])
			return measure[0][i] - measure[1][i];
	return (b->target == MODE_ENFORCE) - (a->target == MODE_ENFORCE);
}

static void random_component(__u64 *seed, char *text, bool stars)
{
	static const char *const places[] = {"bin", "usr", "sbin", "lib", "var", "run"};
	unsigned bytes = 1 + random_below(seed, 3);

	if (!random_below(seed, 5)) {
		strcpy(text, places[random_below(seed, 6)]);
		return;
	}
	for (unsigned i = 0; i < bytes; i++)
		text[i] = stars && !random_below(seed, 3) ? '*' : "ab"[random_below(seed, 2)];
	text[bytes] = '\0';
	if (!strcmp(text, "**") || !strcmp(text, "***")) /* the reference takes "**" for itself */
		strcpy(text, "*");
}

static void random_pattern(__u64 *seed, char *text)
{
	unsigned components = random_below(seed, 4), form = random_below(seed, 5);
	char part[8];

	*text = '\0';
	for (unsigned i = 0; i < components; i++) {
		random_component(seed, part, random_below(seed, 3) == 0);
		strcat(strcat(text, "/"), part);
	}
	if (form < 3 && components)
		return;
	strcat(text, "/**");
	if (form == 3)
		return;
	random_component(seed, part, random_below(seed, 2) == 0);
	strcat(strcat(text, "/"), part);
	if (!components && random_below(seed, 2))
		memmove(text, text + 1, strlen(text));
}

static void random_path(__u64 *seed, char *text)
{
	unsigned components = 1 + random_below(seed, 5);
	char part[8];

	*text = '\0';
	for (unsigned i = 0; i < components; i++) {
		random_component(seed, part, false);
		strcat(strcat(text, "/"), part);
	}
}

static const struct rule *best_match(const struct rule *list, size_t count, const char *path,
				     bool allow)
{
	const struct rule *best = NULL;

	for (size_t i = 0; i < count; i++)
		if ((list[i].action == ACTION_ALLOW) == allow &&
		    pattern_matches(list[i].value, path) &&
		    (!best || specificity(&list[i], best) < 0))
			best = &list[i];
	return best;
}

static void check(const struct generation *gen, __u32 number, const struct rule *expected,
		  const char *path)
{
	const struct generation_rule *found = number ? &gen->rules[number - 1] : NULL;
	struct rule as_rule;

	if (!found != !expected)
		print_error("%s: found %s, expected %s\n", path, found ? found->value : "nothing",
			    expected ? expected->value : "nothing");
	assert_int_equal(!found, !expected);
	if (!found)
		return;
	/* several rules may be equally specific; then their ids decide, which is not compared here */
	as_rule = path_rule(found->value, found->action, found->target);
	if (!pattern_matches(found->value, path) || specificity(&as_rule, expected))
		print_error("%s: found %s, expected %s\n", path, found->value, expected->value);
	assert_true(pattern_matches(found->value, path));
	assert_int_equal(specificity(&as_rule, expected), 0);
}

static size_t random_rules(__u64 *seed, struct rule *list, char (*values)[VALUE_BYTES])
{
	size_t count = 1 + random_below(seed, RULES);

	for (size_t i = 0; i < count; i++) {
		random_pattern(seed, values[i]);
		list[i] = path_rule(values[i], random_below(seed, 4) ? ACTION_DENY : ACTION_ALLOW,
				    MODE_AUDIT);
		if (random_below(seed, 2))
			list[i].target = MODE_ENFORCE;
		/* the same fact twice is another test's business */
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(values[i], values[j])) {
				i--;
				count--;
				break;
			}
		}
	}
	return count;
}

static void walk_equals_plain_matching(void **state)
{
	char values[RULES][VALUE_BYTES], path[VALUE_BYTES];
	size_t matches = 0, pairs = 0;
	struct rule list[RULES];
	__u64 seed = 20261120;

	for (unsigned p = 0; p < POLICIES; p++) {
		size_t count = random_rules(&seed, list, values);
		struct generation *gen = compile_ok(list, count);

		assert_int_equal(gen->rule_count, count);
		for (unsigned i = 0; i < PATHS; i++) {
			struct walk_result result;

			random_path(&seed, path);
			result = walk_path(gen, path);
			check(gen, result.deny, best_match(list, count, path, false), path);
			check(gen, result.allow, best_match(list, count, path, true), path);
			matches += result.deny || result.allow;
			pairs++;
		}
		generation_free(gen);
	}
	print_message("%zu pairs, %zu matches\n", pairs, matches);
	assert_in_range(matches, pairs / 10, pairs); /* else this would test nothing */
}

/* Names with every byte that a file name can have, and stars around long ones. */
static void globs_take_any_bytes(void **state)
{
	struct rule list[] = {
		path_rule("/d/x*y", ACTION_DENY, MODE_ENFORCE),
		path_rule("/d/*\xff*", ACTION_DENY, MODE_ENFORCE),
		path_rule("/d/*", ACTION_DENY, MODE_ENFORCE),
		path_rule("/d/*.so.*", ACTION_DENY, MODE_ENFORCE),
	};
	struct generation *gen = compile_ok(list, 4);
	char path[300];

	for (unsigned byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		snprintf(path, sizeof(path), "/d/x%cy", byte);
		assert_string_equal(gen->rules[walk_path(gen, path).deny - 1].value, "/d/x*y");
		snprintf(path, sizeof(path), "/d/%c", byte);
		assert_string_equal(gen->rules[walk_path(gen, path).deny - 1].value,
				    byte == 0xff ? "/d/*\xff*" : "/d/*");
	}
	assert_string_equal(gen->rules[walk_path(gen, "/d/lib.so.1").deny - 1].value, "/d/*.so.*");
	assert_string_equal(gen->rules[walk_path(gen, "/d/lib.so").deny - 1].value, "/d/*");
	assert_int_equal(walk_path(gen, "/d").deny, 0);
	assert_int_equal(walk_path(gen, "/d/a/b").deny, 0);
	generation_free(gen);
}

/* Patterns that need more states than the format has are refused with a place, and soon. */
static void too_many_states_are_a_diagnostic(void **state)
{
	enum { COUNT = 24 };
	char values[COUNT][32];
	struct rule list[COUNT];
	struct rules rules = {.policy = "test", .list = list, .count = COUNT};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(values[i], sizeof(values[i]), "/d/*%c%c*", 'a' + i, 'b' + i);
		list[i] = path_rule(values[i], ACTION_DENY, MODE_ENFORCE);
		list[i].place.line = 100 + i;
	}
	assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
	assert_null(gen);
	assert_int_equal(diags.errors, 1);
	assert_in_range(diags.list[0].line, 100, 100 + COUNT);
	assert_non_null(strstr(diags.list[0].message, "states"));
	diagnostics_done(&diags);
}

static void bad_pattern_is_a_diagnostic(void **state)
{
	struct rule list[] = {path_rule("/a/../b", ACTION_DENY, MODE_ENFORCE),
			      path_rule("x", ACTION_DENY, MODE_ENFORCE)};
	struct rules rules = {.policy = "test", .list = list, .count = 2};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	assert_int_equal(rules_compile(&rules, &diags, &gen), -EINVAL);
	assert_int_equal(diags.errors, 2);
	diagnostics_done(&diags);
}

/* The hash is a format: these numbers are in no way to change without EMBARGO_ABI. */
static void name_hash_is_the_format(void **state)
{
	__u64 word = 0;

	memcpy(&word, "abc", 3);
	assert_true(name_hash("abc", 3) == hash_word(HASH_START ^ 3, word));
	assert_true(name_hash("", 0) == HASH_START);
	assert_true(name_hash("abcdefgh", 8) == hash_word(HASH_START ^ 8, 0x6867666564636261ull));
	assert_true(name_hash("abcdefghi", 9) ==
		    hash_word(hash_word(HASH_START ^ 9, 0x6867666564636261ull), 'i'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_form),
		cmocka_unit_test(refuses_with_offset),
		cmocka_unit_test(limits_of_components),
		cmocka_unit_test(name_hash_is_the_format),
		cmocka_unit_test(globs_take_any_bytes),
		cmocka_unit_test(walk_equals_plain_matching),
		cmocka_unit_test(too_many_states_are_a_diagnostic),
		cmocka_unit_test(bad_pattern_is_a_diagnostic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
