// SPDX-License-Identifier: GPL-2.0
/*
 * attempt.bpf.c - see attempt.h. A file is recognised by its path, its identity, its content and, if it is a module, the
 * name in it; the most specific rule of all decides.
 */
#include "attempt.h"
#include "contain.h"
#include "learned.h"
#include "match.h"
#include "name.h"
#include "walk.h"

/* Which rules and allow entries the path leads to. A path that cannot be decided leaves the other ways to know a file. */
static __always_inline int path_ask(struct scratch *slot, __u32 root)
{
	int answer;

	if (!root || slot->walk.detached)
		return MATCH_DONE;
	if (slot->walk.failed)
		return MATCH_GOES_ON;
	path_match_init(&slot->match, root);
	answer = match_run(slot->index, MATCH_FILE);
	if (answer != MATCH_DONE)
		return answer;
	slot->known.path_deny = slot->match.deny;
	slot->known.path_allow = slot->match.allow;
	if (slot->match.allow)
		slot->known.at_home = path_at_home(slot->index);
	return MATCH_DONE;
}

/*
 * Begin with the active generation and find all that is known of the file. Returns enum match_answer; with MATCH_GOES_ON
 * only the path is not known.
 */
__noinline int file_recognise(__u32 index)
{
	struct gen_key key = { .kind = GEN_HEADER };
	struct scratch *slot = scratch_get(index);
	const struct gen_header *header;
	int answer = MATCH_DONE, more;
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!slot)
		return MATCH_DONE;
	__builtin_memset(&slot->known, 0, sizeof(slot->known));
	slot->wants_content = 0;
	if (!entries)
		return MATCH_DONE;
	header = bpf_map_lookup_elem(entries, &key);
	if (!header)
		return MATCH_DONE;
	slot->generation = (__u64)entries;
	slot->event.decision.generation = header->generation;
	if (slot->file) {
		more = learned_ask(index);
		if (more == MATCH_SWITCHED)
			return more;
		answer = path_ask(slot, header->root);
		if (answer == MATCH_SWITCHED)
			return answer;
	}
	if (slot->event.module[0]) {
		more = module_name_ask(index);
		if (more != MATCH_DONE)
			return more;
	}
	return answer;
}

/* Is this attempt one that the rule is about? Returns 1 or 0; -1 when a new policy came in the middle. */
static __always_inline int rule_is_meant(const struct scratch *slot, __u32 number, __u32 what)
{
	struct gen_key key = { .kind = GEN_RULE, .node = number };
	const struct gen_rule *rule;
	__u64 generation_number = 0;
	void *entries;

	if (!(what & (ATTEMPT_STRICT | ATTEMPT_RUNNING)))
		return 1;
	entries = generation_begun(slot, &generation_number);
	if (!entries)
		return -1;
	rule = bpf_map_lookup_elem(entries, &key);
	return rule && (what & ATTEMPT_STRICT ? rule->flags & RULE_STRICT : rule->action == ACTION_CONTAIN);
}

/*
 * A rule that contains refuses no file. What runs is marked, and from then on its connections are decided: also in audit, for
 * the mode counts when it connects. A program under a loader run by hand, or one that only loads such a file, is not marked:
 * containment begins at an exec. (The program's own file is mapped after every exec: what a backend missed there is marked here.)
 */
static __always_inline int file_contained(struct scratch *slot, __u32 what)
{
	enum hook hook = what >> 8 & (HOOK_ROWS - 1);
	bool runs = hook == HOOK_EXEC || (hook == HOOK_LOAD && what & ATTEMPT_QUIET);

	slot->decision.verdict = VERDICT_ALLOW;
	if (!slot->decision.let_through && runs) {
		slot->decision.flags = EVENT_CONTAINED | (what & ATTEMPT_RUNNING ? EVENT_RAN_BEFORE : 0);
		contain_mark(slot->index, what & ATTEMPT_RUNNING);
	} else if (!slot->decision.let_through) {
		slot->decision.let_through = LET_THROUGH_CONTAIN;
	}
	if (hook != HOOK_LOAD)
		emit(slot->index, what & 0xffff, slot->file, 1);
	return VERDICT_ALLOW;
}

/* A rule names the file: decide, remember the file, record. Returns enum verdict or -1 when a new policy came in the middle. */
__noinline int file_matched(__u32 index, __u32 what)
{
	struct scratch *slot = scratch_get(index);
	enum hook hook = what >> 8 & (HOOK_ROWS - 1);
	__u32 deny;
	int answer;

	if (!slot)
		return VERDICT_ALLOW;
	deny = file_deny(&slot->known);
	answer = rule_is_meant(slot, deny, what);
	if (answer <= 0)
		return answer ?: VERDICT_ALLOW;
	answer = rule_apply(slot, hook, deny, file_allow(&slot->known));
	if (answer == RULE_SWITCHED)
		return -1;
	if (answer == RULE_OUT_OF_SCOPE || !slot->decision.rule)
		return VERDICT_ALLOW;
	slot->decision.recognised = file_recognised(&slot->known, deny);
	if (slot->decision.recognised == RECOGNISED_PATH && !slot->known.identity_deny &&
	    !slot->decision.let_through)
		learned_add(index, deny, hook);
	if (slot->decision.action == ACTION_CONTAIN)
		return file_contained(slot, what);
	if (slot->decision.verdict == VERDICT_DENY || !(what & ATTEMPT_QUIET))
		emit(index, what & 0xffff, slot->file, 1);
	return slot->decision.verdict;
}

static __always_inline int file_try(struct scratch *slot, __u32 what)
{
	enum hook hook = what >> 8 & (HOOK_ROWS - 1);
	int answer = file_recognise(slot->index);

	if (answer == MATCH_SWITCHED)
		return -1;
	if (file_deny(&slot->known))
		return file_matched(slot->index, what);
	if (answer != MATCH_DONE)
		undecided(hook);
	if (slot->wants_content && set_is_active()) {
		count(hook, STAT_UNHASHED);
		slot->decision.flags = what & ATTEMPT_RUNNING ? EVENT_RAN_BEFORE : 0;
		emit(slot->index, what & 0xffff, slot->file, 1);
	}
	return VERDICT_ALLOW;
}

__noinline int file_decide(__u32 index, __u32 what)
{
	struct scratch *slot = scratch_get(index);
	int verdict = -1;

	if (!slot)
		return VERDICT_ALLOW;
	__builtin_memset(&slot->decision, 0, sizeof(slot->decision));
	__builtin_memset(&slot->event.destination, 0, sizeof(slot->event.destination));
	__builtin_memset(slot->event.sha256, 0, sizeof(slot->event.sha256));
	slot->event.decision.generation = 0;
	walk_begin(&slot->walk);
	file_identity(index, slot->file);
	if (slot->file)
		file_walk(slot, slot->file);
	/* a new policy in the middle: once more, with that one */
#pragma clang loop unroll(disable)
	for (int i = 0; i < 2 && verdict < 0; i++)
		verdict = file_try(slot, what);
	if (verdict < 0)
		undecided(what >> 8 & (HOOK_ROWS - 1));
	return verdict == VERDICT_DENY ? VERDICT_DENY : VERDICT_ALLOW;
}
