/* SPDX-License-Identifier: MIT */
/*
 * hello.c - both ends of a TLS connection as far as its first bytes, in every way that programs have to write them.
 *
 * usage: hello answer NAME ADDRESS            a DNS answer to itself: 127.0.0.53 says that this name has this address
 *        hello make NAME BYTES                a ClientHello with this name ("-": none) behind so many bytes of extensions
 *        hello serve PORT FILE                take connections in; FILE grows by what came, byte for byte
 *        hello flood ADDRESS PORT FILE        1,000 connections to itself there; writes what FILE has to each, says "sent", and then
 *                                             how many of them ended with ECONNABORTED
 *        hello WAY ADDRESS PORT FILE          connect, write what FILE has, wait for one byte
 *
 * The last prints OK when the server answered, else the error, and behind it how many milliseconds it took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define WAIT_MS 15000
#define HELLO_MAX 100000

static unsigned char hello[HELLO_MAX];
static size_t hello_bytes;

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static socklen_t parse(const char *text, unsigned short port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		exit(2);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof(*six);
}

/* ---------------------------------------------------------------- bytes */

static unsigned char *put(unsigned char *at, unsigned long value, unsigned bytes)
{
	while (bytes--)
		*at++ = value >> (8 * bytes);
	return at;
}

static unsigned char *put_labels(unsigned char *at, const char *name)
{
	while (*name) {
		size_t bytes = strcspn(name, ".");

		*at++ = bytes;
		memcpy(at, name, bytes);
		at += bytes;
		name += bytes + (name[bytes] == '.');
	}
	return put(at, 0, 1);
}

/* One question and one answer: RFC 1035, section 4.1. */
static size_t answer_fill(unsigned char *answer, const char *name, const char *address)
{
	struct in6_addr raw;
	int six = inet_pton(AF_INET6, address, &raw) == 1;
	unsigned char *at = put(answer, 0x123481800001, 6);

	if (!six && inet_pton(AF_INET, address, &raw) != 1)
		exit(2);
	at = put(at, 0x000100000000, 6);
	at = put_labels(at, name);
	at = put(at, six ? 28 : 1, 2);
	at = put(at, 1, 2);
	at = put(at, 0xc00c, 2);
	at = put(at, six ? 28 : 1, 2);
	at = put(at, 1, 2);
	at = put(at, 3600, 4);
	at = put(at, six ? 16 : 4, 2);
	memcpy(at, &raw, six ? 16 : 4);
	return at + (six ? 16 : 4) - answer;
}

static int answer(const char *name, const char *address)
{
	unsigned char bytes[512];
	size_t count = answer_fill(bytes, name, address);
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(53) }, own;
	socklen_t length = sizeof(own);
	int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, "127.0.0.53", &server.sin_addr);
	if (bind(from, (void *)&server, sizeof(server)) < 0)
		die("bind");
	if (connect(to, (void *)&server, sizeof(server)) < 0 || getsockname(to, (void *)&own, &length) < 0)
		die("connect");
	if (sendto(from, bytes, count, 0, (void *)&own, sizeof(own)) < 0 || recv(to, bytes, sizeof(bytes), 0) < 0)
		die("answer");
	return 0;
}

/* RFC 8446, section 4.1.2. The padding is of a type that nobody knows, as GREASE is. */
static int make(const char *name, size_t padding)
{
	size_t bytes = strcmp(name, "-") ? strlen(name) : 0, extensions = 4 + padding + (bytes ? bytes + 9 : 0);
	size_t body = 2 + 32 + 1 + 4 + 2 + 2 + extensions;
	unsigned char *at = put(hello, 0x160301, 3);

	at = put(at, body + 4, 2);
	at = put(at, 1ul << 24 | body, 4);
	at = put(at, 0x0303, 2);
	at += 32;
	at = put(at, 0, 1);
	at = put(at, 0x00021301, 4);
	at = put(at, 0x0100, 2);
	at = put(at, extensions, 2);
	at = put(at, 0x5a5a, 2);
	at = put(at, padding, 2);
	at += padding;
	if (bytes) {
		at = put(at, 0, 2);
		at = put(at, bytes + 5, 2);
		at = put(at, bytes + 3, 2);
		at = put(at, 0, 1);
		at = put(at, bytes, 2);
		memcpy(at, name, bytes);
		at += bytes;
	}
	return write(1, hello, at - hello) == at - hello ? 0 : 1;
}

/* ---------------------------------------------------------------- the server */

static void serve_one(int client, const char *file)
{
	char buffer[65536];
	int out = open(file, O_WRONLY | O_CREAT | O_APPEND, 0644);
	ssize_t bytes = recv(client, buffer, sizeof(buffer), 0);

	while (bytes > 0) {
		if (write(out, buffer, bytes) != bytes)
			exit(1);
		(void)!write(client, "A", 1);
		bytes = recv(client, buffer, sizeof(buffer), 0);
	}
	exit(0);
}

static _Noreturn void serve(unsigned short port, const char *file)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fast = 16, on = 1, listener = socket(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP);

	if (listener < 0)
		listener = socket(AF_INET6, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &fast, sizeof(fast));
	if (bind(listener, (void *)&any, sizeof(any)) < 0 || listen(listener, 64) < 0)
		die("listen");
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			continue;
		if (!fork())
			serve_one(client, file);
		close(client);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* ---------------------------------------------------------------- ways to write */

static void pause_ms(long ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL);
}

static void whole(int fd, const char *file)
{
	(void)file;
	(void)!write(fd, hello, hello_bytes);
}

/* In pieces, each written when the one before has had time to come again by itself. */
static void pieces(int fd, size_t each, long pause, int flags)
{
	for (size_t at = 0; at < hello_bytes; at += each) {
		size_t bytes = hello_bytes - at < each ? hello_bytes - at : each;

		if (send(fd, hello + at, bytes, flags | MSG_NOSIGNAL) < 0)
			return;
		if (pause)
			pause_ms(pause);
	}
}

static void split(int fd, const char *file)
{
	(void)file;
	pieces(fd, hello_bytes / 3 + 1, 300, 0);
}

static void bytes(int fd, const char *file)
{
	int on = 1;

	(void)file;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pieces(fd, 1, 0, 0);
}

static void eor(int fd, const char *file)
{
	(void)file;
	pieces(fd, hello_bytes / 3 + 1, 0, MSG_EOR);
}

static void more(int fd, const char *file)
{
	(void)file;
	pieces(fd, 10, 0, MSG_MORE);
	(void)send(fd, "", 0, MSG_NOSIGNAL);
}

static void cork(int fd, const char *file)
{
	int on = 1, off = 0;

	(void)file;
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	pieces(fd, 100, 0, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
}

static void vectors(int fd, const char *file)
{
	struct iovec parts[3] = { { hello, 3 }, { hello + 3, 40 }, { hello + 43, hello_bytes - 43 } };

	(void)file;
	(void)!writev(fd, parts, 3);
}

static void from_file(int fd, const char *file)
{
	int in = open(file, O_RDONLY);

	(void)!sendfile(fd, in, NULL, hello_bytes);
	close(in);
}

static void by_splice(int fd, const char *file)
{
	int in = open(file, O_RDONLY), ends[2];

	if (pipe(ends) < 0)
		exit(2);
	for (ssize_t moved = 1; moved > 0;) {
		moved = splice(in, NULL, ends[1], NULL, hello_bytes, 0);
		if (moved > 0)
			moved = splice(ends[0], NULL, fd, NULL, moved, 0);
	}
}

static void zerocopy(int fd, const char *file)
{
	int on = 1;

	(void)file;
	setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	(void)send(fd, hello, hello_bytes, MSG_ZEROCOPY | MSG_NOSIGNAL);
}

/* Another process writes. */
static void handed(int fd, const char *file)
{
	pid_t child = fork();

	if (!child) {
		whole(fd, file);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void half(int fd, const char *file)
{
	(void)file;
	(void)send(fd, hello, hello_bytes / 2, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
}

static const struct way {
	const char *name;
	void (*write)(int fd, const char *file);
	int protocol, fast;
} ways[] = {
	{ "whole", whole, IPPROTO_TCP, 0 },	  { "split", split, IPPROTO_TCP, 0 },
	{ "bytes", bytes, IPPROTO_TCP, 0 },	  { "eor", eor, IPPROTO_TCP, 0 },
	{ "more", more, IPPROTO_TCP, 0 },	  { "cork", cork, IPPROTO_TCP, 0 },
	{ "vectors", vectors, IPPROTO_TCP, 0 },	  { "sendfile", from_file, IPPROTO_TCP, 0 },
	{ "splice", by_splice, IPPROTO_TCP, 0 },  { "zerocopy", zerocopy, IPPROTO_TCP, 0 },
	{ "handed", handed, IPPROTO_TCP, 0 },	  { "half", half, IPPROTO_TCP, 0 },
	{ "fast-open", NULL, IPPROTO_TCP, 1 },	  { "mptcp", whole, IPPROTO_MPTCP, 0 },
	{ "mptcp-split", split, IPPROTO_MPTCP, 0 },
};

static int wait_answer(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&poll_fd, 1, WAIT_MS) == 0)
		return ETIMEDOUT;
	switch (recv(fd, &byte, 1, 0)) {
	case 1:
		return 0;
	case 0:
		return ENODATA;
	}
	return errno;
}

/* Until the server has taken everything: a close with something unread would throw away what is on its way. */
static void finish(int fd)
{
	const struct timeval limit = { .tv_sec = 10 };
	char bytes[512];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	shutdown(fd, SHUT_WR);
	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

static int attempt(const struct way *way, const struct sockaddr_storage *to, socklen_t size, const char *file)
{
	int fd = socket(to->ss_family, SOCK_STREAM, way->protocol), err;

	if (fd < 0)
		return errno;
	if (way->fast && sendto(fd, hello, hello_bytes, MSG_FASTOPEN | MSG_NOSIGNAL, (void *)to, size) < 0)
		return errno;
	if (!way->fast && connect(fd, (void *)to, size) < 0)
		return errno;
	if (way->write)
		way->write(fd, file);
	err = wait_answer(fd);
	if (!err)
		finish(fd);
	return err;
}

/* Who listens takes nothing in: nothing is to arrive. */
static int flood(const struct sockaddr_storage *to, socklen_t size)
{
	static int fds[1000];
	const struct rlimit many = { 4096, 4096 };
	int listener = socket(to->ss_family, SOCK_STREAM, 0), ended = 0;

	setrlimit(RLIMIT_NOFILE, &many);
	if (bind(listener, (const void *)to, size) < 0 || listen(listener, 4096) < 0)
		die("listen");
	for (size_t i = 0; i < 1000; i++) {
		fds[i] = socket(to->ss_family, SOCK_STREAM, 0);
		if (connect(fds[i], (const void *)to, size) < 0)
			die("connect");
		whole(fds[i], NULL);
	}
	puts("sent");
	fflush(stdout);
	for (size_t i = 0; i < 1000; i++)
		ended += wait_answer(fds[i]) == ECONNABORTED;
	printf("%d\n", ended);
	return 0;
}

static void read_hello(const char *file)
{
	int fd = open(file, O_RDONLY);
	ssize_t count = fd < 0 ? -1 : read(fd, hello, sizeof(hello));

	if (count < 0)
		die(file);
	hello_bytes = count;
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage to;
	socklen_t size;
	long long began;
	int err;

	if (argc == 4 && !strcmp(argv[1], "answer"))
		return answer(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "make"))
		return make(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve(atoi(argv[2]), argv[3]);
	if (argc != 5)
		return 2;
	size = parse(argv[2], atoi(argv[3]), &to);
	read_hello(argv[4]);
	if (!strcmp(argv[1], "flood"))
		return flood(&to, size);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, argv[1]))
			continue;
		began = now_ms();
		err = attempt(&ways[i], &to, size, argv[4]);
		printf("%s %lld\n", err ? strerrorname_np(err) : "OK", now_ms() - began);
		return 0;
	}
	return 2;
}
