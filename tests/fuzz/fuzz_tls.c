/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tls.c - any bytes as the beginning of a TLS connection. What comes out must not depend on how the bytes were
 * cut into packets, and a name must be one.
 */
#include "../unit/tls_host.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More than any input has; then an end that does not come is a hang, which the fuzzer reports. */
#define STEPS 10000000

static int in_packets(const uint8_t *data, size_t size, size_t each, struct tls_parse *parse)
{
	int answer = TLS_MORE;

	tls_begin(parse);
	for (size_t at = 0; at < size && answer == TLS_MORE; at += each) {
		size_t bytes = size - at < each ? size - at : each;
		uint8_t *packet = malloc(bytes);	/* so that a byte outside is seen */

		if (!packet)
			abort();
		memcpy(packet, data + at, bytes);
		answer = tls_host_packet(parse, packet, bytes, (uint32_t)at, STEPS);
		free(packet);
	}
	return answer;
}

static void check_name(const struct domain_text *name)
{
	if (!name->bytes || name->bytes > DOMAIN_BYTES)
		abort();
	for (size_t i = 0; i < sizeof(name->text); i++) {
		if (i >= name->bytes ? name->text[i] != 0 : name->text[i] >= 'A' && name->text[i] <= 'Z')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_parse whole, cut;
	size_t each = size ? 1 + data[size - 1] % 64 : 1;
	int answer = in_packets(data, size, size ? size : 1, &whole);

	if (answer == TLS_GOES_ON || in_packets(data, size, each, &cut) != answer)
		abort();
	if (answer != TLS_NAMED)
		return 0;
	check_name(&whole.name);
	if (memcmp(&whole.name, &cut.name, sizeof(cut.name)))
		abort();
	return 0;
}
