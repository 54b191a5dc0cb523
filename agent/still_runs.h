/* SPDX-License-Identifier: MIT */
/*
 * still_runs.h - is a process still what it was when an attempt was made, and does it still use that file? Asked
 * before a program is ended, with a descriptor of the process in hand, so that nobody else is hit.
 */
#ifndef EMBARGO_STILL_RUNS_H
#define EMBARGO_STILL_RUNS_H

#include "../bpf/abi.h"
#include <stdbool.h>
#include <stddef.h>

/* A file as stat(2) tells it. */
struct still_file {
	__u64 device, inode;
};

/**
 * still_end() - end a process with SIGKILL, if it is the one of the attempt and runs, interprets or maps the file
 * @subject: of the event; borrowed
 * @kind:    HOOK_EXEC: runs it, or interprets it; HOOK_LOAD: has it mapped to be executed
 *
 * Return: 0; -ESRCH (gone, another process, or it does something else by now); -EPERM; -errno.
 */
int still_end(const struct event_subject *subject, enum hook kind, const struct still_file *file);

/** still_is() - is a process the one of the attempt, and does it still run, interpret or map the file? As above */
bool still_is(const struct event_subject *subject, enum hook kind, const struct still_file *file);

/** still_maps() - does a text as of /proc/PID/maps have an executable mapping of a file with this inode? @text: changed */
bool still_maps(char *text, size_t bytes, __u64 inode);

#endif
