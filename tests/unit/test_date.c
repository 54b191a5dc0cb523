/* SPDX-License-Identifier: MIT */
#include "front.h"
#include "../../policy/date.h"

static void check(const char *text, const char *expected)
{
	struct problem problem = {""};
	__s64 begin_s = -7;

	assert_true(date_parse(text, &begin_s) < 0);
	assert_int_equal(begin_s, -7);
	date_explain(text, &problem);
	assert_string_equal(problem.text, expected);
}

static void begins(const char *text, __s64 expected)
{
	__s64 begin_s;

	assert_int_equal(date_parse(text, &begin_s), 0);
	assert_int_equal(begin_s, expected);
}

/* The numbers are those of date(1): date -ud 2027-03-31 +%s */
static void test_days(void **state)
{
	begins("1970-01-01", 0);
	begins("2000-02-29", 951782400);
	begins("2024-02-29", 1709164800);
	begins("2027-03-31", 1806451200);
	begins("2100-03-01", 4107542400);
	begins("9999-12-31", 253402214400);
}

static void test_impossible(void **state)
{
	check("2026-02-29", "there is no day '2026-02-29'; expected year-month-day, as 2027-03-31");
	check("2100-02-29", "there is no day '2100-02-29'; expected year-month-day, as 2027-03-31");
	check("2027-13-01", "there is no day '2027-13-01'; expected year-month-day, as 2027-03-31");
	check("2027-00-10", "there is no day '2027-00-10'; expected year-month-day, as 2027-03-31");
	check("2027-04-31", "there is no day '2027-04-31'; expected year-month-day, as 2027-03-31");
	check("1969-12-31", "there is no day '1969-12-31'; expected year-month-day, as 2027-03-31");
}

static void test_other_ways(void **state)
{
	check("31.12.2026", "'31.12.2026' is no date here; write 2026-12-31");
	check("1.2.2027", "'1.2.2027' is no date here; write 2027-02-01");
	check("31/12/2026", "'31/12/2026' is no date here; write 2026-12-31");
	check("12/31/2026", "'12/31/2026' is no date here; write 2026-12-31");
	check("2026/12/31", "'2026/12/31' is no date here; write 2026-12-31");
	check("2026-1-2", "'2026-1-2' is no date here; write 2026-01-02");
	check("20261231", "'20261231' is no date here; write 2026-12-31");
	/* two meanings, or none: no guess */
	check("05/06/2026", "'05/06/2026' is no date; expected year-month-day, as 2027-03-31");
	check("20261331", "'20261331' is no date; expected year-month-day, as 2027-03-31");
	check("31.12.26", "'31.12.26' is no date; expected year-month-day, as 2027-03-31");
	check("never", "'never' is no date; expected year-month-day, as 2027-03-31");
	check("2027-03-31T00:00", "'2027-03-31T00:00' is no date; expected year-month-day, as 2027-03-31");
	check("", "'' is no date; expected year-month-day, as 2027-03-31");
	check("99999999999.1.1", "'99999999999.1.1' is no date; expected year-month-day, as 2027-03-31");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_other_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
