/* SPDX-License-Identifier: GPL-2.0 */
/* learned.h - what is known of a file beyond its path: its identity and its content. */
#ifndef EMBARGO_LEARNED_H
#define EMBARGO_LEARNED_H

#include "maps.h"

/** generation_begun() - the active generation and its number, if it still is the one that the slot's match began with; else NULL */
static __always_inline void *generation_begun(const struct scratch *slot, __u64 *out_number)
{
	struct gen_key key = { .kind = GEN_HEADER };
	const struct gen_header *header;
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!entries || (__u64)entries != slot->generation)
		return NULL;
	header = bpf_map_lookup_elem(entries, &key);
	if (!header)
		return NULL;
	*out_number = header->generation;
	return entries;
}

/** filter_find() - which facts there may be of the generation with this number; NULL: not to be known, so any */
static __always_inline struct learned_filter *filter_find(__u64 number)
{
	__u32 index = number & (FILTERS - 1);

	return bpf_map_lookup_elem(&filter, &index);
}

/**
 * learned_ask() - fill in what identity and content of a file say
 * @slot: index of a claimed slot; event.file is that of .file and .generation is set; .known, .wants_content and event.sha256
 *        are filled in
 *
 * Return: enum match_answer, MATCH_DONE or MATCH_SWITCHED.
 */
extern int learned_ask(__u32 slot);

/**
 * learned_add() - from now on this very file is known by a rule, under any name
 * @slot: index of a claimed slot; event.file is the file's, .generation is set, and the last walk is the file's
 * @rule: number
 * @hook: enum hook that counts it if there is no room
 *
 * Return: 0.
 */
extern int learned_add(__u32 slot, __u32 rule, __u32 hook);

#endif
