/* SPDX-License-Identifier: MIT */
/*
 * relay.c - somebody on the clients' host on whom nobody decides. Who connects to it says in one line what is wanted:
 *
 *   relay ADDRESS PORT    what comes behind goes there
 *   hand ADDRESS PORT     a socket that is connected to there, by SCM_RIGHTS; Unix sockets only
 *   hand                  one that is not connected
 *
 * It answers the questions of a stub resolver, too: by asking the resolver.
 */
#include "net.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { UNIX_RELAY, TCP_RELAY, STUB_RESOLVER, RELAY_ENDS };

static int connected(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail(address);
	return fd;
}

static void hand_out(int client, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 'h';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	if (sendmsg(client, &message, 0) < 0)
		fail("sendmsg");
}

static void copy(int from, int to)
{
	char bytes[4096];
	ssize_t size = read(from, bytes, sizeof(bytes));

	if (size <= 0 || write(to, bytes, (size_t)size) != size)
		exit(0);
}

static void copy_both(int client, int server)
{
	struct pollfd ends[] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };

	while (poll(ends, 2, -1) > 0) {
		if (ends[0].revents)
			copy(client, server);
		if (ends[1].revents)
			copy(server, client);
	}
}

/* One byte at a time: what is behind the line is not ours. */
static void read_line(int fd, char *line, size_t room)
{
	size_t used = 0;

	while (used + 1 < room && read(fd, line + used, 1) == 1 && line[used] != '\n')
		used++;
	line[used] = '\0';
}

static void carry_out(int client)
{
	char line[128], address[64], port[16];

	read_line(client, line, sizeof(line));
	if (sscanf(line, "relay %63s %15s", address, port) == 2)
		copy_both(client, connected(address, port));
	else if (sscanf(line, "hand %63s %15s", address, port) == 2)
		hand_out(client, connected(address, port));
	else if (!strcmp(line, "hand"))
		hand_out(client, socket(AF_INET, SOCK_STREAM, 0));
	exit(0);
}

static void answer_stub(int fd)
{
	struct sockaddr_in from, to = { .sin_family = AF_INET, .sin_port = htons(PORT_DNS) };
	socklen_t size = sizeof(from);
	char bytes[4096];
	ssize_t length = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);
	int upstream = socket(AF_INET, SOCK_DGRAM, 0);
	struct timeval limit = { .tv_sec = 2 };

	inet_pton(AF_INET, RESOLVER4, &to.sin_addr);
	setsockopt(upstream, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (length > 0 && sendto(upstream, bytes, (size_t)length, 0, (struct sockaddr *)&to, sizeof(to)) == length)
		length = recv(upstream, bytes, sizeof(bytes), 0);
	if (length > 0)
		(void)sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, size);
	close(upstream);
}

static int bound_to(int type, const char *address, unsigned port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &own.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
		fail(address);
	return fd;
}

static int bound_abstract(void)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(own.sun_path + 1, RELAY_UNIX, sizeof(RELAY_UNIX) - 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, offsetof(struct sockaddr_un, sun_path) + sizeof(RELAY_UNIX)))
		fail("bind");
	return fd;
}

void serve_relay(void)
{
	struct pollfd ends[RELAY_ENDS] = {
		[UNIX_RELAY] = { .fd = bound_abstract(), .events = POLLIN },
		[TCP_RELAY] = { .fd = bound_to(SOCK_STREAM, "127.0.0.1", PORT_RELAY), .events = POLLIN },
		[STUB_RESOLVER] = { .fd = bound_to(SOCK_DGRAM, STUB, PORT_DNS), .events = POLLIN },
	};

	if (listen(ends[UNIX_RELAY].fd, 16) || listen(ends[TCP_RELAY].fd, 16))
		fail("listen");
	while (poll(ends, RELAY_ENDS, -1) > 0) {
		if (ends[STUB_RESOLVER].revents)
			answer_stub(ends[STUB_RESOLVER].fd);
		for (int i = UNIX_RELAY; i <= TCP_RELAY; i++) {
			int client = ends[i].revents ? accept(ends[i].fd, NULL, NULL) : -1;

			if (client >= 0 && !fork())
				carry_out(client);
			if (client >= 0)
				close(client);
		}
	}
	fail("poll");
}
