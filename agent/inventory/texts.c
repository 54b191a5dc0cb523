/* SPDX-License-Identifier: MIT */
/*
 * texts.c - paths in the many files that start programs. There is no one syntax; a path is a word that begins
 * with '/', and a word ends where a shell's, cron's or systemd's would.
 */
#include "texts.h"
#include "internal.h"

#include <limits.h>
#include <string.h>

/* What may stand right before a path, and what ends one. */
#define BEFORE " \t\"'`=:;|&(<>,!@-+{["
#define ENDS   " \t\r\"'`;|&()<>,{}[]*?$:"

static bool is_comment(const char *line)
{
	return *line == '#' || *line == ';' || !*line;
}

static bool counts(const char *line, const char *const *only)
{
	for (; only && *only; only++)
		if (!strncmp(line, *only, strlen(*only)))
			return true;
	return !only;
}

static int paths_in_line(char *line, unsigned number, text_fn fn, void *context)
{
	int err = 0;

	for (char *at = line; !err && (at = strchr(at, '/'));) {
		size_t bytes = strcspn(at, ENDS);
		char end = at[bytes];

		if ((at > line && !strchr(BEFORE, at[-1])) || bytes < 2 || bytes >= PATH_MAX ||
		    at[1] == '/') {
			at += bytes ? bytes : 1;
			continue;
		}
		at[bytes] = 0;
		err = fn(context, number, at);
		at[bytes] = end;
		at += bytes;
	}
	return err;
}

int paths_in_text(char *text, size_t bytes, const char *const *only, text_fn fn, void *context)
{
	char *end = text + bytes, *line;
	unsigned number = 0;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		number++;
		line = line_strip(line);
		if (!is_comment(line) && counts(line, only))
			err = paths_in_line(line, number, fn, context);
	}
	return err;
}

int words_in_text(char *text, size_t bytes, text_fn fn, void *context)
{
	char *end = text + bytes, *line;
	unsigned number = 0;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		number++;
		line = line_strip(line);
		line[strcspn(line, " \t:#")] = 0;
		if (!is_comment(line))
			err = fn(context, number, line);
	}
	return err;
}
