// SPDX-License-Identifier: GPL-2.0
/* match.bpf.c - see match.h; the steps themselves are in decide.h. */
#include "match.h"
#include "scratch.h"

/*
 * One step of a match, as a function of scalars for the verifier's sake. It has to look the generation up
 * again, and finds out whether it is still the one that the match began with: its memory is not
 * used again while a program that saw it runs.
 */
__noinline int match_step(__u32 index, __u32 walk)
{
	struct scratch *slot = scratch_get(index);
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!slot || !entries || (__u64)entries != slot->generation)
		return MATCH_SWITCHED;
	return path_match_step(entries, walk == MATCH_SECOND ? &slot->second : &slot->walk, &slot->match) ?
		       MATCH_GOES_ON : MATCH_DONE;
}

/* The verifier follows each turn of a loop: sixteen of 32 instead of 512. */
__noinline int match_steps(__u32 index, __u32 walk)
{
	int answer = MATCH_GOES_ON;

#pragma clang loop unroll(disable)
	for (int step = 0; step < MATCH_STEPS_MAX / 16 && answer == MATCH_GOES_ON; step++)
		answer = match_step(index, walk);
	return answer;
}

__noinline int match_run(__u32 index, __u32 walk)
{
	int answer = MATCH_GOES_ON;

#pragma clang loop unroll(disable)
	for (int part = 0; part < 16 && answer == MATCH_GOES_ON; part++)
		answer = match_steps(index, walk);
	return answer;
}
