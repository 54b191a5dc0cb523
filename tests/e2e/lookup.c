/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - ask a DNS server, as a stub resolver does, or answer one question with bytes that no server would send. Prints the
 * addresses of the answer, sorted, on one line; "none" without one, or the name of the error.
 *
 * usage: lookup ask udp|tcp SERVER NAME a|aaaa|https
 *        lookup many SERVER PATTERN COUNT     PATTERN with one %d; prints how many were answered
 *        lookup answer udp|tcp|tcp-split ADDRESS HEX...    answer one question with these bytes; its id is put in front
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MESSAGE_MAX 65535

static void end(const char *what)
{
	printf("%s\n", what);
	exit(0);
}

static void failed(void)
{
	end(strerrorname_np(errno));
}

static struct sockaddr_storage address_of(const char *text, socklen_t *out_bytes)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in6 *six = (void *)&out;
	struct sockaddr_in *four = (void *)&out;

	if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(53);
		*out_bytes = sizeof(*six);
	} else if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(53);
		*out_bytes = sizeof(*four);
	} else {
		end("EINVAL");
	}
	return out;
}

static int open_to(const char *server, int type)
{
	const struct timeval patience = {.tv_sec = 20};
	socklen_t bytes;
	struct sockaddr_storage to = address_of(server, &bytes);
	int fd = socket(to.ss_family, type, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, bytes))
		failed();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* With EDNS, as resolvers do. Returns the bytes of the query. */
static size_t query(unsigned char *out, const char *name, unsigned type, unsigned id)
{
	const unsigned char head[] = {id >> 8, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
	const unsigned char option[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
	unsigned char *at = out;

	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	while (*name) {
		size_t bytes = strcspn(name, ".");

		*at++ = bytes;
		memcpy(at, name, bytes);
		at += bytes;
		name += bytes + (name[bytes] == '.');
	}
	memcpy(at, (unsigned char[]){0, type >> 8, type, 0, 1}, 5);
	at += 5;
	memcpy(at, option, sizeof(option));
	return at + sizeof(option) - out;
}

/* A name that is passed over; no pointer is followed. */
static size_t name_end(const unsigned char *message, size_t at, size_t bytes)
{
	while (at < bytes && message[at] && message[at] < 0xc0)
		at += message[at] + 1;
	return at + (at < bytes && message[at] ? 2 : 1);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void print_addresses(const unsigned char *message, size_t bytes)
{
	static char list[4096][INET6_ADDRSTRLEN];
	size_t count = 0, at = 12;
	unsigned questions, records;

	if (bytes < 12)
		end("EBADMSG");
	questions = message[4] << 8 | message[5];
	records = message[6] << 8 | message[7];
	while (questions--)
		at = name_end(message, at, bytes) + 4;
	while (records-- && count < 4096) {
		unsigned type, length;

		at = name_end(message, at, bytes);
		if (at + 10 > bytes)
			break;
		type = message[at] << 8 | message[at + 1];
		length = message[at + 8] << 8 | message[at + 9];
		at += 10;
		if (at + length > bytes)
			break;
		if (type == 1 || type == 28)
			inet_ntop(type == 1 ? AF_INET : AF_INET6, message + at, list[count++], sizeof(list[0]));
		at += length;
	}
	qsort(list, count, sizeof(list[0]), compare);
	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? " " : "", list[i]);
	end(count ? "" : "none");
}

static size_t read_all(int fd, unsigned char *out, size_t bytes)
{
	size_t have = 0;
	ssize_t got;

	while (have < bytes && (got = recv(fd, out + have, bytes - have, 0)) > 0)
		have += got;
	return have;
}

static void ask(const char *way, const char *server, const char *name, const char *kind)
{
	unsigned type = !strcmp(kind, "a") ? 1 : !strcmp(kind, "aaaa") ? 28 : 65;
	unsigned char message[MESSAGE_MAX + 2];
	int tcp = !strcmp(way, "tcp"), fd = open_to(server, tcp ? SOCK_STREAM : SOCK_DGRAM);
	size_t bytes = query(message + 2, name, type, getpid());
	ssize_t got;

	message[0] = bytes >> 8;
	message[1] = bytes;
	if (send(fd, tcp ? message : message + 2, tcp ? bytes + 2 : bytes, 0) < 0)
		failed();
	if (tcp) {
		if (read_all(fd, message, 2) != 2)
			end("EPIPE");
		got = read_all(fd, message + 2, message[0] << 8 | message[1]);
	} else {
		got = recv(fd, message + 2, MESSAGE_MAX, 0);
	}
	if (got < 0)
		failed();
	print_addresses(message + 2, got);
}

/* One after the other: how many have an answer. */
static void many(const char *server, const char *pattern, unsigned count)
{
	unsigned char message[MESSAGE_MAX];
	int fd = open_to(server, SOCK_DGRAM);
	unsigned answered = 0;

	for (unsigned i = 0; i < count; i++) {
		char name[256];
		size_t bytes;

		snprintf(name, sizeof(name), pattern, i);
		bytes = query(message, name, 1, i);
		if (send(fd, message, bytes, 0) < 0)
			failed();
		if (recv(fd, message, sizeof(message), 0) > 12 && (message[6] || message[7]))
			answered++;
	}
	printf("%u\n", answered);
}

/* The id of the question, and behind it what was given. */
static size_t answer_bytes(unsigned char *out, const unsigned char *question, char **words)
{
	size_t bytes = 2;

	memcpy(out, question, 2);
	for (; *words; words++)
		for (const char *at = *words; at[0] && at[1]; at += 2) {
			char byte[3] = {at[0], at[1], 0};

			out[bytes++] = strtoul(byte, NULL, 16);
		}
	return bytes;
}

static void answer_stream(int fd, int split, char **words)
{
	unsigned char question[MESSAGE_MAX], message[MESSAGE_MAX];
	int one = 1;
	size_t bytes;

	if (listen(fd, 1) || (fd = accept(fd, NULL, NULL)) < 0)
		failed();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (recv(fd, question, sizeof(question), 0) < 4)
		failed();
	bytes = answer_bytes(message + 2, question + 2, words);
	message[0] = bytes >> 8;
	message[1] = bytes;
	if (split && (send(fd, message, 2, 0) != 2 || usleep(100000)))
		failed();
	if (send(fd, message + (split ? 2 : 0), split ? bytes : bytes + 2, 0) < 0)
		failed();
	(void)recv(fd, question, sizeof(question), 0);	/* until the other side ends */
}

static void answer(const char *way, const char *server, char **words)
{
	unsigned char question[MESSAGE_MAX], message[MESSAGE_MAX];
	int udp = !strcmp(way, "udp"), one = 1, fd;
	struct sockaddr_storage from;
	socklen_t bytes;
	struct sockaddr_storage at = address_of(server, &bytes);

	fd = socket(at.ss_family, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, bytes))
		failed();
	if (!udp) {
		answer_stream(fd, !strcmp(way, "tcp-split"), words);
		return;
	}
	bytes = sizeof(from);
	if (recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&from, &bytes) < 12)
		failed();
	if (sendto(fd, message, answer_bytes(message, question, words), 0, (struct sockaddr *)&from, bytes) < 0)
		failed();
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "ask"))
		ask(argv[2], argv[3], argv[4], argv[5]);
	else if (argc == 5 && !strcmp(argv[1], "many"))
		many(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	else if (argc >= 5 && !strcmp(argv[1], "answer"))
		answer(argv[2], argv[3], argv + 4);
	else
		return 2;
	return 0;
}
