/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - TCP sockets of a network namespace as the kernel has them: listed, and destroyed so that who has one open sees
 * an error. By netlink (sock_diag(7)), which works alike on every kernel; knows nothing of rules.
 *
 * Listing needs no privilege in the own namespace. To open another one needs CAP_SYS_ADMIN, and CAP_SYS_PTRACE where a
 * process of somebody else shows it; to destroy needs CAP_NET_ADMIN.
 */
#ifndef EMBARGO_SOCKETS_H
#define EMBARGO_SOCKETS_H

#include "../bpf/abi.h"
#include <stdbool.h>

struct socket_seen {
	__u64 cookie;			/* as bpf_get_socket_cookie() has it */
	/*
	 * Bytes of payload, acknowledged ones; 0 where not known. The kernel counts the SYN of a connection that was made here and
	 * a FIN as a byte each in "sent": tcp_snd_una_update(), net/ipv4/tcp_input.c.
	 */
	__u64 sent, received;
	struct event_destination to;
	__u8 from[16];			/* as in event_destination.address */
	__u16 from_port;		/* host order */
	__u8 state;			/* TCP_ESTABLISHED, ... of netinet/tcp.h */
	__u8 family;			/* 4 or 6, of the socket: 6 also where to.mapped */
	__u32 uid;
	__u32 inode;			/* of the socket, as in /proc/PID/fd; 0: nobody has it open any more */
	__u32 device;			/* index of the interface that it is bound to; 0: none */
};

/**
 * sockets_open() - a netlink socket in a network namespace
 * @net_namespace: descriptor of it, borrowed; -1: the calling thread's own
 *
 * The calling thread is in that namespace for a moment. If it cannot come back, the process ends: what it did from then on
 * would hit the wrong sockets.
 *
 * Return: a descriptor, to be closed; -EPERM (no CAP_SYS_ADMIN over it); -EPROTONOSUPPORT (no module sock_diag); -errno.
 */
int sockets_open(int net_namespace);

/* Not 0 ends the listing. */
typedef int (*socket_fn)(void *context, const struct socket_seen *seen);

/**
 * sockets_each() - TCP sockets that have a peer, of both families
 * @netlink: of sockets_open(); borrowed, not used by the callback
 * @counts:  fill in .sent and .received too, which costs the kernel a little more
 *
 * Return: 0; what @fn returned; -ENOENT (no module tcp_diag or inet_diag, and none could be loaded); -EPROTO; -errno.
 */
int sockets_each(int netlink, bool counts, socket_fn fn, void *context);

/**
 * sockets_destroy() - end a connection: its owner gets ECONNABORTED, its peer a reset
 * @netlink: of sockets_open() in its namespace
 * @which:   of TCP, or a connected socket of UDP; .cookie, .to, .from, .from_port and .device are read; so another connection that has the same addresses by now is safe
 *
 * Return: 0; -ENOENT (it is gone); -EPERM (no CAP_NET_ADMIN); -EOPNOTSUPP (kernel without INET_DIAG_DESTROY); -errno.
 * Source: sock_diag_destroy(), net/core/sock_diag.c; tcp_abort(), net/ipv4/tcp.c, v5.10 to v7.2.
 */
int sockets_destroy(int netlink, const struct closing *which);

/**
 * sockets_namespace() - a network namespace by its number
 * @inode: as in /proc/PID/ns/net
 * @pid:   a process that was in it, looked at first; 0: none
 *
 * Return: a descriptor, to be closed; -ENOENT (no process is in it that we can see); -errno.
 */
int sockets_namespace(__u32 inode, __u32 pid);

/* @net_namespace: descriptor, borrowed. @inode: its number. @pid: a process in it. Not 0 ends the listing. */
typedef int (*socket_namespace_fn)(void *context, int net_namespace, __u32 inode, __u32 pid);

/**
 * sockets_namespaces() - every network namespace that a process is in, each once
 * @out_hidden: processes whose namespace we may not see; may be NULL
 *
 * Return: 0; what @fn returned; -errno.
 */
int sockets_namespaces(socket_namespace_fn fn, void *context, unsigned *out_hidden);

#endif
