/* SPDX-License-Identifier: MIT */
/*
 * exec.c - tricks in how a program is started: by a descriptor, from a file that has no name, from another
 * kind of child.
 */
#include "attempt.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static int open_or_die(const char *file, int flags)
{
	int fd = open(file, flags, 0755);

	if (fd < 0)
		die(file);
	return fd;
}

static int run_path(const char *path)
{
	char *const arguments[] = { "tool", NULL };

	execve(path, arguments, environ);
	perror("attempt: execve");
	return 126;
}

static int exec_fd(const char *file)
{
	return run_fd(open_or_die(file, O_RDONLY));
}

static int exec_o_path(const char *file)
{
	return run_fd(open_or_die(file, O_PATH));
}

static int argv0(const char *file)
{
	char *const arguments[] = { "/usr/sbin/sshd", NULL };

	execve(file, arguments, environ);
	return 126;
}

static int no_arguments(const char *file)
{
	syscall(SYS_execve, file, NULL, NULL);
	return 126;
}

/* As many programs that want to leave no trace do: the content in memory, under a harmless name. */
static int memfd(const char *file)
{
	int fd = memfd_create("sshd", 0);

	if (fd < 0)
		die("memfd_create");
	copy_to(file, fd);
	return run_fd(fd);
}

static int memfd_sealed(const char *file)
{
	int fd = memfd_create("sshd", MFD_ALLOW_SEALING);

	if (fd < 0)
		die("memfd_create");
	copy_to(file, fd);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		die("F_ADD_SEALS");
	return run_fd(fd);
}

static int unlinked(const char *file)
{
	int fd = open_or_die(file, O_RDONLY);

	if (unlink(file))
		die(file);
	return run_fd(fd);
}

static int unlinked_copy(const char *file)
{
	int fd = open_or_die("copy", O_RDWR | O_CREAT | O_EXCL);
	int again;

	copy_to(file, fd);
	again = open_or_die("copy", O_RDONLY);
	close(fd);
	if (unlink("copy"))
		die("copy");
	return run_fd(again);
}

static int proc_self_fd(const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open_or_die(file, O_RDONLY));
	return run_path(path);
}

/* A file that never had a name. It must not be open for writing when it is executed. */
static int o_tmpfile(const char *file)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0755), again;
	char path[64];

	if (fd < 0)
		die("O_TMPFILE");
	copy_to(file, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open_or_die(path, O_RDONLY);
	close(fd);
	return run_fd(again);
}

static int relative_to_fd(const char *file)
{
	char *const arguments[] = { "tool", NULL };
	char *directory = strdup(file), *name;

	if (!directory)
		die("strdup");
	name = strrchr(directory, '/');
	*name++ = '\0';
	syscall(SYS_execveat, open_or_die(directory, O_PATH | O_DIRECTORY), name, arguments, environ, 0);
	free(directory);
	return 126;
}

/* Its directory as if it were the root. */
static int openat2_in_root(const char *file)
{
	struct open_how how = { .flags = O_PATH, .resolve = RESOLVE_IN_ROOT };
	char *directory = strdup(file), *name;
	long fd;

	if (!directory)
		die("strdup");
	name = strrchr(directory, '/');
	*name = '\0';
	fd = syscall(SYS_openat2, open_or_die(directory, O_PATH | O_DIRECTORY), "/../agent", &how, sizeof(how));
	free(directory);
	if (fd < 0)
		die("openat2");
	return run_fd((int)fd);
}

static int by_vfork(const char *file)
{
	char *const arguments[] = { "tool", NULL };
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (!pid) {
		execve(file, arguments, environ);
		_exit(126);
	}
	return wait_for(pid);
}

/* The child is born in another cgroup, by one call (CLONE_INTO_CGROUP, Linux 5.7): it never moves there. */
static int clone_into_cgroup(const char *file)
{
	const char *base = getenv("CG");
	struct clone_args arguments = { .flags = CLONE_INTO_CGROUP, .exit_signal = 17 };
	char group[4096];
	long pid;
	int status;

	snprintf(group, sizeof(group), "%s/born-here", base ? base : "/sys/fs/cgroup");
	if (mkdir(group, 0755))
		die(group);
	arguments.cgroup = (uint64_t)open_or_die(group, O_RDONLY | O_DIRECTORY);
	pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid < 0)
		die("clone3");
	if (!pid)
		_exit(run_path(file));
	status = wait_for((int)pid);
	rmdir(group);
	return status;
}

const struct trick exec_tricks[] = {
	{ "exec-fd", exec_fd },
	{ "exec-o-path", exec_o_path },
	{ "exec-relative-to-fd", relative_to_fd },
	{ "openat2-in-root", openat2_in_root },
	{ "argv0", argv0 },
	{ "no-arguments", no_arguments },
	{ "memfd", memfd },
	{ "memfd-sealed", memfd_sealed },
	{ "unlinked", unlinked },
	{ "unlinked-copy", unlinked_copy },
	{ "proc-self-fd", proc_self_fd },
	{ "o-tmpfile", o_tmpfile },
	{ "vfork", by_vfork },
	{ "clone-into-cgroup", clone_into_cgroup },
	{ NULL, NULL },
};
