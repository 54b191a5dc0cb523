/* SPDX-License-Identifier: MIT */
/* via.c - see via.h. */
#include "via.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void give_up(const char *what)
{
	fprintf(stderr, "via: %s: %s\n", what, strerror(errno));
	_exit(3);
}

/* The part of a parent: to end as the child does. Returns in the child. */
static void leave_to(pid_t child)
{
	int status;

	if (child < 0)
		give_up("fork");
	if (!child)
		return;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			give_up("waitpid");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* The same for a process that cannot be waited for: until the last one closes a pipe by its end. */
static void leave_behind(pid_t (*start)(void))
{
	int ends[2];
	pid_t child;
	char byte;

	if (pipe(ends))
		give_up("pipe");
	child = start();
	if (child < 0)
		give_up("clone");
	if (!child) {
		close(ends[0]);
		return;
	}
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Returns 0 in a grandchild, once nothing leads from it to who started it. */
static pid_t start_orphan(void)
{
	pid_t child = fork(), middle;

	if (child)
		return child;
	middle = getpid();
	if (fork())
		_exit(0);
	while (getppid() == middle)
		usleep(1000);
	return 0;
}

static pid_t start_daemon(void)
{
	pid_t child = start_orphan();

	if (!child)
		setsid();
	return child;
}

static pid_t start_sibling(void)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)(CLONE_PARENT | SIGCHLD), NULL, NULL, NULL, NULL);
}

static pid_t start_in(const char *directory)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	args.cgroup = (unsigned)fd;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void execute(const char *program, char **argv)
{
	execve(program, argv, environ);
	_exit(126);
}

static void by_vfork(const char *program, char **argv)
{
	pid_t child = vfork();

	if (!child)
		execute(program, argv);
	leave_to(child);
}

static void hold(const struct via *via)
{
	int fd = via->hold(via->argv);

	errno = -fd;
	if (fd < 0 || dup2(fd, VIA_HELD_FD) < 0)
		give_up("held");
}

static void *go_on(void *via)
{
	via_go(via, ((const struct via *)via)->argv[2]);
	return NULL;
}

static void by_thread(const struct via *via)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, go_on, (void *)via);
	if (errno)
		give_up("pthread_create");
	pthread_join(thread, NULL);	/* it ends the process */
}

static void step(const struct via *via, const char *name, const char *value)
{
	if (!strcmp(name, "fork"))
		leave_to(fork());
	else if (!strcmp(name, "cgroup"))
		leave_to(start_in(value));
	else if (!strcmp(name, "double"))
		leave_behind(start_orphan);
	else if (!strcmp(name, "daemon"))
		leave_behind(start_daemon);
	else if (!strcmp(name, "parent"))
		leave_behind(start_sibling);
	else if (!strcmp(name, "thread"))
		by_thread(via);
	else if (!strcmp(name, "vfork"))
		by_vfork(value, via->argv);
	else if (!strcmp(name, "exec"))
		execute(value, via->argv);
	else if (!strcmp(name, "held"))
		hold(via);
	else if (!strcmp(name, "wait"))
		for (int i = 0; i < 60000 && access(value, F_OK); i++)
			usleep(10000);
	else if (*name)
		give_up(name);
}

void via_go(const struct via *via, char *steps)
{
	static char none[] = "";

	while (*steps) {
		char *name = steps, *rest = strchr(steps, ','), *value;

		if (rest)
			*rest++ = 0;
		steps = via->argv[2] = rest ? rest : none;
		value = strchr(name, '=');
		if (value)
			*value++ = 0;
		step(via, name, value ? value : none);
	}
	exit(via->attempt(via->argv));
}
