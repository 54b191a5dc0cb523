/* SPDX-License-Identifier: GPL-2.0 */
/* destination.h - where to, as functions of scalars pass it on: struct address of decide.h in "a" and "b", all else in one word. */
#ifndef EMBARGO_DESTINATION_H
#define EMBARGO_DESTINATION_H

#include "maps.h"
#include <bpf/bpf_endian.h>

/* The rest of an address in one scalar. */
#define REST(family, protocol, port, flags)                                                        \
	((__u64)(family) | (__u64)(protocol) << 8 | (__u64)(port) << 16 | (__u64)(flags) << 32)
enum { REST_DATAGRAM = 1, REST_MAPPED = 2 };

static __always_inline void destination_fill(struct event_destination *out, __u64 a, __u64 b, __u64 rest)
{
	__builtin_memset(out, 0, sizeof(*out));
	if ((rest & 0xff) == 4) {
		*(__u32 *)out->address = bpf_htonl((__u32)a);
	} else {
		*(__u64 *)out->address = bpf_cpu_to_be64(a);
		*(__u64 *)(out->address + 8) = bpf_cpu_to_be64(b);
	}
	out->family = rest & 0xff;
	out->protocol = rest >> 8 & 0xff;
	out->port = rest >> 16 & 0xffff;
	out->datagram = !!(rest >> 32 & REST_DATAGRAM);
	out->mapped = !!(rest >> 32 & REST_MAPPED);
}

#endif
