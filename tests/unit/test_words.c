/* SPDX-License-Identifier: MIT */
#include "front.h"

/* Every value has a word of its own in the shape of a word, nothing behind the last. */
static void check(const char *(*word)(unsigned), unsigned max)
{
	for (unsigned value = 0; value < max; value++) {
		const char *text = word(value);

		assert_non_null(text);
		assert_true(*text);
		assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz-_"), strlen(text));
		for (unsigned other = 0; other < value; other++)
			assert_string_not_equal(word(other), text);
	}
	assert_null(word(max));
	assert_null(word(max + 1));
	assert_null(word(~0u));
}

static void test_tables(void **state)
{
	check(verdict_word, VERDICT_MAX);
	check(mode_word, MODE_MAX);
	check(held_by_word, HELD_BY_MAX);
	check(let_through_word, LET_THROUGH_MAX);
	check(action_word, ACTION_MAX);
	check(matcher_word, MATCHER_MAX);
	check(recognised_word, RECOGNISED_MAX);
	check(hook_word, HOOK_MAX);
	check(backend_word, BACKEND_MAX);
	check(confidence_word, CONFIDENCE_MAX);
	check(product_class_word, PRODUCT_CLASS_MAX);
}

/* Words of the formats: documents, events and rule ids of every version say these. */
static void test_words_of_the_formats(void **state)
{
	assert_string_equal(mode_word(MODE_ENFORCE), "enforce");
	assert_string_equal(action_word(ACTION_DENY), "deny");
	assert_string_equal(matcher_word(MATCHER_PACKAGE_VENDOR), "package-vendor");
	assert_string_equal(hook_word(HOOK_EXEC), "exec");
	assert_string_equal(backend_word(BACKEND_FMOD_RET), "fmod_ret");
	assert_string_equal(held_by_word(HELD_BY_CONFIDENCE), "confidence");
	assert_string_equal(let_through_word(LET_THROUGH_ALLOWED), "allowed");
	assert_string_equal(recognised_word(RECOGNISED_CONTENT), "content");
	assert_string_equal(verdict_word(VERDICT_DENY), "deny");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_words_of_the_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
