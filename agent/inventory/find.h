/* SPDX-License-Identifier: MIT */
/*
 * find.h - what the two files that look for hits share.
 */
#ifndef EMBARGO_FIND_H
#define EMBARGO_FIND_H

#include "hits.h"
#include "internal.h"

struct find {
	struct inventory *inventory;
	const struct generation *generation;
	const struct match_index *index;
	const struct hits_options *options;
	hit_fn fn;
	void *context;
	bool digests;				/* there are digests, and they are wanted */
	const struct generation_rule *rule;	/* that is being looked for by its pattern */
	const struct inventory_package *package;
};

/** find_tell() - tell a hit if there is one; @hit: all but rule and allow */
int find_tell(const struct find *find, const struct match *match, const struct hit *hit);

/** find_path() - match_path(), with trailing '/' taken for none and what could not be decided told */
struct match find_path(const struct find *find, const char *path);

/** find_matchers() - how many matchers of a kind there are, enforced or not */
size_t find_matchers(const struct generation *generation, enum matcher matcher);

/** find_files() - files on disk and markers */
int find_files(struct find *find);

#endif
