/* SPDX-License-Identifier: MIT */
/*
 * make_rules.c - of 32 rules one is a digest and one a package or a kernel module; of the others half are paths (exact
 * and subtrees, a few with stars), half networks of both families and, if they are wanted, domains. See make_rules.h.
 */
#include "make_rules.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned random32(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 32;
}

static void make_path(struct rule *rule, char *text, size_t i, __u64 *seed)
{
	unsigned a = random32(seed) % 1000, b = random32(seed) % 1000;

	if (i % 10000 == 0)
		snprintf(text, RULE_TEXT_BYTES, "/opt/vendor-%u/lib-%zu*.so", a, i);
	else if (i % 5000 == 0)
		snprintf(text, RULE_TEXT_BYTES, "**/scanner-%zu", i);
	else if (i % 4 == 0)
		snprintf(text, RULE_TEXT_BYTES, "/opt/vendor-%u/product-%zu/**", a, i);
	else
		snprintf(text, RULE_TEXT_BYTES, "/usr/lib/vendor-%u/part-%u/program-%zu", a, b, i);
	rule->matcher = MATCHER_PATH;
}

static void make_network(struct rule *rule, char *text, size_t i, __u64 *seed)
{
	static const __u8 bits4[] = {32, 32, 32, 24, 28, 16}, bits6[] = {128, 64, 48};
	static __u16 https[] = {443};
	struct rule_network *network = &rule->network;

	network->family = i % 4 ? 4 : 6;
	network->bits = network->family == 4 ? bits4[i % 6] : bits6[i % 3];
	network->a = random32(seed);
	if (network->family == 4) {
		if (network->a >> 24 == 127) /* the bench itself connects there */
			network->a ^= 1u << 31;
		network->a = network->a >> (32 - network->bits) << (32 - network->bits);
	} else {
		network->a |= 0x2001ull << 48;
		network->a = network->bits == 48 ? network->a >> 16 << 16 : network->a;
		network->b = network->bits == 128 ? random32(seed) : 0;
	}
	network->port_count = i % 3 == 0;
	network->port_first = network->port_last = https;
	network->protocol = i % 3 ? PROTOCOL_ANY : PROTOCOL_TCP;
	snprintf(text, RULE_TEXT_BYTES, "%u:%llx:%llx/%u#%u", network->family, network->a,
		 network->b, network->bits, network->port_count);
	rule->matcher = MATCHER_NETWORK;
}

static void make_domain(struct rule *rule, char *text, size_t i, __u64 *seed)
{
	snprintf(text, RULE_TEXT_BYTES, "%sservice-%zu.part-%u.vendor-%u.example",
		 i % 3 ? "" : "*.", i, random32(seed) % 100, random32(seed) % 1000);
	rule->matcher = MATCHER_DOMAIN;
}

static void make_digest(struct rule *rule, char *text, size_t i, __u64 *seed)
{
	char *at = text + sprintf(text, "sha256:");

	for (unsigned word = 0; word < 7; word++)
		at += sprintf(at, "%08x", random32(seed));
	sprintf(at, "%08zx", i);
	rule->size = 4096 + i;
	rule->matcher = MATCHER_DIGEST;
}

static void make_name(struct rule *rule, char *text, size_t i)
{
	bool module = i % 1024 == 1;

	snprintf(text, RULE_TEXT_BYTES, module ? "vendor_%zu" : "vendor-%zu%s", i,
		 i % 3 ? "" : "-*");
	rule->matcher = module ? MATCHER_MODULE : MATCHER_PACKAGE;
}

struct rule *make_rules(size_t count, char *texts, bool domains)
{
	static const char *const vendors[] = {"acme", "bolt", "crux", "dyne"};
	struct rule *list = calloc(count, sizeof(*list));
	__u64 seed = 1;

	for (size_t i = 0; list && i < count; i++) {
		char *text = texts + i * RULE_TEXT_BYTES;

		list[i] = (struct rule){.vendor = vendors[i / 2 % 4],
					.vendor_name = "Some Vendor",
					.product = "sensor",
					.value = text,
					.reason = "",
					.place = {"catalog.yaml", i + 1, 1},
					.action = ACTION_DENY,
					.target = MODE_ENFORCE};
		if (i % 32 == 16)
			make_digest(&list[i], text, i, &seed);
		else if (i % 32 == 17)
			make_name(&list[i], text, i);
		else if (domains && i % 8 == 3)
			make_domain(&list[i], text, i / 2, &seed);
		else if (i % 2)
			make_network(&list[i], text, i / 2, &seed);
		else
			make_path(&list[i], text, i / 2, &seed);
	}
	return list;
}
