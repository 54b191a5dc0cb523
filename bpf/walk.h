/* SPDX-License-Identifier: GPL-2.0 */
/* walk.h - a path as the names of its components: files and cgroups are walked alike, from the leaf up. */
#ifndef EMBARGO_WALK_H
#define EMBARGO_WALK_H

#include "maps.h"

/**
 * hash_name() - the hash of abi.h over a name
 * @address: of its bytes, in the kernel
 * @bytes:   how many, at most PATH_NAME_MAX
 *
 * Return: the hash, or 0 when the name could not be read (no name has the hash 0 but one in 2^64).
 */
extern __u64 hash_name(__u64 address, __u32 bytes);

static __always_inline void walk_begin(struct walk *walk)
{
	walk->depth = 0;
	walk->root_depth = 0;
	walk->detached = 0;
	walk->failed = 0;
}

/* The next component towards the root; @hash: of hash_name(). */
static __always_inline void walk_add_hashed(struct walk *walk, __u64 name, __u32 bytes, __u64 hash)
{
	__u32 slot = walk->depth & (PATH_COMPONENTS_MAX - 1);

	if (!hash)
		walk->failed = 1;
	walk->hash[slot] = hash;
	walk->address[slot] = name;
	walk->bytes[slot] = bytes;
	if (walk->depth == 0) {
		walk->leaf_hash = hash;
		walk->leaf_address = name;
		walk->leaf_bytes = bytes & 255;
	}
	walk->depth++;
}

static __always_inline void walk_add(struct walk *walk, __u64 name, __u32 bytes)
{
	walk_add_hashed(walk, name, bytes, hash_name(name, bytes));
}

#endif
