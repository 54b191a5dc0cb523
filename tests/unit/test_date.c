/* SPDX-License-Identifier: MIT */
/* test_date.c - days that are there, days that are not, and what is no day at all. */
#include "../../policy/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

static void days_end_when_the_next_one_begins(void **state)
{
	static const struct {
		const char *text;
		__u64 end_s; /* date -u -d "TEXT + 1 day" +%s */
	} days[] = {
		{"1970-01-01", 86400},        {"2027-03-31", 1806537600},
		{"2028-02-29", 1835481600},   {"2100-02-28", 4107542400},
		{"9999-12-31", 253402300800},
	};
	struct problem problem;

	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		__u64 end_s = 0;

		assert_int_equal(date_parse(days[i].text, &end_s, &problem), 0);
		assert_true(end_s == days[i].end_s);
	}
}

static void what_is_no_day_is_answered_with_one(void **state)
{
	static const char *const texts[][2] = {
		{"2027-02-29", "that month has 28 days"},
		{"2100-02-29", "that month has 28 days"},
		{"2027-13-01", "does not exist"},
		{"2027-04-31", "that month has 30 days"},
		{"1969-12-31", "does not exist"},
		{"", "expected year-month-day"},
		{"tomorrow", "expected year-month-day"},
		{"2027-03-31 ", "expected year-month-day"},
		{"31.3.2027", "write 2027-03-31"},
		{"20270331", "write 2027-03-31"},
		{"2027-3-31", "write 2027-03-31"},
		{"05/06/2027", "expected year-month-day"},
	};
	struct problem problem;
	__u64 end_s = 7;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(date_parse(texts[i][0], &end_s, &problem), -EINVAL);
		if (!strstr(problem.text, texts[i][1]))
			fail_msg("'%s': %s", texts[i][0], problem.text);
	}
	assert_int_equal(end_s, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_end_when_the_next_one_begins),
		cmocka_unit_test(what_is_no_day_is_answered_with_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
