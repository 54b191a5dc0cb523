/* SPDX-License-Identifier: MIT */
/*
 * bench.c - what embargo costs, measured side by side in one run on this machine, as ratios where the
 * machine itself would otherwise be what is measured. tests/bench/run makes its surroundings.
 *
 * usage: bench CGROUP PINS WORK CATALOG POLICY EMBARGOD     POLICY names the sixteen vendors; WORK/containing.yaml contains, too
 *        bench --toggle PINS CGROUP SECONDS LOAD...     for tests/bench/traffic: see toggle.h
 * environment: BENCH_QUICK=1   few samples, no list of 1,000,000 rules: to see that it works
 *              BENCH_PARTS     some of "whole agent own memory"; default: all
 */
#include "agent_costs.h"
#include "make_rules.h"
#include "operations.h"
#include "own_beside.h"
#include "table.h"
#include "toggle.h"
#include "variants.h"

#include "../../agent/kernel.h"
#include "../../policy/policy.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MANY 1000000

struct bench {
	struct site site;
	struct agent_files files;
	bool quick;
	struct generation *few, *many, *containing;
	double compile_s; /* of the second */
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(-err));
	return err;
}

/* ---------------------------------------------------------------- policies */

static int compile_documents(const struct bench *bench, const char *path, struct generation **out)
{
	struct diagnostics diags = {};
	struct catalog *catalog = NULL;
	struct policy *policy = NULL;
	int err = catalog_load(&bench->files.catalog, 1, &diags, &catalog);

	if (!err)
		err = policy_load(path, catalog, NULL, &diags, &policy);
	if (!err)
		err = policy_compile(policy, &diags, out);
	if (err)
		diagnostics_print(&diags, stderr);
	policy_free(policy);
	catalog_free(catalog);
	diagnostics_done(&diags);
	return err;
}

static int compile_many(struct bench *bench, double *out_seconds)
{
	char *texts = calloc(MANY, RULE_TEXT_BYTES);
	struct rules rules = {
		.policy = "bench", .revision = 2, .mode = MODE_ENFORCE, .count = MANY};
	struct diagnostics diags = {};
	double begin;
	int err;

	rules.list = texts ? make_rules(MANY, texts, false) : NULL;
	begin = now_s();
	err = rules.list ? rules_compile(&rules, &diags, &bench->many) : -ENOMEM;
	*out_seconds = now_s() - begin;
	diagnostics_done(&diags);
	free(rules.list);
	free(texts);
	return err;
}

/* ---------------------------------------------------------------- a program's own time */

struct own_row {
	const char *what;
	enum operation operation;
	enum hook hook;
	size_t count;
	double budget; /* ns; negative: reported only */
};

static const struct own_row own_rows[] = {
	{"exec, path of 12 components", OPERATION_EXEC_DEEP, HOOK_EXEC, 1000, 1500},
	{"exec, /usr/bin/true", OPERATION_EXEC_USUAL, HOOK_EXEC, 500, 1500},
	{"connect4", OPERATION_UDP_CONNECT, HOOK_CONNECT, 100000, 200},
	{"connect6", OPERATION_UDP6_CONNECT, HOOK_CONNECT, 100000, 200},
	{"sendmsg4", OPERATION_UDP_SEND, HOOK_CONNECT, 20000, 200},
};
#define OWN_ROWS (sizeof(own_rows) / sizeof(own_rows[0]))

/* Mean of one sample. Others on the machine exec, too; outside the cgroup that costs little and is a few of a thousand. */
static int own_sample(const struct bench *bench, struct attached *attached,
		      const struct own_row *row, double *out_ns)
{
	double ns, count, ns_before, count_before, wall;
	int err = variant_program_run(attached, row->hook, &ns_before, &count_before);

	if (!err)
		err = operation_run(&bench->site, row->operation, row->count, &wall);
	if (!err)
		err = variant_program_run(attached, row->hook, &ns, &count);
	if (!err && count <= count_before)
		err = -ENODATA;
	if (!err)
		*out_ns = (ns - ns_before) / (count - count_before);
	return err;
}

static int own_empty(struct bench *bench, struct samples *out)
{
	struct attached *attached = NULL;
	int err = variant_attach(&bench->site, VARIANT_EMPTY, NULL, &attached);
	double ns;

	for (size_t i = 0; !err && i < OWN_ROWS; i++) {
		for (int sample = 0; !err && sample < 5; sample++) {
			err = own_sample(bench, attached, &own_rows[i], &ns);
			if (!err)
				samples_add(&out[i], ns);
		}
	}
	variant_detach(attached);
	return err;
}

static int own_time(struct bench *bench)
{
	struct samples few[OWN_ROWS] = {}, many[OWN_ROWS] = {}, ratio[OWN_ROWS] = {},
		       empty[OWN_ROWS] = {};
	struct samples apply = {}, reload = {};
	struct attached *attached = NULL;
	int rounds = bench->quick ? 2 : 9, statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	char name[64];
	int err;

	if (statistics < 0)
		return -errno;
	err = own_empty(bench, empty);
	if (!err)
		err = variant_attach(&bench->site, VARIANT_ENFORCE, bench->few, &attached);
	for (int round = 0; !err && round < rounds; round++) {
		double first[OWN_ROWS] = {}, ns;

		for (size_t i = 0; !err && i < OWN_ROWS; i++) {
			err = own_sample(bench, attached, &own_rows[i], &first[i]);
			if (!err)
				samples_add(&few[i], first[i]);
		}
		if (err || !bench->many)
			continue;
		ns = now_s();
		err = kernel_apply(variant_kernel(attached), bench->many, NULL);
		samples_add(&apply, now_s() - ns);
		for (size_t i = 0; !err && i < OWN_ROWS; i++) {
			err = own_sample(bench, attached, &own_rows[i], &ns);
			samples_add(&many[i], ns);
			samples_add(&ratio[i], ns / first[i]);
		}
		if (!err)
			err = kernel_apply(variant_kernel(attached), bench->few, NULL);
	}
	variant_detach(attached);
	close(statistics); /* and the kernel stops counting, if nobody else asked it to */
	if (err)
		return err;

	table_head("own run time of a hook",
		   "with --within, which costs a look at the task's cgroup");
	for (size_t i = 0; i < OWN_ROWS; i++) {
		table_row(own_rows[i].what, &few[i], "ns", own_rows[i].budget);
		snprintf(name, sizeof(name), "  an empty program there");
		table_row(name, &empty[i], "ns", -1);
		if (!bench->many)
			continue;
		table_row("  1,000,000 rules", &many[i], "ns", -1);
		table_row("  1,000,000 rules to 16 vendors", &ratio[i], "ratio", 1.25);
	}
	if (!bench->many)
		return 0;
	table_head("reload of 1,000,000 rules",
		   "a list compiled, and put in place under a running program set");
	for (size_t i = 0; i < apply.count; i++)
		samples_add(&reload, bench->compile_s + apply.list[i]);
	table_value("compile", bench->compile_s, "s", -1);
	table_row("into the kernel and switch", &apply, "s", -1);
	table_row("both", &reload, "s", 2);
	return 0;
}

/* ---------------------------------------------------------------- whole operations */

struct whole_row {
	const char *what;
	enum operation operation;
	size_t count;
	double ratio; /* budget to nothing loaded; negative: none */
	double times; /* budget of what is added, in times of what an empty program adds; negative: none */
};

static const struct whole_row whole_rows[] = {
	{"exec of a static program", OPERATION_EXEC_STATIC, 480, -1, -1},
	{"exec of a dynamic program", OPERATION_EXEC_DYNAMIC, 144, 1.01, -1},
	{"TCP connect", OPERATION_TCP, 6000, -1, 2},
	{"connect(2) of a datagram socket", OPERATION_UDP_CONNECT, 60000, -1, 2},
	{"sendto(2)", OPERATION_UDP_SEND, 12000, -1, 2},
};
#define WHOLE_ROWS (sizeof(whole_rows) / sizeof(whole_rows[0]))

/* Of each row and variant, by round. */
typedef double wholes[SAMPLES_MAX][VARIANT_MAX][WHOLE_ROWS];

static int whole_round(struct bench *bench, enum variant variant, double *out)
{
	struct attached *attached = NULL;
	int err = variant_attach(&bench->site, variant, bench->few, &attached);

	for (size_t i = 0; !err && i < WHOLE_ROWS; i++)
		err = operation_run(&bench->site, whole_rows[i].operation, whole_rows[i].count,
				    &out[i]);
	variant_detach(attached);
	return err;
}

static void whole_print(wholes ns, int rounds, size_t i)
{
	static const char *const names[VARIANT_MAX] = {"", "empty programs", "embargo, audit only",
						       "embargo, enforcing"};
	const struct whole_row *row = &whole_rows[i];
	struct samples nothing = {}, added[VARIANT_MAX] = {};
	char name[64];

	for (int round = 0; round < rounds; round++)
		samples_add(&nothing, ns[round][VARIANT_NOTHING][i] / 1e3);
	table_row(row->what, &nothing, "us", -1);
	for (int variant = VARIANT_EMPTY; variant < VARIANT_MAX; variant++) {
		struct samples ratio = {};

		for (int round = 0; round < rounds; round++) {
			double base = ns[round][VARIANT_NOTHING][i], own = ns[round][variant][i];

			samples_add(&ratio, own / base);
			samples_add(&added[variant], own - base);
		}
		snprintf(name, sizeof(name), "  %s", names[variant]);
		table_row(name, &ratio, "ratio", variant == VARIANT_EMPTY ? -1 : row->ratio);
	}
	if (row->times < 0)
		return;
	table_row("  added by empty programs", &added[VARIANT_EMPTY], "ns", -1);
	table_row("  added by embargo, enforcing", &added[VARIANT_ENFORCE], "ns",
		  row->times * samples_median(&added[VARIANT_EMPTY]));
}

static int whole(struct bench *bench)
{
	int rounds = bench->quick ? 3 : 41, err = 0;
	static wholes ns;

	for (int round = 0; !err && round < rounds; round++) /* another one first, every time */
		for (int i = 0; !err && i < VARIANT_MAX; i++)
			err = whole_round(bench, (round + i) % VARIANT_MAX,
					  ns[round][(round + i) % VARIANT_MAX]);
	if (err)
		return err;
	table_head("whole operation: nothing loaded, then ratios",
		   "loopback, one processor, 16 vendors, nothing matches");
	for (size_t i = 0; i < WHOLE_ROWS; i++)
		whole_print(ns, rounds, i);
	return 0;
}

/* ---------------------------------------------------------------- memory, and the order of it all */

static int kernel_memory(struct bench *bench)
{
	struct kernel_report report = {};
	struct attached *attached = NULL;
	int err = variant_attach(&bench->site, VARIANT_ENFORCE, bench->few, &attached);

	if (err)
		return err;
	table_head("kernel memory, as status says it", NULL);
	err = kernel_report(variant_kernel(attached), &report);
	table_value("16 vendors", report.memory_bytes / 1048576.0, "MiB", -1);
	if (!err && bench->many) {
		err = kernel_apply(variant_kernel(attached), bench->many, NULL);
		if (!err)
			err = kernel_report(variant_kernel(attached), &report);
		table_value("1,000,000 rules", report.memory_bytes / 1048576.0, "MiB", -1);
	}
	variant_detach(attached);
	return err;
}

static bool wanted(const char *part)
{
	const char *parts = getenv("BENCH_PARTS");

	return !parts || strstr(parts, part);
}

static int run(struct bench *bench)
{
	char containing[600];
	int err = compile_documents(bench, bench->files.policy, &bench->few);

	snprintf(containing, sizeof(containing), "%s/containing.yaml", bench->site.work);
	err = err ?: compile_documents(bench, containing, &bench->containing);
	if (err)
		return fail("the policy of the sixteen vendors", err);
	printf("%zu rules of 16 vendors, %zu entries\n", bench->few->rule_count,
	       bench->few->entry_count);
	if (wanted("whole"))
		err = whole(bench);
	if (err)
		return fail("whole operations", err);
	if (wanted("agent"))
		err = agent_costs(&bench->site, &bench->files);
	if (err)
		return fail("the agent", err);
	if (!bench->quick && (wanted("own") || wanted("memory")))
		err = compile_many(bench, &bench->compile_s);
	if (err)
		return fail("1,000,000 rules", err);
	if (wanted("own"))
		err = own_time(bench);
	if (!err && wanted("own"))
		err = own_beside(&bench->site, bench->few, bench->containing, bench->quick ? 2 : 9);
	if (err)
		return fail("own run time", err);
	if (wanted("memory"))
		err = kernel_memory(bench);
	return err ? fail("kernel memory", err) : 0;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0; /* kprobes that are not there are no news */
}

int main(int argc, char **argv)
{
	const char *top;
	struct bench bench = {.quick = getenv("BENCH_QUICK") != NULL};
	char deep[600], tiny[600], dynamic[600], contained[600];
	int err;

	if (argc == 4 && !strcmp(argv[1], "--contained"))
		return operation_contained(argv[2], argv[3]);
	if (argc > 5 && !strcmp(argv[1], "--toggle"))
		return toggle(argv[2], argv[3], argv[4], argv + 5);
	if (argc != 7) {
		fprintf(stderr, "usage: bench CGROUP PINS WORK CATALOG POLICY EMBARGOD\n");
		return 2;
	}
	top = argv[3];
	libbpf_set_print(quiet);
	bench.site = (struct site){.cgroup = argv[1], .pins = argv[2], .work = top};
	bench.files =
		(struct agent_files){.catalog = argv[4], .policy = argv[5], .embargod = argv[6]};
	snprintf(tiny, sizeof(tiny), "%s/tiny", top);
	snprintf(dynamic, sizeof(dynamic), "%s/dynamic", top);
	/* below a directory that the rules of both policies know: not at the root is it clear that none matches */
	snprintf(deep, sizeof(deep), "/opt/vendor-5/3/4/5/6/7/8/9/10/11/tiny");
	snprintf(contained, sizeof(contained), "%s/contained", top);
	bench.site.programs[OPERATION_EXEC_STATIC] = tiny;
	bench.site.programs[OPERATION_EXEC_DYNAMIC] = dynamic;
	bench.site.programs[OPERATION_EXEC_DEEP] = deep;
	bench.site.programs[OPERATION_EXEC_USUAL] = "/usr/bin/true";
	bench.site.programs[OPERATION_CONTAINED_CONNECT] = contained;
	err = run(&bench);
	generation_free(bench.few);
	generation_free(bench.many);
	generation_free(bench.containing);
	return err ? 3 : table_end();
}
