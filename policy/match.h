/* SPDX-License-Identifier: MIT */
/*
 * match.h - which rule recognises a thing, and what would be decided: the kernel's own decision code
 * (bpf/decide.h), compiled for the host, over a generation. Whoever wants to know what a policy does without
 * a kernel asks here: policy test, explain and diff, lint, the inventory, the tests.
 */
#ifndef EMBARGO_MATCH_H
#define EMBARGO_MATCH_H

#include "generation.h"

/* What recognises a thing. Borrowed from the generation; NULL: nothing does. */
struct match {
	const struct generation_rule *rule;	/* the most specific rule */
	const struct generation_rule *allow;	/* the entry of "allow" that wins over it, also when it is over */
	bool is_protected;			/* an object that this host cannot lose */
	bool leaves;				/* the rule contains who connects, and the address is not internal */
	bool undecided;				/* the kernel could not tell: too deep, too many steps; then both are NULL */
};

/* Who acts, and when; what is not known is left out, and then holds nothing back. */
struct match_subject {
	const char *cgroup;	/* path from the cgroup v2 root, "/system.slice/x.service"; NULL: the root */
	__u32 uid;
	__s64 now_s;		/* Unix time; 0: before every end of an exception */
	bool anyone;		/* whoever and wherever it is: the scope is not asked */
	const struct generation_rule *contained;	/* what contains the program that acts; borrowed; NULL: nothing does */
	bool capped, paused, breaker_open, requirement_unmet, stage_held;	/* as in struct mode_inputs */
};

/* What would happen. */
struct match_decision {
	struct match match;
	bool in_scope;		/* false: nothing is decided, whatever matched */
	enum verdict verdict;
	enum mode mode;		/* effective, of .match.rule; MODE_NONE without one */
	enum held_by held_by;
	enum let_through let_through;
	bool contained;		/* the program runs, and reaches the internal networks only */
};

/**
 * match_path() - a file
 * @generation: borrowed
 * @path:       from the process's root, resolved: begins with '/', without "." "..", "//" and symbolic
 *              links; one that does not begin with '/' has no path (a memfd) and matches nothing
 */
struct match match_path(const struct generation *generation, const char *path);

/**
 * match_address() - a network address
 * @family:   4 or 6; v4-mapped IPv6 is 4; others match nothing
 * @a, @b:    as in struct gen_key: IPv4 in @a; halves of IPv6; host order
 * @protocol: as in the IP header: 6, 17, ...
 * @port:     host order
 */
struct match match_address(const struct generation *generation, unsigned family, __u64 a, __u64 b,
			   unsigned protocol, unsigned port);

/* Everything that is known of one file; see struct file_match of bpf/decide.h. */
struct match_file {
	const char *path;	/* as in match_path(); NULL: it has none */
	const char *digest;	/* as in match_digest(); NULL: not known */
	const char *module;	/* name of the kernel module in it, as in match_module(); NULL: it is none */
	/* What its identity leads to: learned facts. Numbers of rules; 0: nothing */
	__u32 identity_deny, identity_allow;
	__u32 copy_deny;	/* of the file that it is a copy of */
	bool away;		/* not the host's own file at that path, so that an exception for the path does not mean it */
	bool is_protected;
	bool opened;		/* an interpreter opens it: only a rule that is strict counts */
};

/**
 * match_file() - a file by its path, its identity, its content and the name of a module at once
 * @generation: borrowed
 * @file:       borrowed
 */
struct match match_file(const struct generation *generation, const struct match_file *file);

/** match_number() - the number of a rule of the generation; 0: it has none, or @rule is NULL */
__u32 match_number(const struct generation *generation, const struct generation_rule *rule);

/**
 * match_module() - a kernel module by its name
 * @generation: borrowed
 * @name:       as the kernel shows it, with '_'; one that is longer than any module's matches nothing
 */
struct match match_module(const struct generation *generation, const char *name);

/**
 * match_domain() - a name that is resolved, or that a connection is made to
 * @generation: borrowed
 * @name:       canonical: in lower case, other scripts as A-labels, no dot at the end; one that is longer than any
 *              name matches nothing
 */
struct match match_domain(const struct generation *generation, const char *name);

/**
 * match_internal() - is an address in the internal networks, which contained programs may reach?
 *
 * Arguments as of match_address(). Return: false also when no rule contains anything.
 */
bool match_internal(const struct generation *generation, unsigned family, __u64 a, __u64 b);

/**
 * match_digest() - a content
 * @generation: borrowed
 * @digest:     canonical: "sha256:" and 64 hex digits in lower case; others match nothing
 */
struct match match_digest(const struct generation *generation, const char *digest);

/**
 * match_interpreter() - does a program count as an interpreter, for rules that are strict?
 * @generation: borrowed; without a strict rule none does
 * @path:       of the program, as in match_path()
 */
bool match_interpreter(const struct generation *generation, const char *path);

/**
 * match_decide() - the decision about a match, in the order of the design: scope, allow, rule in its mode
 * @generation: the one that @match is of; borrowed
 * @match:      borrowed; of match_text() too: a matcher that is not enforced decides nothing, which is the
 *              verdict allow in MODE_NONE; .let_through still says whether an exception covers it
 * @subject:    borrowed
 */
struct match_decision match_decide(const struct generation *generation, const struct match *match,
				   const struct match_subject *subject);

/** match_in_scope() - would anything this subject does be decided? */
bool match_in_scope(const struct generation *generation, const struct match_subject *subject);

/** match_is_enforced() - does this rule of the generation decide anything, or is it only listed? */
bool match_is_enforced(const struct generation *generation, const struct generation_rule *rule);

/*
 * The kinds that are compared as text: digest, package, package-vendor, module, domain, unit, image, marker,
 * repository. '*' is any text and '?' any character but in digests and domains, where they mean themselves;
 * "*." before a domain is everything below it, at any depth, without the domain itself. What decides about a domain
 * is match_domain(); here it is for finding.
 */
struct match_index;

/**
 * match_index_new() - prepare the matchers of a generation that are texts for being looked up
 * @generation: borrowed; must outlive the index
 * @out_index:  owned by the caller, match_index_free(); untouched on failure
 *
 * Return: 0 or -ENOMEM.
 */
int match_index_new(const struct generation *generation, struct match_index **out_index);
/** match_index_free() - accepts NULL */
void match_index_free(struct match_index *index);

/**
 * match_text() - the most specific matcher of a kind that fits a text: exact before wildcard, longer before shorter
 * @index:   borrowed
 * @matcher: enum matcher, one of those above; others match nothing
 * @text:    canonical for its kind: a domain in lower case, a module with '_'
 *
 * A rule that is enforced comes before one that is only listed. Of several entries of "allow" it is the one that
 * lasts longest. One lookup for all exact values, or one for
 * each label of a domain; wildcards are tried one by one.
 */
struct match match_text(const struct match_index *index, unsigned matcher, const char *text);

/**
 * match_pattern_fits() - does a pattern of such a kind fit a text? '*' and '?' as above; not of digests and domains
 * @pattern, @text: borrowed
 */
bool match_pattern_fits(const char *pattern, const char *text);

#endif
