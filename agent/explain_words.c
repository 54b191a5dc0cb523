/* SPDX-License-Identifier: MIT */
/*
 * explain_words.c - see explain_words.h
 */
#include "explain_words.h"
#include "clean.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

__attribute__((format(printf, 1, 2))) static char *words(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

/* "Wiz (wiz) is a subsidiary of Alphabet Inc. (alphabet)", and so on up to the one that the line names. */
static char *chain(const struct vendor *vendor, const char *top)
{
	char *text = NULL, *longer;

	for (; vendor->parent && strcmp(vendor->id.text, top); vendor = vendor->parent) {
		if (text)
			longer = words("%s, and that one of %s (%s)", text,
				       vendor->parent->name.text, vendor->parent->id.text);
		else
			longer = words("%s (%s) is a subsidiary of %s (%s)", vendor->name.text,
				       vendor->id.text, vendor->parent->name.text,
				       vendor->parent->id.text);
		free(text);
		if (!longer)
			return NULL;
		text = longer;
	}
	return text ? text : strdup("");
}

char *words_reach(const struct reach *reach)
{
	const struct policy_line *line = reach->line;
	AUTO_FREE char *companies = NULL;

	if (!reach->rank)
		return words("%s:%u: the line of '%s' names the product '%s'", reach->place.file,
			     reach->place.line, line->vendor.text, reach->product->id.text);
	if (reach->rank == 1)
		return words("%s:%u: the line of '%s' means its commercial and legacy products",
			     reach->place.file, reach->place.line, line->vendor.text);
	companies = chain(reach->product->vendor, line->vendor.text);
	if (!companies)
		return NULL;
	return words("%s:%u: through the subsidiaries of '%s': %s", reach->place.file,
		     reach->place.line, line->vendor.text, companies);
}

char *words_origin(const struct origin *origin)
{
	if (origin->allow && origin->allow->product.text)
		return words("%s:%u: an entry of 'allow' for the product '%s'", origin->place.file,
			     origin->place.line, origin->allow->product.text);
	if (origin->allow)
		return words("%s:%u: an entry of 'allow'", origin->place.file, origin->place.line);
	if (!origin->line)
		return strdup("not known");
	if (origin->line->vendor.text)
		return words_reach(&(struct reach){origin->product, origin->line, origin->place,
						   origin->rank});
	return words("%s:%u: the line '%s' has it %s", origin->place.file, origin->place.line,
		     origin->line->name.text, origin->fact ? "in place" : "in a list");
}

char *words_mode(const struct policy *policy, const struct origin *origin)
{
	const struct generation_rule *rule = origin->rule;
	const char *mode = mode_word(rule->target);
	const char *who = origin->line && origin->line->mode ? "its line" : "the policy";

	if (rule->target_held_by == HELD_BY_CONFIDENCE)
		return words("%s: the fact is %s, and the policy's min-confidence is %s", mode,
			     confidence_word(rule->confidence),
			     confidence_word(policy->min_confidence));
	return words("%s: %s says so", mode, who);
}

char *words_product(const struct product *product)
{
	return words("%s (%s, %s) of %s (%s)", product->name.text, product->id.text,
		     product_class_word(product->class), product->vendor->name.text,
		     product->vendor->id.text);
}

char *words_fact(const struct origin *origin)
{
	const struct generation_rule *rule = origin->rule;

	return words("%s:%u, %s", rule->file, rule->line, confidence_word(rule->confidence));
}

char *words_sources(const struct origin *origin)
{
	const struct yaml_node *one = origin->fact ? origin->fact->sources : NULL;
	char *text = NULL, *longer;

	if (!one && origin->product)
		one = origin->product->sources.first;
	for (; one; one = one->next) {
		longer = words("%s%s%s", text ?: "", text ? "; " : "", one->text);
		free(text);
		if (!longer)
			return NULL;
		text = longer;
	}
	return text ? text : strdup("");
}

char *words_until(__u64 until_s, __s64 now_s)
{
	time_t last = (time_t)(until_s - DAY_S);
	char day[32] = "";
	struct tm utc;

	if (!until_s)
		return strdup("for ever");
	if (gmtime_r(&last, &utc))
		(void)strftime(day, sizeof(day), "%Y-%m-%d", &utc); /* long enough */
	return words("until %s%s", day, now_s >= (__s64)until_s ? "; it is over" : "");
}
