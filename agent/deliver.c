/* SPDX-License-Identifier: MIT */
/*
 * deliver.c - the busy part of the agent. Nothing here waits, and what cannot be delivered is counted.
 */
#include "deliver.h"
#include "clean.h"
#include "evidence.h"
#include "log.h"
#include "suspects.h"

#include "../policy/policy.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#define LOST_FILE "lost"

static __s64 clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* both clocks exist since Linux 2.6.39 */
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

__u64 deliver_now(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

void deliver_clock(struct record_context *context)
{
	context->boot_to_real_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
}

static __u64 kernel_lost(struct kernel *kernel)
{
	struct stats stats;
	__u64 lost = 0;

	if (kernel_stats(kernel, &stats) < 0)
		return 0;
	for (unsigned hook = 0; hook < HOOK_MAX; hook++)
		lost += stats.count[hook][STAT_LOST_FULL];
	return lost;
}

/* How much of the kernel's count was told already must survive the agent. */
static void remember_lost(const struct deliver *deliver)
{
	char path[PATH_MAX];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s", deliver->state, LOST_FILE) >= PATH_MAX)
		return;
	file = fopen(path, "we");
	if (!file) {
		log_warning(
			"\"%s\" cannot be written: %s. After a restart some missing events may be "
			"reported twice",
			path, strerror(errno));
		return;
	}
	fprintf(file, "%llu\n", (unsigned long long)deliver->ring_lost);
	(void)fclose(file); /* as above: at worst reported twice */
}

static __u64 remembered_lost(const struct deliver *deliver)
{
	unsigned long long lost = 0;
	char path[PATH_MAX];
	AUTO_FILE FILE *file = NULL;

	if (snprintf(path, sizeof(path), "%s/%s", deliver->state, LOST_FILE) >= PATH_MAX)
		return 0;
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &lost) != 1)
		return 0;
	return lost;
}

static void missing(struct deliver *deliver, enum lost reason, __u64 count)
{
	for (size_t i = 0; i < deliver->sink_count; i++)
		sink_missing(deliver->sinks[i], reason, count);
}

static void account(struct deliver *deliver)
{
	__u64 lost = kernel_lost(deliver->kernel);

	if (lost <= deliver->ring_lost)
		return;
	log_warning("%llu events did not fit the kernel's ring buffer; the next event says so too",
		    (unsigned long long)(lost - deliver->ring_lost));
	missing(deliver, LOST_RING_FULL, lost - deliver->ring_lost);
	deliver->ring_lost = lost;
	remember_lost(deliver);
}

void deliver_begin(struct deliver *deliver, bool adopted)
{
	__u64 lost = kernel_lost(deliver->kernel);

	deliver->ring_lost = adopted ? remembered_lost(deliver) : lost;
	if (deliver->ring_lost > lost) /* of another boot or another set of programs */
		deliver->ring_lost = 0;
	account(deliver);
}

void deliver_object(struct deliver *deliver, json_t *taken)
{
	AUTO_JSON json_t *object = taken;

	if (!object)
		missing(deliver, LOST_NO_MEMORY, 1);
	for (size_t i = 0; object && i < deliver->sink_count; i++)
		(void)sink_write(deliver->sinks[i], object); /* the sink counts and says */
}

/* The key under which the kernel counts the repeats of this event. */
static void key_of(const struct event *event, struct fold_key *key)
{
	memset(key, 0, sizeof(*key));
	key->generation = event->decision.generation;
	key->inode = event->file.inode;
	key->cgroup = event->subject.cgroup;
	key->rule = event->decision.rule;
	key->device = event->file.device;
	key->uid = event->subject.uid;
	key->kind = event->header.kind;
	key->verdict = event->decision.verdict;
	key->mode = event->decision.mode;
	key->held_by = event->decision.held_by;
	memcpy(key->address, event->destination.address, sizeof(key->address));
	key->port = event->destination.port;
	key->family = event->destination.family;
	key->protocol = event->destination.protocol;
	if (event->header.kind == HOOK_NAME)
		key->name = name_hash(event->path + event->path_bytes, event->name_bytes);
	key->socket = event->destination.socket;
}

/* What the first attempt said, or NULL when so many others came since that it was given up. */
static struct deliver_repeat *find_repeat(struct deliver *deliver, const struct fold_key *key)
{
	for (size_t i = 0; i < REPEATS_MAX; i++)
		if (!memcmp(&deliver->repeats[i].key, key, sizeof(*key)))
			return &deliver->repeats[i];
	return NULL;
}

static void remember_repeat(struct deliver *deliver, const struct event *event)
{
	struct deliver_repeat *slot;
	struct fold_key key;
	bool readable = !event->path_flags && event->path_bytes <= REPEATS_PATH_BYTES;

	key_of(event, &key);
	slot = find_repeat(deliver, &key);
	if (!slot)
		slot = &deliver->repeats[deliver->next_repeat++ % REPEATS_MAX];
	slot->key = key;
	slot->repeat = (struct record_repeat){
		.allow = event->decision.allow,
		.let_through = event->decision.let_through,
		.backend = event->decision.backend,
		.matcher = event->decision.matcher,
		.recognised = event->decision.recognised,
		.flags = event->decision.flags,
		.path_bytes = readable ? event->path_bytes : 0,
		.name_bytes = event->name_bytes,
		.path = slot->path,
		.name = slot->name,
	};
	memcpy(slot->name, event->path + event->path_bytes, event->name_bytes);
	memcpy(slot->path, event->path, slot->repeat.path_bytes);
}

/* A question of the kernel is no event; what comes of it may be one. */
static void on_event(void *context, const struct event *event)
{
	struct deliver *deliver = context;

	if (event->decision.flags & EVENT_WANTS_CONTENT) {
		suspects_ask(deliver->suspects, event);
		return;
	}
	suspects_seen(deliver->suspects, event);
	enrich_event(event, deliver->cgroup_fd, &deliver->more);
	remember_repeat(deliver, event);
	evidence_event(deliver->evidence, event);
	deliver_object(deliver, record_event(deliver->context, event, &deliver->more));
}

void deliver_prepare(struct deliver *deliver, const struct event *event)
{
	enrich_event(event, deliver->cgroup_fd, &deliver->more);
}

void deliver_late(struct deliver *deliver, const struct suspects_late *late)
{
	deliver_clock(deliver->context);
	deliver->more.late = true;
	deliver->more.ended = late->ended;
	deliver->more.late_ns = late->ran_ns;
	deliver_object(deliver, record_event(deliver->context, late->event, &deliver->more));
}

void deliver_open(struct deliver *deliver, const struct event *event, bool closed)
{
	deliver_clock(deliver->context);
	enrich_event(event, deliver->cgroup_fd, &deliver->more);
	deliver->more.was_open = true;
	deliver->more.closed = closed;
	evidence_event(deliver->evidence, event);
	deliver_object(deliver, record_event(deliver->context, event, &deliver->more));
}

int deliver_events(struct deliver *deliver)
{
	unsigned malformed = 0;
	int count;

	deliver_clock(deliver->context);
	account(deliver);
	count = kernel_events(deliver->kernel, on_event, deliver, &malformed);
	if (malformed) {
		log_warning("%u records of the kernel were malformed and are counted as missing",
			    malformed);
		missing(deliver, LOST_MALFORMED, malformed);
	}
	return count;
}

static void on_fold(void *context, const struct fold_key *key, const struct fold *fold)
{
	struct deliver *deliver = context;
	const struct deliver_repeat *slot = find_repeat(deliver, key);

	if (key->verdict == VERDICT_ALLOW && key->kind == HOOK_CONNECT)
		evidence_woken(deliver->evidence);
	/* without a rule they were questions about a file that was being read: suspects.h */
	if (fold->folded && key->rule)
		deliver_object(deliver, record_fold(deliver->context, key, fold,
						    slot ? &slot->repeat : NULL));
}

int deliver_folds(struct deliver *deliver, bool all)
{
	deliver_clock(deliver->context);
	return kernel_folds(deliver->kernel, all, on_fold, deliver);
}

void deliver_done(struct deliver *deliver)
{
	for (size_t i = 0; i < deliver->sink_count; i++)
		sink_close(deliver->sinks[i]);
	deliver->sink_count = 0;
	if (deliver->cgroup_fd >= 0)
		(void)close(take_fd(deliver->cgroup_fd));
}
