/* SPDX-License-Identifier: MIT */
/*
 * net.h - what the tricks with addresses and names and the server that they are played on agree about. Each trick
 * has a number, its line in the file "network", and by it addresses, names and ports of its own: what arrives at
 * one of them belongs to that trick, whatever the bytes are.
 */
#ifndef EMBARGO_BYPASS_NET_H
#define EMBARGO_BYPASS_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Networks for benchmarks (RFC 2544) and of one site (RFC 4193): 198.18.N.1 and fd18:0:0:N::1 are trick N's, 198.18.0.1
 * and fd18::1 nobody's: innocent. The resolver is 198.18.0.53, fd18::53.
 */
#define NET4_FORM	 "198.18.%u.1"
#define NET6_FORM	 "fd18:0:0:%x::1"
#define LINK_FORM	 "fe80::4e:%x"
#define NAT64_FORM	 "64:ff9b::198.18.%u.1"
#define INNOCENT	 0
#define OF_NOBODY	 255	/* no trick has so high a number */
#define RESOLVER4	 "198.18.0.53"
#define RESOLVER6	 "fd18::53"
#define STUB		 "127.0.0.53"

#define DENIED_FORM	 "n%u.bypass.example"	/* what the rule names, and all below it */
#define INNOCENT_FORM	 "i%u.innocent.example" /* another name for the same addresses */
#define ALIAS_FORM	 "a%u.customer.example" /* an alias of the denied name */

enum {
	PORT = 443,		/* of the tricks */
	PORT_HTTP = 80,
	PORT_OTHER = 2222,
	PORT_TWIN = 8443,	/* the same with an innocent name: all must arrive */
	PORT_MPTCP = 444,	/* listeners for multipath TCP take ordinary TCP, too */
	PORT_TWIN_MPTCP = 8444,
	PORT_DNS = 53,
	PORT_DNS_OTHER = 5300,
	PORT_DOH = 8053,	/* a resolver that is asked over something that only looks like HTTP */
	PORT_RELAY = 3128,	/* a proxy on the client's own loopback */
	PORT_OWN = 20000,	/* and the trick's number: on the loopback, embargoed there */
};

#define PROTOCOL_OWN	253	/* for experiments, RFC 3692 */
#define RELAY_UNIX	"embargo-bypass-relay"	/* abstract */

/* What ends every trick's bytes; the server answers it with one 'E'. */
#define THE_END "END\n"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IPPROTO_DCCP
#define IPPROTO_DCCP 33
#endif
#ifndef SOCK_DCCP
#define SOCK_DCCP 6
#endif
#ifndef SOL_DCCP
#define SOL_DCCP 269
#endif
#define DCCP_SERVICE 2	/* linux/dccp.h, DCCP_SOCKOPT_SERVICE */

/**
 * answer_build() - what the resolver says to a question
 * @question: a DNS message; borrowed
 * @size:     bytes of it
 * @out:      room for the answer
 * @room:     bytes there
 *
 * "nN.bypass.example" and "iN.innocent.example" have the addresses of trick N; "aN.customer.example" is an alias of
 * the first. Before "nN" a label may say how: see answer.c.
 *
 * Return: bytes of the answer; 0 if the question is none.
 */
size_t answer_build(const uint8_t *question, size_t size, uint8_t *out, size_t room);

/**
 * serve_relay() - in the clients' network namespace, but in a cgroup that nobody decides on: relays connections,
 * hands sockets out, answers as a stub resolver. Does not return.
 */
__attribute__((noreturn)) void serve_relay(void);

/**
 * fail() - give up: something did not work that has nothing to do with a refusal
 * @what: the call and what it was about
 */
__attribute__((noreturn)) void fail(const char *what);

#endif
