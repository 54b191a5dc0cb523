/* SPDX-License-Identifier: MIT */
/*
 * diff_json.c - the difference of two policies for programs.
 */
#include "diff_output.h"
#include "clean.h"
#include "cmd_policy.h"

/* @size: of the file of a digest; 0: not said, or another kind */
static json_t *rule_json(const struct generation_rule *rule, bool enforced, __u64 size)
{
	if (!rule)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:b, s:o}", "action",
			 action_word(rule->action), "mode", mode_word(rule->target), "held_by",
			 rule->target_held_by ? json_string(held_by_word(rule->target_held_by))
					      : json_null(),
			 "confidence", confidence_word(rule->confidence), "enforced", enforced,
			 "until",
			 rule->until_s ? json_integer((json_int_t)rule->until_s) : json_null(),
			 "reason", policy_text_json(rule->reason), "strict", rule->strict, "size",
			 size ? json_integer((json_int_t)size) : json_null());
}

static json_t *rules_json(const struct policy_diff *changes)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < changes->rule_count; i++) {
		const struct diff_rule *rule = &changes->rules[i];
		const struct generation_rule *one = diff_rule_of(rule);
		json_t *item = json_pack(
			"{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "change",
			!rule->before  ? "added"
			: !rule->after ? "removed"
				       : "changed",
			"id", one->id, "matcher", matcher_word(one->matcher), "value",
			policy_text_json(one->value), "vendor", one->vendor, "product",
			one->product, "before",
			rule_json(rule->before, rule->before_enforced, rule->before_size), "after",
			rule_json(rule->after, rule->after_enforced, rule->after_size));

		if (json_array_append_new(list, item))
			return NULL;
	}
	return take_ptr(list);
}

static json_t *settings_json(const struct policy_diff *changes)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < changes->setting_count; i++) {
		const struct diff_setting *one = &changes->settings[i];
		json_t *item = json_pack("{s:s, s:o, s:o}", "setting", setting_word(one->setting),
					 "before", policy_text_json(one->before), "after",
					 policy_text_json(one->after));

		if (json_array_append_new(list, item))
			return NULL;
	}
	return take_ptr(list);
}

static json_t *count_json(const struct diff_count *count)
{
	return json_pack("{s:I, s:I, s:I}", "added", (json_int_t)count->added, "removed",
			 (json_int_t)count->removed, "changed", (json_int_t)count->changed);
}

static json_t *on_host_changes_json(const struct on_host_changes *changes)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < changes->count; i++) {
		const struct on_host_change *one = &changes->list[i];
		json_t *item = json_pack("{s:o, s:I, s:b, s:s, s:s, s:s}", "what",
					 policy_text_json(one->what), "count",
					 (json_int_t)one->count, "live", one->live, "before",
					 one->before, "after", one->after, "rule", one->rule);

		if (json_array_append_new(list, item))
			return NULL;
	}
	return json_pack("{s:b, s:O}", "complete", changes->complete, "changes", list);
}

json_t *diff_json(const struct policy_diff *changes, const struct on_host_changes *host)
{
	AUTO_JSON json_t *object = json_pack(
		"{s:b, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:I}}", "equal", policy_diff_empty(changes),
		"settings", settings_json(changes), "rules", rules_json(changes), "summary",
		"rules", count_json(&changes->enforced), "not_enforced",
		count_json(&changes->listed), "finding", count_json(&changes->finding),
		"exceptions", count_json(&changes->exceptions), "same", (json_int_t)changes->same);

	if (object && host && json_object_set_new(object, "host", on_host_changes_json(host)))
		return NULL;
	return take_ptr(object);
}
