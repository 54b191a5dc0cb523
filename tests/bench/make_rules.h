/* SPDX-License-Identifier: MIT */
/* make_rules.h - long lists of mixed rules: paths, networks of both families but loopback, digests, packages, modules, and domains. */
#ifndef EMBARGO_BENCH_MAKE_RULES_H
#define EMBARGO_BENCH_MAKE_RULES_H

#include "../../policy/rules.h"
#include <stdbool.h>

#define RULE_TEXT_BYTES 72 /* "sha256:", 64 digits and a zero */

/**
 * make_rules() - the same list every time
 * @count: how many
 * @texts: RULE_TEXT_BYTES for each; borrowed by the list
 * @domains: a quarter of the networks are domains: for them programs are attached that look at every packet
 *
 * Return: the list, to be freed; NULL without memory.
 */
struct rule *make_rules(size_t count, char *texts, bool domains);

#endif
