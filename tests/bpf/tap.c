/* SPDX-License-Identifier: MIT */
/* tap.c - see tap.h. */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
	unsigned count, failed;
} results;

void tap_result(bool good, const char *format, ...)
{
	char text[1024], *rest;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	rest = strchr(text, '\n');
	if (rest)
		*rest++ = '\0';
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++results.count, text);
	if (!good && rest)
		printf("#   %s\n", rest);
	results.failed += !good;
	fflush(stdout);
}

void tap_skip(const char *why, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("ok %u - %s # SKIP %s\n", ++results.count, text, why);
	fflush(stdout);
}

void tap_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

int tap_done(void)
{
	printf("1..%u\n", results.count);
	return results.failed != 0;
}
