/* SPDX-License-Identifier: MIT */
/*
 * reach.c - carries tricks with addresses and names out: many in one go, each in a process of its own, some side by side, as
 * most of them wait. One program, because starting one takes long in an emulated machine.
 *
 * usage: reach run SIDE-BY-SIDE SECONDS <LIST     LIST: a number and a name a line, and a program if it is not this one
 *        reach one NUMBER NAME
 *
 * environment: CG, the cgroup of the attempts; OUTPUT, a directory for what tricks say; GO, a file that is there when the
 * agent enforces; PATIENCE, milliseconds; OTHER_NET, a process in another network namespace
 */
#include "reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

unsigned number;
bool twin;

static const struct reach *const tables[] = {
	address_tricks, place_tricks, name_tricks, hello_tricks, contained_tricks,
};

/* ---------------------------------------------------------------- where to */

struct place place_of(const char *text, unsigned port)
{
	struct place place = {};

	if (inet_pton(AF_INET, text, &place.four.sin_addr) == 1) {
		place.four.sin_family = AF_INET;
		place.four.sin_port = htons((uint16_t)port);
		place.size = sizeof(place.four);
	} else if (inet_pton(AF_INET6, text, &place.six.sin6_addr) == 1) {
		place.six.sin6_family = AF_INET6;
		place.six.sin6_port = htons((uint16_t)port);
		place.size = sizeof(place.six);
	} else {
		errno = EINVAL;
		quit(text);
	}
	return place;
}

struct place place4(unsigned of, unsigned port)
{
	char text[64];

	snprintf(text, sizeof(text), NET4_FORM, of);
	return place_of(text, port);
}

struct place place6(unsigned of, unsigned port)
{
	char text[64];

	snprintf(text, sizeof(text), NET6_FORM, of);
	return place_of(text, port);
}

struct place place_here(void)
{
	return place4(number, twin ? PORT_TWIN : PORT);
}

struct place place_relay(void)
{
	struct place place = { .local = { .sun_family = AF_UNIX } };

	memcpy(place.local.sun_path + 1, RELAY_UNIX, sizeof(RELAY_UNIX) - 1);
	place.size = offsetof(struct sockaddr_un, sun_path) + sizeof(RELAY_UNIX);
	return place;
}

/* ---------------------------------------------------------------- steps of tricks */

void quit(const char *what)
{
	fprintf(stderr, "reach: %s: %s\n", what, strerror(errno));
	exit(1);
}

int socket_new(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd < 0)
		quit("socket");
	return fd;
}

int connect_to(int type, int protocol, const struct place *place)
{
	int fd = socket_new(place->any.sa_family, type, protocol);

	if (connect(fd, &place->any, place->size))
		quit("connect");
	return fd;
}

const char *words(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "CONNECT n%u " THE_END, number);
	return text;
}

int patience_ms(void)
{
	const char *text = getenv("PATIENCE");

	return text ? atoi(text) : 1000;
}

void say(int fd, const void *bytes, size_t size)
{
	for (const char *at = bytes; size;) {
		ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

		if (sent < 0)
			quit("send");
		at += sent;
		size -= (size_t)sent;
	}
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t bytes = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &bytes) ? -1 : value;
}

/* Of these the agent makes the end, and while it starts it has other things to do. */
static bool is_ended_by_agent(int fd)
{
	int protocol = option(fd, SO_PROTOCOL);

	return (protocol == IPPROTO_MPTCP || protocol == IPPROTO_SCTP) && option(fd, SO_TYPE) == SOCK_STREAM;
}

void finish(int fd)
{
	struct pollfd poll_for = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&poll_for, 1, patience_ms() * (is_ended_by_agent(fd) ? 5 : 1)) <= 0) {
		fprintf(stderr, "reach: no answer\n");
		return;
	}
	switch (recv(fd, &byte, 1, 0)) {
	case -1:
		quit("recv");
	case 0:
		fprintf(stderr, "reach: the end\n");
	}
}

void say_all(int fd)
{
	say(fd, words(), strlen(words()));
	finish(fd);
}

void wait_for_go(void)
{
	const char *file = getenv("GO");

	puts("waiting");
	fflush(stdout);
	while (file && access(file, F_OK))
		usleep(50000);
}

void write_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		quit(file);
	close(fd);
}

void join_group(const char *below)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("CG"), below);
	if (mkdir(path, 0755) && errno != EEXIST)
		quit(path);
	strcat(path, "/cgroup.procs");
	write_file(path, "0");
}

/* ---------------------------------------------------------------- one trick */

static const struct reach *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct reach *trick = tables[i]; trick->name; trick++)
			if (!strcmp(trick->name, name))
				return trick;
	return NULL;
}

static int one(const char *number_text, const char *name)
{
	const struct reach *trick = find(name);

	if (!trick) {
		fprintf(stderr, "reach: there is no trick '%s'\n", name);
		return 2;
	}
	number = (unsigned)atoi(number_text);
	trick->try();
	return 0;
}

static void prepare(const char *name, unsigned seconds)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.out", getenv("OUTPUT"), name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0)
		quit(path);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(fd, STDIN_FILENO);
	setpgid(0, 0);
	alarm(seconds);	/* also over an exec */
}

/* A line of the list, in a child. */
static void start(char *line, const char *seconds)
{
	char *number_text = strtok(line, " \n"), *name = strtok(NULL, " \n"), *program = strtok(NULL, " \n");
	pid_t child;

	if (!name)
		return;
	child = fork();
	if (child)
		return;
	prepare(name, (unsigned)atoi(seconds));
	if (program) {
		execl(program, program, "one", number_text, name, (char *)NULL);
		quit(program);
	}
	exit(one(number_text, name));
}

static int run(const char *beside, const char *seconds)
{
	int most = atoi(beside), running = 0;
	char line[4096];

	snprintf(line, sizeof(line), "%s/cgroup.procs", getenv("CG"));
	write_file(line, "0");
	while (fgets(line, sizeof(line), stdin)) {
		if (running == most && wait(NULL) > 0)
			running--;
		start(line, seconds);
		running++;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "run"))
		return run(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "one"))
		return one(argv[2], argv[3]);
	fprintf(stderr, "usage: reach run SIDE-BY-SIDE SECONDS <LIST\n       reach one NUMBER NAME\n");
	return 2;
}
