/* SPDX-License-Identifier: MIT */
/*
 * mounts.h - which mounts below the root a walk does not enter, and why.
 */
#ifndef EMBARGO_MOUNTS_H
#define EMBARGO_MOUNTS_H

#include "internal.h"

enum mount_class {
	MOUNT_ENTERED,
	MOUNT_PSEUDO,		/* no files that a product brings */
	MOUNT_NETWORK,
	MOUNT_LAYERS,		/* an overlay of layers that are looked at where they are stored */
};

struct mount {
	char *path;		/* owned; from the inventory's root */
	char *type;		/* owned */
	enum mount_class class;
	size_t order;
};

struct mounts {
	struct mount *list;	/* sorted by path */
	size_t count, room;
	char *root_type;	/* owned; of what the root itself is, which is none of the list; NULL: another root, or not known */
};

/** mount_class_of() - by the type that mountinfo names */
enum mount_class mount_class_of(const char *type);

/**
 * mounts_parse() - take over the mounts of a text as in proc_pid_mountinfo(5)
 * @text:  changed
 * @bytes: without the zero behind it
 * @inventory: whose root it is about; its layers are known
 */
int mounts_parse(struct mounts *mounts, struct inventory *inventory, char *text, size_t bytes);

/** mounts_read() - of this process; says so if it cannot. Return: 0 or -ENOMEM. */
int mounts_read(struct inventory *inventory, struct mounts *out_mounts);

/** mounts_find() - the uppermost mount on exactly this path, or NULL */
const struct mount *mounts_find(const struct mounts *mounts, const char *path);
/** mounts_class_at() - of the file system that a path is on, as far as its text says */
enum mount_class mounts_class_at(const struct mounts *mounts, const char *path);
void mounts_done(struct mounts *mounts);

#endif
