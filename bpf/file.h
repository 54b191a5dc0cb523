/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file.h - which file: its path, component by component, and its identity. The functions are global
 * and take scalars (the index of a scratch slot, a kernel address): the verifier then checks each
 * once for a program, whatever calls it and however often. As parts of the callers the same lines cost
 * it a million instructions.
 */
#ifndef EMBARGO_FILE_H
#define EMBARGO_FILE_H

#include "maps.h"

/** file_walk_begin(), file_walk_steps() - of file_walk(); the latter returns 0 at the end */
extern int file_walk_begin(__u32 slot, __u64 file);
extern int file_walk_steps(__u32 slot);

#define WALK_PARTS 16	/* as in match_run() */

/**
 * file_walk() - read the components of a file's path into the slot's walk
 * @slot: claimed
 * @file: address of a struct file
 *
 * A part of its callers, because a chain of calls has eight functions.
 */
static __always_inline void file_walk(struct scratch *slot, __u64 file)
{
	int more = 1;

	file_walk_begin(slot->index, file);
#pragma clang loop unroll(disable)
	for (int part = 0; part < WALK_PARTS && more; part++)
		more = file_walk_steps(slot->index);
	if (more)
		slot->walk.failed = 1;
	if (more || !slot->position.root_seen)
		slot->walk.root_depth = slot->walk.depth;
}

/** file_identity() - fill in what identity_of_inode() does of event.file, and .inode; @file 0: zeroes. Return: 0. */
extern int file_identity(__u32 slot, __u64 file);

/**
 * path_at_home() - is this the host's own file at that path?
 * @slot: its walk is the last one that file_walk() made, and got to the end
 *
 * So it is on the root file system of the host, and nothing but the root directories of mounts lies above that (an initial
 * RAM disk under the real root): it may be looked at from a mount namespace of its own (a unit with a private
 * /tmp), but not from another root, nor through a bind mount.
 * Return: 1 or 0.
 */
extern int path_at_home(__u32 slot);

/** path_write() - write the path of the slot's walk behind its event. Return: 0. */
extern int path_write(__u32 slot);

#endif
