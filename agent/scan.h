/* SPDX-License-Identifier: MIT */
/*
 * scan.h - what on a host belongs to the vendors: hits of the inventory, put together for people and programs.
 * It looks and changes nothing, and needs neither root nor an agent.
 */
#ifndef EMBARGO_SCAN_H
#define EMBARGO_SCAN_H

#include "inventory/hits.h"

#include <jansson.h>
#include <stdio.h>

#define SCAN_EXAMPLES	      5		/* of a finding with many files */
#define SCAN_EXAMPLES_VERBOSE 1000

struct catalog;

struct scan_options {
	const char *root;			/* NULL: this host */
	const char *const *leave_out;
	size_t leave_out_count;
	size_t examples;			/* kept of each finding, at most */
	bool network, quick, digests;
	bool progress;				/* on standard error */
};

/* One thing that was found; texts are owned. */
struct scan_example {
	char *what, *path, *detail;	/* as in struct hit */
	bool live, link;
};

/*
 * What one matcher recognised. Files of a rule in one place are one finding; everything else is one finding each,
 * with an example for each time that it was met.
 */
struct scan_finding {
	const struct generation_rule *rule, *allow;	/* borrowed from the generation */
	enum inventory_source source;
	char *layer, *layer_path;		/* NULL: not in an image layer */
	struct scan_example *examples;		/* sorted; the first of all that there were */
	size_t example_count, example_room;
	unsigned long long count;		/* how often, examples or not */
	unsigned long long live;		/* of these: running, loaded, connected */
};

/* Things that were not looked at, for one reason. */
struct scan_problem {
	enum inventory_source source;
	enum inventory_gap gap;
	int err;
	char *what, *path;			/* the first of the paths */
	unsigned long long count;
};

struct scan {
	const struct generation *generation;	/* borrowed */
	const struct catalog *catalog;		/* borrowed */
	struct scan_finding *findings;		/* sorted by vendor, product, source, what */
	size_t count, room;
	size_t *table;				/* by key; open addressing */
	size_t table_size;
	struct scan_problem *problems;		/* sorted */
	size_t problem_count, problem_room;
	unsigned long long files;
	double seconds;
	long long time_s;
	const char *root;			/* borrowed from the options */
	bool live;				/* the running system */
	bool quick;
	size_t examples;
	const struct generation_rule **by_value; /* every rule, sorted by kind and value; borrowed from the generation */
	size_t rule_count;
	int err;				/* of a callback that has no way to say so */
};

/**
 * scan_run() - look
 * @options, @generation, @catalog: borrowed; the latter two for as long as the scan is used
 * @out_scan: owned by the caller, scan_free(); untouched on failure
 *
 * Return: 0; -ENOMEM; errno of the root.
 */
int scan_run(const struct scan_options *options, const struct generation *generation,
	     const struct catalog *catalog, struct scan **out_scan);
/** scan_free() - accepts NULL */
void scan_free(struct scan *scan);

/** scan_findings() - those that no entry of "allow" covers */
size_t scan_findings(const struct scan *scan);
/** scan_is_complete() - was everything looked at that could hide something? */
bool scan_is_complete(const struct scan *scan);
/** scan_class() - of a finding's product: "commercial", ...; "" for matchers that the policy has itself */
const char *scan_class(const struct scan *scan, const struct generation_rule *rule);

/**
 * scan_also() - another product that the same fact belongs to, as when one vendor bought what another still sells
 * @i: from 0. Markers have none: each of their products is a finding
 *
 * Return: its rule, or NULL: there are no more.
 */
const struct generation_rule *scan_also(const struct scan *scan, const struct scan_finding *finding, size_t i);

/** scan_print() - for people, within 100 columns. @verbose: every example, and what was left out on purpose */
void scan_print(const struct scan *scan, bool verbose, FILE *out);
/** scan_json() - for programs, as scan.schema.json says; new reference, or NULL without memory */
json_t *scan_json(const struct scan *scan);

#endif
