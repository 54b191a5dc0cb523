/* SPDX-License-Identifier: MIT */
/* variants.h - what is attached while something is measured. */
#ifndef EMBARGO_BENCH_VARIANTS_H
#define EMBARGO_BENCH_VARIANTS_H

#include "operations.h"

#include <linux/bpf.h>

struct generation;

enum variant {
	VARIANT_NOTHING,
	VARIANT_EMPTY, /* programs that do nothing, one on each of the same hooks */
	VARIANT_AUDIT, /* embargo, --audit-only */
	VARIANT_ENFORCE,
	VARIANT_MAX,
};

struct attached;

/**
 * variant_attach() - only to the bench's cgroup; the exec tracepoint has no cgroup, and decides within it only
 * @site:       borrowed
 * @generation: of the last two variants; borrowed
 * @out:        owned by the caller
 *
 * Return: 0, -errno.
 */
int variant_attach(const struct site *site, enum variant variant,
		   const struct generation *generation, struct attached **out);

/** variant_detach() - nothing is left. Accepts NULL. */
void variant_detach(struct attached *attached);

/** variant_load_empty() - a program that returns @answer. Return: its descriptor, to be closed; -errno */
int variant_load_empty(enum bpf_prog_type type, enum bpf_attach_type attach, int answer);

/** variant_kernel() - the handle of kernel.h; NULL for the first two variants */
struct kernel *variant_kernel(struct attached *attached);

/**
 * variant_program_run() - what the kernel counted for the programs of a hook since they were loaded
 * @hook: enum hook
 * @out_ns, @out_count: filled
 *
 * Return: 0, -errno. Counts only while run time statistics are on.
 */
int variant_program_run(struct attached *attached, int hook, double *out_ns, double *out_count);

/**
 * variant_named_run() - the same for one program of embargo
 * @attached: of the last two variants
 * @name: of its row in agent/hooks.c
 *
 * Return: 0; -ENOENT (it is not attached); -errno.
 */
int variant_named_run(struct attached *attached, const char *name, double *out_ns, double *out_count);

#endif
