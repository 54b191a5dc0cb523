/* SPDX-License-Identifier: MIT */
/*
 * descriptor.c - see descriptor.h. A socket is known by the number of its inode, which all copies of a descriptor share, in whatever
 * process and network namespace.
 */
#include "descriptor.h"
#include "clean.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/sctp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* ---------------------------------------------------------------- who has it */

static void clean_directory(DIR **at)
{
	if (*at)
		(void)closedir(*at); /* only read */
}

/* Return: a copy of a descriptor of a process, if it still is that socket; -errno. */
static int copy_of(int process, int fd, __u32 inode)
{
	AUTO_FD int copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	struct stat status;

	if (copy < 0 || fstat(copy, &status) < 0)
		return -errno;
	return S_ISSOCK(status.st_mode) && status.st_ino == inode ? take_fd(copy) : -ENOENT;
}

/* Nothing else is copied: to close a copy means something to a terminal or a file on a network. */
static int copy_from(__u32 pid, __u32 inode)
{
	AUTO_FD int process = (int)syscall(SYS_pidfd_open, pid, 0);
	CLEANUP(clean_directory) DIR *directory = NULL;
	char path[64], wanted[64], link[64];
	struct dirent *entry;

	if (process < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	snprintf(wanted, sizeof(wanted), "socket:[%u]", inode);
	directory = opendir(path);
	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		ssize_t bytes = readlinkat(dirfd(directory), entry->d_name, link, sizeof(link) - 1);

		link[bytes > 0 ? bytes : 0] = 0;
		if (!strcmp(link, wanted))
			return copy_of(process, (int)strtol(entry->d_name, NULL, 10), inode);
	}
	return -ENOENT;
}

static int copy_from_each(__u32 inode)
{
	CLEANUP(clean_directory) DIR *directory = opendir("/proc");
	struct dirent *entry;
	int err = -ENOENT;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		__u32 pid = (__u32)strtoul(entry->d_name, NULL, 10);
		int fd = pid ? copy_from(pid, inode) : -ENOENT;

		if (fd >= 0)
			return fd;
		if (fd == -EPERM || fd == -EACCES)
			err = -EPERM;
	}
	return err;
}

static __u64 now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/*
 * Who connected may have passed it on, and be gone. Where much is open to look through that takes milliseconds, and processes
 * that connect and end at once could ask for it for ever: a tenth of the time at most.
 */
static int copy_from_anybody(__u32 inode)
{
	static __u64 rest_until_ns;
	__u64 began_ns = now_ns();
	int fd;

	if (began_ns < rest_until_ns)
		return -EAGAIN;
	fd = copy_from_each(inode);
	rest_until_ns = now_ns() + 9 * (now_ns() - began_ns);
	return fd;
}

/* ---------------------------------------------------------------- its end */

static int number_of(int fd, int option)
{
	int value = 0;
	socklen_t bytes = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) < 0 ? -errno : value;
}

/* Is it connected to that? It may have been to something else before, and a path of multipath TCP may lead elsewhere. */
static bool has_peer(int fd, const struct event_destination *to)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} peer = {0};
	socklen_t bytes = sizeof(peer);

	if (getpeername(fd, &peer.any, &bytes) < 0 || ntohs(peer.four.sin_port) != to->port)
		return false;
	if (peer.any.sa_family == AF_INET)
		return to->family == 4 && !memcmp(&peer.four.sin_addr, to->address, 4);
	if (IN6_IS_ADDR_V4MAPPED(&peer.six.sin6_addr))
		return to->family == 4 && !memcmp(&peer.six.sin6_addr.s6_addr[12], to->address, 4);
	return to->family == 6 && !memcmp(&peer.six.sin6_addr, to->address, 16);
}

/* Disconnects it, which resets every path. */
static int end_paths(int fd)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	return connect(fd, &nobody, sizeof(nobody)) < 0 ? -errno : 0;
}

/* While it connects, that is ENOTCONN, and done. */
static int end_both_ways(int fd)
{
	return shutdown(fd, SHUT_RDWR) < 0 && errno != ENOTCONN ? -errno : 0;
}

static socklen_t address_of(const struct event_destination *to, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (void *)out;
	struct sockaddr_in6 *six = (void *)out;

	if (to->family == 4) {
		*four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to->port)};
		memcpy(&four->sin_addr, to->address, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	*six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
	memcpy(&six->sin6_addr, to->address, sizeof(six->sin6_addr));
	return sizeof(*six);
}

/* One association of a socket that has many. */
static int end_association(int fd, const struct event_destination *to)
{
	const struct sctp_sndrcvinfo abort_it = {.sinfo_flags = SCTP_ABORT};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(abort_it))] = {0};
	struct sockaddr_storage address;
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = address_of(to, &address),
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = IPPROTO_SCTP;
	part->cmsg_type = SCTP_SNDRCV;
	part->cmsg_len = CMSG_LEN(sizeof(abort_it));
	memcpy(CMSG_DATA(part), &abort_it, sizeof(abort_it));
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int descriptor_end(const struct closing *which)
{
	int err = which->pid ? copy_from(which->pid, which->inode) : -ENOENT;
	AUTO_FD int fd = err < 0 ? copy_from_anybody(which->inode) : err;

	if (fd < 0)
		return fd;
	switch (number_of(fd, SO_PROTOCOL)) {
	case IPPROTO_MPTCP:
		if (!has_peer(fd, &which->to))
			return -ENOENT;
		/* some kernels between 6.1 and 6.6 do not disconnect what a thread waits for */
		return end_paths(fd) ? end_both_ways(fd) : 0;
	case IPPROTO_SCTP:
		return number_of(fd, SO_TYPE) == SOCK_SEQPACKET ? end_association(fd, &which->to) : end_both_ways(fd);
	}
	return end_both_ways(fd);
}
