/* SPDX-License-Identifier: MIT */
/* test_exceptions.c - which entries end, in which order, and how many days they have left. */
#include "../../agent/exceptions.h"
#include "../../agent/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define DAY 86400ll
#define NOW (20000 * DAY + 3600)	/* 2024-10-04T01:00:00Z */

#define ENTRY(vendor_, product_, value_, until)                                                    \
	{                                                                                          \
		.id = "-", .vendor = vendor_, .vendor_name = vendor_, .product = product_,         \
		.value = value_, .reason = "needed", .why = "", .file = "p", .until_s = until,     \
		.action = ACTION_ALLOW, .matcher = MATCHER_PATH                                    \
	}

static const struct generation_rule rules[] = {
	ENTRY("-", "-", "/opt/late", (20010 * DAY)),
	ENTRY("acme", "sensor", "/opt/a/**", (20001 * DAY)),
	ENTRY("acme", "sensor", "/opt/b/**", (20001 * DAY)),
	ENTRY("-", "-", "/opt/over", (20000 * DAY)),
	ENTRY("-", "-", "/opt/always", 0),
	{.vendor = "acme", .product = "x", .value = "/x", .action = ACTION_DENY, .until_s = 5},
};
static const struct generation_rule unenforced[] = {
	ENTRY("acme", "sensor", "sensor-package", (20001 * DAY)),
};
static const struct generation generation = {
	.rules = rules,
	.rule_count = ARRAY_LENGTH(rules),
	.unenforced = unenforced,
	.unenforced_count = ARRAY_LENGTH(unenforced),
};

static void test_list(void **state)
{
	AUTO_JSON json_t *list = exceptions_list(&generation, NOW);
	AUTO_FREE char *text = json_dumps(list, JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(
		text,
		"[{\"allows\":\"/opt/over\",\"reason\":\"needed\",\"until\":\"2024-10-04T00:00:00.000000Z\","
		"\"days_left\":-1,\"over\":true,\"matchers\":1},"
		"{\"allows\":\"acme/sensor\",\"reason\":\"needed\",\"until\":\"2024-10-05T00:00:00.000000Z\","
		"\"days_left\":0,\"over\":false,\"matchers\":3},"
		"{\"allows\":\"/opt/late\",\"reason\":\"needed\",\"until\":\"2024-10-14T00:00:00.000000Z\","
		"\"days_left\":9,\"over\":false,\"matchers\":1}]");
}

static void test_next(void **state)
{
	assert_int_equal(exceptions_next(&generation, NOW), 20001 * DAY);
	/* at the very second it is over, and the one after it is next */
	assert_int_equal(exceptions_next(&generation, 20001 * DAY - 1), 20001 * DAY);
	assert_int_equal(exceptions_next(&generation, 20001 * DAY), 20010 * DAY);
	assert_int_equal(exceptions_next(&generation, 20010 * DAY), 0);
}

static void test_none(void **state)
{
	static const struct generation empty;
	AUTO_JSON json_t *list = exceptions_list(&empty, NOW);
	AUTO_JSON json_t *none = exceptions_list(NULL, NOW);

	assert_int_equal(json_array_size(list), 0);
	assert_true(json_is_array(none));
	assert_int_equal(exceptions_next(NULL, NOW), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
