// SPDX-License-Identifier: GPL-2.0
/* learned.bpf.c - see learned.h; functions of scalars for the verifier's sake. */
#include "learned.h"
#include "emit.h"
#include "identity.h"
#include "match.h"
#include "scratch.h"

#define E2BIG 7

/* The facts of the generation that the slot's match began with; NULL: none, or there is another generation. */
static __always_inline void *learned_facts(const struct scratch *slot)
{
	__u64 number = 0;

	return generation_begun(slot, &number) ? bpf_map_lookup_elem(&learned, &number) : NULL;
}

/* The content that was hashed for this attempt, if it was. */
static __always_inline bool hashed_take(struct scratch *slot, __u64 inode)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct hashed *content = bpf_map_lookup_elem(&hashed, &thread);
	bool found = content && content->inode == inode;

	if (!content)
		return false;
	if (found)
		__builtin_memcpy(slot->event.sha256, content->sha256, SHA256_BYTES);
	bpf_map_delete_elem(&hashed, &thread);
	return found;
}

__noinline int content_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	const struct gen_digest *listed;
	const struct learned *learnt;
	__u64 number = 0;
	struct gen_key key;
	void *entries, *facts;

	if (!slot)
		return MATCH_DONE;
	entries = generation_begun(slot, &number);
	if (!entries)
		return MATCH_SWITCHED;
	content_key(GEN_DIGEST, slot->event.sha256, &key);
	listed = bpf_map_lookup_elem(entries, &key);
	if (listed) {
		slot->known.content_deny = listed->deny;
		slot->known.content_allow = listed->allow;
	}
	facts = bpf_map_lookup_elem(&learned, &number);
	if (!facts)
		return MATCH_DONE;
	key.kind = LEARNED_DIGEST;
	learnt = bpf_map_lookup_elem(facts, &key);
	if (learnt) {
		slot->known.content_deny = better(slot->known.content_deny, learnt->deny);
		slot->known.content_allow = better(slot->known.content_allow, learnt->allow);
	}
	return MATCH_DONE;
}

/* Does the agent know the content of this file as it is now? Then its identity says all. */
static __always_inline bool still_as_hashed(const struct learned *fact, const struct event_file *file,
					    struct inode *inode)
{
	__u64 change_ns, version;

	if (!(fact->flags & LEARNED_HASHED) || fact->size != file->size)
		return false;
	inode_change(inode, &change_ns, &version);
	return fact->change_ns == change_ns;
}

/* Returns 1 when the file has an embargoed size and nothing of its content is known yet. */
__noinline int identity_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct learned_key key = {};
	const struct learned *fact;
	bool told = false;
	void *facts;

	if (!slot)
		return 0;
	facts = learned_facts(slot);
	if (!facts)
		return 0;
	if (slot->event.file.flags & FILE_IDENTIFIED) {
		learned_file_key(&slot->event.file, &key);
		fact = bpf_map_lookup_elem(facts, &key);
		if (fact) {
			slot->known.identity_deny = fact->deny;
			slot->known.identity_allow = fact->allow;
			slot->known.protected = !!(fact->flags & LEARNED_PROTECTED);
			told = still_as_hashed(fact, &slot->event.file, (struct inode *)slot->inode);
		}
	}
	if (told)
		return 0;
	__builtin_memset(&key, 0, sizeof(key));
	key.kind = LEARNED_SIZE;
	key.a = slot->event.file.size;
	return bpf_map_lookup_elem(facts, &key) != NULL;
}

__noinline int learned_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct file *file;

	if (!slot || !identity_ask(index))
		return MATCH_DONE;
	file = (struct file *)slot->file;
	if (hashed_take(slot, (__u64)BPF_CORE_READ(file, f_inode)))
		return content_ask(index);
	slot->wants_content = 1;
	return MATCH_DONE;
}

__noinline int learned_add(__u32 index, __u32 rule, __u32 hook)
{
	struct scratch *slot = scratch_get(index);
	struct learned fact = { .deny = rule }, *known;
	struct learned_key key;
	void *facts;

	if (!slot || !(slot->event.file.flags & FILE_IDENTIFIED))
		return 0;
	facts = learned_facts(slot);
	if (!facts)
		return 0;
	learned_file_key(&slot->event.file, &key);
	known = bpf_map_lookup_elem(facts, &key);
	if (known) {
		if (!known->deny)
			known->deny = rule;
		return 0;
	}
	if (bpf_map_update_elem(facts, &key, &fact, BPF_NOEXIST) == -E2BIG && set_is_active())
		count(hook, STAT_UNLEARNED);
	return 0;
}
