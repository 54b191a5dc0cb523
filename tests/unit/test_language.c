/* SPDX-License-Identifier: MIT */
/*
 * test_language.c - what a policy can say beside "embargo": scope, exceptions, requirements, and the words
 * that this version does not carry out.
 */
#include "front.h"
#include "../../policy/containers.h"
#include "../../policy/risk.h"

struct fixture {
	struct diagnostics diags;
	struct catalog *catalog;
	struct policy *policy;
	int err;
};

static const char vendor[] =
	"kind: Vendor\nid: maker\nname: Maker\nproducts:\n"
	"  - {id: sensor, name: Sensor, paths: [/opt/sensor/**], domains: [a.maker.example], units: [x.service]}\n";

#define HEAD "kind: Policy\nname: p\nrevision: 7\nmode: enforce\n"
#define TEXT HEAD "embargo: [{vendor: maker}]\n"

static void setup(struct fixture *fixture, const char *text, const struct policy_host *host)
{
	*fixture = (struct fixture){.catalog = catalog_new()};
	assert_non_null(fixture->catalog);
	assert_int_equal(catalog_add(fixture->catalog, front_tree("v", vendor, &fixture->diags), 0,
				     &fixture->diags),
			 0);
	catalog_finish(fixture->catalog, &fixture->diags);
	assert_int_equal(fixture->diags.count, 0);
	fixture->err = policy_read(front_tree("p", text, &fixture->diags), fixture->catalog, host,
				   &fixture->diags, &fixture->policy);
}

static void done(struct fixture *fixture)
{
	policy_free(fixture->policy);
	catalog_free(fixture->catalog);
	diagnostics_done(&fixture->diags);
}

/* The whole report; the policy is refused if that has an error. */
static void expect_report(const char *text, const struct policy_host *host, const char *report)
{
	struct fixture fixture;

	setup(&fixture, text, host);
	assert_int_equal(fixture.err, fixture.diags.errors ? -EINVAL : 0);
	front_expect(&fixture.diags, report);
	done(&fixture);
}

/* ---------------------------------------------------------------- scope */

static int find_user(void *context, const char *name, __u32 *out_uid)
{
	if (!strcmp(name, "alice"))
		return *out_uid = 1000, 0;
	return !strcmp(name, "slow") ? -ETIMEDOUT : -ENOENT;
}

static const struct policy_host with_users = {.user_id = find_user};

static void test_scope(void **state)
{
	struct fixture fixture;
	const struct rule_scope *scope;
	size_t count;

	setup(&fixture, TEXT "scope:\n  only-cgroups: [/system.slice//x.service/, '/user.slice/user-*.slice']\n"
			     "  exclude-cgroups: ['/*/y-*.scope']\n  users: [0, alice, '1000', 4294967294]\n  containers: none\n",
	      &with_users);
	assert_int_equal(fixture.diags.count, 0);
	assert_int_equal(fixture.err, 0);
	scope = &fixture.policy->rules.scope;
	assert_int_equal(scope->flags, SCOPE_ONLY_CGROUPS | SCOPE_ONLY_USERS | SCOPE_NO_CONTAINERS);
	assert_int_equal(scope->only_cgroup_count, 2);
	assert_string_equal(scope->only_cgroups[0], "/system.slice/x.service");
	assert_string_equal(scope->only_cgroups[1], "/user.slice/user-*.slice");
	assert_int_equal(scope->exclude_cgroup_count, 1);
	assert_string_equal(scope->exclude_cgroups[0], "/*/y-*.scope");
	assert_int_equal(scope->user_count, 3); /* alice is 1000 */
	assert_int_equal(scope->users[1], 1000);
	assert_int_equal(scope->users[2], 4294967294);
	assert_ptr_equal(scope->container_cgroups, container_cgroups(&count));
	assert_int_equal(scope->container_cgroup_count, count);
	done(&fixture);

	setup(&fixture, TEXT "scope: {containers: only}\n", NULL);
	assert_int_equal(fixture.policy->rules.scope.flags, SCOPE_ONLY_CONTAINERS);
	assert_true(fixture.policy->rules.scope.container_cgroup_count > 10);
	done(&fixture);

	setup(&fixture, TEXT "scope: {containers: all, exclude-cgroups: []}\n", NULL);
	assert_int_equal(fixture.err, 0);
	assert_int_equal(fixture.policy->rules.scope.flags, 0);
	assert_int_equal(fixture.policy->rules.scope.container_cgroup_count, 0);
	done(&fixture);
}

/* The compiler takes the table, and nobody but root makes cgroups where it looks. */
static void test_container_table(void **state)
{
	static const char *const words[] = {"none", "only"};
	size_t count;
	const char *const *list = container_cgroups(&count);

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(*list[i], '/');
		assert_int_not_equal(strncmp(list[i], "/user.slice", 11), 0);
	}
	for (size_t i = 0; i < 2; i++) {
		struct generation *generation = NULL;
		struct fixture fixture;
		char text[256];

		snprintf(text, sizeof(text), "%sscope: {containers: %s}\n", TEXT, words[i]);
		setup(&fixture, text, NULL);
		assert_int_equal(policy_compile(fixture.policy, &fixture.diags, &generation), 0);
		generation_free(generation);
		done(&fixture);
	}
}

static void test_scope_mistakes(void **state)
{
	expect_report(TEXT "scope: {only-cgroups: [/sys/fs/cgroup/system.slice, /sys/fs/cgroup/unified/x, /sys/fs/cgroup/, system.slice, /, '/*/**', /x/**, /y, /y, 7, '**/z', '/a/**/b/**', /a/b**]}\n",
		      NULL,
		      "p:6:24: error: '/sys/fs/cgroup/system.slice' is a path of the file system; cgroups are named from the cgroup root, write '/system.slice'\n"
		      "p:6:53: error: '/sys/fs/cgroup/unified/x' is a path of the file system; cgroups are named from the cgroup root, write '/x'\n"
		      "p:6:79: error: '/sys/fs/cgroup/' is the root of all cgroups; name those that are meant\n"
		      "p:6:96: error: 'system.slice' does not begin with '/'; write the path from the cgroup root, as '/system.slice'\n"
		      "p:6:110: error: '/' is every cgroup; name those that are meant\n"
		      "p:6:113: error: '/*/**' is every cgroup; name those that are meant\n"
		      "p:6:122: error: '/x/**': a cgroup covers what is below it; write '/x'\n"
		      "p:6:133: warning: '/y' is there twice; remove one\n"
		      "p:6:137: error: expected text, found '7' (a whole number); write it in quotes: \"7\"\n"
		      "p:6:140: error: '**/z': '**' is not for cgroups; write '*' for each level, as '/user.slice/user-*.slice'\n"
		      "p:6:148: error: '/a/**/b/**': '**' is not for cgroups; write '*' for each level, as '/user.slice/user-*.slice'\n"
		      "p:6:162: error: '/a/b**': '**' is not for cgroups; write '*' for each level, as '/user.slice/user-*.slice'\n");
	expect_report(TEXT "scope: {only-cgroups: [/x], exclude-cgroups: [/x], containers: non, user: [1]}\n",
		      NULL,
		      "p:6:46: error: '/x' is in 'only-cgroups' and in 'exclude-cgroups'; remove one\n"
		      "p:6:64: error: unknown containers 'non'; did you mean 'none'? (expected one of: all, none, only)\n"
		      "p:6:69: error: unknown key 'user' in 'scope'; did you mean 'users'?\n");
	expect_report(TEXT "scope: {only-cgroups: [], users: []}\n", NULL,
		      "p:6:23: error: 'only-cgroups' is empty: nothing would be decided; remove the key if everything is meant\n"
		      "p:6:34: error: 'users' is empty: nothing would be decided; remove the key if everything is meant\n");
	expect_report(TEXT "scope: [x]\n", NULL, "p:6:8: error: expected keys with values, found a list\n");
}

static void test_users(void **state)
{
	struct fixture fixture;

	expect_report(TEXT "scope: {users: [-1, 4294967295, 99999999999, slow, a:b]}\n", &with_users,
		      "p:6:17: error: '-1' is no user id; expected a number from 0 to 4294967294, or a name\n"
		      "p:6:21: error: '4294967295' is no user id; expected a number from 0 to 4294967294, or a name\n"
		      "p:6:33: error: '99999999999' is no user id; expected a number from 0 to 4294967294, or a name\n"
		      "p:6:46: error: the user 'slow' cannot be looked up: Connection timed out; write the number\n"
		      "p:6:52: error: 'a:b' is no user; expected a name or a number\n");
	/* nobody is meant, and not everybody */
	setup(&fixture, TEXT "scope: {users: [nobody-here]}\n", &with_users);
	assert_int_equal(fixture.err, 0);
	assert_int_equal(fixture.policy->rules.scope.flags, SCOPE_ONLY_USERS);
	assert_int_equal(fixture.policy->rules.scope.user_count, 0);
	front_expect(&fixture.diags,
		     "p:6:17: warning: this host has no user 'nobody-here'; nobody is meant by it\n");
	done(&fixture);
	setup(&fixture, TEXT "scope: {users: [alice, 7]}\n", NULL);
	assert_int_equal(fixture.err, 0);
	assert_int_equal(fixture.policy->rules.scope.user_count, 1);
	front_expect(&fixture.diags,
		     "p:6:17: note: the id of the user 'alice' is looked up on each host; here it is not known\n");
	done(&fixture);
}

/* ---------------------------------------------------------------- allow */

/* All exceptions: "kind value until reason". */
static void expect_allows(const char *text, const struct policy_host *host, const char *expected)
{
	struct fixture fixture;
	char all[4096] = "", one[512];

	setup(&fixture, text, host);
	assert_int_equal(fixture.err, 0);
	for (size_t i = 0; i < fixture.policy->rules.count; i++) {
		const struct rule *rule = &fixture.policy->rules.list[i];

		if (rule->action != ACTION_ALLOW)
			continue;
		assert_int_equal(rule->target, MODE_ENFORCE);
		snprintf(one, sizeof(one), "%s %s %llu %s\n", matcher_word(rule->matcher), rule->value,
			 (unsigned long long)rule->until_s, rule->reason);
		strcat(all, one);
	}
	assert_string_equal(all, expected);
	done(&fixture);
}

#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_allow_matchers(void **state)
{
	expect_allows(TEXT "allow:\n  - {path: /a, reason: r}\n  - {network: 192.0.2.1, reason: r}\n"
			   "  - {digest: 'sha256:" DIGEST "', reason: r}\n  - {domain: A.maker.example, reason: r}\n"
			   "  - {module: a-b, reason: r}\n  - {package: p, reason: r}\n"
			   "  - {package-vendor: 'Maker, Inc.', reason: r}\n"
			   "  - {product: maker/sensor, reason: all, until: 2027-03-31}\n",
		      NULL,
		      "path /a 0 r\nnetwork 192.0.2.1/32 0 r\ndigest sha256:" DIGEST " 0 r\n"
		      "domain a.maker.example 0 r\nmodule a_b 0 r\npackage p 0 r\npackage-vendor Maker, Inc. 0 r\n"
		      "path /opt/sensor/** 1806537600 all\ndomain a.maker.example 1806537600 all\n");
}

static void expect_until(__s64 now_s, const char *until, const char *report)
{
	struct policy_host host = {.now_s = now_s};
	char text[512];

	snprintf(text, sizeof(text), TEXT "allow: [{path: /a, reason: r, until: %s}]\n", until);
	expect_report(text, &host, report);
}

#define NOON_2027_03_01 1803902400

static void test_until(void **state)
{
	struct policy_host host = {.now_s = 4102444800};

	/* 2027-04-01 00:00:00 UTC: it is in the rules also when it is over, so that everybody can see it */
	expect_allows(TEXT "allow: [{path: /a, reason: r, until: 2027-03-31}]\n", &host,
		      "path /a 1806537600 r\n");
	expect_until(0, "1970-01-01", "");
	expect_until(NOON_2027_03_01, "2027-03-31", "");
	expect_until(NOON_2027_03_01, "2027-03-30", "p:6:38: warning: this exception ends with 2027-03-30, in 29 days\n");
	expect_until(NOON_2027_03_01, "2027-03-02", "p:6:38: warning: this exception ends with 2027-03-02, in 1 day\n");
	expect_until(NOON_2027_03_01, "2027-03-01", "p:6:38: warning: this exception ends with 2027-03-01, today\n");
	expect_until(1806537599, "2027-03-31", "p:6:38: warning: this exception ends with 2027-03-31, today\n");
	expect_until(1806537600, "2027-03-31",
		     "p:6:38: warning: this exception ended with 2027-03-31 and allows nothing any more; remove the entry, or give it a later day\n");
	expect_until(0, "31.12.2026", "p:6:38: error: '31.12.2026' is no date here; write 2026-12-31\n");
	expect_until(0, "20261231", "p:6:38: error: '20261231' is no date here; write 2026-12-31\n");
	expect_until(0, "2026-02-30", "p:6:38: error: '2026-02-30' does not exist: that month has 28 days\n");
	expect_until(0, "[2026-02-28]", "p:6:38: error: expected text, found a list\n");
}

static const char *const names[] = {"role", "ring"};
static const char *const values[] = {"hypervisor", "canary"};
static const struct policy_host labelled = {
	.label_names = names, .label_values = values, .label_count = 2, .labels_known = true};

static void test_hosts(void **state)
{
	static const char text[] = TEXT
		"allow:\n  - {path: /a, reason: r, hosts: {role: hypervisor}}\n"
		"  - {path: /b, reason: r, hosts: {role: hypervisor, ring: [wide, canary]}}\n"
		"  - {path: /c, reason: r, hosts: {role: hypervisor, ring: wide}}\n"
		"  - {path: /d, reason: r, hosts: {site: [x]}}\n"
		"  - {path: /d, reason: r, hosts: {site: [y, x]}, until: 2027-03-31}\n"
		"  - {product: maker/sensor, reason: r, hosts: {role: [database]}}\n"
		"  - {path: /a, reason: everywhere}\n";
	struct policy_host none = {.labels_known = true};
	struct fixture fixture;

	expect_allows(text, &labelled, "path /a 0 r\npath /b 0 r\npath /a 0 everywhere\n");
	expect_allows(text, &none, "path /a 0 everywhere\n");
	expect_allows(text, NULL,
		      "path /a 0 r\npath /b 0 r\npath /c 0 r\npath /d 0 r\npath /d 1806537600 r\npath /opt/sensor/** 0 r\n"
		      "domain a.maker.example 0 r\npath /a 0 everywhere\n");
	setup(&fixture, text, &labelled);
	assert_int_equal(fixture.diags.count, 0); /* "site" is no slip of "role" */
	done(&fixture);
	expect_report(TEXT "allow: [{path: /a, reason: r, hosts: {role: x}}]\n", NULL,
		      "p:6:31: note: 'hosts' is decided on each host by its labels; here they are not known, and the entry is kept\n");
}

static void test_hosts_mistakes(void **state)
{
	expect_report(TEXT "allow:\n  - {path: /a, reason: r, hosts: {rolle: hypervisor}}\n"
			   "  - {path: /b, reason: r, hosts: {}}\n  - {path: /c, reason: r, hosts: {role: []}}\n"
			   "  - {path: /d, reason: r, hosts: {role: 7}}\n  - {path: /e, reason: r, hosts: [role]}\n"
			   "  - {path: /f, reason: r, hosts: {role: [a, b]}}\n  - {path: /f, reason: r, hosts: {role: [b, a]}}\n"
			   "  - {path: /f, reason: r, expires: 2027-03-31, host: {role: a}}\n",
		      &labelled,
		      "p:7:35: warning: this host has no label 'rolle', so the entry is not for it; did you mean 'role'?\n"
		      "p:8:34: error: 'hosts' names no label; remove the key if every host is meant\n"
		      "p:9:41: error: the label 'role' has no value, so no host is meant; write one, or remove it\n"
		      "p:10:41: error: expected text, found '7' (a whole number); write it in quotes: \"7\"\n"
		      "p:11:34: error: expected labels of hosts, as {role: hypervisor}, found a list\n"
		      "p:13:5: error: the same is allowed twice, first on line 12; remove one\n"
		      "p:14:27: error: unknown key 'expires' in an entry of 'allow'; did you mean 'until'?\n"
		      "p:14:48: error: unknown key 'host' in an entry of 'allow'; did you mean 'hosts'?\n");
}

/* ---------------------------------------------------------------- requires, accept-risk */

static void test_requires(void **state)
{
	struct fixture fixture;

	setup(&fixture, TEXT "requires: {package: new-agent, unit: new@1.service, exec: prevent}\n", NULL);
	assert_int_equal(fixture.err, 0);
	assert_int_equal(fixture.diags.count, 0);
	assert_string_equal(fixture.policy->rules.requires.package, "new-agent");
	assert_string_equal(fixture.policy->rules.requires.unit, "new@1.service");
	assert_true(fixture.policy->rules.requires.exec_prevent);
	done(&fixture);
	setup(&fixture, TEXT "requires: {unit: x.socket}\n", NULL);
	assert_null(fixture.policy->rules.requires.package);
	assert_false(fixture.policy->rules.requires.exec_prevent);
	done(&fixture);
	expect_report(TEXT "requires: {package: 'new-*', unit: new, exec: kill, packages: x}\n", NULL,
		      "p:6:21: error: 'new-*' is no package name; expected one, without wildcards, as 'replacement-agent'\n"
		      "p:6:36: error: 'new' is no unit; its name has a type at the end: write 'new.service'\n"
		      "p:6:47: error: unknown exec 'kill'; expected one of: prevent\n"
		      "p:6:53: error: unknown key 'packages' in 'requires'; did you mean 'package'?\n");
	expect_report(TEXT "requires: {}\n", NULL,
		      "p:6:11: error: 'requires' asks for nothing; remove it, or write package, unit or exec\n");
}

/* The same id as the compiler gives. */
static void test_rule_id(void **state)
{
	struct generation *generation = NULL;
	struct fixture fixture;

	setup(&fixture, TEXT "allow: [{path: /a, reason: r}]\n", NULL);
	assert_int_equal(policy_compile(fixture.policy, &fixture.diags, &generation), 0);
	assert_int_equal(generation->rule_count, 3);
	for (size_t i = 0; i < fixture.policy->rules.count; i++) {
		char *id = rule_id(&fixture.policy->rules.list[i]);
		bool found = false;

		for (size_t j = 0; j < generation->rule_count; j++)
			found |= !strcmp(generation->rules[j].id, id);
		for (size_t j = 0; j < generation->unenforced_count; j++)
			found |= !strcmp(generation->unenforced[j].id, id);
		assert_true(found);
		free(id);
	}
	generation_free(generation);
	done(&fixture);
}

static void test_accept_risk(void **state)
{
	expect_report(TEXT "accept-risk: [maker/sensor/path/31ec3b16]\n", NULL,
		      "p:6:15: error: no rule of this policy has the id 'maker/sensor/path/31ec3b16'; did you mean 'maker/sensor/path/0e138a54'?\n");
	expect_report(TEXT "accept-risk: [maker/sensor/path/0e138a54, maker/sensor/path/0e138a54]\n", NULL,
		      "p:6:43: warning: 'maker/sensor/path/0e138a54' is there twice, first on line 6; remove one\n");
	expect_report(TEXT "accept-risk: [maker/sensor, maker/sensor/path/0E138A54, maker/sensor/unit/00000000, allow/-/path/00000000, other/-/path/00000000]\n",
		      NULL,
		      "p:6:15: error: 'maker/sensor' is no rule id; expected vendor/product/kind/8 hex digits, as 'embargo policy compile' and events show it\n"
		      "p:6:29: error: 'maker/sensor/path/0E138A54' is no rule id; expected vendor/product/kind/8 hex digits, as 'embargo policy compile' and events show it\n"
		      "p:6:57: error: no rule of this policy has the id 'maker/sensor/unit/00000000'; remove it, or look for the right one with 'embargo policy compile'\n"
		      "p:6:85: error: 'allow/-/path/00000000' is an entry of 'allow'; it refuses nothing, so there is no risk to accept\n"
		      "p:6:108: error: no rule of this policy has the id 'other/-/path/00000000'; remove it, or look for the right one with 'embargo policy compile'\n");
}

/* ---------------------------------------------------------------- not carried out */

static void test_contain(void **state)
{
	struct fixture fixture;

	setup(&fixture, HEAD "embargo: [{vendor: maker, action: contain}]\ninternal: [10.0.0.0/8, 127.0.0.0/8, '::1/128']\n", NULL);
	assert_int_equal(fixture.err, 0);
	assert_int_equal(fixture.policy->internal.count, 3);
	assert_int_equal(fixture.policy->rules.count, 3);
	assert_int_equal(fixture.policy->rules.internal_count, 3);
	assert_string_equal(fixture.policy->rules.internal[2].value, "::1/128");
	for (size_t i = 0; i < 3; i++) {
		const struct rule *rule = &fixture.policy->rules.list[i];
		bool reached = rule->matcher == MATCHER_DOMAIN;

		assert_int_equal(rule->action, reached ? ACTION_DENY : ACTION_CONTAIN);
		assert_int_equal(rule->unenforced_why != NULL, rule->matcher == MATCHER_UNIT);
	}
	front_expect(&fixture.diags, "");
	done(&fixture);
	expect_report(HEAD "embargo: [{vendor: maker, action: contain}]\n", NULL,
		      "p:5:35: error: 'action: contain' without 'internal': nothing says what stays reachable; add it to the policy, as internal: [10.0.0.0/8, 127.0.0.0/8, \"::1/128\"]\n");
	expect_report(HEAD "embargo: [{vendor: maker, action: contain}]\ninternal: []\n", NULL,
		      "p:5:35: error: 'action: contain' with an empty 'internal': nothing would stay reachable; name the networks there, or write 'action: deny'\n");
	/* a line that contains nothing that runs, modules, scripts */
	expect_report(HEAD "embargo:\n"
			   "  - {name: a, domains: [a.example], networks: [192.0.2.0/24], modules: [a], action: contain}\n"
			   "  - {name: b, paths: [/opt/b/**], scripts: strict, action: contain}\n"
			   "internal: [10.0.0.0/8, 127.0.0.53/32]\n",
		      NULL,
		      "p:6:85: warning: 'action: contain' contains nothing here: no path, package, package vendor or digest with a size is in this line, and its networks and domains are refused; write 'action: deny', or add one\n"
		      "p:6:85: note: a kernel module cannot be contained: those of this line are recorded and not refused; a line of their own with 'action: deny' refuses them\n"
		      "p:7:44: warning: 'scripts: strict' says nothing beside 'action: contain': an interpreter that opens such a file is neither refused nor contained; remove it, or write 'action: deny'\n");
	/* what is internal */
	expect_report(TEXT "internal: [10.0.0.0/8]\n", NULL,
		      "p:6:1: warning: 'internal' says nothing here: no line has 'action: contain'; remove it, or contain what may reach no more than this\n");
	expect_report(HEAD "embargo: [{vendor: maker, action: contain}]\n"
			   "internal: [{cidr: 10.0.0.0/8, ports: [443]}, {cidr: 192.0.2.0/24, protocol: tcp, note: n}]\n",
		      NULL,
		      "p:6:1: note: 'internal' is without loopback: contained programs cannot talk to their own parts and to a resolver on this host; add 127.0.0.0/8 and \"::1/128\" if they should\n"
		      "p:6:31: error: 'ports' in 'internal', which is about whole networks; remove it\n"
		      "p:6:67: error: 'protocol' in 'internal', which is about whole networks; remove it\n");
	expect_report(HEAD "embargo: [{vendor: maker, action: contain}]\n"
			   "internal: [0.0.0.0/1, '2000::/3', 'fc00::/7', 'fe80::/10', '::1/128']\n",
		      NULL,
		      "p:6:12: warning: '0.0.0.0/1' is wider than any one organisation has: contained programs reach all of it; name your own networks\n"
		      "p:6:23: warning: '2000::/3' is wider than any one organisation has: contained programs reach all of it; name your own networks\n");
	expect_report(TEXT "internal: [10.0.0.1/8, 0.0.0.0/0, {file: x}]\n", NULL,
		      "p:6:12: error: '10.0.0.1/8' has host bits set; write the network '10.0.0.0/8', or the address alone\n"
		      "p:6:24: error: '0.0.0.0/0' is every address; refused, because it would cut the host off: name the networks\n"
		      "p:6:36: error: 'file' among values; write {file: NAME} in the place of the whole list, and other values in a line of their own\n");
}

static void test_not_carried_out(void **state)
{
	expect_report(
		HEAD
		"embargo: [{vendor: maker}]\nnames: {no-name: deny, quic: deny}\nrunning: terminate\n",
		NULL,
		"p:7:10: warning: 'running: terminate' is not carried out by this version: programs that run already go on\n");
	expect_report(TEXT "names: {no-name: allow, quic: allow}\nrunning: report\n", NULL, "");
	expect_report(HEAD "embargo: [{vendor: maker, scripts: true, action: isolate}]\nnames: {no-names: deny}\nrunning: kill\nbreaker: {distinct: 1}\nrollout: {percent: 10}\n",
		      NULL,
		      "p:5:36: error: expected text, found 'true' (a boolean); write it in quotes: \"true\"\n"
		      "p:5:50: error: unknown action 'isolate'; did you mean 'contain'? (expected one of: deny, contain)\n"
		      "p:6:9: error: unknown key 'no-names' in 'names'; did you mean 'no-name'?\n"
		      "p:7:10: error: unknown running 'kill'; did you mean 'terminate'? (expected one of: report, terminate)\n"
		      "p:8:1: error: 'breaker' is not supported yet; remove it\n"
		      "p:9:1: error: 'rollout' is not supported yet; remove it\n");
}

/* What people write first. */
static void test_first_mistakes(void **state)
{
	expect_report(HEAD "vendors: [maker]\n", NULL,
		      "p:5:1: error: unknown key 'vendors' in a document of kind Policy; did you mean 'embargo'?\n"
		      "p:5:11: error: 'maker' alone is no line; write {vendor: maker}\n");
	expect_report("kind: Policy\nname: p\nrevision: 1\nmode: enforcing\nembargo: [{vendor: mkaer}, {name: x, paths: [opt/x], domains: ['*.com'], networks: [203.0.113.7/24], hashes: [x]}]\n",
		      NULL,
		      "p:4:7: error: unknown mode 'enforcing'; did you mean 'enforce'? (expected one of: audit, enforce)\n"
		      "p:5:20: error: unknown vendor 'mkaer'; did you mean 'maker'?\n"
		      "p:5:46: error: 'opt/x' does not begin with '/'; write '/opt/x'\n"
		      "p:5:64: error: '*.com' is a public suffix: everybody registers names below 'com'; write the vendor's own, as '*.example.com'\n"
		      "p:5:85: error: '203.0.113.7/24' has host bits set; write the network '203.0.113.0/24', or the address alone\n"
		      "p:5:102: error: unknown key 'hashes' in a line of 'embargo'; did you mean 'digests'?\n"
		      "p:5:111: error: 'x' is no digest; expected 'sha256:' and 64 hex digits\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_container_table),
		cmocka_unit_test(test_scope_mistakes),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_allow_matchers),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_hosts_mistakes),
		cmocka_unit_test(test_requires),
		cmocka_unit_test(test_rule_id),
		cmocka_unit_test(test_accept_risk),
		cmocka_unit_test(test_contain),
		cmocka_unit_test(test_not_carried_out),
		cmocka_unit_test(test_first_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
