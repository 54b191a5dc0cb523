/* SPDX-License-Identifier: MIT */
/*
 * protected.h - what every host needs, whatever is installed on it: the one table of the lint. What one
 * host needs beyond that comes in through struct lint_host.
 */
#ifndef EMBARGO_PROTECTED_H
#define EMBARGO_PROTECTED_H

#include "arena.h"
#include "lint.h"

/**
 * protected_files() - programs and libraries without which no host starts, lets anybody in, or can be repaired
 * @arena:     borrowed; owns the list and its paths
 * @out_list:  untouched on failure
 * @out_count: as @out_list
 *
 * Return: 0 or -ENOMEM.
 */
int protected_files(struct arena *arena, const struct protected_object **out_list,
		    size_t *out_count);

/**
 * shared_directories() - directories that everybody's software shares, each as the path of a file in it
 * @out_count: how many
 *
 * The name of that file is PROTECTED_WITNESS, which no pattern of anybody fits but one that fits every name.
 * Return: in static storage; .what is the directory.
 */
const struct protected_object *shared_directories(size_t *out_count);

#define PROTECTED_WITNESS "\177"

/**
 * protected_names() - packages, makers of packages, kernel modules and domains that are of no vendor that could be meant
 * @out_count: how many
 *
 * Return: in static storage.
 */
const struct protected_name *protected_names(size_t *out_count);

/**
 * protected_networks() - networks that are of this host, of its link, or of nobody
 * @out_count: how many
 *
 * Return: in static storage.
 */
const struct protected_network *protected_networks(size_t *out_count);

#endif
