/* SPDX-License-Identifier: MIT */
/*
 * sink.h - where events go. Every sink numbers its own lines and keeps its own account of what it could
 * not deliver: the next event that gets through carries that account, and the status shows it.
 */
#ifndef EMBARGO_SINK_H
#define EMBARGO_SINK_H

#include "chain.h"
#include <jansson.h>

#define SINKS_MAX 4

/* Why an event is missing. */
enum lost {
	LOST_RING_FULL,		/* in the kernel: the ring buffer was full */
	LOST_MALFORMED,		/* a record that the agent could not read */
	LOST_NO_MEMORY,		/* the agent could not make the line */
	LOST_DISK_FULL,		/* the sink's file system or quota is full */
	LOST_SINK_SLOW,		/* the reader of the sink does not keep up */
	LOST_SINK_FAILED,	/* any other failure of the sink */
	LOST_CUT_OFF,		/* the last line of an earlier run was incomplete and was removed */
	LOST_MAX,
};

/** lost_word() - the key of a reason in embargo.lost; NULL: no such value */
const char *lost_word(unsigned reason);

struct sink;

struct sink_ops {
	const char *kind;
	/*
	 * Deliver @bytes of @text, which has room for CHAIN_TAIL_BYTES + 1 more, without ever waiting.
	 * 0, or a negative errno and then nothing at all was delivered.
	 */
	int (*write)(struct sink *sink, char *text, size_t bytes);
	/* The next line is the first one in its place (file) and must carry embargo.previous; optional. */
	bool (*begins)(struct sink *sink, size_t bytes);
	void (*reopen)(struct sink *sink);	/* optional */
	void (*close)(struct sink *sink);	/* frees it */
};

/* The part that all sinks have; each sink's own struct begins with it. */
struct sink {
	const struct sink_ops *ops;
	char *target;			/* file name, or "standard output"; owned */
	char *line;			/* EVENT_LINE_BYTES; owned */
	struct chain chain;		/* at the last line delivered */
	__u64 written;			/* since the start of the agent */
	__u64 pending[LOST_MAX];	/* missing and not yet told */
	__u64 lost[LOST_MAX];		/* missing since the start of the agent */
	int failing;			/* negative errno of the last attempt, 0 */
};

/**
 * sink_file_open() - JSON lines in a file, chained, rotated by size
 * @path:         of the file; its directory is made if only that is missing
 * @rotate_bytes: size at which a new file is begun; 0: never
 * @keep:         rotated files to keep (FILE.1 is the youngest)
 * @out_sink:     owned by the caller; untouched on failure
 *
 * An incomplete last line is removed and counted; sequence and chain go on where the file ends.
 * Return: 0; -EBUSY (another process writes it); -EINVAL (not a regular file); errno of open(2).
 */
int sink_file_open(const char *path, unsigned long long rotate_bytes, unsigned keep,
		   struct sink **out_sink);

/** sink_stdout_open() - JSON lines on standard output. Return: 0 or a negative errno. */
int sink_stdout_open(struct sink **out_sink);

/** sink_close() - accepts NULL */
void sink_close(struct sink *sink);

/**
 * sink_write() - deliver an event
 * @sink:  borrowed
 * @event: borrowed; its last member is the object "embargo", which gets sequence, lost and previous for
 *         the time of the call
 *
 * Return: 0, or the negative errno for which it was lost and counted.
 */
int sink_write(struct sink *sink, json_t *event);

/** sink_missing() - events are missing before the next one */
void sink_missing(struct sink *sink, enum lost reason, __u64 count);

/** sink_reopen() - a file was moved away by somebody else: begin a new one */
void sink_reopen(struct sink *sink);

/** sink_status() - kind, target, written, lost, failing, sequence, hash. Return: new reference or NULL. */
json_t *sink_status(const struct sink *sink);

/* For the sinks themselves. */
int sink_init(struct sink *sink, const struct sink_ops *ops, const char *target);
void sink_done(struct sink *sink);

#endif
