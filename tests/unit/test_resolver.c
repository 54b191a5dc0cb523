/* SPDX-License-Identifier: MIT */
/* test_resolver.c - the conversation with a resolver: agent/resolver.c, with a process at the other end that answers as it is told. */
#include "../../agent/apart.h"
#include "../../agent/clean.h"
#include "../../agent/resolver.h"

#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUESTION "{\"method\":\"io.systemd.Resolve.Monitor.DumpCache\",\"parameters\":{}}"

enum way { WHOLE, PIECES, TWICE, MUTE, GONE, HALF, ENDLESS };

static void say(int fd, const char *text, size_t bytes)
{
	if (write(fd, text, bytes) != (ssize_t)bytes)
		_exit(2);
}

static void endless(int fd)
{
	static const char blank[65536] = {[0 ... 65535] = ' '};

	while (write(fd, blank, sizeof(blank)) > 0)
		;
	_exit(0);
}

/* Until it is asked, and then in this way. */
static void answer(int fd, enum way way)
{
	char asked[sizeof(QUESTION)];
	size_t have = 0;

	while (have < sizeof(asked)) {
		ssize_t got = read(fd, asked + have, sizeof(asked) - have);

		if (got <= 0)
			_exit(0);
		have += (size_t)got;
	}
	if (memcmp(asked, QUESTION, sizeof(QUESTION)))
		_exit(3);
	if (way == ENDLESS)
		endless(fd);
	if (way == MUTE)
		pause();
	if (way == HALF)
		say(fd, "{\"a\":", 5);
	if (way == GONE || way == HALF)
		_exit(0);
	for (size_t i = 0; way == PIECES && i < 3; i++, usleep(20000))
		say(fd, "{}\n", 1 + (i == 1));
	say(fd, "{}", 3);
	if (way == TWICE)
		answer(fd, WHOLE);
}

struct other {
	pid_t pid;
	int fd;
};

static struct other begin(enum way way)
{
	int ends[2];
	struct other other;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	other.pid = fork();
	if (!other.pid) {
		close(ends[0]);
		signal(SIGPIPE, SIG_IGN);
		answer(ends[1], way);
		_exit(0);
	}
	close(ends[1]);
	other.fd = ends[0];
	return other;
}

static void end(struct other *other)
{
	int status;

	close(other->fd);
	kill(other->pid, SIGKILL);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	assert_true(!WIFEXITED(status) || !WEXITSTATUS(status));
}

static void check(enum way way, int wait_ms, int expected_err, const char *expected)
{
	struct other other = begin(way);
	AUTO_FREE char *text = NULL;
	size_t bytes = 0;

	assert_int_equal(resolver_ask(other.fd, apart_now_ms() + wait_ms, &text, &bytes), expected_err);
	if (expected_err) {
		assert_null(text);
	} else {
		assert_int_equal(bytes, strlen(expected));
		assert_memory_equal(text, expected, bytes);
	}
	end(&other);
}

static void whole(void **state)
{
	check(WHOLE, 5000, 0, "{}");
}

static void in_pieces(void **state)
{
	check(PIECES, 5000, 0, "{{}{{}");
}

static void twice(void **state)
{
	struct other other = begin(TWICE);

	for (int i = 0; i < 2; i++) {
		AUTO_FREE char *text = NULL;
		size_t bytes = 0;

		assert_int_equal(resolver_ask(other.fd, apart_now_ms() + 5000, &text, &bytes), 0);
		assert_int_equal(bytes, 2);
	}
	end(&other);
}

static void one_that_hangs(void **state)
{
	long long began = apart_now_ms();

	check(MUTE, 200, -ETIMEDOUT, NULL);
	assert_in_range(apart_now_ms() - began, 150, 3000);
}

static void one_that_ends(void **state)
{
	check(GONE, 5000, -ECONNRESET, NULL);
	check(HALF, 5000, -ECONNRESET, NULL);
}

static void one_that_does_not_end(void **state)
{
	check(ENDLESS, 20000, -E2BIG, NULL);
}

static void one_that_was_gone_before(void **state)
{
	struct other other = begin(GONE);
	AUTO_FREE char *text = NULL;
	size_t bytes = 0;

	kill(other.pid, SIGKILL);
	assert_int_equal(waitpid(other.pid, NULL, 0), other.pid);
	assert_int_equal(resolver_ask(other.fd, apart_now_ms() + 5000, &text, &bytes), -ECONNRESET);
	close(other.fd);
}

/* Descriptor 3, as the service manager passes one. */
static void pass(int fd, const char *names)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(dup2(fd, 3), 3);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

static void one_that_was_passed(void **state)
{
	int ends[2], other;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pass(ends[0], RESOLVER_FD_NAME);
	assert_int_equal(resolver_open(), 3);
	assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
	assert_null(getenv("LISTEN_FDS"));
	pass(ends[0], "another");
	other = resolver_open();
	assert_int_not_equal(other, 3);
	if (other >= 0)		/* this host has one */
		close(other);
	for (int fd = 3; fd <= ends[1]; fd++)
		close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),	 cmocka_unit_test(in_pieces),	      cmocka_unit_test(twice),
		cmocka_unit_test(one_that_hangs), cmocka_unit_test(one_that_ends), cmocka_unit_test(one_that_does_not_end),
		cmocka_unit_test(one_that_was_gone_before), cmocka_unit_test(one_that_was_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
