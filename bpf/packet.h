/* SPDX-License-Identifier: GPL-2.0 */
/* packet.h - the headers of a packet as programs at the egress of a cgroup see it: it begins with the one of IP. */
#ifndef EMBARGO_PACKET_H
#define EMBARGO_PACKET_H

#include "maps.h"

/**
 * packet_transport() - the header behind those of IP
 *
 * Return: where it is, with its protocol << 32; 0: it could not be read.
 */
extern __u64 packet_transport(struct __sk_buff *packet);

/**
 * packet_final() - where a packet goes in the end that is sent by way of others
 *
 * Return: where in the packet that address is; 0: there is no source route.
 */
extern __u32 packet_final(struct __sk_buff *packet);

/**
 * packet_segment() - what segment_read() takes apart
 *
 * Return: the sequence number, where the payload begins << 32, the flags of TCP << 48; 0: it is not TCP, or not to be read.
 */
extern __u64 packet_segment(struct __sk_buff *packet);

/* What of a packet is TCP. */
struct segment {
	__u32 sequence;		/* of the first byte of payload, or of the SYN */
	__u32 at;		/* where the payload is in the packet */
	__u32 bytes;		/* of payload */
	__u8 syn, fin;
	__u8 urgent;		/* some byte of it is out of band: who reads may never see it */
};

/* False: it is wrapped in something (IPsec), or cannot be read. */
static __always_inline bool segment_read(struct __sk_buff *packet, struct segment *out)
{
	__u64 read = packet_segment(packet);
	__u8 flags = read >> 48;

	out->sequence = read;
	out->at = read >> 32 & 0xffff;
	out->bytes = packet->len > out->at ? packet->len - out->at : 0;
	out->fin = flags & 1;
	out->syn = flags >> 1 & 1;
	out->urgent = flags >> 5 & 1;
	return out->at;
}

#endif
