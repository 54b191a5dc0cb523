/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - patterns component by component, the plain way.
 */
#include "pattern.h"

#include <stddef.h>
#include <string.h>

/* A '*' stands for any bytes, also none. The last star is tried again one byte further, which is enough. */
static bool component_fits(const char *pattern, size_t pattern_bytes, const char *name,
			   size_t bytes)
{
	const char *end = pattern + pattern_bytes, *stop = name + bytes, *star = NULL,
		   *again = NULL;

	while (name < stop) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			again = name;
		} else if (pattern < end && *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool pattern_fits(const char *pattern, const char *path)
{
	pattern += *pattern == '/';
	for (path++;; path++, pattern++) {
		size_t pattern_bytes = strcspn(pattern, "/"), bytes = strcspn(path, "/");

		if (pattern_bytes == 2 && !memcmp(pattern, "**", 2)) {
			const char *leaf = strrchr(path, '/');

			if (!pattern[2])
				return true; /* some component is left */
			leaf = leaf ? leaf + 1 : path;
			return component_fits(pattern + 3, strlen(pattern + 3), leaf, strlen(leaf));
		}
		if (!component_fits(pattern, pattern_bytes, path, bytes))
			return false;
		pattern += pattern_bytes;
		path += bytes;
		if (!*pattern || !*path)
			return !*pattern && !*path;
	}
}
