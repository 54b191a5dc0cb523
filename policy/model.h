/* SPDX-License-Identifier: MIT */
/*
 * model.h - a policy as it was written, and the flat rules that it means. policy.c reads it,
 * resolve.c joins it with the catalogue.
 */
#ifndef EMBARGO_MODEL_H
#define EMBARGO_MODEL_H

#include "catalog.h"

/* One entry of "embargo": a vendor of the catalogue, or a name with matchers in place. */
struct policy_line {
	struct policy_line *next;
	struct place place;
	struct field_text vendor, name; /* exactly one of them */
	struct field_texts products;    /* of the vendor; none: its commercial and legacy ones */
	bool subsidiaries;
	unsigned mode;      /* enum mode; MODE_NONE: the policy's */
	unsigned action;    /* enum action */
	struct facts facts; /* of a name */
};

/* One entry of "allow". */
struct policy_allow {
	struct policy_allow *next;
	struct place place;
	struct facts facts;        /* one path or one network */
	struct field_text product; /* or vendor/product */
	struct field_text reason;
};

struct policy {
	struct yaml_tree *tree;        /* owned; everything but rules.list lives in it */
	const struct catalog *catalog; /* borrowed; NULL: references are not checked */
	struct field_text name;
	unsigned revision;
	unsigned mode;           /* enum mode */
	unsigned min_confidence; /* enum confidence */
	struct policy_line *lines, *last_line;
	struct policy_allow *allows, *last_allow;
	struct rules rules; /* what it means; the list is owned */
	size_t capacity;    /* of rules.list */
	const struct policy_host *host; /* borrowed while it is read; NULL: nothing is known */
};

/**
 * policy_read() - read and resolve a policy that is YAML already
 * @tree:       taken, also on failure
 * @catalog, @host: as in policy_load()
 * @diags:      borrowed
 * @out_policy: owned by the caller; untouched on failure
 *
 * Return: 0; -EINVAL (there are errors in @diags); -ENOMEM.
 */
int policy_read(struct yaml_tree *tree, const struct catalog *catalog, const struct policy_host *host,
		struct diagnostics *diags, struct policy **out_policy);

/**
 * policy_resolve() - find the vendors and products a policy names and fill in its rules
 * @policy: borrowed
 * @diags:  borrowed; references to nothing, lines that reach nothing
 *
 * Return: 0, also when @diags got errors; -ENOMEM.
 */
int policy_resolve(struct policy *policy, struct diagnostics *diags);

/**
 * agent_config_read() - read an agent document that is YAML already
 * @tree:       taken, also on failure
 * @diags:      borrowed
 * @out_config: owned by the caller; untouched on failure
 *
 * Return: as policy_read().
 */
int agent_config_read(struct yaml_tree *tree, struct diagnostics *diags,
		      struct agent_config **out_config);

#endif
