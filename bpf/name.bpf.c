// SPDX-License-Identifier: GPL-2.0
/* name.bpf.c - see name.h. */
#include "name.h"
#include "learned.h"
#include "match.h"
#include "scratch.h"
#include "subject.h"
#include "walk.h"

/*
 * Afterwards the slot's match has the answer. The address of the name is taken from the slot's .name, because a number that
 * comes from memory is one to the verifier, too, where the address of a map's value is not.
 */
static __always_inline int name_match(struct scratch *slot, __u32 bytes, __u32 root)
{
	slot->match.deny = 0;
	slot->match.allow = 0;
	if (!root)
		return MATCH_DONE;
	walk_begin(&slot->second);
	walk_add(&slot->second, *(volatile __u64 *)&slot->name, bytes);
	slot->second.root_depth = slot->second.depth;
	if (slot->second.failed)
		return MATCH_GOES_ON;
	path_match_init(&slot->match, root);
	return match_run(slot->index, MATCH_SECOND);
}

static __always_inline const struct gen_roots *roots_find(const struct scratch *slot, bool *out_switched)
{
	struct gen_key key = { .kind = GEN_ROOTS };
	__u64 number = 0;
	void *entries = generation_begun(slot, &number);

	*out_switched = !entries;
	return entries ? bpf_map_lookup_elem(entries, &key) : NULL;
}

__noinline int module_name_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	const struct gen_roots *roots;
	bool switched;
	int answer;

	if (!slot)
		return MATCH_DONE;
	roots = roots_find(slot, &switched);
	if (switched)
		return MATCH_SWITCHED;
	if (!roots)
		return MATCH_DONE;
	*(volatile __u64 *)&slot->name = (__u64)slot->event.module;
	answer = name_match(slot, bytes_used(slot->event.module, MODULE_NAME_BYTES / 8), roots->modules);
	slot->known.name_deny = slot->match.deny;
	slot->known.name_allow = slot->match.allow;
	return answer;
}

__noinline int interpreter_ask(__u32 index)
{
	struct dentry *program = BPF_CORE_READ(current_task(), mm, exe_file, f_path.dentry);
	struct scratch *slot = scratch_get(index);
	const struct gen_roots *roots;
	bool switched;
	int answer;

	if (!slot)
		return 0;
	roots = roots_find(slot, &switched);
	if (switched || !roots)
		return switched ? -1 : 0;
	slot->name = (__u64)BPF_CORE_READ(program, d_name.name);
	answer = name_match(slot, BPF_CORE_READ(program, d_name.len), roots->interpreters);
	return answer == MATCH_DONE ? slot->match.deny != 0 : -1;
}
