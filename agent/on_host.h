/* SPDX-License-Identifier: MIT */
/*
 * on_host.h - what a policy would do with what is on a host now: the findings of a scan, each with the outcome
 * that an attempt to use it would have.
 */
#ifndef EMBARGO_ON_HOST_H
#define EMBARGO_ON_HOST_H

#include "scan.h"

struct compiled;
struct diagnostics;

/* In the order in which they are shown. */
enum on_host_outcome {
	ON_HOST_REFUSED,	/* an attempt is refused and recorded */
	ON_HOST_CONTAINED,	/* it runs, and reaches the internal networks only */
	ON_HOST_RECORDED,	/* it is recorded and goes through */
	ON_HOST_ALLOWED,	/* an entry of "allow" lets it through */
	ON_HOST_NOT_ENFORCED,	/* this version does nothing about it */
	ON_HOST_NOTHING,	/* no rule is about it */
	ON_HOST_MAX,
};

/** on_host_word() - "refused", ...; NULL: no such value */
const char *on_host_word(unsigned outcome);

/** on_host_outcome() - of one finding; ON_HOST_NOTHING for what is found and never decided on, as units */
enum on_host_outcome on_host_outcome(const struct scan *scan, const struct scan_finding *finding);

/**
 * on_host_look() - hold a policy against a host: its protected set, and what its rules hit there now
 * @compiled: borrowed; for as long as the scan is used
 * @root:     directory; NULL: this host
 * @diags:    borrowed; gets what is protected and would be hit
 * @out_scan: owned by the caller, scan_free(); NULL when the policy is refused
 *
 * The whole tree is not walked: rules for a name anywhere ("**" before the end) are held against packages' files,
 * programs that run and what is loaded only.
 *
 * Return: 0; -EINVAL (see @diags); another negative errno.
 */
int on_host_look(const struct compiled *compiled, const char *root, struct diagnostics *diags,
		 struct scan **out_scan);

/* One thing on the host about which two policies decide differently. */
struct on_host_change {
	char *what;			/* owned: "exec /opt/x", "package acme-agent", ... */
	unsigned long long count;	/* how many such there are; this is the first */
	bool live;			/* runs, is loaded or connected now */
	const char *before, *after;	/* outcome_word() of policy/thing.h */
	const char *rule;		/* id of the later policy's rule, else of the earlier one's; borrowed */
};

struct on_host_changes {
	struct on_host_change *list;	/* owned, sorted */
	size_t count;
	bool complete;			/* everything could be looked at */
};

/**
 * on_host_diff() - what of that which is on a host now two policies would treat differently
 * @before, @after: borrowed; the result points into their generations
 * @root:           directory; NULL: this host
 * @out_changes:    on_host_changes_done(); untouched on failure
 *
 * Return: 0 or a negative errno.
 */
int on_host_diff(const struct compiled *before, const struct compiled *after, const char *root,
		 struct on_host_changes *out_changes);
/** on_host_changes_done() - free what it owns */
void on_host_changes_done(struct on_host_changes *changes);

/** on_host_print() - a table of the rules that hit something, for people */
void on_host_print(const struct scan *scan, FILE *out);

/** on_host_json() - the same for programs; new reference or NULL */
json_t *on_host_json(const struct scan *scan);

#endif
