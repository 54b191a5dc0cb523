/* SPDX-License-Identifier: MIT */
/*
 * race.c - tricks in time: a file that becomes the embargoed one after it was looked at, two files that change
 * places while one of them is executed, an attempt in a flood of others.
 */
#include "attempt.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXCHANGED_RUNS 40
#define FLOOD_RUNS     150
#define FLOODS         3

extern char **environ;

static int create(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0755);

	if (fd < 0)
		die(name);
	return fd;
}

/* An innocent file of exactly the same size: one byte behind its code is another. */
static void make_innocent(const char *file, const char *name)
{
	int fd = create(name);
	off_t size;

	copy_to(file, fd);
	size = lseek(fd, 0, SEEK_END);
	if (pwrite(fd, "#", 1, size - 2) != 1)
		die(name);
	close(fd);
}

/* Run it with other places for the mark and for waiting; it is meant to run. */
static int run_unmarked(const char *path)
{
	char *const arguments[] = {"tool", NULL};
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		int fd = open("/dev/null", O_RDWR);

		dup2(fd, 8);
		dup2(fd, 9);
		execve(path, arguments, environ);
		_exit(126);
	}
	return wait_for(pid);
}

static int run(const char *path)
{
	char *const arguments[] = {"tool", NULL};
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		execve(path, arguments, environ);
		_exit(126);
	}
	return wait_for(pid);
}

/* The times that a file had before; its change time nobody can set. */
static void restore_times(const char *name, const struct stat *before)
{
	const struct timespec times[2] = {before->st_atim, before->st_mtim};

	if (utimensat(AT_FDCWD, name, times, 0))
		die("utimensat");
}

static int write_after_check(const char *file)
{
	struct stat before;
	int fd;

	make_innocent(file, "tool");
	if (run_unmarked("./tool") || stat("tool", &before))
		die("the innocent file did not run");
	fd = open("tool", O_WRONLY);
	if (fd < 0)
		die("tool");
	copy_to(file, fd);
	close(fd);
	restore_times("tool", &before);
	return run("./tool");
}

/* Through a mapping, made before the innocent file was looked at; on tmpfs not even its times change. */
static int mmap_write_after_check(const char *file)
{
	struct stat before;
	char *memory;
	int fd;

	make_innocent(file, "tool");
	if (run_unmarked("./tool") || stat("tool", &before))
		die("the innocent file did not run");
	fd = open("tool", O_RDWR);
	memory = mmap(NULL, (size_t)before.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("mmap");
	close(fd);
	fd = open(file, O_RDONLY);
	if (fd < 0 || read(fd, memory, (size_t)before.st_size) != before.st_size)
		die(file);
	munmap(memory, (size_t)before.st_size);
	restore_times("tool", &before);
	return run("./tool");
}

/* The new version of an embargoed program, as a package manager puts it there: content nobody knows yet. */
static int upgrade(const char *file)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s.dpkg-new", file);
	make_innocent(file, name);
	if (rename(name, file))
		die("rename");
	return run(file);
}

static atomic_bool exchanging = true;

static void *exchange_on(void *argument)
{
	const char *file = argument;

	while (exchanging)
		syscall(SYS_renameat2, AT_FDCWD, "tool", AT_FDCWD, file, RENAME_EXCHANGE);
	return NULL;
}

/* The innocent one marks nothing. Whichever is there when the kernel looks, the embargoed one must not run. */
static int exchange(const char *file)
{
	pthread_t thread;
	int fd = create("tool");

	/* Not this program itself: what is found at an embargoed path is recognised by its content ever after. */
	copy_to("/proc/self/exe", fd);
	if (write(fd, "#", 1) != 1)
		die("tool");
	close(fd);
	if (pthread_create(&thread, NULL, exchange_on, (void *)file))
		die("pthread_create");
	for (int i = 0; i < EXCHANGED_RUNS; i++)
		run("./tool");
	exchanging = false;
	pthread_join(thread, NULL);
	return 0;
}

/* One of many that try other embargoed files as fast as they can, each another file: another event. */
static void flood(const char *directory, int number)
{
	char name[PATH_MAX + 64];

	for (int i = 0; i < FLOOD_RUNS; i++) {
		snprintf(name, sizeof(name), "%s/flood-%d-%d", directory, number, i);
		make_innocent("flood", name);
		run_unmarked(name);
		unlink(name);
	}
	_exit(0);
}

static int event_flood(const char *file)
{
	char directory[PATH_MAX];
	pid_t floods[FLOODS];

	snprintf(directory, sizeof(directory), "%s", file);
	*strrchr(directory, '/') = '\0';
	make_innocent(file, "flood");
	for (int i = 0; i < FLOODS; i++) {
		floods[i] = fork();
		if (floods[i] < 0)
			die("fork");
		if (!floods[i])
			flood(directory, i);
	}
	for (int i = 0; i < EXCHANGED_RUNS; i++)
		run(file);
	for (int i = 0; i < FLOODS; i++)
		wait_for(floods[i]);
	return 0;
}

const struct trick race_tricks[] = {
	{"write-after-check", write_after_check},
	{"mmap-write", mmap_write_after_check},
	{"upgrade", upgrade},
	{"exchange", exchange},
	{"event-flood", event_flood},
	{NULL, NULL},
};
