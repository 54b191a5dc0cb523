/* SPDX-License-Identifier: MIT */
/*
 * search_internal.h - what the files of the search share: search.c (phases, what the kernel is told),
 * search_find.c (finding and identifying), search_content.c (reading).
 */
#ifndef EMBARGO_SEARCH_INTERNAL_H
#define EMBARGO_SEARCH_INTERNAL_H

#include "search.h"

struct content_guard;

struct work {
	const struct search *search;
	struct learned_set facts;
	struct content_guard *guard;	/* contents that must not be learned */
	struct search_result result;
	bool packages_missed, host_missed;
	bool walked; /* everything was looked at */
};

/** search_find() - files of these parts (enum belongs_part) into work->facts, and what was missed into the result */
int search_find(struct work *work, unsigned parts);

/** search_contents() - SEARCH_HASH: read what was found and is worth it, and take back what is innocent */
int search_contents(struct work *work);

#endif
