/* SPDX-License-Identifier: MIT */
/* sockets.c - see sockets.h. What the kernel answers is checked for its length before it is read. */
#include "sockets.h"
#include "clean.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* States of sockets that have a peer; enum in include/net/tcp_states.h, listed in netinet/tcp.h. */
#define STATES_WITH_PEER                                                                           \
	(1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 |  \
	 1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

#define ANSWER_BYTES 32768 /* what the kernel sends at once at most: netlink_dump(), net/netlink/af_netlink.c */
#define WAIT_S       5     /* an answer is a matter of microseconds; never for ever */

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

/* The part of the kernel's struct tcp_info that is read: its layout only ever grows (include/uapi/linux/tcp.h). */
#define TCPI_BYTES_ACKED    120
#define TCPI_BYTES_RECEIVED 128

int sockets_open(int net_namespace)
{
	const struct timeval wait = {.tv_sec = WAIT_S};
	AUTO_FD int home = -1;
	int fd, err = 0;

	if (net_namespace >= 0) {
		home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (home < 0 || setns(net_namespace, CLONE_NEWNET) < 0)
			return -errno;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		err = -errno;
	if (home >= 0 && setns(home, CLONE_NEWNET) < 0)
		abort();
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return err ? err : fd;
}

static int ask(int netlink, const struct request *request)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(netlink, request, sizeof(*request), 0, (const struct sockaddr *)&kernel, sizeof(kernel));

	return sent < 0 ? -errno : 0;
}

/* Return: bytes, or a negative errno. */
static ssize_t answer(int netlink, void *buffer)
{
	ssize_t bytes;

	do
		bytes = recv(netlink, buffer, ANSWER_BYTES, 0);
	while (bytes < 0 && errno == EINTR);
	return bytes < 0 ? -errno : bytes;
}

/* ---------------------------------------------------------------- listing */

static bool is_mapped(const __be32 *address)
{
	return !address[0] && !address[1] && address[2] == htonl(0xffff);
}

static void take_addresses(const struct inet_diag_msg *from, struct socket_seen *seen)
{
	bool mapped = from->idiag_family == AF_INET6 && is_mapped(from->id.idiag_dst);
	bool four = from->idiag_family == AF_INET || mapped;

	seen->family = from->idiag_family == AF_INET6 ? 6 : 4;
	seen->to.family = four ? 4 : 6;
	seen->to.mapped = mapped;
	seen->to.protocol = IPPROTO_TCP;
	seen->to.port = ntohs(from->id.idiag_dport);
	seen->from_port = ntohs(from->id.idiag_sport);
	memcpy(seen->to.address, from->id.idiag_dst + (mapped ? 3 : 0), four ? 4 : 16);
	memcpy(seen->from, from->id.idiag_src + (mapped ? 3 : 0), four ? 4 : 16);
}

static void take_counts(const struct nlmsghdr *message, struct socket_seen *seen)
{
	const struct inet_diag_msg *body = NLMSG_DATA(message);
	int left = (int)NLMSG_PAYLOAD(message, sizeof(*body));

	for (const struct rtattr *part = (const void *)(body + 1); RTA_OK(part, left); part = RTA_NEXT(part, left)) {
		const char *info = RTA_DATA(part);

		if (part->rta_type != INET_DIAG_INFO || RTA_PAYLOAD(part) < TCPI_BYTES_RECEIVED + sizeof(__u64))
			continue;
		memcpy(&seen->sent, info + TCPI_BYTES_ACKED, sizeof(seen->sent));
		memcpy(&seen->received, info + TCPI_BYTES_RECEIVED, sizeof(seen->received));
	}
}

static int take(const struct nlmsghdr *message, socket_fn fn, void *context)
{
	const struct inet_diag_msg *from = NLMSG_DATA(message);
	struct socket_seen seen = {0};

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*from)))
		return -EPROTO;
	take_addresses(from, &seen);
	take_counts(message, &seen);
	seen.cookie = (__u64)from->id.idiag_cookie[1] << 32 | from->id.idiag_cookie[0];
	seen.state = from->idiag_state;
	seen.uid = from->idiag_uid;
	seen.inode = from->idiag_inode;
	seen.device = from->id.idiag_if;
	return fn(context, &seen);
}

static int error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	return message->nlmsg_len < NLMSG_LENGTH(sizeof(error->error)) ? -EPROTO : error->error;
}

/* What is left of an answer that nobody wants is read all the same: it would be taken for that to the next question. */
static int take_all(int netlink, socket_fn fn, void *context)
{
	_Alignas(struct nlmsghdr) char buffer[ANSWER_BYTES];
	int result = 0;

	for (;;) {
		ssize_t bytes = answer(netlink, buffer);
		struct nlmsghdr *message = (void *)buffer;

		if (bytes < 0)
			return result ? result : (int)bytes;
		for (unsigned left = bytes; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
				return result ? result : error_of(message);
			if (!result && message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
				result = take(message, fn, context);
		}
	}
}

int sockets_each(int netlink, bool counts, socket_fn fn, void *context)
{
	static const __u8 families[] = {AF_INET, AF_INET6};
	int err = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(families) && !err; i++) {
		struct request request = {
			.header = {.nlmsg_len = sizeof(request),
				   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
				   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
			.body = {.sdiag_family = families[i],
				 .sdiag_protocol = IPPROTO_TCP,
				 .idiag_ext = counts ? 1 << (INET_DIAG_INFO - 1) : 0,
				 .idiag_states = STATES_WITH_PEER},
		};

		err = ask(netlink, &request);
		err = err ? err : take_all(netlink, fn, context);
	}
	return err;
}

/* ---------------------------------------------------------------- destroying */

/* @device: the interface that the socket is bound to; without it one that is bound is not found */
static int destroy_at(int netlink, const struct closing *which, __u32 device)
{
	_Alignas(struct nlmsghdr) char buffer[ANSWER_BYTES];
	struct nlmsghdr *message = (void *)buffer;
	struct request request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DESTROY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.body = {.sdiag_family = which->to.family == 6 ? AF_INET6 : AF_INET, 
			 .sdiag_protocol = which->to.protocol == IPPROTO_UDP ? IPPROTO_UDP : IPPROTO_TCP},
	};
	struct inet_diag_sockid *id = &request.body.id;
	ssize_t bytes;
	int err;

	id->idiag_sport = htons(which->from_port);
	id->idiag_dport = htons(which->to.port);
	memcpy(id->idiag_src, which->from, sizeof(which->from));
	memcpy(id->idiag_dst, which->to.address, sizeof(which->to.address));
	id->idiag_if = device;
	id->idiag_cookie[0] = (__u32)which->cookie;
	id->idiag_cookie[1] = which->cookie >> 32;
	err = ask(netlink, &request);
	if (err)
		return err;
	bytes = answer(netlink, buffer);
	if (bytes < 0)
		return (int)bytes;
	return NLMSG_OK(message, (unsigned)bytes) && message->nlmsg_type == NLMSG_ERROR ? error_of(message) : -EPROTO;
}

struct wanted {
	__u64 cookie;
	__u32 device;
};

static int is_wanted(void *context, const struct socket_seen *seen)
{
	struct wanted *wanted = context;

	wanted->device = seen->device;
	return seen->cookie == wanted->cookie;
}

int sockets_destroy(int netlink, const struct closing *which)
{
	struct wanted wanted = {.cookie = which->cookie};
	int err = destroy_at(netlink, which, which->device);

	/* bound to an interface, or with an address that is valid on one only */
	if (err == -ENOENT && which->to.protocol != IPPROTO_UDP && sockets_each(netlink, false, is_wanted, &wanted) == 1)
		err = destroy_at(netlink, which, wanted.device);
	return err;
}

/* ---------------------------------------------------------------- namespaces */

/* Return: a descriptor, to be closed; -errno. @pid is a number, so the path fits. */
static int namespace_of(__u32 pid, __u32 *out_inode)
{
	AUTO_FD int fd = -1;
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	*out_inode = (__u32)status.st_ino;
	return take_fd(fd);
}

struct namespaces {
	__u32 *seen;
	size_t count, room;
};

/* Return: 1, or 0 if it is there already; -ENOMEM. There are few: a search from the first on will do. */
static int namespaces_add(struct namespaces *all, __u32 inode)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->seen[i] == inode)
			return 0;
	if (all->count == all->room) {
		size_t room = all->room ? all->room * 2 : 64;
		__u32 *grown = reallocarray(all->seen, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		all->seen = grown;
		all->room = room;
	}
	all->seen[all->count++] = inode;
	return 1;
}

int sockets_namespaces(socket_namespace_fn fn, void *context, unsigned *out_hidden)
{
	struct namespaces all = {0};
	unsigned hidden = 0;
	struct dirent *entry;
	DIR *directory = opendir("/proc");
	int err = 0;

	if (!directory)
		return -errno;
	while (!err && (entry = readdir(directory))) {
		__u32 pid = (__u32)strtoul(entry->d_name, NULL, 10), inode;
		AUTO_FD int fd = -1;

		if (!pid)
			continue;
		fd = namespace_of(pid, &inode);
		hidden += fd == -EACCES || fd == -EPERM;
		if (fd < 0)
			continue;
		err = namespaces_add(&all, inode);
		if (err > 0)
			err = fn(context, fd, inode, pid);
	}
	(void)closedir(directory); /* only read */
	free(all.seen);
	if (out_hidden)
		*out_hidden = hidden;
	return err;
}

struct search {
	__u32 inode;
	int found;
};

static int is_searched(void *context, int net_namespace, __u32 inode, __u32 pid)
{
	struct search *search = context;

	if (inode != search->inode)
		return 0;
	search->found = fcntl(net_namespace, F_DUPFD_CLOEXEC, 3);
	return search->found < 0 ? -errno : 1;
}

int sockets_namespace(__u32 inode, __u32 pid)
{
	struct search search = {.inode = inode, .found = -1};
	__u32 seen;
	int fd, err;

	fd = pid ? namespace_of(pid, &seen) : -ENOENT;
	if (fd >= 0 && seen == inode)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	err = sockets_namespaces(is_searched, &search, NULL);
	return err == 1 ? search.found : err ? err : -ENOENT;
}
