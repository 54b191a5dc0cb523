/* SPDX-License-Identifier: MIT */
/*
 * process_text.h - what the files of /proc/PID say.
 */
#ifndef EMBARGO_PROCESS_TEXT_H
#define EMBARGO_PROCESS_TEXT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * maps_parse() - the files that are mapped executable, as in proc_pid_maps(5)
 * @text: changed; has a byte behind its end that may be written
 * @fn:   gets absolute paths, without " (deleted)"; the same one may come again; not 0 ends it
 */
int maps_parse(char *text, size_t bytes, int (*fn)(void *context, const char *path), void *context);

/* A line of /proc/PID/net/tcp and its like: the remote end. */
struct socket_line {
	unsigned family;	/* 4 or 6; v4-mapped is 4 */
	__u64 a, b;
	unsigned port;
	__u64 inode;
};

/**
 * sockets_parse() - sockets that have a remote address
 * @text: changed, as above
 * @family: of the file, 4 or 6
 */
int sockets_parse(char *text, size_t bytes, unsigned family,
		  int (*fn)(void *context, const struct socket_line *line), void *context);

/** status_uid() - the real user in the text of /proc/PID/status */
unsigned status_uid(const char *text);

/** without_root() - a path as a process sees it whose root is @root; @path itself if it is not below */
const char *without_root(const char *path, const char *root);

#endif
