/* SPDX-License-Identifier: MIT */
/*
 * test_mode.c - the effective mode over its whole truth table, and the verdict that follows from it, by the
 * lines that the kernel runs. What is expected is written from the design's words: the weakest of all
 * that has a say, and the first reason in the order of enum held_by.
 */
#include "../../policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define GEN_FIND(generation, key) generation_find(generation, key)
#define COPY_NAME(to, bytes, address) memcpy(to, (const void *)(uintptr_t)(address), bytes)
#include "../../bpf/decide.h"

#define REASONS 5	/* that can hold back whatever the target is */

static struct mode_inputs inputs_of(unsigned set, __u8 target, __u8 target_held_by)
{
	return (struct mode_inputs){
		.target = target,
		.target_held_by = target_held_by,
		.capped = set & 1,
		.paused = set >> 1 & 1,
		.breaker_open = set >> 2 & 1,
		.requirement_unmet = set >> 3 & 1,
		.stage_held = set >> 4 & 1,
	};
}

/* The reasons in the order of the bits of @set, and of the enum. */
static const __u8 reasons[REASONS] = { HELD_BY_CAP, HELD_BY_PAUSE, HELD_BY_BREAKER, HELD_BY_REQUIREMENT,
				       HELD_BY_STAGE };

static __u8 expected_reason(unsigned set, __u8 target, __u8 target_held_by)
{
	for (unsigned i = 0; i < REASONS; i++)
		if (set >> i & 1)
			return reasons[i];
	if (target == MODE_ENFORCE)
		return HELD_BY_NOTHING;
	return target_held_by == HELD_BY_NOTHING ? HELD_BY_POLICY : target_held_by;
}

static void whole_truth_table(void **state)
{
	static const __u8 whys[] = { HELD_BY_NOTHING, HELD_BY_CONFIDENCE, HELD_BY_POLICY };
	unsigned rows = 0, enforced = 0;

	for (unsigned set = 0; set < 1u << REASONS; set++) {
		for (__u8 target = MODE_NONE; target < MODE_MAX; target++) {
			for (unsigned why = 0; why < sizeof(whys); why++) {
				struct mode_inputs inputs = inputs_of(set, target, whys[why]);
				struct effective_mode mode = mode_effective(&inputs);
				int enforces = set == 0 && target == MODE_ENFORCE;

				assert_int_equal(mode.mode, enforces ? MODE_ENFORCE : MODE_AUDIT);
				assert_int_equal(mode.held_by, expected_reason(set, target, whys[why]));
				rows++;
				enforced += enforces;
			}
		}
	}
	assert_int_equal(rows, 32 * 3 * 3);
	assert_int_equal(enforced, 3);	/* one row, for each reason that a target then does not need */
}

/* Refused is what is enforced and not on the allow list; nothing else changes with the mode. */
static void verdict_follows(void **state)
{
	for (unsigned set = 0; set < 1u << REASONS; set++) {
		for (__u8 target = MODE_AUDIT; target < MODE_MAX; target++) {
			for (__u32 allow = 0; allow < 2; allow++) {
				struct mode_inputs inputs = inputs_of(set, target, HELD_BY_POLICY);
				struct decision decision = { .rule = 7, .matcher = MATCHER_PATH };

				decide(&inputs, 0, allow * 9, &decision);
				assert_int_equal(decision.verdict, set == 0 && target == MODE_ENFORCE && !allow ?
									   VERDICT_DENY : VERDICT_ALLOW);
				assert_int_equal(decision.rule, 7);
				assert_int_equal(decision.allow, allow * 9);
				assert_int_equal(decision.let_through,
						 allow ? LET_THROUGH_ALLOWED : LET_THROUGH_NOT);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_truth_table),
		cmocka_unit_test(verdict_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
