/* SPDX-License-Identifier: MIT */
/*
 * scan_take.c - hits into findings. Memory does not grow with the files of a product: of many hits of one rule the
 * first few, in the order of their names, are kept and the rest is counted, so that the answer is the same whatever
 * order the disk gives.
 */
#include "scan_take.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
static int add_example(struct scan_finding *finding, const struct scan_example *example,
		       size_t most)
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
	size_t at =
		hash_key(hit->source, hit->rule, inventory_layer_path(hit->layer), key_text(hit)) &
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

void scan_finding_done(struct scan_finding *finding)
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
	struct scan_finding finding = {
		.rule = hit->rule, .allow = hit->allow, .source = hit->source};

	if (hit->layer) {
		finding.layer = strdup(inventory_layer_name(hit->layer));
		finding.layer_path = strdup(inventory_layer_path(hit->layer));
	}
	if ((hit->layer && (!finding.layer || !finding.layer_path)) ||
	    add_example(&finding, example, scan->examples)) {
		scan_finding_done(&finding);
		return -ENOMEM;
	}
	finding.count = 1;
	finding.live = hit->live;
	scan->findings[scan->count++] = finding;
	scan->table[slot] = scan->count;
	return 0;
}

int scan_take_hit(void *context, const struct hit *hit)
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

void scan_sort_findings(struct scan *scan)
{
	if (scan->count)
		qsort(scan->findings, scan->count, sizeof(*scan->findings), compare_findings);
}
