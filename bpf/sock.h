/* SPDX-License-Identifier: GPL-2.0 */
/* sock.h - what is read of a socket: where to, how far, whose. By reading, so that it works in every kind of program. */
#ifndef EMBARGO_SOCK_H
#define EMBARGO_SOCK_H

#include "bytes.h"
#include "compat.h"
#include <bpf/bpf_endian.h>

/* include/linux/socket.h, include/uapi/linux/in.h, v5.10 to v7.2 */
enum { AF_INET = 2, AF_INET6 = 10, TCP_PROTOCOL = 6, UDP_PROTOCOL = 17, MPTCP_PROTOCOL = 262 };

#define SOCK_DONE (1ul << 1)	/* enum sock_flags, include/net/sock.h */

/* ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2 */
static __always_inline bool is_mapped(const __u32 *address)
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

/* @address: in network order; the words of an event's address. Return: whether it was a v4-mapped one. */
static __always_inline bool address_fill(const __u32 *address, __u8 *out)
{
	__u32 *words = (__u32 *)out;
	bool mapped = is_mapped(address);

	words[0] = address[mapped ? 3 : 0];
	words[1] = mapped ? 0 : address[1];
	words[2] = mapped ? 0 : address[2];
	words[3] = mapped ? 0 : address[3];
	return mapped;
}

/* The protocol as everybody but the kernel's inside knows it: multipath TCP counts as TCP. */
static __always_inline __u8 socket_protocol(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_protocol) & 0xff;
}

/* Whom it is connected to; a port of 0: nobody. @out_from: own address, 16 bytes */
static __always_inline void socket_peer(struct sock *sk, struct event_destination *out, __u8 *out_from)
{
	__u32 to[4] = {}, from[4] = {};

	__builtin_memset(out, 0, sizeof(*out));
	out->family = 4;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6) {
		bpf_core_read(to, sizeof(to), &sk->__sk_common.skc_v6_daddr);
		bpf_core_read(from, sizeof(from), &sk->__sk_common.skc_v6_rcv_saddr);
		out->mapped = address_fill(to, out->address);
		if (!out->mapped)
			out->family = 6;
		address_fill(from, out_from);
	} else {
		to[0] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		from[0] = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		__builtin_memcpy(out->address, to, sizeof(to));
		__builtin_memcpy(out_from, from, sizeof(from));
	}
	out->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	out->protocol = socket_protocol(sk);
}

/* The two counters and what lies between change under us: once more if they did. */
static __always_inline void tcp_counters_read(struct tcp_sock *tcp, struct tcp_counters *out)
{
	struct sock *sk = (struct sock *)tcp;

#pragma clang loop unroll(full)
	for (int i = 0; i < 3; i++) {
		out->acked = BPF_CORE_READ(tcp, bytes_acked);
		out->unacked_from = BPF_CORE_READ(tcp, snd_una);
		out->written_to = BPF_CORE_READ(tcp, write_seq);
		if (out->acked == BPF_CORE_READ(tcp, bytes_acked))
			break;
	}
	out->received = BPF_CORE_READ(tcp, bytes_received);
	out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	out->peer_finished = !!(BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_DONE);
}

/**
 * socket_bytes() - payload that went through a socket
 *
 * TCP; of multipath TCP where the kernel keeps count itself (6.5). Nobody counts datagrams by socket: 0.
 */
static __always_inline void socket_bytes(struct sock *sk, __u64 *out_sent, __u64 *out_received)
{
	__u16 protocol = BPF_CORE_READ(sk, sk_protocol);
	struct mptcp_sock *many = (struct mptcp_sock *)sk;
	struct tcp_counters at = {};

	*out_sent = *out_received = 0;
	if (protocol == TCP_PROTOCOL) {
		tcp_counters_read((struct tcp_sock *)sk, &at);
		*out_sent = tcp_payload_sent(&at);
		*out_received = tcp_payload_received(&at);
	} else if (protocol == MPTCP_PROTOCOL && bpf_core_field_exists(many->bytes_sent)) {
		*out_sent = BPF_CORE_READ(many, bytes_sent);
		*out_received = BPF_CORE_READ(many, bytes_received);
	}
}

#endif
