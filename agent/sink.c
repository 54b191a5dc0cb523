/* SPDX-License-Identifier: MIT */
/*
 * sink.c - what all sinks share: numbering, the account of missing events, and saying once on the
 * agent's log that a sink fails and once that it works again.
 */
#include "sink.h"
#include "clean.h"
#include "log.h"

#include <errno.h>
#include <string.h>

const char *lost_word(unsigned reason)
{
	static const char *const words[LOST_MAX] = {
		[LOST_RING_FULL] = "ring_full", [LOST_MALFORMED] = "malformed",
		[LOST_NO_MEMORY] = "no_memory", [LOST_DISK_FULL] = "disk_full",
		[LOST_SINK_SLOW] = "sink_slow", [LOST_SINK_FAILED] = "sink_failed",
		[LOST_CUT_OFF] = "cut_off",
	};

	return reason < LOST_MAX ? words[reason] : NULL;
}

static enum lost lost_by(int err)
{
	switch (err) {
	case -ENOMEM:
		return LOST_NO_MEMORY;
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		return LOST_DISK_FULL;
	case -EAGAIN:
		return LOST_SINK_SLOW;
	default:
		return LOST_SINK_FAILED;
	}
}

int sink_init(struct sink *sink, const struct sink_ops *ops, const char *target)
{
	sink->ops = ops;
	chain_init(&sink->chain);
	sink->target = strdup(target);
	sink->line = malloc(EVENT_LINE_BYTES);
	if (!sink->target || !sink->line) {
		sink_done(sink);
		return -ENOMEM;
	}
	return 0;
}

void sink_done(struct sink *sink)
{
	free(take_ptr(sink->target));
	free(take_ptr(sink->line));
}

void sink_close(struct sink *sink)
{
	if (sink)
		sink->ops->close(sink);
}

void sink_missing(struct sink *sink, enum lost reason, __u64 count)
{
	sink->pending[reason] += count;
	sink->lost[reason] += count;
}

void sink_reopen(struct sink *sink)
{
	if (sink->ops->reopen)
		sink->ops->reopen(sink);
}

static json_t *lost_object(const __u64 *counts, bool *out_any)
{
	json_t *object = json_object();

	*out_any = false;
	for (unsigned reason = 0; object && reason < LOST_MAX; reason++) {
		if (!counts[reason])
			continue;
		*out_any = true;
		if (json_object_set_new(object, lost_word(reason), json_integer(counts[reason]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* Put what differs from sink to sink into the event. */
static int line_members(struct sink *sink, json_t *embargo)
{
	json_t *lost;
	bool any;

	if (json_object_set_new(embargo, "sequence", json_integer(sink->chain.sequence + 1)))
		return -ENOMEM;
	lost = lost_object(sink->pending, &any);
	if (!lost)
		return -ENOMEM;
	if (!any)
		json_decref(lost);
	else if (json_object_set_new(embargo, "lost", lost))
		return -ENOMEM;
	return 0;
}

static int line_dump(struct sink *sink, json_t *event, size_t *out_bytes)
{
	size_t room = EVENT_LINE_BYTES - CHAIN_TAIL_BYTES - 1;
	size_t bytes = json_dumpb(event, sink->line, room, JSON_COMPACT);

	if (!bytes)
		return -ENOMEM;
	if (bytes > room)
		return -EMSGSIZE;
	*out_bytes = bytes;
	return 0;
}

static int line_write(struct sink *sink, json_t *event, json_t *embargo)
{
	size_t bytes;
	int err;

	err = line_members(sink, embargo);
	if (err < 0)
		return err;
	err = line_dump(sink, event, &bytes);
	if (err < 0)
		return err;
	if (sink->ops->begins && sink->ops->begins(sink, bytes)) {
		if (json_object_set_new(embargo, "previous", json_string(sink->chain.hash)))
			return -ENOMEM;
		err = line_dump(sink, event, &bytes);
		if (err < 0)
			return err;
	}
	return sink->ops->write(sink, sink->line, bytes);
}

static void say_state(struct sink *sink, int err)
{
	__u64 missing = 0;

	if (err < 0 && sink->failing != err)
		log_error("events cannot be written to \"%s\": %s. They are counted as missing "
			  "until it works again; make room or repair it",
			  sink->target, strerror(-err));
	if (err == 0 && sink->failing) {
		for (unsigned reason = 0; reason < LOST_MAX; reason++)
			missing += sink->pending[reason];
		log_notice("events are written to \"%s\" again; %llu are missing", sink->target,
			   (unsigned long long)missing);
	}
	sink->failing = err;
}

int sink_write(struct sink *sink, json_t *event)
{
	json_t *embargo = json_object_get(event, "embargo");
	int err;

	err = line_write(sink, event, embargo);
	(void)json_object_del(embargo, "sequence"); /* absent if making the line failed early */
	(void)json_object_del(embargo, "lost");
	(void)json_object_del(embargo, "previous");
	say_state(sink, err);
	if (err < 0) {
		sink_missing(sink, lost_by(err), 1);
		return err;
	}
	sink->chain.sequence++;
	sink->written++;
	memset(sink->pending, 0, sizeof(sink->pending));
	return 0;
}

json_t *sink_status(const struct sink *sink)
{
	bool any;
	json_t *lost = lost_object(sink->lost, &any);

	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:s, s:s*}", "kind", sink->ops->kind, "target",
			 sink->target, "written", (json_int_t)sink->written, "sequence",
			 (json_int_t)sink->chain.sequence, "lost", lost, "hash", sink->chain.hash,
			 "failing", sink->failing ? strerror(-sink->failing) : NULL);
}
