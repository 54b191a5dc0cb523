/* SPDX-License-Identifier: MIT */
/*
 * still_runs.c - see still_runs.h
 */
#include "still_runs.h"
#include "clean.h"
#include "enrich.h"
#include "inventory/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#define MAPS_BYTES_MAX  (16 << 20)
#define ARGUMENTS_BYTES (64 << 10)
#define ARGUMENTS_MAX   8 /* a script stands behind its interpreter and what its first line adds */

static bool is_file(const char *path, const struct still_file *file)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
}

static bool runs(__u32 pid, const struct still_file *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	return is_file(path, file);
}

/* One of the first arguments names it: the kernel puts the script's path there, as it was called. */
static bool interprets(__u32 pid, const struct still_file *file)
{
	AUTO_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t bytes, at = 0;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	if (host_read(path, ARGUMENTS_BYTES, &text, &bytes))
		return false;
	for (unsigned i = 0; i < ARGUMENTS_MAX && at < bytes; i++) {
		const char *argument = text + at;
		int length = snprintf(path, sizeof(path), "/proc/%u/%s%s", pid,
				      *argument == '/' ? "root" : "cwd/", argument);

		if (*argument && length < PATH_MAX && is_file(path, file))
			return true;
		at += strlen(argument) + 1;
	}
	return false;
}

/* 7f00-7f01 r-xp 00000000 08:01 4711   /path */
bool still_maps(char *text, size_t bytes, __u64 inode)
{
	char *end = text + bytes, *line;

	while ((line = line_next(&text, end))) {
		char *mode = fields_skip(line, ' ', 1), *number = fields_skip(line, ' ', 4);

		if (mode && number && strlen(mode) > 3 && mode[2] == 'x' &&
		    strtoull(number, NULL, 10) == inode)
			return true;
	}
	return false;
}

static bool maps(__u32 pid, const struct still_file *file)
{
	AUTO_FREE char *text = NULL;
	char path[64];
	size_t bytes;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	return !host_read(path, MAPS_BYTES_MAX, &text, &bytes) &&
	       still_maps(text, bytes, file->inode);
}

bool still_is(const struct event_subject *subject, enum hook kind, const struct still_file *file)
{
	if (!enrich_same_process(subject))
		return false;
	return kind == HOOK_LOAD ? maps(subject->pid, file)
				 : runs(subject->pid, file) || interprets(subject->pid, file);
}

int still_end(const struct event_subject *subject, enum hook kind, const struct still_file *file)
{
	/* from here on the number may be given to another process, but the descriptor is not */
	AUTO_FD int fd = (int)syscall(SYS_pidfd_open, subject->pid, 0);

	if (fd < 0)
		return -errno;
	if (!still_is(subject, kind, file))
		return -ESRCH;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0)
		return -errno;
	return 0;
}
