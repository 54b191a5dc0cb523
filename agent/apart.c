/* SPDX-License-Identifier: MIT */
/*
 * apart.c - see apart.h
 */
#include "apart.h"
#include "clean.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* include/uapi/linux/ioprio.h is not installed by all distributions: class in the upper three bits, ioprio_set(2). */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

#define KEPT_MAX  64
#define KILLED_MS 200 /* a process that can be ended is gone by then */

/*
 * What the agent listens on and writes to is not the child's: after a kill of the agent a child may live for a
 * moment longer, and the next agent must neither find a socket that answers nor a file of events that is locked.
 */
static void let_go(int kept, int also)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		int fd = (int)strtol(entry->d_name, NULL, 10); /* "." and "..": 0, which stays */
		struct stat st;

		if (fd <= STDERR_FILENO || fd == kept || fd == also || fd == dirfd(directory) ||
		    fstat(fd, &st) < 0)
			continue;
		if (S_ISSOCK(st.st_mode) ||
		    (S_ISREG(st.st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY))
			(void)close(fd);
	}
	if (directory)
		(void)closedir(directory); /* only read */
}

static void be_child(pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it ended before we asked to end with it */
}

/*
 * Children that were killed and did not end: a file system in user space or a dead disk keeps them. The agent
 * must not wait for them; they are only collected once they are free.
 */
static pid_t kept[KEPT_MAX];

static void collect_kept(void)
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (kept[i] && waitpid(kept[i], NULL, WNOHANG) != 0)
			kept[i] = 0;
}

int apart_start_with(apart_fn fn, void *context, int kept_fd, struct apart *out)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	collect_kept();
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		(void)close(ends[0]);
		(void)close(ends[1]);
		return err;
	}
	if (!pid) {
		be_child(parent);
		(void)close(ends[0]);
		let_go(ends[1], kept_fd);
		_exit(fn(context, ends[1]) ? 1 : 0);
	}
	(void)close(ends[1]);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*out = (struct apart){.pid = pid, .fd = ends[0]};
	return 0;
}

int apart_start(apart_fn fn, void *context, struct apart *out)
{
	return apart_start_with(fn, context, -1, out);
}

static void keep(pid_t pid)
{
	for (size_t i = 0; i < KEPT_MAX; i++) {
		if (kept[i])
			continue;
		kept[i] = pid;
		return;
	}
	/* a process without parent's interest stays as one entry of the table of processes until the agent ends */
}

/* Return: of waitpid(2); 0: it did not end in time. */
static pid_t wait_for(pid_t pid, bool killed, int *out_status)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	pid_t ended;

	for (unsigned i = 0;; i++) {
		ended = waitpid(pid, out_status, killed ? WNOHANG : 0);
		if (ended > 0 || (ended < 0 && errno != EINTR) || (!ended && i >= KILLED_MS))
			return ended;
		if (!ended)
			(void)nanosleep(&pause, NULL);
	}
}

bool apart_end(struct apart *apart, bool kill_it)
{
	int status = 0;
	pid_t pid;

	if (!apart->pid)
		return false;
	if (kill_it)
		(void)kill(apart->pid, SIGKILL);
	pid = wait_for(apart->pid, kill_it, &status);
	if (!pid)
		keep(apart->pid);
	clean_fd(&apart->fd);
	*apart = (struct apart){.fd = -1};
	return pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

void apart_low_priority(void)
{
	/* both: what is refused just runs as before */
	(void)setpriority(PRIO_PROCESS, 0, 19);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

int apart_write(int fd, const void *data, size_t bytes)
{
	while (bytes) {
		ssize_t done = write(fd, data, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data = (const char *)data + done;
		bytes -= (size_t)done;
	}
	return 0;
}

long long apart_now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* exists */
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

int apart_read(int fd, void *data, size_t bytes, long long deadline_ms)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	size_t have = 0;

	while (have < bytes) {
		ssize_t got = read(fd, (char *)data + have, bytes - have);
		long long left = deadline_ms - apart_now_ms();

		if (got > 0) {
			have += (size_t)got;
			continue;
		}
		if (!got)
			return have ? -EPROTO : 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (left <= 0)
			return -ETIMEDOUT;
		(void)poll(&one, 1, (int)left);
	}
	return 1;
}
