/* SPDX-License-Identifier: MIT */
/* resolver.h - the conversation with systemd-resolved about its cache, by varlink: one object of JSON, a zero byte, and one back. */
#ifndef EMBARGO_RESOLVER_H
#define EMBARGO_RESOLVER_H

#include <stddef.h>

#define RESOLVER_SOCKET	   "/run/systemd/resolve/io.systemd.Resolve.Monitor"
#define RESOLVER_FD_NAME   "resolved-cache"	/* OpenFile= of embargod.service */
#define RESOLVER_REPLY_MAX (16u << 20)

/**
 * resolver_open() - a connection for as long as the agent may need one
 *
 * The one that the service manager has made, or one of its own. To be called once, before privileges are given up: up to version 256
 * the socket is for nobody but systemd-resolved and who may pass by its permissions.
 *
 * Return: a descriptor; -ENOENT (there is no such socket); -errno.
 */
int resolver_open(void);

/** resolver_connect() - another one, with the privileges of now. Return: a descriptor; -errno. */
int resolver_connect(void);

/**
 * resolver_ask() - ask for the cache
 * @fd:          connected; borrowed. Unless this succeeds, something of the answer may still be to come: not to be used again
 * @deadline_ms: CLOCK_MONOTONIC; until then this waits
 * @out_text:    the answer without its zero byte; to be freed. Untouched on failure
 *
 * Return: 0; -ETIMEDOUT; -E2BIG (more than RESOLVER_REPLY_MAX); -ECONNRESET (it is gone); -ENOMEM; -errno.
 */
int resolver_ask(int fd, long long deadline_ms, char **out_text, size_t *out_bytes);

#endif
