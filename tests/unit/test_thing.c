/* SPDX-License-Identifier: MIT */
/*
 * test_thing.c - how a thing can be written, what is refused, and the one word that a policy answers with.
 */
#include "generation_walk.h"
#include "../../policy/policy.h"
#include "../../policy/thing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof(*(list)))

struct fixture {
	struct arena arena;
	struct thing thing;
	struct problem problem;
};

static int read_as(struct fixture *fixture, const char *kind, const char *text)
{
	fixture->problem.text[0] = '\0';
	return thing_read(thing_kind(kind, strlen(kind)), text, &fixture->arena, &fixture->thing,
			  &fixture->problem);
}

static void expect_text(struct fixture *fixture, const char *kind, const char *text,
			const char *expected)
{
	char *shown = NULL;
	size_t bytes;
	FILE *out;

	if (read_as(fixture, kind, text) < 0)
		fail_msg("%s %s: %s", kind, text, fixture->problem.text);
	out = open_memstream(&shown, &bytes);
	thing_format(&fixture->thing, out);
	fclose(out);
	assert_string_equal(shown, expected);
	free(shown);
}

static void things_are_read(void **state)
{
	struct fixture fixture = {0};

	expect_text(&fixture, "exec", "/opt/x y/.hidden", "exec /opt/x y/.hidden");
	expect_text(&fixture, "exec", "/opt/...", "exec /opt/...");
	expect_text(&fixture, "load", "/usr/lib/libx.so", "load /usr/lib/libx.so");
	expect_text(&fixture, "connect", "192.0.2.1", "connect 192.0.2.1 port 443 tcp");
	expect_text(&fixture, "connect", "192.0.2.1:53/udp", "connect 192.0.2.1 port 53 udp");
	expect_text(&fixture, "connect", "2001:db8::1", "connect 2001:db8::1 port 443 tcp");
	expect_text(&fixture, "connect", "[2001:db8::1]:80", "connect 2001:db8::1 port 80 tcp");
	expect_text(&fixture, "connect", "[2001:db8::1]", "connect 2001:db8::1 port 443 tcp");
	expect_text(&fixture, "connect", "::ffff:192.0.2.1", "connect 192.0.2.1 port 443 tcp");
	expect_text(&fixture, "domain", "API.Example.COM.", "domain api.example.com");
	expect_text(&fixture, "domain", "github.io", "domain github.io");
	expect_text(&fixture, "module", "acme-kmod", "module acme_kmod");
	expect_text(&fixture, "package", "acme-sensor", "package acme-sensor");
	expect_text(&fixture, "unit", "acme.service", "unit acme.service");
	arena_done(&fixture.arena);
}

static void mistakes_say_what_to_write(void **state)
{
	static const struct {
		const char *kind, *text, *expected;
	} cases[] = {
		{"exec", "opt/x", "does not begin with '/'"},
		{"exec", "/opt/**", "is a pattern"},
		{"exec", "/", "at its end"},
		{"exec", "/opt/", "at its end"},
		{"exec", "/opt//x", "there twice"},
		{"exec", "/opt/../x", "goes through '..'"},
		{"exec", "/opt/.", "goes through '.'"},
		{"connect", "300.0.2.1", "is no address"},
		{"connect", "192.0.2.0/24", "is no address"},
		{"connect", "192.0.2.1:", "is no port"},
		{"connect", "192.0.2.1:0", "is no port"},
		{"connect", "192.0.2.1:70000", "is no port"},
		{"connect", "192.0.2.1:99999999999999999999", "is no port"},
		{"connect", "192.0.2.1:443/", "is no protocol"},
		{"connect", "192.0.2.1:443/icmp", "is no protocol"},
		{"connect", "192.0.2.1:443/any", "is no protocol"},
		{"connect", "[2001:db8::1", "is no address"},
		{"connect", "[2001:db8::1]443", "is no address"},
		{"connect", "", "is no address"},
		{"connect", "api.example.com:443", "is no address"},
		{"domain", "*.example.com", "is a pattern"},
		{"domain", "localhost", "is no domain name"},
		{"digest", "sha256:12", "is no digest"},
		{"package", "acme-*", "is a pattern"},
		{"package", "", "is empty"},
	};
	struct fixture fixture = {0};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(read_as(&fixture, cases[i].kind, cases[i].text), -EINVAL);
		if (!strstr(fixture.problem.text, cases[i].expected))
			fail_msg("%s: %s", cases[i].text, fixture.problem.text);
	}
	assert_null(thing_kind("execute", 7));
	assert_null(thing_kind("exe", 3));
	arena_done(&fixture.arena);
}

static void answers_are_one_word(void **state)
{
	struct rule list[] = {
		path_rule("/enforce", ACTION_DENY, MODE_ENFORCE),
		path_rule("/audit", ACTION_DENY, MODE_AUDIT),
		path_rule("/allowed", ACTION_DENY, MODE_ENFORCE),
		path_rule("/allowed", ACTION_ALLOW, MODE_NONE),
		path_rule("acme", ACTION_DENY, MODE_ENFORCE),
		path_rule("acme.service", ACTION_DENY, MODE_ENFORCE),
	};
	static const struct {
		const char *kind, *text;
		enum outcome outcome;
	} cases[] = {
		{"exec", "/enforce", OUTCOME_DENY},
		{"exec", "/audit", OUTCOME_AUDIT},
		{"exec", "/allowed", OUTCOME_ALLOW},
		{"exec", "/other", OUTCOME_NONE},
		{"load", "/enforce", OUTCOME_DENY},
		{"load", "/allowed", OUTCOME_ALLOW},
		{"load", "/other", OUTCOME_NONE},
		{"package", "acme", OUTCOME_NOT_ENFORCED},
		{"package", "other", OUTCOME_NONE},
		{"unit", "acme.service", OUTCOME_NOT_ENFORCED},
		{"connect", "192.0.2.1", OUTCOME_NONE},
	};
	const struct match_subject subject = {0};
	struct match_index *index = NULL;
	struct fixture fixture = {0};
	struct generation *gen;

	list[4].matcher = MATCHER_PACKAGE;
	list[4].unenforced_why = "not by this version";
	list[5].matcher = MATCHER_UNIT;
	list[5].unenforced_why = "";
	gen = compile_ok(list, LENGTH(list));
	assert_int_equal(match_index_new(gen, &index), 0);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct answer answer;

		assert_int_equal(read_as(&fixture, cases[i].kind, cases[i].text), 0);
		answer = thing_ask(gen, index, &fixture.thing, &subject);
		if (answer.outcome != cases[i].outcome)
			fail_msg("%s %s: %s", cases[i].kind, cases[i].text,
				 outcome_word(answer.outcome));
		assert_int_equal(answer.why != NULL, answer.outcome == OUTCOME_NOT_ENFORCED);
		if (answer.why)
			assert_true(*answer.why);
	}
	for (unsigned i = 0; i < OUTCOME_MAX; i++)
		assert_non_null(outcome_word(i));
	assert_null(outcome_word(OUTCOME_MAX));
	match_index_free(index);
	generation_free(gen);
	arena_done(&fixture.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_are_read),
		cmocka_unit_test(mistakes_say_what_to_write),
		cmocka_unit_test(answers_are_one_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
