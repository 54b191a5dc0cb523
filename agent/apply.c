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

int generation_entries(const struct kernel_maps *maps)
{
	__u32 index = 0, id;
	int fd;

	if (bpf_map_lookup_elem(maps->generation, &index, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int kernel_apply(struct kernel *kernel, const struct generation *generation, const struct learned_list *learned)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	/*
	 * The old map is held (here or by the caller's descriptor) until the switch has returned: kernels before 6.8 free the map that was
	 * replaced without waiting for the programs that look at it (876673364161, "bpf: Defer the free
	 * of inner map when necessary").
	 */
	_cleanup_fd_ __attribute__((unused)) int old =
		kernel->entries < 0 ? generation_entries(&kernel->maps) : -1;
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
	close_owned_fd(&kernel->entries);
	kernel->entries = entries;
	entries = -1;
	return 0;
}

__u64 kernel_generation(struct kernel *kernel)
{
	struct gen_key key = { .kind = GEN_HEADER };
	union gen_value value = {};

	if (kernel->entries < 0 || bpf_map_lookup_elem(kernel->entries, &key, &value))
		return 0;
	return value.header.generation;
}
