/* SPDX-License-Identifier: MIT */
#include "front.h"

/* in parentheses: several lines are one text */
static const char *const vendors[] = {
	"kind: Vendor\nid: holding\nname: Holding\n",
	("kind: Vendor\nid: maker\nname: Maker Inc.\nparent: holding\nproducts:\n"
	 "  - {id: sensor, name: Sensor, confidence: documented, paths: [/opt/sensor/**, {value: /opt/rumour, confidence: unverified}],\n"
	 "     networks: [192.0.2.0/24], domains: ['*.maker.example'], units: [sensor.service]}\n"
	 "  - {id: old, name: Old, class: legacy, paths: [{value: /opt/old, confidence: seen}]}\n"
	 "  - {id: free, name: Free, class: open-source, paths: [/usr/bin/free-tool]}\n"),
	("kind: Vendor\nid: daughter\nname: Daughter\nparent: maker\nproducts:\n"
	 "  - {id: agent, name: Agent, packages: [agent], paths: [/opt/agent]}\n"),
	"kind: Vendor\nid: unknown\nname: Unknown\n",
};

struct fixture {
	struct diagnostics diags;
	struct catalog *catalog;
	struct policy *policy;
	int err;
};

static void setup(struct fixture *fixture, const char *text)
{
	*fixture = (struct fixture){.catalog = catalog_new()};
	assert_non_null(fixture->catalog);
	for (size_t i = 0; i < sizeof(vendors) / sizeof(*vendors); i++)
		assert_int_equal(catalog_add(fixture->catalog,
					     front_tree("v", vendors[i], &fixture->diags), 0,
					     &fixture->diags),
				 0);
	catalog_finish(fixture->catalog, &fixture->diags);
	assert_int_equal(fixture->diags.count, 0);
	fixture->err = policy_read(front_tree("p", text, &fixture->diags), fixture->catalog, NULL,
				   &fixture->diags, &fixture->policy);
}

static void done(struct fixture *fixture)
{
	policy_free(fixture->policy);
	catalog_free(fixture->catalog);
	diagnostics_done(&fixture->diags);
}

/* All rules as text, sorted: one line each. */
static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expect_rules(struct fixture *fixture, const char *expected)
{
	const struct rules *rules = &fixture->policy->rules;
	char *lines[32], all[4096] = "";
	size_t count = 0;

	assert_true(rules->count <= 32);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		if (matcher_is_finding(rule->matcher))
			continue; /* never decides anything */
		assert_true(asprintf(&lines[count++], "%s/%s/%s %s: %s %s %s%s\n", rule->vendor,
				     rule->product, matcher_word(rule->matcher), rule->value,
				     action_word(rule->action), mode_word(rule->target),
				     held_by_word(rule->target_held_by),
				     rule->unenforced_why ? " unenforced" : "") > 0);
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++) {
		strcat(all, lines[i]);
		free(lines[i]);
	}
	assert_string_equal(all, expected);
}

#define HEAD "kind: Policy\nname: p\nrevision: 7\n"

static void expect(const char *text, const char *rules)
{
	struct fixture fixture;

	setup(&fixture, text);
	if (fixture.err)
		diagnostics_print(&fixture.diags, stderr);
	assert_int_equal(fixture.err, 0);
	expect_rules(&fixture, rules);
	done(&fixture);
}

/* Commercial and legacy products; weak facts and the mode hold back; finding facts are no rules. */
static void test_vendor_line(void **state)
{
	expect(HEAD "mode: audit\nembargo: [{vendor: maker}]\n",
	       "maker/old/path /opt/old: deny audit policy\n"
	       "maker/sensor/domain *.maker.example: deny audit policy\n"
	       "maker/sensor/network 192.0.2.0/24: deny audit policy\n"
	       "maker/sensor/path /opt/rumour: deny audit confidence\n"
	       "maker/sensor/path /opt/sensor/**: deny audit policy\n");
}

static void test_modes_and_confidence(void **state)
{
	expect(HEAD
	       "mode: audit\nmin-confidence: documented\nembargo: [{vendor: maker, mode: enforce, action: deny}]\n",
	       "maker/old/path /opt/old: deny audit confidence\n"
	       "maker/sensor/domain *.maker.example: deny enforce nothing\n"
	       "maker/sensor/network 192.0.2.0/24: deny enforce nothing\n"
	       "maker/sensor/path /opt/rumour: deny audit confidence\n"
	       "maker/sensor/path /opt/sensor/**: deny enforce nothing\n");
	expect(HEAD
	       "mode: enforce\nmin-confidence: unverified\nembargo: [{vendor: maker, products: [sensor]}, {vendor: maker, products: [old], mode: audit}]\n",
	       "maker/old/path /opt/old: deny audit policy\n"
	       "maker/sensor/domain *.maker.example: deny enforce nothing\n"
	       "maker/sensor/network 192.0.2.0/24: deny enforce nothing\n"
	       "maker/sensor/path /opt/rumour: deny enforce nothing\n"
	       "maker/sensor/path /opt/sensor/**: deny enforce nothing\n");
}

static void test_products(void **state)
{
	expect(HEAD "mode: enforce\nembargo: [{vendor: maker, products: [free]}]\n",
	       "maker/free/path /usr/bin/free-tool: deny enforce nothing\n");
}

/* The narrowest line decides, in whatever order they stand. */
static void test_narrowest_line(void **state)
{
	static const char rules[] =
		"daughter/agent/package agent: deny enforce nothing\n"
		"daughter/agent/path /opt/agent: deny enforce nothing\n"
		"maker/old/path /opt/old: deny enforce nothing\n"
		"maker/sensor/domain *.maker.example: deny audit policy\n"
		"maker/sensor/network 192.0.2.0/24: deny audit policy\n"
		"maker/sensor/path /opt/rumour: deny audit confidence\n"
		"maker/sensor/path /opt/sensor/**: deny audit policy\n";

	expect(HEAD
	       "mode: audit\nembargo: [{vendor: holding, subsidiaries: true}, {vendor: daughter, mode: enforce}, {vendor: maker, products: [old], mode: enforce}]\n",
	       rules);
	expect(HEAD
	       "mode: audit\nembargo: [{vendor: maker, products: [old], mode: enforce}, {vendor: daughter, mode: enforce}, {vendor: holding, subsidiaries: true}]\n",
	       rules);
	/* and the nearer of two parents */
	expect(HEAD
	       "mode: audit\nembargo: [{vendor: holding, subsidiaries: true}, {vendor: maker, subsidiaries: true, mode: enforce}]\n",
	       "daughter/agent/package agent: deny enforce nothing\n"
	       "daughter/agent/path /opt/agent: deny enforce nothing\n"
	       "maker/old/path /opt/old: deny enforce nothing\n"
	       "maker/sensor/domain *.maker.example: deny enforce nothing\n"
	       "maker/sensor/network 192.0.2.0/24: deny enforce nothing\n"
	       "maker/sensor/path /opt/rumour: deny audit confidence\n"
	       "maker/sensor/path /opt/sensor/**: deny enforce nothing\n");
}

static void test_name_line(void **state)
{
	struct fixture fixture;
	const struct rule *rule;

	setup(&fixture, HEAD
	      "mode: enforce\nembargo:\n  - name: local\n"
	      "    paths: ['/srv/tools/**/scanner', {value: /srv//x, note: n}]\n"
	      "    networks: [{cidr: 203.0.113.0/24, ports: [8443, 443], protocol: tcp, note: n}]\n"
	      "    domains: [Bad.Example.]\n    modules: [bad]\n    packages: [bad]\n"
	      "    package-vendors: [Bad]\n"
	      "    digests: ['sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']\n");
	assert_int_equal(fixture.err, 0);
	expect_rules(
		&fixture,
		"local/-/digest sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855: deny enforce nothing unenforced\n"
		"local/-/domain bad.example: deny enforce nothing\n"
		"local/-/module bad: deny enforce nothing\n"
		"local/-/network 203.0.113.0/24 tcp 443,8443: deny enforce nothing\n"
		"local/-/package bad: deny enforce nothing\n"
		"local/-/package-vendor Bad: deny enforce nothing\n"
		"local/-/path /srv/tools/**/scanner: deny enforce nothing\n"
		"local/-/path /srv/x: deny enforce nothing\n");
	assert_string_equal(fixture.policy->rules.policy, "p");
	assert_int_equal(fixture.policy->rules.revision, 7);
	assert_int_equal(fixture.policy->rules.mode, MODE_ENFORCE);
	rule = &fixture.policy->rules.list[0];
	assert_string_equal(rule->vendor_name, "local");
	assert_string_equal(rule->reason, "");
	assert_string_equal(rule->place.file, "p");
	assert_int_equal(rule->place.line, 7);
	assert_int_equal(rule->place.column, 13);
	rule = &fixture.policy->rules.list[2];
	assert_int_equal(rule->network.family, 4);
	assert_int_equal(rule->network.bits, 24);
	assert_int_equal(rule->network.protocol, PROTOCOL_TCP);
	assert_int_equal(rule->network.port_first[1], 8443);
	done(&fixture);
}

static void test_allow(void **state)
{
	struct fixture fixture;

	setup(&fixture, HEAD "mode: audit\nembargo: []\nallow:\n"
			     "  - {path: /usr/bin//vmtoolsd, reason: until the move}\n"
			     "  - {network: {cidr: 192.0.2.0/25, ports: [443]}, reason: r}\n"
			     "  - {network: 198.51.100.1, reason: r}\n"
			     "  - {product: maker/free, reason: free}\n");
	assert_int_equal(fixture.err, 0);
	expect_rules(&fixture, "-/-/network 192.0.2.0/25 443: allow enforce nothing\n"
			       "-/-/network 198.51.100.1/32: allow enforce nothing\n"
			       "-/-/path /usr/bin/vmtoolsd: allow enforce nothing\n"
			       "maker/free/path /usr/bin/free-tool: allow enforce nothing\n");
	assert_string_equal(fixture.policy->rules.list[0].reason, "until the move");
	done(&fixture);
}

/* The sixteen of a decree may include one of which nothing is known: said, not refused. */
static void test_unknown_products_warn(void **state)
{
	struct fixture fixture;

	setup(&fixture, HEAD "mode: audit\nembargo: [{vendor: unknown}]\n");
	assert_int_equal(fixture.err, 0);
	assert_int_equal(fixture.policy->rules.count, 0);
	assert_int_equal(fixture.diags.errors, 0);
	front_expect(
		&fixture.diags,
		"p:5:20: warning: the catalogue knows no product of 'unknown' yet; nothing is refused for it\n");
	done(&fixture);
}

/* Without a catalogue everything but the references is checked, and no policy comes out. */
static void test_without_catalog(void **state)
{
	struct diagnostics diags = {0};
	struct policy *policy = NULL;

	assert_int_equal(
		policy_read(
			front_tree("p", HEAD "mode: audit\nembargo: [{vendor: nobody}]\n", &diags),
			NULL, NULL, &diags, &policy),
		-EINVAL);
	assert_null(policy);
	assert_int_equal(diags.count, 0);
	assert_int_equal(
		policy_read(
			front_tree("p", HEAD "mode: odd\nembargo: [{vendor: nobody}]\n", &diags),
			NULL, NULL, &diags, &policy),
		-EINVAL);
	front_expect(&diags, "p:4:7: error: unknown mode 'odd'; expected one of: audit, enforce\n");
}

/* Found by fuzzing: the only node is refused, and nothing else is wrong. */
static void test_faulty_tree(void **state)
{
	struct fixture fixture;

	setup(&fixture, "*alias\n");
	assert_int_equal(fixture.err, -EINVAL);
	assert_null(fixture.policy);
	done(&fixture);
}

static void test_load(void **state)
{
	struct diagnostics diags = {0};
	struct catalog *catalog = catalog_new();
	struct policy *policy = NULL;
	char path[] = "/tmp/embargo-policy-XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	assert_non_null(out);
	assert_int_equal(policy_load("/nonexistent/policy.yaml", catalog, NULL, &diags, &policy),
			 -ENOENT);
	/* an error that leaves a tree is an error still */
	assert_true(fputs(HEAD "mode: &m audit\nembargo: []\n", out) >= 0);
	assert_int_equal(fflush(out), 0);
	assert_int_equal(policy_load(path, catalog, NULL, &diags, &policy), -EINVAL);
	assert_int_equal(diags.errors, 2);
	rewind(out);
	assert_true(fputs(HEAD "mode:    audit\nembargo: []\n", out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(policy_load(path, catalog, NULL, &diags, &policy), 0);
	assert_int_equal(diags.errors, 2);
	assert_string_equal(policy->tree->file, path);
	policy_free(policy);
	catalog_free(catalog);
	diagnostics_done(&diags);
	assert_int_equal(remove(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vendor_line),
		cmocka_unit_test(test_modes_and_confidence),
		cmocka_unit_test(test_products),
		cmocka_unit_test(test_narrowest_line),
		cmocka_unit_test(test_name_line),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_unknown_products_warn),
		cmocka_unit_test(test_without_catalog),
		cmocka_unit_test(test_faulty_tree),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
