// SPDX-License-Identifier: GPL-2.0
/*
 * exec.bpf.c - the exec hook, on each of its backends. All of them ask the same decision about the file
 * that is to run and differ only in how they refuse. A script comes by twice: as itself
 * and as its interpreter.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "answer.h"
#include "attempt.h"
#include "maps.h"
#include "subject.h"

#define EPERM 1
#define SIGKILL 9

char _license[] SEC("license") = "GPL";

static __always_inline enum verdict exec_decide(struct file *file, enum backend backend)
{
	return attempt_decide((__u64)file, EMIT(HOOK_EXEC, backend));
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
