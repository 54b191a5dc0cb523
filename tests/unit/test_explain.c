/* SPDX-License-Identifier: MIT */
/*
 * test_explain.c - from a rule back to the line and the fact that it comes from, everything that matches a
 * thing, and what people mean by one word.
 */
#include "front.h"
#include "../../policy/explain.h"
#include "../../policy/question.h"

/* in parentheses: several lines are one text */
static const char *const vendors[] = {
	"kind: Vendor\nid: holding\nname: Holding\n",
	("kind: Vendor\nid: maker\nname: Maker Inc.\nparent: holding\nproducts:\n"
	 "  - {id: sensor, name: Sensor, confidence: documented, sources: [a leaflet],\n"
	 "     paths: [/opt/maker/**, {value: /opt/maker/bin/*, sources: [a guide]},\n"
	 "       /opt/maker/bin/sensor, {value: /opt/rumour, confidence: unverified}],\n"
	 "     networks: [{cidr: 192.0.2.0/24, ports: [443]}, {cidr: 192.0.2.7, ports: [53], protocol: udp},\n"
	 "       198.51.100.0/24], domains: ['*.maker.example', api.maker.example], units: [sensor.service]}\n"
	 "  - {id: old, name: Old, class: legacy, paths: [/opt/old/**]}\n"
	 "  - {id: free, name: Free, class: open-source, paths: [/usr/bin/free-tool]}\n"),
	("kind: Vendor\nid: daughter\nname: Daughter\nparent: maker\nproducts:\n"
	 "  - {id: agent, name: Agent, packages: [agent], paths: [/opt/agent]}\n"),
};

static const char text[] =
	"kind: Policy\nname: p\nrevision: 1\nmode: audit\n"   /* 1 to 4 */
	"embargo:\n"                                          /* 5 */
	"  - {vendor: holding, subsidiaries: true}\n"         /* 6 */
	"  - {vendor: maker, mode: enforce}\n"                /* 7 */
	"  - {vendor: maker, products: [old], mode: audit}\n" /* 8 */
	"  - {name: own, mode: enforce, paths: [/opt/*/bin/*, /srv/x]}\n"
	"allow:\n"                                                          /* 10 */
	"  - {path: /opt/maker/bin/sensor, reason: r, until: 2027-03-31}\n" /* 11 */
	"  - {product: maker/old, reason: s}\n";                            /* 12 */

struct fixture {
	struct diagnostics diags;
	struct catalog *catalog;
	struct policy *policy;
	struct generation *generation;
	struct arena arena;
	struct question question;
	struct problem problem;
	struct explanation explanation;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->catalog = catalog_new();
	for (size_t i = 0; i < sizeof(vendors) / sizeof(*vendors); i++)
		assert_int_equal(catalog_add(fixture->catalog,
					     front_tree("v", vendors[i], &fixture->diags), 0,
					     &fixture->diags),
				 0);
	catalog_finish(fixture->catalog, &fixture->diags);
	assert_int_equal(policy_read(front_tree("p", text, &fixture->diags), fixture->catalog, NULL,
				     &fixture->diags, &fixture->policy),
			 0);
	assert_int_equal(policy_compile(fixture->policy, &fixture->diags, &fixture->generation), 0);
	front_expect(&fixture->diags, "");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	generation_free(fixture->generation);
	policy_free(fixture->policy);
	catalog_free(fixture->catalog);
	diagnostics_done(&fixture->diags);
	arena_done(&fixture->arena);
	free(fixture);
	return 0;
}

static int ask(struct fixture *fixture, const char *what)
{
	return question_read(what, fixture->policy, fixture->generation, &fixture->arena,
			     &fixture->question, &fixture->problem);
}

static const struct explanation *explain(struct fixture *fixture, const char *what, __s64 now_s)
{
	assert_int_equal(ask(fixture, what), 0);
	assert_int_equal(fixture->question.kind, QUESTION_THING);
	assert_int_equal(explain_thing(fixture->policy, fixture->generation,
				       &fixture->question.thing, now_s, &fixture->explanation),
			 0);
	return &fixture->explanation;
}

static void every_rule_has_an_origin(void **state)
{
	const struct fixture *fixture = *state;
	const struct generation *generation = fixture->generation;

	for (size_t i = 0; i < generation->rule_count + generation->unenforced_count; i++) {
		bool listed = i >= generation->rule_count;
		const struct generation_rule *rule =
			listed ? &generation->unenforced[i - generation->rule_count]
			       : &generation->rules[i];
		struct origin origin = origin_find(fixture->policy, generation, rule);

		assert_int_equal(origin.enforced, !listed);
		assert_non_null(origin.fact);
		if (rule->action == ACTION_ALLOW) {
			assert_non_null(origin.allow);
			assert_string_equal(origin.allow->reason.text, rule->reason);
			continue;
		}
		assert_non_null(origin.line);
		assert_string_equal(origin.fact->value, rule->value);
		/* the line that is named is the one that gave the rule its mode */
		if (rule->target_held_by != HELD_BY_CONFIDENCE)
			assert_int_equal(rule->target, origin.line->mode ?: fixture->policy->mode);
	}
}

static void the_narrowest_line_is_named(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(explain(fixture, "/opt/old/x", 1)->rule.place.line, 8);
	assert_int_equal(fixture->explanation.rule.rank, 0);
	assert_int_equal(explain(fixture, "/opt/maker/x", 1)->rule.place.line, 7);
	assert_int_equal(fixture->explanation.rule.rank, 1);
	assert_int_equal(explain(fixture, "/opt/agent", 1)->rule.place.line, 6);
	assert_int_equal(fixture->explanation.rule.rank, 3);
	assert_int_equal(explain(fixture, "/srv/x", 1)->rule.place.line, 9);
	assert_null(fixture->explanation.rule.product);
}

static void everything_that_matches_is_named_in_order(void **state)
{
	struct fixture *fixture = *state;
	const struct explanation *explanation = explain(fixture, "/opt/maker/bin/sensor", 1);

	assert_string_equal(explanation->rule.rule->value, "/opt/maker/bin/sensor");
	assert_int_equal(explanation->other_count, 3);
	assert_string_equal(explanation->others[0].rule->value, "/opt/maker/bin/*");
	assert_string_equal(explanation->others[0].fact->sources->text, "a guide");
	assert_string_equal(explanation->others[1].rule->value, "/opt/*/bin/*");
	assert_string_equal(explanation->others[2].rule->value, "/opt/maker/**");
	assert_null(explanation->others[2].fact->sources);
	assert_string_equal(explanation->others[2].product->sources.first->text, "a leaflet");
	assert_int_equal(explanation->elsewhere_count, 0);
	explanation = explain(fixture, "api.maker.example", 1);
	assert_int_equal(explanation->answer.outcome, OUTCOME_DENY);
	assert_int_equal(explanation->other_count, 1);
	assert_string_equal(explanation->others[0].rule->value, "*.maker.example");
}

static void exceptions_win_until_they_are_over(void **state)
{
	struct fixture *fixture = *state;
	const struct explanation *explanation =
		explain(fixture, "/opt/maker/bin/sensor", 1806537599);

	assert_int_equal(explanation->answer.outcome, OUTCOME_ALLOW);
	assert_int_equal(explanation->allow.place.line, 11);
	explanation = explain(fixture, "/opt/maker/bin/sensor", 1806537600);
	assert_int_equal(explanation->answer.outcome, OUTCOME_DENY);
	assert_int_equal(explanation->allow.place.line, 11);
	explanation = explain(fixture, "/opt/old/x", 1806537600);
	assert_int_equal(explanation->answer.outcome, OUTCOME_ALLOW);
	assert_int_equal(explanation->allow.place.line, 12);
	assert_string_equal(explanation->allow.allow->product.text, "maker/old");
}

static void other_ports_are_told(void **state)
{
	struct fixture *fixture = *state;
	const struct explanation *explanation = explain(fixture, "192.0.2.7:443", 1);

	assert_string_equal(explanation->rule.rule->value, "192.0.2.0/24 443");
	assert_int_equal(explanation->other_count, 0);
	assert_int_equal(explanation->elsewhere_count, 1);
	assert_string_equal(explanation->elsewhere[0].rule->value, "192.0.2.7/32 udp 53");
	explanation = explain(fixture, "192.0.2.8:80", 1);
	assert_int_equal(explanation->answer.outcome, OUTCOME_NONE);
	assert_int_equal(explanation->elsewhere_count, 1);
}

static void what_only_the_catalogue_knows_is_told(void **state)
{
	struct fixture *fixture = *state;
	const struct explanation *explanation = explain(fixture, "/usr/bin/free-tool", 1);

	assert_int_equal(explanation->answer.outcome, OUTCOME_NONE);
	assert_non_null(explanation->known);
	assert_string_equal(explanation->known->id.text, "free");
	assert_string_equal(explanation->known_fact->value, "/usr/bin/free-tool");
	explanation = explain(fixture, "/usr/bin/other", 1);
	assert_null(explanation->known);
}

static void products_are_counted(void **state)
{
	const struct fixture *fixture = *state;
	const struct vendor *maker = catalog_find(fixture->catalog, "maker");
	struct explained_product one =
		explain_product(fixture->policy, vendor_find_product(maker, "sensor"));

	assert_int_equal(one.reach->rank, 1);
	assert_int_equal(one.enforce, 8);
	assert_int_equal(one.audit, 1);
	assert_int_equal(one.weak, 1);
	assert_int_equal(one.listed, 0);
	assert_int_equal(one.finding, 1);
	assert_null(one.allow);
	one = explain_product(fixture->policy, vendor_find_product(maker, "old"));
	assert_int_equal(one.reach->rank, 0);
	assert_string_equal(one.allow->reason.text, "s");
	one = explain_product(fixture->policy, vendor_find_product(maker, "free"));
	assert_null(one.reach);
}

static void words_are_understood(void **state)
{
	static const struct {
		const char *text;
		int err;
		enum question_kind kind;
		const char *problem;
	} cases[] = {
		{"/opt/x", 0, QUESTION_THING, NULL},
		{"192.0.2.1", 0, QUESTION_THING, NULL},
		{"[2001:db8::1]:53/udp", 0, QUESTION_THING, NULL},
		{"2001:db8::1", 0, QUESTION_THING, NULL},
		{"api.example.com", 0, QUESTION_THING, NULL},
		{"package:acme", 0, QUESTION_THING, NULL},
		{"load:/opt/x.so", 0, QUESTION_THING, NULL},
		{"maker", 0, QUESTION_VENDOR, NULL},
		{"maker/sensor", 0, QUESTION_PRODUCT, NULL},
		{"own", 0, QUESTION_LINE, NULL},
		{"own/-", 0, QUESTION_LINE, NULL},
		{"maker/sensr", -ENOENT, 0, "did you mean 'sensor'"},
		{"maker/sensor/path/01234567", -ENOENT, 0, "no rule 'maker/sensor/path/01234567'"},
		{"makr", -EINVAL, 0, "did you mean 'maker'"},
		{"onw", -EINVAL, 0, "did you mean 'own'"},
		{"acme", -EINVAL, 0, "'package:acme'"},
		{"package:acme-*", -EINVAL, 0, "is a pattern"},
		{"300.0.2.1", -EINVAL, 0, "is no address"},
		{"", -EINVAL, 0, "is no path"},
		{"/", -EINVAL, 0, "names no file"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int err = ask(fixture, cases[i].text);

		if (err != cases[i].err)
			fail_msg("%s: %d, %s", cases[i].text, err, fixture->problem.text);
		if (!err)
			assert_int_equal(fixture->question.kind, cases[i].kind);
		else if (!strstr(fixture->problem.text, cases[i].problem))
			fail_msg("%s: %s", cases[i].text, fixture->problem.text);
	}
	for (size_t i = 0; i < fixture->generation->rule_count; i++) {
		assert_int_equal(ask(fixture, fixture->generation->rules[i].id), 0);
		assert_int_equal(fixture->question.kind, QUESTION_RULE);
		assert_string_equal(fixture->question.rule->id, fixture->generation->rules[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_rule_has_an_origin, setup, teardown),
		cmocka_unit_test_setup_teardown(the_narrowest_line_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(everything_that_matches_is_named_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(exceptions_win_until_they_are_over, setup,
						teardown),
		cmocka_unit_test_setup_teardown(other_ports_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_only_the_catalogue_knows_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(products_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(words_are_understood, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
