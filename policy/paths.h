/* SPDX-License-Identifier: MIT */
/*
 * paths.h - path patterns: their syntax, the tree they make, and the entries that one walk from the
 * root of a path looks up. What a pattern is stands in rules.h and at path_pattern_check().
 */
#ifndef EMBARGO_PATHS_H
#define EMBARGO_PATHS_H

#include "entries.h"
#include "numbered.h"
#include <stdbool.h>

#define PATH_NODES_MAX 16777216u	/* nodes, and steps between them, of one generation */

/* How specific a pattern is. */
struct path_measure {
	bool wild;		/* some component has a '*' */
	bool any_depth;		/* it has a '**' */
	unsigned components;	/* without '**', and without a '*' behind it */
	unsigned literal_bytes;	/* of the components, without stars */
	unsigned wildcards;	/* of the components; stars side by side are one */
};

/**
 * path_measure() - what the order of rules needs to know
 * @pattern:     borrowed; accepted by path_pattern_check()
 * @out_measure: filled
 */
void path_measure(const char *pattern, struct path_measure *out_measure);

enum trie_kind {
	TRIE_LITERAL,	/* a component without stars; also the root */
	TRIE_GLOB,	/* a component with stars and other bytes */
	TRIE_ANY,	/* a component of stars only */
	TRIE_DEEP,	/* not a component: its children are names at any depth below the parent */
};

/* The patterns as they are written, before any merging. Index 0 is "none", 1 the root. */
struct trie_node {
	__u64 hash;		/* name_hash() of the component */
	const char *name;	/* borrowed from the rule */
	__u32 parent;
	__u32 child;		/* first literal child */
	__u32 sibling;
	__u32 wild;		/* index of its struct trie_wild; 0: only literal children */
	__u32 rule;		/* number of the first rule that needed this node */
	__u32 end_deny, end_allow, below_deny, below_allow;
	__u8 name_bytes;
	__u8 kind;		/* enum trie_kind */
	__u16 zero;
};

struct trie_wild {
	__u32 glob;		/* first child with stars; the others are its siblings */
	__u32 any, deep;
};

struct trie {
	struct trie_node *nodes;	/* owned */
	size_t count, capacity;
	struct trie_wild *wilds;	/* owned */
	size_t wilds_count, wilds_capacity;
	__u32 *table;			/* owned; children by parent and hash */
	size_t table_size;
};

/**
 * trie_insert() - put a pattern into the tree, and its twins on hosts with a merged /usr
 * @trie:   borrowed; zeroed before the first
 * @rule:   borrowed; its value must outlive the tree
 * @number: of the rule; numbers come in ascending order
 *
 * Return: 0; -ENOMEM; -E2BIG (more nodes than PATH_NODES_MAX).
 */
int trie_insert(struct trie *trie, const struct numbered_rule *rule, __u32 number);

/** trie_done() - free what it owns; accepts an empty one */
void trie_done(struct trie *trie);

/**
 * paths_compile() - entries of all path rules: GEN_STEP, GEN_NODE, GEN_GLOB, GEN_ACCEPT
 * @numbered: borrowed
 * @diags:    borrowed; a limit that is hit, with the place of the rule that hit it
 * @entries:  borrowed; appended to
 * @out_root: number of the root node, 0 if there is no path rule
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int paths_compile(const struct numbered *numbered, struct diagnostics *diags,
		  struct entries *entries, __u32 *out_root);

#endif
