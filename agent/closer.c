/* SPDX-License-Identifier: MIT */
/* closer.c - see closer.h. */
#include "closer.h"
#include "clean.h"
#include "descriptor.h"
#include "privilege.h"
#include "sockets.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ANSWER_S 10 /* longer than it waits for the kernel: WAIT_S of sockets.c */
#define OWN_FD	 3

struct closer {
	pid_t pid;
	int fd;
};

/* ---------------------------------------------------------------- the process */

static int destroy(const struct closing *which)
{
	AUTO_FD int space = sockets_namespace(which->net_namespace, which->pid);
	AUTO_FD int netlink = space < 0 ? space : sockets_open(space);

	return netlink < 0 ? netlink : sockets_destroy(netlink, which);
}

/* Of multipath TCP that nobody has open, or that has other paths, the path at least. */
static int end(const struct closing *which)
{
	int err = which->inode ? descriptor_end(which) : -ENOENT, destroyed;

	if (!err || err == -EAGAIN)
		return err;
	destroyed = destroy(which);
	return err == -ENOENT ? destroyed : err;
}

/* Nothing of the agent is left to it but the one socket and its log. */
static void let_go(int fd)
{
	if (fd != OWN_FD)
		(void)dup2(fd, OWN_FD);
	if (!syscall(SYS_close_range, OWN_FD + 1, ~0u, 0))
		return;
	/* forbidden, or a kernel before 5.9 */
	for (int other = OWN_FD + 1, last = (int)sysconf(_SC_OPEN_MAX); other < last && other < 65536; other++)
		(void)close(other);
}

/* Return: 0 if the agent has heard it. */
static int tell(int answer)
{
	return send(OWN_FD, &answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer) ? 0 : -1;
}

static int serve(pid_t parent, int fd)
{
	const struct privilege_needs needs = {.only_close_connections = true};
	struct closing which;
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	let_go(fd);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_NAME, "embargo-closer");
	if (privilege_drop(&needs) < 0)
		return 1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* again: to change privileges forgets it */
	if (getppid() != parent || tell(0))
		return 1;
	while (recv(OWN_FD, &which, sizeof(which), 0) == sizeof(which))
		if (tell(end(&which)))
			return 1;
	return 0;
}

/* ---------------------------------------------------------------- the agent's side */

static int answer_of(struct closer *closer)
{
	int answer = 0;
	ssize_t bytes;

	do
		bytes = recv(closer->fd, &answer, sizeof(answer), 0);
	while (bytes < 0 && errno == EINTR);
	if (bytes == sizeof(answer))
		return answer;
	return bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -ETIMEDOUT : -ECONNRESET;
}

int closer_start(struct closer **out_closer)
{
	const struct timeval wait = {.tv_sec = ANSWER_S};
	struct closer *closer = calloc(1, sizeof(*closer));
	pid_t parent = getpid();
	int ends[2], err;

	if (!closer)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		err = -errno;
		free(closer);
		return err;
	}
	closer->pid = fork();
	if (!closer->pid)
		_exit(serve(parent, ends[1]));
	(void)close(ends[1]);
	closer->fd = ends[0];
	if (closer->pid < 0) {
		err = -errno;
		closer_end(closer);
		return err;
	}
	(void)setsockopt(closer->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	/* until it has let go of the agent's files: one that is locked must not outlive the agent */
	err = answer_of(closer);
	if (err) {
		closer_end(closer);
		return err;
	}
	*out_closer = closer;
	return 0;
}

void closer_end(struct closer *closer)
{
	if (!closer)
		return;
	(void)close(closer->fd);
	if (closer->pid > 0) {
		(void)kill(closer->pid, SIGKILL);
		(void)waitpid(closer->pid, NULL, 0);
	}
	free(closer);
}

int closer_close(struct closer *closer, const struct closing *which)
{
	int answer;

	if (!closer)
		return -EPERM;
	if (send(closer->fd, which, sizeof(*which), MSG_NOSIGNAL) < 0)
		return -errno;
	answer = answer_of(closer);
	/* one that comes later would be taken for that to the next question */
	if (answer == -ETIMEDOUT)
		(void)shutdown(closer->fd, SHUT_RDWR);
	return answer;
}
