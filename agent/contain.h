/* SPDX-License-Identifier: MIT */
/*
 * contain.h - the agent's half of "action: contain": what ran already when a policy became active or a file was recognised is
 * marked, marks of processes that are gone are removed, and status tells who is contained. All else is done by the kernel
 * programs, also without an agent.
 */
#ifndef EMBARGO_CONTAIN_AGENT_H
#define EMBARGO_CONTAIN_AGENT_H

#include "kernel.h"
#include "record.h"
#include <jansson.h>
#include <systemd/sd-event.h>

struct contain;
struct generation;

struct contain_options {
	sd_event *loop; /* borrowed, as the next; must outlive it */
	struct kernel *kernel;
	/* More processes are contained than before, beside those of a policy that becomes active. */
	void (*found)(void *context);
	void *context;
};

/** contain_new() - @options: copied. Return: 0; -ENOMEM; -errno of the loop. */
int contain_new(const struct contain_options *options, struct contain **out_contain);
/** contain_free() - accepts NULL; marks stay */
void contain_free(struct contain *contain);

/**
 * contain_generation() - from now on for this generation: mark what runs already
 * @contain:    borrowed; NULL does nothing
 * @generation: borrowed until the next call; active in the kernel
 */
void contain_generation(struct contain *contain, const struct generation *generation);

/** contain_look() - more files are known: mark what runs them. Nothing happens unless the policy contains something. */
void contain_look(struct contain *contain);

/**
 * contain_late() - a process was recognised after it had begun: mark it and what it has started
 * @subject: it; borrowed
 * @rule:    number of a rule that contains
 *
 * Return: 0; -ENOENT (the policy contains nothing); -E2BIG (no room); -errno.
 */
int contain_late(struct contain *contain, const struct event_subject *subject, __u32 rule);

/** contain_state() - who is contained, for status; new reference, or NULL without memory or if the policy contains nothing */
json_t *contain_state(struct contain *contain, const struct record_context *context);

#endif
