// SPDX-License-Identifier: GPL-2.0
/* scratch.bpf.c - see scratch.h. */
#include "scratch.h"

/* Returns 1 when the slot is ours. */
__noinline int scratch_try(__u32 index)
{
	struct scratch *slot = scratch_get(index);

	if (!slot || !claim(&slot->owners))
		return 0;
	slot->index = index;
	slot->recalled = 0;
	slot->cookie = 0;
	slot->task = bpf_get_current_task();
	return 1;
}

__noinline __u32 scratch_take(void)
{
	__u32 first = bpf_get_smp_processor_id() * SCRATCH_PER_CPU;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < SCRATCH_PER_CPU; i++)
		if (scratch_try(first + i))
			return first + i + 1;
	return 0;
}
