/* SPDX-License-Identifier: MIT */
/*
 * scan.c - collects hits into findings. Memory does not grow with the files of a product: of many hits of one rule
 * the first few, in the order of their names, are kept and the rest is counted, so that the answer is the same
 * whatever order the disk gives.
 */
#include "scan.h"
#include "clean.h"

#include "../policy/catalog.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define PROBLEMS_MAX 4096 /* kinds of them; texts and codes are ours, so there are a few dozen */
#define PROGRESS_MS  100

/* ---------------------------------------------------------------- examples */

static int compare_examples(const struct scan_example *one, const struct scan_example *other)
{
	int order = strcmp(one->what, other->what);

	if (!order)
		order = strcmp(one->path, other->path);
	return order ? order : strcmp(one->detail, other->detail);
}

static void example_done(struct scan_example *example)
{
	free(example->what);
	free(example->path);
	free(example->detail);
}

static int copy_example(const struct scan_example *from, struct scan_example *out_example)
{
	struct scan_example example = {
		.what = strdup(from->what),
		.path = strdup(from->path),
		.detail = strdup(from->detail),
		.live = from->live,
		.link = from->link,
	};

	if (!example.what || !example.path || !example.detail) {
		example_done(&example);
		return -ENOMEM;
	}
	*out_example = example;
	return 0;
}

static int reserve(struct scan_finding *finding)
{
	size_t room = finding->example_room ? finding->example_room * 2 : 2;
	struct scan_example *grown;

	if (finding->example_count < finding->example_room)
		return 0;
	grown = reallocarray(finding->examples, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	finding->examples = grown;
	finding->example_room = room;
	return 0;
}

/* Keep the smallest @most of all that come. */
static int add_example(struct scan_finding *finding, const struct scan_example *example, size_t most)
{
	size_t low = 0, high = finding->example_count;
	struct scan_example copy;
	int err;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_examples(&finding->examples[middle], example) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == most)
		return 0;
	err = copy_example(example, &copy);
	if (err)
		return err;
	if (finding->example_count == most) {
		example_done(&finding->examples[--finding->example_count]);
	} else if (reserve(finding)) {
		example_done(&copy);
		return -ENOMEM;
	}
	memmove(&finding->examples[low + 1], &finding->examples[low],
		(finding->example_count - low) * sizeof(*finding->examples));
	finding->examples[low] = copy;
	finding->example_count++;
	return 0;
}

/* ---------------------------------------------------------------- findings */

/* Files of one rule belong together; other things are told apart by what they are. */
static const char *key_text(const struct hit *hit)
{
	return hit->source == INVENTORY_FILES ? "" : hit->what;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ull; /* FNV-1a */
	return (hash ^ 0xff) * 0x100000001b3ull;
}

static uint64_t hash_key(unsigned source, const struct generation_rule *rule, const char *layer,
			 const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull + source + ((uintptr_t)rule << 4);

	return hash_text(hash_text(hash, layer), text) * 0x9e3779b97f4a7c15ull >> 16;
}

static const char *finding_text(const struct scan_finding *finding)
{
	return finding->source == INVENTORY_FILES ? "" : finding->examples[0].what;
}

static const char *finding_layer(const struct scan_finding *finding)
{
	return finding->layer_path ? finding->layer_path : "";
}

static bool is_finding_of(const struct scan_finding *finding, const struct hit *hit)
{
	return finding->rule == hit->rule && finding->source == hit->source &&
	       !strcmp(finding_layer(finding), inventory_layer_path(hit->layer)) &&
	       !strcmp(finding_text(finding), key_text(hit));
}

static size_t slot_of(const struct scan *scan, const struct hit *hit)
{
	size_t at = hash_key(hit->source, hit->rule, inventory_layer_path(hit->layer), key_text(hit)) &
		    (scan->table_size - 1);

	while (scan->table[at] && !is_finding_of(&scan->findings[scan->table[at] - 1], hit))
		at = (at + 1) & (scan->table_size - 1);
	return at;
}

static int grow(struct scan *scan)
{
	size_t size = scan->table_size ? scan->table_size * 2 : 256;
	size_t *table = calloc(size, sizeof(*table));
	struct scan_finding *grown = reallocarray(scan->findings, size / 2, sizeof(*grown));

	if (grown)
		scan->findings = grown;
	if (!table || !grown) {
		free(table);
		return -ENOMEM;
	}
	free(scan->table);
	scan->table = table;
	scan->table_size = size;
	scan->room = size / 2;
	for (size_t i = 0; i < scan->count; i++) {
		const struct scan_finding *finding = &scan->findings[i];
		size_t at = hash_key(finding->source, finding->rule, finding_layer(finding),
				     finding_text(finding)) &
			    (size - 1);

		while (table[at])
			at = (at + 1) & (size - 1);
		table[at] = i + 1;
	}
	return 0;
}

static void finding_done(struct scan_finding *finding)
{
	for (size_t i = 0; i < finding->example_count; i++)
		example_done(&finding->examples[i]);
	free(finding->examples);
	free(finding->layer);
	free(finding->layer_path);
}

static int new_finding(struct scan *scan, const struct hit *hit, const struct scan_example *example,
		       size_t slot)
{
	struct scan_finding finding = {.rule = hit->rule, .allow = hit->allow, .source = hit->source};

	if (hit->layer) {
		finding.layer = strdup(inventory_layer_name(hit->layer));
		finding.layer_path = strdup(inventory_layer_path(hit->layer));
	}
	if ((hit->layer && (!finding.layer || !finding.layer_path)) ||
	    add_example(&finding, example, scan->examples)) {
		finding_done(&finding);
		return -ENOMEM;
	}
	finding.count = 1;
	finding.live = hit->live;
	scan->findings[scan->count++] = finding;
	scan->table[slot] = scan->count;
	return 0;
}

static int take_hit(void *context, const struct hit *hit)
{
	struct scan *scan = context;
	/* copied before anything is kept */
	const struct scan_example example = {
		.what = (char *)hit->what,
		.path = (char *)hit->path,
		.detail = (char *)hit->detail,
		.live = hit->live,
		.link = hit->link,
	};
	struct scan_finding *finding;
	size_t slot;
	int err = scan->count == scan->room ? grow(scan) : 0;

	if (err)
		return err;
	slot = slot_of(scan, hit);
	if (!scan->table[slot])
		return new_finding(scan, hit, &example, slot);
	finding = &scan->findings[scan->table[slot] - 1];
	finding->count++;
	finding->live += hit->live;
	if (!hit->allow) /* of many files one that is not allowed counts */
		finding->allow = NULL;
	return add_example(finding, &example, scan->examples);
}

static int compare_findings(const void *a, const void *b)
{
	const struct scan_finding *one = a, *other = b;
	int order = strcmp(one->rule->vendor, other->rule->vendor);

	if (!order)
		order = strcmp(one->rule->product, other->rule->product);
	if (!order)
		order = (int)one->source - (int)other->source;
	if (!order)
		order = strcmp(one->examples[0].what, other->examples[0].what);
	if (!order)
		order = strcmp(one->rule->id, other->rule->id);
	return order ? order : strcmp(finding_layer(one), finding_layer(other));
}

/* ---------------------------------------------------------------- what was not looked at */

static struct scan_problem *find_problem(struct scan *scan, const struct inventory_problem *problem)
{
	for (size_t i = 0; i < scan->problem_count; i++) {
		struct scan_problem *one = &scan->problems[i];

		if (one->source == problem->source && one->gap == problem->gap && one->err == problem->err &&
		    !strcmp(one->what, problem->what))
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
	return one->matcher != other->matcher ? one->matcher - other->matcher : strcmp(one->value, other->value);
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

const struct generation_rule *scan_also(const struct scan *scan, const struct scan_finding *finding, size_t i)
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
	err = hits_find(inventory, scan->generation, &how, take_hit, scan);
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
	if (scan->count)
		qsort(scan->findings, scan->count, sizeof(*scan->findings), compare_findings);
	if (scan->problem_count)
		qsort(scan->problems, scan->problem_count, sizeof(*scan->problems), compare_problems);
	scan->seconds = now() - run.began;
	*out_scan = scan;
	return 0;
}

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	for (size_t i = 0; i < scan->count; i++)
		finding_done(&scan->findings[i]);
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
