// SPDX-License-Identifier: GPL-2.0
/*
 * hash.bpf.c - hash a file that is about to run, if its size is that of an embargoed one. These programs may sleep, read the
 * file through the kernel, and decide nothing: they leave the SHA-256 for the program that decides, which the kernel calls
 * after them on the same hook (the last attached is called first: bpf_trampoline_link_prog(), kernel/bpf/trampoline.c, v6.12).
 * Apart from it because the kernel before 6.2 does not call a program on a processor on which another task sleeps inside it
 * (271de525e1d7): that must cost at most a hash, which is then missing and counted, never a decision.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "content.h"
#include "emit.h"
#include "learned.h"
#include "subject.h"

char _license[] SEC("license") = "GPL";

#define HASH_ALGO_SHA256 4	/* include/uapi/linux/hash_info.h */
#define PROT_EXEC	 0x4	/* include/uapi/asm-generic/mman-common.h */
#define MAP_ANONYMOUS	 0x20

/* A change within the same tick of the clock is not to be seen by the time: until then nothing is kept. */
#define SETTLED_NS 1000000000ull

/* Is anything of this size worth hashing? */
__noinline int size_is_embargoed(__u64 size)
{
	struct gen_key header_key = { .kind = GEN_HEADER };
	struct learned_key key = { .kind = LEARNED_SIZE, .a = size };
	const struct learned_filter *may;
	const struct gen_header *header;
	__u32 active = 0;
	__u64 number;
	void *entries = bpf_map_lookup_elem(&generation, &active), *facts;

	header = entries ? bpf_map_lookup_elem(entries, &header_key) : NULL;
	if (!header || !size)
		return 0;
	number = header->generation;
	may = filter_find(number);
	if (may && !may->there[filter_place(LEARNED_SIZE, size, 0)])
		return 0;
	facts = bpf_map_lookup_elem(&learned, &number);
	return facts && bpf_map_lookup_elem(facts, &key);
}

/* What the content of an inode hangs on. */
struct moment {
	__u64 change_ns, version, size, overlay_writes;
	__u32 writes;
	bool settled;
};

static __always_inline void moment_take(struct inode *inode, __u32 writes, struct moment *out)
{
	__u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	__u64 *overlay_writes = overlay_writes_find();
	__u32 index = 0;
	struct runtime *now = bpf_map_lookup_elem(&runtime, &index);
	__u64 real_ns = now && now->boot_to_real_ns ? bpf_ktime_get_boot_ns() + now->boot_to_real_ns : 0;

	inode_change(inode, &out->change_ns, &out->version);
	out->size = BPF_CORE_READ(inode, i_size);
	out->writes = writes;
	out->overlay_writes = overlay_writes ? *overlay_writes : 0;
	/* these have a file below, or a server, that changes without a word to this inode */
	out->settled = magic != OVERLAYFS_SUPER_MAGIC && magic != FUSE_SUPER_MAGIC && real_ns &&
		       out->change_ns + SETTLED_NS < real_ns &&
		       BPF_CORE_READ(inode, i_writecount.counter) <= 0;
}

/* Keep it, if the file was the same before and after. */
static __always_inline void content_keep(struct inode *inode, const struct moment *before, const __u8 *sha256)
{
	struct content *content = bpf_inode_storage_get(&contents, inode, 0, 0);
	struct moment after;

	if (!content)
		return;
	moment_take(inode, content->writes, &after);
	if (!before->settled || !after.settled || before->change_ns != after.change_ns ||
	    before->version != after.version || before->size != after.size || before->writes != after.writes ||
	    before->overlay_writes != after.overlay_writes)
		return;
	if (!claim(&content->owners))
		return;
	content->known = 0;
	content->change_ns = after.change_ns;
	content->version = after.version;
	content->size = after.size;
	content->overlay_writes = after.overlay_writes;
	__builtin_memcpy(content->sha256, sha256, SHA256_BYTES);
	if (content->writes == after.writes)
		content->known = 1;
	release(&content->owners);
}

/*
 * Not while somebody may write; and not on FUSE where the kernel would pass over this program for others as long as the server
 * keeps it waiting. Then the decision finds nothing, counts it and asks the agent.
 */
static __always_inline bool can_be_hashed(struct inode *inode)
{
	return BPF_CORE_READ(inode, i_writecount.counter) <= 0 &&
	       (load_config.unguarded || BPF_CORE_READ(inode, i_sb, s_magic) != FUSE_SUPER_MAGIC);
}

/* @leave: for the decision about this attempt; else only with the inode. */
static __always_inline void hash_file(struct file *file, enum hook hook, bool leave)
{
	struct inode *inode = file->f_inode;
	__u64 thread = bpf_get_current_pid_tgid();
	struct hashed now = {};
	struct content *content;
	struct moment before = {};

	if (!is_within() || !size_is_embargoed(BPF_CORE_READ(inode, i_size)))
		return;
	hashed_forget();
	if (!can_be_hashed(inode) || content_recall(inode, leave))
		return;
	content = bpf_inode_storage_get(&contents, inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (content)	/* else no memory: it is not settled, and not kept */
		moment_take(inode, content->writes, &before);
	if (set_is_active())
		count(hook, STAT_HASHED);
	if (bpf_ima_file_hash(file, now.sha256, SHA256_BYTES) != HASH_ALGO_SHA256) {
		if (set_is_active())
			count(hook, STAT_HASH_FAILED);
		return;
	}
	now.inode = (__u64)inode;
	if (leave)
		bpf_map_update_elem(&hashed, &thread, &now, BPF_ANY);
	content_keep(inode, &before, now.sha256);
}

SEC("lsm.s/bprm_check_security")
int BPF_PROG(exec_hash, struct linux_binprm *bprm)
{
	hash_file(bprm->file, HOOK_EXEC, true);
	return 0;
}

/* Also what is not mapped to be executed: mprotect(2), which can make it so, must not wait for a disk. */
SEC("lsm.s/mmap_file")
int BPF_PROG(mmap_hash, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
	if (!(flags & MAP_ANONYMOUS) && argument(ctx, 0) && file)
		hash_file(file, HOOK_LOAD, prot & PROT_EXEC);
	return 0;
}

SEC("lsm.s/kernel_read_file")
int BPF_PROG(module_hash, struct file *file, int id, bool contents_follow)
{
	if (file)
		hash_file(file, HOOK_MODULE, true);
	return 0;
}
