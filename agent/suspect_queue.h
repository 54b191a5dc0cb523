/* SPDX-License-Identifier: MIT */
/*
 * suspect_queue.h - the files that suspects.h waits for: which are read next, by how many workers, for how long, and
 * what does not fit. It knows nothing of what a content means.
 */
#ifndef EMBARGO_SUSPECT_QUEUE_H
#define EMBARGO_SUSPECT_QUEUE_H

#include "apart.h"
#include "suspect_read.h"
#include "suspects.h"

#define SUSPECTS_MAX	    256	/* files that wait or are being read */
#define SUSPECT_EVENTS_MAX  32	/* processes that attempted to use one file */

struct suspect {
	struct suspects *owner;
	struct learned_key key;
	struct event *events[SUSPECT_EVENTS_MAX];	/* owned; the first one is always there */
	size_t event_count;
	size_t reading;		/* of these, the ones from before the worker began: its answer is about them */
	bool seen_only;		/* nobody waits: refused already, read because it has changed */
	struct apart apart;
	sd_event_source *pipe, *timer;	/* owned */
};

struct suspects {
	struct suspects_options options;
	const struct generation *generation;	/* borrowed */
	struct suspect *list[SUSPECTS_MAX];	/* owned; oldest first */
	size_t count, workers, doubtful;	/* doubtful: workers with files that are not identified */
	__u64 asked, read, embargoed, ended, unreachable, overflow, hung;
};

/**
 * suspect_queue_add() - read the file of an event as soon as a worker is free
 * @event:     copied
 * @seen_only: nobody waits for it
 *
 * One file is in the queue once, and one process once for what is still to be read; what does not fit is counted and
 * said.
 */
void suspect_queue_add(struct suspects *suspects, const struct event *event, bool seen_only);

/** suspect_queue_clear() - give up what waits and what is being read */
void suspect_queue_clear(struct suspects *suspects);

/** suspect_is_identified() - may there be a fact about its file? */
bool suspect_is_identified(const struct suspect *suspect);

/** suspect_answered() - of suspects.c: a worker has read the file, or could not; about the first @suspect->reading events */
void suspect_answered(struct suspects *suspects, struct suspect *suspect, const struct suspect_answer *answer);

#endif
