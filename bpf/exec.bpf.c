// SPDX-License-Identifier: GPL-2.0
/*
 * exec.bpf.c - the exec hook, on each of its backends. All of them walk the path of the file that is to
 * run, ask the same decision and differ only in how they refuse. A script comes by twice: as itself
 * and as its interpreter.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define GEN_FIND(generation, key) bpf_map_lookup_elem(generation, key)
#define COPY_NAME(to, bytes, address) bpf_probe_read_kernel(to, bytes, (void *)(address))

#include "decide.h"
#include "emit.h"
#include "file.h"
#include "maps.h"
#include "rule.h"
#include "scratch.h"
#include "subject.h"

#define EPERM 1
#define SIGKILL 9

char _license[] SEC("license") = "GPL";

/* Match and decide; a rule number of 0 means that nothing matched. */
static __always_inline bool exec_match(void *entries, const struct gen_header *header, struct scratch *slot)
{
	struct mode_inputs inputs = {};

	if (slot->walk.failed)
		return false;
	if (slot->walk.detached)
		return true;
	path_match_init(&slot->match, header->root);
	if (!path_match_run(entries, &slot->walk, &slot->match))
		return false;
	rule_decide(entries, slot->match.deny, slot->match.allow, &inputs, &slot->decision);
	return true;
}

static __always_inline enum verdict exec_decide_in(struct scratch *slot, struct file *file, enum backend backend)
{
	__u32 index = 0;
	void *entries = bpf_map_lookup_elem(&generation, &index);
	struct gen_key key = { .kind = GEN_HEADER };
	const struct gen_header *header;

	if (!entries)
		return VERDICT_ALLOW;
	header = bpf_map_lookup_elem(entries, &key);
	if (!header || !header->root)
		return VERDICT_ALLOW;
	__builtin_memset(&slot->decision, 0, sizeof(slot->decision));
	file_walk(file, &slot->walk);
	if (!exec_match(entries, header, slot)) {
		if (set_is_active())
			count(HOOK_EXEC, STAT_UNDECIDED);
		return VERDICT_ALLOW;
	}
	if (!slot->decision.rule)
		return VERDICT_ALLOW;
	file_identity(file, &slot->event.file);
	__builtin_memset(&slot->event.destination, 0, sizeof(slot->event.destination));
	emit(slot, HOOK_EXEC, backend, header->generation, file, true);
	return slot->decision.verdict;
}

static __always_inline enum verdict exec_decide(struct file *file, enum backend backend)
{
	enum verdict verdict;
	struct scratch *slot;

	if (!scope_count(HOOK_EXEC))
		return VERDICT_ALLOW;
	slot = scratch_claim();
	if (!slot) {
		if (set_is_active())
			count(HOOK_EXEC, STAT_UNDECIDED);
		return VERDICT_ALLOW;
	}
	verdict = exec_decide_in(slot, file, backend);
	scratch_release(slot);
	return verdict;
}

/* Two literal returns: what an audit-only program can return is then visible in its instructions. */
#define REFUSE_WITH(verdict, value)                                                                \
	if ((verdict) == VERDICT_DENY && !load_config.audit_only) {                                \
		int refused = (value);                                                             \
		barrier_var(refused);                                                              \
		return refused;                                                                    \
	}

SEC("lsm/bprm_check_security")
int BPF_PROG(exec_lsm, struct linux_binprm *bprm)
{
	enum verdict verdict = exec_decide(BPF_CORE_READ(bprm, file), BACKEND_LSM);

	REFUSE_WITH(verdict, -EPERM)
	return 0;
}

SEC("fmod_ret/security_bprm_check")
int BPF_PROG(exec_fmod_ret, struct linux_binprm *bprm)
{
	enum verdict verdict = exec_decide(BPF_CORE_READ(bprm, file), BACKEND_FMOD_RET);

	REFUSE_WITH(verdict, -EPERM)
	return 0;
}

static __always_inline void kill_if_denied(enum verdict verdict)
{
	if (verdict == VERDICT_DENY && !load_config.audit_only)
		bpf_send_signal(SIGKILL);
}

/*
 * The program is in place but has not run: the signal is there before its first instruction. As a perf
 * tracepoint, because the kernel's recursion guard makes the BTF kind miss attempts on
 * preemptible kernels.
 */
SEC("tp/sched/sched_process_exec")
int exec_tp(void *context)
{
	kill_if_denied(exec_decide(BPF_CORE_READ(current_task(), mm, exe_file), BACKEND_KILL));
	return 0;
}

/* Before 5.15 a perf event has no link that can be pinned; a raw tracepoint has. */
SEC("raw_tp/sched_process_exec")
int exec_raw_tp(void *context)
{
	kill_if_denied(exec_decide(BPF_CORE_READ(current_task(), mm, exe_file), BACKEND_KILL));
	return 0;
}

/* The tracepoint sees only the interpreter of a script; here the script itself comes by first. */
static __always_inline void exec_script_decide(struct linux_binprm *bprm)
{
	char magic[2] = {};

	bpf_core_read(magic, sizeof(magic), &bprm->buf);
	if (magic[0] == '#' && magic[1] == '!')
		kill_if_denied(exec_decide(BPF_CORE_READ(bprm, file), BACKEND_KILL));
}

SEC("kprobe/security_bprm_check")
int BPF_KPROBE(exec_kprobe, struct linux_binprm *bprm)
{
	exec_script_decide(bprm);
	return 0;
}

/* Before 5.15, as above. */
SEC("fentry/security_bprm_check")
int BPF_PROG(exec_fentry, struct linux_binprm *bprm)
{
	exec_script_decide(bprm);
	return 0;
}
