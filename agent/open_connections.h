/* SPDX-License-Identifier: MIT */
/*
 * open_connections.h - connections that were there before what embargoes them: found when a policy becomes active, when more is
 * known or when a pause is over, decided as a new one would be, told one by one, and in enforce mode ended.
 */
#ifndef EMBARGO_OPEN_CONNECTIONS_H
#define EMBARGO_OPEN_CONNECTIONS_H

#include "kernel.h"
#include "record.h"

struct closer;
struct generation;
struct open_connections;

struct open_options {
	struct kernel *kernel;		/* borrowed, as all here */
	struct closer *closer;		/* NULL: nothing can be ended */
	const char *pins;		/* as in struct kernel_options */
	int cgroup_fd;			/* where cgroup v2 is mounted; -1 */
	bool audit_only;
	bool (*unmet)(void *userdata);	/* does the policy require what this host lacks? */
	/* One connection that a rule names. It is borrowed. */
	void (*tell)(void *userdata, const struct event *event, bool closed);
	void *userdata;
};

/** open_new() - @out: owned by the caller. Return: 0; -ENOMEM. */
int open_new(const struct open_options *options, struct open_connections **out);
/** open_free() - accepts NULL */
void open_free(struct open_connections *open);

/**
 * open_look() - find them, and do what the policy says
 * @open:       borrowed; NULL does nothing
 * @generation: active in the kernel; borrowed
 *
 * Also those of contained processes that leave the internal networks, whoever made them.
 * Otherwise connections that somebody else made to this host are not meant: those of a port that is listened on. What is let through
 * is counted from now on (evidence.h), and told once as long as the decision is the same. Addresses that a denied name was resolved to
 * count too; where innocent names share one, the connection is let through, as no hello is there to look at any more, unless the
 * policy refuses what has no name.
 * Return: how many rules name, or a negative errno of kernel_sockets().
 */
int open_look(struct open_connections *open, const struct generation *generation);

#endif
