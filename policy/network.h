/* SPDX-License-Identifier: MIT */
/*
 * network.h - networks, ports and protocols as people write them, to struct rule_network and back to
 * the canonical text that rule ids are made of.
 */
#ifndef EMBARGO_NETWORK_H
#define EMBARGO_NETWORK_H

#include "rules.h"

#define NETWORK_TEXT_BYTES 512 /* enough for every canonical text: 32 port ranges of 12 bytes */

/* Why a text is refused: one sentence that quotes it and says what to write. */
struct network_problem {
	char text[320];
};

/**
 * network_parse_cidr() - an address or a network, "192.0.2.0/24", "2001:db8::1"
 * @text:        borrowed
 * @out_network: family, bits and address are filled in; v4-mapped IPv6 becomes IPv4; untouched on failure
 * @out_problem: filled on failure
 *
 * Return: 0 or -EINVAL (no address, bad length, host bits set, length 0).
 */
int network_parse_cidr(const char *text, struct rule_network *out_network,
		       struct network_problem *out_problem);

/**
 * network_add_ports() - one more port, "443", or range, "8000-8100"; both ends belong to it
 * @text:        borrowed
 * @network:     gets the range; its lists have room for RULE_PORTS_MAX; untouched on failure
 * @out_problem: filled on failure
 *
 * Return: 0 or -EINVAL (no port, 0, above 65535, reversed, more than RULE_PORTS_MAX).
 */
int network_add_ports(const char *text, struct rule_network *network,
		      struct network_problem *out_problem);

/** network_sort_ports() - ascending, with ranges that touch made one: the same set, the same text */
void network_sort_ports(struct rule_network *network);

/**
 * network_parse_protocol() - tcp, udp, sctp or any
 * Return: enum protocol, or -EINVAL.
 */
int network_parse_protocol(const char *text);

/**
 * network_parse_text() - a network in one line, "203.0.113.0/24 tcp 443,8000-8100", as network_format() writes it
 * @text:        borrowed; protocol and ports may be left out
 * @network:     filled in; its lists have room for RULE_PORTS_MAX; undefined on failure
 * @out_problem: filled on failure
 *
 * Return: 0 or -EINVAL.
 */
int network_parse_text(const char *text, struct rule_network *network,
		       struct network_problem *out_problem);

/**
 * network_format() - the canonical text, "203.0.113.0/24 tcp 443,8000-8100"
 * @network: borrowed; ports sorted
 * @out:     at least NETWORK_TEXT_BYTES
 *
 * Return: the end of the text, where its zero is.
 */
char *network_format(const struct rule_network *network, char *out);

#endif
