/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - one path pattern against one path, without a compiled generation. For looking at rules one by
 * one; what decides an attempt is match.h.
 */
#ifndef EMBARGO_PATTERN_H
#define EMBARGO_PATTERN_H

#include <stdbool.h>

/**
 * pattern_fits() - does a pattern match a path?
 * @pattern: borrowed; accepted by path_pattern_check()
 * @path:    borrowed; begins with '/', without "." "..", "//" and a '/' at the end
 *
 * As bpf/abi.h says it for one pattern; without the twins of hosts with a merged /usr.
 */
bool pattern_fits(const char *pattern, const char *path);

#endif
