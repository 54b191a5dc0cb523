/* SPDX-License-Identifier: MIT */
/*
 * test_sockets.c - real connections over loopback, in a network namespace of the test's own, listed and destroyed by a process
 * outside that namespace. Without the privilege for that the test says so.
 */
#include "../../agent/clean.h"
#include "../../agent/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* A process in a namespace of its own with a connection to itself. */
struct connection {
	pid_t pid;
	int say, hear; /* pipes */
	int netlink;
	struct closing closing;
};

static int skipped(const char *why)
{
	print_message("%s\n", why);
	skip();
	return 0;
}

static void loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		_exit(3);
	close(fd);
}

/* @mapped: the client's socket is an IPv6 one that is connected to a v4-mapped address */
static int connect_to_self(bool mapped, bool bound, struct closing *out)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	socklen_t bytes = sizeof(to), length = sizeof(out->cookie);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(mapped ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (void *)&to, sizeof(to)) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (void *)&to, &bytes) < 0)
		_exit(4);
	to6.sin6_port = to.sin_port;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &to6.sin6_addr);
	if (bound && setsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0)
		_exit(5);
	if (connect(client, mapped ? (void *)&to6 : (void *)&to, mapped ? sizeof(to6) : sizeof(to)) < 0)
		_exit(6);
	accept(listener, (void *)&from, &bytes);
	out->to.family = 4;
	out->to.port = ntohs(to.sin_port);
	out->from_port = ntohs(from.sin_port);
	memcpy(out->to.address, &to.sin_addr, 4);
	memcpy(out->from, &to.sin_addr, 4);
	if (getsockopt(client, SOL_SOCKET, SO_COOKIE, &out->cookie, &length) < 0)
		_exit(7);
	return client;
}

/* Says what it has, then, when it is told to, writes and says the errno. */
static void be_connected(bool mapped, bool bound, int say, int hear)
{
	struct closing closing = {0};
	struct stat status;
	int client, err;
	char word;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (unshare(CLONE_NEWNET) < 0)
		_exit(2);
	loopback_up();
	client = connect_to_self(mapped, bound, &closing);
	if (stat("/proc/self/ns/net", &status) < 0 || write(client, "twelve bytes", 12) != 12)
		_exit(8);
	closing.net_namespace = (__u32)status.st_ino;
	closing.pid = getpid();
	if (write(say, &closing, sizeof(closing)) != sizeof(closing) || read(hear, &word, 1) != 1)
		_exit(9);
	err = write(client, "x", 1) < 0 ? errno : 0;
	if (write(say, &err, sizeof(err)) != sizeof(err))
		_exit(10);
	(void)read(hear, &word, 1);
	_exit(0);
}

static bool connection_open(struct connection *at, bool mapped, bool bound)
{
	int say[2], hear[2], namespace;

	assert_return_code(pipe2(say, O_CLOEXEC), errno);
	assert_return_code(pipe2(hear, O_CLOEXEC), errno);
	at->pid = fork();
	if (!at->pid)
		be_connected(mapped, bound, say[1], hear[0]);
	close(say[1]);
	close(hear[0]);
	at->hear = say[0];
	at->say = hear[1];
	at->netlink = -1;
	if (read(at->hear, &at->closing, sizeof(at->closing)) != sizeof(at->closing))
		return skipped("a network namespace cannot be made here: not root");
	namespace = sockets_namespace(at->closing.net_namespace, at->closing.pid);
	assert_true(namespace >= 0);
	at->netlink = sockets_open(namespace);
	close(namespace);
	if (at->netlink == -EPERM)
		return skipped("another network namespace cannot be entered here: no CAP_SYS_ADMIN");
	assert_true(at->netlink >= 0);
	return true;
}

static int errno_of_write(struct connection *at)
{
	int err = -1;

	assert_int_equal(write(at->say, "w", 1), 1);
	assert_int_equal(read(at->hear, &err, sizeof(err)), sizeof(err));
	return err;
}

static void connection_close(struct connection *at)
{
	close(at->netlink);
	close(at->say);
	close(at->hear);
	kill(at->pid, SIGKILL);
	waitpid(at->pid, NULL, 0);
}

struct found {
	const struct closing *closing;
	struct socket_seen seen;
	int count;
};

static int look(void *context, const struct socket_seen *seen)
{
	struct found *found = context;

	if (seen->cookie == found->closing->cookie) {
		found->seen = *seen;
		found->count++;
	}
	return 0;
}

static void test_destroy(bool mapped, bool bound)
{
	struct connection at;
	struct found found = {.closing = &at.closing};
	struct closing other;

	if (!connection_open(&at, mapped, bound))
		return;
	assert_int_equal(sockets_each(at.netlink, true, look, &found), 0);
	assert_int_equal(found.count, 1);
	assert_memory_equal(found.seen.to.address, at.closing.to.address, 16);
	assert_memory_equal(found.seen.from, at.closing.from, 16);
	assert_int_equal(found.seen.to.port, at.closing.to.port);
	assert_int_equal(found.seen.from_port, at.closing.from_port);
	assert_int_equal(found.seen.to.mapped, mapped);
	assert_int_equal(found.seen.family, mapped ? 6 : 4);
	assert_int_equal(found.seen.device != 0, bound);
	assert_int_equal(found.seen.sent, 1 + 12); /* with the SYN */
	assert_int_not_equal(found.seen.inode, 0);

	/* the addresses alone are not enough: they may be another connection's by now */
	other = at.closing;
	other.cookie++;
	assert_int_equal(sockets_destroy(at.netlink, &other), -ENOENT);
	assert_int_equal(sockets_destroy(at.netlink, &at.closing), 0);
	assert_int_equal(errno_of_write(&at), ECONNABORTED);
	assert_int_equal(sockets_destroy(at.netlink, &at.closing), -ENOENT);
	connection_close(&at);
}

static void test_ordinary(void **state)
{
	(void)state;
	test_destroy(false, false);
}

static void test_mapped(void **state)
{
	(void)state;
	test_destroy(true, false);
}

static void test_bound_to_an_interface(void **state)
{
	(void)state;
	test_destroy(false, true);
}

static int stop_at_second(void *context, const struct socket_seen *seen)
{
	int *calls = context;

	(void)seen;
	return ++*calls == 2 ? 77 : 0;
}

/* After a listing that was ended early the next answer is that to the next question. */
static void test_ended_early(void **state)
{
	struct connection at;
	int calls = 0;

	(void)state;
	if (!connection_open(&at, false, false))
		return;
	assert_int_equal(sockets_each(at.netlink, false, stop_at_second, &calls), 77);
	assert_int_equal(calls, 2);
	assert_int_equal(sockets_destroy(at.netlink, &at.closing), 0);
	assert_int_equal(errno_of_write(&at), ECONNABORTED);
	connection_close(&at);
}

struct both {
	__u32 own, other;
	int own_count, other_count;
};

static int count_namespace(void *context, int net_namespace, __u32 inode, __u32 pid)
{
	struct both *both = context;

	assert_true(net_namespace >= 0);
	assert_int_not_equal(pid, 0);
	both->own_count += inode == both->own;
	both->other_count += inode == both->other;
	return 0;
}

static void test_each_namespace_once(void **state)
{
	struct connection at;
	struct both both = {0};
	struct stat status;
	int fd;

	(void)state;
	if (!connection_open(&at, false, false))
		return;
	assert_return_code(stat("/proc/self/ns/net", &status), errno);
	both.own = (__u32)status.st_ino;
	both.other = at.closing.net_namespace;
	assert_int_equal(sockets_namespaces(count_namespace, &both, NULL), 0);
	assert_int_equal(both.own_count, 1);
	assert_int_equal(both.other_count, 1);
	/* a process that is gone does not matter while another one is there */
	fd = sockets_namespace(both.other, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sockets_namespace(1, 1), -ENOENT);
	connection_close(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_bound_to_an_interface),
		cmocka_unit_test(test_ended_early),
		cmocka_unit_test(test_each_namespace_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
