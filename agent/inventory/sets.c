/* SPDX-License-Identifier: MIT */
/*
 * sets.c - names and files that were met.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

int names_add(struct names *names, const char *name)
{
	char *copy;

	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 32;
		char **grown = reallocarray(names->list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		names->list = grown;
		names->room = room;
	}
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	names->list[names->count++] = copy;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(struct names *names)
{
	size_t kept = 0;

	if (!names->count)
		return;
	qsort(names->list, names->count, sizeof(*names->list), compare);
	for (size_t i = 0; i < names->count; i++) {
		if (kept && !strcmp(names->list[kept - 1], names->list[i]))
			free(names->list[i]);
		else
			names->list[kept++] = names->list[i];
	}
	names->count = kept;
}

bool names_have(const struct names *names, const char *name)
{
	return names->count &&
	       bsearch(&name, names->list, names->count, sizeof(*names->list), compare);
}

void names_done(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct names){0};
}

/* splitmix64 (Steele, Lea, Flood, 2014): neighbouring inode numbers must not become neighbours. */
static size_t spread(__u64 device, __u64 inode)
{
	__u64 x = inode + device * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* No file has inode 0: an entry of zeros is empty. */
static bool put(struct seen *seen, __u64 device, __u64 inode)
{
	size_t at = spread(device, inode) & (seen->size - 1);

	while (seen->table[at].inode) {
		if (seen->table[at].inode == inode && seen->table[at].device == device)
			return false;
		at = (at + 1) & (seen->size - 1);
	}
	seen->table[at].device = device;
	seen->table[at].inode = inode;
	seen->count++;
	return true;
}

static int grow(struct seen *seen)
{
	struct seen larger = {.size = seen->size ? seen->size * 2 : 1024};

	larger.table = calloc(larger.size, sizeof(*larger.table));
	if (!larger.table)
		return -ENOMEM;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->table[i].inode)
			(void)put(&larger, seen->table[i].device, seen->table[i].inode);
	free(seen->table);
	*seen = larger;
	return 0;
}

int seen_add(struct seen *seen, __u64 device, __u64 inode)
{
	if (!inode)
		return 1;
	if (seen->count * 3 >= seen->size * 2) {
		int err = grow(seen);

		if (err)
			return err;
	}
	return put(seen, device, inode);
}

void seen_done(struct seen *seen)
{
	free(seen->table);
	*seen = (struct seen){0};
}
