/* SPDX-License-Identifier: MIT */
/*
 * store.h - what a generation owns, for the two places that make one: compile.c and generation_decode().
 * Everybody else sees struct generation only.
 */
#ifndef EMBARGO_STORE_H
#define EMBARGO_STORE_H

#include "generation.h"

/* All strings of the generation are in the pool; each ends with a zero. */
struct generation_store {
	struct generation generation;	/* first, so that a pointer to it is a pointer to the store */
	struct gen_key *keys;		/* all owned */
	union gen_value *values;
	struct generation_rule *rules;
	struct generation_rule *unenforced;
	char *pool;
	size_t pool_bytes;
};

/**
 * generation_number() - the number that these entries make
 * @keys:     borrowed; sorted
 * @values:   borrowed
 * @count:    of both; the header's own copy of the number counts as 0
 * @requires: borrowed; the kernel knows of them by this number
 *
 * Return: the first 8 bytes of the BLAKE2b of all entries, key and value each, and of what is required, as a
 * little endian number; never 0.
 */
__u64 generation_number(const struct gen_key *keys, const union gen_value *values, size_t count,
			const struct generation_requires *requires);

/**
 * generation_entries_fit() - could the compiler have made these entries?
 * @store: borrowed; published, its rules decoded
 */
bool generation_entries_fit(const struct generation_store *store);

/** generation_store_publish() - point the public members to the owned ones */
void generation_store_publish(struct generation_store *store);

#endif
