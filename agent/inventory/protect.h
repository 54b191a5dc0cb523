/* SPDX-License-Identifier: MIT */
/*
 * protect.h - how the protected set grows: an object, then what it needs to start.
 */
#ifndef EMBARGO_PROTECT_H
#define EMBARGO_PROTECT_H

#include "internal.h"

struct elf_needs;

/* An object whose needs are to be looked up. */
struct object {
	char *path; /* resolved */
	char *whom; /* "shell \"/bin/sh\"": who needs it in the end */
};

struct protect {
	struct inventory_place place;
	inventory_protected_fn fn;
	void *context;
	struct seen seen;
	struct object *queue;
	size_t count, room;
	char *cache; /* of the loader; may be NULL */
	size_t cache_bytes;
	struct names known; /* what was looked up: most programs need the same few libraries */
	const char *why; /* of what is being looked for */
};

/**
 * protect_add() - tell an object if it is there and new, and remember it for its needs
 * @whom: who needs it in the end; NULL: it is one by itself
 */
int protect_add(struct protect *protect, const char *named, const char *why, const char *whom);

/** protect_looked_up() - was it looked up before? Return: 1 yes; 0 no, and now it was; -ENOMEM. */
int protect_looked_up(struct protect *protect, const char *kind, const char *name);

/* A library that is looked for by its name. */
struct library {
	struct protect *protect;
	const struct elf_needs *needs; /* NULL: whatever machine */
	const char *why, *whom;
	bool found;
};

/** protect_library() - find it and add it; @of: the path of what needs it, or NULL */
int protect_library(struct library *library, const char *name, const char *of);

/** protect_needs() - the loader, libraries or interpreter of a file, by its path without links */
int protect_needs(struct protect *protect, const char *path, const char *whom);

#endif
