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

static __always_inline struct scratch *scratch_claim(void)
{
	__u32 first = bpf_get_smp_processor_id() * SCRATCH_PER_CPU;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < SCRATCH_PER_CPU; i++) {
		__u32 index = first + i;
		struct scratch *slot = bpf_map_lookup_elem(&scratch, &index);

		if (slot && claim(&slot->owners)) {
			slot->index = index;
			slot->recalled = 0;
			slot->cookie = 0;
			slot->task = bpf_get_current_task();
			return slot;
		}
	}
	return NULL;
}

/* The slot again, in a function that was given its index: pointers do not cross the verifier's border. */
static __always_inline struct scratch *scratch_get(__u32 index)
{
	return bpf_map_lookup_elem(&scratch, &index);
}

static __always_inline void scratch_release(struct scratch *slot)
{
	release(&slot->owners);
}

#endif
