/* SPDX-License-Identifier: MIT */
/*
 * test_match.c - what a generation answers about paths, addresses and texts, and what is decided about it.
 * That paths and networks match as they should at large is the business of test_paths.c and
 * test_networks.c; here are the borders of the interface.
 */
#include "generation_walk.h"
#include "../../policy/match.h"
#include "../../policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof(*(list)))

static const char *value_of(const struct generation_rule *rule)
{
	return rule ? rule->value : "-";
}

static void check_match(struct match match, const char *deny, const char *allow, int line)
{
	if (match.undecided || strcmp(value_of(match.rule), deny) ||
	    strcmp(value_of(match.allow), allow))
		fail_msg("line %d: rule %s, allow %s%s", line, value_of(match.rule),
			 value_of(match.allow), match.undecided ? ", undecided" : "");
}

#define assert_match(match, deny, allow) check_match(match, deny, allow, __LINE__)

/* ---------------------------------------------------------------- paths and addresses */

static void paths_name_their_rules(void **state)
{
	struct rule list[] = {
		path_rule("/opt/acme/**", ACTION_DENY, MODE_ENFORCE),
		path_rule("/opt/acme/bin/tool", ACTION_DENY, MODE_AUDIT),
		path_rule("/opt/acme/bin/*", ACTION_ALLOW, MODE_NONE),
		path_rule("/srv/free", ACTION_ALLOW, MODE_NONE),
	};
	struct generation *gen = compile_ok(list, LENGTH(list));

	assert_match(match_path(gen, "/opt/acme/x"), "/opt/acme/**", "-");
	assert_match(match_path(gen, "/opt/acme/bin/tool"), "/opt/acme/bin/tool",
		     "/opt/acme/bin/*");
	assert_match(match_path(gen, "/opt/acme"), "-", "-");
	assert_match(match_path(gen, "/srv/free"), "-", "/srv/free");
	/* what is no path of a file */
	assert_match(match_path(gen, "/"), "-", "-");
	assert_match(match_path(gen, ""), "-", "-");
	assert_match(match_path(gen, "memfd:x"), "-", "-");
	generation_free(gen);
}

static void paths_too_deep_are_undecided(void **state)
{
	enum { KERNEL_STEPS = 256 }; /* README, "Honest limits" */
	struct rule list[] = {path_rule("/x/**", ACTION_DENY, MODE_ENFORCE)};
	struct generation *gen = compile_ok(list, 1);
	char deep[2 * KERNEL_STEPS + 1], name[PATH_NAME_MAX + 5] = "/x/";
	struct match match;

	for (size_t i = 0; i < KERNEL_STEPS; i++)
		memcpy(deep + 2 * i, "/x", 3);
	match = match_path(gen, deep);
	assert_true(match.undecided);
	assert_null(match.rule);
	deep[2 * KERNEL_STEPS - 2] = '\0';
	assert_match(match_path(gen, deep), "/x/**", "-");

	memset(name + 3, 'n', PATH_NAME_MAX);
	assert_match(match_path(gen, name), "/x/**", "-");
	name[3 + PATH_NAME_MAX] = 'n';
	assert_true(match_path(gen, name).undecided);
	assert_true(match_path(gen, "/x//y").undecided);
	generation_free(gen);
}

static void no_rules_match_nothing(void **state)
{
	struct generation *gen = compile_ok(NULL, 0);
	struct match_index *index = NULL;

	assert_match(match_path(gen, "/opt/acme/x"), "-", "-");
	assert_match(match_address(gen, 4, 10u << 24, 0, 6, 80), "-", "-");
	assert_int_equal(match_index_new(gen, &index), 0);
	assert_match(match_text(index, MATCHER_PACKAGE, "acme"), "-", "-");
	assert_match(match_text(index, MATCHER_DOMAIN, "acme.example"), "-", "-");
	match_index_free(index);
	match_index_free(NULL);
	generation_free(gen);
}

static void addresses_name_their_rules(void **state)
{
	struct rule list[] = {
		network_rule("10.0.0.0/8", 4, 10u << 24, 0, 8),
		network_rule("10.1.0.0/16 tcp 443", 4, 10u << 24 | 1 << 16, 0, 16),
		network_rule("allow 10.1.0.0/16", 4, 10u << 24 | 1 << 16, 0, 16),
		network_rule("2001:db8::/32", 6, 0x20010db8ull << 32, 0, 32),
	};
	struct generation *gen;
	__u64 inner = 10u << 24 | 1 << 16 | 7;

	list[1].network.port_count = 1;
	list[1].network.port_first[0] = list[1].network.port_last[0] = 443;
	list[1].network.protocol = PROTOCOL_TCP;
	list[2].action = ACTION_ALLOW;
	gen = compile_ok(list, LENGTH(list));
	assert_match(match_address(gen, 4, inner, 0, 6, 443), "10.1.0.0/16 tcp 443",
		     "allow 10.1.0.0/16");
	assert_match(match_address(gen, 4, inner, 0, 17, 443), "10.0.0.0/8", "allow 10.1.0.0/16");
	assert_match(match_address(gen, 4, inner, 0, 6, 80), "10.0.0.0/8", "allow 10.1.0.0/16");
	assert_match(match_address(gen, 4, 10u << 24, 0, 6, 443), "10.0.0.0/8", "-");
	assert_match(match_address(gen, 4, 11u << 24, 0, 6, 443), "-", "-");
	assert_match(match_address(gen, 6, 0x20010db8ull << 32, 1, 6, 443), "2001:db8::/32", "-");
	assert_match(match_address(gen, 6, 10u << 24, 0, 6, 443), "-", "-");
	assert_match(match_address(gen, 0, 10u << 24, 0, 6, 443), "-", "-");
	generation_free(gen);
}

/* ---------------------------------------------------------------- decisions */

static void decisions_follow_the_order_of_the_design(void **state)
{
	struct rule list[] = {
		path_rule("/enforce", ACTION_DENY, MODE_ENFORCE),
		path_rule("/audit", ACTION_DENY, MODE_AUDIT),
		path_rule("/weak", ACTION_DENY, MODE_AUDIT),
		path_rule("/allowed", ACTION_DENY, MODE_ENFORCE),
		path_rule("/allowed", ACTION_ALLOW, MODE_NONE),
	};
	const struct match_subject nobody = {0};
	static const struct {
		const char *path;
		struct match_subject subject;
		unsigned verdict, mode, held_by, let_through;
	} cases[] = {
		{"/enforce", {0}, VERDICT_DENY, MODE_ENFORCE, HELD_BY_NOTHING, LET_THROUGH_NOT},
		{"/audit", {0}, VERDICT_ALLOW, MODE_AUDIT, HELD_BY_POLICY, LET_THROUGH_NOT},
		{"/weak", {0}, VERDICT_ALLOW, MODE_AUDIT, HELD_BY_CONFIDENCE, LET_THROUGH_NOT},
		{"/allowed",
		 {0},
		 VERDICT_ALLOW,
		 MODE_ENFORCE,
		 HELD_BY_NOTHING,
		 LET_THROUGH_ALLOWED},
		{"/other", {0}, VERDICT_ALLOW, MODE_NONE, HELD_BY_NOTHING, LET_THROUGH_NOT},
		{"/enforce",
		 {.capped = true},
		 VERDICT_ALLOW,
		 MODE_AUDIT,
		 HELD_BY_CAP,
		 LET_THROUGH_NOT},
		{"/enforce",
		 {.paused = true},
		 VERDICT_ALLOW,
		 MODE_AUDIT,
		 HELD_BY_PAUSE,
		 LET_THROUGH_NOT},
		{"/enforce", {.breaker_open = true}, VERDICT_ALLOW, MODE_AUDIT, HELD_BY_BREAKER, 0},
		{"/enforce",
		 {.requirement_unmet = true},
		 VERDICT_ALLOW,
		 MODE_AUDIT,
		 HELD_BY_REQUIREMENT,
		 0},
		{"/enforce", {.stage_held = true}, VERDICT_ALLOW, MODE_AUDIT, HELD_BY_STAGE, 0},
		{"/allowed",
		 {.paused = true},
		 VERDICT_ALLOW,
		 MODE_AUDIT,
		 HELD_BY_PAUSE,
		 LET_THROUGH_ALLOWED},
	};
	struct generation *gen;

	list[2].target_held_by = HELD_BY_CONFIDENCE;
	gen = compile_ok(list, LENGTH(list));
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct match match = match_path(gen, cases[i].path);
		struct match_decision made = match_decide(gen, &match, &cases[i].subject);

		assert_true(made.in_scope);
		assert_ptr_equal(made.match.rule, match.rule);
		assert_int_equal(made.verdict, cases[i].verdict);
		assert_int_equal(made.mode, cases[i].mode);
		assert_int_equal(made.held_by, cases[i].held_by);
		assert_int_equal(made.let_through, cases[i].let_through);
	}
	assert_true(match_in_scope(gen, &nobody));
	generation_free(gen);
}

static void scope_and_time_are_asked(void **state)
{
	static const char *const only[] = {"/a.slice"}, *const excluded[] = {
								"/a.slice/not.service"};
	static const __u32 users[] = {7};
	static const struct {
		struct match_subject subject;
		bool in_scope;
		unsigned verdict, let_through;
	} cases[] = {
		{{.cgroup = "/a.slice/x.service", .uid = 7},
		 true,
		 VERDICT_ALLOW,
		 LET_THROUGH_ALLOWED},
		{{.cgroup = "/a.slice/x.service", .uid = 7, .now_s = 99},
		 true,
		 VERDICT_ALLOW,
		 LET_THROUGH_ALLOWED},
		{{.cgroup = "/a.slice/x.service", .uid = 7, .now_s = 100},
		 true,
		 VERDICT_DENY,
		 LET_THROUGH_NOT},
		{{.cgroup = "/a.slice", .uid = 7, .now_s = 100},
		 true,
		 VERDICT_DENY,
		 LET_THROUGH_NOT},
		{{.cgroup = "/a.slice/x.service", .uid = 8, .now_s = 100},
		 false,
		 VERDICT_ALLOW,
		 LET_THROUGH_NOT},
		{{.cgroup = "/a.slice/not.service/y", .uid = 7, .now_s = 100},
		 false,
		 VERDICT_ALLOW,
		 LET_THROUGH_NOT},
		{{.cgroup = "/b.slice", .uid = 7, .now_s = 100},
		 false,
		 VERDICT_ALLOW,
		 LET_THROUGH_NOT},
		{{.uid = 7, .now_s = 100}, false, VERDICT_ALLOW, LET_THROUGH_NOT},
		{{.anyone = true, .now_s = 100}, true, VERDICT_DENY, LET_THROUGH_NOT},
	};
	struct rule list[] = {path_rule("/x", ACTION_DENY, MODE_ENFORCE),
			      path_rule("/x", ACTION_ALLOW, MODE_NONE)};
	struct rules rules = {.policy = "test",
			      .list = list,
			      .count = 2,
			      .scope = {.only_cgroups = only,
					.only_cgroup_count = 1,
					.exclude_cgroups = excluded,
					.exclude_cgroup_count = 1,
					.users = users,
					.user_count = 1,
					.flags = SCOPE_ONLY_CGROUPS | SCOPE_ONLY_USERS}};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;
	struct match match;

	list[1].until_s = 100;
	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	match = match_path(gen, "/x");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct match_decision made = match_decide(gen, &match, &cases[i].subject);

		if (made.in_scope != cases[i].in_scope || made.verdict != cases[i].verdict ||
		    made.let_through != cases[i].let_through)
			fail_msg("case %zu: in scope %d, verdict %d, let through %d", i,
				 made.in_scope, made.verdict, made.let_through);
	}
	generation_free(gen);
}

/* ---------------------------------------------------------------- texts */

static struct rule text_rule(unsigned matcher, const char *value, unsigned action)
{
	struct rule rule = path_rule(value, action, MODE_ENFORCE);

	rule.matcher = matcher;
	rule.unenforced_why = matcher_is_finding(matcher) ? "" : "not by this version";
	return rule;
}

static void texts_prefer_the_most_specific(void **state)
{
	struct rule list[] = {
		text_rule(MATCHER_PACKAGE, "acme-sensor", ACTION_DENY),
		text_rule(MATCHER_PACKAGE, "acme-*", ACTION_DENY),
		text_rule(MATCHER_PACKAGE, "acme-sensor-*", ACTION_DENY),
		text_rule(MATCHER_PACKAGE, "*-doc", ACTION_ALLOW),
		text_rule(MATCHER_PACKAGE_VENDOR, "Acme? Inc*", ACTION_DENY),
		text_rule(MATCHER_MODULE, "acme_*", ACTION_DENY),
		text_rule(MATCHER_IMAGE, "registry.example.com/acme*", ACTION_DENY),
		text_rule(MATCHER_UNIT, "acme.service", ACTION_DENY),
		text_rule(MATCHER_DIGEST, "sha256:a*", ACTION_DENY),
	};
	struct generation *gen = compile_ok(list, LENGTH(list));
	struct match_index *index = NULL;

	assert_int_equal(match_index_new(gen, &index), 0);
	assert_match(match_text(index, MATCHER_PACKAGE, "acme-sensor"), "acme-sensor", "-");
	assert_match(match_text(index, MATCHER_PACKAGE, "acme-sensor-2"), "acme-sensor-*", "-");
	assert_match(match_text(index, MATCHER_PACKAGE, "acme-tools"), "acme-*", "-");
	assert_match(match_text(index, MATCHER_PACKAGE, "acme-doc"), "acme-*", "*-doc");
	assert_match(match_text(index, MATCHER_PACKAGE, "xacme-doc"), "-", "*-doc");
	assert_match(match_text(index, MATCHER_PACKAGE, "acme"), "-", "-");
	assert_match(match_text(index, MATCHER_PACKAGE, ""), "-", "-");
	assert_match(match_text(index, MATCHER_PACKAGE_VENDOR, "Acme, Inc. <a@acme.example>"),
		     "Acme? Inc*", "-");
	assert_match(match_text(index, MATCHER_PACKAGE_VENDOR, "Acmeé Inc"), "Acme? Inc*", "-");
	assert_match(match_text(index, MATCHER_PACKAGE_VENDOR, "Acme Inc"), "-", "-");
	assert_match(match_text(index, MATCHER_MODULE, "acme_kmod"), "acme_*", "-");
	assert_match(match_text(index, MATCHER_IMAGE, "registry.example.com/acme/sensor:7"),
		     "registry.example.com/acme*", "-");
	assert_match(match_text(index, MATCHER_UNIT, "acme.service"), "acme.service", "-");
	/* each kind for itself, and '*' is no wildcard in a digest */
	assert_match(match_text(index, MATCHER_UNIT, "acme-sensor"), "-", "-");
	assert_match(match_text(index, MATCHER_DIGEST, "sha256:ab"), "-", "-");
	assert_match(match_text(index, MATCHER_DIGEST, "sha256:a*"), "sha256:a*", "-");
	assert_match(match_text(index, MATCHER_PATH, "acme-sensor"), "-", "-");
	assert_match(match_text(index, MATCHER_MAX, "acme-sensor"), "-", "-");
	match_index_free(index);
	generation_free(gen);
}

/* By the entries of the kernel, and by the index of texts. */
static void assert_domain(const struct generation *gen, const struct match_index *index,
			  const char *name, const char *rule, const char *allow)
{
	assert_match(match_domain(gen, name), rule, allow);
	assert_match(match_text(index, MATCHER_DOMAIN, name), rule, allow);
}

static void domains_cover_what_is_below(void **state)
{
	struct rule list[] = {
		text_rule(MATCHER_DOMAIN, "acme.example", ACTION_DENY),
		text_rule(MATCHER_DOMAIN, "*.acme.example", ACTION_DENY),
		text_rule(MATCHER_DOMAIN, "*.cloud.acme.example", ACTION_DENY),
		text_rule(MATCHER_DOMAIN, "*.other.example", ACTION_DENY),
		text_rule(MATCHER_DOMAIN, "free.cloud.acme.example", ACTION_ALLOW),
	};
	struct match_index *index = NULL;
	struct generation *gen;
	char longest[300];

	for (size_t i = 0; i < LENGTH(list); i++)
		list[i].unenforced_why = NULL;
	gen = compile_ok(list, LENGTH(list));
	assert_int_equal(match_index_new(gen, &index), 0);
	assert_domain(gen, index, "acme.example", "acme.example", "-");
	assert_domain(gen, index, "www.acme.example", "*.acme.example", "-");
	assert_domain(gen, index, "a.b.c.acme.example", "*.acme.example", "-");
	assert_domain(gen, index, "cloud.acme.example", "*.acme.example", "-");
	assert_domain(gen, index, "free.cloud.acme.example", "*.cloud.acme.example",
		      "free.cloud.acme.example");
	assert_domain(gen, index, "notacme.example", "-", "-");
	assert_domain(gen, index, "other.example", "-", "-");
	assert_match(match_text(index, MATCHER_DOMAIN, ".other.example"), "-", "-");
	/* a name that no name can be is no reason to write anywhere */
	memset(longest, 'x', sizeof(longest));
	longest[3] = '.';
	strcpy(longest + sizeof(longest) - 14, ".acme.example");
	assert_match(match_text(index, MATCHER_DOMAIN, longest), "*.acme.example", "-");
	assert_match(match_domain(gen, longest), "-", "-");
	match_index_free(index);
	generation_free(gen);
}

static void exceptions_of_texts_last_as_long_as_any(void **state)
{
	struct rule list[] = {
		text_rule(MATCHER_DOMAIN, "*.acme.example", ACTION_DENY),
		text_rule(MATCHER_DOMAIN, "api.acme.example", ACTION_ALLOW),
		text_rule(MATCHER_DOMAIN, "*.acme.example", ACTION_ALLOW),
		text_rule(MATCHER_PACKAGE, "acme-sensor", ACTION_DENY),
		text_rule(MATCHER_PACKAGE, "acme-sensor", ACTION_ALLOW),
		text_rule(MATCHER_PACKAGE, "acme-*", ACTION_ALLOW),
		text_rule(MATCHER_PACKAGE, "*-sensor", ACTION_ALLOW),
	};
	struct match_subject subject = {.now_s = 150};
	struct match_index *index = NULL;
	struct generation *gen;
	struct match match;

	list[1].until_s = 100;
	list[2].until_s = 200;
	list[4].until_s = 300;
	list[5].until_s = 100;
	list[6].until_s = 0;
	gen = compile_ok(list, LENGTH(list));
	assert_int_equal(match_index_new(gen, &index), 0);
	match = match_text(index, MATCHER_DOMAIN, "api.acme.example");
	check_match(match, "*.acme.example", "*.acme.example", __LINE__);
	assert_int_equal(match_decide(gen, &match, &subject).let_through, LET_THROUGH_ALLOWED);
	subject.now_s = 200;
	assert_int_equal(match_decide(gen, &match, &subject).let_through, LET_THROUGH_NOT);
	check_match(match_text(index, MATCHER_PACKAGE, "acme-sensor"), "acme-sensor", "*-sensor",
		    __LINE__);
	check_match(match_text(index, MATCHER_PACKAGE, "acme-x"), "-", "acme-*", __LINE__);
	match_index_free(index);
	generation_free(gen);
}

static void what_is_not_enforced_decides_nothing(void **state)
{
	const struct match_subject subject = {0};
	struct rule list[] = {text_rule(MATCHER_PACKAGE, "acme-sensor", ACTION_DENY),
			      path_rule("/opt/acme", ACTION_DENY, MODE_ENFORCE)};
	struct generation *gen = compile_ok(list, LENGTH(list));
	struct match_index *index = NULL;
	struct match_decision made;
	struct match match;

	assert_int_equal(match_index_new(gen, &index), 0);
	match = match_text(index, MATCHER_PACKAGE, "acme-sensor");
	assert_non_null(match.rule);
	assert_false(match_is_enforced(gen, match.rule));
	made = match_decide(gen, &match, &subject);
	assert_int_equal(made.verdict, VERDICT_ALLOW);
	assert_int_equal(made.mode, MODE_NONE);
	match = match_path(gen, "/opt/acme");
	assert_true(match_is_enforced(gen, match.rule));
	assert_false(match_is_enforced(gen, NULL));
	match_index_free(index);
	generation_free(gen);
}

/* Every value of a large list is found, whatever the table of exact values looks like. */
static void many_texts_are_all_found(void **state)
{
	enum { COUNT = 5000 };
	struct rule *list = calloc(COUNT, sizeof(*list));
	char(*values)[24] = calloc(COUNT, sizeof(*values));
	struct match_index *index = NULL;
	struct generation *gen;

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(values[i], sizeof(values[i]), i % 10 ? "package-%u" : "wild-%u-*", i);
		list[i] = text_rule(i % 3 ? MATCHER_PACKAGE : MATCHER_UNIT, values[i], ACTION_DENY);
	}
	gen = compile_ok(list, COUNT);
	assert_int_equal(match_index_new(gen, &index), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		unsigned matcher = i % 3 ? MATCHER_PACKAGE : MATCHER_UNIT;
		char text[24];

		snprintf(text, sizeof(text), i % 10 ? "package-%u" : "wild-%u-x", i);
		assert_match(match_text(index, matcher, text), values[i], "-");
		assert_match(match_text(index, MATCHER_MODULE, text), "-", "-");
	}
	match_index_free(index);
	generation_free(gen);
	free(values);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_name_their_rules),
		cmocka_unit_test(paths_too_deep_are_undecided),
		cmocka_unit_test(no_rules_match_nothing),
		cmocka_unit_test(addresses_name_their_rules),
		cmocka_unit_test(decisions_follow_the_order_of_the_design),
		cmocka_unit_test(scope_and_time_are_asked),
		cmocka_unit_test(texts_prefer_the_most_specific),
		cmocka_unit_test(domains_cover_what_is_below),
		cmocka_unit_test(exceptions_of_texts_last_as_long_as_any),
		cmocka_unit_test(what_is_not_enforced_decides_nothing),
		cmocka_unit_test(many_texts_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
