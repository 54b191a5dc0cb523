/* SPDX-License-Identifier: MIT */
/*
 * apk.c - the database of Alpine's package manager, which most small images have: lib/apk/db/installed, lines of a
 * letter, a colon and a value, an empty line behind each package (apk-tools, src/database.c).
 */
#include "packages.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const char *const databases[] = {"/lib/apk/db/installed", "/usr/lib/apk/db/installed"};

/* P name, V version, A architecture, m maintainer; F directory and R file are read by apk_files(). */
static void take_line(struct inventory_package *package, char *line)
{
	const char *value = line + 2;

	if (line[0] == 'P')
		package->name = value;
	else if (line[0] == 'V')
		package->version = value;
	else if (line[0] == 'A')
		package->architecture = value;
	else if (line[0] == 'm' && !package->vendor_count) {
		package->vendors[0].field = "maintainer";
		package->vendors[0].text = value;
		package->vendor_count = 1;
	}
}

int apk_stanzas(char *text, size_t bytes, const struct inventory_package *package,
		struct package_origin *origin, inventory_package_fn fn, void *context)
{
	struct inventory_package one = *package;
	char *end = text + bytes, *line;
	int err = 0;

	origin->text = text;
	do {
		line = line_next(&text, end);
		if (line && *line) {
			if (line[1] == ':')
				take_line(&one, line);
			continue;
		}
		origin->bytes = (line ? line : end) - origin->text;
		if (*one.name)
			err = fn(context, &one);
		one = *package;
		origin->text = text;
	} while (line && !err);
	return err;
}

int apk_files(const char *text, size_t bytes, path_fn fn, void *context)
{
	const char *end = text + bytes, *directory = "";
	char path[PATH_MAX];
	int err = 0;

	/* The lines already end with zeros. */
	while (text < end && !err) {
		size_t length = strnlen(text, end - text);

		if (length > 1 && text[1] == ':' && text[0] == 'F')
			directory = text + 2;
		else if (length > 2 && text[1] == ':' && text[0] == 'R' &&
			 snprintf(path, sizeof(path), "/%s%s%s", directory, *directory ? "/" : "",
				  text + 2) < (int)sizeof(path))
			err = fn(context, path);
		text += length + 1;
	}
	return err;
}

static int files_of(const struct package_origin *origin, const struct inventory_package *package,
		    path_fn fn, void *context)
{
	return apk_files(origin->text, origin->bytes, fn, context);
}

int apk_packages(const struct inventory_place *place, inventory_package_fn fn, void *context,
		 bool *out_found)
{
	struct package_origin origin = {.place = place, .files = files_of};
	const struct inventory_package common = {
		.layer = place->layer,
		.manager = "apk",
		.name = "",
		.version = "",
		.architecture = "",
		.handle = &origin,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(databases); i++) {
		size_t bytes;
		AUTO_FREE char *text = place_read(place, INVENTORY_PACKAGES, databases[i],
						  INVENTORY_DATABASE_MAX, &bytes);

		if (!text)
			continue;
		*out_found = true;
		return apk_stanzas(text, bytes, &common, &origin, fn, context);
	}
	return 0;
}
