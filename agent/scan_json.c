/* SPDX-License-Identifier: MIT */
/*
 * scan_json.c - what a scan found, for programs. scan.schema.json says what it looks like.
 */
#include "scan.h"
#include "clean.h"
#include "record.h"

#include "../policy/catalog.h"
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* A text of any bytes; new reference or NULL. */
static json_t *text(const char *value)
{
	bool escaped;

	return record_text(value, strlen(value), &escaped);
}

static int set_text(json_t *object, const char *key, const char *value)
{
	return *value ? json_object_set_new(object, key, text(value)) : 0;
}

static json_t *example_json(const struct scan_example *example)
{
	AUTO_JSON json_t *object = json_object();

	if (set_text(object, "what", example->what) || set_text(object, "path", example->path) ||
	    set_text(object, "detail", example->detail) ||
	    (example->live && json_object_set_new(object, "live", json_true())) ||
	    (example->link && json_object_set_new(object, "link", json_true())))
		return NULL;
	return take_ptr(object);
}

static json_t *examples_json(const struct scan_finding *finding)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < finding->example_count; i++)
		if (json_array_append_new(list, example_json(&finding->examples[i])))
			return NULL;
	return take_ptr(list);
}

static json_t *also_json(const struct scan *scan, const struct scan_finding *finding)
{
	AUTO_JSON json_t *list = json_array();
	const struct generation_rule *also;

	for (size_t i = 0; (also = scan_also(scan, finding, i)); i++)
		if (json_array_append_new(list, text(also->id)))
			return NULL;
	return take_ptr(list);
}

static json_t *layer_json(const struct scan_finding *finding)
{
	return json_pack("{s:o, s:o}", "name", text(finding->layer), "path",
			 text(finding->layer_path));
}

static const char *product_name(const struct scan *scan, const struct generation_rule *rule)
{
	const struct vendor *vendor = catalog_find(scan->catalog, rule->vendor);
	const struct product *product = vendor ? vendor_find_product(vendor, rule->product) : NULL;

	return product && product->name.text ? product->name.text : rule->product;
}

static json_t *finding_json(const struct scan *scan, const struct scan_finding *finding)
{
	const struct generation_rule *rule = finding->rule;
	AUTO_JSON json_t *object = json_pack(
		"{s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:s, s:b, s:I, s:I, s:o}", "vendor",
		text(rule->vendor), "vendor_name", text(rule->vendor_name), "product",
		text(rule->product), "product_name", text(product_name(scan, rule)), "source",
		inventory_source_word(finding->source), "matcher", matcher_word(rule->matcher),
		"rule", text(rule->id), "value", text(rule->value), "confidence",
		confidence_word(rule->confidence), "allowed", finding->allow != NULL, "count",
		(json_int_t)finding->count, "live", (json_int_t)finding->live, "examples",
		examples_json(finding));

	if (!object || set_text(object, "class", scan_class(scan, rule)) ||
	    (finding->allow && set_text(object, "allowed_by", finding->allow->id)) ||
	    (scan_also(scan, finding, 0) &&
	     json_object_set_new(object, "also", also_json(scan, finding))) ||
	    (finding->layer && json_object_set_new(object, "layer", layer_json(finding))))
		return NULL;
	return take_ptr(object);
}

static json_t *findings_json(const struct scan *scan)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < scan->count; i++)
		if (json_array_append_new(list, finding_json(scan, &scan->findings[i])))
			return NULL;
	return take_ptr(list);
}

static json_t *problem_json(const struct scan_problem *problem)
{
	AUTO_JSON json_t *object =
		json_pack("{s:s, s:s, s:I, s:o}", "source", inventory_source_word(problem->source),
			  "gap", problem->gap == INVENTORY_MISSED ? "missed" : "left-out", "count",
			  (json_int_t)problem->count, "what", text(problem->what));

	if (!object || set_text(object, "path", problem->path) ||
	    (problem->err && set_text(object, "error", strerror(-problem->err))))
		return NULL;
	return take_ptr(object);
}

static json_t *problems_json(const struct scan *scan)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < scan->problem_count; i++)
		if (json_array_append_new(list, problem_json(&scan->problems[i])))
			return NULL;
	return take_ptr(list);
}

json_t *scan_json(const struct scan *scan)
{
	struct utsname host;
	time_t at = scan->time_s;
	struct tm time;
	char stamp[32];

	(void)uname(&host);         /* fails for a bad address only */
	(void)gmtime_r(&at, &time); /* fails beyond the year 2^31 only */
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &time);
	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:b, s:o, s:i, s:I, s:f, s:I, s:o, s:o}",
		"kind", "Scan", "version", EMBARGO_VERSION, "time", stamp, "host",
		text(host.nodename), "root", text(scan->root), "live", scan->live, "quick",
		scan->quick, "complete", scan_is_complete(scan), "policy",
		text(scan->generation->policy), "revision", (int)scan->generation->revision,
		"files", (json_int_t)scan->files, "seconds", scan->seconds, "found",
		(json_int_t)scan_findings(scan), "findings", findings_json(scan), "not_looked_at",
		problems_json(scan));
}
