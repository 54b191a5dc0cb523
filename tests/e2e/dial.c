/* SPDX-License-Identifier: MIT */
/*
 * dial.c - one attempt to reach an address, in one of the ways that programs have; prints the name of
 * the error it got, or OK. That nobody listens there is no matter: ECONNREFUSED says that the attempt
 * was let through.
 *
 * usage: dial tcp|udp|udp-connect|tfo|mptcp ADDRESS PORT     IPv4, IPv6 or ::ffff:IPv4
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct way {
	const char *name;
	int type, protocol;
	int flags;		/* of sendto(), if it sends */
	int sends;		/* without connect(2) */
};

static const struct way ways[] = {
	{ "tcp", SOCK_STREAM, IPPROTO_TCP, 0, 0 },
	{ "udp", SOCK_DGRAM, IPPROTO_UDP, 0, 1 },
	{ "udp-connect", SOCK_DGRAM, IPPROTO_UDP, 0, 0 },
	{ "tfo", SOCK_STREAM, IPPROTO_TCP, MSG_FASTOPEN, 1 },
	{ "mptcp", SOCK_STREAM, IPPROTO_MPTCP, 0, 0 },
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

static int dial(const struct way *way, const struct sockaddr_storage *address, socklen_t size)
{
	const struct timeval limit = { .tv_sec = 10 };
	int fd, err = 0;

	fd = socket(address->ss_family, way->type | SOCK_CLOEXEC, way->protocol);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (way->sends) {
		if (sendto(fd, "x", 1, way->flags, (const struct sockaddr *)address, size) < 0)
			err = -errno;
	} else if (connect(fd, (const struct sockaddr *)address, size) < 0) {
		err = -errno;
	}
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	struct sockaddr_storage address;
	const struct way *way = NULL;
	unsigned long port;
	socklen_t size;
	int err;

	for (size_t i = 0; argc == 4 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, argv[1]))
			way = &ways[i];
	port = way ? strtoul(argv[3], NULL, 10) : 0;
	size = way && port <= 65535 ? parse(argv[2], (unsigned short)port, &address) : 0;
	if (!size) {
		fprintf(stderr, "usage: dial tcp|udp|udp-connect|tfo|mptcp ADDRESS PORT\n");
		return 2;
	}
	err = dial(way, &address, size);
	puts(err ? strerrorname_np(-err) : "OK");
	return err ? 1 : 0;
}
