/* SPDX-License-Identifier: MIT */
/*
 * attempt.c - carries one trick out. Those in C are in the other files, one table each; all others a shell does:
 * attempt.sh. "attempt TRICK FILE" is for that shell: only the trick, where the caller is.
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
	char *const arguments[] = {"tool", NULL};

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

static int (*find_trick(const char *name))(const char *file)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (const struct trick *trick = tables[i]; trick->name; trick++) {
			if (!strcmp(trick->name, name))
				return trick->try;
		}
	}
	return NULL;
}

static int by_shell(const char *step, const char *name, const char *file)
{
	const char *directory = getenv("BYPASS");
	char script[4096];

	snprintf(script, sizeof(script), "%s/attempt.sh", directory ? directory : ".");
	execlp("sh", "sh", script, step, name, file, (char *)NULL);
	die("sh");
}

static int try(const char *name, const char *file)
{
	int (*trick)(const char *file) = find_trick(name);

	return trick ? trick(file) : by_shell("try", name, file);
}

static int before(const char *name, const char *file)
{
	return by_shell("before", name, file);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "try"))
		return enter(atoi(argv[2]), try, argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "before"))
		return enter(atoi(argv[2]), before, argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "thing"))
		return make_thing(argv[2], argv[3], argv[4]);
	if (argc == 3 && find_trick(argv[1]))
		return find_trick(argv[1])(argv[2]);
	fprintf(stderr, "usage: attempt try|before SECONDS TRICK FILE\n"
			"       attempt thing CONTENT NAME FILE\n"
			"       attempt TRICK FILE\n");
	return 2;
}
