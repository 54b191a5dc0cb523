/* SPDX-License-Identifier: MIT */
/*
 * automaton.h - byte automata for components with '*'. One automaton answers for all wildcard patterns
 * of one path node at once; all automata of a generation number their states together, from 1.
 */
#ifndef EMBARGO_AUTOMATON_H
#define EMBARGO_AUTOMATON_H

#include "../bpf/abi.h"
#include <stddef.h>

struct automaton_pattern {
	const char *text;	/* borrowed; '*' stands for any bytes, everything else for itself */
	size_t bytes;		/* at most PATH_NAME_MAX */
};

struct automaton_state {
	__u16 next[256];	/* 0: no match */
	__u32 accept_start;	/* patterns that match if the name ends here: in automata.accepts */
	__u32 accept_count;
};

struct automata {
	struct automaton_state *states;	/* owned; states[0] is unused */
	size_t count, capacity;		/* states are 1 to count - 1 */
	__u32 *accepts;			/* owned; indexes of patterns, ascending in each state */
	size_t accepts_count, accepts_capacity;
	__u64 work;			/* steps spent so far; bounded */
};

/**
 * automata_add() - determinise a set of patterns
 * @automata:  borrowed
 * @patterns:  borrowed
 * @count:     how many; at least one
 * @out_start: the state to start in; untouched on failure
 *
 * Return: 0; -ENOMEM; -E2BIG (more than GLOB_STATES_MAX states, or an unreasonable amount of work).
 */
int automata_add(struct automata *automata, const struct automaton_pattern *patterns, size_t count,
		 __u16 *out_start);

/**
 * automata_run() - the state after these bytes
 * @automata: borrowed
 * @state:    to start in
 * @name:     borrowed; need not end with a zero
 * @bytes:    its length
 *
 * Return: the state, 0 when nothing can match any more.
 */
__u16 automata_run(const struct automata *automata, __u16 state, const char *name, size_t bytes);

/** automata_done() - free what it owns; accepts an empty one */
void automata_done(struct automata *automata);

#endif
