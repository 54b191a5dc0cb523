/* SPDX-License-Identifier: MIT */
/*
 * test_options.c - the command line of embargod: defaults, every option, and mistakes that are told.
 */
#include "../../agent/clean.h"
#include "../../agent/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARGUMENTS_MAX 24

static int parse(struct options *options, char *error, const char *const *words)
{
	char *argv[ARGUMENTS_MAX + 2] = {"embargod"};
	int argc = 1;

	for (; *words && argc <= ARGUMENTS_MAX; words++)
		argv[argc++] = (char *)*words;
	error[0] = 0;
	return options_parse(argc, argv, options, error);
}

#define PARSE(options, error, ...) parse(options, error, (const char *const[]){__VA_ARGS__, NULL})

static void defaults(void **state)
{
	static const char *const none[] = {NULL};
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	assert_int_equal(parse(&options, error, none), 0);
	assert_int_equal(options.job, OPTIONS_JOB_RUN);
	assert_string_equal(options.config, DEFAULT_CONFIG);
	assert_false(options.config_named);
	assert_null(options.policy);
	assert_null(options.within);
	assert_null(options.events);
	assert_string_equal(options.state, DEFAULT_STATE);
	assert_string_equal(options.run, DEFAULT_RUN);
	assert_string_equal(options.pins, DEFAULT_PINS);
	assert_int_equal(options.forced[HOOK_EXEC], BACKEND_NONE);
	assert_int_equal(options.catalog_count, 2);
	assert_string_equal(options.catalogs[0], "/etc/embargo/catalog");
	assert_string_equal(options.catalogs[1], "/usr/share/embargo/catalog");
}

static void every_option(void **state)
{
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	assert_int_equal(PARSE(&options, error, "--config", "c", "--policy=p", "--catalog", "k1",
			       "--catalog", "k2", "--state", "s", "--run", "r", "--pins", "b",
			       "--within", "w", "--audit-only", "--backend", "exec=kill",
			       "--events", "-"),
			 0);
	assert_true(options.config_named);
	assert_string_equal(options.config, "c");
	assert_string_equal(options.policy, "p");
	assert_int_equal(options.catalog_count, 2);
	assert_string_equal(options.catalogs[1], "k2");
	assert_string_equal(options.state, "s");
	assert_string_equal(options.run, "r");
	assert_string_equal(options.pins, "b");
	assert_string_equal(options.within, "w");
	assert_true(options.audit_only);
	assert_int_equal(options.forced[HOOK_EXEC], BACKEND_KILL);
	assert_string_equal(options.events, "-");
}

static void jobs(void **state)
{
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	assert_int_equal(PARSE(&options, error, "--attach"), 0);
	assert_int_equal(options.job, OPTIONS_JOB_ATTACH);
	assert_int_equal(PARSE(&options, error, "--detach"), 0);
	assert_int_equal(options.job, OPTIONS_JOB_DETACH);
	assert_int_equal(PARSE(&options, error, "--help"), 0);
	assert_int_equal(options.job, OPTIONS_JOB_HELP);
	assert_int_equal(PARSE(&options, error, "--version"), 0);
	assert_int_equal(options.job, OPTIONS_JOB_VERSION);
	assert_int_equal(PARSE(&options, error, "--attach", "--detach"), -EINVAL);
}

static void mistakes_are_told(void **state)
{
	static const char *const bad[][3] = {
		{"--wrong", NULL, "--wrong"},
		{"--policy", NULL, "--policy"},
		{"--backend", "exec=xdp", "exec=kill"},
		{"--backend", "lsm", "exec=lsm"},
		{"policy.yaml", NULL, "--policy"},
		{"--state", "", "empty"},
		{"-x", NULL, "-x"},
	};
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		assert_int_equal(PARSE(&options, error, bad[i][0], bad[i][1]), -EINVAL);
		if (!strstr(error, bad[i][2]))
			fail_msg("\"%s\" does not name \"%s\"", error, bad[i][2]);
	}
}

static void catalogs_are_bounded(void **state)
{
	const char *words[2 * CATALOGS_MAX + 3] = {NULL};
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	for (int i = 0; i < CATALOGS_MAX; i++) {
		words[2 * i] = "--catalog";
		words[2 * i + 1] = "k";
	}
	assert_int_equal(parse(&options, error, words), 0);
	assert_int_equal(options.catalog_count, CATALOGS_MAX);
	words[2 * CATALOGS_MAX] = "--catalog";
	words[2 * CATALOGS_MAX + 1] = "k";
	assert_int_equal(parse(&options, error, words), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(jobs),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(catalogs_are_bounded),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
