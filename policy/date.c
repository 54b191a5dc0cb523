/* SPDX-License-Identifier: MIT */
/*
 * date.c - dates as ISO 8601 writes them. Whoever is used to another way is told this one.
 */
#include "date.h"
#include "diagnostics.h"

#include <stdbool.h>
#include <string.h>

#define EXPECTED "expected year-month-day, as 2027-03-31"

struct day {
	unsigned year, month, day;
};

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (!(year % 4) && year % 100) || !(year % 400);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool day_exists(const struct day *day)
{
	return day->year >= 1970 && day->year <= 9999 && day->month >= 1 && day->month <= 12 &&
	       day->day >= 1 && day->day <= month_days(day->year, day->month);
}

/* Days since 1 January 1970; the year begins in March, so that the odd day is its last. */
static __u64 day_number(const struct day *day)
{
	unsigned year = day->year - (day->month <= 2), month = (day->month + 9) % 12;

	return (__u64)year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
	       day->day - 1 - 719468;
}

/* Digits, at most @digits of them. */
static bool number(const char **text, unsigned digits, unsigned *out)
{
	const char *first = *text;

	for (*out = 0; **text >= '0' && **text <= '9'; (*text)++) {
		if (*text - first >= (int)digits)
			return false;
		*out = *out * 10 + (unsigned)(**text - '0');
	}
	return *text != first;
}

/* Three numbers with one kind of mark between them. */
static bool three_numbers(const char *text, const char *marks, unsigned out[3])
{
	char mark = '\0';

	for (unsigned i = 0; i < 3; i++) {
		if (!number(&text, 4, &out[i]))
			return false;
		if (i == 2)
			break;
		if (!*text || !strchr(marks, *text) || (mark && mark != *text))
			return false;
		mark = *text++;
	}
	return !*text;
}

/*
 * What 31.12.2026, 31/12/2026, 12/31/2026, 2026/12/31 and 20261231 mean. 05/06/2026 has two meanings, and
 * so no suggestion.
 */
static bool guess(const char *text, struct day *out)
{
	unsigned n[3];

	if (strlen(text) == 8 && strspn(text, "0123456789") == 8) {
		unsigned all = 0;

		(void)number(&text, 8, &all); /* digits only, as was seen */
		*out = (struct day){all / 10000, all / 100 % 100, all % 100};
		return day_exists(out);
	}
	if (!three_numbers(text, "-./ ", n))
		return false;
	if (n[0] > 31)
		*out = (struct day){n[0], n[1], n[2]};
	else if (strchr(text, '/') && n[1] > 12)
		*out = (struct day){n[2], n[0], n[1]};
	else if (!strchr(text, '/') || n[0] > 12)
		*out = (struct day){n[2], n[1], n[0]};
	else
		return false;
	return day_exists(out);
}

int date_parse(const char *text, __u64 *out_end_s, struct problem *out_problem)
{
	struct day day;
	unsigned n[3];

	if (strlen(text) == 10 && text[4] == '-' && text[7] == '-' && three_numbers(text, "-", n)) {
		day = (struct day){n[0], n[1], n[2]};
		if (day_exists(&day)) {
			*out_end_s = (day_number(&day) + 1) * DAY_SECONDS;
			return 0;
		}
		if (day.year >= 1970 && day.month >= 1 && day.month <= 12 && day.day)
			return problem_set(out_problem,
					   "'%s' does not exist: that month has %u days", text,
					   month_days(day.year, day.month));
		return problem_set(out_problem, "'%s' does not exist; " EXPECTED, text);
	}
	if (guess(text, &day))
		return problem_set(out_problem, "'%s' is no date here; write %04u-%02u-%02u",
				   quoted(text).text, day.year, day.month, day.day);
	return problem_set(out_problem, "'%s' is no date; " EXPECTED, quoted(text).text);
}
