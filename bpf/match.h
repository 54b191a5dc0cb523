/* SPDX-License-Identifier: GPL-2.0 */
/* match.h - a path that has been walked, through the nodes of the active generation. */
#ifndef EMBARGO_MATCH_H
#define EMBARGO_MATCH_H

#include "maps.h"

enum match_answer {
	MATCH_DONE,
	MATCH_GOES_ON,		/* the steps did not suffice */
	MATCH_SWITCHED,		/* a new policy came in the middle: begin again with that one */
};

enum match_walk {
	MATCH_FILE,		/* the slot's walk */
	MATCH_SECOND,		/* the second one: of a cgroup or a name */
};

/**
 * match_run() - match a walk; afterwards the slot's match has the best rule and allow entry
 * @slot: index of a claimed slot whose .generation is set and whose .match is initialised
 * @walk: enum match_walk
 *
 * Return: enum match_answer.
 */
extern int match_run(__u32 slot, __u32 walk);

#endif
