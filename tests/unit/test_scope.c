/* SPDX-License-Identifier: MIT */
/*
 * test_scope.c - what a decision asks beside the rule, by the lines that the kernel runs: the scope, over its
 * truth table and over random lists of cgroups compared with plain matching; the end of an exception; the
 * requirements. What is expected is written from the design's words.
 */
#include "generation_walk.h"
#include "../../policy/match.h"
#include "../../policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define GEN_FIND(generation, key)     generation_find(generation, key)
#define COPY_NAME(to, bytes, address) memcpy(to, (const void *)(uintptr_t)(address), bytes)
#include "../../bpf/decide.h"

#define VALUE_BYTES 64
#define LIST        6

/* ---------------------------------------------------------------- scope */

static bool expected_scope(__u32 flags, bool user, bool only, bool excluded, bool container)
{
	bool in = !excluded;

	if (flags & SCOPE_ONLY_CGROUPS)
		in = in && only;
	if (flags & SCOPE_ONLY_USERS)
		in = in && user;
	if (flags & SCOPE_ONLY_CONTAINERS)
		in = in && container;
	if (flags & SCOPE_NO_CONTAINERS)
		in = in && !container;
	return in;
}

static void whole_truth_table(void **state)
{
	unsigned inside = 0;

	for (unsigned row = 0; row < 256; row++) {
		struct scope_facts facts = {.user = row >> 4 & 1, .covers = row >> 5};
		bool expected = expected_scope(row & SCOPE_FLAGS_ALL, facts.user, row >> 5 & 1,
					       row >> 6 & 1, row >> 7);

		assert_int_equal(scope_holds(row & SCOPE_FLAGS_ALL, &facts), expected);
		inside += expected;
	}
	assert_in_range(inside, 20, 100);
}

/* As scope.bpf.c reads it from kernfs: the leaf first, in at most WALK_STEPS_MAX steps. */
static void cgroup_walk(struct walk *walk, const char *path)
{
	const char *end = path + strlen(path);

	memset(walk, 0, sizeof(*walk));
	while (end > path + 1 && walk->depth < WALK_STEPS_MAX) {
		const char *slash = memrchr(path, '/', end - path), *name = slash + 1;
		__u32 slot = walk->depth & (PATH_COMPONENTS_MAX - 1);

		walk->hash[slot] = name_hash(name, end - name);
		walk->address[slot] = (uintptr_t)name;
		walk->bytes[slot] = end - name;
		walk->depth++;
		end = slash;
	}
	walk->root_depth = walk->depth;
	walk->failed = walk->depth >= WALK_STEPS_MAX; /* the root takes a step more */
}

static bool in_scope(const struct generation *gen, __u32 uid, const char *cgroup)
{
	struct path_match match;
	struct walk walk;

	struct match_subject subject = {.cgroup = cgroup, .uid = uid};
	bool in;

	memset(&match, 0xa5, sizeof(match)); /* scratch is never clean */
	cgroup_walk(&walk, cgroup);
	in = scope_decides((void *)gen, uid, &walk, &match);
	assert_int_equal(match_in_scope(gen, &subject), in);
	return in;
}

static int try_compile(const struct rule_scope *scope, struct diagnostics *diags,
		       struct generation **out_gen)
{
	struct rule list[] = {path_rule("/opt/x/**", ACTION_DENY, MODE_ENFORCE),
			      path_rule("**/name*", ACTION_DENY, MODE_AUDIT)};
	struct rules rules = {.policy = "test", .list = list, .count = 2, .scope = *scope};

	return rules_compile(&rules, diags, out_gen);
}

static struct generation *compile_scope(const struct rule_scope *scope)
{
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	assert_int_equal(try_compile(scope, &diags, &gen), 0);
	assert_int_equal(diags.count, 0);
	diagnostics_done(&diags);
	return gen;
}

static void lists_of_every_form(void **state)
{
	static const char *const only[] = {"/system.slice", "/user.slice/user-*.slice/*"};
	static const char *const exclude[] = {"/system.slice/*backup*", "/*/*/trusted.scope"};
	static const char *const containers[] = {"/system.slice/docker-*.scope", "/lxc.payload.*"};
	static const __u32 users[] = {1000, 0x01000000, 7, 1000};
	static const struct {
		const char *cgroup;
		bool only, container;
	} rows[] = {
		{"/", false, false},
		{"/system.slice", true, false},
		{"/system.slicer", false, false},
		{"/system.slice/a/b/c", true, false},
		{"/system.slice/my-backup.service", false, false},
		{"/system.slice/backup/below", false, false},
		{"/system.slice/x/trusted.scope/y", false, false},
		{"/system.slice/trusted.scope", true, false},
		{"/user.slice/user-0.slice", false, false},
		{"/user.slice/user-0.slice/session", true, false},
		{"/system.slice/docker-0.scope", true, true},
		{"/system.slice/docker-0.scope/init/x", true, true},
		{"/docker-0.scope", false, false},
		{"/system.slice/docker-0.scopes", true, false},
		{"/system.slice/a/docker-0.scope", true, false},
		{"/lxc.payload.web/system.slice", false, true},
		{"/a/lxc.payload.web", false, false},
	};
	struct rule_scope scope = {.only_cgroups = only,
				   .only_cgroup_count = 2,
				   .exclude_cgroups = exclude,
				   .exclude_cgroup_count = 2,
				   .container_cgroups = containers,
				   .container_cgroup_count = 2,
				   .users = users,
				   .user_count = 4};
	struct generation *named = compile_scope(&scope), *in_containers, *by_users;

	scope.only_cgroup_count = scope.exclude_cgroup_count = 0;
	scope.flags = SCOPE_ONLY_CONTAINERS;
	in_containers = compile_scope(&scope);
	scope.flags = SCOPE_ONLY_USERS;
	by_users = compile_scope(&scope);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (in_scope(named, 0, rows[i].cgroup) != rows[i].only ||
		    in_scope(in_containers, 0, rows[i].cgroup) != rows[i].container)
			fail_msg("%s", rows[i].cgroup);
		assert_true(in_scope(by_users, 1000, rows[i].cgroup));
	}
	assert_true(in_scope(by_users, 0x01000000, "/") && in_scope(by_users, 7, "/"));
	assert_false(in_scope(by_users, 1001, "/") || in_scope(by_users, 0, "/"));
	generation_free(named);
	generation_free(in_containers);
	generation_free(by_users);
}

/* Files are matched as if there were no cgroups, and the other way round. */
static void trees_do_not_mix(void **state)
{
	static const char *const only[] = {"/opt/cg", "/*/cgname"};
	struct rule_scope scope = {.only_cgroups = only, .only_cgroup_count = 2};
	struct generation *gen = compile_scope(&scope);

	assert_int_not_equal(walk_path(gen, "/opt/x/y").deny, 0);
	assert_int_not_equal(walk_path(gen, "/a/name1").deny, 0);
	assert_int_equal(walk_path(gen, "/opt/cg").deny, 0);
	assert_int_equal(walk_path(gen, "/a/cgname").deny, 0);
	assert_false(in_scope(gen, 0, "/opt/x/y"));
	assert_false(in_scope(gen, 0, "/name1"));
	assert_true(in_scope(gen, 0, "/opt/cg/y"));
	generation_free(gen);
}

/* A policy of findings only has no rule, but may have a scope. */
static void scope_without_rules(void **state)
{
	static const char *const exclude[] = {"/a"};
	struct rules rules = {.policy = "test",
			      .scope = {.exclude_cgroups = exclude, .exclude_cgroup_count = 1}};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	assert_false(in_scope(gen, 0, "/a/b"));
	assert_true(in_scope(gen, 0, "/b"));
	assert_int_equal(walk_path(gen, "/a").deny, 0);
	generation_free(gen);
}

static const char *deep_path(const char *top, unsigned depth)
{
	static char path[2 * WALK_STEPS_MAX + 40];
	char *at = stpcpy(path, top);

	for (unsigned i = 0; i < depth; i++)
		at = stpcpy(at, "/x");
	return path;
}

/* Depth alone takes nobody out of the scope. */
static void deep_cgroups(void **state)
{
	static const char *const only[] = {"/top"}, *const exclude[] = {"/free"};
	struct rule_scope named = {.only_cgroups = only, .only_cgroup_count = 1};
	struct rule_scope excluded = {.exclude_cgroups = exclude, .exclude_cgroup_count = 1};
	struct generation *by_name = compile_scope(&named), *but = compile_scope(&excluded);

	for (unsigned depth = 60; depth < WALK_STEPS_MAX + 10; depth++) {
		bool readable = depth + 1 < WALK_STEPS_MAX;

		assert_true(in_scope(by_name, 0, deep_path("/top", depth)));
		assert_int_equal(in_scope(by_name, 0, deep_path("/out", depth)), !readable);
		assert_true(in_scope(but, 0, deep_path("/out", depth)));
		assert_int_equal(in_scope(but, 0, deep_path("/free", depth)), !readable);
	}
	generation_free(by_name);
	generation_free(but);
}

/* Nor does a name that takes more steps than there are. */
static void long_names(void **state)
{
	static const char *const exclude[] = {"/a*/a*/a*c"};
	struct rule_scope scope = {.exclude_cgroups = exclude, .exclude_cgroup_count = 1};
	struct generation *gen = compile_scope(&scope);
	char path[3 * PATH_NAME_MAX + 1];

	for (unsigned bytes = 10; bytes < PATH_NAME_MAX; bytes += 80) {
		memset(path, 'a', sizeof(path));
		path[0] = path[bytes] = path[2 * bytes] = '/';
		strcpy(path + 3 * bytes - 1, "c");
		assert_int_equal(in_scope(gen, 0, path), 3 * bytes + 6 > MATCH_STEPS_MAX);
	}
	generation_free(gen);
}

static bool name_matches(const char *p, const char *p_end, const char *n, const char *n_end)
{
	if (p == p_end)
		return n == n_end;
	if (*p == '*')
		return name_matches(p + 1, p_end, n, n_end) ||
		       (n != n_end && name_matches(p, p_end, n + 1, n_end));
	return n != n_end && *p == *n && name_matches(p + 1, p_end, n + 1, n_end);
}

/* Does the pattern match the path or the beginning of it, up to a '/'? Both without the leading one. */
static bool covers(const char *pattern, const char *path)
{
	const char *p_end = strchrnul(pattern, '/'), *n_end = strchrnul(path, '/');

	if (!name_matches(pattern, p_end, path, n_end))
		return false;
	return !*p_end || (*n_end && covers(p_end + 1, n_end + 1));
}

static bool any_covers(const char *const *list, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (covers(list[i] + (list[i][0] == '/'), path + 1))
			return true;
	return false;
}

/* Few names, so that patterns and cgroups meet often. */
static void random_path(__u64 *seed, char *out, bool pattern)
{
	static const char *const names[] = {"a", "b", "ab", "abb", "a*", "*b", "*", "a*b*"};

	for (unsigned parts = 1 + random_below(seed, 4); parts > 0; parts--) {
		out = stpcpy(out, "/");
		out = stpcpy(out, names[random_below(seed, pattern ? 8 : 4)]);
	}
}

static void covers_as_plain_matching(void **state)
{
	static char values[SCOPE_LIST_MAX][LIST][VALUE_BYTES];
	const char *lists[SCOPE_LIST_MAX][LIST];
	unsigned inside = 0, pairs = 0;
	__u64 seed = 20261120;

	for (unsigned round = 0; round < 1500; round++) {
		size_t counts[SCOPE_LIST_MAX];
		struct rule_scope scope = {.flags = random_below(&seed, 3) << 2};
		struct generation *gen;

		for (unsigned list = 0; list < SCOPE_LIST_MAX; list++) {
			counts[list] = random_below(&seed, LIST + 1);
			for (unsigned i = 0; i < LIST; i++) {
				random_path(&seed, values[list][i], true);
				lists[list][i] = values[list][i];
			}
		}
		scope.only_cgroups = lists[SCOPE_LIST_ONLY];
		scope.only_cgroup_count = counts[SCOPE_LIST_ONLY];
		scope.exclude_cgroups = lists[SCOPE_LIST_EXCLUDED];
		scope.exclude_cgroup_count = counts[SCOPE_LIST_EXCLUDED];
		scope.container_cgroups = lists[SCOPE_LIST_CONTAINERS];
		scope.container_cgroup_count = counts[SCOPE_LIST_CONTAINERS];
		gen = compile_scope(&scope);
		for (unsigned i = 0; i < 100; i++, pairs++) {
			char path[VALUE_BYTES];
			bool in;

			random_path(&seed, path, false);
			in = expected_scope(scope.flags | (counts[0] ? SCOPE_ONLY_CGROUPS : 0),
					    true, any_covers(lists[0], counts[0], path),
					    any_covers(lists[1], counts[1], path),
					    any_covers(lists[2], counts[2], path));
			if (in_scope(gen, 0, path) != in)
				fail_msg("round %u: %s is %s scope", round, path,
					 in ? "in" : "not in");
			inside += in;
		}
		generation_free(gen);
	}
	assert_in_range(inside, pairs / 10, pairs * 9 / 10);
}

static void broken_scope_is_refused(void **state)
{
	static const char *const lists[][2] = {{"relative", "/ok"}, {"/a//b", "/a/**"}};
	struct rule_scope unknown = {.flags = SCOPE_FLAGS_ALL + 1};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	for (unsigned i = 0; i < 2; i++) {
		struct rule_scope scope = {.exclude_cgroups = lists[i], .exclude_cgroup_count = 2};

		assert_int_equal(try_compile(&scope, &diags, &gen), -EINVAL);
		assert_int_equal(diags.errors, 1 + i);
		diagnostics_done(&diags);
	}
	assert_int_equal(try_compile(&unknown, &diags, &gen), -EINVAL);
	assert_null(gen);
	diagnostics_done(&diags);
}

/* ---------------------------------------------------------------- the end of an exception */

static void time_is_known_or_not(void **state)
{
	const __u64 boot_ns = 500ull * 1000000000;
	const __s64 offset = 1700000000ll * 1000000000;

	assert_int_equal(now_seconds(boot_ns, offset), 1700000500);
	assert_int_equal(now_seconds(boot_ns + 999999999, offset), 1700000500);
	assert_int_equal(now_seconds(boot_ns, 0), 0);
	assert_int_equal(now_seconds(boot_ns, -offset), 0);
	assert_int_equal(now_seconds(~0ull, INT64_MAX), now_seconds(0, INT64_MAX - 1));
}

static void ends_with_its_second(void **state)
{
	static const struct {
		__u64 until_s, now_s;
		bool holds;
	} rows[] = {
		{0, 0, true},
		{0, UINT64_MAX, true},
		{1000, 0, true},
		{1000, 999, true},
		{1000, 1000, false},
		{1000, 1001, false},
		{UINT64_MAX, 1000, true},
		{1, 1, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rule list[] = {path_rule("/a", ACTION_ALLOW, MODE_NONE)};
		struct generation *gen;

		list[0].until_s = rows[i].until_s;
		gen = compile_ok(list, 1);
		assert_int_equal(allow_holds(gen, 1, rows[i].now_s), rows[i].holds);
		assert_int_equal(allow_holds(gen, 0, rows[i].now_s), 0);
		assert_int_equal(allow_holds(gen, 2, rows[i].now_s), 0);
		generation_free(gen);
	}
}

/* The number that the kernel keeps is that of the entry that lasts longest, however specific the others are. */
static void longest_of_those_that_match(void **state)
{
	static const char *const paths[] = {"/a/b/c", "/a/b/*", "/a/**", "**/c", "/a/b/c*"};
	static const __u8 bits[] = {32, 24, 16, 8, 30};
	__u64 seed = 5;

	for (unsigned round = 0; round < 500; round++) {
		struct rule list[10];
		char values[10][8];
		__u64 longest[2] = {0, 0};
		struct generation *gen;
		__u32 found[2];

		for (unsigned i = 0; i < 10; i++) {
			snprintf(values[i], sizeof(values[i]), "n%u", i);
			list[i] = i < 5 ? path_rule(paths[i], ACTION_ALLOW, MODE_NONE)
					: network_rule(values[i], 4, 10u << 24, 0, bits[i - 5]);
			list[i].action = ACTION_ALLOW;
			list[i].until_s =
				random_below(&seed, 8) ? 1 + random_below(&seed, 1000) : 0;
			if (list[i].until_s - 1 > longest[i / 5] - 1)
				longest[i / 5] = list[i].until_s; /* 0, for ever, is the greatest */
			else if (!longest[i / 5] && i % 5 == 0)
				longest[i / 5] = list[i].until_s;
		}
		gen = compile_ok(list, 10);
		found[0] = walk_path(gen, "/a/b/c").allow;
		found[1] = walk_network(gen, 4, 10u << 24, 0, 6, 80).allow;
		for (unsigned i = 0; i < 2; i++) {
			assert_in_range(found[i], 1, 10);
			assert_true(gen->rules[found[i] - 1].until_s == longest[i]);
		}
		generation_free(gen);
	}
}

static void the_later_of_two_ends_applies(void **state)
{
	static const __u64 ends[][2] = {{10, 20}, {20, 10}, {0, 10}, {10, 0}};

	for (unsigned i = 0; i < 4; i++) {
		struct rule list[] = {path_rule("/a", ACTION_ALLOW, MODE_NONE),
				      path_rule("/a", ACTION_ALLOW, MODE_NONE)};
		struct rules rules = {.policy = "test", .list = list, .count = 2};
		struct diagnostics diags = {0};
		struct generation *gen = NULL;
		unsigned later = i == 1 || i == 2 ? 0 : 1;

		list[0].until_s = ends[i][0];
		list[1].until_s = ends[i][1];
		list[0].place.line = 30;
		list[1].place.line = 40;
		assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
		assert_int_equal(gen->rule_count, 1);
		assert_true(gen->rules[0].until_s == ends[i][later]);
		assert_int_equal(gen->rules[0].line, list[later].place.line);
		assert_int_equal(diags.warnings, 1);
		assert_int_equal(diags.list[0].line, list[!later].place.line);
		generation_free(gen);
		diagnostics_done(&diags);
	}
}

/* ---------------------------------------------------------------- requirements */

static void requirements_by_generation(void **state)
{
	static const struct {
		__u64 generation, met[2];
		__u32 flags;
		bool unmet;
	} rows[] = {
		{7, {0, 0}, 0, false},
		{7, {0, 0}, GEN_FLAG_SCOPE, false},
		{7, {0, 0}, GEN_FLAG_REQUIRES, true},
		{7, {8, 9}, GEN_FLAG_REQUIRES | GEN_FLAG_SCOPE, true},
		{7, {7, 0}, GEN_FLAG_REQUIRES, false},
		{7, {0, 7}, GEN_FLAG_REQUIRES, false},
		{7, {7, 7}, GEN_FLAG_REQUIRES, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gen_header header = {.generation = rows[i].generation,
					    .flags = rows[i].flags};
		struct runtime runtime = {.met = {rows[i].met[0], rows[i].met[1]}};

		assert_int_equal(requirement_unmet(&header, &runtime), rows[i].unmet);
	}
}

/* Another requirement, or none, is another generation: one's host is not the other's. */
static void requirements_are_in_the_number(void **state)
{
	static const struct generation_requires kinds[] = {
		{0}, {.package = "x"}, {.unit = "x"}, {.exec_prevent = true}, {.package = "y"}};
	enum { KINDS = sizeof(kinds) / sizeof(*kinds) };
	__u64 numbers[KINDS];

	for (unsigned i = 0; i < KINDS; i++) {
		struct rules rules = {.policy = "test", .requires = kinds[i]};
		const struct gen_key key = {.kind = GEN_HEADER};
		struct diagnostics diags = {0};
		struct generation *gen = NULL;

		assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
		assert_int_equal(generation_find(gen, &key)->header.flags,
				 i ? GEN_FLAG_REQUIRES : 0);
		numbers[i] = gen->number;
		for (unsigned j = 0; j < i; j++)
			assert_true(numbers[j] != numbers[i]);
		generation_free(gen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_truth_table),
		cmocka_unit_test(lists_of_every_form),
		cmocka_unit_test(trees_do_not_mix),
		cmocka_unit_test(scope_without_rules),
		cmocka_unit_test(deep_cgroups),
		cmocka_unit_test(long_names),
		cmocka_unit_test(covers_as_plain_matching),
		cmocka_unit_test(broken_scope_is_refused),
		cmocka_unit_test(time_is_known_or_not),
		cmocka_unit_test(ends_with_its_second),
		cmocka_unit_test(longest_of_those_that_match),
		cmocka_unit_test(the_later_of_two_ends_applies),
		cmocka_unit_test(requirements_by_generation),
		cmocka_unit_test(requirements_are_in_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
