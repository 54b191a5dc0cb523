// SPDX-License-Identifier: GPL-2.0
/*
 * rule.bpf.c - see rule.h. Functions of scalars, so that what they need on the stack is theirs alone: a chain
 * of calls has 512 bytes together.
 */
#include "rule.h"
#include "scratch.h"

static __always_inline bool pause_holds(__u64 vendor)
{
	struct pause *until = bpf_map_lookup_elem(&pause, &vendor);

	return until && bpf_ktime_get_boot_ns() < until->until_boot_ns;
}

/* What the time and the state of the host say is read here, once for a decision. */
static __always_inline void rule_fill(void *entries, const struct gen_header *header, __u32 protected, __u32 deny,
				      __u32 allow, struct decision *decision)
{
	struct mode_inputs inputs = {};
	__u32 index = 0;
	struct runtime *now = bpf_map_lookup_elem(&runtime, &index);

	if (!now || !rule_find(entries, deny, decision, &inputs))
		return;
	inputs.capped = load_config.audit_only;
	inputs.paused = pause_holds(PAUSE_EVERYTHING) || pause_holds(decision->vendor);
	inputs.requirement_unmet = requirement_unmet(header, now);
	if (allow)
		allow = allow_holds(entries, allow,
				    now_seconds(bpf_ktime_get_boot_ns(), now->boot_to_real_ns));
	decide(&inputs, protected, allow, decision);
}

/* The active generation and its header, if it still is the one that the match began with. */
static __always_inline void *rule_generation(__u64 began_with, const struct gen_header **out_header)
{
	struct gen_key key = { .kind = GEN_HEADER };
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!entries || (__u64)entries != began_with)
		return NULL;
	*out_header = bpf_map_lookup_elem(entries, &key);
	return *out_header ? entries : NULL;
}

__noinline int rule_decide(__u32 index, __u32 deny, __u32 allow)
{
	struct scratch *slot = scratch_get(index);
	const struct gen_header *header = NULL;
	void *entries = slot ? rule_generation(slot->generation, &header) : NULL;

	if (!slot || !entries || !header)
		return RULE_SWITCHED;
	__builtin_memset(&slot->decision, 0, sizeof(slot->decision));
	slot->event.decision.generation = header->generation;
	rule_fill(entries, header, slot->known.protected, deny, allow, &slot->decision);
	return RULE_DECIDED;
}

__noinline int rule_decide_bare(__u64 began_with, __u32 hook, __u32 deny, __u32 allow)
{
	const struct gen_header *header = NULL;
	void *entries = rule_generation(began_with, &header);
	struct decision decision = {};

	if (!entries || !header || header->flags & GEN_FLAG_SCOPE) {
		if (set_is_active())
			count(hook, STAT_UNDECIDED);
		return VERDICT_ALLOW;
	}
	rule_fill(entries, header, 0, deny, allow, &decision);
	if (set_is_active()) {
		count_decision(hook, &decision);
		count(hook, STAT_LOST_FULL);
	}
	return decision.verdict;
}
