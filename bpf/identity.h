/* SPDX-License-Identifier: GPL-2.0 */
/*
 * identity.h - which file it is, whatever it is called: file system, inode and the inode's generation, which differs
 * when the number is used again. Only what is certain counts (FILE_IDENTIFIED): a wrong identity would refuse an
 * innocent file.
 */
#ifndef EMBARGO_IDENTITY_H
#define EMBARGO_IDENTITY_H

#include "compat.h"
#include "maps.h"

#define S_IFMT	 0170000
#define S_IFREG	 0100000

/* include/uapi/linux/magic.h, v6.12 */
enum filesystem_magic {
	OVERLAYFS_SUPER_MAGIC = 0x794c7630,
	BTRFS_SUPER_MAGIC = 0x9123683E,
	FUSE_SUPER_MAGIC = 0x65735546,
	RAMFS_MAGIC = 0x858458f6,
	TMPFS_MAGIC = 0x01021994,
	EXT4_SUPER_MAGIC = 0xEF53,
	XFS_SUPER_MAGIC = 0x58465342,
};

static __always_inline bool same_regular_file(struct inode *candidate, struct inode *inode)
{
	return candidate && candidate != inode &&
	       (BPF_CORE_READ(candidate, i_mode) & S_IFMT) == S_IFREG &&
	       BPF_CORE_READ(candidate, i_size) == BPF_CORE_READ(inode, i_size);
}

/*
 * The file below an overlay: in the upper directory, or in the topmost lower one that has it; 0 if it cannot be
 * found. overlayfs is a module, often loaded after us, so that its types are not known when our programs are
 * loaded. But the upper dentry always follows the embedded inode, and then comes one of three ways to the lower
 * one (fs/overlayfs/ovl_entry.h: v5.10 an inode, v5.19 a path in place, v6.5 a pointer to a stack of paths). Each is
 * tried and believed only if it leads to a regular file of the same size.
 */
static __always_inline struct inode *overlay_below(struct inode *inode)
{
	__u64 after[3] = {}, entry[3] = {};
	struct inode *candidate;

	if (bpf_probe_read_kernel(after, sizeof(after),
				  (void *)((__u64)inode + bpf_core_type_size(struct inode))))
		return NULL;
	if (after[0]) {
		candidate = BPF_CORE_READ((struct dentry *)after[0], d_inode);
		return same_regular_file(candidate, inode) ? candidate : NULL;
	}
	/* how many, then layer and dentry of the first */
	if (!bpf_probe_read_kernel(entry, sizeof(entry), (void *)after[1]) && (__u32)entry[0] &&
	    (__u32)entry[0] < 1024) {
		candidate = BPF_CORE_READ((struct dentry *)entry[2], d_inode);
		if (same_regular_file(candidate, inode))
			return candidate;
	}
	candidate = BPF_CORE_READ((struct dentry *)after[2], d_inode);
	if (same_regular_file(candidate, inode))
		return candidate;
	candidate = (struct inode *)after[1];
	return same_regular_file(candidate, inode) ? candidate : NULL;
}

/*
 * The number of the subvolume: inode numbers of btrfs are unique in it only. 0 if that is not to be known, because
 * the module came after our programs or the kernel has no types of modules (before 5.11).
 */
static __always_inline __u64 btrfs_subvolume(struct inode *inode)
{
	struct btrfs_inode *whole = NULL;

	if (!bpf_core_type_exists(struct btrfs_inode))
		return 0;
	whole = (struct btrfs_inode *)((__u64)inode - bpf_core_field_offset(whole->vfs_inode));
	return BPF_CORE_READ(whole, root, root_key.objectid);
}

/*
 * Without a generation a number is another file's later, also on read-only images, which change the loop device. But ext4 and
 * xfs give a random one to each new file, and 0 is what a tool that made the file system left (mke2fs -d); and on ramfs
 * numbers only go up. Source: __ext4_new_inode(), xfs_inode_init(), get_next_ino(), v6.12.
 */
static __always_inline bool zero_is_a_generation(unsigned long magic)
{
	return magic == EXT4_SUPER_MAGIC || magic == XFS_SUPER_MAGIC || magic == RAMFS_MAGIC;
}

/* Is this directory the root of the host, as the agent saw it when the programs were loaded? */
static __always_inline bool is_home(struct inode *root)
{
	if (BPF_CORE_READ(root, i_ino) != load_config.home_inode ||
	    BPF_CORE_READ(root, i_sb, s_dev) != load_config.home_device)
		return false;
	/* every subvolume's root has the same number; which one it is may not be to be known, then it is not at home */
	return BPF_CORE_READ(root, i_sb, s_magic) != BTRFS_SUPER_MAGIC ||
	       (load_config.home_subvolume && btrfs_subvolume(root) == load_config.home_subvolume);
}

/**
 * identity_of_inode() - which file an inode is
 * @out: inode, size, generation, device and flags are written; the rest by identity_describe(), where it is asked for
 *
 * Return: the inode that it is about: @inode, or the one below an overlay.
 */
static __always_inline struct inode *identity_of_inode(struct inode *inode, struct event_file *out)
{
	struct super_block *super = BPF_CORE_READ(inode, i_sb);
	unsigned long magic = BPF_CORE_READ(super, s_magic);
	bool identified = true;
	__u64 subvolume = 0;

	if (magic == OVERLAYFS_SUPER_MAGIC) {
		struct inode *below = overlay_below(inode);

		identified = below != NULL;
		if (below) {
			inode = below;
			super = BPF_CORE_READ(inode, i_sb);
			magic = BPF_CORE_READ(super, s_magic);
		}
	}
	if (magic == BTRFS_SUPER_MAGIC) {
		subvolume = btrfs_subvolume(inode);
		identified = identified && subvolume;
	}
	out->inode = BPF_CORE_READ(inode, i_ino);
	out->size = BPF_CORE_READ(inode, i_size);
	out->device = BPF_CORE_READ(super, s_dev);
	out->generation = BPF_CORE_READ(inode, i_generation);
	if (magic == FUSE_SUPER_MAGIC || magic == OVERLAYFS_SUPER_MAGIC ||
	    (!out->generation && !zero_is_a_generation(magic)))
		identified = false;
	out->generation |= subvolume << 32;
	out->flags = identified && out->inode ? FILE_IDENTIFIED : 0;
	return inode;
}

/** identity_describe() - what of a file only an event tells; @inode: of identity_of_inode() */
static __always_inline void identity_describe(struct inode *inode, struct event_file *out)
{
	__u32 links = BPF_CORE_READ(inode, i_nlink);

	out->mode = BPF_CORE_READ(inode, i_mode);
	out->owner = BPF_CORE_READ(inode, i_uid.val);
	out->links = links < 65535 ? links : 65535;
}

/* The key of a file's facts; @file is identified. */
static __always_inline void learned_file_key(const struct event_file *file, struct learned_key *out)
{
	out->kind = LEARNED_FILE;
	out->part = 0;
	out->node = file->device;
	out->a = file->inode;
	out->b = file->generation;
}

#endif
