/* SPDX-License-Identifier: MIT */
/*
 * packages.h - the package managers, one file each; packages.c asks them all.
 */
#ifndef EMBARGO_PACKAGES_H
#define EMBARGO_PACKAGES_H

#include "internal.h"

typedef int (*path_fn)(void *context, const char *path);

/* Where a package of a text database came from; what inventory_package.handle points to for dpkg and apk. */
struct package_origin {
	const struct inventory_place *place;
	int (*files)(const struct package_origin *origin, const struct inventory_package *package, path_fn fn,
		     void *context);
	const char *directory;	/* of the file lists */
	char *text;		/* apk: the stanza */
	size_t bytes;
};

/** deb_is_damaged() - is there a line that is no part of such a text, or a zero? Before deb_stanzas() */
bool deb_is_damaged(const char *text, size_t bytes);

/**
 * deb_stanzas() - the packages of a text as in deb-control(5), as dpkg's status file is
 * @text: changed; has a byte behind its end that may be written
 * @whole: without a field Status a package counts as installed (files of status.d)
 * @package: what all have in common
 *
 * Return: 0 or what @fn returned.
 */
int deb_stanzas(char *text, size_t bytes, bool whole, const struct inventory_package *package,
		inventory_package_fn fn, void *context);

/** apk_stanzas() - the same for the database of apk (apk-package(5), "installed") */
int apk_stanzas(char *text, size_t bytes, const struct inventory_package *package, struct package_origin *origin,
		inventory_package_fn fn, void *context);
/** apk_files() - the files of one stanza, which is not changed */
int apk_files(const char *text, size_t bytes, path_fn fn, void *context);

/* Of one place; *out_found is set when there is such a database, else left as it is. */
int dpkg_packages(const struct inventory_place *place, inventory_package_fn fn, void *context, bool *out_found);
int apk_packages(const struct inventory_place *place, inventory_package_fn fn, void *context, bool *out_found);
int rpm_packages(const struct inventory_place *place, inventory_package_fn fn, void *context, bool *out_found);
/** rpm_package_files() - of a package that rpm_packages() gave */
int rpm_package_files(const void *handle, path_fn fn, void *context);
/** rpm_database() - the directory of rpm's database in a place, or NULL */
const char *rpm_database(const struct inventory_place *place);

#endif
