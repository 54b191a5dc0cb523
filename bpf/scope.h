/* SPDX-License-Identifier: GPL-2.0 */
/* scope.h - the policy's scope, asked after a rule has matched. */
#ifndef EMBARGO_SCOPE_H
#define EMBARGO_SCOPE_H

#include "maps.h"

enum scope_answer {
	SCOPE_IN,
	SCOPE_OUT,
	SCOPE_SWITCHED,		/* a new policy came in the middle */
};

/**
 * scope_ask() - is anything decided of what the slot's task does?
 * @slot: index of a claimed slot whose .generation is set; its match and its path are overwritten
 *
 * Return: enum scope_answer.
 */
extern int scope_ask(__u32 slot);

#endif
