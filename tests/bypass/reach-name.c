/* SPDX-License-Identifier: MIT */
/* reach-name.c - every way to learn the address of a denied name, and what is then sent there without saying a name. */
#include "reach.h"

#include <linux/seg6.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPV6_SRCRT_TYPE_4
#define IPV6_SRCRT_TYPE_4 4	/* linux/ipv6.h, which does not go with netinet/in.h */
#endif

static void talk(int type, struct place place)
{
	say_all(connect_to(type, 0, &place));
}

static void ask(const char *name)
{
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, name, ASK_A);
}

/* With something before the name, or another name. */
static void ask_as(const char *form)
{
	char name[128];

	snprintf(name, sizeof(name), form, number);
	ask(name);
	talk(SOCK_STREAM, place_here());
}

static void resolved(void)
{
	resolve_plainly();
	talk(SOCK_STREAM, place_here());
}

static void resolved_v6(void)
{
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_AAAA);
	talk(SOCK_STREAM, place6(number, PORT));
}

static void resolved_over_v6(void)
{
	resolve(place_of(RESOLVER6, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_A);
	talk(SOCK_STREAM, place_here());
}

static void resolved_tcp(void)
{
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_STREAM, denied_name(), ASK_A);
	talk(SOCK_STREAM, place_here());
}

static void resolved_stub(void)
{
	resolve(place_of(STUB, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_A);
	talk(SOCK_STREAM, place_here());
}

static void resolved_case(void) { ask_as("N%u.bYpAsS.ExAmPlE"); }
static void resolved_below(void) { ask_as("deep.down." DENIED_FORM); }
static void resolved_alias(void) { ask_as(ALIAS_FORM); }
static void resolved_alias_order(void) { ask_as("order." ALIAS_FORM); }
static void resolved_chain(void) { ask_as("chain." ALIAS_FORM); }
static void resolved_several(void) { ask_as("several." DENIED_FORM); }
static void resolved_big(void) { ask_as("big." DENIED_FORM); }

static void resolved_ttl_0(void)
{
	char name[128];

	snprintf(name, sizeof(name), "ttl0." DENIED_FORM, number);
	ask(name);
	usleep(1500000);
	talk(SOCK_STREAM, place_here());
}

/* Who asks is not who connects. */
static void resolved_by_other(void)
{
	if (!fork()) {
		resolve_plainly();
		_exit(0);
	}
	wait(NULL);
	talk(SOCK_STREAM, place_here());
}

static void resolved_udp(void)
{
	struct place place = place4(number, PORT_TWIN);
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0);

	place.four.sin_port = htons(PORT);
	resolve_plainly();
	if (sendto(fd, words(), strlen(words()), 0, &place.any, place.size) < 0)
		quit("sendto");
	finish(fd);
}

/* ---------------------------------------------------------------- datagrams to it */

/* As a trick with an address does it. */
static void do_as(const char *trick)
{
	for (const struct reach *row = address_tricks; row->name; row++)
		if (!strcmp(row->name, trick))
			row->try();
}

static void udp_as(const char *trick)
{
	resolve_plainly();
	do_as(trick);
}

static void udp_v6_as(const char *trick)
{
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_AAAA);
	do_as(trick);
}

static void udp_v6(void) { udp_v6_as("udp-sendto-v6"); }
static void udp_mapped(void) { udp_as("udp-sendto-v4-mapped"); }
static void udp_connect(void) { udp_as("udp-connect"); }
static void udp_connect_v6(void) { udp_v6_as("udp-connect-v6"); }
static void udp_connect_mapped(void) { udp_as("udp-connect-v4-mapped"); }
static void udp_elsewhere(void) { udp_as("udp-connected-sendto"); }
static void udp_unspec(void) { udp_as("udp-unspec"); }
static void udp_sendmmsg(void) { udp_as("udp-sendmmsg"); }
static void udp_io_uring(void) { udp_as("io-uring-send"); }
static void udp_sqpoll(void) { udp_as("io-uring-send-sqpoll"); }
static void by_way_of_it(void) { udp_as("source-route"); }

static void udp_connect_first(void)
{
	struct place place = place_here();
	int fd = connect_to(SOCK_DGRAM, 0, &place);

	resolve_plainly();
	say_all(fd);
}

/* With options of the socket or the call, where @level is one. */
static void udp_with(int level, int option, int value, int flags)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0);

	resolve_plainly();
	if (level && setsockopt(fd, level, option, &value, sizeof(value)))
		quit("setsockopt");
	if (sendto(fd, words(), strlen(words()), flags, &place.any, place.size) < 0)
		quit("sendto");
	if (flags & MSG_MORE && sendto(fd, THE_END, strlen(THE_END), 0, &place.any, place.size) < 0)
		quit("sendto");
	finish(fd);
}

static void udp_more(void) { udp_with(0, 0, 0, MSG_MORE); }
static void udp_segments(void) { udp_with(IPPROTO_UDP, UDP_SEGMENT, 8, 0); }
static void udp_zerocopy(void) { udp_with(SOL_SOCKET, SO_ZEROCOPY, 1, MSG_ZEROCOPY); }

/* More than one packet can hold. */
static void udp_fragments(void)
{
	struct place place = place_here();
	int fd = connect_to(SOCK_DGRAM, 0, &place);
	char bytes[4000] = "";

	resolve_plainly();
	memcpy(bytes + sizeof(bytes) - strlen(THE_END), THE_END, strlen(THE_END));
	say(fd, bytes, sizeof(bytes));
	finish(fd);
}

static void send_on(int fd, const struct place *place)
{
	if (sendto(fd, words(), strlen(words()), 0, &place->any, place->size) < 0)
		quit("sendto");
	finish(fd);
}

/* For the denied address, by way of an innocent one (RFC 791, section 3.1): the header has that one. */
static void source_route_end(void)
{
	const uint8_t option[8] = { IPOPT_NOP, IPOPT_LSRR, 7, 4, 198, 18, 0, 1 };
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_DGRAM, 0);

	resolve_plainly();
	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof(option)))
		quit("IP_OPTIONS");
	send_on(fd, &place);
}

/* The same of IPv6 (RFC 8754). The kernel puts the address of the call into the first place. */
static void routing_header(void)
{
	struct {
		__u8 next, length, type, left, last, flags;
		__u16 tag;
		struct in6_addr segments[2];
	} route = { .length = 4, .type = IPV6_SRCRT_TYPE_4, .left = 1, .last = 1,
		    .segments = { {}, place6(INNOCENT, 0).six.sin6_addr } };
	struct place place = place6(number, PORT);
	int fd = socket_new(AF_INET6, SOCK_DGRAM, 0);

	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_AAAA);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &route, sizeof(route)))
		quit("IPV6_RTHDR");
	send_on(fd, &place);
}

/* ---------------------------------------------------------------- other protocols */

static void resolved_mptcp(void)
{
	struct place place = place4(number, PORT_MPTCP);

	resolve_plainly();
	say_all(connect_to(SOCK_STREAM, IPPROTO_MPTCP, &place));
}

static void resolved_sctp(void)
{
	struct place place = place_here();

	resolve_plainly();
	say_all(connect_to(SOCK_STREAM, IPPROTO_SCTP, &place));
}

static void resolved_fast_open(void)
{
	struct place place = place_here();
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	resolve_plainly();
	if (sendto(fd, words(), strlen(words()), MSG_FASTOPEN | MSG_NOSIGNAL, &place.any, place.size) < 0)
		quit("sendto");
	finish(fd);
}

static void resolved_other_port(void)
{
	resolve(place_of(RESOLVER4, PORT_DNS_OTHER), SOCK_DGRAM, denied_name(), ASK_A);
	talk(SOCK_STREAM, place_here());
}

static void resolved_doh(void)
{
	struct place place = place_of(RESOLVER4, PORT_DOH);
	uint8_t question[64] = "POST\1\2\1\0\0\1\0\0\0\0\0\0";
	int fd = connect_to(SOCK_STREAM, 0, &place), length;
	size_t size = 16;

	length = snprintf((char *)question + size + 1, 8, "n%u", number);
	question[size] = (uint8_t)length;
	size += 1 + (size_t)length;
	memcpy(question + size, "\6bypass\7example\0\0\1\0\1", 20);
	say(fd, question, size + 20);
	finish(fd);
	talk(SOCK_STREAM, place_here());
}

/* The agent reads it from a file. */
static void hosts_file(void) { talk(SOCK_STREAM, place_here()); }

static void before_hosts(void)
{
	struct place place = place_here();
	int fd = connect_to(SOCK_STREAM, 0, &place);

	wait_for_go();
	say_all(fd);
}

static void before_resolved(void)
{
	resolve_plainly();
	wait_for_go();
	talk(SOCK_STREAM, place_here());
}

static const char *http(void)
{
	static char text[256];

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: " DENIED_FORM "\r\n\r\n" THE_END, number);
	return text;
}

static void http_to(unsigned port)
{
	struct place place = place4(number, port);
	int fd = connect_to(SOCK_STREAM, 0, &place);

	say(fd, http(), strlen(http()));
	finish(fd);
}

static void http_alone(void)
{
	resolve_plainly();
	http_to(PORT_HTTP);
}

static void http_shared(void)
{
	resolve_shared();
	http_to(PORT_HTTP);
}

/* The first byte of what could be a QUIC packet with a long header; the rest is encrypted there. */
static void quic(void)
{
	struct place place = place4(number, PORT);
	int fd = connect_to(SOCK_DGRAM, 0, &place);
	char bytes[1200] = "\xc3";

	memcpy(bytes + sizeof(bytes) - strlen(THE_END), THE_END, strlen(THE_END));
	say(fd, bytes, sizeof(bytes));
	finish(fd);
}

static void quic_alone(void)
{
	resolve_plainly();
	quic();
}

static void quic_shared(void)
{
	resolve_shared();
	quic();
}

/* One side of such a connection speaks plainly first. */
static void starttls_shared(void)
{
	struct place place = place4(number, PORT);
	unsigned char bytes[4096];
	struct hello hello = { .name = denied_name() };
	size_t size = hello_build(&hello, bytes, sizeof(bytes));
	int fd;

	resolve_shared();
	fd = connect_to(SOCK_STREAM, 0, &place);
	say(fd, "EHLO client.example\r\nSTARTTLS\r\n", 31);
	say(fd, bytes, size);
	finish(fd);
}

const struct reach name_tricks[] = {
	{ "resolved", resolved },
	{ "resolved-v6", resolved_v6 },
	{ "resolved-over-v6", resolved_over_v6 },
	{ "resolved-tcp", resolved_tcp },
	{ "resolved-stub", resolved_stub },
	{ "resolved-case", resolved_case },
	{ "resolved-below", resolved_below },
	{ "resolved-alias", resolved_alias },
	{ "resolved-alias-order", resolved_alias_order },
	{ "resolved-chain", resolved_chain },
	{ "resolved-several", resolved_several },
	{ "resolved-big", resolved_big },
	{ "resolved-ttl-0", resolved_ttl_0 },
	{ "resolved-by-other", resolved_by_other },
	{ "resolved-udp", resolved_udp },
	{ "resolved-mptcp", resolved_mptcp },
	{ "resolved-sctp", resolved_sctp },
	{ "resolved-fast-open", resolved_fast_open },
	{ "resolved-other-port", resolved_other_port },
	{ "resolved-doh", resolved_doh },
	{ "hosts-file", hosts_file },
	{ "before-hosts", before_hosts },
	{ "before-resolved", before_resolved },
	{ "http", http_alone },
	{ "http-shared", http_shared },
	{ "quic", quic_alone },
	{ "quic-shared", quic_shared },
	{ "starttls-shared", starttls_shared },
	{ "resolved-udp-v6", udp_v6 },
	{ "resolved-udp-mapped", udp_mapped },
	{ "resolved-connected", udp_connect },
	{ "resolved-connected-v6", udp_connect_v6 },
	{ "resolved-connected-mapped", udp_connect_mapped },
	{ "resolved-connected-first", udp_connect_first },
	{ "resolved-udp-elsewhere", udp_elsewhere },
	{ "resolved-udp-unspec", udp_unspec },
	{ "resolved-udp-sendmmsg", udp_sendmmsg },
	{ "resolved-udp-io-uring", udp_io_uring },
	{ "resolved-udp-sqpoll", udp_sqpoll },
	{ "resolved-udp-more", udp_more },
	{ "resolved-udp-segments", udp_segments },
	{ "resolved-udp-zerocopy", udp_zerocopy },
	{ "resolved-udp-fragments", udp_fragments },
	{ "resolved-by-way-of", by_way_of_it },
	{ "resolved-source-route", source_route_end },
	{ "resolved-routing-header", routing_header },
	{ NULL, NULL },
};
