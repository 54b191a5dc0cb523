/* SPDX-License-Identifier: MIT */
/*
 * fuzz_generation.c - generation_decode() on any bytes. The checksum would keep the fuzzer out, so the
 * last 32 bytes are replaced by the right one; what is then accepted must survive use.
 */
#include "../../policy/match.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a file claims, asking it ends and stays inside of it. */
static void ask(const struct generation *gen)
{
	static const char *const paths[] = {"/opt/example/bin/keep", "/sbin/tool", "/",
					    "/a/b/c/d/e/f"};
	static const char digest[] =
		"sha256:112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00";
	const struct match_subject subject = {.cgroup = "/system.slice/x.service", .now_s = 1};
	struct match_index *index = NULL;

	if (match_index_new(gen, &index))
		return;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct match match = match_path(gen, paths[i]);

		(void)match_decide(gen, &match, &subject); /* only that it comes back */
	}
	(void)match_address(gen, 4, 0xc0000207, 0, 6, 443);
	(void)match_address(gen, 6, 0x20010db8ull << 32, 1, 17, 53);
	(void)match_module(gen, "example_kmod");
	(void)match_digest(gen, digest);
	(void)match_domain(gen, "a.cloud.example.com");
	(void)match_internal(gen, 4, 0x0a010203, 0);
	(void)match_interpreter(gen, "/usr/bin/python3.11");
	for (unsigned matcher = 0; matcher <= MATCHER_MAX; matcher++)
		(void)match_text(index, matcher, "a.example.com");
	match_index_free(index);
}

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
		ask(gen);
		generation_free(gen);
	}
	free(copy);
	return 0;
}
