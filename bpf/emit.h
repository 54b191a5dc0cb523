/* SPDX-License-Identifier: GPL-2.0 */
/*
 * emit.h - counters and events. Nothing here changes a verdict: what cannot be sent is counted. Only the
 * program set that the map "runtime" names counts and emits, so that an attempt is recorded once while
 * an old and a new set are both attached.
 */
#ifndef EMBARGO_EMIT_H
#define EMBARGO_EMIT_H

#include "maps.h"

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
		__sync_fetch_and_add(&counters->count[hook & (HOOK_ROWS - 1)][stat], 1);
}

static __always_inline void count_decision(enum hook hook, const struct decision *decision)
{
	if (decision->verdict == VERDICT_DENY)
		count(hook, STAT_REFUSED);
	else if (decision->let_through)
		count(hook, STAT_LET_THROUGH);
	else if (decision->flags & EVENT_CONTAINED)
		count(hook, STAT_CONTAINED);
	else
		count(hook, STAT_WOULD_REFUSE);
}

/**
 * emit() - count a match, and send its event unless it repeats one
 * @slot:   index of a claimed slot; its task, decision, event.destination, .sha256, .module and .decision.generation are
 *          filled in. A decision without a rule asks the agent for the content of the file
 * @what:   EMIT(hook, backend)
 * @file:   address of the struct file whose identity and path are shown; 0: none. Where .recalled is set it is 0, and
 *          event.subject and event.file are filled in
 * @walked: the slot's walk and event.file are already that file's
 *
 * The name of HOOK_NAME is the slot's .domain, with .name_key. Return: 0.
 */
extern int emit(__u32 slot, __u32 what, __u64 file, __u32 walked);

#define EMIT(hook, backend) ((hook) << 8 | (backend))

#endif
