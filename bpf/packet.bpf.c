// SPDX-License-Identifier: GPL-2.0
/* packet.bpf.c - see packet.h; global functions, so that the verifier follows each once and not wherever it is called. */
#include "packet.h"
#include <bpf/bpf_endian.h>

enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_DESTINATION = 60 };	/* RFC 8200, section 4 */
#define IP6_EXTENSIONS_MAX 8	/* in the order of section 4.1 there each comes at most twice */

static __always_inline bool is_extension(__u8 protocol)
{
	return protocol == NEXT_HOP || protocol == NEXT_ROUTING || protocol == NEXT_DESTINATION;
}

/* From one extension header of IPv6 to what is behind it. Both are as packet_transport() returns them. */
__noinline __u64 extension_step(struct __sk_buff *packet, __u64 here)
{
	__u8 extension[2];
	__u32 at = here;

	if (bpf_skb_load_bytes(packet, at, extension, sizeof(extension)))
		return 0;
	return (__u64)extension[0] << 32 | (at + (extension[1] + 1) * 8);
}

/* Of IPv6: the routing header if one comes, or what is behind all extensions. As packet_transport(). */
__noinline __u64 extension_walk(struct __sk_buff *packet, __u32 to_routing)
{
	__u64 here;
	__u8 next;

	if (bpf_skb_load_bytes(packet, 6, &next, 1))
		return 0;
	here = (__u64)next << 32 | 40;
#pragma clang loop unroll(disable)
	for (int i = 0; i < IP6_EXTENSIONS_MAX && is_extension(here >> 32); i++) {
		if (to_routing && here >> 32 == NEXT_ROUTING)
			return here;
		here = extension_step(packet, here);
	}
	return is_extension(here >> 32) ? 0 : here;
}

__noinline __u64 packet_transport(struct __sk_buff *packet)
{
	__u8 first, protocol;

	if (bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	if (first >> 4 != 4)
		return extension_walk(packet, 0);
	return bpf_skb_load_bytes(packet, 9, &protocol, 1) ? 0 : (__u64)protocol << 32 | (first & 15) * 4;
}

/* RFC 791, section 3.1 */
enum { OPTION_END = 0, OPTION_NOTHING = 1, OPTION_LOOSE_ROUTE = 131, OPTION_STRICT_ROUTE = 137 };
#define IP4_HEADER_MAX 60
#define OPTION_FOUND   (1u << 16)

/* Behind the option at @at; 0: that was the last one. OPTION_FOUND: it is a source route, and the last address is there. */
__noinline __u32 option_step(struct __sk_buff *packet, __u32 at)
{
	__u8 option[2];	/* with its length */

	if (bpf_skb_load_bytes(packet, at, option, sizeof(option)) || option[0] == OPTION_END)
		return 0;
	if (option[0] == OPTION_NOTHING)
		return at + 1;
	if (option[0] == OPTION_LOOSE_ROUTE || option[0] == OPTION_STRICT_ROUTE)
		return OPTION_FOUND | (at + option[1] - 4);
	return option[1] < 2 ? 0 : at + option[1];
}

static __always_inline __u32 option_route(struct __sk_buff *packet, __u32 end)
{
	__u32 at = 20;

#pragma clang loop unroll(disable)
	for (int i = 0; i < IP4_HEADER_MAX - 20 && at && at < end; i++)
		at = option_step(packet, at);
	return at & OPTION_FOUND ? at & (OPTION_FOUND - 1) : 0;
}

/*
 * The kernel puts the address that the program gave behind the others, and the first of the way into the header (ip_options_build(),
 * net/ipv4/ip_options.c; ipv6_push_rthdr(), net/ipv6/exthdrs.c, v5.10 to v7.2). In the routing headers that it sends, it is the
 * first of the list: type 2 (RFC 6275, section 6.4) and type 4 (RFC 8754, section 2).
 */
__noinline __u32 packet_final(struct __sk_buff *packet)
{
	__u64 routing;
	__u8 first;

	if (bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	if (first >> 4 == 4)
		return option_route(packet, (first & 15) * 4);
	routing = extension_walk(packet, 1);
	return routing >> 32 == NEXT_ROUTING ? (__u32)routing + 8 : 0;
}

__noinline __u64 packet_segment(struct __sk_buff *packet)
{
	__u64 transport = packet_transport(packet);
	__u8 header[14];
	__u32 sequence;

	if (transport >> 32 != PROTOCOL_TCP || bpf_skb_load_bytes(packet, transport, header, sizeof(header)))
		return 0;
	__builtin_memcpy(&sequence, header + 4, sizeof(sequence));
	return (__u64)header[13] << 48 | (__u64)((__u32)transport + (header[12] >> 4) * 4) << 32 | bpf_ntohl(sequence);
}
