/* SPDX-License-Identifier: MIT */
/*
 * on_host.c - a quick scan for what a policy recognises, read as "what would happen".
 */
#include "on_host.h"
#include "clean.h"
#include "compiled.h"
#include "host_lint.h"
#include "record.h"
#include "table.h"

#include <string.h>

static const char *const words[] = {
	[ON_HOST_REFUSED] = "refused",
	[ON_HOST_CONTAINED] = "contained",
	[ON_HOST_RECORDED] = "recorded",
	[ON_HOST_ALLOWED] = "allowed",
	[ON_HOST_NOT_ENFORCED] = "not enforced yet",
	[ON_HOST_NOTHING] = "nothing",
};
_Static_assert(ARRAY_LENGTH(words) == ON_HOST_MAX, "a word for each outcome");

const char *on_host_word(unsigned outcome)
{
	return outcome < ON_HOST_MAX ? words[outcome] : NULL;
}

enum on_host_outcome on_host_outcome(const struct scan *scan, const struct scan_finding *finding)
{
	/* a line of cron names a file that is found itself */
	if (matcher_is_finding(finding->rule->matcher) || finding->source == INVENTORY_AUTOSTART)
		return ON_HOST_NOTHING;
	if (finding->allow)
		return ON_HOST_ALLOWED;
	if (!match_is_enforced(scan->generation, finding->rule))
		return ON_HOST_NOT_ENFORCED;
	if (finding->rule->target != MODE_ENFORCE)
		return ON_HOST_RECORDED;
	if (finding->rule->action != ACTION_CONTAIN)
		return ON_HOST_REFUSED;
	return finding->rule->matcher == MATCHER_MODULE ? ON_HOST_RECORDED : ON_HOST_CONTAINED;
}

int on_host_look(const struct compiled *compiled, const char *root, struct diagnostics *diags,
		 struct scan **out_scan)
{
	const struct inventory_options options = {.root = root};
	const struct scan_options look = {.root = root, .quick = true, .examples = SCAN_EXAMPLES};
	struct inventory *inventory = NULL;
	int err;

	err = inventory_open(&options, &inventory);
	if (err < 0)
		return err;
	err = host_lint(compiled->policy, compiled->generation, inventory, diags, NULL);
	inventory_close(inventory);
	return err < 0 ? err : scan_run(&look, compiled->generation, compiled->catalog, out_scan);
}

/* ---------------------------------------------------------------- people */

/* "path 1a2b3c4d" of vendor/product/path/1a2b3c4d. */
static const char *end_of_id(const struct generation_rule *rule)
{
	const char *id = rule->id, *slash = strchr(id, '/');

	slash = slash ? strchr(slash + 1, '/') : NULL;
	return slash ? slash + 1 : id;
}

static void add_row(struct table *table, const struct scan *scan,
		    const struct scan_finding *finding)
{
	const struct generation_rule *rule = finding->rule;
	const char *what = finding->example_count ? finding->examples[0].what : "";
	AUTO_FREE char *safe = text_safe(what, strlen(what));
	char who[160], found[32];
	const char *cells[] = {on_host_word(on_host_outcome(scan, finding)), who, end_of_id(rule),
			       found, safe ? safe : ""};

	snprintf(who, sizeof(who), "%s/%s", rule->vendor, rule->product);
	snprintf(found, sizeof(found), "%llu", finding->count);
	(void)table_row(table, cells);
}

void on_host_print(const struct scan *scan, FILE *out)
{
	static const char *const heads[] = {"would be", "product", "rule", "hits",
					    "the first of them"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	size_t rows[ON_HOST_MAX] = {0}, all = 0;

	for (unsigned outcome = 0; outcome < ON_HOST_NOTHING; outcome++) {
		for (size_t i = 0; i < scan->count; i++) {
			if (on_host_outcome(scan, &scan->findings[i]) != outcome)
				continue;
			add_row(table, scan, &scan->findings[i]);
			rows[outcome]++;
			all++;
		}
	}
	fprintf(out, "\non this host now: ");
	if (all)
		fprintf(out,
			"%zu rules that refuse, %zu that contain, %zu that record, %zu allowed, "
			"%zu not enforced yet\n",
			rows[ON_HOST_REFUSED], rows[ON_HOST_CONTAINED], rows[ON_HOST_RECORDED],
			rows[ON_HOST_ALLOWED], rows[ON_HOST_NOT_ENFORCED]);
	else
		fprintf(out, "no rule hits anything\n");
	if (all)
		table_print(table, out);
	table_free(table);
	if (!scan_is_complete(scan))
		fprintf(out,
			"Not everything could be looked at; embargo scan --policy tells what.\n");
}

/* ---------------------------------------------------------------- programs */

static json_t *finding_json(const struct scan *scan, const struct scan_finding *finding)
{
	const char *what = finding->example_count ? finding->examples[0].what : "";
	bool escaped = false;

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "outcome",
			 on_host_word(on_host_outcome(scan, finding)), "rule", finding->rule->id,
			 "matcher", matcher_word(finding->rule->matcher), "source",
			 inventory_source_word(finding->source), "count",
			 (json_int_t)finding->count, "first",
			 record_text(what, strlen(what), &escaped));
}

json_t *on_host_json(const struct scan *scan)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < scan->count; i++)
		if (on_host_outcome(scan, &scan->findings[i]) != ON_HOST_NOTHING &&
		    json_array_append_new(list, finding_json(scan, &scan->findings[i])))
			return NULL;
	return json_pack("{s:b, s:O}", "complete", scan_is_complete(scan), "hits", list);
}
