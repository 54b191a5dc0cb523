/* SPDX-License-Identifier: MIT */
/*
 * explain_vendor.c - what a policy means by a vendor, a product or a line: what it reaches, and what not.
 */
#include "explain.h"
#include "clean.h"
#include "table.h"

#include <string.h>

#define MATCHERS_SHOWN 20 /* without --all */

/* ---------------------------------------------------------------- a vendor */

/* The vendor itself first, then those below it. */
static bool is_meant(const struct explain *explain, const struct vendor *vendor, unsigned pass)
{
	bool itself = vendor == explain->question.vendor;

	return pass ? !itself && vendor_distance(vendor, explain->question.vendor) : itself;
}

static char *verdict_words(const struct explain *explain, const struct explained_product *one)
{
	const struct policy_line *line = one->reach ? one->reach->line : NULL;
	unsigned mode;
	char *text;

	if (!line)
		return asprintf(&text, "not reached: %s",
				explain_not_reached(explain, one->product)) < 0
			       ? NULL
			       : text;
	mode = line->mode ? line->mode : explain->policy->mode;
	if (asprintf(&text, "%s%s%s", mode_word(mode),
		     one->weak && mode == MODE_ENFORCE ? ", weak facts audit" : "",
		     one->allow ? "; allowed by an exception" : "") < 0)
		return NULL;
	return text;
}

static void add_product(const struct explain *explain, struct table *table,
			const struct product *product)
{
	struct explained_product one = explain_product(explain->policy, product);
	AUTO_FREE char *verdict = verdict_words(explain, &one), *name = NULL;
	bool own = product->vendor == explain->question.vendor;
	char rules[24], listed[24], finding[24];
	const char *cells[] = {NULL,   product_class_word(product->class), verdict, rules, listed,
			       finding};

	if (asprintf(&name, "%s%s%s", own ? "" : product->vendor->id.text, own ? "" : "/",
		     product->id.text) < 0)
		name = NULL;
	cells[0] = name;
	snprintf(rules, sizeof(rules), "%zu", one.enforce + one.audit);
	snprintf(listed, sizeof(listed), "%zu", one.listed);
	snprintf(finding, sizeof(finding), "%zu", one.finding);
	(void)table_row(table, cells); /* without memory a row is missing */
}

/* The line that decides about a product is the first one of it. */
static bool decides(const struct policy *policy, size_t at)
{
	return !at || policy->reached[at].product != policy->reached[at - 1].product;
}

/* Products that a line names, in one sentence. Return: how many. */
static size_t named_products(const struct explain *explain, const struct policy_line *line,
			     FILE *out)
{
	const struct policy *policy = explain->policy;
	size_t count = 0;

	for (size_t i = 0; i < policy->reached_count; i++) {
		const struct reach *one = &policy->reached[i];

		if (one->line != line || one->rank || !decides(policy, i))
			continue;
		fprintf(out, "%s'%s'", count++ ? ", " : "", one->product->id.text);
	}
	return count;
}

static size_t print_named(const struct explain *explain, const struct policy_line *line,
			  const char *label)
{
	AUTO_FREE char *products = NULL;
	AUTO_FREE char *text = NULL;
	size_t bytes, count;
	FILE *out = open_memstream(&products, &bytes);

	if (!out)
		return 0;
	count = named_products(explain, line, out);
	if (fclose(out) || !count ||
	    asprintf(&text, "%s:%u: the line of '%s' names %s", line->vendor.place.file,
		     line->vendor.place.line, line->vendor.text, products) < 0)
		return 0;
	explain_label(label, text);
	return count;
}

/* Each line once for each vendor, however many products it reaches. */
static void print_reaches(const struct explain *explain)
{
	const struct policy *policy = explain->policy;
	size_t found = 0;

	for (const struct policy_line *line = policy->lines; line; line = line->next) {
		const struct vendor *last = NULL;

		for (size_t i = 0; i < policy->reached_count; i++) {
			const struct reach *one = &policy->reached[i];
			const struct vendor *vendor = one->product->vendor;

			if (one->line != line || !decides(policy, i) || vendor == last ||
			    !(is_meant(explain, vendor, 0) || is_meant(explain, vendor, 1)))
				continue;
			if (one->rank)
				explain_words(found++ ? "" : "reached", words_reach(one));
			else
				found += print_named(explain, line, found ? "" : "reached");
			last = vendor;
		}
	}
	if (!found)
		explain_label("reached", "no line of the policy means it");
}

static void print_texts(const char *label, const struct field_texts *texts)
{
	const struct yaml_node *one = texts->first;

	for (size_t i = 0; i < texts->count; i++, one = one->next)
		explain_label(i ? "" : label, one->text);
}

int explain_print_vendor(const struct explain *explain)
{
	static const char *const heads[] = {"product", "class",        "what the policy does",
					    "rules",   "not enforced", "for finding"};
	const struct catalog *catalog = explain->policy->catalog;
	const struct vendor *vendor = explain->question.vendor;
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	size_t products = 0;

	printf("%s (%s)%s%s\n\n", vendor->name.text, vendor->id.text,
	       vendor->country.text ? ", " : "", vendor->country.text ?: "");
	print_texts("known as", &vendor->aliases);
	if (vendor->parent)
		explain_label("belongs to", vendor->parent->name.text);
	print_reaches(explain);
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < catalog->count; i++) {
			if (!is_meant(explain, catalog->vendors[i], pass))
				continue;
			for (const struct product *one = catalog->vendors[i]->products; one;
			     one = one->next, products++)
				add_product(explain, table, one);
		}
	}
	putchar('\n');
	if (products)
		table_print(table, stdout);
	else
		printf("The catalogue knows no product of it.\n");
	table_free(table);
	if (vendor->caveats.count)
		putchar('\n');
	print_texts("caveats", &vendor->caveats);
	return COMMAND_GOOD;
}

static json_t *texts_json(const struct field_texts *texts)
{
	const struct yaml_node *one = texts->first;
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < texts->count; i++, one = one->next)
		if (json_array_append_new(list, policy_text_json(one->text)))
			return NULL;
	return take_ptr(list);
}

json_t *explain_vendor_json(const struct explain *explain)
{
	const struct catalog *catalog = explain->policy->catalog;
	const struct vendor *vendor = explain->question.vendor;
	AUTO_JSON json_t *products = json_array();

	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < catalog->count; i++) {
			if (!is_meant(explain, catalog->vendors[i], pass))
				continue;
			for (const struct product *one = catalog->vendors[i]->products; one;
			     one = one->next) {
				struct explained_product explained =
					explain_product(explain->policy, one);

				if (json_array_append_new(
					    products,
					    explain_product_json(explain->policy, &explained)))
					return NULL;
			}
		}
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:O, s:o}", "vendor", vendor->id.text, "name",
			 policy_text_json(vendor->name.text), "parent",
			 policy_text_json(vendor->parent ? vendor->parent->id.text : NULL),
			 "aliases", texts_json(&vendor->aliases), "products", products, "caveats",
			 texts_json(&vendor->caveats));
}

/* ---------------------------------------------------------------- a product, a line */

/* Is it a rule of what the question is about? */
static bool is_asked(const struct explain *explain, const struct generation_rule *rule)
{
	const struct question *question = &explain->question;

	if (rule->action == ACTION_ALLOW)
		return false;
	if (question->kind == QUESTION_LINE)
		return !strcmp(rule->vendor, question->line->name.text);
	return !strcmp(rule->vendor, question->vendor->id.text) &&
	       !strcmp(rule->product, question->product->id.text);
}

static const struct generation_rule *rule_at(const struct generation *generation, size_t at)
{
	return at < generation->rule_count ? &generation->rules[at]
					   : &generation->unenforced[at - generation->rule_count];
}

static void print_matchers(const struct explain *explain)
{
	static const char *const heads[] = {"kind", "matcher", "confidence",
					    "what the policy does"};
	const struct generation *generation = explain->generation;
	size_t count = generation->rule_count + generation->unenforced_count, found = 0;
	size_t limit = explain->arguments->all ? count : MATCHERS_SHOWN;
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);

	for (size_t i = 0; i < count; i++) {
		const struct generation_rule *rule = rule_at(generation, i);
		const char *what = match_is_enforced(generation, rule) ? mode_word(rule->target)
				   : *rule->why                        ? rule->why
								       : "for finding only";
		const char *cells[] = {matcher_word(rule->matcher), rule->value,
				       confidence_word(rule->confidence), what};

		if (is_asked(explain, rule) && found++ < limit)
			(void)table_row(table, cells); /* without memory a row is missing */
	}
	putchar('\n');
	if (found)
		table_print(table, stdout);
	else
		printf("The policy makes no rule of it.\n");
	if (found > limit)
		printf("... and %zu more; --all lists them\n", found - limit);
	table_free(table);
}

int explain_print_product(const struct explain *explain)
{
	const struct product *product = explain->question.product;
	struct explained_product one = explain_product(explain->policy, product);

	explain_words("product", words_product(product));
	if (product->note.text)
		explain_label("note", product->note.text);
	if (one.reach)
		explain_words("reached", words_reach(one.reach));
	else
		explain_words("reached", explain_no(explain_not_reached(explain, product)));
	if (one.allow) {
		explain_label("allowed", one.allow->reason.text);
		explain_words("holds", words_until(one.allow->until_s, explain->work.host.now_s));
	}
	if (one.reach)
		print_matchers(explain);
	return COMMAND_GOOD;
}

int explain_print_line(const struct explain *explain)
{
	const struct policy_line *line = explain->question.line;
	AUTO_FREE char *text = NULL;

	if (asprintf(&text, "%s:%u: '%s', with matchers in place", line->name.place.file,
		     line->name.place.line, line->name.text) < 0)
		return COMMAND_FAILED;
	explain_label("line", text);
	print_matchers(explain);
	return COMMAND_GOOD;
}

json_t *explain_matchers_json(const struct explain *explain)
{
	const struct generation *generation = explain->generation;
	size_t count = generation->rule_count + generation->unenforced_count;
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		struct origin origin;

		if (!is_asked(explain, rule_at(generation, i)))
			continue;
		origin = origin_find(explain->policy, generation, rule_at(generation, i));
		if (json_array_append_new(list, explain_origin_json(explain->policy, &origin)))
			return NULL;
	}
	return take_ptr(list);
}
