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

#define GEN_FIND(generation, key) bpf_map_lookup_elem(generation, key)
#define COPY_NAME(to, bytes, address) bpf_probe_read_kernel(to, bytes, (void *)(address))

#include "decide.h"
#include "emit.h"
#include "file.h"
#include "maps.h"
#include "rule.h"
#include "scratch.h"
#include "subject.h"

char _license[] SEC("license") = "GPL";

enum { SEND_STREAM = 0, SEND_DATAGRAM = 1 };

static __always_inline void destination_fill(struct event_destination *out, const struct address *address,
					     bool datagram, bool mapped)
{
	__builtin_memset(out, 0, sizeof(*out));
	if (address->family == 4) {
		*(__u32 *)out->address = bpf_htonl((__u32)address->a);
	} else {
		*(__u64 *)out->address = bpf_cpu_to_be64(address->a);
		*(__u64 *)(out->address + 8) = bpf_cpu_to_be64(address->b);
	}
	out->port = address->port;
	out->family = address->family;
	out->protocol = address->protocol;
	out->datagram = datagram;
	out->mapped = mapped;
}

/* A rule matched: decide and record. Only here scratch is needed. */
static __always_inline enum verdict connect_matched(void *entries, const struct gen_header *header,
						    const struct address *address, bool datagram,
						    bool mapped, __u32 deny, __u32 allow)
{
	struct file *file = BPF_CORE_READ(current_task(), mm, exe_file);
	struct mode_inputs inputs = {};
	struct scratch *slot = scratch_claim();
	enum verdict verdict;

	if (!slot) {	/* the verdict stands without an event */
		struct decision decision = {};

		rule_decide(entries, deny, allow, &inputs, &decision);
		if (set_is_active()) {
			count_decision(HOOK_CONNECT, &decision);
			count(HOOK_CONNECT, STAT_LOST_FULL);
		}
		return decision.verdict;
	}
	__builtin_memset(&slot->decision, 0, sizeof(slot->decision));
	rule_decide(entries, deny, allow, &inputs, &slot->decision);
	file_identity(file, &slot->event.file);
	destination_fill(&slot->event.destination, address, datagram, mapped);
	emit(slot, HOOK_CONNECT, BACKEND_CGROUP, header->generation, file, false);
	verdict = slot->decision.verdict;
	scratch_release(slot);
	return verdict;
}

static __always_inline enum verdict connect_decide(struct address *address, bool datagram, bool mapped)
{
	__u32 index = 0, deny, allow;
	struct gen_key key = { .kind = GEN_HEADER };
	const struct gen_header *header;
	void *entries;

	if (!scope_count(HOOK_CONNECT))
		return VERDICT_ALLOW;
	entries = bpf_map_lookup_elem(&generation, &index);
	if (!entries)
		return VERDICT_ALLOW;
	header = bpf_map_lookup_elem(entries, &key);
	if (!header)
		return VERDICT_ALLOW;
	network_match(entries, header, address, &deny, &allow);
	if (!deny)
		return VERDICT_ALLOW;
	return connect_matched(entries, header, address, datagram, mapped, deny, allow);
}

static __always_inline enum verdict decide4(struct bpf_sock_addr *context, bool datagram)
{
	struct address address = {
		.a = bpf_ntohl(context->user_ip4),
		.port = bpf_ntohs(context->user_port),
		.family = 4,
		.protocol = context->protocol,
	};

	return connect_decide(&address, datagram, false);
}

static __always_inline enum verdict decide6(struct bpf_sock_addr *context, bool datagram)
{
	__u32 word0 = bpf_ntohl(context->user_ip6[0]), word1 = bpf_ntohl(context->user_ip6[1]);
	__u32 word2 = bpf_ntohl(context->user_ip6[2]), word3 = bpf_ntohl(context->user_ip6[3]);
	struct address address = {
		.a = (__u64)word0 << 32 | word1,
		.b = (__u64)word2 << 32 | word3,
		.port = bpf_ntohs(context->user_port),
		.family = 6,
		.protocol = context->protocol,
	};
	bool mapped = !address.a && word2 == 0xffff;	/* ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2 */

	if (mapped) {
		address.family = 4;
		address.a = word3;
		address.b = 0;
	}
	return connect_decide(&address, datagram, mapped);
}

/* 1 lets it through; 0 is EPERM. Both literal, as in the exec hook. */
#define ANSWER(verdict)                                                                            \
	if ((verdict) == VERDICT_DENY && !load_config.audit_only) {                                \
		int refused = 0;                                                                   \
		barrier_var(refused);                                                              \
		return refused;                                                                    \
	}                                                                                          \
	return 1;

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *context)
{
	enum verdict verdict = decide4(context, SEND_STREAM);

	ANSWER(verdict)
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *context)
{
	enum verdict verdict = decide6(context, SEND_STREAM);

	ANSWER(verdict)
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *context)
{
	enum verdict verdict = decide4(context, SEND_DATAGRAM);

	ANSWER(verdict)
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *context)
{
	enum verdict verdict = decide6(context, SEND_DATAGRAM);

	ANSWER(verdict)
}
