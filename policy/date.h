/* SPDX-License-Identifier: MIT */
/*
 * date.h - days of the calendar, in UTC.
 */
#ifndef EMBARGO_DATE_H
#define EMBARGO_DATE_H

#include "canonical.h"
#include <linux/types.h>

#define DAY_SECONDS 86400

/**
 * date_parse() - the end of a day that is written as 2027-03-31
 * @text:        borrowed
 * @out_end_s:   Unix seconds at which the next day begins, UTC; untouched on failure
 * @out_problem: filled on failure; other ways to write a day are answered with the right one
 *
 * Return: 0 or -EINVAL (no date, or a day that no calendar has).
 */
int date_parse(const char *text, __u64 *out_end_s, struct problem *out_problem);

#endif
