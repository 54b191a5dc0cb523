/* SPDX-License-Identifier: MIT */
/*
 * fuzz_generation.c - generation_decode() on any bytes. The checksum would keep the fuzzer out, so the
 * last 32 bytes are replaced by the right one; what is then accepted must survive use.
 */
#include "../../policy/generation.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct generation *gen = NULL;
	uint8_t *copy = malloc(size + 1);
	FILE *out;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (size >= 32) {
		size_t body = size - 32;

		crypto_generichash(copy + body, 32, copy, body, NULL, 0);
	}
	if (!generation_decode(copy, size, &gen)) {
		out = fopen("/dev/null", "w");
		if (out) {
			generation_dump(gen, out);
			fclose(out);
		}
		for (size_t i = 0; i < gen->entry_count; i++)
			if (generation_find(gen, &gen->keys[i]) != &gen->values[i])
				abort();
		generation_free(gen);
	}
	free(copy);
	return 0;
}
