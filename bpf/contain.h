/* SPDX-License-Identifier: GPL-2.0 */
/* contain.h - marks: processes that run, or descend from, a program that a rule contains. */
#ifndef EMBARGO_CONTAIN_H
#define EMBARGO_CONTAIN_H

#include "abi.h"

/**
 * contain_mark() - from now on the slot's task and all that it forks are bound to the internal networks
 * @slot:    index of a claimed slot; .decision is about a rule with ACTION_CONTAIN
 * @running: not 0: the program runs already, so what it has forked is contained, too
 *
 * No room: counted, and it is not contained. Return: 0.
 */
extern int contain_mark(__u32 slot, __u32 running);

#endif
