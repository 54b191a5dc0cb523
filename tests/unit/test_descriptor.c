/* SPDX-License-Identifier: MIT */
/*
 * test_descriptor.c - a real connection of another process, ended by its descriptor: what that process sees, who is found, and what is
 * left alone. What the kernel does not have, or does not allow, the test says.
 */
#include "../../agent/clean.h"
#include "../../agent/descriptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* A process that is connected to this one, and waits to read. */
struct other {
	pid_t pid;
	int listener, server, hear;
	struct closing which;
};

/* Says what it has, then the errno that ends its wait; 0: the end. */
static void be_connected(const struct sockaddr *to, socklen_t bytes, int protocol, int say)
{
	int fd = socket(to->sa_family, SOCK_STREAM, protocol), err = 0;
	struct pollfd poll_for = {.fd = fd, .events = POLLIN};
	struct stat status;
	__u32 inode;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (connect(fd, to, bytes) < 0 || send(fd, "x", 1, 0) != 1 || fstat(fd, &status) < 0)
		_exit(2);
	inode = (__u32)status.st_ino;
	if (write(say, &inode, sizeof(inode)) != sizeof(inode))
		_exit(3);
	(void)poll(&poll_for, 1, -1);
	if (recv(fd, &byte, 1, 0) < 0)
		err = errno;
	(void)!write(say, &err, sizeof(err));
	_exit(0);
}

/* @protocol, @listens: of either side. Return: false: this kernel has none of it. */
static bool other_open(struct other *at, int protocol, int listens)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	socklen_t bytes = sizeof(to);
	int ends[2];

	/* whom it reaches is the address 127.0.0.1, by a socket of IPv6 */
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
	at->listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, listens);
	if (at->listener < 0) {
		print_message("this kernel has no such protocol\n");
		skip();
	}
	assert_return_code(bind(at->listener, (void *)&to, sizeof(to)), errno);
	assert_return_code(listen(at->listener, 1), errno);
	assert_return_code(getsockname(at->listener, (void *)&to, &bytes), errno);
	assert_return_code(pipe(ends), errno);
	at->pid = fork();
	if (!at->pid)
		be_connected((void *)&to, sizeof(to), protocol, ends[1]);
	close(ends[1]);
	at->hear = ends[0];
	at->server = accept(at->listener, NULL, NULL);
	assert_return_code(at->server, errno);
	at->which = (struct closing){.pid = at->pid, .to = {.family = 4, .address = {127, 0, 0, 1}, .port = ntohs(to.sin6_port)}};
	assert_int_equal(read(at->hear, &at->which.inode, sizeof(at->which.inode)), sizeof(at->which.inode));
	return true;
}

static bool may_copy(const struct other *at)
{
	AUTO_FD int process = (int)syscall(SYS_pidfd_open, at->pid, 0);
	AUTO_FD int copy = (int)syscall(SYS_pidfd_getfd, process, 0, 0);

	return copy >= 0 || (errno != EPERM && errno != ENOSYS);
}

/* All are looked through a tenth of the time at most. */
static int end_patiently(const struct closing *which)
{
	int err = descriptor_end(which);

	for (int i = 0; i < 1000 && err == -EAGAIN; i++) {
		(void)poll(NULL, 0, 10);
		err = descriptor_end(which);
	}
	return err;
}

/* Return: what ended its wait; -1: it still waits. */
static int end_of(const struct other *at)
{
	struct pollfd poll_for = {.fd = at->hear, .events = POLLIN};
	int err = -1;

	if (poll(&poll_for, 1, 200) == 1)
		assert_int_equal(read(at->hear, &err, sizeof(err)), sizeof(err));
	return err;
}

static void other_close(struct other *at)
{
	kill(at->pid, SIGKILL);
	waitpid(at->pid, NULL, 0);
	close(at->hear);
	close(at->server);
	close(at->listener);
}

static void test_end(int protocol, int listens, int expected)
{
	struct other at = {0};
	struct closing other;

	if (!other_open(&at, protocol, listens))
		return;
	if (!may_copy(&at)) {
		print_message("descriptors of others may not be copied here\n");
		other_close(&at);
		skip();
	}
	other = at.which;
	other.inode++;
	assert_int_equal(end_patiently(&other), -ENOENT);
	assert_int_equal(end_of(&at), -1);
	assert_int_equal(descriptor_end(&at.which), 0);
	assert_int_equal(end_of(&at), expected);
	other_close(&at);
}

static void test_multipath(void **state)
{
	test_end(IPPROTO_MPTCP, IPPROTO_MPTCP, ENOTCONN);
}

/* The server has TCP only: the kernel falls back to it. */
static void test_multipath_of_one(void **state)
{
	test_end(IPPROTO_MPTCP, 0, ENOTCONN);
}

static void test_any_other(void **state)
{
	test_end(IPPROTO_SCTP, IPPROTO_SCTP, 0);
}

/* A path may lead elsewhere than the whole, and a number be another connection's by now. */
static void test_to_somebody_else(void **state)
{
	struct other at = {0};

	if (!other_open(&at, IPPROTO_MPTCP, IPPROTO_MPTCP))
		return;
	if (may_copy(&at)) {
		at.which.to.address[3] = 2;
		assert_int_equal(descriptor_end(&at.which), -ENOENT);
		at.which.to.address[3] = 1;
		at.which.to.port++;
		assert_int_equal(descriptor_end(&at.which), -ENOENT);
		assert_int_equal(end_of(&at), -1);
	}
	other_close(&at);
}

/* Who made it is gone, or never had it: whoever has it open is found. */
static void test_passed_on(void **state)
{
	struct other at = {0};

	if (!other_open(&at, IPPROTO_MPTCP, 0))
		return;
	if (may_copy(&at)) {
		at.which.pid = getpid();
		assert_int_equal(end_patiently(&at.which), 0);
		/* not at once again */
		at.which.inode++;
		assert_int_equal(end_patiently(&at.which), -ENOENT);
		assert_int_equal(descriptor_end(&at.which), -EAGAIN);
		assert_int_equal(end_of(&at), ENOTCONN);
	}
	other_close(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_multipath),
		cmocka_unit_test(test_multipath_of_one),
		cmocka_unit_test(test_any_other),
		cmocka_unit_test(test_to_somebody_else),
		cmocka_unit_test(test_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
