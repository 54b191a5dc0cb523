/* SPDX-License-Identifier: GPL-2.0 */
/*
 * content.h - what a file's content was when it was last hashed, kept with its inode in memory, for as long as it
 * certainly has not changed. Only LSM programs may look at it.
 */
#ifndef EMBARGO_CONTENT_H
#define EMBARGO_CONTENT_H

#include "compat.h"
#include "identity.h"
#include "maps.h"

struct content {
	__u32 owners;			/* see claim(): whoever finds it taken goes without */
	__u32 writes;			/* times that a mapping was made through which it can be written */
	__u64 change_ns, version, size;	/* of the file that was hashed */
	__u64 overlay_writes;		/* as counted then */
	__u32 known;
	__u8 sha256[SHA256_BYTES];
	__u32 zero;
};

/* Written by hash.bpf.c for files of an embargoed size; goes with the inode. No memory: hashed again each time. */
struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct content);
} contents __weak SEC(".maps");

/*
 * How often a file of an overlay was mapped so that it can be written: that is written into a file below, whose own inode is not
 * to be reached from here. So each such mapping ends what is known of all contents; it is rare.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} overlay_writes __weak SEC(".maps");

static __always_inline __u64 *overlay_writes_find(void)
{
	__u32 index = 0;

	return bpf_map_lookup_elem(&overlay_writes, &index);
}

/* What was hashed for an attempt of this thread before, and not asked for. */
static __always_inline void hashed_forget(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&hashed, &thread);
}

static __always_inline bool content_is_of(const struct content *content, struct inode *inode)
{
	__u64 change_ns, version, *writes = overlay_writes_find();

	inode_change(inode, &change_ns, &version);
	return writes && content->overlay_writes == *writes && content->known && content->change_ns == change_ns && content->version == version &&
	       content->size == (__u64)BPF_CORE_READ(inode, i_size);
}

/*
 * A file is mapped so that it can be written: on tmpfs such a write changes neither its version nor its times, so what is
 * known of its content ends here. While it can be written its content is not kept.
 */
static __always_inline void content_forget(struct inode *inode)
{
	struct content *content = bpf_inode_storage_get(&contents, inode, 0, 0);
	__u64 *writes = overlay_writes_find();

	if (writes && BPF_CORE_READ(inode, i_sb, s_magic) == OVERLAYFS_SUPER_MAGIC)
		__sync_fetch_and_add(writes, 1);
	if (!content)
		return;
	__sync_fetch_and_add(&content->writes, 1);
	*(volatile __u32 *)&content->known = 0;
}

/*
 * Is the content kept, and certain? Then give it to the decision that follows in this thread, if it is to be left.
 */
static __always_inline bool content_recall(struct inode *inode, bool leave)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct content *content = bpf_inode_storage_get(&contents, inode, 0, 0);
	struct hashed hashed_now = { .inode = (__u64)inode };
	bool sure = false;

	if (!content)
		return false;
	if (claim(&content->owners)) {
		__builtin_memcpy(hashed_now.sha256, content->sha256, SHA256_BYTES);
		sure = content_is_of(content, inode) && BPF_CORE_READ(inode, i_writecount.counter) <= 0;
		release(&content->owners);
	}
	if (sure && leave)
		bpf_map_update_elem(&hashed, &thread, &hashed_now, BPF_ANY);
	return sure;
}

#endif
