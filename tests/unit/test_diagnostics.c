/* SPDX-License-Identifier: MIT */
#include "front.h"

static struct place at(const char *file, unsigned line, unsigned column)
{
	return (struct place){.file = file, .line = line, .column = column};
}

static void test_sorted_by_place(void **state)
{
	struct diagnostics diags = {0};

	diagnostics_add(&diags, SEVERITY_ERROR, at("b.yaml", 1, 1), "b");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a.yaml", 10, 1), "a ten");
	diagnostics_add(&diags, SEVERITY_WARNING, at("a.yaml", 9, 7), "a nine %d", 9);
	diagnostics_add(&diags, SEVERITY_ERROR, at("a.yaml", 9, 3), "a nine before");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a.yaml", 0, 0), "a whole");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a.yaml", 9, 3), "a nine again");
	assert_int_equal(diags.count, 6);
	assert_int_equal(diags.errors, 5);
	assert_int_equal(diags.warnings, 1);
	front_expect(&diags, "a.yaml: error: a whole\n"
			     "a.yaml:9:3: error: a nine before\n"
			     "a.yaml:9:3: error: a nine again\n"
			     "a.yaml:9:7: warning: a nine 9\n"
			     "a.yaml:10:1: error: a ten\n"
			     "b.yaml:1:1: error: b\n");
	assert_int_equal(diags.count, 0);
}

/* A note stands behind what it belongs to, wherever it points. */
static void test_notes_stay(void **state)
{
	struct diagnostics diags = {0};

	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 5, 1), "five");
	diagnostics_add(&diags, SEVERITY_NOTE, at("z", 1, 1), "of five");
	diagnostics_add(&diags, SEVERITY_NOTE, at("a", 1, 1), "of five too");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 2, 1), "two");
	diagnostics_add(&diags, SEVERITY_NOTE, at("a", 9, 1), "of two");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 6, 1), "six");
	assert_int_equal(diags.errors, 3);
	front_expect(&diags, "a:2:1: error: two\na:9:1: note: of two\n"
			     "a:5:1: error: five\nz:1:1: note: of five\na:1:1: note: of five too\n"
			     "a:6:1: error: six\n");
}

/* A remark has a place of its own, also between others. */
static void test_remarks(void **state)
{
	struct diagnostics diags = {0};

	diagnostics_remark(&diags, at("a", 3, 1), "remark %d", 3);
	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 5, 1), "five");
	diagnostics_remark(&diags, at("a", 4, 1), "remark four");
	diagnostics_add(&diags, SEVERITY_NOTE, at("z", 1, 1), "of the remark");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 2, 1), "two");
	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 4, 2), "four");
	assert_int_equal(diags.errors, 3);
	front_expect(&diags, "a:2:1: error: two\na:3:1: note: remark 3\n"
			     "a:4:1: note: remark four\nz:1:1: note: of the remark\n"
			     "a:4:2: error: four\na:5:1: error: five\n");
}

static void test_bounded(void **state)
{
	struct diagnostics diags = {0};

	for (unsigned i = 0; i < 100000; i++)
		diagnostics_add(&diags, i % 2 ? SEVERITY_ERROR : SEVERITY_WARNING, at("a", 1, 1), "x");
	assert_int_equal(diags.errors, 50000);
	assert_int_equal(diags.warnings, 50000);
	assert_int_equal(diags.count, DIAGNOSTICS_MAX + 1);
	assert_string_equal(diags.list[DIAGNOSTICS_MAX].message,
			    "there is more to say than this; it is not listed");
	diagnostics_done(&diags);
}

static void test_nothing_drives_a_terminal(void **state)
{
	struct diagnostics diags = {0};

	diagnostics_add(&diags, SEVERITY_ERROR, at("a", 1, 1), "'%s'",
			"x\n\033[2J\x7f\xc2\x9b\xc3\xa9");
	front_expect(&diags, "a:1:1: error: 'x??[2J???\xc3\xa9'\n");
}

static void test_quoted_cuts_between_characters(void **state)
{
	char text[200], expected[200];

	assert_string_equal(quoted("short").text, "short");
	assert_string_equal(quoted("").text, "");
	memset(text, 'a', 79);
	strcpy(text + 79, "\xc3\xa9 and more");
	memset(expected, 'a', 79);
	strcpy(expected + 79, "...");
	assert_string_equal(quoted(text).text, expected);
	memset(text, 'b', 80);
	text[80] = '\0';
	assert_string_equal(quoted(text).text, text);
}

static void test_many(void **state)
{
	struct diagnostics diags = {0};

	for (unsigned i = 1000; i > 0; i--)
		diagnostics_add(&diags, SEVERITY_ERROR, at("a", i, 1), "%u", i);
	assert_int_equal(diags.errors, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(diags.list[i].line, i + 1);
	diagnostics_done(&diags);
	diagnostics_done(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted_by_place),
		cmocka_unit_test(test_notes_stay),
		cmocka_unit_test(test_remarks),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_nothing_drives_a_terminal),
		cmocka_unit_test(test_quoted_cuts_between_characters),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
