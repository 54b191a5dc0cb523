// SPDX-License-Identifier: GPL-2.0
/*
 * names.bpf.c - connections to addresses that a denied name was resolved to, at the egress of the cgroup. What a name is
 * meant for is said by the first bytes of the connection, so it is awaited there: whatever writes them, by whatever call. Of
 * datagrams each is asked about, and what is dropped here is an error of the call that sends it: ip_send_skb() and ip6_send_skb()
 * pass it on. Attached only while the policy has domains.
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
#include "packet.h"
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

/*
 * To whom a socket is connected, into the slot. A function of its own, because both families and a mapped address are three ways
 * for the verifier, on which it would follow all that comes after. @sk: struct sock. Returns 0.
 */
__noinline int connection_where(__u64 sk, __u32 index, __u32 protocol)
{
	struct scratch *slot = scratch_get(index);

	if (!slot)
		return 0;
	socket_key((struct sock *)sk, &slot->address);
	socket_destination((struct sock *)sk, protocol, &slot->event.destination);
	return 0;
}

/* Await what a socket sends, or remember who was refused. Returns 0: there is no memory for that. */
__noinline int connection_begin(struct __sk_buff *packet, __u32 index, __u32 first, __u32 phase)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct scratch *slot = scratch_get(index);
	struct connection *connection;

	if (!socket || !slot)
		return 0;
	connection = bpf_sk_storage_get(&connections, socket, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection) {
		if (set_is_active())
			count(HOOK_NAME, STAT_UNLEARNED);
		return 0;
	}
	connection->first = first;
	connection->passed = 0;
	connection->phase = phase;
	connection->holds = slot->decision.verdict == VERDICT_DENY;
	tls_begin(&connection->tls);
	connection_remember(connection, slot);
	return 1;
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

/* TLS_STEPS_MAX, as two loops: the verifier then follows each as long as it is, and not one within the other. */
#define HELLO_STEPS 32

__noinline int hello_steps(struct __sk_buff *packet, __u32 index, __u32 base, __u32 end)
{
	int answer = TLS_GOES_ON;

#pragma clang loop unroll(disable)
	for (int step = 0; step < HELLO_STEPS && answer == TLS_GOES_ON; step++)
		answer = hello_step(packet, index, base, end);
	return answer;
}

/* Returns TLS_MORE, TLS_NAMED, TLS_NO_NAME or TLS_OTHER. */
__noinline int hello_read(struct __sk_buff *packet, __u32 index, __u32 base, __u32 end)
{
	int answer = TLS_GOES_ON;

#pragma clang loop unroll(disable)
	for (int steps = 0; steps < TLS_STEPS_MAX / HELLO_STEPS && answer == TLS_GOES_ON; steps++)
		answer = hello_steps(packet, index, base, end);
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
	connection_where((__u64)sk, slot->index, PROTOCOL_TCP);
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

	if (!connection || !segment_read(packet, &segment) || !segment.bytes)
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

/*
 * The SYN to an address that is known. Where a hello may be kept back, data in the SYN (Fast Open) is: the kernel then sends
 * one without (tcp_send_syn_data(), net/ipv4/tcp_output.c). Returns enum verdict.
 */
static __always_inline int syn_look(struct __sk_buff *packet, struct bpf_sock *socket, struct scratch *slot,
				    const struct segment *segment)
{
	connection_where((__u64)socket_inside(socket), slot->index, PROTOCOL_TCP);
	/* wrapped (IPsec), so that its bytes cannot be read: as if it had nothing to show */
	if (!segment->at)
		return names_decide(slot->index, NAMES_SENDS) == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
	if (names_decide(slot->index, NAMES_CONNECTS) != NAMES_AWAIT)
		return VERDICT_ALLOW;
	if (!connection_begin(packet, slot->index, segment->sequence + 1, CONNECTION_AWAIT))
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
	segment_read(packet, &segment);
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
	verdict = syn_look(packet, socket, slot, &segment);
	scratch_release(slot);
	return verdict;
}

/* ---------------------------------------------------------------- whatever else goes to an address */

/* Port of a packet that has them, in host order. @at: of its header; @which: 0: its own, 2: where it goes. */
static __always_inline __u16 packet_port(struct __sk_buff *packet, __u32 at, __u8 protocol, __u32 which)
{
	__u16 port = 0;

	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP && protocol != PROTOCOL_SCTP)
		return 0;
	return bpf_skb_load_bytes(packet, at + which, &port, sizeof(port)) ? 0 : bpf_ntohs(port);
}

/* An address of the packet into the slot. @at: of its first byte. False: it is not readable. */
static __always_inline bool packet_address(struct __sk_buff *packet, struct scratch *slot, __u32 at)
{
	struct event_destination *to = &slot->event.destination;

	__builtin_memset(&slot->address, 0, sizeof(slot->address));
	if (to->family == 6)
		return !bpf_skb_load_bytes(packet, at, to->address, 16) &&
		       !bpf_skb_load_bytes(packet, at, slot->address.address, 16);
	slot->address.address[10] = slot->address.address[11] = 0xff;
	return !bpf_skb_load_bytes(packet, at, to->address, 4) &&
	       !bpf_skb_load_bytes(packet, at, slot->address.address + 12, 4);
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

/* Where a packet goes whose socket does not say. Returns its own port with bit 16 set; 0: it is not readable. */
__noinline __u32 packet_destination(struct __sk_buff *packet, __u32 index)
{
	__u64 transport = packet_transport(packet);
	struct scratch *slot = scratch_get(index);
	struct event_destination *to;
	__u8 first;

	if (!slot || !transport || bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	to = &slot->event.destination;
	__builtin_memset(to, 0, sizeof(*to));
	to->family = first >> 4 == 4 ? 4 : 6;
	to->protocol = transport >> 32;
	to->port = packet_port(packet, transport, to->protocol, 2);
	to->datagram = 1;
	return packet_address(packet, slot, to->family == 6 ? 24 : 16) ?
		       1 << 16 | packet_port(packet, transport, to->protocol, 0) : 0;
}

/* Who sends it: what the kernel sends by itself is sent while any other task runs. @connection: of its socket; may be NULL */
static __always_inline void sender_recall(const struct connection *connection, struct scratch *slot)
{
	if (connection) {
		connection_recall(connection, slot);
	} else if (!BPF_CORE_READ(current_task(), tgid)) {	/* nobody: the processor was idle */
		slot->recalled = 1;
		slot->event.subject.pid = 0;
	}
}

/* The kernel's own sockets have no file. */
static __always_inline bool socket_is_opened(struct bpf_sock *socket)
{
	return BPF_CORE_READ(socket_inside(socket), sk_socket, file);
}

/* By the names of the address in the slot, where it is known. Returns enum names_answer. */
static __always_inline int address_decide(const struct scratch *slot)
{
	const struct event_destination *to = &slot->event.destination;

	if (!address_known(&slot->address) || !attempt_count(HOOK_NAME))
		return NAMES_FREE;
	return names_decide(slot->index, to->protocol == PROTOCOL_UDP && to->port == PORT_HTTPS ? NAMES_QUIC : NAMES_SENDS);
}

/* Also by where it goes in the end: packet_final(). Returns enum names_answer. */
static __always_inline int packet_decide(struct __sk_buff *packet, struct scratch *slot, __u32 final)
{
	int answer = address_decide(slot);

	return answer == NAMES_FREE && final && packet_address(packet, slot, final) ? address_decide(slot) : answer;
}

/*
 * Raw sockets, SCTP, ping: no other hook sees them. What the kernel sends once more by itself is by who was refused: that is
 * remembered with the socket. Returns enum verdict.
 */
__noinline int other_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	struct scratch *slot;
	int answer = NAMES_FREE;

	if (!socket || !socket_is_opened(socket) || !attempt_count(HOOK_CONNECT))
		return VERDICT_ALLOW;
	slot = scratch_or_count();
	if (!slot)
		return VERDICT_ALLOW;
	sender_recall(bpf_sk_storage_get(&connections, socket, 0, 0), slot);
	if (packet_destination(packet, slot->index)) {
		answer = names_decide(slot->index, NAMES_NETWORK);
		if (answer == NAMES_FREE)
			answer = packet_decide(packet, slot, packet_final(packet));
	}
	if (answer == NAMES_REFUSED && !slot->recalled)
		connection_begin(packet, slot->index, 0, CONNECTION_REFUSED);
	if (answer == NAMES_REFUSED && socket_waits(socket))
		association_send(packet, slot->index);
	scratch_release(slot);
	return answer == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
}

/* ---------------------------------------------------------------- UDP */

/*
 * Where an ordinary datagram of a socket with that port goes. False: it has options or extension headers, or was wrapped in something
 * (IPsec, also in datagrams of its own) or has got another port since it was sent.
 */
static __always_inline bool datagram_plain(struct __sk_buff *packet, __u32 port, struct datagram *out)
{
	const __u8 *data = (void *)(long)packet->data, *end = (void *)(long)packet->data_end, *ports = data + 20;

	if (data + 28 > end)
		return false;
	if (data[0] == 0x45 && data[9] == PROTOCOL_UDP) {
		const __u32 words[4] = { 0, 0, bpf_htonl(0xffff), *(const __u32 *)(data + 16) };

		__builtin_memcpy(&out->to, words, sizeof(words));
	} else if (data[0] >> 4 == 6 && data[6] == PROTOCOL_UDP && data + 48 <= end) {
		const __u32 *from = (const __u32 *)(data + 24), words[4] = { from[0], from[1], from[2], from[3] };

		__builtin_memcpy(&out->to, words, sizeof(words));
		ports = data + 40;
	} else {
		return false;
	}
	out->port = ports[2] << 8 | ports[3];
	return (__u32)(ports[0] << 8 | ports[1]) == port;
}

static __always_inline __u64 generation_number(void)
{
	struct gen_key key = { .kind = GEN_HEADER };
	const struct gen_header *header;
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	header = entries ? bpf_map_lookup_elem(entries, &key) : NULL;
	return header ? header->generation : 0;
}

/* Was it let through before, by the policy that is active now? */
static __always_inline bool datagram_passed(struct __sk_buff *packet, const struct datagram *datagram)
{
	struct bpf_sock *socket = packet_socket(packet);
	const __u64 *is = (const __u64 *)datagram->to.address, *its;
	const struct datagram *was;

	if (!socket || socket->state != BPF_TCP_ESTABLISHED)
		return false;
	was = bpf_sk_storage_get(&datagrams, socket, 0, 0);
	if (!was || was->port != datagram->port)
		return false;
	its = (const __u64 *)was->to.address;
	return is[0] == its[0] && is[1] == its[1] && was->generation == generation_number();
}

/* The two for a caller whose stack has no room: where the slot says. Returns 1: it was. */
__noinline int datagram_recall(struct __sk_buff *packet, __u32 index)
{
	const struct scratch *slot = scratch_get(index);
	struct datagram datagram = {};

	if (!slot)
		return 0;
	datagram.to = slot->address;
	datagram.port = slot->event.destination.port;
	return datagram_passed(packet, &datagram);
}

/* Returns 0. */
__noinline int datagram_remember(struct __sk_buff *packet, __u32 index)
{
	struct bpf_sock *socket = packet_socket(packet);
	const struct scratch *slot = scratch_get(index);
	struct datagram datagram = {};

	if (!socket || !slot)
		return 0;
	datagram.to = slot->address;
	datagram.generation = slot->number;
	datagram.port = slot->event.destination.port;
	bpf_sk_storage_delete(&datagrams, socket);
	bpf_sk_storage_get(&datagrams, socket, &datagram, BPF_SK_STORAGE_GET_F_CREATE);
	return 0;
}

/*
 * Does it go where its socket is connected to? Of what was wrapped that is all that is known, so it is taken for that. @port: its own,
 * of packet_destination().
 */
static __always_inline bool datagram_connected(struct bpf_sock *socket, struct scratch *slot, __u16 port)
{
	struct event_destination *to = &slot->event.destination;
	const __u64 *is = (const __u64 *)slot->address.address;
	struct sock *sk = socket_inside(socket);
	__u64 peer[2];

	to->mapped = to->family == 4 && socket->family == AF_INET6;
	if (socket->state != BPF_TCP_ESTABLISHED)
		return false;
	if (to->protocol != PROTOCOL_UDP || port != socket->src_port) {
		connection_where((__u64)sk, slot->index, PROTOCOL_UDP);
		return true;
	}
	socket_key(sk, (struct address_key *)peer);
	if (is[0] != peer[0] || is[1] != peer[1] || to->port != bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport)))
		return false;
	to->datagram = 0;
	return true;
}

/* Each send without a connection is asked about, and of a connection the first one. @port: its own. Returns enum names_answer. */
static __always_inline int datagram_decide(struct __sk_buff *packet, struct bpf_sock *socket, struct scratch *slot, __u16 port)
{
	__u32 final = packet_final(packet);
	bool connected = datagram_connected(socket, slot, port) && !final;
	int answer;

	/* what is wrapped was not asked this before */
	if (connected && datagram_recall(packet, slot->index))
		return NAMES_FREE;
	slot->cookie = connected ? bpf_get_socket_cookie(packet) : 0;
	answer = packet_decide(packet, slot, final);
	if (connected && answer == NAMES_FREE && address_known(&slot->address))
		datagram_remember(packet, slot->index);
	return answer;
}

__noinline int datagram_egress(struct __sk_buff *packet)
{
	struct bpf_sock *socket = packet_socket(packet);
	int answer = NAMES_FREE;
	struct scratch *slot;
	__u32 own;

	if (!socket || !socket_is_opened(socket))
		return VERDICT_ALLOW;
	slot = scratch_or_count();
	if (!slot)
		return VERDICT_ALLOW;
	sender_recall(NULL, slot);
	own = packet_destination(packet, slot->index);
	if (own)
		answer = datagram_decide(packet, socket, slot, own);
	scratch_release(slot);
	return answer == NAMES_REFUSED ? VERDICT_DENY : VERDICT_ALLOW;
}

/* What an ordinary one pays: is the address known? @port: of its socket. Returns 1: that is all. */
__noinline int datagram_passes(struct __sk_buff *packet, __u32 port)
{
	struct datagram datagram = {};

	return datagram_plain(packet, port, &datagram) &&
	       (!address_known(&datagram.to) || datagram_passed(packet, &datagram));
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
		return datagram_passes(packet, socket->src_port) ? VERDICT_ALLOW : datagram_egress(packet);
	return other_egress(packet);
}

SEC("cgroup_skb/egress")
int names_egress(struct __sk_buff *packet)
{
	ANSWER(packet_egress(packet), CGROUP_REFUSE, CGROUP_ALLOW);
}
