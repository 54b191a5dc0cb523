/* SPDX-License-Identifier: MIT */
/*
 * entries.c - growing and ordering of map entries. Sorting moves 56 bytes an entry, so a small index is
 * sorted first and every entry then moves once.
 */
#include "entries.h"
#include "sort.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int entries_add(struct entries *entries, const struct gen_key *key, const union gen_value *value)
{
	if (entries->count == entries->capacity) {
		size_t capacity =
			entries->capacity ? entries->capacity + entries->capacity / 2 : 64;
		void *keys, *values;

		if (entries->count >= UINT32_MAX / 2)
			return -E2BIG;
		keys = reallocarray(entries->keys, capacity, sizeof(*entries->keys));
		if (!keys)
			return -ENOMEM;
		entries->keys = keys;
		values = reallocarray(entries->values, capacity, sizeof(*entries->values));
		if (!values)
			return -ENOMEM;
		entries->values = values;
		entries->capacity = capacity;
	}
	entries->keys[entries->count] = *key;
	entries->values[entries->count++] = *value;
	return 0;
}

/* Moves every entry to its place along the cycles of the permutation. */
static void entries_permute(struct gen_key *keys, union gen_value *values, struct sort_item *items,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gen_key key = keys[i];
		union gen_value value = values[i];
		size_t to = i;

		if (items[i].index == i)
			continue;
		for (;;) {
			size_t from = items[to].index;

			items[to].index = to;
			if (from == i)
				break;
			keys[to] = keys[from];
			values[to] = values[from];
			to = from;
		}
		keys[to] = key;
		values[to] = value;
	}
}

static bool entries_sorted(const struct entries *entries, size_t start)
{
	for (size_t i = start + 1; i < entries->count; i++)
		if (memcmp(&entries->keys[i - 1], &entries->keys[i], sizeof(*entries->keys)) > 0)
			return false;
	return true;
}

int entries_sort(struct entries *entries, size_t start)
{
	size_t count = entries->count - start;
	struct sort_item *items;

	if (entries_sorted(entries, start))
		return 0;
	items = calloc(count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		__u64 words[3];

		memcpy(words, &entries->keys[start + i], sizeof(words));
		for (unsigned w = 0; w < 3; w++)
			items[i].word[w] = be64toh(words[w]);
		items[i].index = i;
	}
	sort_items(items, count);
	entries_permute(entries->keys + start, entries->values + start, items, count);
	free(items);
	return 0;
}

int entries_join(struct entries *entries, struct entries *more)
{
	size_t count = entries->count + more->count;
	void *keys, *values;

	if (count >= UINT32_MAX / 2)
		return -E2BIG;
	if (!more->count)
		return 0;
	keys = reallocarray(entries->keys, count, sizeof(*entries->keys));
	if (!keys)
		return -ENOMEM;
	entries->keys = keys;
	memcpy(entries->keys + entries->count, more->keys, more->count * sizeof(*more->keys));
	free(more->keys);
	more->keys = NULL;
	entries->capacity = entries->count; /* of the values, for now */
	values = reallocarray(entries->values, count, sizeof(*entries->values));
	if (!values)
		return -ENOMEM;
	entries->values = values;
	memcpy(entries->values + entries->count, more->values, more->count * sizeof(*more->values));
	entries->count = entries->capacity = count;
	entries_done(more);
	return 0;
}

void entries_unique(struct entries *entries, size_t start)
{
	size_t kept = start;

	for (size_t i = start; i < entries->count; i++) {
		if (kept > start &&
		    !memcmp(&entries->keys[kept - 1], &entries->keys[i], sizeof(*entries->keys)))
			continue;
		entries->keys[kept] = entries->keys[i];
		entries->values[kept++] = entries->values[i];
	}
	entries->count = kept;
}

/* A little endian number is ordered by its lowest byte first; elsewhere entries_sort() has work to do. */
int entries_order(__u32 count, __u32 **out_order)
{
	__u32 high = count >> 16 < 256 ? count >> 16 : 255, used = 0;

	*out_order = malloc(((size_t)count + 1) * sizeof(**out_order));
	if (!*out_order)
		return -ENOMEM;
	for (__u32 low = 0; low < 65536; low++) {
		__u64 from = low >> 8 | (low & 0xff) << 8;

		for (__u32 third = 0; third <= high; third++)
			for (__u64 n = from | third << 16; n <= count; n += 1u << 24)
				if (n)
					(*out_order)[used++] = n;
	}
	return 0;
}

void entries_done(struct entries *entries)
{
	free(entries->keys);
	free(entries->values);
	memset(entries, 0, sizeof(*entries));
}
