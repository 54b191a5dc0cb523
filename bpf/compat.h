/* SPDX-License-Identifier: GPL-2.0 */
/* compat.h - every difference between kernels, one function each, and when it may go. */
#ifndef EMBARGO_COMPAT_H
#define EMBARGO_COMPAT_H

#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * Id of a cgroup's ancestor at a level of the cgroup v2 tree; 0 when the cgroup is above it. By reading
 * and not by bpf_get_current_ancestor_cgroup_id(), which cgroup programs lack on some kernels.
 * The old branch may go with support for kernels before 6.1.
 */
static __always_inline __u64 cgroup_ancestor_id(struct cgroup *cgroup, __u32 level)
{
	struct cgroup___before_6_1 *old = (void *)cgroup;
	struct cgroup *ancestor = NULL;
	__u64 id = 0;

	if (BPF_CORE_READ(cgroup, level) < (int)level)
		return 0;
	if (bpf_core_field_exists(old->ancestor_ids)) {
		__u64 base = (__u64)cgroup + bpf_core_field_offset(old->ancestor_ids);

		bpf_probe_read_kernel(&id, sizeof(id), (void *)(base + level * sizeof(id)));
		return id;
	}
	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)((__u64)cgroup + bpf_core_field_offset(cgroup->ancestors) +
				       level * sizeof(ancestor)));
	return BPF_CORE_READ(ancestor, kn, id);
}

/*
 * Compare-and-swap from 0 to 1. Before 5.12 there is none (load_config.has_atomics); there a plain
 * test and set does for the slots of one processor, because those kernels, as Debian builds them, do
 * not preempt a program. The second half may go with support for kernels before 5.12.
 */
static __always_inline bool claim(__u32 *busy, bool has_atomics)
{
	if (has_atomics)
		return __sync_val_compare_and_swap(busy, 0, 1) == 0;
	if (*(volatile __u32 *)busy)
		return false;
	*(volatile __u32 *)busy = 1;
	return true;
}

/* Move a value on; true for the one that did it. The second half as above. */
static __always_inline bool advance(__u64 *value, __u64 from, __u64 to, bool has_atomics)
{
	if (has_atomics)
		return __sync_val_compare_and_swap(value, from, to) == from;
	if (*(volatile __u64 *)value != from)
		return false;
	*(volatile __u64 *)value = to;
	return true;
}

#endif
