/* SPDX-License-Identifier: GPL-2.0 */
/*
 * emit.h - the only writer of counters, fold windows and the ring. Nothing here changes a verdict: what
 * cannot be sent is counted. Only the program set that the map "runtime" names counts and emits,
 * so that an attempt is recorded once while an old and a new set are both attached.
 */
#ifndef EMBARGO_EMIT_H
#define EMBARGO_EMIT_H

#include "compat.h"
#include "file.h"
#include "maps.h"
#include "scratch.h"
#include "subject.h"

static __always_inline bool set_is_active(void)
{
	__u32 index = 0;
	struct runtime *now = bpf_map_lookup_elem(&runtime, &index);

	return now && now->active_set == load_config.set;
}

static __always_inline void count(enum hook hook, enum stat_kind stat)
{
	__u32 index = 0;
	struct stats *counters = bpf_map_lookup_elem(&stats, &index);

	if (counters)
		__sync_fetch_and_add(&counters->count[hook][stat], 1);
}

static __always_inline void count_decision(enum hook hook, const struct decision *decision)
{
	if (decision->verdict == VERDICT_DENY)
		count(hook, STAT_REFUSED);
	else if (decision->let_through)
		count(hook, STAT_LET_THROUGH);
	else
		count(hook, STAT_WOULD_REFUSE);
}

/*
 * Is this attempt a repeat within its window? Then it is counted here and not sent. If not, a window
 * begins, and *out_repeated is what the one before it counted. A full map folds nothing.
 */
static __always_inline bool fold_repeat(const struct fold_key *key, __u64 now, __u64 *out_repeated)
{
	struct fold *window = bpf_map_lookup_elem(&fold, key);
	struct fold begin = { .window_boot_ns = now };
	__u64 began;

	*out_repeated = 0;
	if (!window) {
		if (!bpf_map_update_elem(&fold, key, &begin, BPF_NOEXIST))
			return false;
		window = bpf_map_lookup_elem(&fold, key);	/* another processor was first */
		if (!window)
			return false;
	}
	began = window->window_boot_ns;
	if (now - began >= FOLD_WINDOW_NS && now > began &&
	    advance(&window->window_boot_ns, began, now, load_config.has_atomics)) {
		*out_repeated = window->folded;
		__sync_fetch_and_add(&window->folded, -*out_repeated);
		return false;
	}
	window->last_boot_ns = now;
	__sync_fetch_and_add(&window->folded, 1);
	return true;
}

static __always_inline void event_fill(struct event *event, enum hook hook, enum backend backend,
				       __u64 generation, const struct decision *decision, __u64 now)
{
	event->header.kind = hook;
	event->header.zero = 0;
	event->header.boot_ns = now;
	event->decision.generation = generation;
	event->decision.rule = decision->rule;
	event->decision.allow = decision->allow;
	event->decision.verdict = decision->verdict;
	event->decision.mode = decision->mode;
	event->decision.held_by = decision->held_by;
	event->decision.let_through = decision->let_through;
	event->decision.backend = backend;
	event->decision.matcher = decision->matcher;
	event->decision.zero = 0;
	event->zero = 0;
}

static __always_inline void fold_key_fill(struct fold_key *key, const struct event *event)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->generation = event->decision.generation;
	key->inode = event->file.inode;
	key->device = event->file.device;
	key->cgroup = current_cgroup();
	key->uid = current_uid();
	key->rule = event->decision.rule;
	key->kind = event->header.kind;
	key->verdict = event->decision.verdict;
	key->mode = event->decision.mode;
	key->held_by = event->decision.held_by;
	__builtin_memcpy(key->address, event->destination.address, sizeof(key->address));
	key->port = event->destination.port;
	key->family = event->destination.family;
	key->protocol = event->destination.protocol;
}

/**
 * emit() - count a match, and send its event unless it repeats one
 * @slot:    scratch; event.file, event.destination and slot->decision are filled in
 * @file:    whose path is shown; NULL: none
 * @walked:  slot->walk is already that file's
 */
static __always_inline void emit(struct scratch *slot, enum hook hook, enum backend backend,
				 __u64 generation, struct file *file, bool walked)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct event *event = &slot->event;
	struct fold_key key;
	__u32 size;

	if (!set_is_active())
		return;
	count_decision(hook, &slot->decision);
	event_fill(event, hook, backend, generation, &slot->decision, now);
	fold_key_fill(&key, event);
	if (fold_repeat(&key, now, &event->decision.repeated)) {
		count(hook, STAT_FOLDED);
		return;
	}
	subject_fill(&event->subject);
	event->path_bytes = 0;
	event->path_flags = EVENT_PATH_UNREADABLE;
	if (file) {
		if (!walked)
			file_walk(file, &slot->walk);
		path_write(event, slot->path, &slot->walk);
	}
	size = sizeof(*event) + event->path_bytes;
	if (size > sizeof(*event) + EVENT_PATH_MAX)
		size = sizeof(*event) + EVENT_PATH_MAX;
	event->header.size = size;
	if (bpf_ringbuf_output(&events, event, size, 0))
		count(hook, STAT_LOST_FULL);
}

#endif
