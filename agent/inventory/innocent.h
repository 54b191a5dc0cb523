/* SPDX-License-Identifier: MIT */
/*
 * innocent.h - the files of the packages that no rule means. A product often carries byte for byte what the
 * distribution carries too (a library, an interpreter), and whoever may put a file below an embargoed path can put
 * any program of the host there; the content of such a file says nothing of the product.
 */
#ifndef EMBARGO_INNOCENT_H
#define EMBARGO_INNOCENT_H

#include "../../policy/generation.h"
#include "inventory.h"

#include <sys/stat.h>

struct innocent_wanted {
	/* Is a regular file like this of interest? Asked first, because of hundreds of thousands hardly any is. */
	bool (*like)(void *context, const struct stat *st);
	/* @path: as this process sees it, without links; borrowed. Not 0 ends the search. */
	int (*found)(void *context, const char *path, const struct stat *st);
	void *context;
};

/**
 * innocent_find() - look at the files of all installed packages that no rule names, or that an exception names
 * @inventory:  borrowed
 * @generation: borrowed
 * @wanted:     gets files that no path rule hits; nothing is opened for reading
 *
 * Packages of the host only: what an image calls a package is said by whoever made the image.
 * Return: 0; -ENOMEM; what .found returned.
 */
int innocent_find(struct inventory *inventory, const struct generation *generation,
		  const struct innocent_wanted *wanted);

#endif
