/* SPDX-License-Identifier: MIT */
/*
 * suspects.h - files that are to be read because of an attempt: where the kernel cannot hash, it asks about a file of
 * an embargoed size that is about to run (EVENT_WANTS_CONTENT); and a file that was refused for its content is read
 * again when it has changed. Each is read in a process of its own, a few at a time. Nothing is learned here of other
 * files: that is for the search (search_content.c).
 */
#ifndef EMBARGO_SUSPECTS_H
#define EMBARGO_SUSPECTS_H

#include "kernel.h"
#include <jansson.h>
#include <systemd/sd-event.h>

struct generation;
struct suspects;

/* An attempt that turned out to be embargoed after it had begun. */
struct suspects_late {
	const struct event *event;	/* the attempt, with its decision, rule and content; borrowed */
	__u64 ran_ns;			/* since the attempt */
	bool ended;			/* the program was ended; else it goes on, or had ended by itself */
};

struct suspects_options {
	sd_event *loop;			/* borrowed; must outlive it */
	struct kernel *kernel;		/* borrowed */
	const char *pins;		/* as in struct kernel_options; borrowed */
	int cgroup_fd;			/* where cgroup v2 is mounted, or -1; borrowed */
	bool audit_only;		/* end nothing */
	__u32 deadline_ms;		/* for reading one file; 0: 20 s */
	/* Does the active policy require something of the host that is not so? */
	bool (*unmet)(void *context);
	/* Look at the process of such an attempt, before it may be ended; then tell of it. */
	void (*prepare)(void *context, const struct event *event);
	void (*late)(void *context, const struct suspects_late *late);
	/* A path rule recognised a file at this path, which was not read yet; @path: borrowed. */
	void (*seen)(void *context, const char *path);
	/* The program goes on, but a rule contains it; so does @rule, its number. Return: as contain_late() */
	int (*contain)(void *context, const struct event_subject *subject, __u32 rule);
	/* The kernel's map of facts is full. */
	void (*full)(void *context);
	void *context;
};

/** suspects_new() - Return: 0 or -ENOMEM. @options: copied */
int suspects_new(const struct suspects_options *options, struct suspects **out_suspects);
/** suspects_free() - what is being read is given up; accepts NULL */
void suspects_free(struct suspects *suspects);

/**
 * suspects_generation() - another generation is active: what was asked for by the one before is given up
 * @generation: borrowed until the next call
 */
void suspects_generation(struct suspects *suspects, const struct generation *generation);

/** suspects_ask() - the kernel wants to know what a file is; @event: copied. NULL does nothing */
void suspects_ask(struct suspects *suspects, const struct event *event);

/**
 * suspects_seen() - an attempt was recorded
 *
 * If its file was recognised by path and never read, that is told (.seen). One that was refused only because of what
 * was in it, and that has changed, is read: if it is something else now, the next attempt goes through.
 */
void suspects_seen(struct suspects *suspects, const struct event *event);

/** suspects_state() - counters; new reference or NULL */
json_t *suspects_state(const struct suspects *suspects);

/** suspects_by_agent() - does the agent hash what runs on this host, because the kernel does not? @report: borrowed */
bool suspects_by_agent(const struct kernel_report *report);

#endif
