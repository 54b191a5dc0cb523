/* SPDX-License-Identifier: MIT */
/*
 * front.h - what the tests of the document readers share: documents from strings, diagnostics as text.
 */
#ifndef EMBARGO_TESTS_FRONT_H
#define EMBARGO_TESTS_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../policy/model.h"

/* Diagnostics as the user sees them; the caller frees. */
static inline char *front_report(const struct diagnostics *diags)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	diagnostics_print(diags, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Compare the whole report, empty the list. */
static inline void front_expect(struct diagnostics *diags, const char *expected)
{
	char *text = front_report(diags);

	assert_string_equal(text, expected);
	free(text);
	diagnostics_done(diags);
}

static inline struct yaml_tree *front_tree(const char *file, const char *text,
					   struct diagnostics *diags)
{
	struct yaml_tree *tree = NULL;

	assert_int_equal(yaml_tree_parse(file, text, strlen(text), diags, &tree), 0);
	assert_non_null(tree);
	return tree;
}

#endif
