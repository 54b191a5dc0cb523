/* SPDX-License-Identifier: GPL-2.0 */
/* subject.h - who acts: the bound of --within, and what an event says about the task. */
#ifndef EMBARGO_SUBJECT_H
#define EMBARGO_SUBJECT_H

#include "compat.h"
#include "maps.h"

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* The hard bound: outside the cgroup of --within nothing is decided. A failed read is outside. */
static __always_inline bool cgroup_is_within(struct cgroup *cgroup)
{
	return !load_config.within || cgroup_ancestor_id(cgroup, load_config.within_level) == load_config.within;
}

static __always_inline bool task_is_within(struct task_struct *task)
{
	return !load_config.within || cgroup_is_within(BPF_CORE_READ(task, cgroups, dfl_cgrp));
}

static __always_inline bool is_within(void)
{
	return task_is_within(current_task());
}

/* Who acts in an attempt. Not to be written inside BPF_CORE_READ(), which would look for our own struct in the kernel. */
static __always_inline struct task_struct *slot_task(const struct scratch *slot)
{
	return (struct task_struct *)slot->task;
}

static __always_inline __u64 task_cgroup(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline __u32 task_uid(struct task_struct *task)
{
	return BPF_CORE_READ(task, cred, uid.val);
}

static __always_inline void subject_fill(struct task_struct *task, struct event_subject *out)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	out->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	out->cgroup = task_cgroup(task);
	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->parent_pid = BPF_CORE_READ(parent, tgid);
	out->uid = task_uid(task);
	out->gid = BPF_CORE_READ(task, cred, gid.val);
	out->effective_uid = BPF_CORE_READ(task, cred, euid.val);
	out->pid_namespace = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
	out->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	BPF_CORE_READ_INTO(&out->name, task, comm);
	BPF_CORE_READ_INTO(&out->parent_name, parent, comm);
}

#endif
