// SPDX-License-Identifier: GPL-2.0
/*
 * hash.bpf.c - the hash of a name in kernel memory. A global function of scalars: the verifier checks it
 * once for a program, whatever calls it and however often.
 */
#include "abi.h"
#include <bpf/bpf_helpers.h>

#define CHUNK_WORDS 8
#define CHUNK_BYTES (CHUNK_WORDS * 8)

/**
 * hash_name() - the hash of abi.h over a name
 * @address: of its bytes, in the kernel
 * @bytes:   how many, at most PATH_NAME_MAX
 *
 * Return: the hash, or 0 when the name could not be read (no name has the hash 0 but one in 2^64).
 */
__u64 hash_name(__u64 address, __u32 bytes)
{
	__u64 hash = HASH_START ^ bytes;

	if (bytes == 0 || bytes > PATH_NAME_MAX)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < PATH_NAME_MAX + 1; at += CHUNK_BYTES) {
		__u64 words[CHUNK_WORDS] = {};
		__u32 rest = bytes - at;

		if (at >= bytes)
			break;
		if (rest > CHUNK_BYTES)
			rest = CHUNK_BYTES;
		/* 5.10 does not learn from rest != 0 that the size is positive */
		rest = ((rest - 1) & (CHUNK_BYTES - 1)) + 1;
		if (bpf_probe_read_kernel(words, rest, (void *)(address + at)))
			return 0;
#pragma clang loop unroll(full)
		for (__u32 i = 0; i < CHUNK_WORDS; i++)
			if (i * 8 < rest)
				hash = hash_word(hash, words[i]);
	}
	return hash;
}
