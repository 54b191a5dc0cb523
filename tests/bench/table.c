/* SPDX-License-Identifier: MIT */
/* table.c - see table.h. */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAR_OVER 2.0

static struct {
	unsigned within, over, far, missing;
} seen;

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct samples sorted(const struct samples *samples)
{
	struct samples copy = *samples;

	qsort(copy.list, copy.count, sizeof(copy.list[0]), ascending);
	return copy;
}

void samples_add(struct samples *samples, double value)
{
	if (samples->count < SAMPLES_MAX)
		samples->list[samples->count++] = value;
}

double samples_median(const struct samples *samples)
{
	struct samples copy = sorted(samples);
	size_t half = copy.count / 2;

	if (!copy.count)
		return 0;
	return copy.count % 2 ? copy.list[half] : (copy.list[half - 1] + copy.list[half]) / 2;
}

void table_head(const char *title, const char *remark)
{
	printf("\n%-50s %9s %17s %9s\n", title, "median", "min .. max", "budget");
	if (remark)
		printf("  (%s)\n", remark);
	fflush(stdout);
}

/* Ratios are near 1 and need their digits; a large number does not. */
static void number(char *out, size_t bytes, double value)
{
	double size = value < 0 ? -value : value;

	snprintf(out, bytes, size < 10 ? "%.3f" : size < 100 ? "%.1f" : "%.0f", value);
}

static const char *judge(double value, double budget)
{
	if (budget < 0)
		return "";
	if (value <= budget) {
		seen.within++;
		return "within";
	}
	if (value > budget * FAR_OVER) {
		seen.far++;
		return "FAR OVER";
	}
	seen.over++;
	return "OVER";
}

void table_row(const char *what, const struct samples *samples, const char *unit, double budget)
{
	struct samples copy = sorted(samples);
	char name[64], least[16], most[16], median[16], limit[16] = "";
	char range[40] = "";

	if (!copy.count) {
		table_missing(what, "no sample");
		return;
	}
	snprintf(name, sizeof(name), "%.42s, %.8s", what, unit);
	number(median, sizeof(median), samples_median(samples));
	number(least, sizeof(least), copy.list[0]);
	number(most, sizeof(most), copy.list[copy.count - 1]);
	if (copy.count > 1)
		snprintf(range, sizeof(range), "%s .. %s", least, most);
	if (budget >= 0)
		number(limit, sizeof(limit), budget);
	printf("%-50s %9s %17s %9s  %s\n", name, median, range, limit,
	       judge(samples_median(samples), budget));
	fflush(stdout);
}

void table_value(const char *what, double value, const char *unit, double budget)
{
	struct samples one = {.list = {value}, .count = 1};

	table_row(what, &one, unit, budget);
}

void table_missing(const char *what, const char *why)
{
	printf("%-50.50s not measured: %s\n", what, why);
	seen.missing++;
	fflush(stdout);
}

int table_end(void)
{
	printf("\n%u within budget, %u over, %u more than twice over, %u not measured\n",
	       seen.within, seen.over, seen.far, seen.missing);
	return seen.far || seen.missing;
}
