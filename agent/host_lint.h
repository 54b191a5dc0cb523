/* SPDX-License-Identifier: MIT */
/*
 * host_lint.h - would a policy refuse something that this host needs? The list comes from the inventory, the
 * judgement from the policy library.
 */
#ifndef EMBARGO_HOST_LINT_H
#define EMBARGO_HOST_LINT_H

#include "../policy/policy.h"

struct inventory;

/**
 * host_lint() - hold a compiled policy against the protected set of a host
 * @policy:     borrowed
 * @generation: borrowed; made of @policy
 * @inventory:  borrowed; of the host, or of another root
 * @diags:      borrowed; an error for each rule that hits something protected and is not in accept-risk
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int host_lint(const struct policy *policy, const struct generation *generation, struct inventory *inventory,
	      struct diagnostics *diags);

#endif
