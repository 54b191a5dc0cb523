/* SPDX-License-Identifier: MIT */
/*
 * bench_compile.c - how long a million mixed rules take to compile, and how much memory beside the list
 * itself. Half are paths (exact and subtrees, a few with stars), half networks of both families. Exits
 * with 1 when the design's limits are exceeded.
 */
#include "../../policy/policy.h"
#include "../../policy/rules.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SECONDS_MAX   2.0
#define MEBIBYTES_MAX 500
#define TEXT_BYTES    64

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static unsigned random32(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 32;
}

static void make_path(struct rule *rule, char *text, size_t i, __u64 *seed)
{
	unsigned a = random32(seed) % 1000, b = random32(seed) % 1000;

	if (i % 10000 == 0)
		snprintf(text, TEXT_BYTES, "/opt/vendor-%u/lib-%zu*.so", a, i);
	else if (i % 5000 == 0)
		snprintf(text, TEXT_BYTES, "**/scanner-%zu", i);
	else if (i % 4 == 0)
		snprintf(text, TEXT_BYTES, "/opt/vendor-%u/product-%zu/**", a, i);
	else
		snprintf(text, TEXT_BYTES, "/usr/lib/vendor-%u/part-%u/program-%zu", a, b, i);
	rule->matcher = MATCHER_PATH;
}

static void make_network(struct rule *rule, char *text, size_t i, __u64 *seed)
{
	static const __u8 bits4[] = {32, 32, 32, 24, 28, 16}, bits6[] = {128, 64, 48};
	struct rule_network *network = &rule->network;

	network->family = i % 4 ? 4 : 6;
	network->bits = network->family == 4 ? bits4[i % 6] : bits6[i % 3];
	network->a = random32(seed);
	if (network->family == 4) {
		network->a = network->a >> (32 - network->bits) << (32 - network->bits);
	} else {
		network->a |= 0x2001ull << 48;
		network->a = network->bits == 48 ? network->a >> 16 << 16 : network->a;
		network->b = network->bits == 128 ? random32(seed) : 0;
	}
	network->port_count = i % 3 == 0;
	network->port_first[0] = network->port_last[0] = 443;
	network->protocol = i % 3 ? PROTOCOL_ANY : PROTOCOL_TCP;
	snprintf(text, TEXT_BYTES, "%u:%llx:%llx/%u#%u", network->family, network->a, network->b,
		 network->bits, network->port_count);
	rule->matcher = MATCHER_NETWORK;
}

static struct rule *make_rules(size_t count, char *texts)
{
	static const char *const vendors[] = {"acme", "bolt", "crux", "dyne"};
	struct rule *list = calloc(count, sizeof(*list));
	__u64 seed = 1;

	for (size_t i = 0; list && i < count; i++) {
		char *text = texts + i * TEXT_BYTES;

		list[i] = (struct rule){.vendor = vendors[i / 2 % 4],
					.vendor_name = "Some Vendor",
					.product = "sensor",
					.value = text,
					.reason = "",
					.place = {"catalog.yaml", i + 1, 1},
					.action = ACTION_DENY,
					.target = MODE_ENFORCE};
		if (i % 2)
			make_network(&list[i], text, i / 2, &seed);
		else
			make_path(&list[i], text, i / 2, &seed);
	}
	return list;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	char *texts = calloc(count, TEXT_BYTES);
	struct rules rules = {.policy = "bench",
			      .revision = 1,
			      .mode = MODE_ENFORCE,
			      .list = texts ? make_rules(count, texts) : NULL,
			      .count = count};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;
	long before = peak_kib(), after;
	double start, took;
	int err;

	if (!rules.list)
		return 1;
	start = seconds();
	err = rules_compile(&rules, &diags, &gen);
	took = seconds() - start;
	after = peak_kib();
	if (err) {
		fprintf(stderr, "error %d: %s\n", err, diags.count ? diags.list[0].message : "");
		return 1;
	}
	printf("%zu rules (%zu in the list): %.2f s, %ld MiB beside the list's %ld MiB, %zu entries, "
	       "%zu warnings\n",
	       gen->rule_count, count, took, (after - before) / 1024, before / 1024,
	       gen->entry_count, diags.warnings);
	generation_free(gen);
	diagnostics_done(&diags);
	free(rules.list);
	free(texts);
	return took > SECONDS_MAX || (after - before) / 1024 > MEBIBYTES_MAX;
}
