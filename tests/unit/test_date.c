/* SPDX-License-Identifier: MIT */
/* test_date.c - days that are there, days that are not, and what is no day at all. */
#include "../../policy/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

static void days(void **state)
{
	__s64 seconds = -1;

	assert_int_equal(date_parse("1970-01-01", &seconds), 0);
	assert_int_equal(seconds, 0);
	/* date -u -d 2027-03-31 +%s */
	assert_int_equal(date_parse("2027-03-31", &seconds), 0);
	assert_int_equal(seconds, 1806451200);
	assert_int_equal(date_parse("2028-02-29", &seconds), 0);
	assert_int_equal(seconds, 1835395200);
	assert_int_equal(date_parse("9999-12-31", &seconds), 0);
	assert_int_equal(seconds, 253402214400);
}

static void no_days(void **state)
{
	static const char *const impossible[] = {"2027-02-29", "2027-13-01", "2027-00-10",
						 "2027-04-31", "2027-04-00", "1969-12-31"};
	static const char *const other[] = {"",        "2027-3-31",  "2027-03-31 ", "31.03.2027",
					    "2027-03", "+027-03-31", "2027/03/31",  "abcd-ef-gh"};
	__s64 seconds = 7;

	for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++)
		assert_int_equal(date_parse(impossible[i], &seconds), -ERANGE);
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++)
		assert_int_equal(date_parse(other[i], &seconds), -EINVAL);
	assert_int_equal(seconds, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(no_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
