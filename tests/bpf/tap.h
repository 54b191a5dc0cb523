/* SPDX-License-Identifier: MIT */
/* tap.h - results as TAP lines, on standard output, as they come. */
#ifndef EMBARGO_TESTS_TAP_H
#define EMBARGO_TESTS_TAP_H

#include <stdbool.h>

/**
 * tap_result() - one test has ended
 * @good:   did it pass
 * @format: its name, and on a second line ("\n") what was seen if it failed; as of printf
 */
__attribute__((format(printf, 2, 3))) void tap_result(bool good, const char *format, ...);

/** tap_skip() - one test cannot run here; @why is the reason, @format its name */
__attribute__((format(printf, 2, 3))) void tap_skip(const char *why, const char *format, ...);

/** tap_note() - a line for people */
__attribute__((format(printf, 1, 2))) void tap_note(const char *format, ...);

/** tap_done() - print the plan. Return: the program's exit status. */
int tap_done(void);

#endif
