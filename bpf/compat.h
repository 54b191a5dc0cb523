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

/* The directory above; NULL at the root. The old branch may go with support for kernels before 6.15. */
static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	return bpf_core_field_exists(old->parent) ? BPF_CORE_READ(old, parent) :
						    BPF_CORE_READ(node, __parent);
}

/*
 * An argument of a hook as a number. Some kernels (6.12) take the file of mmap_file() for a pointer that is never NULL and
 * remove a check for it from the program, which then brings the machine down at the first anonymous mapping; later
 * ones (7.3) insist on that check. So both the number and the pointer are checked.
 */
static __always_inline __u64 argument(const unsigned long long *context, __u32 number)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &context[number]);
	return value;
}

#define SHORT_NAME_WORDS 4

/* How a dentry hangs in its tree, as it lies in memory: one cache line. */
struct dentry_link {
	struct dentry *parent;
	struct qstr name;
	struct inode *inode;
	__u64 short_name[SHORT_NAME_WORDS];	/* the name itself, if name.name points there: dentry_short_name() */
};

/*
 * By one read where these follow each other, as on every kernel so far (include/linux/dcache.h, v5.10 to v7.3);
 * which branch it is, is decided when the program is loaded. A read that fails leaves zeroes.
 */
static __always_inline void dentry_read(struct dentry *dentry, struct dentry_link *out)
{
	if (bpf_core_field_offset(dentry->d_name) ==
	    bpf_core_field_offset(dentry->d_parent) + offsetof(struct dentry_link, name)) {
		bpf_core_read(out, sizeof(*out), &dentry->d_parent);
	} else {
		bpf_core_read(&out->parent, sizeof(out->parent), &dentry->d_parent);
		bpf_core_read(&out->name, sizeof(out->name), &dentry->d_name);
	}
}

/* Is what was read behind the inode the name? Most names are short and lie in the dentry. */
static __always_inline bool dentry_short_name(const struct dentry *dentry, const struct dentry_link *link)
{
	return link->name.len <= sizeof(link->short_name) &&
	       (__u64)link->name.name == (__u64)dentry + bpf_core_field_offset(dentry->d_parent) +
						 offsetof(struct dentry_link, short_name);
}

/*
 * When an inode last changed, and its version where the file system keeps one (else always the same). Bit 0 of the
 * version says only that somebody asked for it (include/linux/iversion.h); bit 31 of the nanoseconds, from
 * v6.13 on, that somebody asked for the time (I_CTIME_QUERIED, include/linux/fs.h, 4e40eff0b573). The old branches may
 * go with support for kernels before 6.6 and 6.11.
 */
static __always_inline void inode_change(struct inode *inode, __u64 *out_change_ns, __u64 *out_version)
{
	struct inode___before_6_11 *old = (void *)inode;
	struct inode___before_6_6 *older = (void *)inode;
	__u64 seconds, nanoseconds;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		seconds = BPF_CORE_READ(inode, i_ctime_sec);
		nanoseconds = BPF_CORE_READ(inode, i_ctime_nsec) & 0x7fffffff;
	} else if (bpf_core_field_exists(old->__i_ctime)) {
		seconds = BPF_CORE_READ(old, __i_ctime.tv_sec);
		nanoseconds = BPF_CORE_READ(old, __i_ctime.tv_nsec);
	} else {
		seconds = BPF_CORE_READ(older, i_ctime.tv_sec);
		nanoseconds = BPF_CORE_READ(older, i_ctime.tv_nsec);
	}
	*out_change_ns = seconds * 1000000000 + nanoseconds;
	*out_version = (__u64)BPF_CORE_READ(inode, i_version.counter) >> 1;
}

/* The cgroup that a socket counts for; NULL: none. The old branch may go with support for kernels before 5.15. */
static __always_inline struct cgroup *socket_cgroup(struct sock *sk)
{
	struct sock_cgroup_data___before_5_15 *old;

	old = (void *)((__u64)sk + bpf_core_field_offset(sk->sk_cgrp_data));
	if (bpf_core_field_exists(old->val)) {
		__u64 value = BPF_CORE_READ(old, val);

		return value & 1 ? NULL : (struct cgroup *)(value & ~3ull);	/* bit 0: it is of cgroup v1 */
	}
	return BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
}

/*
 * The number that a socket has for good. Where a program of this kind may ask for it (5.12, which has check_mtu, too) one that
 * has none gets one; before, 0. Which branch it is, is decided when the program is loaded.
 */
static __always_inline __u64 socket_cookie(struct file *file, struct sock *sk)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu)) {
		struct socket *socket = bpf_sock_from_file(file);

		if (socket && socket->sk)
			return bpf_get_socket_cookie(socket->sk);
	}
	return BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
}

#define PF_KTHREAD 0x00200000	/* include/linux/sched.h */

/*
 * On whose behalf a task acts. Before 5.12 (3bfe6106693b) what io_uring does later is done by a kernel thread that
 * has borrowed the memory of who asked; memory knows its owner only where the kernel has CONFIG_MEMCG. Later such a worker is a thread of
 * that process. May go with support for kernels before 5.12.
 */
static __always_inline struct task_struct *acting_task(struct task_struct *task)
{
	struct task_struct___io_worker *later = (void *)task;
	struct task_struct *owner = NULL;

	if (bpf_core_field_exists(later->pf_io_worker) || bpf_core_field_exists(later->worker_private))
		return task;
	if (!(BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return task;
	if (bpf_core_field_exists(((struct mm_struct *)0)->owner))
		owner = BPF_CORE_READ(task, mm, owner);
	return owner ? owner : task;
}

/*
 * A claim is an addition that finds itself alone. Kernels before 5.12 have no atomic instruction that
 * returns a value, and refuse a program that contains one, also where it is never reached; the plain addition
 * works on all. Two that add at the same moment may both go away empty, but never both own.
 */
static __always_inline bool claim(__u32 *owners)
{
	__sync_fetch_and_add(owners, 1);
	if (*(volatile __u32 *)owners == 1)
		return true;
	__sync_fetch_and_add(owners, -1);
	return false;
}

static __always_inline void release(__u32 *owners)
{
	__sync_fetch_and_add(owners, -1);
}

#endif
