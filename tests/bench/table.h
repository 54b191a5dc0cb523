/* SPDX-License-Identifier: MIT */
/* table.h - samples of one measurement, and the one table that comes out, 100 columns wide. */
#ifndef EMBARGO_BENCH_TABLE_H
#define EMBARGO_BENCH_TABLE_H

#include <stddef.h>

#define SAMPLES_MAX 64

struct samples {
	double list[SAMPLES_MAX];
	size_t count;
};

/** samples_add() - one more; further ones than SAMPLES_MAX are dropped */
void samples_add(struct samples *samples, double value);

/** samples_median() - 0 when there are none */
double samples_median(const struct samples *samples);

/** table_head() - a heading, with a line of explanation or NULL */
void table_head(const char *title, const char *remark);

/**
 * table_row() - one line: median, least and greatest, the budget and whether it is kept
 * @what:    borrowed
 * @samples: borrowed
 * @unit:    "us", "ratio", ...
 * @budget:  the most that the median may be; negative: none, it is only reported
 */
void table_row(const char *what, const struct samples *samples, const char *unit, double budget);

/** table_value() - the same for a single value */
void table_value(const char *what, double value, const char *unit, double budget);

/** table_missing() - what could not be measured, and why */
void table_missing(const char *what, const char *why);

/** table_end() - a closing line. Return: 1 when a row is more than twice over its budget or missing, else 0. */
int table_end(void);

#endif
