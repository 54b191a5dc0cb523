/* SPDX-License-Identifier: MIT */
/*
 * generation_walk.h - what a generation answers (policy/match.h), as rule numbers, and the small makers of
 * rules that the tests of the compiler share.
 */
#ifndef EMBARGO_GENERATION_WALK_H
#define EMBARGO_GENERATION_WALK_H

#include "../../policy/rules.h"

struct walk_result {
	__u32 deny, allow;	/* rule numbers; 0: none */
};

/** walk_path() - @path begins with '/' and is normal */
struct walk_result walk_path(const struct generation *generation, const char *path);

/** walk_network() - @family 4 or 6, @a and @b as in struct gen_key */
struct walk_result walk_network(const struct generation *generation, unsigned family, __u64 a, __u64 b,
				unsigned protocol, unsigned port);

/** random_below() - a number below @limit from a state that is never 0; the same on every host */
unsigned random_below(__u64 *state, unsigned limit);

/** path_rule(), network_rule() - a rule with everything set; strings are borrowed */
struct rule path_rule(const char *value, unsigned action, unsigned target);
struct rule network_rule(const char *value, unsigned family, __u64 a, __u64 b, unsigned bits);

/** compile_ok() - compile without any diagnostic, or fail the test */
struct generation *compile_ok(struct rule *list, size_t count);

#endif
