/* SPDX-License-Identifier: GPL-2.0 */
/* socket.h - the socket of a packet that leaves, and to whom it is connected. */
#ifndef EMBARGO_SOCKET_H
#define EMBARGO_SOCKET_H

#include "maps.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

/* include/linux/socket.h, include/linux/net.h, v5.10 to v7.2 */
enum { AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3 };

/* The whole socket of a packet; NULL: none, or a small one that waits for its end or its beginning. */
static __always_inline struct bpf_sock *packet_socket(struct __sk_buff *packet)
{
	struct bpf_sock *sk = packet->sk;

	return sk ? bpf_sk_fullsock(sk) : NULL;
}

/* The kernel's own structure: the verifier lets nobody read on from what it hands out, so it is made a number. */
static __always_inline struct sock *socket_inside(struct bpf_sock *sk)
{
	struct sock *inside = NULL;

	bpf_probe_read_kernel(&inside, sizeof(inside), &sk);
	return inside;
}

static __always_inline bool socket_is_mapped(const struct sock *sk)
{
	struct in6_addr to;

	BPF_CORE_READ_INTO(&to, sk, __sk_common.skc_v6_daddr);
	return !to.in6_u.u6_addr32[0] && !to.in6_u.u6_addr32[1] && to.in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

static __always_inline bool socket_is_four(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET || socket_is_mapped(sk);
}

/*
 * To whom it is connected, as the program said it: what is in the packet may have been translated. A mapped address
 * looks in the key as an IPv4 one does.
 */
static __always_inline void socket_key(const struct sock *sk, struct address_key *out)
{
	__u32 words[4] = { 0, 0, bpf_htonl(0xffff), 0 };

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET)
		words[3] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	else
		BPF_CORE_READ_INTO(&words, sk, __sk_common.skc_v6_daddr);
	__builtin_memcpy(out->address, words, sizeof(words));
}

static __always_inline void socket_destination(const struct sock *sk, __u8 protocol, struct event_destination *out)
{
	bool four = socket_is_four(sk);

	__builtin_memset(out, 0, sizeof(*out));
	out->family = four ? 4 : 6;
	out->protocol = protocol;
	out->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	out->mapped = four && BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET;
	if (four)
		bpf_core_read(out->address, 4, &sk->__sk_common.skc_daddr);
	else
		bpf_core_read(out->address, 16, &sk->__sk_common.skc_v6_daddr);
}

#endif
