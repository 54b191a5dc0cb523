/* SPDX-License-Identifier: MIT */
/*
 * match_listed.h - paths and networks that are in a generation's list of what is not enforced, as those of
 * lines with "action: contain": compiled once more, apart, only to be asked about. For match_text.c.
 */
#ifndef EMBARGO_MATCH_LISTED_H
#define EMBARGO_MATCH_LISTED_H

#include "generation.h"

/**
 * match_listed_compile() - a generation of the listed paths and networks of another one
 * @generation:   borrowed
 * @out_listed:   owned by the caller; NULL when there are none; untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int match_listed_compile(const struct generation *generation, struct generation **out_listed);

/**
 * match_listed_origin() - the rule of the first generation that one of the second is made of
 * @generation: borrowed
 * @listed:     of match_listed_compile(); NULL is answered with NULL
 */
const struct generation_rule *match_listed_origin(const struct generation *generation,
						  const struct generation_rule *listed);

#endif
