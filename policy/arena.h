/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory that lives and dies with one document: what the readers make of it is allocated
 * here, so that one call frees a half-read document as well as a whole one.
 */
#ifndef EMBARGO_ARENA_H
#define EMBARGO_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* All zero is an empty arena. */
struct arena {
	struct arena_chunk *chunks; /* the newest first */
	size_t left;                /* bytes unused in it */
};

/**
 * arena_alloc() - zeroed memory, aligned for every type
 * @arena: borrowed
 * @bytes: how much; 0 gives a pointer that must not be read
 *
 * Return: memory owned by the arena, or NULL when there is none.
 */
void *arena_alloc(struct arena *arena, size_t bytes);

/**
 * arena_text() - a copy of some bytes with a terminating zero
 * @arena: borrowed
 * @text:  borrowed
 * @bytes: its length
 *
 * Return: the copy, owned by the arena, or NULL when there is no memory.
 */
char *arena_text(struct arena *arena, const char *text, size_t bytes);

/** arena_done() - free everything; accepts an empty arena and leaves one */
void arena_done(struct arena *arena);

#endif
