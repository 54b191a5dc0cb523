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

/*
 * What the patterns are of. Names of modules and of interpreters are paths of one component, domains are paths of
 * their labels from the last one. Cgroups are covered by a pattern together with all that is below them; it has no
 * "**". Hosts with a merged /usr mean nothing to any of these.
 */
enum trie_tree {
	TREE_FILES,
	TREE_MODULES,
	TREE_DOMAINS,
	TREE_INTERPRETERS,
	TREE_SCOPE,	/* the first list of a scope, enum scope_list; the others follow */
	TREE_MAX = TREE_SCOPE + SCOPE_LIST_MAX,
};

/* The patterns as they are written, before any merging. Index 0 is "none", 1 + tree the root of a tree. */
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
	__u8 tree;		/* enum trie_tree */
	__u8 zero;
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
	bool used[TREE_MAX];		/* has a pattern */
};

struct trie_pattern {
	const char *value;	/* borrowed; accepted by path_pattern_check(), domain_pattern_check(); must outlive the tree */
	__u32 number;		/* of the rule; 1 in trees of interpreters and cgroups */
	bool allow;		/* an allow entry */
	__u8 tree;		/* enum trie_tree */
};

/**
 * trie_insert() - put a pattern into its tree; of files, also its twins on hosts with a merged /usr
 * @trie:    borrowed; zeroed before the first
 * @pattern: borrowed; numbers come in ascending order
 *
 * Return: 0; -ENOMEM; -E2BIG (more nodes than PATH_NODES_MAX).
 */
int trie_insert(struct trie *trie, const struct trie_pattern *pattern);

/** trie_done() - free what it owns; accepts an empty one */
void trie_done(struct trie *trie);

struct paths; /* rules of paths, modules and domains, interpreters and the scope's cgroups while they are compiled */

/**
 * paths_begin() - put all patterns into their trees
 * @numbered:  borrowed until paths_free()
 * @scope:     borrowed until paths_free(); its patterns are accepted by path_pattern_check() and have no "**"
 * @diags:     borrowed; a limit that is hit, with the place of the rule that hit it
 * @out_paths: owned by the caller, paths_free(); untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int paths_begin(const struct numbered *numbered, const struct rule_scope *scope,
		struct diagnostics *diags, struct paths **out_paths);

/**
 * paths_emit() - append their entries: GEN_STEP, GEN_NODE, GEN_GLOB, GEN_ACCEPT
 * @paths:     borrowed; used up
 * @diags:     as above
 * @entries:   borrowed
 * @out_roots: number of the root node by enum trie_tree, 0 where there is no pattern
 *
 * Return: as above.
 */
int paths_emit(struct paths *paths, struct diagnostics *diags, struct entries *entries,
	       __u32 out_roots[TREE_MAX]);

/** paths_free() - accepts NULL */
void paths_free(struct paths *paths);

/**
 * scope_patterns() - the patterns of one list of a scope, none if nobody asks for it
 * @list:      enum scope_list
 * @out_count: how many
 */
const char *const *scope_patterns(const struct rule_scope *scope, enum scope_list list,
				  size_t *out_count);

#endif
