/* SPDX-License-Identifier: MIT */
/*
 * test_table.c - tables fit the terminal, lose no word, and cannot steer it.
 */
#include "../../agent/clean.h"
#include "../../agent/table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char *print(const struct table *table)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	table_print(table, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void small_table(void **state)
{
	static const char *const heads[] = {"hook", "backend"};
	static const char *const row[] = {"exec", "lsm"}, *const empty[] = {"connect", NULL};
	struct table *table = table_new(2, heads);
	AUTO_FREE char *text = NULL;

	assert_int_equal(table_row(table, row), 0);
	assert_int_equal(table_row(table, empty), 0);
	text = print(table);
	assert_string_equal(text, "hook     backend\nexec     lsm\nconnect\n");
	table_free(table);
}

static void long_cells_are_wrapped(void **state)
{
	static const char *const heads[] = {"a", "b", "c"};
	char words[600] = "", solid[301];
	const char *row[] = {"short", words, solid};
	struct table *table = table_new(3, heads);
	AUTO_FREE char *text = NULL;
	size_t solids = 0, count = 0;

	for (int i = 0; i < 50; i++)
		strcat(words, "word\xc3\xa4 ");
	memset(solid, 'x', 300);
	solid[300] = 0;
	assert_int_equal(table_row(table, row), 0);
	text = print(table);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		assert_true(text_columns(line, strlen(line)) <= TABLE_WIDTH);
		for (char *at = line; *at; at++)
			solids += *at == 'x';
		for (char *at = line; (at = strstr(at, "word\xc3\xa4")); at++)
			count++;
	}
	assert_int_equal(solids, 300);
	assert_int_equal(count, 50);
	table_free(table);
}

static void terminal_is_safe(void **state)
{
	AUTO_FREE char *safe = text_safe("a\033[2J\n\x7f\xff\xc2\x9b\xc3\xa4", 12);

	assert_string_equal(safe, "a\\x1b[2J\\x0a\\x7f\\xff\\xc2\\x9b\xc3\xa4");
}

static void limits(void **state)
{
	static const char *const heads[TABLE_COLUMNS_MAX + 1] = {"a"};

	assert_null(table_new(0, heads));
	assert_null(table_new(TABLE_COLUMNS_MAX + 1, heads));
	assert_int_equal(table_row(NULL, heads), 0);
	table_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_table),
		cmocka_unit_test(long_cells_are_wrapped),
		cmocka_unit_test(terminal_is_safe),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
