/* SPDX-License-Identifier: MIT */
/*
 * rpm_none.c - stands in for rpm.c in a build without librpm, and says so where there is a database of rpm.
 */
#include "packages.h"

#include <errno.h>

bool inventory_rpm_built_in(void)
{
	return false;
}

int rpm_packages(const struct inventory_place *place, inventory_package_fn fn, void *context,
		 bool *out_found)
{
	const char *directory = rpm_database(place);

	if (directory)
		inventory_problem(
			place->inventory, INVENTORY_PACKAGES, INVENTORY_MISSED,
			place->layer ? place->layer->path : directory, 0,
			"a database of rpm: this build was made without librpm and cannot read it");
	return 0;
}

int rpm_package_files(const void *handle, path_fn fn, void *context)
{
	return -ENOENT;
}
