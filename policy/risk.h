/* SPDX-License-Identifier: MIT */
/*
 * risk.h - "accept-risk": the rules that the administrator wants although the lint refuses them.
 */
#ifndef EMBARGO_RISK_H
#define EMBARGO_RISK_H

#include "model.h"

/**
 * rule_id() - the id of a rule, as generations have it: vendor/product/kind/8 hex digits
 * @rule: borrowed
 *
 * Return: owned by the caller, free(); NULL without memory.
 */
char *rule_id(const struct rule *rule);

/**
 * risks_resolve() - does every id of "accept-risk" name a rule?
 * @policy: borrowed; resolved
 * @diags:  borrowed; ids of nothing, with the nearest one
 *
 * Return: 0, also when @diags got errors; -ENOMEM.
 */
int risks_resolve(struct policy *policy, struct diagnostics *diags);

/** risk_is_accepted() - is a rule's id in "accept-risk"? @id: borrowed */
bool risk_is_accepted(const struct policy *policy, const char *id);

#endif
