/* SPDX-License-Identifier: MIT */
/*
 * test_diff.c - what counts as a change between two policies and what does not, and what two policies make of
 * one thing.
 */
#include "front.h"
#include "../../policy/diff.h"

static const char vendor[] =
	"kind: Vendor\nid: maker\nname: Maker Inc.\nproducts:\n"
	"  - {id: sensor, name: Sensor, confidence: documented, paths: [/opt/maker/**, {value: /opt/rumour, confidence: unverified}],\n"
	"     domains: ['*.maker.example'], units: [sensor.service]}\n"
	"  - {id: old, name: Old, class: legacy, paths: [/opt/old/**]}\n";

#define HEAD "kind: Policy\nname: p\nrevision: 1\n"

struct side {
	struct catalog *catalog;
	struct policy *policy;
	struct generation *generation;
	struct match_index *index;
};

static struct side side_of(const char *text)
{
	struct diagnostics diags = {0};
	struct side side = {.catalog = catalog_new()};
	int err;

	assert_int_equal(catalog_add(side.catalog, front_tree("v", vendor, &diags), 0, &diags), 0);
	catalog_finish(side.catalog, &diags);
	err = policy_read(front_tree("p", text, &diags), side.catalog, NULL, &diags, &side.policy);
	if (err)
		fail_msg("%s", front_report(&diags));
	assert_int_equal(policy_compile(side.policy, &diags, &side.generation), 0);
	assert_int_equal(match_index_new(side.generation, &side.index), 0);
	diagnostics_done(&diags);
	return side;
}

static void side_done(struct side *side)
{
	match_index_free(side->index);
	generation_free(side->generation);
	policy_free(side->policy);
	catalog_free(side->catalog);
}

/* As text: one line a setting, one line a rule. */
static char *diff_text(const char *before_text, const char *after_text)
{
	struct side before = side_of(before_text), after = side_of(after_text);
	const struct diff_side a = {before.policy, before.generation},
			       b = {after.policy, after.generation};
	struct policy_diff diff;
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_int_equal(policy_diff_make(&a, &b, &diff), 0);
	for (size_t i = 0; i < diff.setting_count; i++)
		fprintf(out, "%s: '%s' '%s'\n", setting_word(diff.settings[i].setting),
			diff.settings[i].before, diff.settings[i].after);
	for (size_t i = 0; i < diff.rule_count; i++) {
		const struct diff_rule *rule = &diff.rules[i];

		fprintf(out, "%s%s %s %s %u\n", rule->before ? "-" : "", rule->after ? "+" : "",
			matcher_word(diff_rule_of(rule)->matcher), diff_rule_of(rule)->value,
			rule->differs);
	}
	fprintf(out, "%zu %zu %zu, %zu same\n", diff.enforced.added, diff.enforced.removed,
		diff.enforced.changed, diff.same);
	fclose(out);
	assert_int_equal(policy_diff_empty(&diff), !diff.setting_count && !diff.rule_count);
	policy_diff_done(&diff);
	side_done(&before);
	side_done(&after);
	return text;
}

static void expect_diff(const char *before, const char *after, const char *expected)
{
	char *text = diff_text(before, after);

	assert_string_equal(text, expected);
	free(text);
}

static void places_do_not_matter(void **state)
{
	expect_diff(HEAD "mode: audit\nembargo: [{vendor: maker}]\n",
		    HEAD "mode: audit\n\n\nembargo:\n\n  - {vendor: maker}\n", "0 0 0, 4 same\n");
	/* named or meant is the same, as long as the same is reached */
	expect_diff(HEAD "mode: audit\nembargo: [{vendor: maker}]\n",
		    HEAD "mode: audit\nembargo: [{vendor: maker, products: [old, sensor]}]\n",
		    "0 0 0, 4 same\n");
}

static void rules_come_go_and_change(void **state)
{
	/* a fact for finding has no mode */
	expect_diff(HEAD "mode: audit\nembargo: [{vendor: maker, products: [sensor]}]\n",
		    HEAD "mode: enforce\nembargo: [{vendor: maker, products: [sensor]}]\n",
		    "mode: 'audit' 'enforce'\n"
		    "-+ domain *.maker.example 3\n"
		    "-+ path /opt/maker/** 3\n"
		    "0 0 2, 1 same\n");
	expect_diff(HEAD "mode: audit\nembargo: [{vendor: maker, products: [sensor]}]\n",
		    HEAD "mode: audit\nembargo: [{vendor: maker, products: [old]}]\n",
		    "+ path /opt/old/** 0\n"
		    "- domain *.maker.example 0\n"
		    "- path /opt/maker/** 0\n"
		    "- path /opt/rumour 0\n"
		    "- unit sensor.service 0\n"
		    "1 3 0, 0 same\n");
	expect_diff(
		HEAD
		"mode: enforce\nembargo: [{vendor: maker, products: [old]}, {name: own, paths: [/x]}]\n",
		HEAD "mode: enforce\nmin-confidence: documented\n"
		     "embargo: [{vendor: maker, products: [old]}, {name: own, paths: [/x]}]\n",
		"min-confidence: 'seen' 'documented'\n"
		"-+ path /opt/old/** 3\n"
		"0 0 1, 1 same\n");
}

static void exceptions_are_compared(void **state)
{
	expect_diff(
		HEAD
		"mode: audit\nembargo: [{vendor: maker, products: [old]}]\n"
		"allow: [{path: /opt/old/a, reason: r}, {path: /opt/old/b, reason: r, until: 2027-03-31},\n"
		"        {path: /opt/old/c, reason: r}]\n",
		HEAD
		"mode: audit\nembargo: [{vendor: maker, products: [old]}]\n"
		"allow: [{path: /opt/old/a, reason: s}, {path: /opt/old/b, reason: r, until: 2027-04-30},\n"
		"        {path: /opt/old/d, reason: r}]\n",
		"-+ path /opt/old/a 16\n"
		"-+ path /opt/old/b 8\n"
		"+ path /opt/old/d 0\n"
		"- path /opt/old/c 0\n"
		"0 0 0, 1 same\n");
}

static void every_setting_is_compared(void **state)
{
	expect_diff(
		HEAD "mode: audit\nembargo: []\n",
		"kind: Policy\nname: q\nrevision: 2\nmode: enforce\nmin-confidence: documented\n"
		"embargo: [{name: own, paths: [/x], scripts: strict}]\n"
		"scope: {only-cgroups: [/a.slice, /b.slice], exclude-cgroups: [/c.slice], users: [7, 8], containers: none}\n"
		"requires: {package: replacement, unit: r.service, exec: prevent}\n"
		"internal: [10.0.0.0/8, 127.0.0.0/8]\nnames: {no-name: allow, quic: deny}\nrunning: terminate\n"
		"accept-risk: [own/-/path/b3d1db31]\n",
		"name: 'p' 'q'\n"
		"revision: '1' '2'\n"
		"mode: 'audit' 'enforce'\n"
		"min-confidence: 'seen' 'documented'\n"
		"scope: '' 'only the cgroups /a.slice, /b.slice; not the cgroups /c.slice; no containers; only the users 7, 8'\n"
		"requires: '' 'the package replacement is installed; r.service runs; exec is prevented, not only killed'\n"
		"internal: '' '10.0.0.0/8; 127.0.0.0/8'\n"
		"names: '' 'no-name: allow; quic: deny'\n"
		"running: '' 'terminate'\n"
		"scripts: strict: '' 'own'\n"
		"accept-risk: '' 'own/-/path/b3d1db31'\n"
		"+ path /x 0\n"
		"1 0 0, 0 same\n");
	for (unsigned i = 0; i < SETTING_MAX; i++)
		assert_non_null(setting_word(i));
	assert_null(setting_word(SETTING_MAX));
}

static void one_thing_is_decided_twice(void **state)
{
	struct side a = side_of(HEAD "mode: audit\nembargo: [{vendor: maker}]\n");
	struct side b =
		side_of(HEAD "mode: enforce\nembargo: [{vendor: maker, products: [sensor]}]\n"
			     "allow: [{path: /opt/maker/ok, reason: r}]\n");
	const struct diff_asker before = {a.generation, a.index}, after = {b.generation, b.index};
	const struct match_subject subject = {0};
	static const struct {
		const char *kind, *text;
		enum outcome before, after;
	} cases[] = {
		{"exec", "/opt/maker/x", OUTCOME_AUDIT, OUTCOME_DENY},
		{"exec", "/opt/maker/ok", OUTCOME_AUDIT, OUTCOME_ALLOW},
		{"exec", "/opt/old/x", OUTCOME_AUDIT, OUTCOME_NONE},
		{"exec", "/opt/rumour", OUTCOME_AUDIT, OUTCOME_AUDIT},
		{"exec", "/opt/other", OUTCOME_NONE, OUTCOME_NONE},
		{"domain", "x.maker.example", OUTCOME_AUDIT, OUTCOME_DENY},
		{"domain", "maker.example", OUTCOME_NONE, OUTCOME_NONE},
	};
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct problem problem;
		struct thing thing;
		struct diff_answer answer;

		assert_int_equal(thing_read(thing_kind(cases[i].kind, strlen(cases[i].kind)),
					    cases[i].text, &arena, &thing, &problem),
				 0);
		answer = diff_ask(&before, &after, &thing, &subject);
		assert_int_equal(answer.before.outcome, cases[i].before);
		assert_int_equal(answer.after.outcome, cases[i].after);
		assert_int_equal(answer.differs, cases[i].before != cases[i].after);
	}
	arena_done(&arena);
	side_done(&a);
	side_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_do_not_matter),
		cmocka_unit_test(rules_come_go_and_change),
		cmocka_unit_test(exceptions_are_compared),
		cmocka_unit_test(every_setting_is_compared),
		cmocka_unit_test(one_thing_is_decided_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
