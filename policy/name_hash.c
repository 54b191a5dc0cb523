/* SPDX-License-Identifier: MIT */
/*
 * name_hash.c - the hash of a name that bpf/abi.h defines by its single step. The kernel programs
 * compute the same over the components of a path; a difference would mean that no rule ever matches.
 */
#include "policy.h"

#include <endian.h>
#include <string.h>

__u64 name_hash(const char *name, size_t bytes)
{
	__u64 hash = HASH_START ^ bytes;

	for (size_t i = 0; i < bytes; i += 8) {
		__u64 word = 0;

		memcpy(&word, name + i, bytes - i < 8 ? bytes - i : 8);
		hash = hash_word(hash, le64toh(word));
	}
	return hash;
}
