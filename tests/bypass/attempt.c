/* SPDX-License-Identifier: MIT */
/*
 * attempt.c - carries one trick out: "attempt NAME FILE". The tricks are in the other files, one table each.
 * See attempt.sh for those that a shell does.
 */
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const struct trick *const tables[] = {
	exec_tricks, fuse_tricks, memory_tricks, module_tricks, place_tricks, race_tricks,
};

void die(const char *what)
{
	fprintf(stderr, "attempt: %s: %s\n", what, strerror(errno));
	exit(3);
}

void copy_to(const char *file, int fd)
{
	int from = open(file, O_RDONLY | O_CLOEXEC);
	char bytes[4096];
	ssize_t count;

	if (from < 0)
		die(file);
	while ((count = read(from, bytes, sizeof(bytes))) > 0) {
		if (write(fd, bytes, (size_t)count) != count)
			die("write");
	}
	if (count < 0)
		die(file);
	close(from);
}

int run_fd(int fd)
{
	char *const arguments[] = { "tool", NULL };

	syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
	perror("attempt: execveat");
	return 126;
}

int wait_for(int pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: attempt TRICK FILE\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (const struct trick *trick = tables[i]; trick->name; trick++) {
			if (!strcmp(trick->name, argv[1]))
				return trick->try(argv[2]);
		}
	}
	fprintf(stderr, "attempt: there is no trick '%s'\n", argv[1]);
	return 2;
}
