/* SPDX-License-Identifier: MIT */
/*
 * enter.c - where and how an attempt is made: in the cgroup of the attempts, a mount namespace, a directory and a process
 * group of its own, with the descriptors that the embargoed thing expects, and never for longer than a
 * limit. One program instead of several, because starting one takes long in an emulated machine.
 */
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_WAIT = 8, FD_MARK = 9 };

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	if (!value) {
		errno = EINVAL;
		die(name);
	}
	return value;
}

static void open_as(int fd, const char *file, int flags)
{
	int opened = open(file, flags, 0644);

	if (opened < 0 || dup2(opened, fd) != fd)
		die(file);
	if (opened != fd)
		close(opened);
}

static void join_cgroup(const char *group)
{
	char file[4096];
	int fd;

	snprintf(file, sizeof(file), "%s/cgroup.procs", group);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(file);
	close(fd);
}

static void prepare(void)
{
	const char *directory = environment("DIRECTORY");

	/* What "hold" names is a pipe that somebody has open: opening it does not wait. */
	open_as(FD_WAIT, environment("WAIT"), O_RDONLY);
	open_as(FD_MARK, environment("MARK"), O_WRONLY | O_CREAT | O_APPEND);
	open_as(STDIN_FILENO, "/dev/null", O_RDONLY);
	open_as(STDOUT_FILENO, environment("OUTPUT"), O_WRONLY | O_CREAT | O_TRUNC);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	for (int fd = 3; fd < FD_WAIT; fd++)
		close(fd);
	setpgid(0, 0);
	join_cgroup(environment("CG"));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("a mount namespace");
	if (mkdir(directory, 0755) || chdir(directory))
		die(directory);
}

static pid_t child;

static void on_alarm(int number)
{
	(void)number;
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
}

int enter(int seconds, int (*run)(const char *name, const char *file), const char *name,
	  const char *file)
{
	int status;

	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prepare();
		exit(run(name, file));
	}
	signal(SIGALRM, on_alarm);
	alarm((unsigned int)seconds);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid");
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int make_thing(const char *base, const char *name, const char *file)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s", file);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			die(path);
		*slash = '/';
	}
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		die(file);
	copy_to(base, fd);
	if (*name)
		dprintf(fd, "%-40s\n", name);
	if (fchmod(fd, 0755) || close(fd))
		die(file);
	return 0;
}
