/* SPDX-License-Identifier: MIT */
/*
 * strings.c - each string once, found by its bytes; a small cache by address answers for the millions
 * of rules that point to the very same vendor.
 */
#include "strings.h"
#include "policy.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int strings_rehash(struct strings *strings)
{
	size_t size = strings->table_size ? 2 * strings->table_size : 128;
	__u32 *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	free(strings->table);
	strings->table = table;
	strings->table_size = size;
	for (size_t i = 0; i < strings->count; i++) {
		size_t slot = (strings->list[i].hash ^ strings->list[i].hash >> 32) & (size - 1);

		while (table[slot])
			slot = (slot + 1) & (size - 1);
		table[slot] = i + 1;
	}
	return 0;
}

static int strings_grow(struct strings *strings)
{
	size_t capacity = strings->capacity ? 2 * strings->capacity : 64;
	struct string *list = reallocarray(strings->list, capacity, sizeof(*list));

	if (!list)
		return -ENOMEM;
	strings->list = list;
	strings->capacity = capacity;
	return 0;
}

int strings_add_temporary(struct strings *strings, const char *text, __u32 *out_index)
{
	size_t bytes = strlen(text), slot;
	__u64 hash = name_hash(text, bytes);
	char *copy;
	int err = 0;

	if (bytes >= UINT32_MAX || strings->count >= UINT32_MAX / 2)
		return -E2BIG;
	if (2 * strings->count >= strings->table_size)
		err = strings_rehash(strings);
	if (!err && strings->count == strings->capacity)
		err = strings_grow(strings);
	if (err)
		return err;
	slot = (hash ^ hash >> 32) & (strings->table_size - 1);
	for (; strings->table[slot]; slot = (slot + 1) & (strings->table_size - 1)) {
		const struct string *string = &strings->list[strings->table[slot] - 1];

		if (string->bytes == bytes && !memcmp(string->text, text, bytes)) {
			*out_index = strings->table[slot] - 1;
			return 0;
		}
	}
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*out_index = strings->count;
	strings->list[strings->count] = (struct string){.text = copy, .bytes = bytes, .hash = hash};
	strings->table[slot] = ++strings->count;
	return 0;
}

int strings_add(struct strings *strings, const char *text, __u32 *out_index)
{
	size_t slot = ((uintptr_t)text ^ (uintptr_t)text >> 10) % STRINGS_CACHE;
	int err;

	if (strings->cache[slot].text == text) {
		*out_index = strings->cache[slot].index;
		return 0;
	}
	err = strings_add_temporary(strings, text, out_index);
	if (!err) {
		strings->cache[slot].text = text;
		strings->cache[slot].index = *out_index;
	}
	return err;
}

static int compare_strings(const void *a, const void *b, void *context)
{
	const struct string *list = context;

	return strcmp(list[*(const __u32 *)a].text, list[*(const __u32 *)b].text);
}

int strings_rank(struct strings *strings, __u32 **out_order)
{
	__u32 *order = calloc(strings->count + 1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < strings->count; i++)
		order[i] = i;
	qsort_r(order, strings->count, sizeof(*order), compare_strings, strings->list);
	for (size_t i = 0; i < strings->count; i++)
		strings->list[order[i]].rank = i;
	if (out_order)
		*out_order = order;
	else
		free(order);
	return 0;
}

void strings_done(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->list[i].text);
	free(strings->list);
	free(strings->table);
	memset(strings, 0, sizeof(*strings));
}
