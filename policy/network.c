/* SPDX-License-Identifier: MIT */
/*
 * network.c - IPv4 and IPv6 networks with ports and protocol. IPv6 addresses that are IPv4 in disguise
 * (::ffff:0:0/96) become IPv4 here, because the hooks compare them as IPv4 wherever they appear.
 */
#include "network.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static int refuse(struct network_problem *out_problem,
							const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(out_problem->text, sizeof(out_problem->text), format,
			arguments); /* may be cut */
	va_end(arguments);
	return -EINVAL;
}

/* Decimal digits only, nothing before or behind them. */
static int parse_decimal(const char *text, size_t bytes, unsigned long *out_value)
{
	unsigned long value = 0;

	if (!bytes || bytes > 9)
		return -EINVAL;
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned long)(text[i] - '0');
	}
	*out_value = value;
	return 0;
}

static char *format_decimal(unsigned value, char *out)
{
	char digits[10];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + value % 10);
	while (value /= 10);
	while (count)
		*out++ = digits[--count];
	*out = '\0';
	return out;
}

/* A list of a million addresses is written and read here: by hand, a tenth of the time of inet_ntop(). */
static char *format_ipv4(__u32 address, char *out)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		out = format_decimal(address >> shift & 0xff, out);
		if (shift)
			*out++ = '.';
	}
	return out;
}

/* Return: the end of the text, which is at most INET6_ADDRSTRLEN with its zero. */
static char *format_address(const struct rule_network *network, char *out)
{
	__u64 halves[2] = {htobe64(network->a), htobe64(network->b)};

	if (network->family == 4)
		return format_ipv4((__u32)network->a, out);
	(void)inet_ntop(AF_INET6, halves, out, INET6_ADDRSTRLEN); /* long enough */
	return strchr(out, '\0');
}

/* Four decimal numbers without zeros before them, which some readers take for octal. */
static bool parse_ipv4(const char *text, __u32 *out)
{
	__u32 address = 0;

	for (unsigned part = 0; part < 4; part++) {
		const char *first = text;
		unsigned value = 0;

		while (*text >= '0' && *text <= '9' && text - first < 3)
			value = value * 10 + (unsigned)(*text++ - '0');
		if (text == first || value > 255 || (*first == '0' && text - first > 1))
			return false;
		if (*text++ != (part < 3 ? '.' : '\0'))
			return false;
		address = address << 8 | value;
	}
	*out = address;
	return true;
}

static int parse_address(const char *text, struct rule_network *out)
{
	__u64 halves[2];
	__u32 address;

	if (parse_ipv4(text, &address)) {
		*out = (struct rule_network){.family = 4, .bits = 32, .a = address};
		return 0;
	}
	if (inet_pton(AF_INET6, text, halves) == 1) {
		*out = (struct rule_network){
			.family = 6,
			.bits = 128,
			.a = be64toh(halves[0]),
			.b = be64toh(halves[1]),
		};
		return 0;
	}
	return -EINVAL;
}

/* RFC 4291 section 2.5.5.2. A shorter prefix than 96 is a real IPv6 network around them. */
static void unmap(struct rule_network *network)
{
	if (network->family != 6 || network->bits < 96 || network->a || network->b >> 32 != 0xffff)
		return;
	network->family = 4;
	network->bits -= 96;
	network->a = network->b & 0xffffffff;
	network->b = 0;
}

static __u64 high_bits(unsigned count, unsigned width)
{
	if (!count)
		return 0;
	if (count >= width)
		return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	return ((UINT64_C(1) << count) - 1) << (width - count);
}

static struct rule_network masked(const struct rule_network *network)
{
	struct rule_network out = *network;

	if (out.family == 4) {
		out.a &= high_bits(out.bits, 32);
	} else {
		out.a &= high_bits(out.bits, 64);
		out.b &= high_bits(out.bits > 64 ? out.bits - 64u : 0, 64);
	}
	return out;
}

int network_parse_cidr(const char *text, struct rule_network *out_network,
		       struct network_problem *out_problem)
{
	const char *slash = strchr(text, '/');
	size_t bytes = slash ? (size_t)(slash - text) : strlen(text);
	struct rule_network network, right;
	char address[INET6_ADDRSTRLEN];
	unsigned long bits;

	if (bytes >= sizeof(address))
		return refuse(out_problem,
			      "'%s' is no network; expected 192.0.2.0/24 or 2001:db8::/32",
			      quoted(text).text);
	memcpy(address, text, bytes);
	address[bytes] = '\0';
	if (parse_address(address, &network) < 0)
		return refuse(out_problem,
			      "'%s' is no network; expected 192.0.2.0/24 or 2001:db8::/32",
			      quoted(text).text);
	if (slash) {
		if (parse_decimal(slash + 1, strlen(slash + 1), &bits) < 0 || bits > network.bits)
			return refuse(
				out_problem,
				"'%s' in '%s' is no prefix length; expected a number from 1 to %u",
				quoted(slash).text, quoted(text).text, network.bits);
		network.bits = (__u8)bits;
	}

	unmap(&network);
	if (!network.bits)
		return refuse(
			out_problem,
			"'%s' is every address; refused, because it would cut the host off: name the networks",
			quoted(text).text);
	right = masked(&network);
	if (right.a != network.a || right.b != network.b) {
		(void)format_address(&right, address);
		return refuse(
			out_problem,
			"'%s' has host bits set; write the network '%s/%u', or the address alone",
			quoted(text).text, address, right.bits);
	}

	out_network->family = network.family;
	out_network->bits = network.bits;
	out_network->a = network.a;
	out_network->b = network.b;
	return 0;
}

int network_add_ports(const char *text, struct rule_network *network,
		      struct network_problem *out_problem)
{
	const char *dash = strchr(text, '-');
	unsigned long first, last;
	bool good;

	if (dash)
		good = !parse_decimal(text, (size_t)(dash - text), &first) &&
		       !parse_decimal(dash + 1, strlen(dash + 1), &last);
	else
		good = !parse_decimal(text, strlen(text), &first) && (last = first, true);
	if (!good || !first || first > USHRT_MAX || !last || last > USHRT_MAX)
		return refuse(
			out_problem,
			"'%s' is no port; expected a number from 1 to 65535, or a range as 8000-8100",
			quoted(text).text);
	if (first > last)
		return refuse(out_problem, "the port range '%s' is reversed; write %lu-%lu",
			      quoted(text).text, last, first);
	if (network->port_count == RULE_PORTS_MAX)
		return refuse(
			out_problem,
			"'%s' is one too many: a network can have %d ports or ranges; write a second entry",
			quoted(text).text, RULE_PORTS_MAX);

	network->port_first[network->port_count] = (__u16)first;
	network->port_last[network->port_count] = (__u16)last;
	network->port_count++;
	return 0;
}

void network_sort_ports(struct rule_network *network)
{
	__u16 *first = network->port_first, *last = network->port_last;
	unsigned kept = 0;

	for (unsigned i = 1; i < network->port_count; i++) {
		for (unsigned j = i; j > 0 && first[j] < first[j - 1]; j--) {
			__u16 swap_first = first[j], swap_last = last[j];

			first[j] = first[j - 1];
			last[j] = last[j - 1];
			first[j - 1] = swap_first;
			last[j - 1] = swap_last;
		}
	}
	for (unsigned i = 0; i < network->port_count; i++) {
		if (kept && first[i] <= last[kept - 1] + 1u) {
			if (last[i] > last[kept - 1])
				last[kept - 1] = last[i];
			continue;
		}
		first[kept] = first[i];
		last[kept] = last[i];
		kept++;
	}
	for (unsigned i = kept; i < network->port_count; i++)
		first[i] = last[i] = 0;
	network->port_count = (__u8)kept;
}

static const struct {
	const char *word;
	enum protocol protocol;
} protocols[] = {
	{"any", PROTOCOL_ANY},
	{"tcp", PROTOCOL_TCP},
	{"udp", PROTOCOL_UDP},
	{"sctp", PROTOCOL_SCTP},
};

int network_parse_protocol(const char *text)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		if (!strcmp(protocols[i].word, text))
			return protocols[i].protocol;
	}
	return -EINVAL;
}

char *network_format(const struct rule_network *network, char *out)
{
	out = format_address(network, out);
	*out++ = '/';
	out = format_decimal(network->bits, out);
	for (size_t i = 1; i < sizeof(protocols) / sizeof(*protocols); i++) {
		if (protocols[i].protocol == network->protocol) {
			*out++ = ' ';
			out = stpcpy(out, protocols[i].word);
		}
	}
	for (unsigned i = 0; i < network->port_count; i++) {
		*out++ = i ? ',' : ' ';
		out = format_decimal(network->port_first[i], out);
		if (network->port_last[i] != network->port_first[i]) {
			*out++ = '-';
			out = format_decimal(network->port_last[i], out);
		}
	}
	return out;
}

/* The next word of a text that words and blanks make; *text moves behind it. */
static const char *next_word(const char **text, char *out, size_t bytes)
{
	size_t length;

	*text += strspn(*text, " \t");
	length = strcspn(*text, " \t");
	if (length >= bytes)
		length = bytes - 1;
	memcpy(out, *text, length);
	out[length] = '\0';
	*text += strcspn(*text, " \t");
	return length ? out : NULL;
}

static int parse_ports(const char *text, struct rule_network *network,
		       struct network_problem *out_problem)
{
	char one[32];

	for (;; text++) {
		size_t length = strcspn(text, ",");

		if (length >= sizeof(one))
			length = sizeof(one) - 1;
		memcpy(one, text, length);
		one[length] = '\0';
		if (network_add_ports(one, network, out_problem) < 0)
			return -EINVAL;
		text += strcspn(text, ",");
		if (!*text)
			break;
	}
	network_sort_ports(network);
	return 0;
}

int network_parse_text(const char *text, struct rule_network *network,
		       struct network_problem *out_problem)
{
	char word[RULE_PORTS_MAX * 16];
	const char *rest = text, *next;
	int protocol;

	if (!text[strcspn(text, " \t")])
		next = text; /* nearly always */
	else
		next = next_word(&rest, word, sizeof(word));
	network->port_count = 0;
	network->protocol = PROTOCOL_ANY;
	if (network_parse_cidr(next ? next : "", network, out_problem) < 0)
		return -EINVAL;
	if (next == text)
		return 0;

	next = next_word(&rest, word, sizeof(word));
	protocol = next ? network_parse_protocol(next) : PROTOCOL_ANY;
	if (protocol >= 0) {
		network->protocol = (__u8)protocol;
		next = next ? next_word(&rest, word, sizeof(word)) : NULL;
	} else if (*next < '0' || *next > '9') {
		return refuse(
			out_problem,
			"unknown protocol '%s'; expected tcp, udp, sctp or any, and then ports, as 203.0.113.0/24 tcp 443,8000-8100",
			quoted(next).text);
	}
	if (next && parse_ports(next, network, out_problem) < 0)
		return -EINVAL;
	if (rest[strspn(rest, " \t")])
		return refuse(
			out_problem,
			"'%s' is more than a network; expected one on each line, as 203.0.113.0/24 tcp 443,8000-8100",
			quoted(text).text);
	return 0;
}
