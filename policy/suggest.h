/* SPDX-License-Identifier: MIT */
/*
 * suggest.h - the word that somebody probably meant, for messages.
 */
#ifndef EMBARGO_SUGGEST_H
#define EMBARGO_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *text; /* what was written; borrowed */
	const char *best; /* the nearest candidate so far; borrowed, NULL: none is near */
	size_t distance;  /* of it */
};

/**
 * suggestion_consider() - is this candidate nearer than those before?
 * @suggestion: { .text = what was written } before the first call
 * @candidate:  borrowed as long as the suggestion is used
 *
 * Near is at most one edit (insert, remove, replace, exchange neighbours) for three characters.
 */
void suggestion_consider(struct suggestion *suggestion, const char *candidate);

#endif
