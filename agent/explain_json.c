/* SPDX-License-Identifier: MIT */
/*
 * explain_json.c - the JSON half of explain_words.h
 */
#include "explain_words.h"
#include "clean.h"
#include "cmd_policy.h"

#include <string.h>

static json_t *take_text(char *text)
{
	json_t *json = text ? policy_text_json(text) : NULL;

	free(text);
	return json;
}

static json_t *sources_json(const struct origin *origin)
{
	const struct yaml_node *one = origin->fact ? origin->fact->sources : NULL;
	AUTO_JSON json_t *list = json_array();

	if (!one && origin->product)
		one = origin->product->sources.first;
	for (; one; one = one->next)
		if (json_array_append_new(list, policy_text_json(one->text)))
			return NULL;
	return take_ptr(list);
}

static json_t *place_json(const char *file, unsigned line)
{
	return json_pack("{s:o, s:i}", "file", policy_text_json(file), "line", (int)line);
}

/* The line of the policy: which sort of line, and how it reaches the rule. */
static json_t *line_json(const struct origin *origin)
{
	const struct policy_line *line = origin->line;

	if (!line)
		return json_null();
	return json_pack("{s:o, s:i, s:o, s:o, s:b, s:o}", "file",
			 policy_text_json(origin->place.file), "line", (int)origin->place.line,
			 "vendor", policy_text_json(line->vendor.text), "name",
			 policy_text_json(line->name.text), "subsidiaries", line->subsidiaries,
			 "words", take_text(words_origin(origin)));
}

static json_t *exception_json(const struct origin *origin)
{
	const struct policy_allow *allow = origin->allow;

	if (!allow)
		return json_null();
	return json_pack("{s:o, s:i, s:o, s:o, s:o, s:o}", "file",
			 policy_text_json(origin->place.file), "line", (int)origin->place.line,
			 "product", policy_text_json(allow->product.text), "reason",
			 policy_text_json(allow->reason.text), "until",
			 allow->until_s ? policy_text_json(allow->until.text) : json_null(),
			 "words", take_text(words_origin(origin)));
}

json_t *explain_origin_json(const struct policy *policy, const struct origin *origin)
{
	const struct generation_rule *rule = origin->rule;
	const struct product *product = origin->product;
	bool allow;

	if (!rule)
		return json_null();
	allow = rule->action == ACTION_ALLOW;
	return json_pack(
		"{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:b, s:b, s:o}",
		"id", rule->id, "matcher", matcher_word(rule->matcher), "value",
		policy_text_json(rule->value), "action", action_word(rule->action), "mode",
		allow ? json_null() : json_string(mode_word(rule->target)), "held_by",
		rule->target_held_by ? json_string(held_by_word(rule->target_held_by))
				     : json_null(),
		"mode_words", allow ? json_null() : take_text(words_mode(policy, origin)), "vendor",
		rule->vendor, "vendor_name", policy_text_json(rule->vendor_name), "product",
		policy_text_json(product ? product->id.text : NULL), "class",
		policy_text_json(product ? product_class_word(product->class) : NULL), "confidence",
		confidence_word(rule->confidence), "fact", place_json(rule->file, rule->line),
		"sources", sources_json(origin), "enforced", origin->enforced, "strict",
		rule->strict, "reached", allow ? exception_json(origin) : line_json(origin));
}

json_t *explain_product_json(const struct policy *policy, const struct explained_product *one)
{
	const struct product *product = one->product;

	return json_pack("{s:s, s:s, s:o, s:s, s:b, s:o, s:b, s:I, s:I, s:I, s:I, s:I}", "vendor",
			 product->vendor->id.text, "product", product->id.text, "name",
			 policy_text_json(product->name.text), "class",
			 product_class_word(product->class), "reached", one->reach != NULL, "words",
			 one->reach ? take_text(words_reach(one->reach)) : json_null(), "allowed",
			 one->allow != NULL, "enforce", (json_int_t)one->enforce, "audit",
			 (json_int_t)one->audit, "held_by_confidence", (json_int_t)one->weak,
			 "not_enforced", (json_int_t)one->listed, "finding",
			 (json_int_t)one->finding);
}
