/* SPDX-License-Identifier: MIT */
/*
 * glob.h - '*' and '?' in names.
 */
#ifndef EMBARGO_GLOB_H
#define EMBARGO_GLOB_H

#include "internal.h"

/** glob_match() - does a text fit a pattern? Each '*' is any run of bytes, also none; '?' is one byte if @question */
bool glob_match(const char *pattern, const char *text, bool question);

/** glob_in() - inventory_glob() in one place only */
int glob_in(const struct inventory_place *place, const char *pattern, inventory_file_fn fn, void *context);

#endif
