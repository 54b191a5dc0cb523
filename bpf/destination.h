/* SPDX-License-Identifier: GPL-2.0 */
/* destination.h - where to, as functions of scalars pass it on: struct address of decide.h in "a" and "b", all else in one word. */
#ifndef EMBARGO_DESTINATION_H
#define EMBARGO_DESTINATION_H

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

/* Where to. */
struct where {
	__u64 a, b, rest;
};

/* What is addressed to nobody goes to this host (ip_route_output_key_hash_rcu(), net/ipv4/route.c; tcp_v6_connect()). */
static __always_inline struct where where_meant(struct where to)
{
	if (to.a || to.b)
		return to;
	if ((to.rest & 0xff) == 4)
		to.a = 0x7f000001;
	else
		to.b = 1;
	return to;
}

/* Of four words of an IPv6 address in host order; one that only wraps an IPv4 address is that. */
static __always_inline struct where where_words(__u64 word0, __u64 word1, __u64 word2, __u64 word3, __u64 protocol,
						__u64 port, __u64 flags)
{
	struct where to = { word0 << 32 | word1, word2 << 32 | word3, REST(6, protocol, port, flags) };

	if (!word0 && !word1 && word2 == 0xffff)	/* ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2 */
		to = (struct where){ word3, 0, REST(4, protocol, port, flags | REST_MAPPED) };
	return where_meant(to);
}

static __always_inline struct where where4(struct bpf_sock_addr *context, __u64 flags)
{
	struct where to = { bpf_ntohl(context->user_ip4), 0,
			    REST(4, context->protocol & 0xff, bpf_ntohs(context->user_port), flags) };

	return where_meant(to);
}

static __always_inline struct where where6(struct bpf_sock_addr *context, __u64 flags)
{
	return where_words(bpf_ntohl(context->user_ip6[0]), bpf_ntohl(context->user_ip6[1]),
			   bpf_ntohl(context->user_ip6[2]), bpf_ntohl(context->user_ip6[3]),
			   context->protocol & 0xff, bpf_ntohs(context->user_port), flags);
}

/* What a cgroup program says (kernel/bpf/cgroup.c): 0 is EPERM. */
enum { CGROUP_REFUSE = 0, CGROUP_ALLOW = 1 };

#endif
