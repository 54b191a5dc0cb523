/* SPDX-License-Identifier: MIT */
/*
 * apart.h - work in a process of its own: large parsers, slow disks and much memory then cost the agent's loop
 * nothing. The child has what the agent has (descriptors of maps, privileges) and ends with it.
 */
#ifndef EMBARGO_APART_H
#define EMBARGO_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct apart {
	pid_t pid;	/* 0: none */
	int fd;		/* read what the child writes; -1 */
};

/* @fd: to write to, closed at the end. Return: 0, or not: then the process ends with status 1. */
typedef int (*apart_fn)(void *context, int fd);

/**
 * apart_start() - begin
 * @fn:  runs in the child, with default signal handling and no signal blocked, without the agent's sockets and the
 *       files that it writes; must not touch the event loop
 * @out: untouched on failure; @out->fd does not block
 *
 * Return: 0 or the negative errno of pipe2(2) or fork(2).
 */
int apart_start(apart_fn fn, void *context, struct apart *out);

/** apart_start_with() - the same, and this one of the agent's sockets stays open in it; -1: none */
int apart_start_with(apart_fn fn, void *context, int kept_fd, struct apart *out);

/**
 * apart_end() - wait for it
 * @kill_it: do not wait for its end, make it. One that cannot be ended, because a file system does not answer, is left
 *           behind after a fifth of a second and collected by a later apart_start()
 *
 * Accepts one that was never started. Return: whether it ended by itself, with status 0.
 */
bool apart_end(struct apart *apart, bool kill_it);

/** apart_low_priority() - in the child: processor and disk only when nobody else wants them */
void apart_low_priority(void);

/** apart_write() - all of it, whatever signals come. Return: 0 or -errno. */
int apart_write(int fd, const void *data, size_t bytes);

/**
 * apart_read() - all of it, waiting at most until a time
 * @deadline_ms: CLOCK_MONOTONIC
 * Return: 1; 0 (the end, before the first byte); -ETIMEDOUT; -EPROTO (the end in the middle); -errno.
 */
int apart_read(int fd, void *data, size_t bytes, long long deadline_ms);

/** apart_now_ms() - CLOCK_MONOTONIC */
long long apart_now_ms(void);

#endif
