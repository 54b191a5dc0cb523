/* SPDX-License-Identifier: MIT */
/*
 * interpreters.h - which programs count as interpreters: what they open may be what runs. Rules of lines with
 * "scripts: strict" are asked when one of these opens a file.
 */
#ifndef EMBARGO_INTERPRETERS_H
#define EMBARGO_INTERPRETERS_H

#include <stddef.h>

/**
 * interpreter_pattern() - names of programs: the last component of the path of what a process runs
 * @index: from 0
 *
 * Return: a name, where '*' is any text; NULL behind the last.
 */
const char *interpreter_pattern(size_t index);

#endif
