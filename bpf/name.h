/* SPDX-License-Identifier: GPL-2.0 */
/* name.h - names that are no paths, kernel modules' and interpreters', through the nodes that paths are matched through. */
#ifndef EMBARGO_NAME_H
#define EMBARGO_NAME_H

#include "maps.h"

/**
 * module_name_ask() - fill in what the name in event.module says
 * @slot: index of a claimed slot whose .generation is set; .known.name_deny and .name_allow are filled in; its match and its path
 *        are overwritten
 *
 * Return: enum match_answer.
 */
extern int module_name_ask(__u32 slot);

/**
 * interpreter_ask() - is the program that the current task runs an interpreter for rules with RULE_STRICT?
 * @slot: as above; nothing is filled in
 *
 * By the name of its file, so that it is known in a container, too. Return: 1, 0, or -1 when that could not be found out.
 */
extern int interpreter_ask(__u32 slot);

#endif
