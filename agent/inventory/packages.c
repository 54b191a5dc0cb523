/* SPDX-License-Identifier: MIT */
/*
 * packages.c - what the package managers know, on the root and in each image layer.
 */
#include "packages.h"
#include "glob.h"

#include <errno.h>
#include <string.h>

struct collect {
	inventory_package_fn fn;
	void *context;
	bool root_only, found;
};

static int in_place(void *context, const struct inventory_place *place)
{
	struct collect *collect = context;
	int err = dpkg_packages(place, collect->fn, collect->context, &collect->found);

	if (!err)
		err = apk_packages(place, collect->fn, collect->context, &collect->found);
	if (!err)
		err = rpm_packages(place, collect->fn, collect->context, &collect->found);
	return err;
}

int inventory_packages(struct inventory *inventory, inventory_package_fn fn, void *context)
{
	struct collect collect = {.fn = fn, .context = context};

	return inventory_each_place(inventory, INVENTORY_PACKAGES, in_place, &collect);
}

int inventory_package_files(struct inventory *inventory, const struct inventory_package *package,
			    int (*fn)(void *context, const char *path), void *context)
{
	const struct package_origin *origin = package->handle;

	if (!strcmp(package->manager, "rpm"))
		return rpm_package_files(package->handle, fn, context);
	return origin->files(origin, package, fn, context);
}

/* The places where rpm has had its database: now, Fedora 36 and later and SUSE, and before. */
const char *rpm_database(const struct inventory_place *place)
{
	static const char *const directories[] = {"/usr/lib/sysimage/rpm", "/var/lib/rpm",
						  "/usr/share/rpm"};
	static const char *const files[] = {"rpmdb.sqlite", "Packages.db", "Packages"};
	char path[64];

	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++)
		for (size_t k = 0; k < ARRAY_LENGTH(files); k++) {
			snprintf(path, sizeof(path), "%s/%s", directories[i], files[k]);
			if (rooted_exists(place->fd, path))
				return directories[i];
		}
	return NULL;
}

/* ---------------------------------------------------------------- is it installed? */

struct wanted {
	const char *pattern;
	bool installed;
};

static int compare_name(void *context, const struct inventory_package *package)
{
	struct wanted *wanted = context;

	if (!package->removed && glob_match(wanted->pattern, package->name, true))
		wanted->installed = true;
	return wanted->installed;
}

int inventory_package_installed(struct inventory *inventory, const char *pattern,
				bool *out_installed)
{
	const struct inventory_place place = inventory_root_place(inventory);
	struct wanted wanted = {.pattern = pattern};
	struct collect collect = {.fn = compare_name, .context = &wanted};
	int err = in_place(&collect, &place);

	if (err < 0)
		return err;
	if (!collect.found)
		return -ENODATA;
	*out_installed = wanted.installed;
	return 0;
}
