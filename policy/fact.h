/* SPDX-License-Identifier: MIT */
/*
 * fact.h - matchers as documents write them: a scalar, or a mapping that says more about it. One table
 * in fact.c has a row for each kind; catalogue and policy read theirs through it.
 */
#ifndef EMBARGO_FACT_H
#define EMBARGO_FACT_H

#include "canonical.h"
#include "fields.h"
#include "policy.h"
#include "rules.h"

/* One matcher. */
struct fact {
	struct fact *next;
	const char *value; /* canonical */
	struct place place;
	unsigned matcher;                   /* enum matcher */
	unsigned confidence;                /* enum confidence */
	const struct rule_network *network; /* MATCHER_NETWORK, else NULL */
	__u64 size;                         /* MATCHER_DIGEST: bytes of the file; 0: not said */
	const struct yaml_node *sources;    /* texts, its own; NULL: those of its product, if any */
};

struct facts {
	struct fact *first, *last; /* in the order of the document */
	size_t count;
};

/* Functions for rows of struct field; the row's argument is the enum matcher, the member struct facts. */
/** facts_read_catalog() - a list; entries may state confidence, sources and note */
void facts_read_catalog(struct reader *, const struct field *, const struct yaml_node *, void *);
/** facts_read_policy() - a list in place; what the administrator wrote is documented */
void facts_read_policy(struct reader *, const struct field *, const struct yaml_node *, void *);
/** facts_read_internal() - a list of whole networks, without ports and protocols */
void facts_read_internal(struct reader *, const struct field *, const struct yaml_node *, void *);
/** facts_read_one() - one matcher in place */
void facts_read_one(struct reader *, const struct field *, const struct yaml_node *, void *);

/**
 * facts_finish() - when all lists are read: drop what is there twice, with a warning
 * @reader: borrowed
 * @facts:  borrowed
 */
void facts_finish(struct reader *reader, struct facts *facts);

/**
 * fact_canonical() - the canonical text of a matcher; not of networks, see network.h
 * @matcher: enum matcher
 * @text, @out, @out_problem: as in canonical_fn; of any length
 */
int fact_canonical(unsigned matcher, const char *text, char *out, struct problem *out_problem);

/** fact_canonical_thing() - the same of what is tried, not ruled: a public suffix can be looked up */
int fact_canonical_thing(unsigned matcher, const char *text, char *out,
			 struct problem *out_problem);

/**
 * file_size_parse() - the size of a file
 * @text:     borrowed; decimal digits
 * @out_size: bytes, 1 to FILE_SIZE_MAX; untouched on failure
 *
 * Return: 0; -EINVAL with a sentence.
 */
int file_size_parse(const char *text, __u64 *out_size, struct problem *out_problem);

/**
 * rules_add() - append the rule of a fact, of no vendor, without action and target
 * @rules: borrowed; only this function appends to the list
 * @fact:  borrowed; its value must outlive the rule
 *
 * Return: the rule, valid until the next one is added; NULL without memory.
 */
struct rule *rules_add(struct rules *rules, const struct fact *fact);

/** fact_is_rule() - can a rule be made of it, or is it for finding and reporting only? */
bool fact_is_rule(const struct fact *fact);

/** fact_unenforced_why() - why this build does not enforce it; NULL: it does; "": it is for finding only */
const char *fact_unenforced_why(const struct fact *fact);

#endif
