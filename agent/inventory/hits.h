/* SPDX-License-Identifier: MIT */
/*
 * hits.h - what the rules of a generation hit on this host now: the inventory's items, each looked up with
 * policy/match.h. Lint, activation, diff and scan ask here.
 */
#ifndef EMBARGO_HITS_H
#define EMBARGO_HITS_H

#include "../../policy/match.h"
#include "inventory.h"

#define HITS_SOURCE(source) (1u << (source))
#define HITS_ALL	    ((1u << INVENTORY_HOST) - 1)

struct hit {
	enum inventory_source source;
	const struct generation_rule *rule;	/* never NULL; in generation->rules or ->unenforced */
	const struct generation_rule *allow;	/* the entry of "allow" that wins over it, or NULL */
	const struct inventory_layer *layer;	/* NULL: not in an image layer */
	const char *what;			/* what was found: a path, a package's name, a unit, an address */
	const char *path;			/* the file it was found in, or the program; "" */
	const char *detail;			/* in words: version, vendor string, pid, "enabled, running"; "" */
	bool live;				/* it runs, is loaded, is connected now */
	bool link;				/* a symbolic link: rules never see it, only what it points to */
};

struct hits_options {
	unsigned sources;	/* HITS_SOURCE(), ORed */
	bool quick;		/* no walk of all files: what patterns name, markers, and packages' lists */
	bool digests;		/* read every file for the sake of digests; takes as long as reading the disk */
};

typedef int (*hit_fn)(void *context, const struct hit *hit);

/**
 * hits_find() - everything that the generation's matchers recognise
 * @inventory, @generation, @options: borrowed
 * @fn: gets each hit, in no order; borrowed for the call; not 0 ends it
 *
 * One thing that two kinds of matchers recognise is two hits. Matchers that could not be looked for (digests
 * without being asked to, names of services but in package sources) are told to the inventory's problem callback.
 * Allow entries alone hit nothing.
 *
 * Return: 0; -ENOMEM; what @fn returned.
 */
int hits_find(struct inventory *inventory, const struct generation *generation,
	      const struct hits_options *options, hit_fn fn, void *context);

#endif
