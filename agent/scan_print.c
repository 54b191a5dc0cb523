/* SPDX-License-Identifier: MIT */
/*
 * scan_print.c - what a scan found, for people: by vendor and product, one table each, and what was not looked at.
 */
#include "scan.h"
#include "clean.h"
#include "table.h"

#include "../policy/catalog.h"
#include <string.h>

#define FOUND_COLUMNS 56 /* what the other columns leave of TABLE_WIDTH */

/* What a row is called. Files that only show that a product is there are markers, not programs. */
static const char *kind_of(const struct scan_finding *finding)
{
	static const char *const words[INVENTORY_MAX] = {
		[INVENTORY_PACKAGES] = "package",       [INVENTORY_FILES] = "file",
		[INVENTORY_PROCESSES] = "process",      [INVENTORY_UNITS] = "unit",
		[INVENTORY_MODULES] = "module",         [INVENTORY_IMAGES] = "image",
		[INVENTORY_AUTOSTART] = "autostart",    [INVENTORY_REPOSITORIES] = "repository",
		[INVENTORY_CONNECTIONS] = "connection",
	};

	return finding->rule->matcher == MATCHER_MARKER ? "marker" : words[finding->source];
}

/* "path 1a2b3c4d": the end of the rule's id, which is vendor/product/kind/digits. */
static void rule_text(const struct generation_rule *rule, char *out_text, size_t room)
{
	const char *digits = strrchr(rule->id, '/');

	snprintf(out_text, room, "%s %s", matcher_word(rule->matcher),
		 digits ? digits + 1 : rule->id);
}

static const char *confidence_text(const struct generation_rule *rule)
{
	return rule->confidence == CONFIDENCE_UNVERIFIED ? "weak: unverified"
							 : confidence_word(rule->confidence);
}

/* Large numbers in groups of three. @out_text: 32 bytes */
static const char *count_text(unsigned long long count, char *out_text)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%llu", count), to = 0;

	for (int i = 0; i < length; i++) {
		if (i && !((length - i) % 3))
			out_text[to++] = ',';
		out_text[to++] = digits[i];
	}
	out_text[to] = 0;
	return out_text;
}

/* What is known of one example, and of the finding as a whole; owned by the caller. NULL without memory. */
static char *more_text(const struct scan *scan, const struct scan_finding *finding,
		       const struct scan_example *example, bool verbose)
{
	const struct generation_rule *also;
	const char *path = finding->source == INVENTORY_IMAGES ? "" : example->path;
	char *text = NULL, number[32];
	const char *separator = "";
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	if (*example->detail || *path) {
		fprintf(out, "%s%s%s", example->detail, *example->detail && *path ? ", " : "",
			path);
		separator = "; ";
	}
	if (finding->count > 1 && !verbose) {
		fprintf(out, "%sand %s more", separator, count_text(finding->count - 1, number));
		separator = "; ";
	}
	if (finding->layer) {
		fprintf(out, "%s%s", separator, finding->layer);
		separator = "; ";
	}
	for (size_t i = 0; (also = scan_also(scan, finding, i)); i++) {
		fprintf(out, "%salso of %s/%s", separator, also->vendor, also->product);
		separator = "; ";
	}
	if (finding->allow)
		fprintf(out, "%sallowed by the policy", separator);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* In one row if that is short enough, else what is known of it below. */
static void add_row(struct table *table, const struct scan_finding *finding, const char *what,
		    const char *more)
{
	AUTO_FREE char *text = NULL;
	bool fits = strlen(what) + strlen(more) + 3 <= FOUND_COLUMNS;
	char rule[96];
	const char *cells[] = {kind_of(finding), what, rule, confidence_text(finding->rule)};

	rule_text(finding->rule, rule, sizeof(rule));
	if (*more && asprintf(&text, fits ? "%2$s (%1$s)" : "%s", more, what) < 0)
		text = NULL;
	if (text && fits)
		cells[1] = text;
	(void)table_row(table, cells);
	if (text && !fits)
		(void)table_row(table, (const char *const[]){"", text, "", ""});
}

/* Many files of one rule: the rule, and the first of them. */
static void add_files(struct table *table, const struct scan *scan,
		      const struct scan_finding *finding)
{
	const struct scan_example example = {
		.what = "", .path = finding->examples[0].what, .detail = ""};
	AUTO_FREE char *more = more_text(scan, finding, &example, false);

	add_row(table, finding, finding->rule->value, more ? more : "");
}

static void add_finding(struct table *table, const struct scan *scan,
			const struct scan_finding *finding, bool verbose)
{
	size_t count = verbose ? finding->example_count : 1;

	if (finding->source == INVENTORY_FILES && finding->count > 1 && !verbose) {
		add_files(table, scan, finding);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *more = more_text(scan, finding, &finding->examples[i], verbose);

		add_row(table, finding, finding->examples[i].what, more ? more : "");
	}
}

/* ---------------------------------------------------------------- vendors and products */

static bool same_product(const struct scan_finding *one, const struct scan_finding *other)
{
	return !strcmp(one->rule->vendor, other->rule->vendor) &&
	       !strcmp(one->rule->product, other->rule->product);
}

static void print_product_line(const struct scan *scan, const struct generation_rule *rule,
			       FILE *out)
{
	const struct vendor *vendor = catalog_find(scan->catalog, rule->vendor);
	const struct product *product = vendor ? vendor_find_product(vendor, rule->product) : NULL;
	const char *class = scan_class(scan, rule);
	const char *id =
		strcmp(rule->product, "-") ? rule->product : "(matchers of the policy itself)";

	fprintf(out, "%s%s / %s%s", colour(out, COLOUR_STRONG), rule->vendor_name,
		product && product->name.text ? product->name.text : id, colour(out, COLOUR_PLAIN));
	fprintf(out, "  [%s/%s]\n", rule->vendor, rule->product);
	if (product && product->class != PRODUCT_CLASS_COMMERCIAL &&
	    product->class != PRODUCT_CLASS_LEGACY)
		fprintf(out, "%s%s: not part of a policy unless named%s\n",
			colour(out, COLOUR_WARN), class, colour(out, COLOUR_PLAIN));
}

/* Return: the index behind the last finding of this product. */
static size_t print_product(const struct scan *scan, size_t first, bool verbose, FILE *out)
{
	static const char *const heads[] = {"kind", "found", "by", "confidence"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	size_t i = first;

	print_product_line(scan, scan->findings[first].rule, out);
	for (; i < scan->count && same_product(&scan->findings[first], &scan->findings[i]); i++)
		add_finding(table, scan, &scan->findings[i], verbose);
	table_print(table, out);
	table_free(table);
	fputc('\n', out);
	return i;
}

/* ---------------------------------------------------------------- the end */

static void print_problems(const struct scan *scan, bool verbose, FILE *out)
{
	static const char *const heads[] = {"", "what", "how many", "where", "why"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	size_t rows = 0;

	for (size_t i = 0; i < scan->problem_count; i++) {
		const struct scan_problem *problem = &scan->problems[i];
		char number[32];
		const char *cells[] = {
			problem->gap == INVENTORY_MISSED ? "missed" : "left out",
			inventory_source_word(problem->source),
			count_text(problem->count, number),
			problem->path,
			problem->what,
		};

		if (problem->gap == INVENTORY_LEFT_OUT && !verbose)
			continue;
		(void)table_row(table, cells);
		rows++;
	}
	if (rows) {
		fputs("Not looked at:\n", out);
		table_print(table, out);
		fputc('\n', out);
	}
	table_free(table);
}

static void print_summary(const struct scan *scan, FILE *out)
{
	size_t findings = scan_findings(scan), vendors = 0, missed = 0, left_out = 0;
	char number[32];

	for (size_t i = 0; i < scan->count; i++)
		vendors += !i || strcmp(scan->findings[i].rule->vendor,
					scan->findings[i - 1].rule->vendor);
	for (size_t i = 0; i < scan->problem_count; i++)
		*(scan->problems[i].gap == INVENTORY_MISSED ? &missed : &left_out) += 1;
	if (findings)
		fprintf(out, "%zu finding%s of %zu vendor%s", findings, findings == 1 ? "" : "s",
			vendors, vendors == 1 ? "" : "s");
	else
		fputs(scan->count ? "Nothing found that the policy does not allow"
				  : "Nothing found",
		      out);
	if (scan->count > findings)
		fprintf(out, " (%zu more allowed)", scan->count - findings);
	fprintf(out, "; %s files looked at in %.1f s", count_text(scan->files, number),
		scan->seconds);
	fputs(".\n", out);
	if (missed)
		fprintf(out,
			"%sNot complete: %zu kind%s of things could not be looked at, see above.%s\n",
			colour(out, COLOUR_WARN), missed, missed == 1 ? "" : "s",
			colour(out, COLOUR_PLAIN));
	if (left_out)
		fprintf(out,
			"%zu kind%s of things were left out on purpose; --verbose tells which.\n",
			left_out, left_out == 1 ? "" : "s");
}

void scan_print(const struct scan *scan, bool verbose, FILE *out)
{
	for (size_t i = 0; i < scan->count;)
		i = print_product(scan, i, verbose, out);
	print_problems(scan, verbose, out);
	print_summary(scan, out);
}
