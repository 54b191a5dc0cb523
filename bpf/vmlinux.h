/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * vmlinux.h - the kernel types that the programs read, with only the members they read. CO-RE finds
 * the real offsets on the running kernel, so nothing here depends on the builder's kernel, and a
 * member that a kernel lacks shows up as a relocation error of the one program that needs it.
 * User-visible types (map types, struct bpf_sock_addr) come from the kernel's own UAPI headers.
 * Source: include/linux/{sched,fs,dcache,mount,binfmts,cred,cgroup-defs,kernfs,module,net,tcp}.h, include/net/sock.h,
 * fs/mount.h, fs/btrfs, net/mptcp/protocol.h, v5.10 to v7.2.
 */
#ifndef EMBARGO_VMLINUX_H
#define EMBARGO_VMLINUX_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct inode {
	__u16 i_mode;
	kuid_t i_uid;
	unsigned int i_nlink;
	struct super_block *i_sb;
	unsigned long i_ino;
	__s64 i_size;
	__u32 i_generation;
	atomic64_t i_version;
	atomic_t i_writecount;
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
};

/* Before v6.11 (3aa63a569c64): the time as one member, from v6.6 to v6.10 under another name (13bc24457850). */
struct inode___before_6_11 {
	struct timespec64 __i_ctime;
};

struct inode___before_6_6 {
	struct timespec64 i_ctime;
};

/* Of the module btrfs: which subvolume an inode is of. */
struct btrfs_key {
	__u64 objectid;
} __attribute__((packed));

struct btrfs_root {
	struct btrfs_key root_key;
};

struct btrfs_inode {
	struct btrfs_root *root;
	struct inode vfs_inode;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
};

struct vm_area_struct {
	unsigned long vm_flags;
	struct file *vm_file;
};

struct module {
	char name[56];
};

struct fs_struct {
	struct path root;
};

struct files_struct;
struct task_struct;

struct mm_struct {
	struct file *exe_file;
	struct task_struct *owner;	/* only with CONFIG_MEMCG */
};

struct list_head {
	struct list_head *next, *prev;
};

struct signal_struct {
	atomic_t live;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t euid;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
};

struct kernfs_node {
	__u64 id;
	struct kernfs_node *__parent;
	const char *name;
};

/* Before v6.15 ("kernfs: Use RCU to access kernfs_node::parent."): the same under another name. */
struct kernfs_node___before_6_15 {
	struct kernfs_node *parent;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[];
};

/* Before v6.1 (7f203bc89eb6): the ancestors' ids, not the ancestors. */
struct cgroup___before_6_1 {
	int level;
	__u64 ancestor_ids[];
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	__u64 start_boottime;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	const struct cred *cred;
	struct css_set *cgroups;
	unsigned int personality;
	unsigned int flags;
	struct list_head children;
	struct list_head sibling;
	struct signal_struct *signal;
	char comm[16];
};

/* Workers of io_uring are threads of who asked: from v5.12 (3bfe6106693b), from v5.17 (e32cf5dfbe22) under the other name. */
struct task_struct___io_worker {
	void *pf_io_worker;
	void *worker_private;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net {
	struct ns_common ns;
};

struct in6_addr {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;		/* network order, as the next and the ports */
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;			/* own port, host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

/* Before v5.15 (8520e224f547): the pointer as a number, with flags in its lowest bits. */
struct sock_cgroup_data___before_5_15 {
	__u64 val;
};

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u16 sk_protocol;
	__u16 sk_type;
	int sk_err;
	struct sock_cgroup_data sk_cgrp_data;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct tcp_sock {
	__u64 bytes_received;
	__u64 bytes_acked;
	__u32 snd_una;
	__u32 write_seq;
};

/* With counters since v6.5 (38967f424b5b). */
struct mptcp_sock {
	__u64 bytes_received;
	__u64 bytes_sent;
};

struct msghdr;

/* What a perf tracepoint is given; include/trace/events/sched.h. */
struct trace_event_raw_sched_process_fork {
	int child_pid;
};

struct seq_file;

struct bpf_iter_meta;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct linux_binprm {
	struct file *file;
	char buf[256];
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
};
struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			__u64 regs[31];
		};
	};
};
#endif

#pragma clang attribute pop

#endif
