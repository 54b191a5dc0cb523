/* SPDX-License-Identifier: GPL-2.0 */
/* network.h - what rules of networks say of an address. */
#ifndef EMBARGO_NETWORK_H
#define EMBARGO_NETWORK_H

#include "abi.h"
#include "maps.h"

/* What these answer when a new policy came in the middle. */
#define SWITCHED (~0ull)

/* The generation, if it still is the one that the decision began with; see match_step() in match.bpf.c. */
static __always_inline void *generation_again(__u64 began_with)
{
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	return (__u64)entries == began_with ? entries : NULL;
}

/**
 * network_lookup() - the longest prefix with rules that covers an address
 * @generation: address of the map that the match began with
 * @a, @b, @rest: destination.h
 *
 * Return: list << 32 | count; 0: none; SWITCHED.
 */
extern __u64 network_lookup(__u64 generation, __u64 a, __u64 b, __u64 rest);

/**
 * condition_first() - the best line that covers port and protocol
 * @network: of network_lookup()
 * @allow:   1: of the allow entries; 0: of the rules
 *
 * Return: its number, with bit 32 set for an allow entry; 0: none; SWITCHED.
 */
extern __u64 condition_first(__u64 generation, __u64 network, __u64 rest, __u32 allow);

#endif
