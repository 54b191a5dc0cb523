/* SPDX-License-Identifier: MIT */
/*
 * entries.h - the growing list of map entries that paths.c, networks.c and compile.c fill, each kind
 * of entry in one run, in the order of enum gen_kind.
 */
#ifndef EMBARGO_ENTRIES_H
#define EMBARGO_ENTRIES_H

#include "../bpf/abi.h"
#include <stddef.h>

struct entries {
	struct gen_key *keys;		/* owned */
	union gen_value *values;	/* owned */
	size_t count, capacity;
};

/**
 * entries_add() - append one
 * @entries: borrowed
 * @key:     borrowed, copied
 * @value:   borrowed, copied
 *
 * Return: 0; -ENOMEM; -E2BIG (more than a 32 bit index can count). Nothing is appended then.
 */
int entries_add(struct entries *entries, const struct gen_key *key, const union gen_value *value);

/**
 * entries_sort() - put the entries from @start on into the bytewise order of their keys
 * @entries: borrowed
 * @start:   index of the first of this run
 *
 * Return: 0 or -ENOMEM.
 */
int entries_sort(struct entries *entries, size_t start);

/**
 * entries_join() - append a whole list to another one
 * @entries: borrowed
 * @more:    borrowed; empty afterwards
 *
 * Keys and then values, so that not both are there twice. Return: 0, -ENOMEM, -E2BIG.
 */
int entries_join(struct entries *entries, struct entries *more);

/** entries_unique() - keep the first of equal keys among the sorted entries from @start on */
void entries_unique(struct entries *entries, size_t start);

/**
 * entries_order() - the numbers 1 to @count in the bytewise order of a key's "node" member
 * @count:     how many
 * @out_order: owned by the caller, free(); NULL on failure
 *
 * Who appends in this order spares the sort, which then only looks.
 * Return: 0 or -ENOMEM.
 */
int entries_order(__u32 count, __u32 **out_order);

/** entries_done() - free what the list owns; accepts an empty one */
void entries_done(struct entries *entries);

#endif
