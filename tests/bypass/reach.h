/* SPDX-License-Identifier: MIT */
/*
 * reach.h - what the tricks that reach for an address or a name have in common. Each is a function that tries to get
 * bytes to the server (serve.c), in a process of its own; whether they arrived, the server's mark says.
 */
#ifndef EMBARGO_BYPASS_REACH_H
#define EMBARGO_BYPASS_REACH_H

#include "net.h"

#include <sys/socket.h>
#include <sys/un.h>

/* A socket address of any family, with its size. */
struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_un local;
	};
	socklen_t size;
};

/**
 * struct reach - a row of a table of tricks
 * @name: as in the file "network"; NULL ends the table
 * @try:  the trick; what it returns says nothing
 */
struct reach {
	const char *name;
	void (*try)(void);
};

extern const struct reach address_tricks[];
extern const struct reach place_tricks[];
extern const struct reach name_tricks[];
extern const struct reach hello_tricks[];
extern const struct reach contained_tricks[];

extern unsigned number;		/* of the trick */
extern bool twin;		/* the same again with the innocent name */

/* ---------------------------------------------------------------- where to: reach.c */

/** place4() - an IPv4 address of a trick's, INNOCENT for nobody's; @port in host order */
struct place place4(unsigned of, unsigned port);

/** place6() - an IPv6 address of a trick's; as place4() */
struct place place6(unsigned of, unsigned port);

/** place_of() - a numeric address, IPv4 or IPv6; gives up if it is none */
struct place place_of(const char *text, unsigned port);

/** place_relay() - the relay's abstract Unix socket */
struct place place_relay(void);

/** place_here() - this trick's IPv4 address and port: PORT, or PORT_TWIN for the innocent twin */
struct place place_here(void);

/** quit() - give up, with errno's text: a call failed, which may be what a refusal looks like */
__attribute__((noreturn)) void quit(const char *what);

/** socket_new() - a socket, or the trick is given up */
int socket_new(int family, int type, int protocol);

/** connect_to() - a connected socket, or the trick is given up; @place is borrowed */
int connect_to(int type, int protocol, const struct place *place);

/** say() - send bytes, all of them, or give up */
void say(int fd, const void *bytes, size_t size);

/** say_all() - send the trick's bytes over a connected socket and wait for the server's answer */
void say_all(int fd);

/** finish() - wait until the server has all, an error, or a time that is long enough for bytes to get there */
void finish(int fd);

/** words() - the trick's bytes when they are no hello: whom they are for in clear, and the end; static */
const char *words(void);

/** wait_for_go() - until the agent enforces; for tricks that begin before it is there */
void wait_for_go(void);

/** patience_ms() - how long what takes time may take here */
int patience_ms(void);

/** write_file() - @text into @file; gives up if that fails */
void write_file(const char *file, const char *text);

/** join_group() - this process into the cgroup @below (made if it is not there) of the attempts' cgroup */
void join_group(const char *below);

/* ---------------------------------------------------------------- names: resolve.c */

enum { ASK_A = 1, ASK_AAAA = 28 };

/**
 * resolve() - ask a resolver and wait for its answer
 * @from: where it is asked, with the port
 * @type: SOCK_DGRAM, SOCK_STREAM
 * @name: as text, sent as it is written
 * @what: ASK_A, ASK_AAAA
 *
 * What it says is known beforehand (net.h), so nobody reads it. Gives up without an answer.
 */
void resolve(struct place from, int type, const char *name, int what);

/** resolve_plainly() - the denied name, over UDP, port 53 */
void resolve_plainly(void);

/** resolve_shared() - the denied name and the innocent one, which both have this trick's addresses */
void resolve_shared(void);

/** denied_name(), innocent_name() - static text of this trick */
const char *denied_name(void);
const char *innocent_name(void);

/* ---------------------------------------------------------------- io_uring: ring.c */

enum { RING_ASYNC = 1, RING_SQPOLL = 2 };

/** ring_connect() - connect(2) by io_uring; @how: RING_*. Returns 0 or a negative errno; gives up if there is none */
int ring_connect(int fd, const struct place *place, int how);

/** ring_sendmsg() - sendmsg(2) by io_uring; as ring_connect() */
int ring_sendmsg(int fd, const struct msghdr *message, int how);

/* ---------------------------------------------------------------- hellos: hello.c */

/**
 * struct hello - what a ClientHello is to be like; zero: an ordinary one
 * @name:     the server name; NULL: none
 * @padding:  bytes of padding before the name's extension
 * @key:      bytes of the key share; 0: an ordinary one of 32
 * @grease:   values that mean nothing, wherever they may be
 * @ech:      an encrypted inner hello beside the name, which is the outer one's
 * @last:     the name's extension comes last
 * @records:  bytes that each record holds at most; 0: one record
 * @other_kind_first: an entry of the list of names that is no host name before the one that is
 */
struct hello {
	const char *name;
	size_t padding, key, records;
	bool grease, ech, last, other_kind_first;
};

/** hello_build() - a ClientHello in @out, with the trick's end behind it. Returns its bytes; gives up if @room is short */
size_t hello_build(const struct hello *hello, unsigned char *out, size_t room);

#endif
