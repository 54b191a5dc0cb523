// SPDX-License-Identifier: GPL-2.0
/*
 * file.bpf.c - see file.h. The walk goes from the leaf across mounts to the root of the mount namespace, as
 * the kernel's own prepend_path() does (fs/d_path.c, v6.12), but without its locks: a rename at the
 * same moment can give a path of which some components are old and some new.
 */
#include "file.h"
#include "compat.h"
#include "identity.h"
#include "maps.h"
#include "scratch.h"
#include "subject.h"
#include "walk.h"

#define CHUNK_WORDS 8
#define CHUNK_BYTES (CHUNK_WORDS * 8)

__noinline __u64 hash_name(__u64 address, __u32 bytes)
{
	__u64 hash = HASH_START ^ bytes;

	if (bytes == 0 || bytes > PATH_NAME_MAX)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < PATH_NAME_MAX + 1; at += CHUNK_BYTES) {
		__u64 words[CHUNK_WORDS] = {};
		__u32 rest = bytes - at;

		if (at >= bytes)
			break;
		if (rest > CHUNK_BYTES)
			rest = CHUNK_BYTES;
		/* 5.10 does not learn from rest != 0 that the size is positive */
		rest = ((rest - 1) & (CHUNK_BYTES - 1)) + 1;
		if (bpf_probe_read_kernel(words, rest, (void *)(address + at)))
			return 0;
#pragma clang loop unroll(full)
		for (__u32 i = 0; i < CHUNK_WORDS; i++)
			if (i * 8 < rest)
				hash = hash_word(hash, words[i]);
	}
	return hash;
}

/* hash_name() of a name that was read with its dentry. What is behind its end is another, older name's. */
static __always_inline __u64 hash_short_name(const __u64 *words, __u32 bytes)
{
	__u64 hash = HASH_START ^ bytes;

#pragma clang loop unroll(full)
	for (__u32 at = 0; at < SHORT_NAME_WORDS * 8; at += 8) {
		if (at + 8 <= bytes)
			hash = hash_word(hash, words[at / 8]);
		else if (at < bytes)
			hash = hash_word(hash, words[at / 8] & ((1ull << ((bytes & 7) * 8)) - 1));
	}
	return hash;
}

static __always_inline void mount_enter(struct walk_position *here, struct vfsmount *mount)
{
	here->at.mnt = mount;
	here->mount_top = BPF_CORE_READ(mount, mnt_root);
}

/* One step towards the root: a component or a mount point. Returns 0 at the end. */
__noinline int walk_step(__u32 slot)
{
	struct scratch *scratch = scratch_get(slot);
	struct walk_position *here;
	__u64 name;
	__u32 bytes;

	if (!scratch)
		return 0;
	here = &scratch->position;
	if (here->at.dentry == here->root.dentry && here->at.mnt == here->root.mnt) {
		scratch->walk.root_depth = scratch->walk.depth;
		here->root_seen = 1;
	}
	if (here->at.dentry == here->mount_top) {
		__u64 offset = bpf_core_field_offset(struct mount, mnt);
		struct mount *mount = (struct mount *)((__u64)here->at.mnt - offset);
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (!here->first_top) {
			here->first_top = here->at.dentry;
			here->first_depth = scratch->walk.depth;
		}
		if (above == mount)
			return 0;
		here->at.dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		mount_enter(here, (struct vfsmount *)((__u64)above + offset));
		return 1;
	}
	dentry_read(here->at.dentry, &here->link);
	name = (__u64)here->link.name.name;
	bytes = here->link.name.len;
	walk_add_hashed(&scratch->walk, name, bytes,
			bytes && dentry_short_name(here->at.dentry, &here->link) ?
				hash_short_name(here->link.short_name, bytes) : hash_name(name, bytes));
	if (here->at.dentry == here->link.parent) {	/* a memfd, or a tree that is mounted nowhere */
		scratch->walk.detached = 1;
		return 0;
	}
	here->at.dentry = here->link.parent;
	return 1;
}

__noinline int file_walk_begin(__u32 slot, __u64 address)
{
	struct scratch *scratch = scratch_get(slot);
	struct file *file = (struct file *)address;
	struct task_struct *task;
	struct fs_struct *fs;

	if (!scratch)
		return 0;
	task = slot_task(scratch);
	fs = BPF_CORE_READ(task, fs);
	walk_begin(&scratch->walk);
	bpf_core_read(&scratch->position.at, sizeof(struct path), &file->f_path);
	bpf_core_read(&scratch->position.root, sizeof(struct path), &fs->root);
	mount_enter(&scratch->position, scratch->position.at.mnt);
	scratch->position.root_seen = 0;
	scratch->position.first_top = NULL;
	return 0;
}

__noinline int file_walk_steps(__u32 slot)
{
	int more = 1;

#pragma clang loop unroll(disable)
	for (int step = 0; step < WALK_STEPS_MAX / WALK_PARTS && more; step++)
		more = walk_step(slot);
	return more;
}

__noinline int path_at_home(__u32 slot)
{
	struct scratch *scratch = scratch_get(slot);
	struct dentry *top;

	if (!scratch || scratch->walk.failed || scratch->walk.detached ||
	    scratch->walk.root_depth != scratch->walk.depth)
		return 0;
	top = scratch->position.first_top;
	return top && scratch->position.first_depth == scratch->walk.depth && is_home(BPF_CORE_READ(top, d_inode));
}

__noinline int file_identity(__u32 slot, __u64 address)
{
	struct scratch *scratch = scratch_get(slot);
	struct file *file = (struct file *)address;

	if (scratch)
		scratch->inode = (__u64)identity_of_inode(BPF_CORE_READ(file, f_inode), &scratch->event.file);
	return 0;
}

/* One component behind the path; @index: counted from the root. Returns 0 when there is none, or no room for it. */
__noinline int path_add(__u32 index, __u32 component)
{
	struct scratch *scratch = scratch_get(index);
	__u32 slot, at, bytes;

	if (!scratch || component >= scratch->walk.root_depth)
		return 0;
	slot = (scratch->walk.root_depth - 1 - component) & (PATH_COMPONENTS_MAX - 1);
	at = scratch->event.path_bytes;
	bytes = scratch->walk.bytes[slot];
	if (at + 1 + bytes > EVENT_PATH_MAX) {
		scratch->event.path_flags |= EVENT_PATH_TRUNCATED;
		return 0;
	}
	scratch->path[at & (EVENT_PATH_MAX - 1)] = '/';
	bpf_probe_read_kernel(&scratch->path[(at + 1) & (EVENT_PATH_MAX - 1)], bytes & 255,
			      (void *)scratch->walk.address[slot]);
	scratch->event.path_bytes = at + 1 + bytes;
	return 1;
}

/*
 * From the process's root down. Components that were not kept (too deep) or do not fit are missing at
 * the leaf's side; then the flag says so.
 */
__noinline int path_write(__u32 index)
{
	struct scratch *scratch = scratch_get(index);

	if (!scratch)
		return 0;
	scratch->event.path_flags = scratch->walk.failed ? EVENT_PATH_UNREADABLE : 0;
	if (scratch->walk.root_depth > PATH_COMPONENTS_MAX)
		scratch->event.path_flags |= EVENT_PATH_TRUNCATED;
	scratch->event.path_bytes = 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PATH_COMPONENTS_MAX; i++)
		if (!path_add(index, i))
			break;
	return 0;
}
