/* SPDX-License-Identifier: MIT */
/*
 * dial.c - one attempt to reach an address, in one of the ways that programs have; prints the name of
 * the error it got, or OK. That nobody listens there is no matter: ECONNREFUSED says that the attempt
 * was let through.
 *
 * usage: dial [--via STEPS] WAY ADDRESS PORT     IPv4, IPv6 or ::ffff:IPv4
 *
 * WAY: tcp, udp, udp-connect, tfo, mptcp; udp-connected: and a byte through it; unspec: a connected datagram socket that was let go (AF_UNSPEC); uring: by io_uring,
 * uring-async: and not in this thread; held: a byte through the connection of the step "held"; raw, ping, sctp, packet, vsock,
 * netlink, unix: only a socket, no attempt to reach anything. STEPS: what happens before, see via.h.
 */
#include "via.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct way {
	const char *name;
	int type, protocol;
	int flags;		/* of sendto() or of the ring's entry */
	int family;		/* 0: that of the address */
	/* Return: 0 or -errno. NULL: held */
	int (*reach)(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size);
};

static socklen_t parse(const char *text, unsigned short port, struct sockaddr_storage *out_address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out_address;
	struct sockaddr_in *four = (struct sockaddr_in *)out_address;

	memset(out_address, 0, sizeof(*out_address));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		return sizeof(*six);
	}
	return 0;
}

static int make_socket(int family, const struct way *way)
{
	const struct timeval limit = { .tv_sec = 10 };
	int fd = socket(way->family ? way->family : family, way->type | SOCK_CLOEXEC, way->protocol);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return fd;
}

static int plain(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	return connect(fd, (const struct sockaddr *)address, size) ? -errno : 0;
}

static int by_send(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	return sendto(fd, "x", 1, way->flags, (const struct sockaddr *)address, size) < 0 ? -errno : 0;
}

static int connected_send(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	int err = plain(fd, way, address, size);

	return err ? err : send(fd, "x", 1, 0) < 0 ? -errno : 0;
}

/* To this host, which is let through; then free of that; then there. */
static int unspec(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	const struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (connect(fd, (const struct sockaddr *)&here, sizeof(here)) || connect(fd, &none, sizeof(none)))
		return -errno;
	return plain(fd, way, address, size);
}

static int only_socket(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	return 0;
}

struct ring {
	int fd;
	unsigned char *submit, *complete;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
};

static int ring_open(struct ring *ring)
{
	struct io_uring_params *params = &ring->params;

	ring->fd = (int)syscall(SYS_io_uring_setup, 1, params);
	if (ring->fd < 0)
		return -errno;
	ring->submit = mmap(NULL, params->sq_off.array + params->sq_entries * sizeof(__u32), PROT_READ | PROT_WRITE,
			    MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->complete = mmap(NULL, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe),
			      PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			     IORING_OFF_SQES);
	return ring->submit == MAP_FAILED || ring->complete == MAP_FAILED || ring->entries == MAP_FAILED ? -errno : 0;
}

static int by_ring(int fd, const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	struct ring ring = { .fd = -1 };
	int err = ring_open(&ring);

	if (err) {
		fprintf(stderr, "dial: io_uring: %s\n", strerror(-err));
		return -ENOSYS;
	}
	ring.entries[0] = (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .flags = way->flags, .fd = fd,
						 .addr = (unsigned long)address, .off = size };
	((__u32 *)(ring.submit + ring.params.sq_off.array))[0] = 0;
	__atomic_store_n((__u32 *)(ring.submit + ring.params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return ((struct io_uring_cqe *)(ring.complete + ring.params.cq_off.cqes))->res;
}

static const struct way ways[] = {
	{ "tcp", SOCK_STREAM, IPPROTO_TCP, .reach = plain },
	{ "udp", SOCK_DGRAM, IPPROTO_UDP, .reach = by_send },
	{ "udp-connect", SOCK_DGRAM, IPPROTO_UDP, .reach = plain },
	{ "udp-connected", SOCK_DGRAM, IPPROTO_UDP, .reach = connected_send },
	{ "tfo", SOCK_STREAM, IPPROTO_TCP, .flags = MSG_FASTOPEN, .reach = by_send },
	{ "mptcp", SOCK_STREAM, IPPROTO_MPTCP, .reach = plain },
	{ "unspec", SOCK_DGRAM, IPPROTO_UDP, .reach = unspec },
	{ "uring", SOCK_STREAM, IPPROTO_TCP, .reach = by_ring },
	{ "uring-async", SOCK_STREAM, IPPROTO_TCP, .flags = IOSQE_ASYNC, .reach = by_ring },
	{ "raw", SOCK_RAW, IPPROTO_UDP, .reach = only_socket },
	{ "ping", SOCK_DGRAM, IPPROTO_ICMP, .reach = only_socket },
	{ "sctp", SOCK_STREAM, IPPROTO_SCTP, .reach = only_socket },
	{ "packet", SOCK_RAW, 0, .family = AF_PACKET, .reach = only_socket },
	{ "vsock", SOCK_STREAM, 0, .family = AF_VSOCK, .reach = only_socket },
	{ "netlink", SOCK_RAW, 0, .family = AF_NETLINK, .reach = only_socket },
	{ "unix", SOCK_STREAM, 0, .family = AF_UNIX, .reach = only_socket },
	{ "held" },
};

static int dial(const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	int fd, err;

	if (!way->reach)
		return send(VIA_HELD_FD, "x", 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
	fd = make_socket(address->ss_family, way);
	if (fd < 0)
		return fd;
	err = way->reach(fd, way, address, size);
	close(fd);
	return err;
}

/* argv: WAY ADDRESS PORT. Return: 0 or -EINVAL. */
static int arguments(char **argv, const struct way **out_way, struct sockaddr_storage *out_address, socklen_t *out_size)
{
	unsigned long port = strtoul(argv[2], NULL, 10);

	*out_way = NULL;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, argv[0]))
			*out_way = &ways[i];
	*out_size = port <= 65535 ? parse(argv[1], (unsigned short)port, out_address) : 0;
	return *out_way && *out_size ? 0 : -EINVAL;
}

static int attempt(char **argv)
{
	struct sockaddr_storage address;
	const struct way *way;
	socklen_t size;
	int err;

	if (arguments(argv, &way, &address, &size)) {
		fprintf(stderr, "usage: dial [--via STEPS] WAY ADDRESS PORT\n");
		return 2;
	}
	err = dial(way, &address, size);
	puts(err ? strerrorname_np(-err) : "OK");
	return err ? 1 : 0;
}

static int attempt_behind(char **argv)
{
	return attempt(argv + 3);
}

static int hold(char **argv)
{
	static const struct way tcp = { "tcp", SOCK_STREAM, IPPROTO_TCP };
	struct sockaddr_storage address;
	const struct way *way;
	socklen_t size;
	int fd;

	if (arguments(argv + 3, &way, &address, &size))
		return -EINVAL;
	fd = make_socket(address.ss_family, &tcp);
	return fd < 0 || !connect(fd, (struct sockaddr *)&address, size) ? fd : -errno;
}

int main(int argc, char **argv)
{
	const struct via via = { .argv = argv, .hold = hold, .attempt = attempt_behind };

	if (argc == 6 && !strcmp(argv[1], "--via"))
		via_go(&via, argv[2]);
	if (argc == 4)
		return attempt(argv + 1);
	fprintf(stderr, "usage: dial [--via STEPS] WAY ADDRESS PORT\n");
	return 2;
}
