/* SPDX-License-Identifier: MIT */
/*
 * sort.c - radix sort from the highest byte down, in place ("American flag sort"), with insertion for
 * short runs. Depth is bounded by the 24 bytes of a key, so no input makes it slow.
 */
#include "sort.h"
#include "beside.h"

#include <stdbool.h>
#include <string.h>

#define SORT_BYTES 24
#define SORT_SHORT 24

static inline unsigned sort_byte(const struct sort_item *item, unsigned depth)
{
	return item->word[depth / 8] >> (56 - 8 * (depth % 8)) & 0xff;
}

static inline bool sort_less(const struct sort_item *a, const struct sort_item *b)
{
	for (unsigned i = 0; i < 3; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i];
	return false;
}

static void sort_insertion(struct sort_item *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sort_item item = items[i];
		size_t j = i;

		for (; j > 0 && sort_less(&item, &items[j - 1]); j--)
			items[j] = items[j - 1];
		items[j] = item;
	}
}

/* The items by the first byte in which they differ, from @depth on: bucket b is start[b] to start[b + 1]. */
struct buckets {
	struct sort_item *items;
	size_t start[257];
	unsigned depth;
	unsigned first, last; /* those that are to be sorted: last is not among them */
};

/* False: they are all equal. */
static bool partition(struct buckets *buckets, struct sort_item *items, size_t count,
		      unsigned depth)
{
	size_t *start = buckets->start, next[256];

	memset(start, 0, sizeof(buckets->start));
	/* bytes in which all items agree cost one pass each */
	for (;; depth++) {
		if (depth == SORT_BYTES)
			return false;
		for (size_t i = 0; i < count; i++)
			start[sort_byte(&items[i], depth) + 1]++;
		if (start[sort_byte(&items[0], depth) + 1] != count)
			break;
		start[sort_byte(&items[0], depth) + 1] = 0;
	}
	for (unsigned b = 0; b < 256; b++) {
		start[b + 1] += start[b];
		next[b] = start[b];
	}
	for (unsigned b = 0; b < 256; b++) {
		while (next[b] < start[b + 1]) {
			struct sort_item item = items[next[b]];
			unsigned to = sort_byte(&item, depth);

			while (to != b) {
				struct sort_item other = items[next[to]];

				items[next[to]++] = item;
				item = other;
				to = sort_byte(&item, depth);
			}
			items[next[b]++] = item;
		}
	}
	buckets->items = items;
	buckets->depth = depth;
	buckets->first = 0;
	buckets->last = 256;
	return true;
}

static void sort_from(struct sort_item *items, size_t count, unsigned depth);

static void sort_buckets(void *data)
{
	const struct buckets *buckets = data;
	const size_t *start = buckets->start;

	for (unsigned b = buckets->first; b < buckets->last; b++)
		if (start[b + 1] - start[b] > 1)
			sort_from(buckets->items + start[b], start[b + 1] - start[b],
				  buckets->depth + 1);
}

static void sort_from(struct sort_item *items, size_t count, unsigned depth)
{
	struct buckets buckets;

	if (count <= SORT_SHORT)
		sort_insertion(items, count);
	else if (partition(&buckets, items, count, depth))
		sort_buckets(&buckets);
}

void sort_items(struct sort_item *items, size_t count)
{
	struct buckets low, high;
	struct beside beside;

	if (count < 2 * BESIDE_ITEMS) {
		sort_from(items, count, 0);
		return;
	}
	if (!partition(&low, items, count, 0))
		return;
	high = low;
	while (low.last > 1 && low.start[low.last] > count / 2)
		low.last--;
	high.first = low.last;
	beside_start(&beside, sort_buckets, &low, low.start[low.last]);
	sort_buckets(&high);
	beside_join(&beside);
}
