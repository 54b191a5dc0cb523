/* SPDX-License-Identifier: MIT */
/*
 * containers.h - how container managers name the cgroups of their containers.
 */
#ifndef EMBARGO_CONTAINERS_H
#define EMBARGO_CONTAINERS_H

#include <stddef.h>

/** container_cgroups() - patterns as in struct rule_scope, in static storage; @out_count: how many */
const char *const *container_cgroups(size_t *out_count);

#endif
