/* SPDX-License-Identifier: MIT */
/*
 * reach-hello.c - every way to say a denied server name to an address that an innocent name has, too, so that only what is said
 * decides. Each is done a second time with the innocent name, when all of it must arrive.
 */
#include "reach.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

enum { ROOM = 48 * 1024 };

static unsigned char bytes[ROOM];
static size_t size;

/* Both names, one after the other. @play: connects and sends what is in "bytes". */
static void both(struct hello hello, const char *denied, const char *innocent, void (*play)(void))
{
	pid_t child = fork();

	if (!child) {
		hello.name = denied;
		size = hello_build(&hello, bytes, sizeof(bytes));
		play();
		exit(0);
	}
	waitpid(child, NULL, 0);
	twin = true;
	hello.name = innocent;
	size = hello_build(&hello, bytes, sizeof(bytes));
	play();
}

static void shared(struct hello hello, void (*play)(void))
{
	resolve_shared();
	both(hello, denied_name(), innocent_name(), play);
}

static int connected(void)
{
	struct place place = place_here();

	return connect_to(SOCK_STREAM, 0, &place);
}

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		quit("setsockopt");
}

/* Each piece leaves on its own. */
static int connected_at_once(void)
{
	int fd = connected();

	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

static void end(int fd)
{
	finish(fd);
	close(fd);
}

/* Where the server name is, and so where a cut hurts. */
static size_t inside_name(void)
{
	const unsigned char *at = memmem(bytes, size, "example", 7);

	return at ? (size_t)(at - bytes) : size / 2;
}

/* ---------------------------------------------------------------- what is said */

static void play(void)
{
	int fd = connected();

	say(fd, bytes, size);
	end(fd);
}

static void play_once(const char *name)
{
	struct hello hello = { .name = name };

	size = hello_build(&hello, bytes, sizeof(bytes));
	play();
}

static void tls(void) { shared((struct hello){}, play); }
static void tls_records(void) { shared((struct hello){ .records = 130 }, play); }
static void tls_record_bytes(void) { shared((struct hello){ .records = 1 }, play); }
static void tls_post_quantum(void) { shared((struct hello){ .key = 1216, .last = true }, play); }
static void tls_huge(void) { shared((struct hello){ .padding = 16000, .last = true }, play); }
static void tls_huge_records(void) { shared((struct hello){ .padding = 30000, .records = 1000, .last = true }, play); }
static void tls_grease(void) { shared((struct hello){ .grease = true }, play); }
static void tls_name_last(void) { shared((struct hello){ .last = true }, play); }
static void tls_other_kind(void) { shared((struct hello){ .other_kind_first = true }, play); }
static void tls_ech_denied(void) { shared((struct hello){ .ech = true }, play); }

static void tls_ech_innocent(void)
{
	struct hello hello = { .ech = true, .name = "innocent.example" };

	resolve_plainly();
	size = hello_build(&hello, bytes, sizeof(bytes));
	play();
}

static void tls_alone(void)
{
	resolve_plainly();
	play_once(denied_name());
}

static void tls_no_name(void)
{
	resolve_plainly();
	play_once(NULL);
}

static void tls_no_name_shared(void)
{
	resolve_shared();
	play_once(NULL);
}

static void tls_unresolved(void) { play_once(denied_name()); }

static void tls_case(void)
{
	char upper[64], innocent[64];

	resolve_shared();
	snprintf(upper, sizeof(upper), "%s", denied_name());
	snprintf(innocent, sizeof(innocent), "%s", innocent_name());
	for (size_t i = 0; i < sizeof(upper); i += 2)
		upper[i] = (char)toupper((unsigned char)upper[i]);
	innocent[0] = (char)toupper((unsigned char)innocent[0]);
	both((struct hello){}, upper, innocent, play);
}

static void tls_dot(void)
{
	char denied[64], innocent[64];

	resolve_shared();
	snprintf(denied, sizeof(denied), "%s.", denied_name());
	snprintf(innocent, sizeof(innocent), "%s.", innocent_name());
	both((struct hello){}, denied, innocent, play);
}

static void tls_below(void)
{
	char denied[128];

	resolve_shared();
	snprintf(denied, sizeof(denied), "any.thing.%s", denied_name());
	both((struct hello){}, denied, innocent_name(), play);
}

/* The name that is asked for and said is the customer's own; the denied one is behind it. */
static void tls_alias(void)
{
	char alias[64];

	snprintf(alias, sizeof(alias), ALIAS_FORM, number);
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, alias, ASK_A);
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, innocent_name(), ASK_A);
	both((struct hello){}, alias, innocent_name(), play);
}

/* ---------------------------------------------------------------- in which pieces */

static void play_two_writes(void)
{
	int fd = connected_at_once();

	say(fd, bytes, inside_name());
	usleep(20000);
	say(fd, bytes + inside_name(), size - inside_name());
	end(fd);
}

static void play_late(void)
{
	int fd = connected_at_once();

	say(fd, bytes, 3);
	usleep(600000);
	say(fd, bytes + 3, size - 3);
	end(fd);
}

static void play_bytes(void)
{
	int fd = connected_at_once();

	for (size_t i = 0; i < size; i++)
		say(fd, bytes + i, 1);
	end(fd);
}

static void play_vector(void)
{
	struct iovec parts[ROOM / 32];
	int fd = connected(), used = 0;

	for (size_t at = 0; at < size; at += 7, used++)
		parts[used] = (struct iovec){ bytes + at, size - at < 7 ? size - at : 7 };
	if (writev(fd, parts, used) != (ssize_t)size)
		quit("writev");
	end(fd);
}

static void play_small_segments(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	set(fd, IPPROTO_TCP, TCP_MAXSEG, 88);
	if (connect(fd, &place.any, place.size))
		quit("connect");
	say(fd, bytes, size);
	end(fd);
}

static void send_with(int fd, const void *at, size_t count, int flags)
{
	if (send(fd, at, count, MSG_NOSIGNAL | flags) != (ssize_t)count)
		quit("send");
}

static void play_cork(void)
{
	int fd = connected();

	set(fd, IPPROTO_TCP, TCP_CORK, 1);
	say(fd, bytes, inside_name());
	usleep(300000);		/* the kernel waits for 200 ms */
	say(fd, bytes + inside_name(), size - inside_name());
	set(fd, IPPROTO_TCP, TCP_CORK, 0);
	end(fd);
}

static void play_more(void)
{
	int fd = connected();

	send_with(fd, bytes, inside_name(), MSG_MORE);
	send_with(fd, bytes + inside_name(), size - inside_name(), 0);
	end(fd);
}

/* What is behind the end of a record must not be put into its packet. */
static void play_end_of_record(void)
{
	int fd = connected_at_once();

	send_with(fd, bytes, inside_name(), MSG_EOR);
	send_with(fd, bytes + inside_name(), size - inside_name(), MSG_EOR);
	end(fd);
}

/* An urgent byte is not among those that the server reads, but among those that are sent. */
static void play_urgent(void)
{
	int fd = connected_at_once();

	say(fd, bytes, inside_name());
	send_with(fd, "x", 1, MSG_OOB);
	say(fd, bytes + inside_name(), size - inside_name());
	end(fd);
}

static void tls_two_writes(void) { shared((struct hello){}, play_two_writes); }
static void tls_late(void) { shared((struct hello){}, play_late); }
static void tls_bytes(void) { shared((struct hello){}, play_bytes); }
static void tls_vector(void) { shared((struct hello){}, play_vector); }
static void tls_small_segments(void) { shared((struct hello){ .key = 1216, .last = true }, play_small_segments); }
static void tls_cork(void) { shared((struct hello){}, play_cork); }
static void tls_more(void) { shared((struct hello){}, play_more); }
static void tls_end_of_record(void) { shared((struct hello){}, play_end_of_record); }
static void tls_urgent(void) { shared((struct hello){}, play_urgent); }

/* ---------------------------------------------------------------- by which calls */

static int file_of_bytes(void)
{
	int fd = memfd_create("hello", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		quit("memfd_create");
	return fd;
}

static void play_sendfile(void)
{
	int fd = connected();

	if (sendfile(fd, file_of_bytes(), NULL, size) != (ssize_t)size)
		quit("sendfile");
	end(fd);
}

static void from_pipe(int fd, int from)
{
	for (size_t left = size; left;) {
		ssize_t sent = splice(from, NULL, fd, NULL, left, 0);

		if (sent <= 0)
			quit("splice");
		left -= (size_t)sent;
	}
	end(fd);
}

static void play_splice(void)
{
	int fd = connected(), ends[2];

	if (pipe(ends) || splice(file_of_bytes(), NULL, ends[1], NULL, size, 0) != (ssize_t)size)
		quit("splice");
	from_pipe(fd, ends[0]);
}

static void play_vmsplice(void)
{
	struct iovec part = { bytes, size };
	int fd = connected(), ends[2];

	if (pipe(ends) || vmsplice(ends[1], &part, 1, 0) != (ssize_t)size)
		quit("vmsplice");
	from_pipe(fd, ends[0]);
}

static void play_zerocopy(void)
{
	int fd = connected();

	set(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	send_with(fd, bytes, size, MSG_ZEROCOPY);
	end(fd);
}

static void play_fast_open(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (sendto(fd, bytes, size, MSG_FASTOPEN | MSG_NOSIGNAL, &place.any, place.size) < 0)
		quit("sendto");
	end(fd);
}

/* The first packet has the first half. */
static void play_fast_open_half(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (sendto(fd, bytes, inside_name(), MSG_FASTOPEN | MSG_NOSIGNAL, &place.any, place.size) < 0)
		quit("sendto");
	say(fd, bytes + inside_name(), size - inside_name());
	end(fd);
}

static void play_mptcp(void)
{
	struct place place = place4(number, twin ? PORT_TWIN_MPTCP : PORT_MPTCP);
	int fd = connect_to(SOCK_STREAM, IPPROTO_MPTCP, &place);

	say(fd, bytes, size);
	end(fd);
}

static void play_ring(void)
{
	struct iovec part = { bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int fd = connected(), err = ring_sendmsg(fd, &message, 0);

	errno = -err;
	if (err < 0)
		quit("io_uring: sendmsg");
	end(fd);
}

static void play_ring_sqpoll(void)
{
	struct iovec part = { bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0), err = ring_connect(fd, &place, RING_SQPOLL);

	if (!err)
		err = ring_sendmsg(fd, &message, RING_SQPOLL);
	errno = -err;
	if (err < 0)
		quit("io_uring");
	end(fd);
}

static void play_v6(void)
{
	struct place place = place6(number, twin ? PORT_TWIN : PORT);
	int fd = connect_to(SOCK_STREAM, 0, &place);

	say(fd, bytes, size);
	end(fd);
}

static void play_other_port(void)
{
	struct place place = place4(number, twin ? PORT_TWIN : PORT_OTHER);
	int fd = connect_to(SOCK_STREAM, 0, &place);

	say(fd, bytes, size);
	end(fd);
}

static void tls_sendfile(void) { shared((struct hello){}, play_sendfile); }
static void tls_splice(void) { shared((struct hello){}, play_splice); }
static void tls_vmsplice(void) { shared((struct hello){}, play_vmsplice); }
static void tls_zerocopy(void) { shared((struct hello){}, play_zerocopy); }
static void tls_fast_open(void) { shared((struct hello){}, play_fast_open); }
static void tls_fast_open_half(void) { shared((struct hello){}, play_fast_open_half); }
static void tls_mptcp(void) { shared((struct hello){}, play_mptcp); }
static void tls_io_uring(void) { shared((struct hello){}, play_ring); }
static void tls_io_uring_sqpoll(void) { shared((struct hello){}, play_ring_sqpoll); }
static void tls_other_port(void) { shared((struct hello){}, play_other_port); }

static void tls_v6(void)
{
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_AAAA);
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, innocent_name(), ASK_AAAA);
	both((struct hello){}, denied_name(), innocent_name(), play_v6);
}

/* ---------------------------------------------------------------- when, and by whom */

/* An innocent connection first, then the same socket once more. */
static void play_reconnect(void)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct hello innocent = { .name = innocent_name() };
	struct place place = place_here(), first = place4(number, PORT_TWIN);
	unsigned char before[2048];
	int fd = connect_to(SOCK_STREAM, 0, &first);

	say(fd, before, hello_build(&innocent, before, sizeof(before)));
	finish(fd);
	if (connect(fd, &nobody, sizeof(nobody)) || connect(fd, &place.any, place.size))
		quit("connect");
	say(fd, bytes, size);
	end(fd);
}

static void tls_reconnect(void) { shared((struct hello){}, play_reconnect); }

static void play_handed_on(void)
{
	int fd = connected();

	if (!fork()) {
		say(fd, bytes, size);
		end(fd);
		_exit(0);
	}
	wait(NULL);
}

static void tls_handed_on(void) { shared((struct hello){}, play_handed_on); }

static void tls_connect_first(void)
{
	struct hello hello = { .name = denied_name() };
	int fd = connected();

	resolve_plainly();
	size = hello_build(&hello, bytes, sizeof(bytes));
	say(fd, bytes, size);
	end(fd);
}

static void tls_second_hello(void)
{
	struct hello hello = { .name = innocent_name() };
	int fd;

	resolve_shared();
	fd = connected();
	size = hello_build(&hello, bytes, sizeof(bytes));
	say(fd, bytes, size);
	finish(fd);
	hello.name = denied_name();
	size = hello_build(&hello, bytes, sizeof(bytes));
	say(fd, bytes, size);
	end(fd);
}

const struct reach hello_tricks[] = {
	{ "tls", tls },
	{ "tls-alone", tls_alone },
	{ "tls-v6", tls_v6 },
	{ "tls-case", tls_case },
	{ "tls-dot", tls_dot },
	{ "tls-below", tls_below },
	{ "tls-alias", tls_alias },
	{ "tls-other-port", tls_other_port },
	{ "tls-no-name", tls_no_name },
	{ "tls-no-name-shared", tls_no_name_shared },
	{ "tls-ech-denied", tls_ech_denied },
	{ "tls-ech-innocent", tls_ech_innocent },
	{ "tls-records", tls_records },
	{ "tls-record-bytes", tls_record_bytes },
	{ "tls-post-quantum", tls_post_quantum },
	{ "tls-huge", tls_huge },
	{ "tls-huge-records", tls_huge_records },
	{ "tls-grease", tls_grease },
	{ "tls-name-last", tls_name_last },
	{ "tls-other-kind", tls_other_kind },
	{ "tls-two-writes", tls_two_writes },
	{ "tls-late", tls_late },
	{ "tls-bytes", tls_bytes },
	{ "tls-vector", tls_vector },
	{ "tls-small-segments", tls_small_segments },
	{ "tls-cork", tls_cork },
	{ "tls-more", tls_more },
	{ "tls-end-of-record", tls_end_of_record },
	{ "tls-urgent", tls_urgent },
	{ "tls-sendfile", tls_sendfile },
	{ "tls-splice", tls_splice },
	{ "tls-vmsplice", tls_vmsplice },
	{ "tls-zerocopy", tls_zerocopy },
	{ "tls-fast-open", tls_fast_open },
	{ "tls-fast-open-half", tls_fast_open_half },
	{ "tls-mptcp", tls_mptcp },
	{ "tls-io-uring", tls_io_uring },
	{ "tls-io-uring-sqpoll", tls_io_uring_sqpoll },
	{ "tls-reconnect", tls_reconnect },
	{ "tls-handed-on", tls_handed_on },
	{ "tls-unresolved", tls_unresolved },
	{ "tls-connect-first", tls_connect_first },
	{ "tls-second-hello", tls_second_hello },
	{ NULL, NULL },
};
