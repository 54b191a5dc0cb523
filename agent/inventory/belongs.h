/* SPDX-License-Identifier: MIT */
/*
 * belongs.h - which files of a host belong to the rules and exceptions of a generation: those of the packages that
 * they name, those that path rules hit, and those that the host cannot lose. Where hits.h tells people what is
 * there, this opens each file, so that it can be recognised by what it is. It decides nothing.
 */
#ifndef EMBARGO_BELONGS_H
#define EMBARGO_BELONGS_H

#include "../../policy/generation.h"
#include "inventory.h"

#include <sys/stat.h>

/* What is looked for; ORed. */
enum belongs_part {
	BELONGS_PROTECTED = 1,	/* inventory_protected() */
	BELONGS_ALLOWED = 2,	/* exceptions by path, package and package vendor */
	BELONGS_PACKAGES = 4,	/* of package and package vendor rules */
	BELONGS_PATHS = 8,	/* path rules whose pattern says where to look */
	BELONGS_WALK = 16,	/* path rules that need a walk over everything, and exceptions of that kind */
	BELONGS_QUICK = 15,
};

struct belonging {
	int fd;			/* open for reading; borrowed for the call */
	const char *path;	/* as this process sees it, without links; borrowed */
	struct stat st;		/* a regular file */
	__u32 deny, allow;	/* numbers of rules of the generation; 0: none */
	bool is_protected;
	bool by_package;	/* deny and allow are of a package, not of a path */
	bool in_layer;		/* of an image, not of this host */
	bool runs;		/* ELF, "#!", a bit for executing, a shared object's or kernel module's name */
};

/* Not 0 ends the search. */
typedef int (*belonging_fn)(void *context, const struct belonging *belonging);

/**
 * belongs_find() - look for them and open them
 * @inventory:  borrowed; the root, and its image layers as roots of their own
 * @generation: borrowed; rule n is rules[n - 1]
 * @parts:      enum belongs_part, ORed
 * @fn:         gets each file; one with several names or rules comes several times
 *
 * Of a package only what can run counts, or everything where the rule has RULE_STRICT. Exceptions by path mean
 * the file of this host only, and not one in a layer. Links are followed for exceptions; rules see the file
 * that they lead to under its own path. Nothing but regular files is opened, and nothing on network file systems
 * and those in user space unless the inventory's options say so.
 *
 * Return: 0; -ENOMEM; what @fn returned. What could not be looked at is told to the inventory's callback.
 */
int belongs_find(struct inventory *inventory, const struct generation *generation, unsigned parts, belonging_fn fn,
		 void *context);

/**
 * belongs_named() - the same for paths that were met, whatever the pattern is that hits them
 * @paths: absolute, from the root; borrowed. What no path rule hits any more is passed over
 */
int belongs_named(struct inventory *inventory, const struct generation *generation, char *const *paths, size_t count,
		  belonging_fn fn, void *context);

/** belongs_needs_walk() - does a rule or exception find all of its files only by BELONGS_WALK? */
bool belongs_needs_walk(const struct generation *generation, __u32 rule);

/** belongs_any_walk() - does any? */
bool belongs_any_walk(const struct generation *generation);

/** belongs_can_run() - as struct belonging.runs; @fd: open for reading */
bool belongs_can_run(int fd, const struct stat *st, const char *path);

#endif
