/* SPDX-License-Identifier: MIT */
/*
 * own_beside.c - see own_beside.h. Each program by itself, from one run of all that are attached. Their sum is what an attempt takes: counting
 * itself takes as long as an empty program does, and belongs into the sum once, as where there is one program.
 */
#include "own_beside.h"
#include "table.h"
#include "variants.h"

#include "../../bpf/abi.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS_MAX 2

/* Programs that an operation runs, and what all of them may take. */
struct beside {
	enum operation operation;
	size_t count;
	const char *programs[PROGRAMS_MAX];
	const char *all;	/* what to call the sum; NULL: none is made, they are not of one attempt */
	double budget;		/* of the sum, ns; negative: reported only */
};

static const struct beside connects = {
	OPERATION_UDP_CONNECT, 100000, {"connect4", "contain_connect4"}, "connect4, both", 200};
static const struct beside contained = {OPERATION_CONTAINED_CONNECT,
					100000,
					{"connect4", "contain_connect4"},
					"the same, contained, to an internal one",
					-1};
static const struct beside packets = {OPERATION_TCP_SEGMENT, 100000, {"names_egress", "names_ingress"}, NULL, -1};

struct counted {
	double ns, count;
};

struct beside_samples {
	struct samples each[PROGRAMS_MAX], all;
};

static int count_all(struct attached *attached, const struct beside *beside, struct counted *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < PROGRAMS_MAX && beside->programs[i]; i++)
		err = variant_named_run(attached, beside->programs[i], &out[i].ns, &out[i].count);
	return err;
}

/* @counting: ns that counting a run takes */
static int sample(const struct site *site, struct attached *attached, const struct beside *beside, double counting,
		  struct beside_samples *out)
{
	struct counted before[PROGRAMS_MAX] = {}, after[PROGRAMS_MAX] = {};
	double wall, sum = 0;
	int err = count_all(attached, beside, before);

	err = err ?: operation_run(site, beside->operation, beside->count, &wall);
	err = err ?: count_all(attached, beside, after);
	for (size_t i = 0; !err && i < PROGRAMS_MAX && beside->programs[i]; i++) {
		double runs = after[i].count - before[i].count, ns = (after[i].ns - before[i].ns) / runs;

		/* of what others do in the cgroup at the same time there is nothing */
		if (runs < beside->count)
			return -ENODATA;
		samples_add(&out->each[i], ns);
		sum += i ? ns - counting : ns;
	}
	if (!err)
		samples_add(&out->all, sum);
	return err;
}

static int measure(const struct site *site, const struct generation *generation, const struct beside *const *list, size_t count,
		   int rounds, double counting, struct beside_samples *out)
{
	struct attached *attached = NULL;
	int err = variant_attach(site, VARIANT_ENFORCE, generation, &attached);

	for (int round = 0; !err && round < rounds; round++)
		for (size_t i = 0; !err && i < count; i++)
			err = sample(site, attached, list[i], counting, &out[i]);
	variant_detach(attached);
	return err;
}

/* A program that does nothing. */
static int measure_empty(const struct site *site, const struct beside *beside, enum hook hook, int rounds, struct samples *out)
{
	struct attached *attached = NULL;
	int err = variant_attach(site, VARIANT_EMPTY, NULL, &attached);
	struct counted before, after;
	double wall;

	for (int round = 0; !err && round < rounds; round++) {
		err = variant_program_run(attached, hook, &before.ns, &before.count);
		err = err ?: operation_run(site, beside->operation, beside->count, &wall);
		err = err ?: variant_program_run(attached, hook, &after.ns, &after.count);
		if (!err)
			samples_add(out, (after.ns - before.ns) / (after.count - before.count));
	}
	variant_detach(attached);
	return err;
}

static void print(const struct beside *beside, const struct beside_samples *samples)
{
	char name[64];

	if (beside->all)
		table_row(beside->all, &samples->all, "ns", beside->budget);
	for (size_t i = 0; i < PROGRAMS_MAX && beside->programs[i]; i++) {
		snprintf(name, sizeof(name), "%s%s", beside->all ? "  " : "", beside->programs[i]);
		table_row(name, &samples->each[i], "ns", -1);
	}
}

int own_beside(const struct site *site, const struct generation *few, const struct generation *containing, int rounds)
{
	static const struct beside *const of_few[] = {&packets}, *const of_containing[] = {&connects, &contained};
	static struct beside_samples packet, connect[2];
	static struct samples empty_connect, empty_packet;
	int statistics = bpf_enable_stats(BPF_STATS_RUN_TIME), err;

	if (statistics < 0)
		return -errno;
	err = measure_empty(site, &connects, HOOK_CONNECT, rounds, &empty_connect);
	err = err ?: measure_empty(site, &packets, HOOK_NAME, rounds, &empty_packet);
	err = err ?: measure(site, few, of_few, 1, rounds, 0, &packet);
	err = err ?: measure(site, containing, of_containing, 2, rounds, samples_median(&empty_connect), connect);
	close(statistics);
	if (err)
		return err;
	table_head("own run time where there are names and contain", "sums hold once what counting a run takes: an empty program's time");
	print(&connects, &connect[0]);
	print(&contained, &connect[1]);
	table_row("an empty program there", &empty_connect, "ns", -1);
	print(&packets, &packet);
	table_row("an empty program there", &empty_packet, "ns", -1);
	return 0;
}
