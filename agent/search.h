/* SPDX-License-Identifier: MIT */
/*
 * search.h - one search for what belongs to the rules of a generation: files are found (inventory/belongs.h), told
 * to the kernel as learned facts, and then read, so that their copies are recognised too. It runs to its end
 * without a loop; learn.h runs it in a process of its own.
 */
#ifndef EMBARGO_SEARCH_H
#define EMBARGO_SEARCH_H

#include "learned_set.h"

/* In this order; ORed. */
enum search_phase {
	SEARCH_QUICK = 1,	/* packages, patterns that say where to look, exceptions, the protected set */
	SEARCH_WALK = 2,	/* patterns that may be anywhere */
	SEARCH_HASH = 4,	/* contents of what was found */
};

/* What a phase came to. */
struct search_result {
	__u32 phase;		/* enum search_phase */
	__s32 err;		/* 0; -E2BIG: the kernel's map of facts is full; -ENOENT: the generation changed; ... */
	__u64 files;		/* found and told to the kernel */
	__u64 gone;		/* facts of packages that are not there any more, removed */
	__u64 missed;		/* things that could not be looked at */
	__u64 hashed, hashed_bytes, hashed_ns;	/* SEARCH_HASH: files read now, and how long that took */
	__u64 unreadable;	/* that could not be read, or changed meanwhile */
	__u64 shared;		/* same content as a protected file, or one of a package that no rule means: not learned */
	__u64 doubtful;		/* content not learned: others than the host's owner may have put it there */
	__u64 linked;		/* not recognised by what it is: it has names that no rule hits */
};

struct search {
	struct kernel *kernel;			/* borrowed */
	const struct generation *generation;	/* borrowed; the active one */
	const char *root;			/* NULL: "/" */
	bool network;				/* also on network file systems */
	unsigned phases;			/* enum search_phase, ORed */
	char *const *named;			/* paths that were met where no search looks by itself; borrowed */
	size_t named_count;
	/*
	 * Unix time: files without a fact of their own that did not change since were read by an earlier search, and
	 * innocent ones were compared with what was known then; 0: none was
	 */
	__u64 read_before_ns;
	__u32 round;				/* of this search; not 0 and not that of an earlier one */
	/* Called after each phase. Not 0 ends the search. */
	int (*done)(void *context, const struct search_result *result);
	void *context;
};

/**
 * search_run() - all phases of a search
 * @search: borrowed
 *
 * A phase that fails is told by its result, and is the last. Facts of a package rule or an exception that this
 * search should have found and did not are removed; what a path rule was learned from stays, so that a file
 * that was moved stays recognised. Return: 0; -errno of the phase that failed; what .done returned.
 */
int search_run(const struct search *search);

/*
 * What has to be known of files before a generation becomes active: else a program that is protected or excepted
 * could be refused for the moment until a search is through.
 */

/**
 * search_protected() - add the protected set to facts
 * @kernel: borrowed; only asked what files are, kernel_identify()
 * @paths, @count: of inventory_protected(); borrowed
 *
 * Return: 0; -ENOMEM; -errno of kernel_identify().
 */
int search_protected(struct kernel *kernel, char *const *paths, size_t count, struct learned_set *facts);

/** search_allowed() - the same for the files that the exceptions of a generation mean */
int search_allowed(struct kernel *kernel, const struct generation *generation, const char *root,
		   struct learned_set *facts);

#endif
