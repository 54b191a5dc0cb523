/* SPDX-License-Identifier: MIT */
/*
 * explain_thing.c - which rule decides about a path, an address or a name, and where it comes from.
 */
#include "explain.h"
#include "clean.h"
#include "table.h"

#include "../policy/settings.h"
#include <string.h>

#define LABEL_COLUMNS 12

void explain_label(const char *label, const char *text)
{
	(void)text_paragraph(stdout, label, LABEL_COLUMNS, text ? text : "out of memory");
}

/* Takes the text. */
void explain_words(const char *label, char *text)
{
	explain_label(label, text);
	free(text);
}

char *explain_no(const char *why)
{
	char *text;

	return asprintf(&text, "no: %s", why) < 0 ? NULL : text;
}

const char *explain_not_reached(const struct explain *explain, const struct product *product)
{
	const struct policy *policy = explain->policy;

	if (product->class == PRODUCT_CLASS_OPEN_SOURCE ||
	    product->class == PRODUCT_CLASS_DISTRIBUTION)
		return "only when a line names it";
	for (size_t i = 0; i < policy->reached_count; i++)
		if (policy->reached[i].product->vendor == product->vendor)
			return "other products are named";
	return "no line means its vendor";
}

/* ---------------------------------------------------------------- a rule */

/* @why: what stands against it besides the rule, or NULL */
static char *enforced_words(const struct origin *origin, const char *why)
{
	if (!why && origin->enforced)
		return strdup("yes");
	if (!why)
		why = *origin->rule->why ? origin->rule->why
					 : "it is for finding and reporting only";
	return explain_no(why);
}

static void print_rule(const struct explain *explain, const struct origin *origin, const char *why)
{
	const struct generation_rule *rule = origin->rule;
	AUTO_FREE char *matches = NULL, *sources = words_sources(origin);

	if (asprintf(&matches, "%s %s", matcher_word(rule->matcher), rule->value) < 0)
		matches = NULL;
	explain_label("rule", rule->id);
	explain_label("matches", matches);
	if (origin->product)
		explain_words("product", words_product(origin->product));
	explain_words("reached", words_origin(origin));
	if (origin->allow) {
		explain_label("reason", rule->reason);
		explain_words("holds", words_until(rule->until_s, explain->work.host.now_s));
	} else {
		explain_words("mode", words_mode(explain->policy, origin));
		if (rule->action == ACTION_CONTAIN)
			explain_label("action",
				      rule->matcher == MATCHER_MODULE
					      ? "contain: a module is let through"
					      : "contain: it runs, and reaches what is internal");
		if (rule->strict)
			explain_label("scripts",
				      "strict: also when an interpreter opens such a file");
		explain_words("fact", words_fact(origin));
	}
	if (!origin->allow && sources && *sources)
		explain_label("sources", sources);
	explain_words("enforced", enforced_words(origin, why));
}

static void print_rules(const struct explain *explain, const char *title, const struct origin *list,
			size_t count)
{
	static const char *const heads[] = {"rule", "matches", "mode"};
	struct table *table;

	if (!count)
		return;
	table = table_new(ARRAY_LENGTH(heads), heads);
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *mode = words_mode(explain->policy, &list[i]);
		const char *cells[] = {list[i].rule->id, list[i].rule->value, mode};

		(void)table_row(table, cells); /* without memory a row is missing */
	}
	printf("\n%s\n\n", title);
	table_print(table, stdout);
	table_free(table);
}

int explain_print_rule(const struct explain *explain)
{
	struct origin origin =
		origin_find(explain->policy, explain->generation, explain->question.rule);

	print_rule(explain, &origin, NULL);
	return COMMAND_GOOD;
}

/* ---------------------------------------------------------------- a thing */

static const char *headline(const struct explanation *explanation)
{
	static const char *const lines[OUTCOME_MAX] = {
		[OUTCOME_DENY] = "would be refused, and recorded",
		[OUTCOME_AUDIT] = "would go through, and be recorded: its rule is in audit",
		[OUTCOME_ALLOW] =
			"would go through, and be recorded: an exception wins over its rule",
		[OUTCOME_NONE] = "would go through: no rule matches, and nothing is recorded",
		[OUTCOME_NOT_ENFORCED] = "would go through: a rule matches",
		[OUTCOME_CONTAIN] =
			"would run, and be recorded; it and what it starts would reach the internal networks only",
		[OUTCOME_UNDECIDED] =
			"cannot be decided: its path is too deep. It would go through, and be counted",
	};

	if (explanation->answer.outcome == OUTCOME_NONE && explanation->rule.rule)
		return "would go through, and not be recorded: its rule contains what is executed";
	return lines[explanation->answer.outcome];
}

static char *thing_text(const struct thing *thing)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	thing_format(thing, out);
	return fclose(out) ? NULL : text;
}

/* What the answer holds for; printed once, below everything. */
static void print_condition(const char *what, const char *condition)
{
	AUTO_FREE char *sentence = NULL;

	if (!condition || !*condition || asprintf(&sentence, "%s: %s.", what, condition) < 0)
		return;
	putchar('\n');
	(void)text_paragraph(stdout, "", 0, sentence);
}

static void print_conditions(const struct explain *explain)
{
	AUTO_FREE char *scope = setting_text(explain->policy, SETTING_SCOPE);
	AUTO_FREE char *requires = setting_text(explain->policy, SETTING_REQUIRES);

	print_condition("Only within the policy's scope", scope);
	print_condition("Refused only where the policy's requirements are met", requires);
}

/* No rule, although the catalogue has a fact: that is what people ask about. */
static void print_known(const struct explain *explain)
{
	const struct explanation *explanation = &explain->explanation;
	const struct product *product = explanation->known;
	const struct fact *fact = explanation->known_fact;
	AUTO_FREE char *place = NULL;

	printf("\nThe catalogue knows it, but the policy does not mean it:\n\n");
	explain_words("product", words_product(product));
	explain_words("reached", explain_no(explain_not_reached(explain, product)));
	if (asprintf(&place, "%s:%u, %s: %s %s", fact->place.file, fact->place.line,
		     confidence_word(fact->confidence), matcher_word(fact->matcher),
		     fact->value) < 0)
		place = NULL;
	explain_label("fact", place);
}

int explain_print_thing(const struct explain *explain)
{
	const struct explanation *explanation = &explain->explanation;
	AUTO_FREE char *tried = thing_text(&explain->question.thing), *sentence = NULL;
	const char *why = explanation->answer.why;

	if (!tried || asprintf(&sentence, "%s %s%s%s.", tried, headline(explanation),
			       why ? ", but " : "", why ?: "") < 0)
		return COMMAND_FAILED;
	(void)text_paragraph(stdout, "", 0, sentence);
	if (explanation->rule.rule) {
		putchar('\n');
		print_rule(explain, &explanation->rule, why);
	}
	if (explanation->allow.rule) {
		printf("\n%s:\n\n",
		       explanation->answer.decision.let_through ? "The exception that wins"
		       : explanation->rule.rule                 ? "An exception that is over"
						: "An exception without a rule to win over");
		print_rule(explain, &explanation->allow, why);
	}
	print_rules(explain, "Other rules that match, less specifically:", explanation->others,
		    explanation->other_count);
	print_rules(explain,
		    "Rules for other ports or protocols of this address:", explanation->elsewhere,
		    explanation->elsewhere_count);
	if (explanation->contains)
		print_condition("Contained programs",
				explanation->internal ? "they reach it, it is internal"
						      : "they do not reach it, it is not internal");
	if (explanation->rule.rule)
		print_conditions(explain);
	if (explanation->known)
		print_known(explain);
	return COMMAND_GOOD;
}

static json_t *origins_json(const struct policy *policy, const struct origin *list, size_t count)
{
	AUTO_JSON json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(out, explain_origin_json(policy, &list[i])))
			return NULL;
	return take_ptr(out);
}

static json_t *known_json(const struct explain *explain)
{
	const struct product *product = explain->explanation.known;

	if (!product)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s}", "vendor", product->vendor->id.text, "product",
			 product->id.text, "class", product_class_word(product->class), "why",
			 explain_not_reached(explain, product));
}

json_t *explain_thing_json(const struct explain *explain)
{
	const struct explanation *explanation = &explain->explanation;
	const struct answer *answer = &explanation->answer;
	const struct policy *policy = explain->policy;
	AUTO_FREE char *tried = thing_text(&explain->question.thing);
	unsigned held_by = answer->outcome == OUTCOME_AUDIT ? answer->decision.held_by : 0;

	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "what",
			 policy_text_json(tried), "outcome", outcome_word(answer->outcome),
			 "held_by", held_by ? json_string(held_by_word(held_by)) : json_null(),
			 "why", policy_text_json(answer->why), "rule",
			 explain_origin_json(policy, &explanation->rule), "exception",
			 explain_origin_json(policy, &explanation->allow), "others",
			 origins_json(policy, explanation->others, explanation->other_count),
			 "other_ports",
			 origins_json(policy, explanation->elsewhere, explanation->elsewhere_count),
			 "known", known_json(explain), "internal",
			 explanation->contains ? json_boolean(explanation->internal) : json_null());
}
