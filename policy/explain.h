/* SPDX-License-Identifier: MIT */
/*
 * explain.h - why a policy does what it does: from a rule back to the line that reaches it and to the fact that
 * it is made of, and from a path, an address or a name to every rule that means it. Facts for sentences; the
 * sentences are the command's.
 */
#ifndef EMBARGO_EXPLAIN_H
#define EMBARGO_EXPLAIN_H

#include "model.h"
#include "thing.h"

/* Where a rule comes from. Borrowed from the policy, its catalogue and its generation. */
struct origin {
	const struct generation_rule *rule;	/* NULL: there is none */
	bool enforced;
	const struct product *product;	/* NULL: of a line with "name", or an exception for one matcher */
	const struct fact *fact;	/* as it is written; NULL: a value of a list in a file */
	const struct policy_line *line;	/* that reaches it; NULL: an exception */
	unsigned rank;			/* as in struct reach; of a line with "vendor" */
	struct place place;		/* of the word of the policy that reaches it */
	const struct policy_allow *allow;	/* the exception; NULL: a rule */
};

/**
 * origin_find() - where does a rule of the policy come from?
 * @rule: of @generation, which is made of @policy; all borrowed
 */
struct origin origin_find(const struct policy *policy, const struct generation *generation,
			  const struct generation_rule *rule);

#define EXPLAIN_OTHERS_MAX 16

/* Why a thing is decided as it is. */
struct explanation {
	struct answer answer;
	struct origin rule, allow;
	struct origin others[EXPLAIN_OTHERS_MAX];	/* match too, but less specifically: the next one first */
	size_t other_count;
	struct origin elsewhere[EXPLAIN_OTHERS_MAX];	/* of an address: rules for other ports or protocols */
	size_t elsewhere_count;
	bool contains, internal;	/* of an address: the policy contains something; and that may reach it */
	/* When no rule matches: the catalogue's product that would have been meant by a line, or NULL. */
	const struct product *known;
	const struct fact *known_fact;
};

/**
 * explain_thing() - what decides about a thing, and what else matches it
 * @policy, @generation: borrowed; the generation is made of the policy
 * @thing:  borrowed
 * @now_s:  Unix time
 * @out:    untouched on failure
 *
 * The scope is not asked: it is about whom, and this is about what. Return: 0 or -ENOMEM.
 */
int explain_thing(const struct policy *policy, const struct generation *generation,
		  const struct thing *thing, __s64 now_s, struct explanation *out);

/* What a policy makes of a product. */
struct explained_product {
	const struct product *product;
	const struct reach *reach;	/* the line that decides; NULL: no line reaches it */
	const struct policy_allow *allow;	/* the exception for the whole product on this host, or NULL */
	size_t enforce, audit, weak;	/* rules by their target; weak: in audit because of their confidence */
	size_t listed;			/* matchers that are not enforced by this version */
	size_t finding;			/* facts for finding and reporting only */
};

/** explain_product() - @policy, @product: borrowed */
struct explained_product explain_product(const struct policy *policy, const struct product *product);

#endif
