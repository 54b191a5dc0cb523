/* SPDX-License-Identifier: MIT */
/*
 * bench_compile.c - how long a million mixed rules take to compile, and how much memory, the list itself
 * included. Half are paths (exact and subtrees, a few with stars), half networks of both families and domains. Exits
 * with 1 when the design's limits are exceeded.
 */
#include "../../policy/memory.h"
#include "../../policy/policy.h"
#include "make_rules.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SECONDS_MAX   2.0
#define MEBIBYTES_MAX 500

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

static int compile(size_t count)
{
	char *texts = calloc(count, RULE_TEXT_BYTES);
	struct rules rules = {.policy = "bench",
			      .revision = 1,
			      .mode = MODE_ENFORCE,
			      .list = texts ? make_rules(count, texts, true) : NULL,
			      .count = count};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;
	long list = peak_kib(), peak;
	double start, took;
	int err;

	if (!rules.list)
		return 1;
	start = seconds();
	err = rules_compile(&rules, &diags, &gen);
	took = seconds() - start;
	peak = peak_kib();
	if (err) {
		fprintf(stderr, "error %d: %s\n", err, diags.count ? diags.list[0].message : "");
		return 1;
	}
	printf("%zu rules (%zu in the list): %.2f s, %ld MiB at most, %ld of them the list, %zu entries, "
	       "%zu warnings\n",
	       gen->rule_count, count, took, peak / 1024, list / 1024, gen->entry_count,
	       diags.warnings);
	generation_free(gen);
	diagnostics_done(&diags);
	free(rules.list);
	free(texts);
	return took > SECONDS_MAX || peak / 1024 > MEBIBYTES_MAX;
}

int main(int argc, char **argv)
{
	memory_give_back(); /* as the agent and the command */
	return compile(argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000);
}
