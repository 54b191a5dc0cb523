/* SPDX-License-Identifier: MIT */
/*
 * exec.c - tricks in how a program is started: by a descriptor, from a file that has no name, from another
 * kind of child.
 */
#include "attempt.h"

#include <fcntl.h>
#include <linux/io_uring.h>
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
	char *const arguments[] = {"tool", NULL};

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

static int by_vfork(const char *file)
{
	char *const arguments[] = {"tool", NULL};
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (!pid) {
		execve(file, arguments, environ);
		_exit(126);
	}
	return wait_for(pid);
}

/* 40 directories with names of 200 bytes, one in the other: 8,000 bytes of path below the file's directory. */
static int path_too_long(const char *file)
{
	char *directory = strdup(file), name[201];
	int from = open_or_die(file, O_RDONLY), to;

	if (!directory)
		die("strdup");
	*strrchr(directory, '/') = '\0';
	memset(name, '0', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	if (chdir(directory))
		die(directory);
	free(directory);
	for (int i = 0; i < 40; i++) {
		if (mkdir(name, 0755) || chdir(name))
			die("mkdir");
	}
	to = open_or_die("tool", O_WRONLY | O_CREAT);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", from);
	copy_to(name, to);
	close(to);
	to = by_vfork("./tool");
	unlink("tool");
	/* Whoever removes a tree by whole paths cannot do it here. */
	memset(name, '0', sizeof(name) - 1);
	for (int i = 0; i < 40; i++) {
		if (chdir("..") || rmdir(name))
			die("rmdir");
	}
	return to;
}

static int argv0(const char *file)
{
	char *const arguments[] = {"/usr/sbin/sshd", NULL};

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
	char *const arguments[] = {"tool", NULL};
	char *directory = strdup(file), *name;

	if (!directory)
		die("strdup");
	name = strrchr(directory, '/');
	*name++ = '\0';
	syscall(SYS_execveat, open_or_die(directory, O_PATH | O_DIRECTORY), name, arguments,
		environ, 0);
	free(directory);
	return 126;
}

/* Its directory as if it were the root. */
static int openat2_in_root(const char *file)
{
	struct open_how how = {.flags = O_PATH, .resolve = RESOLVE_IN_ROOT};
	char *directory = strdup(file), *name;
	long fd;

	if (!directory)
		die("strdup");
	name = strrchr(directory, '/');
	*name = '\0';
	fd = syscall(SYS_openat2, open_or_die(directory, O_PATH | O_DIRECTORY), "/../agent", &how,
		     sizeof(how));
	free(directory);
	if (fd < 0)
		die("openat2");
	return run_fd((int)fd);
}

/* The child is born in another cgroup, by one call (CLONE_INTO_CGROUP, Linux 5.7): it never moves there. */
static int clone_into_cgroup(const char *file)
{
	const char *base = getenv("CG");
	struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = 17};
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

/* Opened by the kernel on the process's behalf, without a system call for it. */
static int io_uring_open(const char *file)
{
	struct io_uring_params parameters = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);
	struct io_uring_sqe *entry;
	struct io_uring_cqe *result;
	char *submission, *completion;

	if (ring < 0)
		die("io_uring_setup");
	submission = mmap(NULL, parameters.sq_off.array + sizeof(uint32_t), PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring, IORING_OFF_SQ_RING);
	completion = mmap(NULL, parameters.cq_off.cqes + 2 * sizeof(*result),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQES);
	if (submission == MAP_FAILED || completion == MAP_FAILED || entry == MAP_FAILED)
		die("mmap");
	*entry = (struct io_uring_sqe){
		.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)file};
	*(uint32_t *)(submission + parameters.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(submission + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		die("io_uring_enter");
	result = (struct io_uring_cqe *)(completion + parameters.cq_off.cqes);
	if (result->res < 0)
		die("open by io_uring");
	return run_fd(result->res);
}

const struct trick exec_tricks[] = {
	{"exec-fd", exec_fd},
	{"exec-o-path", exec_o_path},
	{"exec-relative-to-fd", relative_to_fd},
	{"openat2-in-root", openat2_in_root},
	{"path-too-long", path_too_long},
	{"io-uring-open", io_uring_open},
	{"argv0", argv0},
	{"no-arguments", no_arguments},
	{"memfd", memfd},
	{"memfd-sealed", memfd_sealed},
	{"unlinked", unlinked},
	{"unlinked-copy", unlinked_copy},
	{"proc-self-fd", proc_self_fd},
	{"o-tmpfile", o_tmpfile},
	{"vfork", by_vfork},
	{"clone-into-cgroup", clone_into_cgroup},
	{NULL, NULL},
};
