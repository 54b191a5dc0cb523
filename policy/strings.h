/* SPDX-License-Identifier: MIT */
/*
 * strings.h - the words that many rules share (vendors, products, files, beginnings of ids), each kept
 * once. Numbers stand for strings until the pool of a generation is laid out.
 */
#ifndef EMBARGO_STRINGS_H
#define EMBARGO_STRINGS_H

#include <linux/types.h>
#include <stddef.h>

#define STRINGS_CACHE 1024

struct string {
	char *text;		/* owned */
	__u32 bytes;		/* without the zero */
	__u32 offset;		/* in the pool, once there is one */
	__u32 rank;		/* in the order of all strings, after strings_rank() */
	__u64 hash;		/* name_hash() */
};

struct strings {
	struct string *list;	/* owned */
	size_t count, capacity;
	__u32 *table;		/* owned; index + 1 */
	size_t table_size;
	struct {
		const char *text;
		__u32 index;
	} cache[STRINGS_CACHE];	/* by address: callers must not change a string they passed before */
};

/**
 * strings_add() - the number of a string
 * @strings:   borrowed; zeroed before the first
 * @text:      borrowed, copied; must stay as it is until strings_done()
 * @out_index: into strings.list; untouched on failure
 *
 * Return: 0; -ENOMEM; -E2BIG (longer than 4 GiB).
 */
int strings_add(struct strings *strings, const char *text, __u32 *out_index);

/**
 * strings_add_temporary() - the same for a string that will be freed or changed
 * @strings, @text, @out_index: as above
 */
int strings_add_temporary(struct strings *strings, const char *text, __u32 *out_index);

/**
 * strings_rank() - number the strings in bytewise order
 * @strings:   borrowed
 * @out_order: the strings in that order; owned by the caller, free(); may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int strings_rank(struct strings *strings, __u32 **out_order);

/** strings_done() - free what it owns */
void strings_done(struct strings *strings);

#endif
