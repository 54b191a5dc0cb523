/* SPDX-License-Identifier: MIT */
/* operations.c - see operations.h. Everything stays on loopback. */
#include "operations.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTS 12
#define BATCH 32 /* datagrams that surely fit into a receive buffer */

struct answer {
	double ns;
	int err;
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static int run_exec(const char *program, size_t count, double *out_ns)
{
	char *argv[] = {(char *)program, NULL}, *env[] = {NULL};
	double begin = now_ns();
	int status;
	pid_t pid;

	for (size_t i = 0; i < count; i++) {
		int err = posix_spawn(&pid, program, NULL, NULL, argv, env);

		if (err)
			return -err;
		if (waitpid(pid, &status, 0) != pid || status)
			return -ECHILD;
	}
	*out_ns = (now_ns() - begin) / count;
	return 0;
}

/* A socket bound to a port of its own on 127.0.0.1. */
static int bound(int type, struct sockaddr_in *out)
{
	socklen_t bytes = sizeof(*out);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*out = (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (struct sockaddr *)out, sizeof(*out)) ||
	    getsockname(fd, (struct sockaddr *)out, &bytes))
		return -errno;
	return fd;
}

/* The handshake is over when connect() returns: both ends are on this processor. Only connect() is timed. */
static int run_tcp(size_t count, double *out_ns)
{
	const struct linger at_once = {.l_onoff = 1};
	struct sockaddr_in address;
	int listener = bound(SOCK_STREAM, &address);
	double sum = 0;

	if (listener < 0)
		return listener;
	if (listen(listener, 8))
		return -errno;
	for (size_t i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other;
		double begin = now_ns();

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return -errno;
		sum += now_ns() - begin;
		other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (other < 0)
			return -errno;
		/* no TIME_WAIT: ports would run out */
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
		close(other);
	}
	close(listener);
	*out_ns = sum / count;
	return 0;
}

static int run_udp_connect(size_t count, double *out_ns)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double begin = now_ns();
	unsigned host = 1;

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < count; i++) {
		host = host * 1664525 + 1013904223;
		address.sin_addr.s_addr = htonl(0x7f000001 | (host >> 8));
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return -errno;
	}
	*out_ns = (now_ns() - begin) / count;
	close(fd);
	return 0;
}

static int run_udp6_connect(size_t count, double *out_ns)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double begin = now_ns();

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < count; i++)
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return -errno;
	*out_ns = (now_ns() - begin) / count;
	close(fd);
	return 0;
}

/* Received again in batches, outside of the time. */
static int run_udp_send(size_t count, double *out_ns)
{
	struct sockaddr_in address;
	int receiver = bound(SOCK_DGRAM, &address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double sum = 0;
	char byte = 'x';

	if (receiver < 0 || fd < 0)
		return receiver < 0 ? receiver : -errno;
	for (size_t i = 0; i < count; i += BATCH) {
		double begin = now_ns();

		for (size_t j = 0; j < BATCH; j++)
			if (sendto(fd, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)) !=
			    1)
				return -errno;
		sum += now_ns() - begin;
		while (recv(receiver, &byte, 1, MSG_DONTWAIT) == 1)
			;
	}
	*out_ns = sum / ((count + BATCH - 1) / BATCH * BATCH);
	close(fd);
	close(receiver);
	return 0;
}

/* One segment out and in for each, and now and then one that says so. */
static int run_tcp_segment(size_t count, double *out_ns)
{
	const int at_once = 1;
	struct sockaddr_in address;
	int listener = bound(SOCK_STREAM, &address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other;
	char bytes[64] = "";
	double begin;

	if (listener < 0 || fd < 0 || listen(listener, 1) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once)))
		return listener < 0 ? listener : -errno;
	other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (other < 0)
		return -errno;
	begin = now_ns();
	for (size_t i = 0; i < count; i++)
		if (send(fd, bytes, sizeof(bytes), 0) != sizeof(bytes) ||
		    recv(other, bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes))
			return -errno;
	*out_ns = (now_ns() - begin) / count;
	close(fd);
	close(other);
	close(listener);
	return 0;
}

static int enter(const char *cgroup)
{
	char path[512];
	cpu_set_t set;
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		err = -errno;
	close(fd);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (!err && sched_setaffinity(0, sizeof(set), &set))
		err = -errno;
	return err;
}

static int run(const struct site *site, enum operation operation, size_t count, double *out_ns)
{
	switch (operation) {
	case OPERATION_TCP:
		return run_tcp(count, out_ns);
	case OPERATION_UDP_CONNECT:
	case OPERATION_CONTAINED_CONNECT:
		return run_udp_connect(count, out_ns);
	case OPERATION_UDP6_CONNECT:
		return run_udp6_connect(count, out_ns);
	case OPERATION_UDP_SEND:
		return run_udp_send(count, out_ns);
	case OPERATION_TCP_SEGMENT:
		return run_tcp_segment(count, out_ns);
	default:
		return run_exec(site->programs[operation], count, out_ns);
	}
}

/* The best of some parts: what others on the machine take in one of them is not what we ask about. */
static int run_best(const struct site *site, enum operation operation, size_t count, double *out_ns)
{
	double best = 0, ns = 0;

	for (int part = 0; part < PARTS; part++) {
		int err = run(site, operation, (count + PARTS - 1) / PARTS, &ns);

		if (err)
			return err;
		if (!part || ns < best)
			best = ns;
	}
	*out_ns = best;
	return 0;
}

/* Another program in our place, as what is contained begins with an exec. Returns on failure only. */
static int become_contained(const char *program, size_t count, int end)
{
	char counted[24], descriptor[16];

	snprintf(counted, sizeof(counted), "%zu", count);
	snprintf(descriptor, sizeof(descriptor), "%d", end);
	if (!fcntl(end, F_SETFD, 0))
		execl(program, program, "--contained", counted, descriptor, (char *)NULL);
	return -errno;
}

int operation_contained(const char *count, const char *end)
{
	struct answer answer = {};

	answer.err = run_best(NULL, OPERATION_CONTAINED_CONNECT, strtoul(count, NULL, 10), &answer.ns);
	return write(atoi(end), &answer, sizeof(answer)) != sizeof(answer);
}

int operation_run(const struct site *site, enum operation operation, size_t count, double *out_ns)
{
	struct answer answer = {.err = -ECHILD};
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		answer.err = enter(site->cgroup);
		if (!answer.err && operation == OPERATION_CONTAINED_CONNECT)
			answer.err = become_contained(site->programs[operation], count, ends[1]);
		if (!answer.err)
			answer.err = run_best(site, operation, count, &answer.ns);
		_exit(write(ends[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(ends[1]);
	if (read(ends[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.err = -ECHILD;
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!answer.err)
		*out_ns = answer.ns;
	return answer.err;
}
