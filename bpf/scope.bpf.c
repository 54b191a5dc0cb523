// SPDX-License-Identifier: GPL-2.0
/*
 * scope.bpf.c - see scope.h. The cgroup that counts is the task's own in the cgroup v2 hierarchy, by its path
 * from the root of that hierarchy, whatever the task can see of it. It is held by the task, and so are those
 * above it; cgroups of that hierarchy cannot be renamed.
 */
#include "scope.h"
#include "compat.h"
#include "match.h"
#include "scratch.h"
#include "subject.h"
#include "walk.h"

/* One level towards the root. Returns 0 at the end. */
__noinline int cgroup_step(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct kernfs_node *here, *parent;
	const char *name;
	long bytes;

	if (!slot)
		return 0;
	here = slot->cgroup_at;
	parent = kernfs_parent(here);
	if (!parent)		/* the root has no name */
		return 0;
	name = BPF_CORE_READ(here, name);
	bytes = bpf_probe_read_kernel_str(slot->match.name, sizeof(slot->match.name), name);
	walk_add(&slot->second, (__u64)name, bytes > 0 ? (bytes - 1) & 255 : 0);
	slot->cgroup_at = parent;
	return 1;
}

/* A part of the walk; see match_steps(). Returns 0 at the end. */
__noinline int cgroup_steps(__u32 index)
{
	int more = 1;

#pragma clang loop unroll(disable)
	for (int step = 0; step < WALK_STEPS_MAX / 16 && more; step++)
		more = cgroup_step(index);
	return more;
}

/* Deeper than WALK_STEPS_MAX, or unreadable: the walk failed. */
static __always_inline void cgroup_walk(struct scratch *slot)
{
	struct task_struct *task = slot_task(slot);
	int more = 1;

	slot->cgroup_at = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
#pragma clang loop unroll(disable)
	for (int part = 0; part < 16 && more; part++)
		more = cgroup_steps(slot->index);
	if (more)
		slot->second.failed = 1;
	slot->second.root_depth = slot->second.depth;
}

/* Behind the border of a function: of the bits of @covers the verifier would otherwise follow every combination. */
__noinline int scope_answer(__u32 flags, __u32 user, __u32 covers)
{
	struct scope_facts facts = { user, covers };

	return scope_holds(flags, &facts) ? SCOPE_IN : SCOPE_OUT;
}

__noinline int scope_ask(__u32 index)
{
	struct gen_key key = { .kind = GEN_SCOPE };
	struct scratch *slot = scratch_get(index);
	const struct gen_scope *scope;
	struct scope_facts facts;
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!slot || !entries || (__u64)entries != slot->generation)
		return SCOPE_SWITCHED;
	scope = bpf_map_lookup_elem(entries, &key);
	if (!scope)
		return SCOPE_IN;
	scope_facts_init(entries, scope, task_uid(slot_task(slot)), &facts);
	walk_begin(&slot->second);
	if (scope->root[SCOPE_LIST_ONLY] | scope->root[SCOPE_LIST_EXCLUDED] | scope->root[SCOPE_LIST_CONTAINERS])
		cgroup_walk(slot);
#pragma clang loop unroll(full)
	for (__u32 list = 0; list < SCOPE_LIST_MAX; list++) {
		int answer = MATCH_DONE;

		path_match_init(&slot->match, scope->root[list]);
		if (slot->second.failed)
			continue;
		if (scope->root[list])
			answer = match_run(index, MATCH_SECOND);
		if (answer == MATCH_SWITCHED)
			return SCOPE_SWITCHED;
		if (answer == MATCH_DONE)
			scope_learn(&facts, list, slot->match.deny);
	}
	return scope_answer(scope->flags, facts.user, facts.covers);
}
