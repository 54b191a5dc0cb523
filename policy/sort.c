/* SPDX-License-Identifier: MIT */
/*
 * sort.c - radix sort from the highest byte down, in place ("American flag sort"), with insertion for
 * short runs. Depth is bounded by the 24 bytes of a key, so no input makes it slow.
 */
#include "sort.h"

#include <stdbool.h>

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

static void sort_from(struct sort_item *items, size_t count, unsigned depth)
{
	size_t start[257] = {0}, next[256];

	if (count <= SORT_SHORT) {
		sort_insertion(items, count);
		return;
	}

	/* bytes in which all items agree cost one pass each */
	for (;; depth++) {
		if (depth == SORT_BYTES)
			return;
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
	if (depth + 1 == SORT_BYTES)
		return;
	for (unsigned b = 0; b < 256; b++)
		if (start[b + 1] - start[b] > 1)
			sort_from(items + start[b], start[b + 1] - start[b], depth + 1);
}

void sort_items(struct sort_item *items, size_t count)
{
	sort_from(items, count, 0);
}
