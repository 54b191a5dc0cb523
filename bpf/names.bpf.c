// SPDX-License-Identifier: GPL-2.0
/*
 * names.bpf.c - connections to addresses that a denied name was resolved to, at the egress of the cgroup. What a name is
 * meant for is said by the first bytes of the connection, so it is awaited there: whatever writes them, by whatever call. The
 * programs at connect and sendmsg ask for UDP only. Attached only while the policy has domains.
 *
 * A hello that is not whole yet is dropped and comes again: ip_queue_xmit() then fails, and tcp_write_xmit() (net/ipv4/tcp_output.c,
 * v5.10 to v7.2) leaves the segment at the head of the queue, where the next write makes it longer and sends it at once, or a
 * timer sends it as it is. What can grow no more, because more has been written behind it, is let through and read on.
 */
#include "maps.h"
#include <bpf/bpf_endian.h>

#include "answer.h"
#include "destination.h"
#include "domain.h"
#include "emit.h"
#include "file.h"
#include "identity.h"
#include "names.h"
#include "network.h"
#include "rule.h"
#include "scratch.h"
#include "socket.h"
#include "subject.h"

#define PORT_HTTPS 443
#define PROTOCOL_DCCP 33	/* include/uapi/linux/in.h */

/* ---------------------------------------------------------------- who connected */

static __always_inline struct scratch *scratch_or_count(void)
{
	struct scratch *slot = scratch_claim();

	if (!slot && set_is_active())
		count(HOOK_NAME, STAT_UNDECIDED);
	return slot;
}

static __always_inline void connection_remember(struct connection *connection, struct scratch *slot)
{
	subject_fill(current_task(), &connection->subject);
	file_identity(slot->index, (__u64)BPF_CORE_READ(current_task(), mm, exe_file));
	identity_describe((struct inode *)slot->inode, &slot->event.file);
	connection->file = slot->event.file;
}

/* Segments are also sent by timers and by answers of the peer, in the middle of whatever task runs then. */
static __always_inline void connection_recall(const struct connection *connection, struct scratch *slot)
{
	slot->recalled = (__u32)BPF_CORE_READ(current_task(), tgid) != connection->subject.pid;
	if (!slot->recalled)
		return;
	slot->event.subject = connection->subject;
	slot->event.file = connection->file;
}

/* ---------------------------------------------------------------- the end of a refused one */

static __always_inline void closing_tell(struct closing *closing, const struct sock *sk)
{
	closing->boot_ns = bpf_ktime_get_boot_ns();
	closing->net_namespace = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (bpf_ringbuf_output(&closings, closing, sizeof(*closing), 0))
		count(HOOK_NAME, STAT_UNENDED);
}

/* What programs have open of it: of a path of multipath TCP, the whole. */
static __always_inline __u32 socket_inode(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/* Tell the agent of a refused connection of TCP. Returns 0. */
__noinline int closing_send(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct connection *connection = socket ? bpf_sk_storage_get(&connections, socket, 0, 0) : NULL;
	struct closing closing = { .cookie = bpf_get_socket_cookie(packet) };
	struct sock *sk;

	if (!connection || !set_is_active())
		return 0;
	sk = socket_inside(socket);
	socket_destination(sk, PROTOCOL_TCP, &closing.to);
	if (closing.to.family == 4)
		bpf_core_read(closing.from, 4, &sk->__sk_common.skc_rcv_saddr);
	else
		bpf_core_read(closing.from, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	closing.from_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	closing.pid = connection->subject.pid;
	if (BPF_CORE_READ(sk, sk_socket, sk) != sk)
		closing.inode = socket_inode(sk);
	closing_tell(&closing, sk);
	return 0;
}

/* ---------------------------------------------------------------- TCP: the first bytes */

/* One step of the parser, checked once by the verifier. @base, @end: tls_step(). Returns enum tls_answer. */
__noinline int hello_step(struct __sk_buff *packet, __u32 index, __u32 base, __u32 end)
{
	struct scratch *slot = scratch_get(index);

	return slot ? tls_step(&slot->tls, packet, base, end) : TLS_OTHER;
}

/* Returns TLS_MORE, TLS_NAMED, TLS_NO_NAME or TLS_OTHER. */
__noinline int hello_read(struct __sk_buff *packet, __u32 index, __u32 base, __u32 end)
{
	int answer = TLS_GOES_ON;

#pragma clang loop unroll(disable)
	for (int step = 0; step < TLS_STEPS_MAX && answer == TLS_GOES_ON; step++)
		answer = hello_step(packet, index, base, end);
	return answer == TLS_GOES_ON ? TLS_NO_NAME : answer;
}

/* Offset in the stream behind the last byte of a segment. */
static __always_inline __u32 segment_end(const struct segment *segment, const struct connection *connection)
{
	return segment->sequence + segment->syn + segment->bytes - connection->first;
}

/* Is this all that the program has written so far? Then the next write makes the segment longer. */
static __always_inline bool segment_may_grow(const struct segment *segment, const struct sock *sk)
{
	const struct tcp_sock *tcp = (const void *)sk;

	return segment->sequence + segment->syn + segment->bytes == BPF_CORE_READ(tcp, write_seq);
}

/* What to ask about bytes that say all they will. */
static __always_inline __u32 hello_question(int read)
{
	return read == TLS_NAMED ? NAMES_SERVER : read == TLS_OTHER ? NAMES_SENDS : NAMES_NAMELESS;
}

enum { SEGMENT_PASSES = NAMES_SWITCHED + 1 };	/* goes out, and the rest of the hello is awaited */

/*
 * Payload that goes on where the last one ended. Only of what goes out the parser's state is kept, so that what was
 * dropped may come again in any shape. Returns enum names_answer or SEGMENT_PASSES.
 */
static __always_inline int segment_look(struct __sk_buff *packet, const struct sock *sk, struct connection *connection,
					struct scratch *slot, const struct segment *segment)
{
	__u32 end = segment_end(segment, connection);
	int read;

	slot->tls = connection->tls;
	read = hello_read(packet, slot->index, segment->at - (end - segment->bytes), end);
	if (read == TLS_MORE && segment->fin)	/* that was all of it */
		read = TLS_NO_NAME;
	if (read == TLS_MORE && !segment->urgent) {
		if (connection->holds && segment_may_grow(segment, sk))
			return NAMES_AWAIT;
		connection->tls = slot->tls;
		connection->passed = end;
		return SEGMENT_PASSES;
	}
	socket_key(sk, &slot->address);
	socket_destination(sk, PROTOCOL_TCP, &slot->event.destination);
	connection_recall(connection, slot);
	/* with an urgent byte the peer reads other bytes than these */
	return names_decide(slot->index, segment->urgent ? NAMES_HIDDEN : hello_question(read));
}

/* Returns enum verdict. */
static __always_inline int segment_decide(struct __sk_buff *packet, struct bpf_sock *socket, struct connection *connection,
					  const struct segment *segment)
{
	struct scratch *slot = scratch_or_count();
	int answer = NAMES_SWITCHED;

	if (slot) {
		slot->cookie = bpf_get_socket_cookie(packet);
		answer = segment_look(packet, socket_inside(socket), connection, slot, segment);
		scratch_release(slot);
	}
	switch (answer) {
	case NAMES_FREE:
		bpf_sk_storage_delete(&connections, socket);
		return VERDICT_ALLOW;
	case NAMES_REFUSED:
		connection->phase = CONNECTION_REFUSED;
		closing_send(packet);
		return VERDICT_DENY;
	case SEGMENT_PASSES:
		return VERDICT_ALLOW;
	}
	return connection->holds ? VERDICT_DENY : VERDICT_ALLOW;	/* what is dropped comes again */
}

/* A packet of a connection that is awaited or refused. Returns enum verdict. */
__noinline int segment_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct connection *connection = socket ? bpf_sk_storage_get(&connections, socket, 0, 0) : NULL;
	struct segment segment = {};
	__s32 ahead;

	if (!connection || !packet_segment(packet, &segment) || !segment.bytes)
		return VERDICT_ALLOW;
	ahead = segment_end(&segment, connection) - connection->passed;
	if (ahead <= 0)
		return VERDICT_ALLOW;		/* it went out before */
	if (connection->phase == CONNECTION_REFUSED) {
		closing_send(packet);
		return VERDICT_DENY;
	}
	if (ahead > (__s32)segment.bytes) {	/* something went out while no policy had names */
		bpf_sk_storage_delete(&connections, socket);
		return VERDICT_ALLOW;
	}
	return segment_decide(packet, socket, connection, &segment);
}

/* ---------------------------------------------------------------- who connects */

/* Await what it sends; false: there is no memory for that. */
static __always_inline bool connection_begin(struct bpf_sock *socket, struct scratch *slot, __u32 first, __u32 phase)
{
	struct connection *connection = bpf_sk_storage_get(&connections, socket, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!connection) {
		if (set_is_active())
			count(HOOK_NAME, STAT_UNLEARNED);
		return false;
	}
	connection->first = first;
	connection->passed = 0;
	connection->phase = phase;
	connection->holds = slot->decision.verdict == VERDICT_DENY;
	tls_begin(&connection->tls);
	connection_remember(connection, slot);
	return true;
}

/*
 * The SYN to an address that is known. Where a hello may be kept back, data in the SYN (Fast Open) is: the kernel then sends
 * one without (tcp_send_syn_data(), net/ipv4/tcp_output.c). Returns enum verdict.
 */
static __always_inline int syn_look(struct bpf_sock *socket, struct scratch *slot, const struct segment *segment)
{
	struct sock *sk = socket_inside(socket);

	socket_key(sk, &slot->address);
	socket_destination(sk, PROTOCOL_TCP, &slot->event.destination);
	/* wrapped (IPsec), so that its bytes cannot be read: as if it had nothing to show */
	if (!segment->at)
		return names_decide(slot->index, NAMES_SENDS) == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
	if (names_decide(slot->index, NAMES_CONNECTS) != NAMES_AWAIT)
		return VERDICT_ALLOW;
	if (!connection_begin(socket, slot, segment->sequence + 1, CONNECTION_AWAIT))
		return slot->decision.verdict;
	return segment->bytes ? slot->decision.verdict : VERDICT_ALLOW;
}

/* A connection begins: where nothing is known of the address, that is all. Returns enum verdict. */
__noinline int syn_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct connection *connection;
	struct segment segment = {};
	struct address_key address;
	struct scratch *slot;
	int verdict;

	if (!socket)
		return VERDICT_ALLOW;
	connection = bpf_sk_storage_get(&connections, socket, 0, 0);
	socket_key(socket_inside(socket), &address);
	if (!connection && !address_known(&address))
		return VERDICT_ALLOW;
	packet_segment(packet, &segment);
	if (connection && connection->first == segment.sequence + 1)
		return VERDICT_ALLOW;		/* once more */
	if (connection)				/* of what the socket was connected to before */
		bpf_sk_storage_delete(&connections, socket);
	if (!attempt_count(HOOK_NAME))
		return VERDICT_ALLOW;
	slot = scratch_or_count();
	if (!slot)
		return VERDICT_ALLOW;
	slot->cookie = bpf_get_socket_cookie(packet);
	verdict = syn_look(socket, slot, &segment);
	scratch_release(slot);
	return verdict;
}

/* ---------------------------------------------------------------- UDP */

static __always_inline __u32 datagram_question(__u32 port)
{
	return port == PORT_HTTPS ? NAMES_QUIC : NAMES_SENDS;
}

/*
 * To an address that is known. Who only connects is recorded when it sends, where others share the address: resolvers connect a
 * socket to every address of an answer to see which way it would go, and send nothing (RFC 6724). Returns enum verdict.
 */
__noinline int datagram_known(struct bpf_sock_addr *context, __u64 a, __u64 b, __u64 rest)
{
	__u32 what = datagram_question(rest >> 16 & 0xffff) | (rest >> 32 & REST_DATAGRAM ? 0 : NAMES_LATER);
	struct bpf_sock *socket = context->sk;
	struct scratch *slot;
	int answer;

	if (!attempt_count(HOOK_NAME))
		return VERDICT_ALLOW;
	slot = scratch_or_count();
	if (!slot)
		return VERDICT_ALLOW;
	if (!(rest >> 32 & REST_DATAGRAM))
		slot->cookie = bpf_get_socket_cookie(context);
	address_key_fill(&slot->address, rest & 0xff, a, b);
	destination_fill(&slot->event.destination, a, b, rest);
	answer = names_decide(slot->index, what);
	if (answer == NAMES_AWAIT && socket)
		connection_begin(socket, slot, 0, CONNECTION_DATAGRAM);
	scratch_release(slot);
	return answer == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
}

/* The first datagram of such a socket. Returns enum verdict. */
__noinline int datagram_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct connection *connection = socket ? bpf_sk_storage_get(&connections, socket, 0, 0) : NULL;
	struct scratch *slot;
	struct sock *sk;
	int answer;

	if (!connection)
		return VERDICT_ALLOW;
	slot = scratch_or_count();
	if (!slot)
		return VERDICT_ALLOW;
	slot->cookie = bpf_get_socket_cookie(packet);
	sk = socket_inside(socket);
	socket_key(sk, &slot->address);
	socket_destination(sk, PROTOCOL_UDP, &slot->event.destination);
	connection_recall(connection, slot);
	answer = names_decide(slot->index, datagram_question(slot->event.destination.port));
	scratch_release(slot);
	if (answer == NAMES_FREE)
		bpf_sk_storage_delete(&connections, socket);
	return answer == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
}

static __always_inline int datagram_ask(struct bpf_sock_addr *context, struct where to)
{
	struct address_key address;

	if ((to.rest >> 8 & 0xff) != PROTOCOL_UDP)
		return VERDICT_ALLOW;
	address_key_fill(&address, to.rest & 0xff, to.a, to.b);
	return address_known(&address) ? datagram_known(context, to.a, to.b, to.rest) : VERDICT_ALLOW;
}

/* ---------------------------------------------------------------- neither */

/* Port of a packet that has one, in host order. */
static __always_inline __u16 packet_port(struct __sk_buff *packet, __u32 at, __u8 protocol)
{
	__u16 port = 0;

	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP && protocol != PROTOCOL_SCTP)
		return 0;
	return bpf_skb_load_bytes(packet, at + 2, &port, sizeof(port)) ? 0 : bpf_ntohs(port);
}

/* Where a packet goes whose socket does not say; false: it is not readable. */
static __always_inline bool packet_destination(struct __sk_buff *packet, struct scratch *slot)
{
	struct event_destination *to = &slot->event.destination;
	__u8 first = 0, protocol = 0;
	__u32 at = packet_transport(packet, &protocol);

	__builtin_memset(to, 0, sizeof(*to));
	__builtin_memset(&slot->address, 0, sizeof(slot->address));
	if (!at || bpf_skb_load_bytes(packet, 0, &first, 1))
		return false;
	to->family = first >> 4 == 4 ? 4 : 6;
	to->protocol = protocol;
	to->port = packet_port(packet, at, protocol);
	to->datagram = 1;
	if (to->family == 6)
		return !bpf_skb_load_bytes(packet, 24, to->address, 16) &&
		       !bpf_skb_load_bytes(packet, 24, slot->address.address, 16);
	slot->address.address[10] = slot->address.address[11] = 0xff;
	return !bpf_skb_load_bytes(packet, 16, to->address, 4) &&
	       !bpf_skb_load_bytes(packet, 16, slot->address.address + 12, 4);
}

/* The kernel sends packets of these once more, for minutes, and tells the program of none. */
static __always_inline bool socket_waits(const struct bpf_sock *socket)
{
	return socket->protocol == PROTOCOL_SCTP || socket->protocol == PROTOCOL_DCCP;
}

/* Tell the agent of a refused one of those. Its frame is not to add to those of a decision. Returns 0. */
__noinline int association_send(struct __sk_buff *packet, __u32 index)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct scratch *slot = scratch_get(index);
	struct closing closing = { .cookie = bpf_get_socket_cookie(packet) };

	if (!socket || !slot || !set_is_active())
		return 0;
	closing.to = slot->event.destination;
	closing.pid = slot->event.subject.pid;
	closing.inode = socket_inode(socket_inside(socket));
	closing_tell(&closing, socket_inside(socket));
	return 0;
}

/*
 * Raw sockets, SCTP, ping: no other hook sees them. The kernel's own answers are of sockets without a file. What the kernel sends once
 * more by itself is sent while any other task runs: who was refused is remembered with the socket. Returns enum verdict.
 */
__noinline int other_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct connection *connection;
	struct scratch *slot;
	int answer;

	if (!socket || !BPF_CORE_READ(socket_inside(socket), sk_socket, file) || !attempt_count(HOOK_CONNECT))
		return VERDICT_ALLOW;
	slot = scratch_or_count();
	if (!slot)
		return VERDICT_ALLOW;
	connection = bpf_sk_storage_get(&connections, socket, 0, 0);
	if (connection) {
		connection_recall(connection, slot);
	} else if (!BPF_CORE_READ(current_task(), tgid)) {	/* nobody: the processor was idle */
		slot->recalled = 1;
		slot->event.subject.pid = 0;
	}
	answer = packet_destination(packet, slot) ? names_decide(slot->index, NAMES_NETWORK) : NAMES_FREE;
	if (answer == NAMES_FREE && address_known(&slot->address))
		answer = names_decide(slot->index, NAMES_SENDS);
	if (answer == NAMES_REFUSED && !slot->recalled)
		connection_begin(socket, slot, 0, CONNECTION_DATAGRAM);
	if (answer == NAMES_REFUSED && socket_waits(socket))
		association_send(packet, slot->index);
	scratch_release(slot);
	return answer == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
}

/* ---------------------------------------------------------------- programs */

/* What an ordinary packet pays. */
static __always_inline int packet_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);

	if (!socket)
		return VERDICT_ALLOW;
	if (socket->protocol == PROTOCOL_TCP && socket->type == SOCK_STREAM) {
		if (socket->state == BPF_TCP_SYN_SENT && syn_egress(packet) == VERDICT_DENY)
			return VERDICT_DENY;
		/* data in a SYN is looked at, too, where it was not kept back */
		return bpf_sk_storage_get(&connections, socket, 0, 0) ? segment_egress(packet) : VERDICT_ALLOW;
	}
	if (socket->protocol == PROTOCOL_UDP && socket->type == SOCK_DGRAM)
		return bpf_sk_storage_get(&connections, socket, 0, 0) ? datagram_egress(packet) : VERDICT_ALLOW;
	return other_egress(packet);
}

SEC("cgroup_skb/egress")
int names_egress(struct __sk_buff *packet)
{
	ANSWER(packet_egress(packet), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/connect4")
int names_connect4(struct bpf_sock_addr *context)
{
	ANSWER(datagram_ask(context, where4(context, 0)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/connect6")
int names_connect6(struct bpf_sock_addr *context)
{
	ANSWER(datagram_ask(context, where6(context, 0)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/sendmsg4")
int names_sendmsg4(struct bpf_sock_addr *context)
{
	ANSWER(datagram_ask(context, where4(context, REST_DATAGRAM)), CGROUP_REFUSE, CGROUP_ALLOW);
}

SEC("cgroup/sendmsg6")
int names_sendmsg6(struct bpf_sock_addr *context)
{
	ANSWER(datagram_ask(context, where6(context, REST_DATAGRAM)), CGROUP_REFUSE, CGROUP_ALLOW);
}
