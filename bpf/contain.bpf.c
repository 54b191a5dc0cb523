// SPDX-License-Identifier: GPL-2.0
/*
 * contain.bpf.c - what becomes of processes that a rule contains: the mark that a process gets at its exec (attempt.bpf.c) goes to
 * all that it forks and ends with it, and while it has one it reaches the internal networks only. Attached only while
 * the policy contains something. A mark carries the id of a rule: which rule that is, and in which mode, is asked
 * in the generation that is active when somebody connects.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "answer.h"
#include "attempt.h"
#include "contain.h"
#include "destination.h"
#include "network.h"

#define EPERM 1
#define E2BIG 7

/* include/linux/socket.h, include/linux/net.h, include/linux/sched.h */
#define AF_UNIX	     1
#define AF_INET	     2
#define AF_INET6     10
#define AF_NETLINK   16
#define AF_ALG	     38
#define SOCK_STREAM  1
#define SOCK_DGRAM   2
#define PF_EXITING   0x00000004	/* PF_KTHREAD: compat.h */

char _license[] SEC("license") = "GPL";

/* ---------------------------------------------------------------- marks */

static __always_inline void *contained_all(void)
{
	__u32 index = 0;

	return bpf_map_lookup_elem(&contained, &index);
}

static __always_inline __u64 task_start(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/*
 * Asked twice before the answer is no: an element that was just replaced may be another process's already, and
 * then it is not believed.
 */
static __always_inline bool contained_find(struct task_struct *task, struct contained *out)
{
	__u32 process = BPF_CORE_READ(task, tgid);
	void *marks = contained_all();
	struct contained *mark;

	if (!marks)
		return false;
#pragma clang loop unroll(full)
	for (int i = 0; i < 2; i++) {
		mark = bpf_map_lookup_elem(marks, &process);
		if (!mark)
			return false;
		*out = *mark;
		if (out->start_boot_ns == task_start(task))
			return true;
	}
	return false;
}

/* The rule that contains a task, as its id; 0: none. A function of its own, so that its stack is not there beside others'. */
__noinline __u64 contained_by(__u64 task)
{
	struct contained mark;

	return contained_find((struct task_struct *)task, &mark) ? mark.rule_id : 0;
}

static __always_inline void contained_put(__u32 process, const struct contained *mark)
{
	void *marks = contained_all();

	if (!marks || bpf_map_update_elem(marks, &process, mark, BPF_ANY))
		if (set_is_active())
			count(HOOK_EXEC, STAT_UNLEARNED);
}

__noinline int contain_mark(__u32 index, __u32 running)
{
	struct scratch *slot = scratch_get(index);
	struct contained mark = {};
	struct task_struct *task;

	if (!slot)
		return 0;
	task = slot_task(slot);
	if (contained_find(task, &mark)) {
		if (mark.rule_id == slot->decision.id)
			return 0;
	} else {
		mark.since_boot_ns = running ? 0 : bpf_ktime_get_boot_ns();
		mark.start_boot_ns = task_start(task);
	}
	mark.rule_id = slot->decision.id;
	contained_put(BPF_CORE_READ(task, tgid), &mark);
	return 0;
}

/* ---------------------------------------------------------------- from process to process */

/* Before the child is woken. All that a descendant forks is one, too. */
static __always_inline void inherit(struct task_struct *parent, struct task_struct *child)
{
	__u32 process = BPF_CORE_READ(child, tgid);
	struct contained mark;

	if (process == (__u32)BPF_CORE_READ(parent, tgid) || !contained_find(parent, &mark))
		return;		/* a thread has its process's mark */
	mark.start_boot_ns = task_start(child);
	mark.since_boot_ns = 0;
	contained_put(process, &mark);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(contain_fork, struct task_struct *parent, struct task_struct *child)
{
	inherit((struct task_struct *)argument(ctx, 0), (struct task_struct *)argument(ctx, 1));
	return 0;
}

#define CHILDREN_LOOKED_AT 8

/* One of the latest children of a task, by its number. NULL: none of them. */
static __always_inline struct task_struct *child_find(struct task_struct *parent, int pid)
{
	__u64 head = (__u64)parent + bpf_core_field_offset(parent->children);
	__u64 link = bpf_core_field_offset(parent->sibling);
	struct list_head *at = BPF_CORE_READ(parent, children.prev);

#pragma clang loop unroll(disable)
	for (int i = 0; i < CHILDREN_LOOKED_AT && (__u64)at != head; i++) {
		struct task_struct *child = (struct task_struct *)((__u64)at - link);

		if (BPF_CORE_READ(child, pid) == pid)
			return child;
		at = BPF_CORE_READ(at, prev);
	}
	return NULL;
}

/*
 * The same once more: from 7.0 on tracepoints can be preempted, and the kernel passes over the program above on a
 * processor where another task was stopped inside it. It does not do that with perf tracepoints, except while somebody is inside a bpf() call on
 * a map there (bpf/README.md). Such a program is told the child's number only, so it looks among the children, which those
 * with CLONE_PARENT are of the parent. A new thread is among neither.
 */
SEC("tp/sched/sched_process_fork")
int contain_fork_tp(struct trace_event_raw_sched_process_fork *context)
{
	struct task_struct *parent = current_task(), *child;
	int pid = context->child_pid;
	struct contained mark;

	if (!contained_find(parent, &mark))
		return 0;
	child = child_find(parent, pid);
	if (!child)
		child = child_find(BPF_CORE_READ(parent, real_parent), pid);
	if (child)
		inherit(parent, child);
	return 0;
}

/* What is left because nobody came here is removed by the agent. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(contain_exit, struct task_struct *exiting)
{
	struct task_struct *task = (struct task_struct *)argument(ctx, 0);
	__u32 process = BPF_CORE_READ(task, tgid);
	void *marks = contained_all();

	/* the number of threads that live has been lowered before (do_exit(), kernel/exit.c) */
	if (marks && bpf_map_lookup_elem(marks, &process) && BPF_CORE_READ(task, signal, live.counter) == 0)
		bpf_map_delete_elem(marks, &process);
	return 0;
}

/* ---------------------------------------------------------------- what runs already */

/* The rule of its parent, if that was contained already when it forked the task; 0: none. */
__noinline __u64 inherited_by(__u64 address)
{
	struct task_struct *task = (struct task_struct *)address;
	struct contained mark;

	if (!contained_find(BPF_CORE_READ(task, group_leader, real_parent), &mark) || task_start(task) < mark.since_boot_ns)
		return 0;
	return mark.rule_id;
}

/* A process whose parent is contained: of the parent's rule, if that still is one. Returns 1 if so. */
__noinline int descendant_decide(__u32 index, __u64 rule_id)
{
	struct scratch *slot = scratch_get(index);
	struct gen_key header_key = { .kind = GEN_HEADER }, key = { .kind = GEN_CONTAIN, .a = rule_id };
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);
	const struct gen_header *header = entries ? bpf_map_lookup_elem(entries, &header_key) : NULL;
	const struct gen_contain *rule = entries ? bpf_map_lookup_elem(entries, &key) : NULL;

	if (!slot || !header || !rule)
		return 0;
	slot->generation = (__u64)entries;
	slot->event.decision.generation = header->generation;
	__builtin_memset(&slot->known, 0, sizeof(slot->known));
	__builtin_memset(slot->event.sha256, 0, sizeof(slot->event.sha256));
	__builtin_memset(&slot->event.destination, 0, sizeof(slot->event.destination));
	/* a new policy in the middle: the agent looks again */
	return rule_decide(index, rule->rule, 0) == RULE_DECIDED && slot->decision.rule;
}

#define NO_SLOT (~0u)

/* Claim memory to look at a task. NO_SLOT: there is nothing to look at, or nothing to do it with. */
__noinline __u32 running_begin(__u64 address)
{
	struct task_struct *task = (struct task_struct *)address;
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct scratch *slot;

	if (!file || contained_by(address) || !task_is_within(task))
		return NO_SLOT;
	slot = scratch_claim();
	if (!slot) {
		undecided(HOOK_EXEC);
		return NO_SLOT;
	}
	slot->task = address;
	*(volatile __u64 *)&slot->file = (__u64)file;
	__builtin_memset(slot->event.module, 0, sizeof(slot->event.module));
	return slot->index;
}

/* No rule names its file, or one does and it is marked: then what its parent is says nothing more. */
__noinline int running_descendant(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	__u64 rule_id;

	if (!slot || contained_by(slot->task))
		return 0;
	rule_id = inherited_by(slot->task);
	if (!rule_id || !descendant_decide(index, rule_id))
		return 0;
	slot->decision.verdict = VERDICT_ALLOW;
	slot->decision.recognised = RECOGNISED_CONTAINED;
	slot->decision.flags = EVENT_CONTAINED | EVENT_RAN_BEFORE;
	contain_mark(index, 1);
	emit(index, EMIT(HOOK_EXEC, BACKEND_NONE), slot->file, 0);
	return 0;
}

/* Returns 1 if the task is contained now. */
__noinline int running_end(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	int marked;

	if (!slot)
		return 0;
	marked = contained_by(slot->task) != 0;
	scratch_release(slot);
	return marked;
}

/*
 * Looks at every process, in the order of their numbers, for the agent that reads from the iterator; writes the number of each that is
 * contained from now on. Children mostly come behind their parents; the agent reads again until there is nothing new.
 */
SEC("iter/task")
int contain_running(struct bpf_iter__task *context)
{
	struct task_struct *task = NULL;
	__u32 index, process;

	/* a pointer that a helper read back is a number to the verifier */
	bpf_probe_read_kernel(&task, sizeof(task), &context->task);
	if (!task || BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_EXITING))
		return 0;
	process = BPF_CORE_READ(task, tgid);
	/* one thread of each process: the first, unless that one is over */
	if (process != (__u32)BPF_CORE_READ(task, pid) && BPF_CORE_READ(task, group_leader, mm))
		return 0;
	index = running_begin((__u64)task);
	if (index == NO_SLOT)
		return 0;
	file_decide(index, EMIT(HOOK_EXEC, BACKEND_NONE) | ATTEMPT_RUNNING);
	running_descendant(index);
	if (running_end(index))
		bpf_seq_write(context->meta->seq, &process, sizeof(process));
	return 0;
}

/* ---------------------------------------------------------------- where to */

/* In REST(), beside destination.h: no address; "a" is the family of a socket that may not be had. */
enum { REST_SOCKET = 4 };

/* 1: an internal network covers the address; 0: none does; SWITCHED. */
__noinline __u64 internal_lookup(__u64 began_with, __u64 a, __u64 b, __u64 rest)
{
	struct address address = { .a = a, .b = b, .family = rest & 0xff };
	void *entries = generation_again(began_with);

	if (!entries)
		return SWITCHED;
	return network_find_in(entries, NETWORKS_INTERNAL, &address).count != 0;
}

/* The rule of a mark in this generation; 0: there is none any more; SWITCHED. */
__noinline __u64 contain_rule(__u64 began_with, __u64 rule_id)
{
	struct gen_key key = { .kind = GEN_CONTAIN, .a = rule_id };
	void *entries = generation_again(began_with);
	const struct gen_contain *rule;

	if (!entries)
		return SWITCHED;
	rule = bpf_map_lookup_elem(entries, &key);
	return rule ? rule->rule : 0;
}

/* The allow entry that covers the address; 0: none; SWITCHED. */
__noinline __u64 contain_allow(__u64 began_with, __u64 a, __u64 b, __u64 rest)
{
	__u64 network = network_lookup(began_with, a, b, rest);

	if (!network || network == SWITCHED)
		return network;
	return condition_first(began_with, network, rest, 1);
}

enum { CONTAIN_ALLOW, CONTAIN_DENY, CONTAIN_SWITCHED };

static __always_inline int contain_matched_in(struct scratch *slot, __u64 a, __u64 b, __u64 rest, __u32 rule, __u32 allow)
{
	struct task_struct *task = slot_task(slot);
	int answer;

	__builtin_memset(&slot->known, 0, sizeof(slot->known));
	__builtin_memset(slot->event.sha256, 0, sizeof(slot->event.sha256));
	__builtin_memset(slot->event.module, 0, sizeof(slot->event.module));
	answer = rule_apply(slot, HOOK_CONNECT, rule, allow);
	if (answer != RULE_DECIDED)
		return answer == RULE_SWITCHED ? CONTAIN_SWITCHED : CONTAIN_ALLOW;
	if (!slot->decision.rule)
		return CONTAIN_ALLOW;
	slot->decision.recognised = RECOGNISED_CONTAINED;
	if (rest >> 32 & REST_SOCKET) {
		destination_fill(&slot->event.destination, 0, 0, rest & 0xffff);
		slot->event.destination.socket = a;
	} else {
		destination_fill(&slot->event.destination, a, b, rest);
	}
	emit(slot->index, EMIT(HOOK_CONNECT, BACKEND_CGROUP),
	     (__u64)BPF_CORE_READ(task, mm, exe_file), 0);
	return slot->decision.verdict == VERDICT_DENY ? CONTAIN_DENY : CONTAIN_ALLOW;
}

__noinline int contain_matched(__u64 began_with, __u64 a, __u64 b, __u64 rest, __u64 rules)
{
	struct scratch *slot = scratch_claim();
	__u32 rule = rules >> 32, allow = rules;
	int answer;

	if (!slot)
		return rule_decide_bare(began_with, HOOK_CONNECT, rule, allow) == VERDICT_DENY ? CONTAIN_DENY :
												 CONTAIN_ALLOW;
	slot->task = (__u64)acting_task(current_task());
	slot->generation = began_with;
	answer = contain_matched_in(slot, a, b, rest, rule, allow);
	scratch_release(slot);
	return answer;
}

static __always_inline int contain_try(__u64 rule_id, __u64 a, __u64 b, __u64 rest)
{
	__u64 began_with = 0, rule, internal = 0, allow = 0;
	__u32 index = 0;
	void *entries = bpf_map_lookup_elem(&generation, &index);

	if (!entries)
		return CONTAIN_ALLOW;
	bpf_probe_read_kernel(&began_with, sizeof(began_with), &entries);	/* as in connect_try() */
	rule = contain_rule(began_with, rule_id);
	if (!rule)
		return CONTAIN_ALLOW;
	if (!(rest >> 32 & REST_SOCKET)) {
		internal = internal_lookup(began_with, a, b, rest);
		if (internal == 1)
			return CONTAIN_ALLOW;
		allow = contain_allow(began_with, a, b, rest);
	}
	if (rule == SWITCHED || internal == SWITCHED || allow == SWITCHED)
		return CONTAIN_SWITCHED;
	return contain_matched(began_with, a, b, rest, rule << 32 | (__u32)allow);
}

/* What nearly everybody pays: one look; then another one for a kernel thread that acts for somebody. */
static __always_inline __u64 acting_contained_by(void)
{
	struct task_struct *task = current_task(), *acting;
	__u64 rule_id = contained_by((__u64)task);

	if (rule_id)
		return rule_id;
	acting = acting_task(task);
	return acting == task ? 0 : contained_by((__u64)acting);
}

/* As connect_decide(); the attempt is counted there. Returns enum verdict. */
__noinline int contain_decide(__u64 a, __u64 b, __u64 rest)
{
	__u64 rule_id = acting_contained_by();
	int answer = CONTAIN_SWITCHED;

	if (!rule_id || !task_is_within(acting_task(current_task())))
		return VERDICT_ALLOW;
	/* a new policy in the middle: once more, with that one */
#pragma clang loop unroll(disable)
	for (int i = 0; i < 2 && answer == CONTAIN_SWITCHED; i++)
		answer = contain_try(rule_id, a, b, rest);
	if (answer == CONTAIN_SWITCHED)
		undecided(HOOK_CONNECT);
	return answer == CONTAIN_DENY ? VERDICT_DENY : VERDICT_ALLOW;
}

static __always_inline enum verdict decide_where(struct where to)
{
	return contain_decide(to.a, to.b, to.rest);
}

SEC("cgroup/connect4")
int contain_connect4(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(where4(context, 0)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/connect6")
int contain_connect6(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(where6(context, 0)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/sendmsg4")
int contain_sendmsg4(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(where4(context, REST_DATAGRAM)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/sendmsg6")
int contain_sendmsg6(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(where6(context, REST_DATAGRAM)), CGROUP_REFUSE, CGROUP_ALLOW);
}

/* ---------------------------------------------------------------- by other ways than TCP and UDP */

/*
 * Only these two have hooks where they are told an address. Not raw sockets; not ping, SCTP, DCCP and UDP-Lite, which
 * some or all kernels connect without asking; and not multipath TCP, to which the kernel adds addresses by itself that the peer names.
 */
static __always_inline bool goes_by_hooks(__u32 type, __u32 protocol)
{
	return (type == SOCK_STREAM && protocol == PROTOCOL_TCP) || (type == SOCK_DGRAM && protocol == PROTOCOL_UDP);
}

static __always_inline enum verdict socket_decide(__u32 family, __u32 protocol)
{
	__u32 version = family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;

	return contain_decide(family, 0, REST(version, protocol & 0xff, 0, REST_SOCKET));
}

/* Sockets of IP; the kernel's own do not come by here. */
SEC("cgroup/sock_create")
int contain_socket(struct bpf_sock *context)
{
	if (goes_by_hooks(context->type, context->protocol))
		END_WITH(CGROUP_ALLOW);
	ANSWER(socket_decide(context->family, context->protocol), CGROUP_REFUSE, CGROUP_ALLOW);
}

/* Families that stay on the host, or, as those of IP, are decided elsewhere. The others: packet, XDP, vsock, Bluetooth, CAN, ... */
static __always_inline bool family_is_known(__u32 family)
{
	return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK || family == AF_ALG;
}

SEC("lsm/socket_create")
int BPF_PROG(contain_family_lsm, int family, int type, int protocol, int kernel)
{
	if (kernel || family_is_known(family))
		END_WITH(0);
	ANSWER(socket_decide(family, protocol), -EPERM, 0);
}

SEC("fmod_ret/security_socket_create")
int BPF_PROG(contain_family_fmod, int family, int type, int protocol, int kernel)
{
	if (kernel || family_is_known(family))
		END_WITH(0);
	ANSWER(socket_decide(family, protocol), -EPERM, 0);
}

/* Half of a peer's IPv6 address, in host order; @address: of a struct sock. */
__noinline __u64 peer_half(__u64 address, __u32 half)
{
	struct sock *sock = (struct sock *)address;
	__u64 halves[2] = {};

	bpf_core_read(halves, sizeof(halves), &sock->__sk_common.skc_v6_daddr);
	return bpf_be64_to_cpu(half ? halves[1] : halves[0]);
}

/* A socket's peer. None: whoever names one is decided where it is named. */
static __always_inline enum verdict peer_decide(struct sock *sock, __u32 family, __u64 protocol)
{
	__u64 port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport)), a, b;

	if (family == AF_INET) {
		a = bpf_ntohl(BPF_CORE_READ(sock, __sk_common.skc_daddr));
		return a ? contain_decide(a, 0, REST(4, protocol, port, 0)) : VERDICT_ALLOW;
	}
	a = peer_half((__u64)sock, 0);
	b = peer_half((__u64)sock, 1);
	if (!(a | b))
		return VERDICT_ALLOW;
	return decide_where(where_words(a >> 32, (__u32)a, b >> 32, (__u32)b, protocol, port, 0));
}

/*
 * What goes out through a socket that this process has not connected: inherited, handed over (SCM_RIGHTS), connected before
 * the mark, or accepted. Where neither backend is there, nobody sees that.
 */
static __always_inline enum verdict send_decide(struct socket *socket)
{
	struct sock *sock = BPF_CORE_READ(socket, sk);
	__u32 family = BPF_CORE_READ(sock, __sk_common.skc_family), protocol = BPF_CORE_READ(sock, sk_protocol);

	if (!family_is_known(family))
		return socket_decide(family, protocol);
	if (family != AF_INET && family != AF_INET6)
		return VERDICT_ALLOW;
	if (!goes_by_hooks(BPF_CORE_READ(sock, sk_type), protocol))
		return socket_decide(family, protocol);
	if (!acting_contained_by())	/* others do not pay for reading the address */
		return VERDICT_ALLOW;
	return peer_decide(sock, family, protocol);
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(contain_send_lsm, struct socket *socket, struct msghdr *message, int bytes)
{
	ANSWER(send_decide((struct socket *)argument(ctx, 0)), -EPERM, 0);
}

SEC("fmod_ret/security_socket_sendmsg")
int BPF_PROG(contain_send_fmod, struct socket *socket, struct msghdr *message, int bytes)
{
	ANSWER(send_decide((struct socket *)argument(ctx, 0)), -EPERM, 0);
}
