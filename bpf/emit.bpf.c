// SPDX-License-Identifier: GPL-2.0
/* emit.bpf.c - the only writer of fold windows and of the ring. See emit.h. */
#include "emit.h"
#include "compat.h"
#include "file.h"
#include "identity.h"
#include "maps.h"
#include "scratch.h"
#include "subject.h"

/*
 * Is this attempt a repeat within its window? Then it is counted here and not sent. If not, a window
 * begins, and *out_repeated is what the one before it counted. A full map folds nothing.
 */
static __always_inline bool fold_repeat(const struct fold_key *key, __u64 now, __u64 *out_repeated)
{
	struct fold *window = bpf_map_lookup_elem(&fold, key);
	struct fold begin = { .window_boot_ns = now };

	*out_repeated = 0;
	if (!window) {
		if (!bpf_map_update_elem(&fold, key, &begin, BPF_NOEXIST))
			return false;
		window = bpf_map_lookup_elem(&fold, key);	/* another processor was first */
		if (!window)
			return false;
	}
	if (now > window->window_boot_ns + FOLD_WINDOW_NS && claim(&window->turning)) {
		bool over = now > window->window_boot_ns + FOLD_WINDOW_NS;

		if (over) {
			*out_repeated = window->folded;
			__sync_fetch_and_add(&window->folded, -*out_repeated);
			window->window_boot_ns = now;
		}
		release(&window->turning);
		if (over)
			return false;
	}
	window->last_boot_ns = now;
	__sync_fetch_and_add(&window->folded, 1);
	return true;
}

static __always_inline void event_fill(struct event *event, enum hook hook, enum backend backend,
				       const struct decision *decision, __u64 now)
{
	event->header.kind = hook;
	event->header.zero = 0;
	event->header.boot_ns = now;
	event->decision.rule = decision->rule;
	event->decision.allow = decision->allow;
	event->decision.verdict = decision->verdict;
	event->decision.mode = decision->mode;
	event->decision.held_by = decision->held_by;
	event->decision.let_through = decision->let_through;
	event->decision.backend = backend;
	event->decision.matcher = decision->matcher;
	event->decision.recognised = decision->recognised;
	event->decision.flags = decision->flags;
	event->zero = 0;
}

static __always_inline void fold_key_fill(struct fold_key *key, const struct scratch *slot)
{
	const struct event *event = &slot->event;

	__builtin_memset(key, 0, sizeof(*key));
	key->generation = event->decision.generation;
	key->inode = event->file.inode;
	key->device = event->file.device;
	key->cgroup = slot->recalled ? event->subject.cgroup : task_cgroup(slot_task(slot));
	key->uid = slot->recalled ? event->subject.uid : task_uid(slot_task(slot));
	key->rule = event->decision.rule;
	key->kind = event->header.kind;
	key->verdict = event->decision.verdict;
	key->mode = event->decision.mode;
	key->held_by = event->decision.held_by;
	__builtin_memcpy(key->address, event->destination.address, sizeof(key->address));
	key->port = event->destination.port;
	key->family = event->destination.family;
	key->protocol = event->destination.protocol;
	key->socket = event->destination.socket;
	if (event->header.kind == HOOK_NAME)
		key->name = slot->name_key;
}

/* Who tried and what it runs; that of who connected is there already. */
static __always_inline void event_file_fill(struct scratch *slot, __u64 file, __u32 walked)
{
	if (slot->recalled)
		return;
	if (!walked)
		file_identity(slot->index, file);
	identity_describe((struct inode *)slot->inode, &slot->event.file);
}

/* The name of HOOK_NAME behind the path: there is room for it. Returns the bytes of both. */
static __always_inline __u32 name_write(struct scratch *slot, enum hook hook)
{
	__u32 at = slot->event.path_bytes;

	if (at > EVENT_PATH_MAX)
		at = EVENT_PATH_MAX;
	slot->event.name_bytes = 0;
	if (hook != HOOK_NAME)
		return at;
	bpf_probe_read_kernel(&slot->path[at], sizeof(slot->domain.text), slot->domain.text);
	slot->event.name_bytes = slot->domain.bytes;
	return at + slot->domain.bytes;
}

__noinline int emit(__u32 index, __u32 what, __u64 file, __u32 walked)
{
	struct scratch *slot = scratch_get(index);
	__u64 now = bpf_ktime_get_boot_ns();
	enum hook hook = what >> 8 & (HOOK_ROWS - 1);
	struct event *event;
	__u32 size;

	if (!slot || !set_is_active())
		return 0;
	event = &slot->event;
	event_fill(event, hook, what & 255, &slot->decision, now);
	if (slot->decision.rule)
		count_decision(hook, &slot->decision);
	else
		event->decision.flags |= EVENT_WANTS_CONTENT;
	event_file_fill(slot, file, walked);
	fold_key_fill(&slot->fold_key, slot);
	event->decision.repeated = 0;
	/*
	 * A question about a content is never a repeat: each program that runs meanwhile is to be ended. Nor is a program
	 * that was found running: they are told one by one.
	 */
	if (slot->decision.rule && !(slot->decision.flags & EVENT_RAN_BEFORE) &&
	    fold_repeat(&slot->fold_key, now, &event->decision.repeated)) {
		count(hook, STAT_FOLDED);
		return 0;
	}
	if (slot->recalled)
		event->decision.flags |= EVENT_SUBJECT_RECALLED;
	else
		subject_fill(slot_task(slot), &event->subject);
	event->path_bytes = 0;
	event->path_flags = EVENT_PATH_UNREADABLE;
	if (file) {
		if (!walked)
			file_walk(slot, file);
		path_write(index);
	}
	size = name_write(slot, hook) + sizeof(*event);
	event->header.size = size;
	if (bpf_ringbuf_output(&events, event, size, 0))
		count(hook, STAT_LOST_FULL);
	return 0;
}
