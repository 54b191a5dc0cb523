/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the seam inside the policy library: what the documents mean, as one flat list, before it
 * is compiled. The front (yaml.c, catalog.c, policy.c) resolves vendors, products, modes and
 * confidence into it; the back (compile.c, paths.c, networks.c) never sees a document.
 */
#ifndef EMBARGO_RULES_H
#define EMBARGO_RULES_H

#include "diagnostics.h"
#include "generation.h"
#include <stdint.h>

#define RULE_PORTS_MAX NETWORK_CONDITIONS_MAX

/* Already normalised: v4-mapped IPv6 became IPv4, host bits are zero (a set one is an error). */
struct rule_network {
	__u8 family;		/* 4 or 6 */
	__u8 bits;		/* prefix length, 1 to 32 or 128 */
	__u8 protocol;		/* enum protocol */
	__u8 port_count;	/* of the two lists; at most RULE_PORTS_MAX; 0: every port */
	__u16 *port_first, *port_last;	/* inclusive; borrowed: most networks have none, and a million rules are many */
	__u64 a, b;		/* as in struct gen_key */
};

/* One matcher with what is to be done about it. Strings are borrowed from policy and catalogue. */
struct rule {
	const char *vendor;		/* id; for the policy's own line its name */
	const char *vendor_name;
	const char *product;		/* id, or "-" */
	const char *value;		/* the matcher, canonical: what the rule id is a digest of */
	const char *reason;		/* of an allow entry, else "" */
	const char *unenforced_why;	/* not NULL: listed, not compiled; "": for finding only */
	__u64 until_s;			/* of an allow entry: Unix seconds at which it ends; 0: never */
	struct place place;		/* where the matcher is written */
	__u8 matcher;			/* enum matcher */
	__u8 action;			/* enum action */
	__u8 target;			/* enum mode */
	__u8 target_held_by;		/* enum held_by */
	__u8 confidence;		/* enum confidence */
	__u8 strict;			/* 1: also refused when an interpreter opens such a file; of ACTION_DENY, rule_names_files() */
	union {
		struct rule_network network;	/* MATCHER_NETWORK */
		__u64 size;			/* MATCHER_DIGEST: bytes of the file; 0: not said, and then not enforced */
	};
};

/** rule_names_files() - does a rule of this kind name programs: files that can be contained, or opened by an interpreter? */
static inline int rule_names_files(unsigned matcher)
{
	return matcher == MATCHER_PATH || matcher == MATCHER_DIGEST || matcher == MATCHER_PACKAGE ||
	       matcher == MATCHER_PACKAGE_VENDOR;
}

/** rule_can_contain() - can a rule of this kind have ACTION_CONTAIN? Modules are let through by it, for what is contained may need them */
static inline int rule_can_contain(unsigned matcher)
{
	return rule_names_files(matcher) || matcher == MATCHER_MODULE;
}

#define FILE_SIZE_MAX ((__u64)INT64_MAX) /* bytes; loff_t, include/linux/types.h of the kernel */

/*
 * Whose attempts are decided; all zero: everybody's. Cgroup patterns are path patterns from the cgroup v2 root
 * ("/system.slice/docker-*.scope") without "**" and cover what is below them too. The root itself has no name,
 * so that no pattern covers it.
 */
struct rule_scope {
	const char *const *only_cgroups;	/* some: SCOPE_ONLY_CGROUPS is meant, set or not */
	size_t only_cgroup_count;
	const char *const *exclude_cgroups;
	size_t exclude_cgroup_count;
	const char *const *container_cgroups;	/* as container managers name them; with the flags below */
	size_t container_cgroup_count;
	const __u32 *users;			/* user ids; with SCOPE_ONLY_USERS */
	size_t user_count;
	__u32 flags;				/* enum scope_flag of bpf/abi.h, ORed */
};

struct rules {
	const char *policy;		/* name */
	__u32 revision;
	__u8 mode;			/* enum mode */
	struct rule_scope scope;
	struct generation_requires requires;
	__u32 flags;			/* GEN_FLAG_REFUSE_ of bpf/abi.h, ORed: what the policy says of names */
	const struct rule *internal;	/* networks without ports and protocol that contained programs reach; borrowed */
	size_t internal_count;
	struct rule *list;
	size_t count;
};

/**
 * rules_compile() - make the generation of a list; deterministic, whatever the order of the list
 * @rules:   borrowed
 * @diags:   borrowed; a limit of the format that a rule breaks, with the rule's place
 * @out_gen: owned by the caller; untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int rules_compile(const struct rules *rules, struct diagnostics *diags, struct generation **out_gen);

/**
 * path_pattern_check() - is this a path pattern that can be compiled?
 * @pattern: borrowed
 * @out_offset: byte at which the mistake is; may be NULL
 *
 * Return: NULL, or a sentence in static storage that says what is wrong and what to write.
 */
const char *path_pattern_check(const char *pattern, size_t *out_offset);

/**
 * module_pattern_check() - is this a pattern of module names that can be compiled?
 * @pattern: borrowed; as the kernel shows names, with '_'
 *
 * Return: NULL, or a sentence in static storage.
 */
const char *module_pattern_check(const char *pattern);

/**
 * domain_pattern_check() - is this a domain, or "*." before one, that can be compiled?
 * @pattern: borrowed; in lower case, other scripts as A-labels, no dot at the end
 *
 * Return: NULL, or a sentence in static storage.
 */
const char *domain_pattern_check(const char *pattern);

/**
 * path_twin() - directories that are links on hosts with a merged /usr: a rule that begins with the old name
 * matches the file under the new one, too
 * @index:  from 0
 * @out_to: the new name, which ends in '/', as the old one does; untouched behind the last
 *
 * Return: the old name; NULL behind the last.
 */
const char *path_twin(size_t index, const char **out_to);

#endif
