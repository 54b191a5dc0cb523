/* SPDX-License-Identifier: MIT */
/*
 * host_lint.h - would a policy refuse something that this host needs? The list comes from the inventory, the
 * judgement from the policy library.
 */
#ifndef EMBARGO_HOST_LINT_H
#define EMBARGO_HOST_LINT_H

#include "../policy/policy.h"

struct inventory;

/* Files of the protected set, as paths without links. */
struct host_paths {
	char **list;	/* owned, as its members */
	size_t count;
};

/** host_paths_done() - free what it owns; accepts one that is all zero */
void host_paths_done(struct host_paths *paths);

/** host_protected() - the protected set of this host, without a policy. Return: 0; -ENOMEM; -errno of inventory_open() */
int host_protected(struct host_paths *out_paths);

/**
 * host_lint() - hold a compiled policy against the protected set of a host
 * @policy:     borrowed
 * @generation: borrowed; made of @policy
 * @inventory:  borrowed; of the host, or of another root
 * @diags:      borrowed; an error for each rule that hits something protected and is not in accept-risk
 * @out_paths:  the protected set, filled also when a rule hits it; NULL: not wanted. For the agent, which wants it, the
 *              packages are looked at in a process of their own
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM; for the agent also -ETIMEDOUT and other errors of that process.
 */
int host_lint(const struct policy *policy, const struct generation *generation, struct inventory *inventory,
	      struct diagnostics *diags, struct host_paths *out_paths);

#endif
