/* SPDX-License-Identifier: MIT */
/*
 * apply.c - a compiled generation into the kernel: a new map is filled and frozen beside the live one and
 * then takes its place in one step.
 */
#include "kernel_internal.h"

#include "../policy/generation.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

int kernel_apply(struct kernel *kernel, const struct generation *generation)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	_cleanup_fd_ int entries = -1;
	__u32 count = generation->entry_count, index = 0;

	entries = bpf_map_create(BPF_MAP_TYPE_HASH, "embargo_gen", sizeof(struct gen_key),
				 sizeof(union gen_value), count, &options);
	if (entries < 0)
		return -errno;
	if (bpf_map_update_batch(entries, generation->keys, generation->values, &count, NULL))
		return -errno;
	if (count != generation->entry_count)
		return -EIO;
	if (bpf_map_freeze(entries))
		return -errno;
	/* The kernel returns when no program uses the old map: maybe_wait_bpf_programs(), kernel/bpf/syscall.c. */
	if (bpf_map_update_elem(kernel->maps.generation, &index, &entries, BPF_ANY))
		return -errno;
	return 0;
}

__u64 kernel_generation(struct kernel *kernel)
{
	struct gen_key key = { .kind = GEN_HEADER };
	union gen_value value = {};
	_cleanup_fd_ int entries = -1;
	__u32 index = 0, id;

	if (bpf_map_lookup_elem(kernel->maps.generation, &index, &id))
		return 0;
	entries = bpf_map_get_fd_by_id(id);
	if (entries < 0 || bpf_map_lookup_elem(entries, &key, &value))
		return 0;
	return value.header.generation;
}
