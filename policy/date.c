/* SPDX-License-Identifier: MIT */
/*
 * date.c - dates as ISO 8601 writes them. Whoever is used to another way is told this one.
 */
#include "date.h"
#include "canonical.h"
#include "diagnostics.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int digits(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

int date_parse(const char *text, __s64 *out_s)
{
	struct tm day = {0}, same;
	time_t seconds;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return -EINVAL;
	day.tm_year = digits(text, 4) - 1900;
	day.tm_mon = digits(text + 5, 2) - 1;
	day.tm_mday = digits(text + 8, 2);
	if (day.tm_year < -1900 || day.tm_mon < -1 || day.tm_mday < 0)
		return -EINVAL;
	same = day;
	seconds = timegm(&same);
	/* timegm() makes the 31st of February some day in March */
	if (seconds < 0 || same.tm_year != day.tm_year || same.tm_mon != day.tm_mon ||
	    same.tm_mday != day.tm_mday)
		return -ERANGE;
	*out_s = seconds;
	return 0;
}

/* ---------------------------------------------------------------- what was meant */

#define EXPECTED "expected year-month-day, as 2027-03-31"

struct day {
	unsigned year, month, day;
};

static bool day_exists(const struct day *day)
{
	char text[16];
	__s64 begin;

	if (day->year > 9999 || day->month > 12 || day->day > 31)
		return false;
	(void)snprintf(text, sizeof(text), "%04u-%02u-%02u", day->year, day->month,
		       day->day); /* ten characters */
	return date_parse(text, &begin) == 0;
}

/* Digits, at most four of them. */
static bool number(const char **text, unsigned *out)
{
	const char *first = *text;

	for (*out = 0; **text >= '0' && **text <= '9'; (*text)++) {
		if (*text - first >= 4)
			return false;
		*out = *out * 10 + (unsigned)(**text - '0');
	}
	return *text != first;
}

/* Three numbers with one kind of mark between them. */
static bool three_numbers(const char *text, unsigned out[3])
{
	char mark = '\0';

	for (unsigned i = 0; i < 3; i++) {
		if (!number(&text, &out[i]))
			return false;
		if (i == 2)
			break;
		if (!*text || !strchr("-./ ", *text) || (mark && mark != *text))
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
		*out = (struct day){(unsigned)digits(text, 4), (unsigned)digits(text + 4, 2),
				    (unsigned)digits(text + 6, 2)};
		return day_exists(out);
	}
	if (!three_numbers(text, n))
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

void date_explain(const char *text, struct problem *out_problem)
{
	__s64 begin;
	struct day day;

	if (date_parse(text, &begin) == -ERANGE)
		problem_set(out_problem, "there is no day '%s'; " EXPECTED, text);
	else if (guess(text, &day))
		problem_set(out_problem, "'%s' is no date here; write %04u-%02u-%02u",
			    quoted(text).text, day.year, day.month, day.day);
	else
		problem_set(out_problem, "'%s' is no date; " EXPECTED, quoted(text).text);
}
