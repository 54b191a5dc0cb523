/* SPDX-License-Identifier: MIT */
/*
 * serve.c - the other end of all tricks with addresses and names, in a network namespace of its own: takes whatever
 * comes, by every protocol that this kernel has, and leaves what arrived in a file with the trick's number. It is the
 * resolver, too.
 *
 * usage: serve DIRECTORY     DIRECTORY/pid: it serves; then one file for each trick that got through
 *        serve hold FILE     nothing but a network namespace, until it is ended; FILE: its process id
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ENDS_MAX = 512, FAST_OPEN_QUEUE = 64 };

/* How something is read: what a listener brings, bytes of one connection, datagrams, and the resolver's two. */
enum kind { LISTENER, STREAM, DATAGRAMS, RAW4, RAW6, ECHO4, DNS_LISTENER, DNS_STREAM, DNS_DATAGRAMS };

struct end {
	enum kind kind;
	unsigned number;	/* STREAM: of the trick; INNOCENT until it says which */
	bool twin;
	char tail[sizeof(THE_END) - 1];
};

static struct end ends[ENDS_MAX];
static struct pollfd polls[ENDS_MAX];
static nfds_t count;

void fail(const char *what)
{
	fprintf(stderr, "serve: %s: %s\n", what, strerror(errno));
	exit(3);
}

static struct end *end_add(int fd, enum kind kind)
{
	if (fd < 0 || count == ENDS_MAX) {
		close(fd);
		return NULL;
	}
	ends[count] = (struct end){ .kind = kind };
	polls[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return &ends[count++];
}

static void end_remove(nfds_t i)
{
	close(polls[i].fd);
	count--;
	ends[i] = ends[count];
	polls[i] = polls[count];
}

/* ---------------------------------------------------------------- what arrived */

/* The trick that an address of ours belongs to. */
static unsigned number_of(const struct in6_addr *address)
{
	const uint8_t *byte = address->s6_addr;

	if (byte[0] == 0xfe && byte[13] == 0x4e)
		return (unsigned)byte[14] << 8 | byte[15];
	if (byte[0] == 0xfd && byte[1] == 0x18)
		return (unsigned)byte[6] << 8 | byte[7];
	if (byte[12] == 198 && byte[13] == 18)
		return byte[14];
	return INNOCENT;
}

static void leave_mark(unsigned number, bool twin, const void *bytes, size_t size)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), twin ? "%u.twin" : "%u", number);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		fail(name);
	close(fd);
}

/* Bytes of a proxy or of a tunnel say in clear whom they are for. */
static unsigned named_in(const char *bytes, size_t size)
{
	char text[64];
	unsigned number;
	char *at;

	snprintf(text, sizeof(text), "%.*s", (int)(size < 60 ? size : 60), bytes);
	at = strstr(text, "CONNECT n");
	return at && sscanf(at, "CONNECT n%u", &number) == 1 ? number : INNOCENT;
}

/* Returns true when all has arrived. An innocent twin counts only then. */
static bool arrived(unsigned number, bool twin, const char *bytes, size_t size, const char *last)
{
	bool all = !memcmp(last, THE_END, sizeof(THE_END) - 1);

	if (number == INNOCENT)
		number = named_in(bytes, size);
	if (number != INNOCENT && size && (!twin || all))
		leave_mark(number, twin, bytes, size);
	return all;
}

/* ---------------------------------------------------------------- one end */

static void take_connection(nfds_t i)
{
	struct sockaddr_in6 own = {};
	socklen_t size = sizeof(own);
	bool dns = ends[i].kind == DNS_LISTENER;
	int fd = accept4(polls[i].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct end *end = fd < 0 ? NULL : end_add(fd, dns ? DNS_STREAM : STREAM);

	if (!end || getsockname(fd, (struct sockaddr *)&own, &size))
		return;
	if (own.sin6_family == AF_INET) {	/* of protocols without a socket for both */
		const struct sockaddr_in *four = (const struct sockaddr_in *)&own;

		end->number = ntohl(four->sin_addr.s_addr) >> 8 & 0xff;
	} else {
		end->number = number_of(&own.sin6_addr);
	}
	end->twin = ntohs(own.sin6_port) == PORT_TWIN || ntohs(own.sin6_port) == PORT_TWIN_MPTCP;
}

/* Returns false when it is over. */
static bool take_bytes(struct end *end, int fd)
{
	char bytes[16384];
	const size_t tail = sizeof(end->tail);
	ssize_t size = recv(fd, bytes, sizeof(bytes), 0);

	if (size <= 0)
		return size < 0 && errno == EAGAIN;
	if (end->number == INNOCENT)
		end->number = named_in(bytes, (size_t)size);
	for (size_t i = (size_t)size > tail ? (size_t)size - tail : 0; i < (size_t)size; i++) {
		memmove(end->tail, end->tail + 1, tail - 1);
		end->tail[tail - 1] = bytes[i];
	}
	if (arrived(end->number, end->twin, bytes, (size_t)size, end->tail))
		(void)send(fd, "E", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	return true;
}

/* From the address that was asked: who asked another one would not take it. */
static void reply(int fd, struct msghdr *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
		struct in6_pktinfo *own = (struct in6_pktinfo *)CMSG_DATA(head);

		if (head->cmsg_level != IPPROTO_IPV6 || head->cmsg_type != IPV6_PKTINFO)
			continue;
		if (!IN6_IS_ADDR_LINKLOCAL(&own->ipi6_addr))
			own->ipi6_ifindex = 0;
		message->msg_control = head;
		message->msg_controllen = CMSG_SPACE(sizeof(*own));
		(void)sendmsg(fd, message, MSG_DONTWAIT);
		return;
	}
}

static void take_datagram(const struct end *end, int fd)
{
	char bytes[4096], control[256];
	struct sockaddr_in6 from;
	struct iovec part = { bytes, sizeof(bytes) - 1 };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
				  .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct sockaddr_in6 own = {};
	socklen_t own_size = sizeof(own);
	ssize_t size = recvmsg(fd, &message, 0);
	unsigned number = INNOCENT;
	bool twin;

	if (size < (ssize_t)sizeof(THE_END) - 1)
		return;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
		if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO)
			number = number_of(&((struct in6_pktinfo *)CMSG_DATA(head))->ipi6_addr);
		if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO)
			number = ntohl(((struct in_pktinfo *)CMSG_DATA(head))->ipi_addr.s_addr) >> 8 & 0xff;
	}
	if (end->kind == ECHO4 && bytes[20] != 8)	/* ICMP: an echo is asked for */
		return;
	getsockname(fd, (struct sockaddr *)&own, &own_size);
	twin = end->kind == DATAGRAMS && ntohs(own.sin6_port) == PORT_TWIN;
	if (!arrived(number, twin, bytes, (size_t)size, bytes + size - (sizeof(THE_END) - 1)) || end->kind != DATAGRAMS)
		return;
	part = (struct iovec){ "E", 1 };
	reply(fd, &message);
}

static void answer_datagram(int fd)
{
	uint8_t bytes[1500], answer[4096], control[256];
	struct sockaddr_in6 from;
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
				  .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(fd, &message, 0);

	if (size <= 0)
		return;
	part = (struct iovec){ answer, answer_build(bytes, (size_t)size, answer, sizeof(answer)) };
	if (part.iov_len)
		reply(fd, &message);
}

/* A question over TCP comes in one piece here; one over "HTTP" is behind an empty line. */
static bool answer_stream(int fd)
{
	uint8_t bytes[1500], answer[4096];
	ssize_t size = recv(fd, bytes, sizeof(bytes), 0);
	size_t skip = size > 4 && !memcmp(bytes, "POST", 4) ? 4 : 2, length;

	if (size <= (ssize_t)skip)
		return size < 0 && errno == EAGAIN;
	length = answer_build(bytes + skip, (size_t)size - skip, answer + 2, sizeof(answer) - 2);
	answer[0] = (uint8_t)(length >> 8);
	answer[1] = (uint8_t)length;
	if (skip == 4)	/* as if it were encrypted */
		for (size_t i = 0; i < length + 2; i++)
			answer[i] ^= 0x55;
	(void)send(fd, answer, length + 2, MSG_NOSIGNAL | MSG_DONTWAIT);
	return length != 0;
}

static void take(nfds_t i)
{
	int fd = polls[i].fd;
	bool on = true;

	switch (ends[i].kind) {
	case LISTENER:
	case DNS_LISTENER: take_connection(i); break;
	case STREAM: on = take_bytes(&ends[i], fd); break;
	case DNS_STREAM: on = answer_stream(fd); break;
	case DNS_DATAGRAMS: answer_datagram(fd); break;
	default: take_datagram(&ends[i], fd); break;
	}
	if (!on)
		end_remove(i);
}

/* ---------------------------------------------------------------- every protocol there is */

static void set(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* A protocol that this kernel does not have is left out: its tricks are skipped by their own first try. */
static int bound(int family, int type, int protocol, unsigned port)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	struct sockaddr_in six_or[2] = {};
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)six_or;
	struct sockaddr_in *four = six_or;
	socklen_t size = family == AF_INET6 ? sizeof(*six) : sizeof(*four);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6) {
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	} else {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	}
	if (family == AF_INET)
		set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (protocol == IPPROTO_DCCP)
		set(fd, SOL_DCCP, DCCP_SERVICE, 1);
	if (bind(fd, (struct sockaddr *)six_or, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void listen_to(int family, int type, int protocol, unsigned port, enum kind kind)
{
	int fd = bound(family, type, protocol, port);

	if (fd < 0)
		return;
	set(fd, IPPROTO_TCP, TCP_FASTOPEN, FAST_OPEN_QUEUE);
	if (listen(fd, 64))
		fail("listen");
	end_add(fd, kind);
}

static void open_all(void)
{
	static const unsigned streams[] = { PORT, PORT_HTTP, PORT_OTHER, PORT_TWIN };

	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++)
		listen_to(AF_INET6, SOCK_STREAM, IPPROTO_TCP, streams[i], LISTENER);
	listen_to(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, PORT_MPTCP, LISTENER);
	listen_to(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, PORT_TWIN_MPTCP, LISTENER);
	listen_to(AF_INET6, SOCK_STREAM, IPPROTO_SCTP, PORT, LISTENER);
	listen_to(AF_INET, SOCK_DCCP, IPPROTO_DCCP, PORT, LISTENER);
	end_add(bound(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, PORT), DATAGRAMS);
	end_add(bound(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, PORT_TWIN), DATAGRAMS);
	end_add(bound(AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE, PORT), DATAGRAMS);
	end_add(bound(AF_INET, SOCK_RAW, PROTOCOL_OWN, 0), RAW4);
	end_add(bound(AF_INET6, SOCK_RAW, PROTOCOL_OWN, 0), RAW6);
	end_add(bound(AF_INET, SOCK_RAW, IPPROTO_ICMP, 0), ECHO4);
	listen_to(AF_INET6, SOCK_STREAM, IPPROTO_TCP, PORT_DNS, DNS_LISTENER);
	listen_to(AF_INET6, SOCK_STREAM, IPPROTO_TCP, PORT_DOH, DNS_LISTENER);
	end_add(bound(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, PORT_DNS), DNS_DATAGRAMS);
	end_add(bound(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, PORT_DNS_OTHER), DNS_DATAGRAMS);
}

static void write_pid(const char *file)
{
	char temporary[4096];
	FILE *out;

	snprintf(temporary, sizeof(temporary), "%s.new", file);
	out = fopen(temporary, "we");
	if (!out || fprintf(out, "%d\n", getpid()) < 0 || fclose(out) || rename(temporary, file))
		fail(file);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "hold")) {
		if (unshare(CLONE_NEWNET))
			fail("unshare");
		write_pid(argv[2]);
		for (;;)
			pause();
	}
	if (argc != 2) {
		fprintf(stderr, "usage: serve DIRECTORY\n       serve hold FILE\n");
		return 2;
	}
	signal(SIGCHLD, SIG_IGN);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_relay();
	}
	if (chdir(argv[1]) || unshare(CLONE_NEWNET))
		fail(argv[1]);
	open_all();
	write_pid("pid");
	while (poll(polls, count, -1) >= 0 || errno == EINTR) {
		for (nfds_t i = count; i-- > 0;)
			if (polls[i].revents)
				take(i);
	}
	fail("poll");
}
