/* SPDX-License-Identifier: MIT */
/*
 * arena.c - a list of chunks that are only filled, never emptied one by one. A request larger than a
 * chunk gets a chunk of its own.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)32 * 1024)
#define ALIGNMENT   alignof(max_align_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t bytes;
	alignas(max_align_t) unsigned char data[];
};

static int arena_grow(struct arena *arena, size_t bytes)
{
	struct arena_chunk *chunk;

	if (bytes < CHUNK_BYTES)
		bytes = CHUNK_BYTES;
	chunk = calloc(1, sizeof(*chunk) + bytes);
	if (!chunk)
		return -1;

	chunk->bytes = bytes;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->left = bytes;
	return 0;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	void *memory;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	if (!arena->chunks || bytes > arena->left) {
		if (arena_grow(arena, bytes) < 0)
			return NULL;
	}

	memory = arena->chunks->data + (arena->chunks->bytes - arena->left);
	arena->left -= bytes;
	return memory;
}

char *arena_text(struct arena *arena, const char *text, size_t bytes)
{
	char *copy = arena_alloc(arena, bytes + 1);

	if (copy && bytes)
		memcpy(copy, text, bytes);
	return copy;
}

void arena_done(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->left = 0;
}
