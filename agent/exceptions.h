/* SPDX-License-Identifier: MIT */
/*
 * exceptions.h - the entries of "allow" that end: which there are, when the next one is over. The kernel
 * lets them end by itself; this is for telling people before and when it happens.
 */
#ifndef EMBARGO_EXCEPTIONS_H
#define EMBARGO_EXCEPTIONS_H

#include "../policy/generation.h"
#include <jansson.h>

#define EXCEPTIONS_SOON_DAYS 14	/* said in the status and by the agent from then on */

/**
 * exceptions_list() - the entries that have an end, the next one first
 * @generation: borrowed; NULL: none
 * @now_s:      Unix time
 *
 * A product's entry is one, however many matchers it has. Return: new reference to an array of
 * {allows, reason, until, days_left, over, matchers}; NULL without memory. days_left is 0 on the last day
 * and negative afterwards.
 */
json_t *exceptions_list(const struct generation *generation, __s64 now_s);

/** exceptions_next() - Unix time at which the next one ends; 0: none is left */
__u64 exceptions_next(const struct generation *generation, __s64 now_s);

#endif
