/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - end a connection that SOCK_DESTROY cannot: multipath TCP, of which it ends one path and tells the program nothing,
 * and SCTP, which it does not know. What a process has open is copied, and the copy does what the process itself could do.
 */
#ifndef EMBARGO_DESCRIPTOR_H
#define EMBARGO_DESCRIPTOR_H

#include "../bpf/abi.h"

/**
 * descriptor_end() - who has the socket open sees its end, and nothing waits for it any more
 * @which: .inode, .pid (looked at first; 0: none) and .to are read
 *
 * Multipath TCP: all paths are reset, and the program sees ENOTCONN, EPIPE or the end of what it reads. Of SCTP a socket for one
 * association is shut down: EPIPE or the end. One for many keeps the others, and is told by a notification only. Not found is
 * a socket that is in flight in a message, or in files that one thread has for itself (CLONE_FILES).
 *
 * Return: 0; -ENOENT (no process has it open, or as a whole it is connected to something else than .to); -EAGAIN (that process does
 * not have it, and the others were looked through just before); -EPERM (no CAP_SYS_PTRACE, or kernel.yama.ptrace_scope is 3);
 * -ENOSYS (before Linux 5.6); -errno of shutdown(2) and the like.
 * Source: pidfd_getfd(2); mptcp_disconnect(), net/mptcp/protocol.c, v6.1 to v7.3; sctp_shutdown(), net/sctp/socket.c.
 */
int descriptor_end(const struct closing *which);

#endif
