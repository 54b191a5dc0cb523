/* SPDX-License-Identifier: MIT */
/*
 * test_cases.c - the tests of a policy: what is read from a document, and when a case passes. What is refused
 * is in tests/golden/refused.
 */
#include "front.h"
#include "generation_walk.h"
#include "../../policy/cases.h"

static int user_id(void *context, const char *name, __u32 *out_uid)
{
	if (strcmp(name, "backup"))
		return -ENOENT;
	*out_uid = 34;
	return 0;
}

static const struct policy_host host = {.user_id = user_id};

static struct cases *read_cases(const char *text)
{
	struct diagnostics diags = {0};
	struct cases *cases = NULL;
	int err = cases_read(front_tree("cases.yaml", text, &diags), &host, &diags, &cases);

	front_expect(&diags, "");
	assert_int_equal(err, 0);
	return cases;
}

static void everything_is_read(void **state)
{
	struct cases *cases = read_cases(
		"kind: Cases\n"
		"cases:\n"
		"  - name: the tools\n"
		"    exec: [/usr/bin/a, /usr/bin/b]\n"
		"    as: {cgroup: /a.slice, user: backup, date: 2027-03-31, paused: true,\n"
		"         audit-only: true, requires-met: false, labels: {role: x}}\n"
		"    expect: audit\n"
		"    held-by: cap\n"
		"    rule: acme/sensor\n"
		"  - connect: {address: '2001:db8::1', port: 53, protocol: udp}\n"
		"    as: {user: 7}\n"
		"    expect: none\n");
	const struct policy_case *one = cases->first;

	assert_int_equal(cases->count, 3);
	assert_string_equal(one->name, "the tools");
	assert_string_equal(one->thing.text, "/usr/bin/a");
	assert_int_equal(one->place.line, 4);
	assert_int_equal(one->place.column, 12);
	assert_string_equal(one->as.subject.cgroup, "/a.slice");
	assert_int_equal(one->as.subject.uid, 34);
	assert_int_equal(one->as.subject.now_s, 1806451200);
	assert_true(one->as.subject.paused);
	assert_true(one->as.subject.capped);
	assert_true(one->as.subject.requirement_unmet);
	assert_non_null(one->as.labels);
	assert_int_equal(one->expect, OUTCOME_AUDIT);
	assert_int_equal(one->held_by, HELD_BY_CAP);
	assert_string_equal(one->rule, "acme/sensor");
	one = one->next;
	assert_string_equal(one->thing.text, "/usr/bin/b");
	assert_string_equal(one->name, "the tools");
	one = one->next;
	assert_null(one->name);
	assert_int_equal(one->thing.family, 6);
	assert_int_equal(one->thing.port, 53);
	assert_int_equal(one->thing.protocol, PROTOCOL_UDP);
	assert_int_equal(one->as.subject.uid, 7);
	assert_false(one->as.subject.requirement_unmet);
	assert_null(one->next);
	cases_free(cases);
}

static void the_documents_as_holds_for_all(void **state)
{
	struct cases *cases = read_cases("kind: Cases\n"
					 "cases:\n"
					 "  - {exec: /a, expect: deny}\n"
					 "  - {exec: /a, expect: audit, as: {paused: true}}\n"
					 "as: {date: 2027-03-31, user: 7}\n");
	const struct policy_case *one = cases->first;

	assert_int_equal(one->as.subject.now_s, 1806451200);
	assert_false(one->as.subject.paused);
	assert_int_equal(one->next->as.subject.uid, 7);
	assert_true(one->next->as.subject.paused);
	cases_free(cases);
}

static void users_must_be_known(void **state)
{
	struct diagnostics diags = {0};
	struct cases *cases = NULL;

	assert_int_equal(
		cases_read(
			front_tree("c",
				   "kind: Cases\n"
				   "cases: [{exec: /a, expect: deny, as: {user: nobody-here}}]\n",
				   &diags),
			&host, &diags, &cases),
		-EINVAL);
	front_expect(
		&diags,
		"c:2:45: error: the user 'nobody-here' is not known here; write the number of the user\n");
}

/* Every word of an expectation against what the policy does. */
static void cases_are_judged(void **state)
{
	static const struct {
		const char *text;
		bool passed;
	} table[] = {
		{"{exec: /deny, expect: deny}", true},
		{"{exec: /deny, expect: audit}", false},
		{"{exec: /deny, expect: deny, rule: acme/sensor}", true},
		{"{exec: /deny, expect: deny, rule: acme}", true},
		{"{exec: /deny, expect: deny, rule: acm}", false},
		{"{exec: /deny, expect: deny, rule: acme/sensor/path}", true},
		{"{exec: /deny, expect: deny, rule: acme/other}", false},
		{"{exec: /deny, expect: audit, as: {paused: true}}", true},
		{"{exec: /deny, expect: audit, held-by: pause, as: {paused: true}}", true},
		{"{exec: /deny, expect: audit, held-by: cap, as: {paused: true}}", false},
		{"{exec: /deny, expect: audit, held-by: cap, as: {audit-only: true}}", true},
		{"{exec: /deny, expect: audit, held-by: requirement, as: {requires-met: false}}",
		 true},
		{"{exec: /allowed, expect: allow, as: {date: 2027-03-31}}", true},
		{"{exec: /allowed, expect: allow, rule: acme/sensor, as: {date: 2027-03-31}}",
		 true},
		{"{exec: /allowed, expect: allow, rule: allow/-/path, as: {date: 2027-03-31}}",
		 true},
		{"{exec: /other, expect: none}", true},
		{"{exec: /other, expect: deny}", false},
		{"{exec: /other, expect: deny, rule: acme}", false},
		{"{load: /deny, expect: deny}", true},
		{"{package: acme, expect: not-enforced, rule: acme/sensor}", true},
		{"{package: other, expect: none}", true},
	};
	struct rule list[] = {
		path_rule("/deny", ACTION_DENY, MODE_ENFORCE),
		path_rule("/allowed", ACTION_DENY, MODE_ENFORCE),
		path_rule("/allowed", ACTION_ALLOW, MODE_NONE),
		path_rule("acme", ACTION_DENY, MODE_ENFORCE),
	};
	struct match_index *index = NULL;
	struct generation *generation;

	list[3].matcher = MATCHER_PACKAGE;
	list[3].unenforced_why = "not by this version";
	generation = compile_ok(list, sizeof(list) / sizeof(*list));
	assert_int_equal(match_index_new(generation, &index), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[256];
		struct cases *cases;
		struct case_result result;

		snprintf(text, sizeof(text), "kind: Cases\ncases:\n  - %s\n", table[i].text);
		cases = read_cases(text);
		result = case_judge(cases->first, generation, index, 1);
		if (result.passed != table[i].passed)
			fail_msg("%s: got %s by %s", table[i].text,
				 outcome_word(result.answer.outcome), result.rule ?: "nothing");
		assert_int_equal(result.passed,
				 result.outcome_good && result.held_by_good && result.rule_good);
		cases_free(cases);
	}
	match_index_free(index);
	generation_free(generation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(the_documents_as_holds_for_all),
		cmocka_unit_test(users_must_be_known),
		cmocka_unit_test(cases_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
