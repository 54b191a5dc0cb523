/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * bytes.h - from the counters of a TCP socket to bytes of payload, over plain memory: the unit tests compile the same lines.
 * The kernel counts what takes a sequence number, and so a SYN and a FIN as a byte each: tcp_snd_una_update() and
 * tcp_rcv_nxt_update(), net/ipv4/tcp_input.c, v5.10 to v7.2.
 */
#ifndef EMBARGO_BYTES_H
#define EMBARGO_BYTES_H

#include "abi.h"

/* include/net/tcp_states.h; they are in the kernel's own interface (ss, /proc/net/tcp) and do not change. */
enum tcp_state_number {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT = 2,
	STATE_FIN_WAIT1 = 4,
	STATE_FIN_WAIT2 = 5,
	STATE_TIME_WAIT = 6,
	STATE_CLOSE = 7,
	STATE_LAST_ACK = 9,
	STATE_LISTEN = 10,
	STATE_CLOSING = 11,
};

/* Of a connection that was made here. */
struct tcp_counters {
	__u64 acked, received;		/* tcp_sock.bytes_acked, .bytes_received */
	__u32 unacked_from;		/* .snd_una */
	__u32 written_to;		/* .write_seq */
	__u8 state;
	__u8 peer_finished;		/* its FIN has come: SOCK_DONE */
};

/* Is an own FIN among what was written? Of a socket that is closed by now only what both sides have ended well tells. */
static inline __attribute__((always_inline)) int tcp_has_finished(const struct tcp_counters *at)
{
	if (at->state == STATE_CLOSE)
		return at->peer_finished && at->unacked_from == at->written_to;
	return at->state == STATE_FIN_WAIT1 || at->state == STATE_FIN_WAIT2 || at->state == STATE_TIME_WAIT ||
	       at->state == STATE_LAST_ACK || at->state == STATE_CLOSING;
}

/**
 * tcp_payload_sent() - what the program wrote and the kernel has sent or is going to send
 *
 * What is on its way is included, as it still goes out after close(2); of a connection that has failed it is not.
 */
static inline __attribute__((always_inline)) __u64 tcp_payload_sent(const struct tcp_counters *at)
{
	__u64 bytes = at->acked, marks = 1 + tcp_has_finished(at);

	if (at->state != STATE_CLOSE)
		bytes += (__u32)(at->written_to - at->unacked_from);
	return bytes > marks ? bytes - marks : 0;
}

/** tcp_payload_received() - what has come from the peer, whether the program has read it or not */
static inline __attribute__((always_inline)) __u64 tcp_payload_received(const struct tcp_counters *at)
{
	return at->received && at->peer_finished ? at->received - 1 : at->received;
}

#endif
