/* SPDX-License-Identifier: MIT */
/*
 * date.h - days as documents and people write them, 2027-03-31, always UTC.
 */
#ifndef EMBARGO_DATE_H
#define EMBARGO_DATE_H

#include <linux/types.h>

#define DATE_DAY_S 86400

struct problem;

/**
 * date_parse() - a day
 * @text:  borrowed; exactly YYYY-MM-DD, from 1970-01-01 to 9999-12-31
 * @out_s: Unix time of its beginning; untouched on failure
 *
 * Return: 0; -EINVAL (another form); -ERANGE (there is no such day).
 */
int date_parse(const char *text, __s64 *out_s);

/**
 * date_explain() - what is wrong with a text that date_parse() refuses
 * @text:        borrowed
 * @out_problem: filled; other ways to write a day are answered with the right one
 */
void date_explain(const char *text, struct problem *out_problem);

#endif
