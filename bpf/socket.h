/* SPDX-License-Identifier: GPL-2.0 */
/* socket.h - a socket and a packet of it, as programs at the egress of a cgroup see them: the packet begins with the IP header. */
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

/* What of a packet is TCP. */
struct segment {
	__u32 sequence;		/* of the first byte of payload, or of the SYN */
	__u32 at;		/* where the payload is in the packet */
	__u32 bytes;		/* of payload */
	__u8 syn, fin;
	__u8 urgent;		/* some byte of it is out of band: who reads may never see it */
};

#define IP6_EXTENSIONS_MAX 8	/* in the order of RFC 8200, section 4.1, each comes at most twice */

/* Where the header behind the one of IP is; *out_protocol says of what. 0: it could not be read. */
static __always_inline __u32 packet_transport(struct __sk_buff *packet, __u8 *out_protocol)
{
	__u8 first = 0, extension[2];
	__u32 at = 40;

	if (bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	if (first >> 4 == 4)
		return bpf_skb_load_bytes(packet, 9, out_protocol, 1) ? 0 : (first & 15) * 4;
	if (bpf_skb_load_bytes(packet, 6, out_protocol, 1))
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < IP6_EXTENSIONS_MAX; i++) {
		/* hop by hop, routing, destination options: RFC 8200, section 4 */
		if (*out_protocol != 0 && *out_protocol != 43 && *out_protocol != 60)
			return at;
		if (bpf_skb_load_bytes(packet, at, extension, sizeof(extension)))
			return 0;
		*out_protocol = extension[0];
		at += (extension[1] + 1) * 8;
	}
	return 0;
}

/* False: it is wrapped in something (IPsec), or cannot be read. */
static __always_inline bool packet_segment(struct __sk_buff *packet, struct segment *out)
{
	__u8 protocol = 0, header[14];
	__u32 at = packet_transport(packet, &protocol), sequence;

	if (!at || protocol != PROTOCOL_TCP || bpf_skb_load_bytes(packet, at, header, sizeof(header)))
		return false;
	__builtin_memcpy(&sequence, header + 4, sizeof(sequence));
	out->sequence = bpf_ntohl(sequence);
	out->at = at + (header[12] >> 4) * 4;
	out->bytes = packet->len > out->at ? packet->len - out->at : 0;
	out->fin = header[13] & 1;
	out->urgent = header[13] >> 5 & 1;
	out->syn = header[13] >> 1 & 1;
	return true;
}

#endif
