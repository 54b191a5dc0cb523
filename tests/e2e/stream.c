/* SPDX-License-Identifier: MIT */
/*
 * stream.c - connections that carry something: a server that counts what it gets, and clients that send so many bytes and then
 * end or stay. What each prints is exact, so that a test can compare.
 *
 * usage: stream serve ADDRESS PORT REPLY           answers REPLY bytes to each connection that sends; "got BYTES" at its end
 *        stream take ADDRESS PORT 0                takes datagrams and says nothing
 *        stream send|half ADDRESS PORT BYTES REPLY sends, reads that many and ends; half: ends its own side first
 *        stream hold|udp ADDRESS PORT BYTES REPLY  the same, prints "open" and waits until the other side ends ("EOF") or it
 *                                                  gets an error, whose name it prints; a line on standard input: sends once more,
 *                                                  after it has connected to what the line says, if that is ADDRESS PORT
 *        stream mptcp-serve|mptcp-hold ...         by multipath TCP
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static char block[65536];
static int protocol;

static socklen_t parse(const char *text, const char *port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((unsigned short)strtoul(port, NULL, 10));
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((unsigned short)strtoul(port, NULL, 10));
	return sizeof(*six);
}

static int send_all(int fd, long bytes)
{
	while (bytes > 0) {
		ssize_t sent = send(fd, block, bytes < (long)sizeof(block) ? (size_t)bytes : sizeof(block), MSG_NOSIGNAL);

		if (sent < 0)
			return -errno;
		bytes -= sent;
	}
	return 0;
}

/* Return: 0 when so many have come, or -errno; -ENODATA: the other side has ended. */
static int read_all(int fd, long bytes)
{
	while (bytes > 0) {
		ssize_t got = recv(fd, block, bytes < (long)sizeof(block) ? (size_t)bytes : sizeof(block), 0);

		if (got <= 0)
			return got ? -errno : -ENODATA;
		bytes -= got;
	}
	return 0;
}

static void serve_one(int fd, long reply)
{
	long got = 0;
	ssize_t bytes;

	while ((bytes = recv(fd, block, sizeof(block), 0)) > 0) {
		if (!got && send_all(fd, reply))
			break;
		got += bytes;
	}
	close(fd);
	printf("got %ld\n", got);
	fflush(stdout);
}

static int take(const struct sockaddr_storage *address, socklen_t size)
{
	int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)address, size))
		return -errno;
	puts("listening");
	fflush(stdout);
	while (recv(fd, block, sizeof(block), 0) >= 0)
		;
	return -errno;
}

static int serve(const struct sockaddr_storage *address, socklen_t size, long reply)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, protocol), one = 1, client;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const struct sockaddr *)address, size) || listen(fd, 64))
		return -errno;
	puts("listening");
	fflush(stdout);
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		client = accept(fd, NULL, NULL);
		if (client >= 0 && !fork()) {
			close(fd);
			serve_one(client, reply);
			_exit(0);
		}
		if (client >= 0)
			close(client);
	}
}

/* Return: 0 or -errno. */
static int once_more(int fd, long bytes)
{
	char line[256], address_text[128], port[16];
	struct sockaddr_storage address;
	ssize_t size = read(0, line, sizeof(line) - 1);
	socklen_t length;

	if (size <= 0)
		return -ENODATA;
	line[size] = '\0';
	if (sscanf(line, "%127s %15s", address_text, port) == 2) {
		length = parse(address_text, port, &address);
		if (!length || connect(fd, (const struct sockaddr *)&address, length))
			return -errno;
	}
	return send_all(fd, bytes);
}

/* Return: the error that ended it. */
static int wait_for_end(int fd, long bytes)
{
	struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};

	for (;;) {
		if (poll(polled, 2, -1) < 0)
			continue;
		if (polled[0].revents) {
			int err = read_all(fd, 1);

			if (err)
				return err;
		}
		if (polled[1].revents) {
			int err = once_more(fd, bytes);

			if (err && err != -ENODATA)
				return err;
			if (err)
				polled[1].fd = -1;
			else
				puts("sent");
			fflush(stdout);
		}
	}
}

static int client(const char *how, const struct sockaddr_storage *address, socklen_t size, long bytes, long reply)
{
	int type = strcmp(how, "udp") ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(address->ss_family, type | SOCK_CLOEXEC, protocol), err = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, size))
		return -errno;
	err = send_all(fd, bytes);
	if (!err && !strcmp(how, "half"))
		(void)shutdown(fd, SHUT_WR);
	err = err ? err : read_all(fd, reply);
	if (err || !strcmp(how, "send"))
		return err;
	if (!strcmp(how, "half"))
		return read_all(fd, 1) == -ENODATA ? 0 : -EPROTO;
	puts("open");
	fflush(stdout);
	return wait_for_end(fd, bytes);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage address;
	socklen_t size = argc >= 5 ? parse(argv[2], argv[3], &address) : 0;
	int err;

	if (!size || argc > 6) {
		fprintf(stderr, "usage: stream [mptcp-]serve|take|send|half|hold|udp ADDRESS PORT BYTES [REPLY]\n");
		return 2;
	}
	if (!strncmp(argv[1], "mptcp-", 6)) {
		protocol = IPPROTO_MPTCP;
		argv[1] += 6;
	}
	if (!strcmp(argv[1], "serve"))
		err = serve(&address, size, strtol(argv[4], NULL, 10));
	else if (!strcmp(argv[1], "take"))
		err = take(&address, size);
	else
		err = client(argv[1], &address, size, strtol(argv[4], NULL, 10), argc == 6 ? strtol(argv[5], NULL, 10) : 0);
	puts(!err ? "OK" : err == -ENODATA ? "EOF" : strerrorname_np(-err));
	return err ? 1 : 0;
}
