/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c - any record that passes the kernel side's check (kernel.h) becomes a line that can be
 * read back, and any bytes can be shown to the chain's check.
 */
#include "../../agent/chain.h"
#include "../../agent/clean.h"
#include "../../agent/record.h"

#include <stdint.h>
#include <string.h>

static const struct generation_rule rule = {
	.id = "v/p/path/00000000",
	.vendor = "v",
	.vendor_name = "V",
	.product = "p",
	.value = "/x",
	.reason = "",
	.file = "f",
};
static const struct generation generation = {
	.number = 1,
	.policy = "fuzz",
	.revision = 1,
	.rule_count = 1,
	.rules = &rule,
};

static void check_record(const uint8_t *data, size_t size)
{
	const struct record_context context = {.generations = {&generation}, .host_name = "host"};
	AUTO_FREE struct event *event = NULL;
	AUTO_JSON json_t *object = NULL, *again = NULL;
	AUTO_FREE char *text = NULL;
	size_t room = sizeof(*event) + EVENT_PATH_MAX + DOMAIN_BYTES;

	/* A short input is a record whose rest is zero: the interesting members are reached at once. */
	event = calloc(1, room);
	if (!event)
		return;
	memcpy(event, data, size < room ? size : room);
	event->path_bytes %= EVENT_PATH_MAX + 1;
	event->name_bytes %= DOMAIN_BYTES + 1;
	object = record_event(&context, event, NULL);
	if (!object)
		return; /* an unknown kind */
	text = json_dumps(object, JSON_COMPACT);
	again = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!again || strchr(text, '\n') || strlen(text) > EVENT_LINE_BYTES - 4096)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chain chain;

	check_record(data, size);
	chain_init(&chain);
	(void)chain_check(&chain, true, (const char *)data, size);
	(void)chain_check(&chain, false, (const char *)data, size);
	return 0;
}
