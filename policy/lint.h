/* SPDX-License-Identifier: MIT */
/*
 * lint.h - rules that would hurt a host. What hurts every host is found without looking at one; what this
 * host needs beyond that comes in as a list. A rule whose id is in "accept-risk" is left alone.
 */
#ifndef EMBARGO_LINT_H
#define EMBARGO_LINT_H

#include "policy.h"

/* A file that must not be refused. */
struct protected_object {
	const char *path;	/* whole and resolved; begins with '/' */
	const char *what;	/* "a shell", "a PAM module of this host"; for messages */
};

/* A network that must stay reachable. */
struct protected_network {
	const char *what;	/* "the resolver of this host" */
	__u8 family, bits;	/* 4 or 6; prefix length */
	__u64 a, b;		/* as in struct gen_key */
};

/* What is known by a name: a package, who made a package, a kernel module, a domain with what is below it. */
struct protected_name {
	__u8 matcher;		/* enum matcher: MATCHER_PACKAGE, MATCHER_PACKAGE_VENDOR, MATCHER_MODULE, MATCHER_DOMAIN */
	const char *name;
	const char *what;	/* "the C library", "the owner of '/usr/bin/bash'" */
};

/* What a host needs. All borrowed. */
struct lint_host {
	const struct protected_object *objects;
	size_t object_count;
	const struct protected_network *networks;	/* its own addresses, resolvers, gateways */
	size_t network_count;
	const struct protected_name *names;
	size_t name_count;
};

/*
 * The widest blocks that one organisation has: /8 in IPv4 (the early ones, RFC 1466), /19 in IPv6 (2003::/19 and
 * 2a01:c000::/19, two providers of the RIPE region). Wider is nearly always a slip of the pen.
 */
#define NETWORK4_BITS_MIN 8
#define NETWORK6_BITS_MIN 19

#define LINT_ERRORS_MAX 100 /* of one run that are told one by one */

/**
 * policy_lint() - does a policy refuse something that this host needs?
 * @policy:     borrowed
 * @generation: borrowed; made of @policy: it answers quickly when nothing is hit
 * @host:       borrowed
 * @diags:      borrowed; an error for each rule that hits something, with the place of the rule, its id,
 *              what it hits and the way out
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int policy_lint(const struct policy *policy, const struct generation *generation,
		const struct lint_host *host, struct diagnostics *diags);

/**
 * lint_policy() - what would hurt every host; part of policy_load()
 * @policy: borrowed; resolved
 * @diags:  borrowed
 *
 * Return: 0, also when @diags got errors; -ENOMEM.
 */
int lint_policy(struct policy *policy, struct diagnostics *diags);

#endif
