/* SPDX-License-Identifier: MIT */
/*
 * dpkg.c - the database of dpkg: var/lib/dpkg/status, or one file a package in status.d, as images without a
 * package manager have it (distroless). Lists of files are in info/NAME.list, info/NAME:ARCHITECTURE.list or
 * status.d/NAME.md5sums. While dpkg works, what has changed since it last wrote status is in updates/NNNN.
 */
#include "packages.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define STATUS   "/var/lib/dpkg/status"
#define STATUS_D "/var/lib/dpkg/status.d"
#define INFO     "/var/lib/dpkg/info"
#define UPDATES  "/var/lib/dpkg/updates"

#define UPDATES_MAX                                                                                \
	4096 /* files; dpkg itself writes status anew after 250, MAXUPDATES in lib/dpkg/dbmodify.c */

/* Fields that say who made a package; Original-Maintainer is Ubuntu's for Debian's. */
static const char *const vendor_fields[] = {"Maintainer", "Original-Maintainer", "Vendor",
					    "Origin"};
_Static_assert(ARRAY_LENGTH(vendor_fields) <= INVENTORY_VENDORS_MAX, "room for each");

/* "want flag status": deb-control(5) does not say it, dpkg-query(1) does. */
static bool is_there(const char *status, bool *out_removed)
{
	const char *last = strrchr(status, ' ');

	last = last ? last + 1 : status;
	*out_removed = !strcmp(last, "config-files");
	return strcmp(last, "not-installed") != 0;
}

static void take_field(struct inventory_package *package, const char **status, const char *name,
		       const char *value)
{
	if (!strcasecmp(name, "Package"))
		package->name = value;
	else if (!strcasecmp(name, "Version"))
		package->version = value;
	else if (!strcasecmp(name, "Architecture"))
		package->architecture = value;
	else if (!strcasecmp(name, "Status"))
		*status = value;
	for (size_t i = 0; i < ARRAY_LENGTH(vendor_fields); i++) {
		if (strcasecmp(name, vendor_fields[i]) ||
		    package->vendor_count == INVENTORY_VENDORS_MAX)
			continue;
		package->vendors[package->vendor_count].field = vendor_fields[i];
		package->vendors[package->vendor_count++].text = value;
	}
}

bool deb_is_damaged(const char *text, size_t bytes)
{
	const char *end = text + bytes;

	if (memchr(text, 0, bytes))
		return true;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);

		/* empty, the rest of a field, or a field */
		if (line && !strchr(" \t\r", *text) && !memchr(text, ':', line))
			return true;
		text += line + 1;
	}
	return false;
}

/* One stanza of a status file, also one that says that nothing is installed. */
typedef int (*stanza_fn)(void *context, struct inventory_package *package, const char *status);

static int each_stanza(char *text, size_t bytes, const struct inventory_package *package,
		       stanza_fn fn, void *context)
{
	struct inventory_package one = *package;
	char *end = text + bytes, *line;
	const char *status = "";
	int err = 0;

	do {
		char *colon;

		line = line_next(&text, end);
		if (line && *line && *line != '\r') {
			/* Lines that begin with a blank go on with a field; none of ours is so long. */
			colon = *line == ' ' || *line == '\t' ? NULL : strchr(line, ':');
			if (colon) {
				*colon = 0;
				take_field(&one, &status, line, line_strip(colon + 1));
			}
			continue;
		}
		if (*one.name)
			err = fn(context, &one, status);
		one = *package;
		status = "";
	} while (line && !err);
	return err;
}

struct installed {
	bool whole;
	inventory_package_fn fn;
	void *context;
};

static int if_installed(void *context, struct inventory_package *package, const char *status)
{
	const struct installed *installed = context;

	if (!(*status ? is_there(status, &package->removed) : installed->whole))
		return 0;
	return installed->fn(installed->context, package);
}

int deb_stanzas(char *text, size_t bytes, bool whole, const struct inventory_package *package,
		inventory_package_fn fn, void *context)
{
	struct installed installed = {.whole = whole, .fn = fn, .context = context};

	return each_stanza(text, bytes, package, if_installed, &installed);
}

static int lines_of(const char *text, size_t bytes, const char *(*path_of)(char *line), path_fn fn,
		    void *context)
{
	char *rest = (char *)text, *end = rest + bytes, *line;
	int err = 0;

	while (!err && (line = line_next(&rest, end))) {
		const char *path = path_of(line);

		if (path && *path)
			err = fn(context, path);
	}
	return err;
}

static const char *list_line(char *line)
{
	return *line == '/' && line[1] && strcmp(line, "/.") ? line : NULL;
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x": the blank before the path becomes its '/'. */
static const char *sums_line(char *line)
{
	char *path = strstr(line, "  ");

	if (!path)
		return NULL;
	path[1] = '/';
	return path + 1;
}

static int dpkg_files(const struct package_origin *origin, const struct inventory_package *package,
		      path_fn fn, void *context)
{
	static const struct {
		const char *format;
		const char *(*path_of)(char *line);
	} lists[] = {
		{INFO "/%s:%s.list", list_line},
		{INFO "/%s.list", list_line},
		{STATUS_D "/%s.md5sums", sums_line},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
		AUTO_FREE char *text = NULL;
		char path[PATH_MAX];
		size_t bytes;

		snprintf(path, sizeof(path), lists[i].format, package->name, package->architecture);
		if (strchr(package->name, '/') || !rooted_exists(origin->place->fd, path))
			continue;
		text = place_read(origin->place, INVENTORY_PACKAGES, path, INVENTORY_JSON_MAX,
				  &bytes);
		return text ? lines_of(text, bytes, lists[i].path_of, fn, context) : -ENOENT;
	}
	return -ENOENT;
}

struct collect {
	const struct inventory_place *place;
	inventory_package_fn fn;
	void *context;
	bool found;
	struct names updates; /* files of the journal */
	struct names told;    /* "name" or "name architecture" that the journal speaks of */
};

static int read_stanzas(struct collect *collect, const char *path, bool whole, stanza_fn fn,
			bool *out_found)
{
	const struct package_origin origin = {.place = collect->place, .files = dpkg_files};
	const struct inventory_package common = {
		.layer = collect->place->layer,
		.manager = "dpkg",
		.name = "",
		.version = "",
		.architecture = "",
		.handle = &origin,
	};
	size_t bytes;
	AUTO_FREE char *text = place_read(collect->place, INVENTORY_PACKAGES, path,
					  INVENTORY_DATABASE_MAX, &bytes);

	if (!text)
		return 0;
	*out_found = true;
	if (deb_is_damaged(text, bytes)) /* what can be read of it is still used */
		place_missed(collect->place, INVENTORY_PACKAGES, path, -EBADMSG);
	if (fn)
		return each_stanza(text, bytes, &common, fn, collect);
	return deb_stanzas(text, bytes, whole, &common, collect->fn, collect->context);
}

/* ---------------------------------------------------------------- what dpkg has done since it wrote status */

static int note_update(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;

	if (strspn(name, "0123456789") != strlen(name) || collect->updates.count >= UPDATES_MAX)
		return 0;
	return names_add(&collect->updates, name);
}

static bool is_in(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->list[i], name))
			return true;
	return false;
}

/* The same package may be there for several architectures; one that was purged has none any more. */
static bool was_told(const struct names *told, const struct inventory_package *package)
{
	char both[1024];

	if (!told->count)
		return false;
	snprintf(both, sizeof(both), "%s %s", package->name, package->architecture);
	return is_in(told, both) || is_in(told, package->name);
}

static int update_stanza(void *context, struct inventory_package *package, const char *status)
{
	struct collect *collect = context;
	char both[1024];
	int err;

	if (was_told(&collect->told, package))
		return 0;
	snprintf(both, sizeof(both), "%s%s%s", package->name, *package->architecture ? " " : "",
		 package->architecture);
	err = names_add(&collect->told, both);
	if (err || !is_there(status, &package->removed))
		return err;
	return collect->fn(collect->context, package);
}

static int status_stanza(void *context, struct inventory_package *package, const char *status)
{
	struct collect *collect = context;

	if (!is_there(status, &package->removed) || !*status || was_told(&collect->told, package))
		return 0;
	return collect->fn(collect->context, package);
}

/*
 * The newest first, and before status is read: dpkg writes status and then removes the journal, so nothing can
 * fall between the two. Source: dpkg's lib/dpkg/dbmodify.c, "cleanupdates".
 */
static int read_updates(struct collect *collect)
{
	int err = place_list(collect->place, INVENTORY_PACKAGES, UPDATES, note_update, collect);

	names_sort(&collect->updates);
	for (size_t i = collect->updates.count; i-- && !err;) {
		char path[sizeof(UPDATES) + NAME_MAX + 1];

		snprintf(path, sizeof(path), UPDATES "/%s", collect->updates.list[i]);
		err = read_stanzas(collect, path, false, update_stanza, &collect->found);
	}
	return err;
}

static int status_file(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;
	size_t bytes = strlen(name);
	char path[PATH_MAX];

	if (type == DT_DIR || (bytes > 8 && !strcmp(name + bytes - 8, ".md5sums")) ||
	    !path_join(path, directory, name))
		return 0;
	return read_stanzas(collect, path, true, NULL, &collect->found);
}

int dpkg_packages(const struct inventory_place *place, inventory_package_fn fn, void *context,
		  bool *out_found)
{
	struct collect collect = {.place = place, .fn = fn, .context = context};
	int err = read_updates(&collect);

	if (!err)
		err = read_stanzas(&collect, STATUS, false, status_stanza, &collect.found);
	if (!err)
		err = place_list(place, INVENTORY_PACKAGES, STATUS_D, status_file, &collect);
	*out_found = *out_found || collect.found;
	names_done(&collect.updates);
	names_done(&collect.told);
	return err;
}
