/* SPDX-License-Identifier: MIT */
/*
 * compiled.h - a policy from its file to its generation, with everything on the way: what was written, what
 * the catalogue says, and what became of it.
 */
#ifndef EMBARGO_COMPILED_H
#define EMBARGO_COMPILED_H

#include "../policy/policy.h"

/* All owned; each one refers to those before it. */
struct compiled {
	struct catalog *catalog;
	struct policy *policy;
	struct generation *generation;
};

/**
 * compiled_read() - catalogue, policy and generation
 * @policy:   file; borrowed
 * @catalogs, @catalog_count: directories; borrowed
 * @host:     borrowed for the call; NULL: nothing is known of a host
 * @diags:    borrowed; everything that is wrong with both
 * @out_compiled: compiled_done(); untouched on failure
 *
 * Return: 0; -EINVAL (errors in @diags); -ENOENT (no such policy); another negative errno.
 */
int compiled_read(const char *policy, const char *const *catalogs, size_t catalog_count,
		  const struct policy_host *host, struct diagnostics *diags,
		  struct compiled *out_compiled);

/** compiled_done() - free what it owns; accepts one that is all zero */
void compiled_done(struct compiled *compiled);

#endif
