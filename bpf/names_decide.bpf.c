// SPDX-License-Identifier: GPL-2.0
/*
 * names_decide.bpf.c - see names.h; functions of scalars for the verifier's sake. A chain of calls has eight frames and this
 * one is long, so what could be a function of its own is a part of its caller here.
 */
#include "maps.h"
#include <bpf/bpf_endian.h>

#include "names.h"
#include "destination.h"
#include "domain.h"
#include "emit.h"
#include "flow.h"
#include "network.h"
#include "rule.h"
#include "scratch.h"
#include "subject.h"

/* The generation that the decision begins with, and no files. Returns 1; 0: there is none. */
__noinline int names_begin(__u32 index)
{
	struct gen_key key = { .kind = GEN_HEADER };
	struct scratch *slot = scratch_get(index);
	const struct gen_header *header;
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!slot || !entries)
		return 0;
	header = bpf_map_lookup_elem(entries, &key);
	if (!header)
		return 0;
	bpf_probe_read_kernel(&slot->generation, sizeof(slot->generation), &entries);
	slot->flags = header->flags;
	slot->number = header->generation;
	__builtin_memset(&slot->known, 0, sizeof(slot->known));
	__builtin_memset(slot->event.sha256, 0, sizeof(slot->event.sha256));
	__builtin_memset(slot->event.module, 0, sizeof(slot->event.module));
	return 1;
}

/* The best rule of a network, or the best allow entry, for the address itself. Returns its number, 0, or SWITCHED. */
__noinline __u64 names_network(__u32 index, __u32 allow)
{
	struct scratch *slot = scratch_get(index);
	const struct event_destination *to;
	__u64 a, b, rest, network;

	if (!slot)
		return 0;
	to = &slot->event.destination;
	a = to->family == 4 ? bpf_ntohl(*(__u32 *)to->address) : bpf_be64_to_cpu(*(__u64 *)to->address);
	b = to->family == 4 ? 0 : bpf_be64_to_cpu(*(__u64 *)(to->address + 8));
	rest = REST(to->family, to->protocol, to->port, 0);
	network = network_lookup(slot->generation, a, b, rest);
	if (!network || network == SWITCHED)
		return network;
	network = condition_first(slot->generation, network, rest, allow);
	return network == SWITCHED ? SWITCHED : (__u32)network;
}

enum names_how {
	NAMES_HOW_SHARED = 256,		/* it goes through because nobody can say whether it is meant */
	NAMES_HOW_QUIET = 512,		/* what would be refused is not recorded: it is asked again */
};

/* What a match answers: a rule, and enum names_how with enum recognised. 0: nothing matched. SWITCHED. */
#define MATCHED(deny, how) ((__u64)(how) << 32 | (deny))

/* By the address alone. @what: enum names_question. Afterwards slot->domain is the name, .domain_match.allow what allows it. */
static __always_inline __u64 address_match(struct scratch *slot, __u32 what)
{
	__u32 strict, how = RECOGNISED_RESOLVED;

	if (address_ask(slot->index) == MATCH_SWITCHED)
		return SWITCHED;
	if (!slot->resolved.deny)
		return 0;
	strict = what == NAMES_HIDDEN || (what == NAMES_NAMELESS && slot->flags & GEN_FLAG_REFUSE_NO_NAME) ||
		 (what == NAMES_QUIC && slot->flags & GEN_FLAG_REFUSE_QUIC);
	if (what == NAMES_CONNECTS)
		how |= NAMES_HOW_QUIET;
	else if (slot->resolved.shared && !strict)
		how |= NAMES_HOW_SHARED;
	slot->name_key = slot->resolved.name;
	slot->domain_match.allow = slot->resolved.allow;
	return MATCHED(slot->resolved.deny, how);
}

/* By the server name, and what it is an alias of. */
__noinline __u64 server_match(__u32 index)
{
	struct scratch *slot = scratch_get(index);

	if (!slot)
		return 0;
	slot->domain = slot->tls.name;
	if (alias_ask(index) == MATCH_SWITCHED)
		return SWITCHED;
	if (!slot->domain_match.deny)
		return 0;
	slot->name_key = domain_key(index);
	return MATCHED(slot->domain_match.deny, RECOGNISED_SERVER_NAME);
}

__noinline __u64 network_match(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	__u64 deny = names_network(index, 0);

	if (!slot || !deny || deny == SWITCHED)
		return deny;
	slot->domain_match.allow = 0;
	return MATCHED(deny, RECOGNISED_ADDRESS);
}

enum rule_outcome {
	OUTCOME_SILENT,		/* nothing to record: NAMES_FREE */
	OUTCOME_AWAIT,		/* nothing to record yet: NAMES_AWAIT */
	OUTCOME_RECORD,
	OUTCOME_SWITCHED,
};

/* A rule matched, in scope. Returns enum rule_outcome. */
__noinline int names_rule(__u32 index, __u32 deny, __u32 how)
{
	struct scratch *slot = scratch_get(index);
	__u64 allow;

	if (!slot)
		return OUTCOME_SILENT;
	allow = slot->domain_match.allow ?: names_network(index, 1);
	if (allow == SWITCHED || rule_decide(index, deny, allow) == RULE_SWITCHED)
		return OUTCOME_SWITCHED;
	if (!slot->decision.rule)
		return OUTCOME_SILENT;
	slot->decision.recognised = how & 255;
	if (how & NAMES_HOW_SHARED && !slot->decision.let_through) {
		slot->decision.let_through = LET_THROUGH_SHARED;
		slot->decision.verdict = VERDICT_ALLOW;
	}
	return how & NAMES_HOW_QUIET && slot->decision.let_through != LET_THROUGH_ALLOWED ? OUTCOME_AWAIT : OUTCOME_RECORD;
}

/* Is who tries in scope? Of who connected, that was asked when it did. Returns enum scope_answer. */
static __always_inline int names_scope(const struct scratch *slot, enum hook hook)
{
	int scope = slot->recalled ? SCOPE_IN : scope_ask(slot->index);

	if (scope == SCOPE_OUT && set_is_active())
		count(hook, STAT_OUT_OF_SCOPE);
	return scope;
}

/* Once, in the generation that is active now. Side by side and not one in the other: the frames would add up. */
static __always_inline int names_once(struct scratch *slot, __u32 what)
{
	enum hook hook = what == NAMES_NETWORK ? HOOK_CONNECT : HOOK_NAME;
	__u64 matched = what == NAMES_SERVER  ? server_match(slot->index) :
			what == NAMES_NETWORK ? network_match(slot->index) :
						address_match(slot, what);
	int scope;

	if (!matched || matched == SWITCHED)
		return matched ? NAMES_SWITCHED : NAMES_FREE;
	scope = names_scope(slot, hook);
	if (scope != SCOPE_IN)
		return scope == SCOPE_OUT ? NAMES_FREE : NAMES_SWITCHED;
	switch (names_rule(slot->index, matched, matched >> 32)) {
	case OUTCOME_SILENT:
		return NAMES_FREE;
	case OUTCOME_AWAIT:
		return NAMES_AWAIT;
	case OUTCOME_SWITCHED:
		return NAMES_SWITCHED;
	}
	if (slot->recalled && !slot->event.subject.pid) {	/* there is nobody to tell of */
		if (set_is_active())
			count_decision(hook, &slot->decision);
		return slot->decision.verdict == VERDICT_DENY ? NAMES_REFUSED : NAMES_FREE;
	}
	emit(slot->index, EMIT(hook, BACKEND_CGROUP),
	     slot->recalled ? 0 : (__u64)BPF_CORE_READ(current_task(), mm, exe_file), slot->recalled);
	if (slot->decision.verdict == VERDICT_DENY)
		return NAMES_REFUSED;
	flow_begin(slot->index);
	return NAMES_FREE;
}

__noinline int names_decide(__u32 index, __u32 what)
{
	struct scratch *slot = scratch_get(index);
	int answer = NAMES_SWITCHED;

	if (!slot)
		return NAMES_FREE;
	/* a new policy in the middle: once more, with that one */
#pragma clang loop unroll(disable)
	for (int i = 0; i < 2 && answer == NAMES_SWITCHED; i++)
		answer = names_begin(index) ? names_once(slot, what) : NAMES_FREE;
	if (answer == NAMES_SWITCHED && set_is_active())
		count(HOOK_NAME, STAT_UNDECIDED);
	return answer;
}
