/* SPDX-License-Identifier: MIT */
/*
 * deliver.h - from the kernel's records to the sinks: names, enrichment, sums of folded repeats, and the
 * account of what the kernel could not send.
 */
#ifndef EMBARGO_DELIVER_H
#define EMBARGO_DELIVER_H

#include "enrich.h"
#include "kernel.h"
#include "record.h"
#include "sink.h"

#define REPEATS_MAX	   64
#define REPEATS_PATH_BYTES 256

/* What the first attempt of a window said; the oldest makes room. */
struct deliver_repeat {
	struct fold_key key;
	struct record_repeat repeat;
	char path[REPEATS_PATH_BYTES];
	char name[DOMAIN_BYTES + 1];
};

struct evidence_book;
struct suspects;
struct suspects_late;

struct deliver {
	struct kernel *kernel;			/* borrowed */
	struct record_context *context;		/* borrowed */
	const char *state;			/* directory; borrowed */
	struct sink *sinks[SINKS_MAX];		/* owned */
	size_t sink_count;
	int cgroup_fd;				/* where cgroup v2 is mounted; owned; -1 */
	__u64 ring_lost;			/* of the kernel's count, already told */
	struct evidence_book *evidence;		/* borrowed; knows what is let through; NULL: nobody does */
	struct suspects *suspects;		/* borrowed; reads files; NULL: nobody does */
	struct enrichment more;			/* of the event in hand */
	struct deliver_repeat repeats[REPEATS_MAX];
	unsigned next_repeat;			/* the one that has to make room next */
};

/**
 * deliver_begin() - go on where the last agent stopped
 * @deliver: kernel, context, state, sinks and cgroup_fd are set
 * @adopted: the kernel's counters go on too
 */
void deliver_begin(struct deliver *deliver, bool adopted);

/** deliver_events() - empty the ring into the sinks. Return: how many came, or a negative errno. */
int deliver_events(struct deliver *deliver);

/**
 * deliver_folds() - report the repeats whose window is over
 * @all: at the end of the agent: all of them
 * Return: how many windows are still open, or a negative errno.
 */
int deliver_folds(struct deliver *deliver, bool all);

/** deliver_prepare() - look at the process of an attempt, before it is ended; deliver_late() follows */
void deliver_prepare(struct deliver *deliver, const struct event *event);
/** deliver_late() - an attempt that was recognised only after it had begun */
void deliver_late(struct deliver *deliver, const struct suspects_late *late);

/** deliver_open() - a connection that was open before it was embargoed; @closed: it was ended now */
void deliver_open(struct deliver *deliver, const struct event *event, bool closed);

/** deliver_object() - one object to all sinks; @taken is released; NULL counts as lost */
void deliver_object(struct deliver *deliver, json_t *taken);

/** deliver_clock() - read the clocks again: the time of day may have been set */
void deliver_clock(struct record_context *context);

/** deliver_now() - CLOCK_BOOTTIME in nanoseconds */
__u64 deliver_now(void);

/** deliver_done() - close the sinks */
void deliver_done(struct deliver *deliver);

#endif
