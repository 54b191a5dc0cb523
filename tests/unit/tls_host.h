/* SPDX-License-Identifier: MIT */
/* tls_host.h - the parser of bpf/tls.h over bytes in memory, given to it in pieces as a socket would send them. */
#ifndef EMBARGO_TESTS_TLS_HOST_H
#define EMBARGO_TESTS_TLS_HOST_H

#include <stddef.h>
#include <stdint.h>

struct tls_packet {
	const uint8_t *data;
	size_t bytes;
};

static inline int tls_host_byte(const void *source, uint32_t offset, uint8_t *out)
{
	const struct tls_packet *packet = source;

	if (offset >= packet->bytes)
		return -1;
	*out = packet->data[offset];
	return 0;
}

#define TLS_BYTE(source, offset, out) tls_host_byte(source, offset, out)
#include "../../bpf/tls.h"

/**
 * tls_host_packet() - one packet
 * @start: its place in the stream
 * @steps: the most that is done; what a packet may cost in the kernel is TLS_STEPS_MAX
 *
 * The bytes are before @data[0] or behind the packet's last one for nobody. Return: enum tls_answer.
 */
static inline int tls_host_packet(struct tls_parse *parse, const uint8_t *data, size_t bytes, uint32_t start, unsigned steps)
{
	struct tls_packet packet = {.data = data, .bytes = bytes};
	int answer = TLS_GOES_ON;

	for (unsigned i = 0; i < steps && answer == TLS_GOES_ON; i++)
		answer = tls_step(parse, &packet, 0u - start, start + (uint32_t)bytes);
	return answer;
}

#endif
