/* SPDX-License-Identifier: MIT */
/*
 * learn.h - the agent's half of recognising files by what they are: runs searches (search.h) in a process of their
 * own, one at a time, when a policy becomes active and when packages change, and knows how far they are.
 */
#ifndef EMBARGO_LEARN_H
#define EMBARGO_LEARN_H

#include "learned_set.h"
#include <jansson.h>
#include <systemd/sd-event.h>

struct learn;

struct learn_options {
	sd_event *loop;			/* borrowed; must outlive it */
	struct kernel *kernel;		/* borrowed */
	/* A first search for a generation is through. */
	void (*complete)(void *context);
	/* A phase of a search is through: more files may be known. */
	void (*found)(void *context);
	void *context;
};

/** learn_new() - begin to follow packages; searches nothing yet. Return: 0; -ENOMEM; -errno of the loop. */
int learn_new(const struct learn_options *options, struct learn **out_learn);
/** learn_free() - ends a search that is under way; accepts NULL */
void learn_free(struct learn *learn);

/** learn_stop() - end a search that is under way, before another generation takes over; accepts NULL */
void learn_stop(struct learn *learn);

/**
 * learn_generation() - search for the files of a generation, from now on
 * @learn:      borrowed; NULL does nothing
 * @generation: borrowed until the next call; active in the kernel
 */
void learn_generation(struct learn *learn, const struct generation *generation);

/** learn_full() - somebody could not put a fact for want of room: more is made as soon as nobody else puts some */
void learn_full(struct learn *learn);

/**
 * learn_seen() - a path rule recognised a file that no search has read: the next one looks at it, at once
 * @path: as the process saw it; copied. Nothing happens unless it is such a file of this host, and only its owner can
 *        have put it there
 */
void learn_seen(struct learn *learn, const char *path);

/**
 * learn_before() - what has to be known of files when a generation becomes active
 * @kernel: borrowed
 * @from:   the active generation, whose facts are carried over; NULL: none
 * @to:     borrowed
 * @paths, @count: the protected set of this host; borrowed
 * @facts:  learned_set_done() by the caller
 *
 * What could not be found out is in the log. Exceptions that need package databases are looked for in a
 * process of their own, for two seconds at most.
 */
void learn_before(struct kernel *kernel, const struct generation *from, const struct generation *to, char *const *paths,
		  size_t count, struct learned_set *facts);

/** learn_put() - put facts into the active generation. Return: how many could not be put */
size_t learn_put(struct kernel *kernel, const struct learned_set *facts);

/** learn_state() - how far the search is and what is known; new reference or NULL */
json_t *learn_state(struct learn *learn);

#endif
