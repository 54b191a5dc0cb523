/* SPDX-License-Identifier: MIT */
/*
 * cases.h - the tests of a policy: what is tried, by whom and when, and what must become of it. CASES.md is the
 * language by example.
 */
#ifndef EMBARGO_CASES_H
#define EMBARGO_CASES_H

#include "fields.h"
#include "policy.h"
#include "thing.h"

#define CASES_MAX 100000

/* Who tries it, when and where: the keys of "as". */
struct case_subject {
	struct match_subject subject;	/* .now_s 0: not said */
	const struct yaml_node *labels; /* a mapping of texts; NULL: not said */
	const char *contained;	/* the rule that contains the program, its id or the beginning of it; NULL: none does */
};

struct policy_case {
	struct policy_case *next;
	struct place place;
	const char *name;	/* NULL: it has none */
	struct thing thing;
	struct case_subject as;
	unsigned expect;	/* enum outcome */
	unsigned held_by;	/* enum held_by; HELD_BY_NOTHING: not said */
	const char *rule;	/* its id, or the beginning of it before a '/'; NULL: not said */
};

struct cases {
	struct yaml_tree *tree;	/* owned; everything here lives in it */
	struct policy_case *first, *last;	/* in the order of the document */
	size_t count;
};

/**
 * cases_load() - read a document of kind Cases
 * @path:      borrowed
 * @host:      borrowed for the call; for ids of users; NULL: nothing is known
 * @diags:     borrowed; what is wrong, with places
 * @out_cases: owned by the caller, cases_free(); untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -ENOENT (no such file); -ENOMEM; errno of reading, which is in @diags too.
 */
int cases_load(const char *path, const struct policy_host *host, struct diagnostics *diags,
	       struct cases **out_cases);

/** cases_read() - the same of a document that is YAML already; @tree: taken, also on failure */
int cases_read(struct yaml_tree *tree, const struct policy_host *host, struct diagnostics *diags,
	       struct cases **out_cases);

/** cases_free() - accepts NULL */
void cases_free(struct cases *cases);

struct case_result {
	bool passed;
	bool outcome_good, held_by_good, rule_good;	/* what of it is as expected */
	bool contained_good;				/* there is a rule that contains who tries it */
	struct answer answer;				/* points into the generation */
	const char *rule;				/* id of the rule, or of the entry of "allow"; NULL: none */
};

/**
 * case_judge() - is the answer the expected one?
 * @one:        borrowed
 * @generation, @index: of the policy, as it means the host of this case; borrowed
 * @now_s:      Unix time of cases that do not say when
 */
struct case_result case_judge(const struct policy_case *one, const struct generation *generation,
			      const struct match_index *index, __s64 now_s);

#endif
