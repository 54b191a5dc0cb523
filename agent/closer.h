/* SPDX-License-Identifier: MIT */
/*
 * closer.h - a process beside the agent that ends connections, in every network namespace. What that takes (CAP_NET_ADMIN,
 * CAP_SYS_ADMIN to enter a namespace, CAP_SYS_PTRACE to copy a descriptor) the agent itself gives up, because it reads what others have
 * written; this process reads nothing but records of one size from the agent, and in /proc who has what open. With --audit-only
 * there is none.
 */
#ifndef EMBARGO_CLOSER_H
#define EMBARGO_CLOSER_H

#include "../bpf/abi.h"

struct closer;

/**
 * closer_start() - before privileges are given up; the process ends with the agent
 * @out_closer: owned by the caller; untouched on failure
 *
 * Return: 0; -errno of socketpair(2), fork(2); -ECONNRESET (it could not give up its privileges); -ETIMEDOUT.
 */
int closer_start(struct closer **out_closer);

/** closer_end() - accepts NULL */
void closer_end(struct closer *closer);

/**
 * closer_close() - end a connection: who has it open gets ECONNABORTED, or what descriptor_end() says where .inode is set
 * @closer: borrowed; NULL: nobody may
 * @which:  as in sockets_destroy(), and where .inode is set as in descriptor_end()
 *
 * Waits for the answer: some 50 us. Return: 0; -ENOENT (it is gone); -EPERM (nobody may); -ETIMEDOUT; -errno of sockets.h and
 * descriptor.h.
 */
int closer_close(struct closer *closer, const struct closing *which);

#endif
