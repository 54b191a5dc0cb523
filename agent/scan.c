/* SPDX-License-Identifier: MIT */
/*
 * scan.c - the run of a scan: the inventory's hits and problems in, one struct out. What it found is put together
 * in scan_take.c and told in scan_print.c and scan_json.c.
 */
#include "scan.h"
#include "clean.h"
#include "scan_take.h"

#include "../policy/catalog.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define PROBLEMS_MAX 4096 /* kinds of them; texts and codes are ours, so there are a few dozen */
#define PROGRESS_MS  100

/* ---------------------------------------------------------------- what was not looked at */

static struct scan_problem *find_problem(struct scan *scan, const struct inventory_problem *problem)
{
	for (size_t i = 0; i < scan->problem_count; i++) {
		struct scan_problem *one = &scan->problems[i];

		if (one->source == problem->source && one->gap == problem->gap &&
		    one->err == problem->err && !strcmp(one->what, problem->what))
			return one;
	}
	return NULL;
}

static int new_problem(struct scan *scan, const struct inventory_problem *problem)
{
	struct scan_problem *one;

	if (scan->problem_count == PROBLEMS_MAX)
		return -E2BIG;
	if (scan->problem_count == scan->problem_room) {
		size_t room = scan->problem_room ? scan->problem_room * 2 : 16;
		struct scan_problem *grown = reallocarray(scan->problems, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		scan->problems = grown;
		scan->problem_room = room;
	}
	one = &scan->problems[scan->problem_count];
	*one = (struct scan_problem){
		.source = problem->source,
		.gap = problem->gap,
		.err = problem->err,
		.what = strdup(problem->what),
		.path = strdup(problem->path),
		.count = 1,
	};
	scan->problem_count++;
	return one->what && one->path ? 0 : -ENOMEM;
}

static void take_problem(void *context, const struct inventory_problem *problem)
{
	struct scan *scan = context;
	struct scan_problem *known = scan->err ? NULL : find_problem(scan, problem);
	char *path;

	if (scan->err)
		return;
	if (!known) {
		scan->err = new_problem(scan, problem);
		return;
	}
	known->count++;
	if (strcmp(problem->path, known->path) >= 0)
		return;
	path = strdup(problem->path);
	if (!path) {
		scan->err = -ENOMEM;
		return;
	}
	free(known->path);
	known->path = path;
}

static int compare_problems(const void *a, const void *b)
{
	const struct scan_problem *one = a, *other = b;

	if (one->gap != other->gap)
		return one->gap == INVENTORY_MISSED ? -1 : 1;
	if (one->source != other->source)
		return (int)one->source - (int)other->source;
	if (strcmp(one->what, other->what))
		return strcmp(one->what, other->what);
	return one->err - other->err;
}

/* ---------------------------------------------------------------- one fact, several products */

static int compare_facts(const struct generation_rule *one, const struct generation_rule *other)
{
	return one->matcher != other->matcher ? one->matcher - other->matcher
					      : strcmp(one->value, other->value);
}

static int compare_rules(const void *a, const void *b)
{
	const struct generation_rule *one = *(const struct generation_rule *const *)a;
	const struct generation_rule *other = *(const struct generation_rule *const *)b;
	int order = compare_facts(one, other);

	return order ? order : strcmp(one->id, other->id);
}

static void add_rules(struct scan *scan, const struct generation_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].action != ACTION_ALLOW)
			scan->by_value[scan->rule_count++] = &rules[i];
}

static int sort_rules(struct scan *scan)
{
	const struct generation *generation = scan->generation;
	size_t count = generation->rule_count + generation->unenforced_count;

	if (!scan->count)
		return 0;
	scan->by_value = calloc(count, sizeof(*scan->by_value));
	if (!scan->by_value)
		return -ENOMEM;
	add_rules(scan, generation->rules, generation->rule_count);
	add_rules(scan, generation->unenforced, generation->unenforced_count);
	qsort(scan->by_value, scan->rule_count, sizeof(*scan->by_value), compare_rules);
	return 0;
}

const struct generation_rule *scan_also(const struct scan *scan, const struct scan_finding *finding,
					size_t i)
{
	size_t low = 0, high = scan->rule_count;

	if (finding->rule->matcher == MATCHER_MARKER)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_facts(scan->by_value[middle], finding->rule) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < scan->rule_count && !compare_facts(scan->by_value[low], finding->rule); low++)
		if (strcmp(scan->by_value[low]->id, finding->rule->id) && !i--)
			return scan->by_value[low];
	return NULL;
}

/* ---------------------------------------------------------------- the run */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

struct run {
	struct scan *scan;
	double began, told;
};

static void run_problem(void *context, const struct inventory_problem *problem)
{
	take_problem(((struct run *)context)->scan, problem);
}

static void run_progress(void *context, const struct inventory_progress *progress)
{
	struct run *run = context;
	double time = now();

	if (time - run->told < PROGRESS_MS / 1e3)
		return;
	run->told = time;
	fprintf(stderr, "\r\033[K%llu files, %.0f a second", progress->files,
		progress->files / (time - run->began + 1e-9));
}

static int look(struct run *run, const struct scan_options *options)
{
	const struct inventory_options what = {
		.root = options->root,
		.network = options->network,
		.leave_out = options->leave_out,
		.leave_out_count = options->leave_out_count,
		.problem = run_problem,
		.progress = options->progress ? run_progress : NULL,
		.context = run,
	};
	const struct hits_options how = {
		.sources = HITS_ALL,
		.quick = options->quick,
		.digests = options->digests,
	};
	struct scan *scan = run->scan;
	struct inventory *inventory;
	int err = inventory_open(&what, &inventory);

	if (err)
		return err;
	scan->live = inventory_is_live(inventory);
	err = hits_find(inventory, scan->generation, &how, scan_take_hit, scan);
	if (options->progress)
		fputs("\r\033[K", stderr);
	scan->files = inventory_file_count(inventory);
	inventory_close(inventory);
	return err ? err : scan->err;
}

int scan_run(const struct scan_options *options, const struct generation *generation,
	     const struct catalog *catalog, struct scan **out_scan)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct run run = {.scan = scan, .began = now()};
	int err;

	if (!scan)
		return -ENOMEM;
	scan->generation = generation;
	scan->catalog = catalog;
	scan->root = options->root ? options->root : "/";
	scan->quick = options->quick;
	scan->examples = options->examples ? options->examples : 1;
	scan->time_s = time(NULL);
	err = look(&run, options);
	if (!err)
		err = sort_rules(scan);
	if (err) {
		scan_free(scan);
		return err;
	}
	scan_sort_findings(scan);
	if (scan->problem_count)
		qsort(scan->problems, scan->problem_count, sizeof(*scan->problems),
		      compare_problems);
	scan->seconds = now() - run.began;
	*out_scan = scan;
	return 0;
}

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	for (size_t i = 0; i < scan->count; i++)
		scan_finding_done(&scan->findings[i]);
	for (size_t i = 0; i < scan->problem_count; i++) {
		free(scan->problems[i].what);
		free(scan->problems[i].path);
	}
	free(scan->findings);
	free(scan->problems);
	free(scan->by_value);
	free(scan->table);
	free(scan);
}

size_t scan_findings(const struct scan *scan)
{
	size_t count = 0;

	for (size_t i = 0; i < scan->count; i++)
		count += !scan->findings[i].allow;
	return count;
}

bool scan_is_complete(const struct scan *scan)
{
	for (size_t i = 0; i < scan->problem_count; i++)
		if (scan->problems[i].gap == INVENTORY_MISSED)
			return false;
	return true;
}

const char *scan_class(const struct scan *scan, const struct generation_rule *rule)
{
	const struct vendor *vendor = catalog_find(scan->catalog, rule->vendor);
	const struct product *product = vendor ? vendor_find_product(vendor, rule->product) : NULL;

	return product ? product_class_word(product->class) : "";
}
