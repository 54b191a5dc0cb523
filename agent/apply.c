/* SPDX-License-Identifier: MIT */
/*
 * apply.c - a compiled generation into the kernel: a new map is filled and frozen beside the live one, with the facts that
 * are known of files, and then takes its place in one step.
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

int generation_header(int entries, struct gen_header *out)
{
	struct gen_key key = { .kind = GEN_HEADER };
	union gen_value value = {};

	if (bpf_map_lookup_elem(entries, &key, &value))
		return -errno;
	*out = value.header;
	return 0;
}

/* The entries of a generation in a frozen map of their own. Return: its descriptor or a negative errno. */
static int entries_make(const struct generation *generation)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_RDONLY_PROG);
	__u32 count = generation->entry_count;
	int entries = bpf_map_create(BPF_MAP_TYPE_HASH, "embargo_gen", sizeof(struct gen_key),
				     sizeof(union gen_value), count, &options);
	int err = 0;

	if (entries < 0)
		return -errno;
	if (bpf_map_update_batch(entries, generation->keys, generation->values, &count, NULL))
		err = -errno;
	else if (count != generation->entry_count)
		err = -EIO;
	else if (bpf_map_freeze(entries))
		err = -errno;
	if (!err)
		return entries;
	close(entries);
	return err;
}

int generation_install(struct kernel *kernel, const struct generation *generation, const struct learned_list *learned)
{
	/*
	 * The old map is held (here or by the kernel's descriptor) until the switch has returned, and then until the next one: kernels
	 * before 6.8 free the map that was replaced without waiting for the programs that look at it (876673364161, "bpf: Defer
	 * the free of inner map when necessary"), and never wait for those that may sleep.
	 */
	_cleanup_fd_ int old = kernel->entries < 0 ? generation_entries(&kernel->maps) : -1;
	_cleanup_fd_ int entries = entries_make(generation), facts = -1;
	struct gen_header before = {};
	__u32 index = 0;

	if (entries < 0)
		return entries;
	(void)generation_header(old >= 0 ? old : kernel->entries, &before);	/* there may be none */
	if (before.generation)
		learned_forget(&kernel->maps, before.generation);	/* of one that came to nothing */
	facts = learned_install(kernel, generation, before.generation, learned);
	if (facts < 0)
		return facts;
	/* The kernel returns when no program uses the old map: maybe_wait_bpf_programs(), kernel/bpf/syscall.c. */
	if (bpf_map_update_elem(kernel->maps.generation, &index, &entries, BPF_ANY)) {
		int err = -errno;

		learned_forget(&kernel->maps, before.generation);
		return err;
	}
	close_owned_fd(&kernel->retired_entries);
	kernel->retired_entries = old >= 0 ? old : kernel->entries;
	old = -1;
	kernel->entries = entries;
	entries = -1;
	close_owned_fd(&kernel->retired_facts);
	kernel->retired_facts = kernel->facts;
	kernel->facts = facts;
	facts = -1;
	filter_choose(kernel, generation->number);
	learned_forget(&kernel->maps, generation->number);
	return 0;
}

int kernel_apply(struct kernel *kernel, const struct generation *generation, const struct learned_list *learned)
{
	__u32 flags = generation_flags(generation);
	struct gen_header now = { .flags = flags };
	int err = contained_ready(kernel, flags);

	parts_await(kernel, flags);
	err = err ?: needed_attach(kernel, flags);	/* before: there is no moment without */
	err = err ?: generation_install(kernel, generation, learned);
	if (err) {	/* the one before goes on; where it cannot be read, nothing is taken from it */
		now.flags = ~0u;
		(void)generation_header(kernel->entries, &now);
	}
	unneeded_detach(kernel, now.flags);
	descriptors_refresh(kernel);
	contained_done(kernel, now.flags);
	return err;
}

__u64 kernel_generation(struct kernel *kernel)
{
	struct gen_key key = { .kind = GEN_HEADER };
	union gen_value value = {};

	if (kernel->entries < 0 || bpf_map_lookup_elem(kernel->entries, &key, &value))
		return 0;
	return value.header.generation;
}
