/* SPDX-License-Identifier: MIT */
/*
 * date.c - see date.h
 */
#include "date.h"

#include <errno.h>
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
