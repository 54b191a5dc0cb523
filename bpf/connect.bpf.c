// SPDX-License-Identifier: GPL-2.0
/*
 * connect.bpf.c - connections and datagram sends, at the cgroup. An IPv6 address that only wraps an IPv4
 * one is decided as IPv4. The cgroup that counts is the socket's, so a socket that was handed to a
 * task outside --within is not decided either.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "answer.h"
#include "destination.h"
#include "emit.h"
#include "file.h"
#include "flow.h"
#include "maps.h"
#include "network.h"
#include "rule.h"
#include "scratch.h"
#include "subject.h"

char _license[] SEC("license") = "GPL";

/* Answers of connect_try(). */
enum { CONNECT_ALLOW, CONNECT_DENY, CONNECT_SWITCHED };

/* The socket's cookie, by which its bytes are found; of a datagram without a connection none are. */
static __always_inline __u64 connect_cookie(struct bpf_sock_addr *context, __u64 rest)
{
	return rest >> 32 & REST_DATAGRAM ? 0 : bpf_get_socket_cookie(context);
}

static __always_inline int connect_matched_in(struct bpf_sock_addr *context, struct scratch *slot, __u64 a, __u64 b,
					      __u64 rest, __u32 deny, __u32 allow)
{
	int answer;

	__builtin_memset(&slot->known, 0, sizeof(slot->known));
	__builtin_memset(slot->event.sha256, 0, sizeof(slot->event.sha256));
	__builtin_memset(slot->event.module, 0, sizeof(slot->event.module));
	answer = rule_apply(slot, HOOK_CONNECT, deny, allow);
	if (answer != RULE_DECIDED)
		return answer == RULE_SWITCHED ? CONNECT_SWITCHED : CONNECT_ALLOW;
	if (!slot->decision.rule)
		return CONNECT_ALLOW;
	slot->decision.recognised = RECOGNISED_ADDRESS;
	destination_fill(&slot->event.destination, a, b, rest);
	emit(slot->index, EMIT(HOOK_CONNECT, BACKEND_CGROUP),
	     (__u64)BPF_CORE_READ(current_task(), mm, exe_file), 0);
	if (slot->decision.verdict == VERDICT_DENY)
		return CONNECT_DENY;
	slot->cookie = connect_cookie(context, rest);
	flow_begin(slot->index);
	return CONNECT_ALLOW;
}

/* A rule matched: decide and record. Only here scratch is needed; without it the verdict stands without an event. */
static __always_inline int connect_matched(struct bpf_sock_addr *context, __u64 began_with, __u64 a, __u64 b,
					   __u64 rest, __u32 deny, __u32 allow)
{
	struct scratch *slot = scratch_claim();
	int answer;

	if (!slot)
		return rule_decide_bare(began_with, HOOK_CONNECT, deny, allow) == VERDICT_DENY ?
			       CONNECT_DENY : CONNECT_ALLOW;
	slot->generation = began_with;
	answer = connect_matched_in(context, slot, a, b, rest, deny, allow);
	scratch_release(slot);
	return answer;
}

/*
 * The next three are functions of scalars, each checked once by the verifier: as one piece it would
 * follow every order of outcomes of one into the next. Each answers SWITCHED when a new policy came
 * in the middle. See network.h.
 */

__noinline __u64 network_lookup(__u64 began_with, __u64 a, __u64 b, __u64 rest)
{
	struct address address = { .a = a, .b = b, .family = rest & 0xff };
	void *entries = generation_again(began_with);
	struct gen_network network;

	if (!entries)
		return SWITCHED;
	network = network_find(entries, &address);
	return (__u64)network.list << 32 | network.count;
}

/* One line of a list: its rule with bit 32 set for an allow entry, if it covers and is of the kind that is asked for; else 0. */
__noinline __u64 condition_step(__u64 began_with, __u64 network, __u64 rest, __u64 index_and_allow)
{
	struct gen_key key = { .kind = GEN_CONDITION, .part = index_and_allow, .node = network >> 32 };
	void *entries = generation_again(began_with);
	const struct gen_condition *line;

	if (!entries)
		return SWITCHED;
	line = bpf_map_lookup_elem(entries, &key);
	if (!condition_covers(line, rest >> 16 & 0xffff, rest >> 8 & 0xff) || line->allow != index_and_allow >> 32)
		return 0;
	return (__u64)line->allow << 32 | line->rule;
}

/* Lists are sorted by rule number, so the first line that covers is the best. */
__noinline __u64 condition_first(__u64 began_with, __u64 network, __u64 rest, __u32 allow)
{
	__u64 found = 0, at = (__u64)allow << 32;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < NETWORK_CONDITIONS_MAX && !found && i < (__u32)network; i++)
		found = condition_step(began_with, network, rest, at + i);
	return found;
}

static __always_inline int connect_try(struct bpf_sock_addr *context, __u64 a, __u64 b, __u64 rest)
{
	__u64 began_with = 0, network, deny, allow;
	__u32 index = 0;
	void *entries = bpf_map_lookup_elem(&generation, &index);

	if (!entries)
		return CONNECT_ALLOW;
	/* a pointer that a helper read back is a number to the verifier */
	bpf_probe_read_kernel(&began_with, sizeof(began_with), &entries);
	network = network_lookup(began_with, a, b, rest);
	if (!network)
		return CONNECT_ALLOW;
	deny = network == SWITCHED ? SWITCHED : condition_first(began_with, network, rest, 0);
	if (!deny)
		return CONNECT_ALLOW;
	allow = condition_first(began_with, network, rest, 1);
	if (deny == SWITCHED || allow == SWITCHED)
		return CONNECT_SWITCHED;
	return connect_matched(context, began_with, a, b, rest, deny, allow);
}

/*
 * What all four programs ask, as a function of scalars and the context so that the verifier forgets how each came by
 * them. @a, @b: struct address; @rest: REST(). Returns enum verdict.
 */
__noinline int connect_decide(struct bpf_sock_addr *context, __u64 a, __u64 b, __u64 rest)
{
	int answer = CONNECT_SWITCHED;

	if (!attempt_count(HOOK_CONNECT))
		return VERDICT_ALLOW;
	/* a new policy in the middle: once more, with that one */
#pragma clang loop unroll(disable)
	for (int i = 0; i < 2 && answer == CONNECT_SWITCHED; i++)
		answer = connect_try(context, a, b, rest);
	if (answer == CONNECT_SWITCHED && set_is_active())
		count(HOOK_CONNECT, STAT_UNDECIDED);
	return answer == CONNECT_DENY ? VERDICT_DENY : VERDICT_ALLOW;
}

static __always_inline enum verdict decide_where(struct bpf_sock_addr *context, struct where to)
{
	return connect_decide(context, to.a, to.b, to.rest);
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(context, where4(context, 0)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(context, where6(context, 0)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(context, where4(context, REST_DATAGRAM)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *context)
{
	ANSWER(decide_where(context, where6(context, REST_DATAGRAM)), CGROUP_REFUSE, CGROUP_ALLOW);
}
