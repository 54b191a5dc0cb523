/* SPDX-License-Identifier: MIT */
/*
 * fuzz_control.c - any line on the control socket gets an answer: an object with "ok" that can be sent.
 */
#include "../../agent/clean.h"
#include "../../agent/control.h"

#include <stdint.h>
#include <string.h>

static json_t *on_echo(void *context, const json_t *request, const struct control_peer *peer)
{
	return json_pack("{s:b, s:O}", "ok", 1, "request", request);
}

static const struct control_request table[] = {
	{"status", false, on_echo},
	{"apply", true, on_echo},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct control_peer peers[] = {
		{.reads = true, .changes = true}, {.reads = true}, {0}};

	if (size > CONTROL_REQUEST_BYTES || memchr(data, '\n', size))
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
		AUTO_JSON json_t *answer = control_answer(table, ARRAY_LENGTH(table), NULL,
							  &peers[i], (const char *)data, size);
		AUTO_FREE char *text = json_dumps(answer, JSON_COMPACT);

		if (!json_is_boolean(json_object_get(answer, "ok")) || !text || strchr(text, '\n'))
			__builtin_trap();
	}
	return 0;
}
