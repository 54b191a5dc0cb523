/* SPDX-License-Identifier: MIT */
#include "front.h"
#include "../../policy/list.h"

#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct diagnostics diags;
	struct yaml_tree *tree;
	struct rules rules;
	struct reader reader;
};

static void setup(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	fixture->tree = front_tree("p", "{}", &fixture->diags);
	fixture->reader = (struct reader){
		.tree = fixture->tree, .diags = &fixture->diags, .rules = &fixture->rules};
}

static void done(struct fixture *fixture)
{
	assert_false(fixture->reader.no_memory);
	yaml_tree_free(fixture->tree);
	free(fixture->rules.list);
	diagnostics_done(&fixture->diags);
}

/* Values as "line:column value", then the report. */
static void check_bytes(unsigned matcher, const char *data, size_t bytes, const char *values,
			const char *report)
{
	struct fixture fixture;
	char all[4096] = "", one[512];

	setup(&fixture);
	list_parse(&fixture.reader, "l", matcher, data, bytes);
	for (size_t i = 0; i < fixture.rules.count; i++) {
		const struct rule *rule = &fixture.rules.list[i];

		assert_int_equal(rule->matcher, matcher);
		assert_int_equal(rule->confidence, CONFIDENCE_DOCUMENTED);
		assert_string_equal(rule->place.file, "l");
		snprintf(one, sizeof(one), "%u:%u %s", rule->place.line, rule->place.column,
			 rule->value);
		strcat(all, one);
		if (matcher == MATCHER_DIGEST) {
			assert_int_equal(rule->unenforced_why == NULL, rule->size != 0);
			if (rule->size)
				sprintf(strchr(all, 0), " %llu", (unsigned long long)rule->size);
		}
		strcat(all, "\n");
	}
	assert_string_equal(all, values);
	front_expect(&fixture.diags, report);
	done(&fixture);
}

static void check(unsigned matcher, const char *data, const char *values, const char *report)
{
	check_bytes(matcher, data, strlen(data), values, report);
}

static void test_forms(void **state)
{
	check(MATCHER_PATH, "", "", "");
	check(MATCHER_PATH, "\n# nothing\n \t\n", "", "");
	check(MATCHER_PATH, "/opt/a\n/opt//b", "1:1 /opt/a\n2:1 /opt/b\n", "");
	check(MATCHER_PATH, "  /opt/a \t# why\r\n\t/opt/b#c\r\n#/opt/d\n", "1:3 /opt/a\n2:2 /opt/b#c\n", "");
	check(MATCHER_PATH, "/opt/a b\n/opt/\xc3\xbc\n", "1:1 /opt/a b\n2:1 /opt/\xc3\xbc\n", "");
	check(MATCHER_PACKAGE_VENDOR, "Example, Inc.\n", "1:1 Example, Inc.\n", "");
	check(MATCHER_DOMAIN, "API.example.com\n", "1:1 api.example.com\n", "");
	check(MATCHER_PACKAGE, "a\nb-*\n", "1:1 a\n2:1 b-*\n", "");
	check(MATCHER_MODULE, "a-b\n", "1:1 a_b\n", "");
}

static void test_networks(void **state)
{
	struct fixture fixture;
	static const char text[] = "192.0.2.7\n198.51.100.0/24   tcp  8000-8100,443 # why\n"
				   "::ffff:203.0.113.0/120 443\n2001:DB8::/32 udp\n"
				   "203.0.113.9 tcp 443,8000-8100\n";

	check(MATCHER_NETWORK, text,
	      "1:1 192.0.2.7/32\n2:1 198.51.100.0/24 tcp 443,8000-8100\n3:1 203.0.113.0/24 443\n"
	      "4:1 2001:db8::/32 udp\n5:1 203.0.113.9/32 tcp 443,8000-8100\n",
	      "");
	setup(&fixture);
	list_parse(&fixture.reader, "l", MATCHER_NETWORK, text, sizeof(text) - 1);
	assert_int_equal(fixture.rules.count, 5);
	assert_int_equal(fixture.rules.list[1].network.a, 0xc6336400);
	assert_int_equal(fixture.rules.list[1].network.bits, 24);
	assert_int_equal(fixture.rules.list[1].network.protocol, PROTOCOL_TCP);
	assert_int_equal(fixture.rules.list[1].network.port_count, 2);
	assert_int_equal(fixture.rules.list[1].network.port_first[1], 8000);
	assert_int_equal(fixture.rules.list[1].network.port_last[1], 8100);
	assert_int_equal(fixture.rules.list[2].network.port_count, 1);
	assert_int_equal(fixture.rules.list[2].network.port_first[0], 443);
	assert_int_equal(fixture.rules.list[3].network.family, 6);
	assert_int_equal(fixture.rules.list[4].network.port_first[0], 443);
	assert_int_equal(fixture.rules.list[4].network.port_last[1], 8100);
	assert_null(fixture.rules.list[0].network.port_first);
	done(&fixture);
	check(MATCHER_NETWORK, "192.0.2.0/24 icmp\n192.0.2.0/24 tcp 0\n192.0.2.0/24 443 tcp\n  192.0.2.1/24\n192.0.2.0/24 tcp 1,,2\n192.0.2.0/24 tcp 1,\n",
	      "",
	      "l:1:1: error: unknown protocol 'icmp'; expected tcp, udp, sctp or any, and then ports, as 203.0.113.0/24 tcp 443,8000-8100\n"
	      "l:2:1: error: '0' is no port; expected a number from 1 to 65535, or a range as 8000-8100\n"
	      "l:3:1: error: '192.0.2.0/24 443 tcp' is more than a network; expected one on each line, as 203.0.113.0/24 tcp 443,8000-8100\n"
	      "l:4:3: error: '192.0.2.1/24' has host bits set; write the network '192.0.2.0/24', or the address alone\n"
	      "l:5:1: error: '' is no port; expected a number from 1 to 65535, or a range as 8000-8100\n"
	      "l:6:1: error: '' is no port; expected a number from 1 to 65535, or a range as 8000-8100\n");
}

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define E "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE"

/* As sha256sum(1) of coreutils writes them; a digest that is there twice is two copies of one file. */
static void test_digests(void **state)
{
	check(MATCHER_DIGEST,
	      "sha256:" A "\n" B "\n" C "  some file\n\\" D " *odd\\nname\nSHA256 (a (b) = c) = " E "\n" A "  copy\n",
	      "1:1 sha256:" A "\n2:1 sha256:" B "\n3:1 sha256:" C "\n4:1 sha256:" D
	      "\n5:1 sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\n",
	      "");
	check(MATCHER_DIGEST, "d41d8cd98f00b204e9800998ecf8427e  file\n", "",
	      "l:1:1: error: 'd41d8cd98f00b204e9800998ecf8427e' is no digest; expected 'sha256:' and 64 hex digits\n");
}

/* The size stands right behind the digits, where sha256sum(1) never puts a name. */
static void test_sizes(void **state)
{
	check(MATCHER_DIGEST,
	      "sha256:" A " size=7\n" B "\tsize=9223372036854775807  file\n" C "  name size=5\n\\" D
	      " size=8 *odd\\nname\nSHA256 (a) = b size=1) = " E " size=9\n",
	      "1:1 sha256:" A " 7\n2:1 sha256:" B " 9223372036854775807\n3:1 sha256:" C
	      "\n4:1 sha256:" D
	      " 8\n5:1 sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee 9\n",
	      "");
	/* said once is enough, in whatever line */
	check(MATCHER_DIGEST, A "\n" A " size=3\n" A "\n" A " size=3\n", "1:1 sha256:" A " 3\n",
	      "");
	check(MATCHER_DIGEST,
	      A " size=3\n" A " size=4\n" B " size=0\n" C " size=99999999999999999999\n",
	      "1:1 sha256:" A " 3\n",
	      "l:2:1: error: 'sha256:" A
	      "' has the size 4 here and 3 on line 1; a content has one size: correct the wrong one\n"
	      "l:3:1: error: '0' is no size of a file; expected its bytes, a whole number from 1 to 9223372036854775807\n"
	      "l:4:1: error: '99999999999999999999' is no size of a file; expected its bytes, a whole number from 1 to 9223372036854775807\n");
}

static void test_bad_text(void **state)
{
	static const char nul[] = "/opt/a\n/opt/\0b\n/opt/c\n";

	check_bytes(MATCHER_PATH, nul, sizeof(nul) - 1, "1:1 /opt/a\n3:1 /opt/c\n",
		    "l:2:6: error: a NUL byte; the list must be text\n");
	check(MATCHER_PATH, "/\xc3\xbc/\xff\n", "",
	      "l:1:4: error: byte 0xff is not UTF-8; save the list as UTF-8\n");
	check(MATCHER_PATH, "/a\xc3", "", "l:1:3: error: byte 0xc3 is not UTF-8; save the list as UTF-8\n");
	check(MATCHER_PATH, "\xef\xbb\xbf/a\n", "",
	      "l:1:1: error: a byte order mark; save the list as UTF-8 without BOM\n");
	check(MATCHER_PATH, "/a\x1b[31m\n/b\xc2\x9b\n", "",
	      "l:1:3: error: the control character U+001B; remove it\n"
	      "l:2:3: error: the control character U+009B; remove it\n");
	check(MATCHER_PATH, "/a\rb\n", "", "l:1:3: error: the control character U+000D; remove it\n");
	check(MATCHER_PATH, "- /opt/a\n\"/opt/b\"\nopt/c\n", "",
	      "l:1:1: error: '- ' at the beginning; a list in a file has one value a line and nothing else\n"
	      "l:2:1: error: a value in quotes; a list in a file has no quotes, and needs none\n"
	      "l:3:1: error: 'opt/c' does not begin with '/'; write '/opt/c'\n");
}

static void test_doubles(void **state)
{
	check(MATCHER_PATH, "/a\n/b\n/a\n//a\n/b\n/c\n", "1:1 /a\n2:1 /b\n6:1 /c\n",
	      "l:3:1: warning: '/a' is there twice, first on line 1; remove one (2 more like it)\n");
	check(MATCHER_NETWORK, "192.0.2.1\n192.0.2.1/32\n192.0.2.1 tcp\n",
	      "1:1 192.0.2.1/32\n3:1 192.0.2.1/32 tcp\n",
	      "l:2:1: warning: '192.0.2.1/32' is there twice, first on line 1; remove one\n");
}

/* What is wrong in a thousand places is told in fifty. */
static void test_bounds(void **state)
{
	struct fixture fixture;
	char *text = malloc(3000000), *at;

	assert_non_null(text);
	at = text;
	setup(&fixture);
	for (unsigned i = 0; i < 1000; i++)
		at = stpcpy(at, "x y\n");
	list_parse(&fixture.reader, "l", MATCHER_PACKAGE, text, (size_t)(at - text));
	assert_int_equal(fixture.diags.errors, LIST_ERRORS_MAX);
	assert_string_equal(fixture.diags.list[LIST_ERRORS_MAX].message,
			    "950 more lines of this list are wrong");
	diagnostics_done(&fixture.diags);

	/* one line of three million bytes */
	memset(text, 'a', 3000000);
	list_parse(&fixture.reader, "l", MATCHER_PACKAGE, text, 3000000);
	front_expect(&fixture.diags, "l:1:1: error: the line is too long; one value a line is expected\n");

	fixture.reader.list_values = LIST_VALUES_MAX - 2;
	list_parse(&fixture.reader, "l", MATCHER_PACKAGE, "a\nb\nc\nd\n", 8);
	assert_int_equal(fixture.rules.count, 2);
	front_expect(&fixture.diags,
		     "l:3:1: error: too many values: the lists of a policy can have 2000000; write networks and subtrees instead of single addresses and files\n");
	free(text);
	done(&fixture);
}

/* ---------------------------------------------------------------- files */

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

#define HEAD "kind: Policy\nname: p\nrevision: 7\nmode: enforce\nembargo:\n  - name: local\n"

static int load(const char *directory, const char *line, struct diagnostics *diags,
		struct policy **out_policy)
{
	struct catalog *catalog = catalog_new();
	char path[256], text[1024];
	int err;

	snprintf(text, sizeof(text), HEAD "    %s\n", line);
	write_file(directory, "p.yaml", text);
	snprintf(path, sizeof(path), "%s/p.yaml", directory);
	err = policy_load(path, catalog, NULL, diags, out_policy);
	catalog_free(catalog);
	return err;
}

/* The report without the directory, which is another one in each run. */
static void expect_load(const char *directory, const char *line, const char *expected)
{
	struct diagnostics diags = {0};
	struct policy *policy = NULL;
	char *report, *at;
	size_t bytes = strlen(directory);

	(void)load(directory, line, &diags, &policy);
	policy_free(policy);
	report = front_report(&diags);
	for (at = report; *at; at++) {
		if (!strncmp(at, directory, bytes))
			memmove(at, at + bytes + 1, strlen(at + bytes + 1) + 1);
	}
	assert_string_equal(report, expected);
	free(report);
	diagnostics_done(&diags);
}

static void test_files(void **state)
{
	char directory[] = "/tmp/embargo-list-XXXXXX", path[256];
	struct diagnostics diags = {0};
	struct policy *policy = NULL;
	const struct rules *rules;

	assert_non_null(mkdtemp(directory));
	write_file(directory, "a.txt", "/opt/a\n/opt/b\n");
	write_file(directory, "empty.txt", "# nothing yet\n");
	write_file(directory, "bad.txt", "/opt/a\nopt/b\n");
	snprintf(path, sizeof(path), "%s/lists", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	write_file(path, "n.txt", "192.0.2.0/24 tcp 443\n");
	snprintf(path, sizeof(path), "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);

	assert_int_equal(load(directory, "paths: {file: a.txt}\n    networks: {file: lists/n.txt}\n    digests: []",
			      &diags, &policy),
			 0);
	assert_int_equal(diags.count, 0);
	rules = &policy->rules;
	assert_int_equal(rules->count, 3);
	for (size_t i = 0; i < rules->count; i++) {
		assert_string_equal(rules->list[i].vendor, "local");
		assert_int_equal(rules->list[i].action, ACTION_DENY);
		assert_int_equal(rules->list[i].target, MODE_ENFORCE);
		assert_null(rules->list[i].unenforced_why);
	}
	assert_string_equal(rules->list[2].value, "192.0.2.0/24 tcp 443");
	assert_int_equal(rules->list[1].place.line, 2);
	assert_true(strlen(rules->list[1].place.file) > 6 &&
		    !strcmp(rules->list[1].place.file + strlen(rules->list[1].place.file) - 6, "/a.txt"));
	policy_free(policy);

	expect_load(directory, "paths: {file: bad.txt}",
		    "bad.txt:2:1: error: 'opt/b' does not begin with '/'; write '/opt/b'\n");
	expect_load(directory, "paths: {file: empty.txt}",
		    "p.yaml:7:19: warning: the list 'empty.txt' has no value; nothing is refused for it\n");
	expect_load(directory, "paths: {file: none.txt}",
		    "p.yaml:7:19: error: the list 'none.txt' cannot be read: No such file or directory\n");
	expect_load(directory, "paths: {file: lists}",
		    "p.yaml:7:19: error: the list 'lists' cannot be read: Is a directory\n");
	expect_load(directory, "paths: {file: pipe}",
		    "p.yaml:7:19: error: the list 'pipe' cannot be read: it is not a regular file\n");
	expect_load(directory, "paths: {file: /etc/shadow}",
		    "p.yaml:7:19: error: the list '/etc/shadow' is outside the directory of the policy; put it there and write its name, as {file: list.txt}\n");
	expect_load(directory, "paths: {file: lists/../../x}",
		    "p.yaml:7:19: error: the list 'lists/../../x' is outside the directory of the policy; put it there and write its name, as {file: list.txt}\n");
	expect_load(directory, "paths: {fiel: a.txt}",
		    "p.yaml:7:13: error: unknown key 'fiel' in a list in a file; did you mean 'file'?\n");
	expect_load(directory, "paths: [/x, {file: a.txt}]",
		    "p.yaml:7:18: error: 'file' among values; write {file: NAME} in the place of the whole list, and other values in a line of their own\n");
	snprintf(path, sizeof(path), "rm -r %s", directory);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),    cmocka_unit_test(test_networks),
		cmocka_unit_test(test_sizes),    cmocka_unit_test(test_digests),
		cmocka_unit_test(test_bad_text), cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_bounds),   cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
