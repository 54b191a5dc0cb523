/* SPDX-License-Identifier: MIT */
/*
 * reach-contained.c - every way in which a program that is contained, or what it starts, might still reach something.
 * This program runs as the contained one; REACH is another program that no rule knows.
 */
#include "reach.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void tcp(void)
{
	struct place place = place_here();

	say_all(connect_to(SOCK_STREAM, 0, &place));
}

/* Another trick as it is, by the contained program. */
static void as(const char *name)
{
	for (const struct reach *const *table = (const struct reach *const[]){ address_tricks, place_tricks, NULL }; *table;
	     table++)
		for (const struct reach *trick = *table; trick->name; trick++)
			if (!strcmp(trick->name, name))
				trick->try();
}

static void exec_other(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	execl(getenv("REACH"), "reach", "one", text, "tcp", (char *)NULL);
	quit("exec");
}

static void c_tcp(void) { tcp(); }
static void c_v6(void) { as("tcp-v6"); }
static void c_mapped(void) { as("tcp-v4-mapped"); }
static void c_udp(void) { as("udp-sendto"); }
static void c_udp_connect(void) { as("udp-connect"); }
static void c_fast_open(void) { as("tcp-fast-open"); }
static void c_mptcp(void) { as("mptcp"); }
static void c_sctp(void) { as("sctp"); }
static void c_raw(void) { as("raw"); }
static void c_packet(void) { as("packet"); }
static void c_ping(void) { as("ping"); }
static void c_ring(void) { as("io-uring-connect"); }
static void c_ring_async(void) { as("io-uring-connect-async"); }
static void c_ring_sqpoll(void) { as("io-uring-connect-sqpoll"); }
static void c_handed(void) { as("handed-connected"); }
static void c_handed_socket(void) { as("handed-socket"); }
static void c_proxy(void) { as("proxy-unix"); }
static void c_tun(void) { as("tun-forward"); }
static void c_netns(void) { as("netns-other"); }
static void c_userns(void) { as("userns"); }

static void c_fork(void)
{
	if (!fork())
		tcp();
	else
		wait(NULL);
}

static void c_double_fork(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		quit("pipe");
	if (!fork()) {
		if (fork())
			_exit(0);
		setsid();
		usleep(50000);
		tcp();
		exit(0);
	}
	close(ends[1]);
	(void)!read(ends[0], &byte, 1);
}

static void c_daemon(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		quit("pipe");
	if (!fork()) {
		setsid();
		if (fork())
			_exit(0);
		(void)!chdir("/");
		usleep(50000);
		exec_other();
	}
	close(ends[1]);
	(void)!read(ends[0], &byte, 1);
}

static void *in_thread(void *argument)
{
	tcp();
	return argument;
}

static void c_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, NULL))
		quit("pthread_create");
	pthread_join(thread, NULL);
}

static void c_vfork(void)
{
	char text[16];
	pid_t child;

	snprintf(text, sizeof(text), "%u", number);
	child = vfork();
	if (!child) {
		execl(getenv("REACH"), "reach", "one", text, "tcp", (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static void c_exec(void) { exec_other(); }

static void c_cgroup(void)
{
	join_group("escaped");
	exec_other();
}

static void c_shell(void)
{
	char text[4200];

	snprintf(text, sizeof(text), "%s one %u tcp", getenv("REACH"), number);
	(void)!system(text);
}

/* It runs, and is connected, before the policy that contains it. */
static void c_before(void)
{
	wait_for_go();
	tcp();
}

static void c_before_open(void) { as("before-tcp"); }

/* Who is inside may pass on what it gets: a proxy, a mail server, a resolver that asks others. */
static void c_inside(void) { as("proxy-elsewhere"); }

const struct reach contained_tricks[] = {
	{ "contained-tcp", c_tcp },
	{ "contained-v6", c_v6 },
	{ "contained-v4-mapped", c_mapped },
	{ "contained-udp", c_udp },
	{ "contained-udp-connect", c_udp_connect },
	{ "contained-fast-open", c_fast_open },
	{ "contained-mptcp", c_mptcp },
	{ "contained-sctp", c_sctp },
	{ "contained-raw", c_raw },
	{ "contained-packet", c_packet },
	{ "contained-ping", c_ping },
	{ "contained-io-uring", c_ring },
	{ "contained-io-uring-async", c_ring_async },
	{ "contained-io-uring-sqpoll", c_ring_sqpoll },
	{ "contained-handed", c_handed },
	{ "contained-handed-socket", c_handed_socket },
	{ "contained-proxy-unix", c_proxy },
	{ "contained-proxy-inside", c_inside },
	{ "contained-tun", c_tun },
	{ "contained-netns", c_netns },
	{ "contained-userns", c_userns },
	{ "contained-fork", c_fork },
	{ "contained-double-fork", c_double_fork },
	{ "contained-daemon", c_daemon },
	{ "contained-thread", c_thread },
	{ "contained-vfork", c_vfork },
	{ "contained-exec", c_exec },
	{ "contained-cgroup", c_cgroup },
	{ "contained-shell", c_shell },
	{ "contained-before", c_before },
	{ "contained-before-open", c_before_open },
	{ NULL, NULL },
};
