/* SPDX-License-Identifier: MIT */
/* toggle.h - for tests/bench/traffic: what is attached changes many times a second under a load that runs on. */
#ifndef EMBARGO_BENCH_TOGGLE_H
#define EMBARGO_BENCH_TOGGLE_H

/**
 * toggle() - attach nothing, empty programs and embargo's own by turns, and print what went over loopback meanwhile
 * @pins:    of an agent that was started --within @cgroup and then stopped; nothing else may use them meanwhile
 * @cgroup:  its directory
 * @seconds: in digits, may have a fraction
 * @loads:   directories of cgroups whose threads do the work, NULL at the end: their processor time is read
 *
 * A line for each window: "nothing", "again" (nothing, too), "empty" or "embargo", then the bytes that lo of the own network namespace
 * sent, how long it took and the processor time of the load, both in nanoseconds. Every other line is "nothing", also the first and the
 * last, so that each of the others has it on both sides. In the end embargo's programs are attached and pinned as they were before.
 *
 * Return: exit status; 3 also when the kernel counted how long programs run, or somebody else attached one.
 */
int toggle(const char *pins, const char *cgroup, const char *seconds, char **loads);

#endif
