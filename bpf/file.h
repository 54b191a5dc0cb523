/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file.h - which file: its path, component by component, and its identity. The walk goes from the leaf
 * across mounts to the root of the mount namespace, as the kernel's own prepend_path() does
 * (fs/d_path.c, v6.12), without the locks: a rename at the same moment can give a path of which
 * some components are old and some new.
 */
#ifndef EMBARGO_FILE_H
#define EMBARGO_FILE_H

#include "maps.h"
#include "subject.h"
#include <bpf/bpf_core_read.h>

#define container_of_mount(vfsmount)                                                               \
	((struct mount *)((char *)(vfsmount) - bpf_core_field_offset(struct mount, mnt)))

/* Components and mounts passed on the way up. Deeper: the walk failed, the attempt is undecided. */
#define WALK_STEPS_MAX 256

/* Defined in hash.bpf.c; global, so that the verifier looks at it once and not once a component. */
extern __u64 hash_name(__u64 address, __u32 bytes);

static __always_inline void walk_add(struct walk *walk, struct dentry *dentry)
{
	__u32 slot = walk->depth & (PATH_COMPONENTS_MAX - 1);
	struct qstr name = {};
	__u64 hash;

	bpf_core_read(&name, sizeof(name), &dentry->d_name);
	hash = hash_name((__u64)name.name, name.len);
	if (!hash)
		walk->failed = 1;
	walk->hash[slot] = hash;
	walk->address[slot] = (__u64)name.name;
	walk->bytes[slot] = name.len;
	if (walk->depth == 0) {
		walk->leaf_hash = hash;
		walk->leaf_address = (__u64)name.name;
		walk->leaf_bytes = name.len & 255;
	}
	walk->depth++;
}

/* Where a walk stands; in one struct so that one step fits in a function. */
struct walk_position {
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct path root;	/* of the process */
	bool root_seen;
};

/* One step towards the root. Returns false at its end. */
static __always_inline bool walk_step(struct walk *walk, struct walk_position *at)
{
	struct dentry *parent = BPF_CORE_READ(at->dentry, d_parent);
	struct dentry *mnt_root = BPF_CORE_READ(at->mnt, mnt_root);

	if (at->dentry == at->root.dentry && at->mnt == at->root.mnt) {
		walk->root_depth = walk->depth;
		at->root_seen = true;
	}
	if (at->dentry == mnt_root) {
		struct mount *mount = container_of_mount(at->mnt);
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount)
			return false;
		at->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		at->mnt = (struct vfsmount *)((char *)above + bpf_core_field_offset(struct mount, mnt));
		return true;
	}
	walk_add(walk, at->dentry);
	if (at->dentry == parent) {	/* a memfd, or a tree that is mounted nowhere */
		walk->detached = 1;
		return false;
	}
	at->dentry = parent;
	return true;
}

/**
 * file_walk() - read the components of a file's path
 * @file: kernel address
 * @walk: scratch
 */
static __always_inline void file_walk(struct file *file, struct walk *walk)
{
	struct walk_position at = {};

	walk->depth = 0;
	walk->root_depth = 0;
	walk->detached = 0;
	walk->failed = 0;
	at.dentry = BPF_CORE_READ(file, f_path.dentry);
	at.mnt = BPF_CORE_READ(file, f_path.mnt);
	at.root.dentry = BPF_CORE_READ(current_task(), fs, root.dentry);
	at.root.mnt = BPF_CORE_READ(current_task(), fs, root.mnt);
#pragma clang loop unroll(disable)
	for (int step = 0; step < WALK_STEPS_MAX; step++) {
		if (!walk_step(walk, &at)) {
			if (!at.root_seen)
				walk->root_depth = walk->depth;
			return;
		}
	}
	walk->root_depth = walk->depth;
	walk->failed = 1;
}

static __always_inline void file_identity(struct file *file, struct event_file *out)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	out->inode = BPF_CORE_READ(inode, i_ino);
	out->size = BPF_CORE_READ(inode, i_size);
	out->device = BPF_CORE_READ(inode, i_sb, s_dev);
	out->generation = BPF_CORE_READ(inode, i_generation);
	out->mode = BPF_CORE_READ(inode, i_mode);
	out->owner = BPF_CORE_READ(inode, i_uid.val);
}

/*
 * Write the path behind the event, from the process's root down. Components that were not kept (too
 * deep) or do not fit are missing at the leaf's side; then the flag says so.
 */
static __always_inline void path_write(struct event *event, char *path, const struct walk *walk)
{
	__u32 left = walk->root_depth;

	event->path_flags = walk->failed ? EVENT_PATH_UNREADABLE : 0;
	event->path_bytes = 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PATH_COMPONENTS_MAX; i++) {
		__u32 slot = (left - 1 - i) & (PATH_COMPONENTS_MAX - 1);
		__u32 at = event->path_bytes, bytes;

		if (i >= left)
			break;
		bytes = walk->bytes[slot];
		if (at + 1 + bytes > EVENT_PATH_MAX) {
			event->path_flags |= EVENT_PATH_TRUNCATED;
			break;
		}
		path[at & (EVENT_PATH_MAX - 1)] = '/';
		bpf_probe_read_kernel(&path[(at + 1) & (EVENT_PATH_MAX - 1)], bytes & 255,
				      (void *)walk->address[slot]);
		event->path_bytes = at + 1 + bytes;
	}
	if (left > PATH_COMPONENTS_MAX)
		event->path_flags |= EVENT_PATH_TRUNCATED;
}

#endif
