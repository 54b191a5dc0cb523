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

#include "answer.h"
#include "emit.h"
#include "file.h"
#include "maps.h"
#include "match.h"
#include "rule.h"
#include "scratch.h"
#include "subject.h"

#define EPERM 1
#define SIGKILL 9

char _license[] SEC("license") = "GPL";

/*
 * Begin with the active generation, match, decide. Returns enum match_answer; with MATCH_DONE, the slot's
 * decision names a rule if there was one, and who acts is in scope.
 */
static __always_inline int exec_match(struct scratch *slot)
{
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);
	struct gen_key key = { .kind = GEN_HEADER };
	const struct gen_header *header;
	int answer;

	if (!entries)
		return MATCH_DONE;
	header = bpf_map_lookup_elem(entries, &key);
	if (!header || !header->root)
		return MATCH_DONE;
	slot->generation = (__u64)entries;
	path_match_init(&slot->match, header->root);
	answer = match_run(slot->index, MATCH_FILE);
	if (answer != MATCH_DONE || !slot->match.deny)
		return answer;
	return rule_apply(slot, HOOK_EXEC, slot->match.deny, slot->match.allow) == RULE_SWITCHED ?
		       MATCH_SWITCHED : MATCH_DONE;
}

static __always_inline void exec_undecided(void)
{
	if (set_is_active())
		count(HOOK_EXEC, STAT_UNDECIDED);
}

static __always_inline enum verdict exec_decide_in(struct scratch *slot, struct file *file, enum backend backend)
{
	int answer;

	__builtin_memset(&slot->decision, 0, sizeof(slot->decision));
	file_walk(slot->index, (__u64)file);
	if (slot->walk.detached)
		return VERDICT_ALLOW;
	answer = slot->walk.failed ? MATCH_GOES_ON : exec_match(slot);
	if (answer == MATCH_SWITCHED)	/* a new policy came in the middle: once more, with that one */
		answer = exec_match(slot);
	if (answer != MATCH_DONE) {
		exec_undecided();
		return VERDICT_ALLOW;
	}
	if (!slot->decision.rule)
		return VERDICT_ALLOW;
	__builtin_memset(&slot->event.destination, 0, sizeof(slot->event.destination));
	emit(slot->index, EMIT(HOOK_EXEC, backend), (__u64)file, 1);
	return slot->decision.verdict;
}

static __always_inline enum verdict exec_decide(struct file *file, enum backend backend)
{
	enum verdict verdict;
	struct scratch *slot;

	if (!attempt_count(HOOK_EXEC))
		return VERDICT_ALLOW;
	slot = scratch_claim();
	if (!slot) {
		exec_undecided();
		return VERDICT_ALLOW;
	}
	verdict = exec_decide_in(slot, file, backend);
	scratch_release(slot);
	return verdict;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(exec_lsm, struct linux_binprm *bprm)
{
	ANSWER(exec_decide(BPF_CORE_READ(bprm, file), BACKEND_LSM), -EPERM, 0);
}

SEC("fmod_ret/security_bprm_check")
int BPF_PROG(exec_fmod_ret, struct linux_binprm *bprm)
{
	ANSWER(exec_decide(BPF_CORE_READ(bprm, file), BACKEND_FMOD_RET), -EPERM, 0);
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
