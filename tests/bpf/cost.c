/* SPDX-License-Identifier: MIT */
/*
 * cost.c - how many instructions the verifier follows for each program, as it says itself, against the table
 * of ceilings. It gives up at a million, and on a kernel that we have not tried it follows more.
 */
#include "one.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define NAME_BYTES 32

/*
 * "processed 14200 insns"; kernels from 7.0 on print a term for each function, "processed 79+1586 insns".
 * Returns 0 when there is no such line.
 */
static unsigned long processed(const char *log)
{
	const char *at = strstr(log, "processed ");
	unsigned long sum = 0;
	char *end;

	if (!at)
		return 0;
	at += strlen("processed ");
	for (;;) {
		sum += strtoul(at, &end, 10);
		if (end == at || *end != '+')
			return sum;
		at = end + 1;
	}
}

/* The ceiling of a program on this kernel; the line of the release wins over "any". 0: none recorded. */
static unsigned long ceiling(FILE *table, const char *program, const char *release)
{
	char line[256], name[NAME_BYTES], kernel[NAME_BYTES];
	unsigned long limit, best = 0;

	rewind(table);
	while (fgets(line, sizeof(line), table)) {
		if (line[0] == '#' || sscanf(line, "%31s %31s %lu", name, kernel, &limit) != 3 ||
		    strcmp(name, program))
			continue;
		if (!strcmp(kernel, release))
			return limit;
		if (!strcmp(kernel, "any"))
			best = limit;
	}
	return best;
}

static void check(const struct program_row *row, FILE *table, const char *release)
{
	struct one *one = NULL;
	int err = one_load(row, false, &one);
	unsigned long cost, limit;

	if (err && one_reason(row, err)) {
		tap_skip(one_reason(row, err), "verifier cost of %s", row->name);
		return;
	}
	if (err) {
		tap_result(false, "verifier cost of %s\nit is not loaded: %s", row->name,
			   strerror(-err));
		return;
	}
	cost = processed(one->log);
	limit = ceiling(table, row->name, release);
	tap_result(
		cost && cost <= limit,
		"verifier cost of %s on %s: %lu instructions, ceiling %lu\n%s", row->name, release,
		cost, limit,
		!cost ? one->log
		: !limit
			? "there is no line for it in tests/bpf/verifier-ceilings"
			: "it grew: make it cheaper, or raise the ceiling and say why in the commit");
	one_free(one);
}

void test_cost(const char *path)
{
	char release[NAME_BYTES] = "";
	FILE *table = fopen(path, "re");
	struct utsname name;
	unsigned major, minor;

	if (!table) {
		tap_result(false, "the table of ceilings is there\n%s: %s", path, strerror(errno));
		return;
	}
	if (!uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2)
		snprintf(release, sizeof(release), "%u.%u", major, minor);
	for (size_t i = 0; i < program_row_count; i++)
		check(&program_rows[i], table, release);
	fclose(table);
}
