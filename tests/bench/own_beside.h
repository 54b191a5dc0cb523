/* SPDX-License-Identifier: MIT */
/* own_beside.h - what programs take that only some policies need, beside the first one of their hook. */
#ifndef EMBARGO_BENCH_OWN_BESIDE_H
#define EMBARGO_BENCH_OWN_BESIDE_H

#include "operations.h"

struct generation;

/**
 * own_beside() - measure names and containment, and print their table
 * @site:       borrowed
 * @few:        the sixteen vendors, with names; borrowed
 * @containing: the same, and the program of OPERATION_CONTAINED_CONNECT is contained; borrowed
 * @rounds:     samples of each
 *
 * Return: 0, -errno.
 */
int own_beside(const struct site *site, const struct generation *few, const struct generation *containing, int rounds);

#endif
