/* SPDX-License-Identifier: MIT */
/* hold.h - what tests/bench/traffic needs beside the agent: programs that do nothing, and a look at what is attached. */
#ifndef EMBARGO_BENCH_HOLD_H
#define EMBARGO_BENCH_HOLD_H

/**
 * hold_empty() - attach one program that does nothing to each hook that embargo uses, and say "attached"
 * @cgroup: its directory
 *
 * Until standard input ends, or a signal comes. Return: exit status.
 */
int hold_empty(const char *cgroup);

/**
 * hold_list() - print every program that the kernel runs for a cgroup, also those attached above it
 * @cgroup: its directory
 *
 * One line each: the hook, the program's name, and how many of its runs were counted, which is 0 while the kernel keeps no statistics.
 * Return: exit status.
 */
int hold_list(const char *cgroup);

#endif
