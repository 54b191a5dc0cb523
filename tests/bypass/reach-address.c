/* SPDX-License-Identifier: MIT */
/* reach-address.c - every way to send something to an address. */
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif
#define SCTP_SOCKOPT_CONNECTX 110	/* linux/sctp.h */
#define INTERFACE "bypass0"

static void talk(int type, int protocol, struct place place)
{
	say_all(connect_to(type, protocol, &place));
}

/* Without a connection. */
static void send_to(int fd, const struct place *place)
{
	if (sendto(fd, words(), strlen(words()), MSG_NOSIGNAL, &place->any, place->size) < 0)
		quit("sendto");
	finish(fd);
}

static void send_new(int family, int type, int protocol, struct place place)
{
	send_to(socket_new(family, type, protocol), &place);
}

/* An IPv4 address as IPv6 says it. */
static struct place mapped(void)
{
	char text[64];

	snprintf(text, sizeof(text), "::ffff:" NET4_FORM, number);
	return place_of(text, PORT);
}

/* ---------------------------------------------------------------- TCP */

static void tcp(void) { talk(SOCK_STREAM, 0, place_here()); }
static void tcp_v6(void) { talk(SOCK_STREAM, 0, place6(number, PORT)); }
static void tcp_v4_mapped(void) { talk(SOCK_STREAM, 0, mapped()); }

static void tcp_nonblocking(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd poll_for = { .fd = fd, .events = POLLOUT };

	if (connect(fd, &place.any, place.size) && errno != EINPROGRESS)
		quit("connect");
	poll(&poll_for, 1, patience_ms());
	say_all(fd);
}

static void tcp_bound(void)
{
	struct place place = place_here(), own = place_of("198.19.0.2", 0);
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, &own.any, own.size) || connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

static void tcp_device(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, INTERFACE, sizeof(INTERFACE)) ||
	    connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

/* A socket that was connected elsewhere, and let go. */
static void reconnect(int type)
{
	struct place innocent = place4(INNOCENT, PORT), place = place_here();
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int fd = connect_to(type, 0, &innocent);

	if (connect(fd, &nobody, sizeof(nobody)) || connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

static void tcp_unspec(void) { reconnect(SOCK_STREAM); }

/* The first bytes are in the first packet. */
static void fast_open(int family, struct place place)
{
	int fd = socket_new(family, SOCK_STREAM, 0);

	if (sendto(fd, words(), strlen(words()), MSG_FASTOPEN | MSG_NOSIGNAL, &place.any, place.size) < 0)
		quit("sendto");
	finish(fd);
}

static void tcp_fast_open(void) { fast_open(AF_INET, place_here()); }
static void tcp_fast_open_v6(void) { fast_open(AF_INET6, place6(number, PORT)); }

static void tcp_fast_open_connect(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0), on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)) || connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

static void mptcp(void) { talk(SOCK_STREAM, IPPROTO_MPTCP, place4(number, PORT_MPTCP)); }
static void mptcp_v6(void) { talk(SOCK_STREAM, IPPROTO_MPTCP, place6(number, PORT_MPTCP)); }
static void smc(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_SMC, SOCK_STREAM, 0);

	if (connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

static void connect_by_ring(int how)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0), err = ring_connect(fd, &place, how);

	errno = -err;
	if (err)
		quit("io_uring: connect");
	say_all(fd);
}

static void io_uring_connect(void) { connect_by_ring(0); }
static void io_uring_connect_async(void) { connect_by_ring(RING_ASYNC); }
static void io_uring_connect_sqpoll(void) { connect_by_ring(RING_SQPOLL); }

static void link_local(int type)
{
	struct place place;
	char text[64];

	snprintf(text, sizeof(text), LINK_FORM, number);
	place = place_of(text, PORT);
	place.six.sin6_scope_id = if_nametoindex(INTERFACE);
	talk(type, 0, place);
}

static void link_local_tcp(void) { link_local(SOCK_STREAM); }
static void link_local_udp(void) { link_local(SOCK_DGRAM); }

/* ---------------------------------------------------------------- datagrams */

static void udp_connect(void) { talk(SOCK_DGRAM, 0, place_here()); }
static void udp_connect_v6(void) { talk(SOCK_DGRAM, 0, place6(number, PORT)); }
static void udp_connect_v4_mapped(void) { talk(SOCK_DGRAM, 0, mapped()); }
static void udp_unspec(void) { reconnect(SOCK_DGRAM); }
static void udp_sendto(void) { send_new(AF_INET, SOCK_DGRAM, 0, place_here()); }
static void udp_sendto_v6(void) { send_new(AF_INET6, SOCK_DGRAM, 0, place6(number, PORT)); }
static void udp_sendto_v4_mapped(void) { send_new(AF_INET6, SOCK_DGRAM, 0, mapped()); }
/* An address of one family by a socket of the other. */
static void udp_v4_on_v6(void) { send_new(AF_INET6, SOCK_DGRAM, 0, place_here()); }

static void udp_sendto_unspec(void)
{
	struct place place = place_here();

	place.four.sin_family = AF_UNSPEC;	/* the kernel takes that for IPv4 */
	send_new(AF_INET, SOCK_DGRAM, 0, place);
}

static void udp_connected_sendto(void)
{
	struct place innocent = place4(INNOCENT, PORT), place = place_here();

	send_to(connect_to(SOCK_DGRAM, 0, &innocent), &place);
}

static struct msghdr *message(struct place *place)
{
	static struct msghdr header;
	static struct iovec part;

	part = (struct iovec){ (void *)words(), strlen(words()) };
	header = (struct msghdr){ .msg_name = &place->any, .msg_namelen = place->size, .msg_iov = &part, .msg_iovlen = 1 };
	return &header;
}

static void udp_sendmsg(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0);

	if (sendmsg(fd, message(&place), 0) < 0)
		quit("sendmsg");
	finish(fd);
}

/* The first is innocent. */
static void udp_sendmmsg(void)
{
	struct place innocent = place4(INNOCENT, PORT), place = place_here();
	struct mmsghdr both[2] = { { .msg_hdr = *message(&place) }, { .msg_hdr = *message(&place) } };
	struct iovec nothing = { "nothing", 7 };
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0);

	both[0].msg_hdr.msg_name = &innocent.any;
	both[0].msg_hdr.msg_iov = &nothing;
	if (sendmmsg(fd, both, 2, 0) != 2)
		quit("sendmmsg");
	finish(fd);
}

static void send_by_ring(int how)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0), err = ring_sendmsg(fd, message(&place), how);

	errno = -err;
	if (err < 0)
		quit("io_uring: sendmsg");
	finish(fd);
}

static void io_uring_send(void) { send_by_ring(0); }
static void io_uring_send_sqpoll(void) { send_by_ring(RING_SQPOLL); }

/*
 * Loose source routing (RFC 791, section 3.1): the datagram is for somebody innocent, but by way of the embargoed host. The
 * server, which is both, passes it on to itself.
 */
static void source_route(void)
{
	uint8_t option[8] = { IPOPT_NOP, IPOPT_LSRR, 7, 4, 198, 18, (uint8_t)number, 1 };
	struct place innocent = place4(INNOCENT, PORT);
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0);

	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof(option)))
		quit("IP_OPTIONS");
	send_to(fd, &innocent);
}

/* ---------------------------------------------------------------- other protocols */

static void udp_lite(void) { send_new(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, place_here()); }
static void udp_lite_connect(void) { talk(SOCK_DGRAM, IPPROTO_UDPLITE, place_here()); }
static void udp_lite_v6(void) { talk(SOCK_DGRAM, IPPROTO_UDPLITE, place6(number, PORT)); }
static void sctp(void) { talk(SOCK_STREAM, IPPROTO_SCTP, place_here()); }
static void sctp_v6(void) { talk(SOCK_STREAM, IPPROTO_SCTP, place6(number, PORT)); }
/* The association comes with the first message. */
static void sctp_sendto(void) { send_new(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP, place_here()); }

static void sctp_connectx(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	if (setsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX, &place.any, place.size) < 0)
		quit("connectx");
	say_all(fd);
}

static void dccp(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_DCCP, IPPROTO_DCCP), service = 1;

	(void)setsockopt(fd, SOL_DCCP, DCCP_SERVICE, &service, sizeof(service));
	if (connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

/* An echo that is asked for can carry anything. */
static void ping_by(int type)
{
	struct {
		struct icmphdr head;
		char text[64];
	} echo = { .head.type = ICMP_ECHO };
	struct place place = place_here();
	int fd = socket_new(AF_INET, type, IPPROTO_ICMP);
	size_t size = sizeof(echo.head) + strlen(words());
	uint32_t sum = 0;

	memcpy(echo.text, words(), strlen(words()));
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(((uint8_t *)&echo)[i] << 8) + (i + 1 < size ? ((uint8_t *)&echo)[i + 1] : 0);
	sum = (sum >> 16) + (sum & 0xffff);
	echo.head.checksum = htons((uint16_t)~(sum + (sum >> 16)));
	if (sendto(fd, &echo, size, 0, &place.any, place.size) < 0)
		quit("sendto");
	finish(fd);
}

static void ping(void) { ping_by(SOCK_DGRAM); }
static void ping_raw(void) { ping_by(SOCK_RAW); }

static struct place without_port(struct place place)
{
	if (place.any.sa_family == AF_INET6)
		place.six.sin6_port = 0;
	return place;
}

static void raw(void) { send_new(AF_INET, SOCK_RAW, PROTOCOL_OWN, without_port(place_here())); }
static void raw_connect(void) { talk(SOCK_RAW, PROTOCOL_OWN, without_port(place_here())); }
static void raw_v6(void) { send_new(AF_INET6, SOCK_RAW, PROTOCOL_OWN, without_port(place6(number, PORT))); }

/* A whole datagram with its headers. */
static size_t datagram(uint8_t *out)
{
	size_t size = strlen(words());
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	struct udphdr udp = { .source = htons(4000), .dest = htons(PORT),
			      .len = htons((uint16_t)(sizeof(udp) + size)) };
	const uint16_t *word = (const uint16_t *)&ip;
	uint32_t sum = 0;

	ip.tot_len = htons((uint16_t)(sizeof(ip) + sizeof(udp) + size));
	ip.saddr = place_of("198.19.0.2", 0).four.sin_addr.s_addr;
	ip.daddr = place_here().four.sin_addr.s_addr;
	for (size_t i = 0; i < sizeof(ip) / 2; i++)
		sum += word[i];
	sum = (sum >> 16) + (sum & 0xffff);
	ip.check = (uint16_t)~(sum + (sum >> 16));
	memcpy(out, &ip, sizeof(ip));
	memcpy(out + sizeof(ip), &udp, sizeof(udp));
	memcpy(out + sizeof(ip) + sizeof(udp), words(), size);
	return sizeof(ip) + sizeof(udp) + size;
}

static void raw_headers(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_RAW, IPPROTO_RAW);
	uint8_t bytes[256];

	if (sendto(fd, bytes, datagram(bytes), 0, &place.any, place.size) < 0)
		quit("sendto");
	finish(fd);
}

/* Told to go to an innocent address, with headers that say another one. */
static void raw_other_header(void)
{
	struct place innocent = place4(INNOCENT, 0);
	int fd = socket_new(AF_INET, SOCK_RAW, IPPROTO_RAW);
	uint8_t bytes[256];

	if (sendto(fd, bytes, datagram(bytes), 0, &innocent.any, innocent.size) < 0)
		quit("sendto");
	finish(fd);
}

/* Past the network's protocols: to the device. Everybody there takes it. */
static void packet(void)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6,
				  .sll_ifindex = (int)if_nametoindex(INTERFACE) };
	int fd = socket_new(AF_PACKET, SOCK_DGRAM, 0);
	uint8_t bytes[256];

	memset(to.sll_addr, 0xff, 6);
	if (sendto(fd, bytes, datagram(bytes), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		quit("sendto");
	finish(fd);
}

const struct reach address_tricks[] = {
	{ "tcp", tcp },
	{ "tcp-v6", tcp_v6 },
	{ "tcp-v4-mapped", tcp_v4_mapped },
	{ "tcp-nonblocking", tcp_nonblocking },
	{ "tcp-bound", tcp_bound },
	{ "tcp-device", tcp_device },
	{ "tcp-unspec", tcp_unspec },
	{ "tcp-fast-open", tcp_fast_open },
	{ "tcp-fast-open-v6", tcp_fast_open_v6 },
	{ "tcp-fast-open-connect", tcp_fast_open_connect },
	{ "mptcp", mptcp },
	{ "mptcp-v6", mptcp_v6 },
	{ "smc", smc },
	{ "io-uring-connect", io_uring_connect },
	{ "io-uring-connect-async", io_uring_connect_async },
	{ "io-uring-connect-sqpoll", io_uring_connect_sqpoll },
	{ "link-local-tcp", link_local_tcp },
	{ "link-local-udp", link_local_udp },
	{ "udp-connect", udp_connect },
	{ "udp-connect-v6", udp_connect_v6 },
	{ "udp-connect-v4-mapped", udp_connect_v4_mapped },
	{ "udp-unspec", udp_unspec },
	{ "udp-sendto", udp_sendto },
	{ "udp-sendto-v6", udp_sendto_v6 },
	{ "udp-sendto-v4-mapped", udp_sendto_v4_mapped },
	{ "udp-v4-on-v6", udp_v4_on_v6 },
	{ "udp-sendto-unspec", udp_sendto_unspec },
	{ "udp-connected-sendto", udp_connected_sendto },
	{ "udp-sendmsg", udp_sendmsg },
	{ "udp-sendmmsg", udp_sendmmsg },
	{ "io-uring-send", io_uring_send },
	{ "io-uring-send-sqpoll", io_uring_send_sqpoll },
	{ "source-route", source_route },
	{ "udp-lite", udp_lite },
	{ "udp-lite-connect", udp_lite_connect },
	{ "udp-lite-v6", udp_lite_v6 },
	{ "sctp", sctp },
	{ "sctp-v6", sctp_v6 },
	{ "sctp-sendto", sctp_sendto },
	{ "sctp-connectx", sctp_connectx },
	{ "dccp", dccp },
	{ "ping", ping },
	{ "ping-raw", ping_raw },
	{ "raw", raw },
	{ "raw-connect", raw_connect },
	{ "raw-v6", raw_v6 },
	{ "raw-headers", raw_headers },
	{ "raw-other-header", raw_other_header },
	{ "packet", packet },
	{ NULL, NULL },
};
