/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scratch.h - working memory of one decision. A slot belongs to one attempt from claim to release.
 * Never plain per-CPU memory: on a preemptible kernel one task can be stopped in the middle of a program
 * and another run the same program on the same processor. A task does not leave its processor
 * while it is in a program, so the slots of a processor are contended by preemption only.
 */
#ifndef EMBARGO_SCRATCH_H
#define EMBARGO_SCRATCH_H

#include "compat.h"
#include "maps.h"

/** scratch_take() - of scratch_claim(). Return: index of a slot + 1; 0: none is free. */
extern __u32 scratch_take(void);

/* The slot again, in a function that was given its index: pointers do not cross the verifier's border. */
static __always_inline struct scratch *scratch_get(__u32 index)
{
	return bpf_map_lookup_elem(&scratch, &index);
}

/* NULL: none is free. */
static __always_inline struct scratch *scratch_claim(void)
{
	__u32 taken = scratch_take();

	return taken ? scratch_get(taken - 1) : NULL;
}

static __always_inline void scratch_release(struct scratch *slot)
{
	release(&slot->owners);
}

#endif
