/* SPDX-License-Identifier: MIT */
/* via.h - the ways on which a process can get from a program that is watched to the one that makes an attempt. */
#ifndef VIA_H
#define VIA_H

#define VIA_HELD_FD 9

struct via {
	char **argv;			/* of this program; argv[2] are the steps, which PROGRAM goes on with */
	int (*hold)(char **argv);	/* for the step "held": a descriptor, or -errno */
	int (*attempt)(char **argv);	/* what is done in the end: the exit status */
};

/**
 * via_go() - take one step after the other, then make the attempt and exit
 * @via:   borrowed
 * @steps: comma separated; changed
 *         fork, thread, vfork=PROGRAM, exec=PROGRAM; double: a grandchild whose parent is gone; daemon: the same in a session of its
 *         own; parent: a sibling (CLONE_PARENT); cgroup=DIRECTORY (CLONE_INTO_CGROUP); wait=FILE: until it is there; held: a
 *         connection to the address is made now and kept as VIA_HELD_FD
 *
 * Processes on the way end as the last one does, or with 0 when they cannot know it. What cannot be done ends with 3.
 */
void via_go(const struct via *via, char *steps) __attribute__((noreturn));

#endif
