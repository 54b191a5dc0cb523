// SPDX-License-Identifier: GPL-2.0
/* learned.bpf.c - see learned.h; functions of scalars for the verifier's sake. */
#include "learned.h"
#include "emit.h"
#include "file.h"
#include "identity.h"
#include "match.h"
#include "scratch.h"

#define E2BIG 7

/*
 * The facts of the generation that the slot's match began with, by its number. They are there before it and until another one
 * has taken its place: NULL means that it has.
 */
static __always_inline void *learned_facts(const struct scratch *slot)
{
	__u64 number = slot->event.decision.generation;

	return bpf_map_lookup_elem(&learned, &number);
}

/* The content that was hashed for this attempt, if it was. */
static __always_inline bool hashed_take(struct scratch *slot, __u64 inode)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct hashed *content = bpf_map_lookup_elem(&hashed, &thread);

	if (!content || content->inode != inode)
		return false;
	__builtin_memcpy(slot->event.sha256, content->sha256, SHA256_BYTES);
	bpf_map_delete_elem(&hashed, &thread);
	return true;
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
		slot->known.copy_deny = learnt->deny;
		slot->known.content_allow = better(slot->known.content_allow, learnt->allow);
	}
	return MATCH_DONE;
}

/* Has the file the time and size at which the agent read it? */
static __always_inline bool still_as_hashed(const struct learned *fact, const struct event_file *file,
					    struct inode *inode)
{
	__u64 change_ns, version;

	if (!(fact->flags & LEARNED_HASHED) || fact->size != file->size)
		return false;
	inode_change(inode, &change_ns, &version);
	return fact->change_ns == change_ns;
}

/*
 * Is that enough to call the content innocent? Not where a write through a mapping changes no time (tmpfs), nor while somebody
 * may write.
 */
static __always_inline bool time_tells(struct inode *inode)
{
	unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);

	return magic != TMPFS_MAGIC && magic != RAMFS_MAGIC && BPF_CORE_READ(inode, i_writecount.counter) <= 0;
}

enum identity_answer {
	SIZE_IS_EMBARGOED = 1,	/* the content says something */
	CONTENT_IS_TOLD = 2,	/* the agent has read it as it is now: then the identity says all */
	DENIED_BY_CONTENT = 4,	/* what the identity says is only what the content was when the agent read it */
};

static __always_inline bool size_is_embargoed(void *facts, __u64 size)
{
	struct learned_key key = { .kind = LEARNED_SIZE, .a = size };

	return bpf_map_lookup_elem(facts, &key);
}

/* Can anything be known of this file? It usually cannot, and that is all that most files cost. */
static __always_inline bool may_be_known(const struct scratch *slot)
{
	const struct learned_filter *may = filter_find(slot->event.decision.generation);
	const struct event_file *file = &slot->event.file;

	return !may || may->there[filter_place(LEARNED_SIZE, file->size, 0)] ||
	       may->there[filter_place(LEARNED_FILE, file->inode, file->generation)];
}

/* Returns enum identity_answer, ORed; -1 when a new policy came in the middle. */
__noinline int identity_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct inode *inode;
	struct learned_key key;
	struct learned *fact, copy;
	__u64 number = 0;
	void *facts;
	int answer;

	if (!slot || !may_be_known(slot))
		return 0;
	facts = learned_facts(slot);
	if (!facts)	/* another policy took over, or this one has no facts: then its path still says something */
		return generation_begun(slot, &number) ? 0 : -1;
	answer = size_is_embargoed(facts, slot->event.file.size) ? SIZE_IS_EMBARGOED : 0;
	if (!(slot->event.file.flags & FILE_IDENTIFIED))
		return answer;
	learned_file_key(&slot->event.file, &key);
	fact = bpf_map_lookup_elem(facts, &key);
	if (!fact)
		return answer;
	copy = *fact;
	/* an element that was removed is another one's at once: what was read counts only if it still is this file's */
	if (bpf_map_lookup_elem(facts, &key) != fact)
		return answer;
	inode = (struct inode *)slot->inode;
	/* also what is denied by a content that may have changed: the agent reads it again then (a rename is a change, too) */
	slot->known.identity_deny = copy.deny;
	slot->known.identity_allow = copy.allow;
	slot->known.protected = !!(copy.flags & LEARNED_PROTECTED);
	if (still_as_hashed(&copy, &slot->event.file, inode) && time_tells(inode))
		answer |= CONTENT_IS_TOLD;
	return copy.flags & LEARNED_BY_CONTENT ? answer | DENIED_BY_CONTENT : answer;
}

__noinline int learned_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct file *file;
	int answer;

	if (!slot)
		return MATCH_DONE;
	answer = identity_ask(index);
	if (answer < 0)
		return MATCH_SWITCHED;
	if (!(answer & SIZE_IS_EMBARGOED))
		return MATCH_DONE;
	file = (struct file *)slot->file;
	if (hashed_take(slot, (__u64)BPF_CORE_READ(file, f_inode))) {
		if (answer & DENIED_BY_CONTENT)
			slot->known.identity_deny = 0;
		return content_ask(index);
	}
	slot->wants_content = !(answer & CONTENT_IS_TOLD);
	return MATCH_DONE;
}

__noinline int learned_add(__u32 index, __u32 rule, __u32 hook)
{
	struct scratch *slot = scratch_get(index);
	struct learned fact = {}, *known;
	struct learned_filter *may;
	struct learned_key key;
	struct inode *inode;
	void *facts;
	long err;

	/*
	 * Only the host's own file at that path, and only if that is its only name: who can mount, change the root or link could
	 * otherwise give any program of the host an embargoed path for a moment and have it refused for all.
	 */
	if (!slot || !(slot->event.file.flags & FILE_IDENTIFIED))
		return 0;
	inode = (struct inode *)slot->inode;
	if (BPF_CORE_READ(inode, i_nlink) != 1 || !path_at_home(index))
		return 0;
	facts = learned_facts(slot);
	if (!facts)
		return 0;
	learned_file_key(&slot->event.file, &key);
	known = bpf_map_lookup_elem(facts, &key);
	if (known)
		fact = *known;
	if (known && fact.deny)
		return 0;
	fact.deny = rule;
	may = filter_find(slot->event.decision.generation);
	if (!may)
		return 0;
	may->there[filter_place(key.kind, key.a, key.b)] = 1;
	err = bpf_map_update_elem(facts, &key, &fact, known ? BPF_EXIST : BPF_NOEXIST);
	if (err == -E2BIG && set_is_active())
		count(hook, STAT_UNLEARNED);
	return 0;
}
