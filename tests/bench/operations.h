/* SPDX-License-Identifier: MIT */
/*
 * operations.h - the ordinary things that hooks stand in the way of, each done many times by a process of
 * its own in the bench's cgroup, on one processor, and timed by that process.
 */
#ifndef EMBARGO_BENCH_OPERATIONS_H
#define EMBARGO_BENCH_OPERATIONS_H

#include <stddef.h>

enum operation {
	OPERATION_EXEC_STATIC,  /* vfork, exec of a program without a C library, wait */
	OPERATION_EXEC_DYNAMIC, /* of one that is linked as usual */
	OPERATION_EXEC_DEEP,    /* of the static one below 11 directories */
	OPERATION_EXEC_USUAL,   /* of /usr/bin/true */
	OPERATION_TCP,          /* connect(2) to a listener */
	OPERATION_UDP_CONNECT,  /* connect(2) of a datagram socket, to ever other addresses */
	OPERATION_UDP6_CONNECT,
	OPERATION_UDP_SEND, /* sendto(2) without a connection */
	OPERATION_TCP_SEGMENT, /* a few bytes over a connection that is there */
	OPERATION_CONTAINED_CONNECT, /* as OPERATION_UDP_CONNECT, by a program of its own, which a policy may contain */
	OPERATION_MAX,
};

struct site {
	const char *cgroup; /* where subjects run, and which --within names */
	const char *pins;   /* a directory that is not there, on a BPF file system */
	const char *work;   /* for files */
	const char *programs[OPERATION_MAX]; /* of the exec operations; a copy of the bench itself for the contained one */
};

/**
 * operation_run() - do it so often
 * @site:     borrowed
 * @count:    how often
 * @out_ns:   wall time of one, nanoseconds, in the best of twelve equal parts
 *
 * Return: 0; a negative errno of the first that failed, or -ECHILD when the process ended early.
 */
int operation_run(const struct site *site, enum operation operation, size_t count, double *out_ns);

/**
 * operation_contained() - main() of the program of OPERATION_CONTAINED_CONNECT
 * @count: how often, in digits
 * @end:   descriptor that the answer goes to, in digits
 *
 * Return: exit status.
 */
int operation_contained(const char *count, const char *end);

#endif
