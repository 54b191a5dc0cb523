/* SPDX-License-Identifier: GPL-2.0 */
/* connect.h - what the programs that decide about destinations share: an address as scalars, and the networks of a generation. */
#ifndef EMBARGO_CONNECT_H
#define EMBARGO_CONNECT_H

#include "abi.h"
#include "maps.h"
#include <bpf/bpf_endian.h>

/* The rest of an address in one scalar. */
#define REST(family, protocol, port, flags)                                                        \
	((__u64)(family) | (__u64)(protocol) << 8 | (__u64)(port) << 16 | (__u64)(flags) << 32)
enum { REST_DATAGRAM = 1, REST_MAPPED = 2 };

static __always_inline void destination_fill(struct event_destination *out, __u64 a, __u64 b, __u64 rest)
{
	__builtin_memset(out, 0, sizeof(*out));
	if ((rest & 0xff) == 4) {
		*(__u32 *)out->address = bpf_htonl((__u32)a);
	} else {
		*(__u64 *)out->address = bpf_cpu_to_be64(a);
		*(__u64 *)(out->address + 8) = bpf_cpu_to_be64(b);
	}
	out->family = rest & 0xff;
	out->protocol = rest >> 8 & 0xff;
	out->port = rest >> 16 & 0xffff;
	out->datagram = !!(rest >> 32 & REST_DATAGRAM);
	out->mapped = !!(rest >> 32 & REST_MAPPED);
}

#define SWITCHED (~0ull)

/* The generation, if it still is the one that the decision began with; see match_step() in match.bpf.c. */
static __always_inline void *generation_again(__u64 began_with)
{
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	return (__u64)entries == began_with ? entries : NULL;
}

/* connect_decide(), or another function of an address: enum verdict. */
typedef int (*decide_fn)(__u64 a, __u64 b, __u64 rest);

static __always_inline enum verdict ask4(struct bpf_sock_addr *context, __u64 flags, decide_fn decide)
{
	return decide(bpf_ntohl(context->user_ip4), 0,
		      REST(4, context->protocol & 0xff, bpf_ntohs(context->user_port), flags));
}

/* Of four words of an IPv6 address in host order. */
static __always_inline enum verdict ask_words(__u64 word0, __u64 word1, __u64 word2, __u64 word3, __u64 protocol,
					      __u64 port, __u64 flags, decide_fn decide)
{
	if (!word0 && !word1 && word2 == 0xffff)	/* ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2 */
		return decide(word3, 0, REST(4, protocol, port, flags | REST_MAPPED));
	return decide(word0 << 32 | word1, word2 << 32 | word3, REST(6, protocol, port, flags));
}

static __always_inline enum verdict ask6(struct bpf_sock_addr *context, __u64 flags, decide_fn decide)
{
	return ask_words(bpf_ntohl(context->user_ip6[0]), bpf_ntohl(context->user_ip6[1]),
			 bpf_ntohl(context->user_ip6[2]), bpf_ntohl(context->user_ip6[3]), context->protocol & 0xff,
			 bpf_ntohs(context->user_port), flags, decide);
}

/* What a cgroup program says (kernel/bpf/cgroup.c): 0 is EPERM. */
enum { CGROUP_REFUSE = 0, CGROUP_ALLOW = 1 };

/**
 * network_lookup() - the longest prefix of a rule or an allow entry that covers an address
 * @began_with: address of the generation
 * @a, @b:      struct address
 * @rest:       REST()
 *
 * Return: list << 32 | count; 0: none; SWITCHED: a new policy came in the middle.
 */
extern __u64 network_lookup(__u64 began_with, __u64 a, __u64 b, __u64 rest);

/**
 * condition_first() - the first line that covers, so the best one: lists are sorted by rule number
 * @network: of network_lookup()
 * @allow:   1: of the allow entries; 0: of the rules
 *
 * Return: the number, with bit 32 set for an allow entry; 0: none; SWITCHED.
 */
extern __u64 condition_first(__u64 began_with, __u64 network, __u64 rest, __u32 allow);

#endif
