/* SPDX-License-Identifier: MIT */
/*
 * hammer.c - many processes that start a program they may not and one they may, over and over, all on
 * one processor, so that the kernel has every reason to preempt one of them inside a hook. Counts what
 * became of each attempt. "refused" is EPERM and nothing else; "killed" is SIGKILL. A target that begins
 * with "dial:" is an IPv4 address and port to connect to; nobody listens there, so that an attempt
 * that was let through is answered with ECONNREFUSED and counts as "ran". With "fork:" for "dial:" a new process does it. One that begins with "open:" is a file to open for
 * reading, which counts as "ran", too; under the name "sh" this program is an interpreter to the kernel programs.
 *
 * usage: hammer [-p PROCESSES] [-n ROUNDS | -s SECONDS] [-c CPU] [-m MARKER] DENIED [INNOCENT]
 * prints: denied N ran N refused N killed N other N
 *         innocent N ran N refused N killed N other N
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum fate { RAN, REFUSED, KILLED, OTHER, FATE_MAX };
enum target { DENIED, INNOCENT, TARGET_MAX };

/* One process's counts; in shared memory, so that no pipe is needed to add them up. */
struct tally {
	unsigned long count[TARGET_MAX][FATE_MAX];
};

struct options {
	unsigned long processes, rounds, seconds;
	int cpu;		/* -1: any */
	char *marker;
	char *program[TARGET_MAX];	/* NULL: not asked for */
};

static enum fate dial(const char *target)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *colon = strchr(target, ':');
	char host[INET_ADDRSTRLEN] = "";
	int fd, err = 0;

	if (!colon || colon - target >= (int)sizeof(host))
		return OTHER;
	memcpy(host, target, colon - target);
	address.sin_port = htons((unsigned short)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return OTHER;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return OTHER;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err = errno;
	close(fd);
	return err == EPERM ? REFUSED : err == ECONNREFUSED ? RAN : OTHER;
}

static enum fate open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == EPERM ? REFUSED : OTHER;
	close(fd);
	return RAN;
}

static enum fate dial_from_child(const char *target)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return OTHER;
	if (!child)
		_exit(dial(target));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return OTHER;
	return WIFEXITED(status) && WEXITSTATUS(status) < FATE_MAX ? (enum fate)WEXITSTATUS(status) : OTHER;
}

static enum fate attempt(char *program, char *marker)
{
	char *argv[] = { program, marker, NULL }, *env[] = { NULL };
	int err, status;
	pid_t pid;

	if (!strncmp(program, "dial:", 5))
		return dial(program + 5);
	if (!strncmp(program, "open:", 5))
		return open_file(program + 5);
	if (!strncmp(program, "fork:", 5))
		return dial_from_child(program + 5);
	err = posix_spawn(&pid, program, NULL, NULL, argv, env);
	if (err)
		return err == EPERM ? REFUSED : OTHER;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return OTHER;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? KILLED : OTHER;
	return WEXITSTATUS(status) ? OTHER : RAN;
}

static void work(const struct options *options, struct tally *tally)
{
	const time_t end = time(NULL) + (time_t)options->seconds;

	for (unsigned long i = 0; options->seconds ? time(NULL) < end : i < options->rounds; i++) {
		tally->count[DENIED][attempt(options->program[DENIED], options->marker)]++;
		if (options->program[INNOCENT])
			tally->count[INNOCENT][attempt(options->program[INNOCENT], NULL)]++;
	}
}

static int start(const struct options *options, struct tally *tallies)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(options->cpu >= 0 ? options->cpu : 0, &set);
	if (options->cpu >= 0 && sched_setaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	for (unsigned long i = 0; i < options->processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (!pid) {
			work(options, &tallies[i]);
			_exit(0);
		}
	}
	return 0;
}

static void print(const struct options *options, const struct tally *tallies)
{
	static const char *const names[TARGET_MAX] = { "denied", "innocent" };

	for (int target = 0; target < TARGET_MAX; target++) {
		unsigned long sum[FATE_MAX] = { 0 };

		for (unsigned long i = 0; i < options->processes; i++)
			for (int fate = 0; fate < FATE_MAX; fate++)
				sum[fate] += tallies[i].count[target][fate];
		printf("%s %lu ran %lu refused %lu killed %lu other %lu\n", names[target],
		       sum[RAN] + sum[REFUSED] + sum[KILLED] + sum[OTHER], sum[RAN], sum[REFUSED],
		       sum[KILLED], sum[OTHER]);
	}
}

int main(int argc, char **argv)
{
	struct options options = { .processes = 8, .rounds = 125, .cpu = -1 };
	struct tally *tallies;
	int option, err;

	while ((option = getopt(argc, argv, "p:n:s:c:m:")) != -1) {
		if (option == 'p')
			options.processes = strtoul(optarg, NULL, 10);
		else if (option == 'n')
			options.rounds = strtoul(optarg, NULL, 10);
		else if (option == 's')
			options.seconds = strtoul(optarg, NULL, 10);
		else if (option == 'c')
			options.cpu = (int)strtol(optarg, NULL, 10);
		else if (option == 'm')
			options.marker = optarg;
		else
			return 2;
	}
	if (argc - optind < 1 || argc - optind > 2 || !options.processes || options.processes > 1024) {
		fprintf(stderr, "usage: hammer [-p N] [-n N | -s SECONDS] [-c CPU] [-m MARKER] DENIED [INNOCENT]\n");
		return 2;
	}
	options.program[DENIED] = argv[optind];
	options.program[INNOCENT] = argv[optind + 1];	/* argv ends with NULL */
	tallies = mmap(NULL, options.processes * sizeof(*tallies), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED) {
		perror("hammer: mmap");
		return 3;
	}
	err = start(&options, tallies);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	if (err) {
		fprintf(stderr, "hammer: %s\n", strerror(-err));
		return 3;
	}
	print(&options, tallies);
	return 0;
}
