/* SPDX-License-Identifier: MIT */
/*
 * sort.h - the one sort of the compiler. A million rules leave a quarter of the time that a comparing
 * sort with its cache misses would take, so everything is sorted by three numbers and an index.
 */
#ifndef EMBARGO_SORT_H
#define EMBARGO_SORT_H

#include <linux/types.h>
#include <stddef.h>

struct sort_item {
	__u64 word[3];		/* compared in this order */
	__u32 index;		/* the caller's; not compared */
	__u32 zero;
};

/**
 * sort_items() - ascending, in place; items that compare equal end up in any order
 * @items: borrowed
 * @count: how many
 */
void sort_items(struct sort_item *items, size_t count);

#endif
