/* SPDX-License-Identifier: MIT */
/* test_cached.c - what systemd-resolved tells of its cache: agent/cached.c. Names that begin with "d" are denied. */
#include "../../agent/cached.h"
#include "../../agent/clean.h"

#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER(cache) "{\"parameters\":{\"dump\":[{\"protocol\":\"dns\",\"cache\":[" cache "]}]}}"
#define KEY(type, name) "{\"class\":1,\"type\":" type ",\"name\":\"" name "\"}"
#define ENTRY(type, name, rest) \
	"{\"key\":" KEY(type, name) ",\"rrs\":[{\"rr\":{\"key\":" KEY(type, name) "," rest "},\"raw\":\"\"}],\"until\":9}"
#define FOUR(name, last) ENTRY("1", name, "\"address\":[192,0,2," last "]")
#define ALIAS(name, target) ENTRY("5", name, "\"name\":\"" target "\"")

static char found[8192];

static bool judge(void *context, const struct domain_text *name)
{
	return name->text[0] == 'd';
}

/* "name[>through][!] address until; " for each. */
static int note(void *context, const struct cached_name *one)
{
	char text[INET6_ADDRSTRLEN];
	size_t used = strlen(found);

	inet_ntop(AF_INET6, one->address.address, text, sizeof(text));
	snprintf(found + used, sizeof(found) - used, "%.*s%s%.*s%s %s %llu; ", one->name->bytes, one->name->text, one->through ? ">" : "",
		 one->through ? one->through->bytes : 0, one->through ? one->through->text : "", one->denied ? "!" : "", text,
		 (unsigned long long)one->until_us);
	return 0;
}

static int read_text(const char *text, size_t bytes, const char **why)
{
	struct cached *cached = NULL;
	int err = cached_parse(text, bytes, why, &cached);

	found[0] = '\0';
	if (!err)
		assert_int_equal(cached_each(cached, judge, note, NULL), 0);
	else
		assert_null(cached);
	cached_free(cached);
	return err;
}

static void check_answer(const char *text, const char *expected, int line)
{
	const char *why = "";
	int err = read_text(text, strlen(text), &why);

	if (err || strcmp(found, expected))
		fail_msg("line %d: %d \"%s\"", line, err, err ? why : found);
}

#define assert_answer(text, expected) check_answer(text, expected, __LINE__)

static void check_refused(const char *text, int expected, const char *expected_why, int line)
{
	const char *why = "";
	int err = read_text(text, strlen(text), &why);

	if (err != expected || !strstr(why, expected_why))
		fail_msg("line %d: %d \"%s\"", line, err, why);
}

#define assert_refused(text, err, why) check_refused(text, err, why, __LINE__)

static void load(const char *name, char *out, size_t room)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	out[fread(out, 1, room - 1, file)] = '\0';
	fclose(file);
}

static void a_real_answer(void **state)
{
	static char text[65536];

	load("resolved-257", text, sizeof(text));
	assert_answer(text,
		      "c1.test.example>denied.cdn.test.example! ::ffff:192.0.2.1 30437183744; d1.test.example! 2001:db8::1 30437183979; "
		      "both.test.example ::ffff:192.0.2.2 30437183190; both.test.example 2001:db8::2 30437183371; "
		      "several.test.example ::ffff:192.0.2.10 30437183540; several.test.example ::ffff:192.0.2.11 30437183540; "
		      "several.test.example ::ffff:192.0.2.12 30437183540; x.other.test.example ::ffff:192.0.2.82 30437185301; "
		      "\xc3\xa4.wild.test.example ::ffff:192.0.2.99 30437186357; a\\dot.wild.test.example ::ffff:192.0.2.99 30437186017; "
		      "denied.cdn.test.example! ::ffff:192.0.2.1 30437183744; upper*!.wild.test.example ::ffff:192.0.2.99 30437186540; "
		      "back\\slash.wild.test.example ::ffff:192.0.2.99 30437186185; "
		      "with space.wild.test.example ::ffff:192.0.2.99 30437185847; "
		      "_under-score.wild.test.example ::ffff:192.0.2.99 30437186924; ");
}

static void answers_of_other_versions(void **state)
{
	static char text[65536];

	load("method-not-found", text, sizeof(text));
	assert_refused(text, -EOPNOTSUPP, "before 254");
	load("several-links", text, sizeof(text));
	assert_answer(text, "d.example! ::ffff:192.0.2.1 1000; d.example! ::ffff:198.51.100.1 2000; ");
	load("circle", text, sizeof(text));
	assert_answer(text, "denied.example! 2001:db8::1 7; ");
}

static void names(void **state)
{
	assert_answer(ANSWER(FOUR("A.Example.ORG", "1")), "a.example.org ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(FOUR("a.example.org.", "1")), "a.example.org ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(FOUR("a\\\\.dot.example", "1")), "a\\dot.example ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(FOUR("back\\\\\\\\slash", "1")), "back\\slash ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(FOUR("a\\\\0321", "1")), "a 1 ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(FOUR("a\\\\065", "1")), "aa ::ffff:192.0.2.1 9; ");
	/* what no name can be */
	assert_answer(ANSWER(FOUR("", "1")), "");
	assert_answer(ANSWER(FOUR(".", "1")), "");
	assert_answer(ANSWER(FOUR("zero\\\\000", "1")), "");
	assert_answer(ANSWER(FOUR("a\\\\256", "1")), "");
	assert_answer(ANSWER(FOUR("a\\\\25", "1")), "");
	assert_answer(ANSWER(FOUR("a\\\\", "1")), "");
}

static void long_names(void **state)
{
	char name[300], text[1024], expected[400];

	memset(name, 'x', sizeof(name));
	name[DOMAIN_BYTES] = '\0';
	snprintf(text, sizeof(text), ANSWER("{\"key\":" KEY("1", "%s") ",\"rrs\":[{\"rr\":{\"key\":" KEY("1", "%s")
		 ",\"address\":[192,0,2,1]}}],\"until\":9}"), name, name);
	snprintf(expected, sizeof(expected), "%s ::ffff:192.0.2.1 9; ", name);
	assert_answer(text, expected);
	name[DOMAIN_BYTES] = 'x';
	name[DOMAIN_BYTES + 1] = '\0';
	snprintf(text, sizeof(text), ANSWER("{\"key\":" KEY("1", "%s") ",\"rrs\":[{\"rr\":{\"key\":" KEY("1", "%s")
		 ",\"address\":[192,0,2,1]}}],\"until\":9}"), name, name);
	assert_answer(text, "");
}

static void aliases(void **state)
{
	/* whoever may have been asked for: not what only an alias leads to */
	assert_answer(ANSWER(ALIAS("www", "cdn") "," FOUR("cdn", "1")), "www ::ffff:192.0.2.1 9; ");
	/* of a denied one */
	assert_answer(ANSWER(ALIAS("www", "d.x") "," ALIAS("d.x", "cdn") "," FOUR("cdn", "1")),
		      "d.x! ::ffff:192.0.2.1 9; www>d.x! ::ffff:192.0.2.1 9; ");
	/* the first denied one on the way */
	assert_answer(ANSWER(ALIAS("www", "d1") "," ALIAS("d1", "d2") "," FOUR("d2", "1")),
		      "d1>d2! ::ffff:192.0.2.1 9; d2! ::ffff:192.0.2.1 9; www>d1! ::ffff:192.0.2.1 9; ");
	/* innocent, and what is behind it is shared */
	assert_answer(ANSWER(ALIAS("d.x", "cdn") "," ALIAS("www", "cdn") "," FOUR("cdn", "1")),
		      "d.x! ::ffff:192.0.2.1 9; www ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(ALIAS("d.x", "d.x") "," FOUR("d.x", "1")), "d.x! ::ffff:192.0.2.1 9; ");
	assert_answer(ANSWER(ALIAS("a", "b") "," ALIAS("b", "a")), "");
	assert_answer(ANSWER(ALIAS("a", "gone")), "");
}

/* Only so many names of a chain are followed. */
static void long_chains(void **state)
{
	const char *why = "";
	char text[16384] = "{\"parameters\":{\"dump\":[{\"protocol\":\"dns\",\"cache\":[";

	for (int i = 0; i < 40; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, ALIAS("n%02d", "n%02d") "," FOUR("n%02d", "%d") ",", i, i, i + 1, i, i, i);
	}
	strcat(text, FOUR("last", "99") "]}]}}");
	assert_int_equal(read_text(text, strlen(text), &why), 0);
	assert_non_null(strstr(found, "n00 ::ffff:192.0.2.31 9; "));
	assert_null(strstr(found, "n00 ::ffff:192.0.2.32 9; "));
}

static void what_is_passed_over(void **state)
{
	assert_answer("{\"parameters\":{\"dump\":[]}}", "");
	assert_answer(ANSWER(""), "");
	assert_answer(ANSWER("{\"key\":" KEY("1", "d") ",\"type\":\"NXDOMAIN\",\"until\":1}"), "");
	assert_answer(ANSWER("{\"key\":" KEY("1", "d") ",\"rrs\":[],\"until\":1}"), "");
	assert_answer(ANSWER("{\"key\":" KEY("1", "d") ",\"rrs\":null,\"until\":1}"), "");
	assert_answer(ANSWER("{\"key\":" KEY("64", "d") ",\"rrs\":[{\"raw\":\"AA==\"},{\"rr\":null}],\"until\":1}"), "");
	assert_answer(ANSWER(ENTRY("16", "d", "\"items\":[\"x\"]")), "");
	assert_answer(ANSWER(ENTRY("1", "d", "\"address\":[0,0,0,0]")), "");
	assert_answer(ANSWER(ENTRY("1", "d", "\"address\":[127,0,0,1]")), "");
	assert_answer("{\"parameters\":{\"dump\":[{\"protocol\":\"mdns\",\"cache\":[" FOUR("d", "1") "]}]},\"continues\":false}", "");
}

static void what_is_refused(void **state)
{
	static const char zero[] = "{\"parameters\":\0{\"dump\":[]}}";
	const char *why;

	assert_refused("", -EPROTO, "no JSON object");
	assert_refused("[]", -EPROTO, "no JSON object");
	assert_refused("{\"parameters\":{\"dump\":[]}", -EPROTO, "no JSON object");
	assert_refused("{\"parameters\":{\"dump\":[]}} x", -EPROTO, "no JSON object");
	assert_int_equal(read_text(zero, sizeof(zero) - 1, &why), -EPROTO);
	assert_refused("{}", -EPROTO, "none to this question");
	assert_refused("{\"parameters\":{\"dump\":{}}}", -EPROTO, "none to this question");
	assert_refused("{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}", -EPROTO, "refuses");
	assert_refused("{\"parameters\":{\"dump\":[1]}}", -EPROTO, "an entry");
	assert_refused("{\"parameters\":{\"dump\":[{\"protocol\":\"dns\"}]}}", -EPROTO, "an entry");
	assert_refused("{\"parameters\":{\"dump\":[{\"cache\":[]}]}}", -EPROTO, "an entry");
	assert_refused(ANSWER("1"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":1,\"until\":1}"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":" KEY("1", "a") "}"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":" KEY("1", "a") ",\"until\":-1}"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":" KEY("1", "a") ",\"until\":1,\"rrs\":{}}"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":" KEY("1", "a") ",\"until\":1,\"rrs\":[1]}"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":" KEY("1", "a") ",\"until\":1,\"rrs\":[{\"rr\":1}]}"), -EPROTO, "an entry");
	assert_refused(ANSWER("{\"key\":" KEY("1", "a") ",\"until\":1,\"rrs\":[{\"rr\":{}}]}"), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("1", "a", "\"address\":[1,2,3]")), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("1", "a", "\"address\":[1,2,3,256]")), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("1", "a", "\"address\":[1,2,3,\"4\"]")), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("1", "a", "\"address\":\"192.0.2.1\"")), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("28", "a", "\"address\":[1,2,3,4]")), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("5", "a", "\"x\":1")), -EPROTO, "an entry");
	assert_refused(ANSWER(ENTRY("\\\"1\\\"", "a", "\"x\":1")), -EPROTO, "");
}

static void too_many_records(void **state)
{
	static const char record[] = "{\"rr\":{\"key\":" KEY("1", "d") ",\"address\":[192,0,2,1]}},";
	static const char begin[] = "{\"parameters\":{\"dump\":[{\"protocol\":\"dns\",\"cache\":[{\"key\":" KEY("1", "d") ",\"until\":1,\"rrs\":[";
	static const char end[] = "{\"raw\":\"\"}]}]}]}}";
	AUTO_FREE char *text = malloc(sizeof(begin) + sizeof(end) + (CACHED_RECORDS_MAX + 1) * sizeof(record));
	struct cached *cached = NULL;
	const char *why = "";
	size_t used;

	assert_non_null(text);
	for (int more = 0; more < 2; more++) {
		used = (size_t)sprintf(text, "%s", begin);
		for (int i = 0; i < CACHED_RECORDS_MAX + more; i++) {
			memcpy(text + used, record, sizeof(record) - 1);
			used += sizeof(record) - 1;
		}
		memcpy(text + used, end, sizeof(end) - 1);
		used += sizeof(end) - 1;
		assert_int_equal(cached_parse(text, used, &why, &cached), more ? -E2BIG : 0);
		if (!more) {
			assert_int_equal(cached_count(cached), CACHED_RECORDS_MAX);
			cached_free(take_ptr(cached));
		}
	}
	assert_string_equal(why, "it has more records than are read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_answer),     cmocka_unit_test(answers_of_other_versions),
		cmocka_unit_test(names),	     cmocka_unit_test(long_names),
		cmocka_unit_test(aliases),	     cmocka_unit_test(long_chains),
		cmocka_unit_test(what_is_passed_over), cmocka_unit_test(what_is_refused),
		cmocka_unit_test(too_many_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
