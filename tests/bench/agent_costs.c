/* SPDX-License-Identifier: MIT */
/* agent_costs.c - see agent_costs.h. The agent says READY=1 (sd_notify(3)) when its policy is enforced. */
#include "agent_costs.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS_MAX 20000
/* What a start entails: timers of 5 and 10 s, a child that loads further programs, the reading of a resolver's cache. */
#define ASLEEP_MS     6000
#define ASLEEP_MS_MAX 30000
#define STARTS       5
#define EXECS        50000
#define CONNECTS     500000
#define PATH_BYTES   600

struct agent {
	pid_t pid;
	double ready_ms;
	int notify;
	char state[PATH_BYTES], run[PATH_BYTES];
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

static int notify_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	(void)unlink(path); /* of the agent before */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return fd;
}

/* Wait for READY=1 and for nothing else that it may say. */
static int notify_wait(const struct agent *agent)
{
	double end = now_ms() + START_MS_MAX;
	char text[512];

	while (now_ms() < end) {
		struct pollfd poll_fd = {.fd = agent->notify, .events = POLLIN};
		ssize_t bytes;

		if (poll(&poll_fd, 1, 20) > 0) {
			bytes = recv(agent->notify, text, sizeof(text) - 1, 0);
			text[bytes > 0 ? bytes : 0] = '\0';
			if (strstr(text, "READY=1"))
				return 0;
		}
		if (waitpid(agent->pid, NULL, WNOHANG) == agent->pid)
			return -ECHILD;
	}
	return -ETIMEDOUT;
}

/* A program with the options that the agent and its command share at the end. */
static int spawn(char **argv, const char *log, char **environment, pid_t *out)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	err = posix_spawn(out, argv[0], &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int agent_start(const struct site *site, const struct agent_files *files, struct agent *out)
{
	char notify[PATH_BYTES], variable[PATH_BYTES + 16], config[PATH_BYTES], events[PATH_BYTES],
		log[PATH_BYTES];
	char *argv[] = {(char *)files->embargod,
			"--config",
			config,
			"--policy",
			(char *)files->policy,
			"--catalog",
			(char *)files->catalog,
			"--state",
			out->state,
			"--run",
			out->run,
			"--pins",
			(char *)site->pins,
			"--events",
			events,
			"--within",
			(char *)site->cgroup,
			NULL};
	char *environment[] = {variable, NULL};
	double begin;
	int err;

	snprintf(notify, sizeof(notify), "%s/notify", site->work);
	snprintf(variable, sizeof(variable), "NOTIFY_SOCKET=%s", notify);
	snprintf(config, sizeof(config), "%s/agent.yaml", site->work);
	snprintf(events, sizeof(events), "%s/events.jsonl", site->work);
	snprintf(log, sizeof(log), "%s/agent.log", site->work);
	snprintf(out->state, sizeof(out->state), "%s/state", site->work);
	snprintf(out->run, sizeof(out->run), "%s/run", site->work);
	(void)mkdir(out->state, 0700); /* there already: fine */
	(void)mkdir(out->run, 0700);
	out->notify = notify_open(notify);
	if (out->notify < 0)
		return out->notify;
	begin = now_ms();
	err = spawn(argv, log, environment, &out->pid);
	if (!err)
		err = notify_wait(out);
	out->ready_ms = now_ms() - begin;
	if (err)
		close(out->notify);
	return err;
}

/* And everything it attached. */
static void agent_stop(const struct site *site, const struct agent_files *files,
		       struct agent *agent)
{
	char *argv[] = {(char *)files->embargod, "--detach", "--pins", (char *)site->pins, NULL};
	char *environment[] = {NULL};
	pid_t pid;

	kill(agent->pid, SIGTERM);
	waitpid(agent->pid, NULL, 0);
	close(agent->notify);
	if (!spawn(argv, "/dev/null", environment, &pid))
		waitpid(pid, NULL, 0);
}

struct usage {
	double run_ns;   /* on a processor */
	double switches; /* how often it was woken and slept again */
	double resident_kib;
};

static int usage_read(pid_t pid, struct usage *out)
{
	char path[64], line[256];
	unsigned long value;
	FILE *file;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%lf", &out->run_ns) != 1)
		out->run_ns = 0;
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "VmRSS: %lu", &value) == 1)
			out->resident_kib = value;
		else if (sscanf(line, "voluntary_ctxt_switches: %lu", &value) == 1)
			out->switches += value;
	}
	fclose(file);
	return 0;
}

/* Until it was not woken for some seconds. Return: whether it came to that. */
static bool wait_asleep(pid_t pid)
{
	double begin = now_ms(), since = begin;
	struct usage before, now;
	bool read = !usage_read(pid, &before);

	while (read && now_ms() - since < ASLEEP_MS && now_ms() - begin < ASLEEP_MS_MAX) {
		(void)poll(NULL, 0, 100);
		read = !usage_read(pid, &now);
		if (now.switches != before.switches)
			since = now_ms();
		before = now;
	}
	return read && now_ms() - since >= ASLEEP_MS;
}

/* What the agent did while nothing of its business happened, so and so often. */
static void ordinary(const struct site *site, pid_t pid, enum operation operation, size_t count,
		     const char *what)
{
	struct usage before, after;
	char name[64];
	double ns;

	if (usage_read(pid, &before) || operation_run(site, operation, count, &ns) ||
	    usage_read(pid, &after)) {
		table_missing(what, "the agent or the operation ended early");
		return;
	}
	snprintf(name, sizeof(name), "per ordinary %s (of %zu)", what, count);
	/* by the nanosecond, so that a timer of the agent's own in those seconds does not look like something */
	table_value(name, (after.run_ns - before.run_ns) / count, "ns", 1);
	snprintf(name, sizeof(name), "  wake-ups in all of them");
	table_value(name, after.switches - before.switches, "", -1);
}

int agent_costs(const struct site *site, const struct agent_files *files)
{
	struct samples ready = {}, resident = {};
	struct agent agent;
	struct usage usage;
	int err;

	table_head("agent, 16 vendors, file sink",
		   "per attempt: processor time of the agent while nothing matches");
	for (int i = 0; i < STARTS; i++) {
		err = agent_start(site, files, &agent);
		if (err)
			return err;
		samples_add(&ready, agent.ready_ms);
		if (!usage_read(agent.pid, &usage))
			samples_add(&resident, usage.resident_kib / 1024);
		if (i + 1 < STARTS)
			agent_stop(site, files, &agent);
	}
	table_row("start to enforcing", &ready, "ms", 200);
	table_row("resident memory", &resident, "MiB", 10);
	if (!wait_asleep(agent.pid))
		table_missing("an agent at rest", "it was woken again and again");
	ordinary(site, agent.pid, OPERATION_EXEC_STATIC, EXECS, "exec");
	ordinary(site, agent.pid, OPERATION_UDP_CONNECT, CONNECTS, "connect");
	agent_stop(site, files, &agent);
	return 0;
}
