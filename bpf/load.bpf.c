// SPDX-License-Identifier: GPL-2.0
/*
 * load.bpf.c - code that gets into a process without an exec: a file that is mapped executable (a shared object, a
 * program under a loader run by hand), one that was mapped and becomes executable, and, for rules with RULE_STRICT, one
 * that an interpreter opens.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "answer.h"
#include "attempt.h"
#include "content.h"
#include "identity.h"
#include "learned.h"
#include "name.h"

#define EPERM 1

/* include/uapi/asm-generic/mman-common.h, include/linux/{mm,fs,fcntl}.h, include/uapi/linux/personality.h; v6.12 */
#define PROT_READ	    0x1
#define PROT_EXEC	    0x4
#define MAP_TYPE	    0xf
#define MAP_PRIVATE	    0x2
#define VM_EXEC		    0x4
#define FMODE_READ	    0x1
#define FMODE_WRITE	    0x2
#define FMODE_EXEC_FLAG	    0x20	/* __FMODE_EXEC: opened to be executed, the exec hook sees it */
#define READ_IMPLIES_EXEC   0x0400000

char _license[] SEC("license") = "GPL";

/*
 * While a program is started the kernel maps its own file: that attempt was decided as an exec, and is decided here again,
 * because a process can change which file counts as its own (prctl(2), PR_SET_MM_MAP). But if it goes through it
 * is not told twice.
 */
static __always_inline enum verdict load_decide(struct file *file, enum backend backend)
{
	struct inode *own = BPF_CORE_READ(current_task(), mm, exe_file, f_inode);
	__u32 quiet = own && own == BPF_CORE_READ(file, f_inode) ? ATTEMPT_QUIET : 0;

	return attempt_decide((__u64)file, EMIT(HOOK_LOAD, backend) | quiet);
}

static __always_inline bool is_shared(unsigned long flags)
{
	return (flags & MAP_TYPE) != MAP_PRIVATE;
}

/* The LSM hook is told what the kernel will grant: READ_IMPLIES_EXEC is in @prot (mmap_prot(), security/security.c, v6.12). */
SEC("lsm/mmap_file")
int BPF_PROG(mmap_lsm, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
	if (!(prot & PROT_EXEC) && !is_shared(flags))
		END_WITH(0);
	if (!argument(ctx, 0) || !file)	/* anonymous memory; asked both ways, see argument() */
		END_WITH(0);
	if (is_shared(flags) && file->f_mode & FMODE_WRITE)
		content_forget(file->f_inode);
	if (!(prot & PROT_EXEC))
		END_WITH(0);
	ANSWER(load_decide(file, BACKEND_LSM), -EPERM, 0);
}

/* Here @prot is as asked for. */
SEC("fmod_ret/security_mmap_file")
int BPF_PROG(mmap_fmod_ret, struct file *file, unsigned long prot, unsigned long flags)
{
	bool implied = prot & PROT_READ && BPF_CORE_READ(current_task(), personality) & READ_IMPLIES_EXEC;

	if (!(prot & PROT_EXEC || implied) || !argument(ctx, 0) || !file)
		END_WITH(0);
	ANSWER(load_decide(file, BACKEND_FMOD_RET), -EPERM, 0);
}

/* Both hooks of mprotect(2) are told the rights with READ_IMPLIES_EXEC applied (mm/mprotect.c, v6.12). */
static __always_inline bool becomes_executable(struct vm_area_struct *area, unsigned long prot)
{
	return prot & PROT_EXEC && !(BPF_CORE_READ(area, vm_flags) & VM_EXEC) && BPF_CORE_READ(area, vm_file);
}

SEC("lsm/file_mprotect")
int BPF_PROG(mprotect_lsm, struct vm_area_struct *area, unsigned long reqprot, unsigned long prot)
{
	struct file *file;

	if (!becomes_executable(area, prot))
		END_WITH(0);
	hashed_forget();
	file = area->vm_file;
	if (file)
		content_recall(file->f_inode, true);
	ANSWER(load_decide(file, BACKEND_LSM), -EPERM, 0);
}

SEC("fmod_ret/security_file_mprotect")
int BPF_PROG(mprotect_fmod_ret, struct vm_area_struct *area, unsigned long reqprot, unsigned long prot)
{
	if (!becomes_executable(area, prot))
		END_WITH(0);
	ANSWER(load_decide(BPF_CORE_READ(area, vm_file), BACKEND_FMOD_RET), -EPERM, 0);
}

/* ---------------------------------------------------------------- opened by an interpreter */

/*
 * What most files pay where a policy has strict rules: is this one known by such a rule? Returns its number or 0. A function of
 * its own, so that what it needs on the stack is not there beside what the decision needs. @inode: address.
 */
__noinline __u32 strict_rule(__u64 inode)
{
	struct gen_key header_key = { .kind = GEN_HEADER }, rule_key = { .kind = GEN_RULE };
	const struct gen_header *header;
	const struct gen_rule *rule;
	const struct learned *fact;
	struct learned_key key;
	struct event_file identity;
	__u32 active = 0;
	__u64 number;
	void *entries = bpf_map_lookup_elem(&generation, &active), *facts;

	header = entries ? bpf_map_lookup_elem(entries, &header_key) : NULL;
	if (!header || !(header->flags & GEN_FLAG_STRICT))
		return 0;
	number = header->generation;
	facts = bpf_map_lookup_elem(&learned, &number);
	if (!facts)
		return 0;
	identity_of_inode((struct inode *)inode, &identity);
	if (!(identity.flags & FILE_IDENTIFIED))
		return 0;
	learned_file_key(&identity, &key);
	fact = bpf_map_lookup_elem(facts, &key);
	if (!fact || !fact->deny)
		return 0;
	rule_key.node = fact->deny;
	rule = bpf_map_lookup_elem(entries, &rule_key);
	return rule && rule->flags & RULE_STRICT ? fact->deny : 0;
}

__noinline int open_decide_in(__u32 index, __u32 backend)
{
	struct scratch *slot = scratch_get(index);
	int interpreter = -1;

	if (!slot)
		return VERDICT_ALLOW;
	/* a new policy in the middle: once more, with that one */
#pragma clang loop unroll(disable)
	for (int i = 0; i < 2 && interpreter < 0; i++) {
		__u32 active = 0;
		void *entries = bpf_map_lookup_elem(&generation, &active);

		if (!entries)
			return VERDICT_ALLOW;
		slot->generation = (__u64)entries;
		interpreter = interpreter_ask(index);
	}
	if (interpreter == 0)
		return VERDICT_ALLOW;
	if (interpreter < 0) {
		undecided(HOOK_LOAD);
		return VERDICT_ALLOW;
	}
	return file_decide(index, EMIT(HOOK_LOAD, backend & 0xff) | ATTEMPT_STRICT);
}

static __always_inline enum verdict open_decide(struct file *file, enum backend backend)
{
	enum verdict verdict;
	struct scratch *slot;

	if (!(BPF_CORE_READ(file, f_mode) & FMODE_READ) || BPF_CORE_READ(file, f_flags) & FMODE_EXEC_FLAG)
		return VERDICT_ALLOW;
	if (!is_within() || !strict_rule((__u64)BPF_CORE_READ(file, f_inode)))
		return VERDICT_ALLOW;
	slot = attempt_begin((__u64)file, HOOK_LOAD);
	if (!slot)
		return VERDICT_ALLOW;
	verdict = open_decide_in(slot->index, backend);
	scratch_release(slot);
	return verdict;
}

SEC("lsm/file_open")
int BPF_PROG(open_lsm, struct file *file)
{
	ANSWER(open_decide(file, BACKEND_LSM), -EPERM, 0);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(open_fmod_ret, struct file *file)
{
	ANSWER(open_decide(file, BACKEND_FMOD_RET), -EPERM, 0);
}
