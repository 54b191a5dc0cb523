/* SPDX-License-Identifier: GPL-2.0 */
/* rule.h - from a matched rule to a decision: what the decision code needs of the kernel's maps. */
#ifndef EMBARGO_RULE_H
#define EMBARGO_RULE_H

#include "emit.h"
#include "maps.h"
#include "subject.h"

static __always_inline bool pause_holds(__u64 vendor)
{
	struct pause *until = bpf_map_lookup_elem(&pause, &vendor);

	return until && bpf_ktime_get_boot_ns() < until->until_boot_ns;
}

/* Fill in the decision about a match; @decision is untouched when no rule matched. */
static __always_inline void rule_decide(void *entries, __u32 deny, __u32 allow, struct mode_inputs *inputs,
					struct decision *decision)
{
	if (!rule_find(entries, deny, decision, inputs))
		return;
	inputs->capped = load_config.audit_only;
	inputs->paused = pause_holds(PAUSE_EVERYTHING) || pause_holds(decision->vendor);
	decide(inputs, allow, decision);
}

/* Count an attempt; false when it is out of scope and not to be decided. */
static __always_inline bool scope_count(enum hook hook)
{
	bool inside = in_scope();

	if (set_is_active()) {
		count(hook, STAT_DECIDED);
		if (!inside)
			count(hook, STAT_OUT_OF_SCOPE);
	}
	return inside;
}

#endif
