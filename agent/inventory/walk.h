/* SPDX-License-Identifier: MIT */
/*
 * walk.h - every file below a directory of a place.
 */
#ifndef EMBARGO_WALK_H
#define EMBARGO_WALK_H

#include "internal.h"

/**
 * walk_below() - every entry below a directory, in no order
 * @place: where; layers inside of it are known by their directory, and paths then are from there
 * @start: "" for the root of the place; else "/dir", without links
 * @fn:    as of inventory_files()
 *
 * Return: 0; what @fn returned; -ENOMEM. A start that is not there, or is no directory, has nothing below it.
 */
int walk_below(const struct inventory_place *place, const char *start, inventory_file_fn fn, void *context);

/** walk_tree() - the same, where links in the path of the start are followed inside the place */
int walk_tree(const struct inventory_place *place, const char *start, inventory_file_fn fn, void *context);

#endif
