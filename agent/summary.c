/* SPDX-License-Identifier: MIT */
/*
 * summary.c - counts rules by what they do on this host now, with the same pure function that the
 * kernel programs use.
 */
#include "summary.h"
#include "clean.h"
#include "exceptions.h"
#include "record.h"

#include "../policy/policy.h"
#include <string.h>

static const char *const stat_words[] = {
	[STAT_DECIDED] = "decided",         [STAT_OUT_OF_SCOPE] = "out_of_scope",
	[STAT_REFUSED] = "refused",         [STAT_WOULD_REFUSE] = "would_refuse",
	[STAT_LET_THROUGH] = "let_through", [STAT_UNDECIDED] = "undecided",
	[STAT_FOLDED] = "folded",           [STAT_LOST_FULL] = "lost_ring_full",
	[STAT_HASHED] = "hashed",           [STAT_UNHASHED] = "unhashed",
	[STAT_UNLEARNED] = "unlearned",     [STAT_HASH_FAILED] = "hash_failed",
	[STAT_ANSWERS] = "answers",	    [STAT_UNREADABLE] = "unreadable",
	[STAT_CONTAINED] = "contained",	    [STAT_UNENDED] = "unended",
};
_Static_assert(ARRAY_LENGTH(stat_words) == STAT_MAX, "a word for each counter");

bool summary_is_paused(const struct summary_pauses *pauses, __u64 vendor, __u64 now_boot_ns)
{
	for (int i = 0; pauses && i < pauses->count; i++)
		if ((pauses->vendors[i] == vendor || pauses->vendors[i] == PAUSE_EVERYTHING) &&
		    pauses->list[i].until_boot_ns > now_boot_ns)
			return true;
	return false;
}

/* Take @value in any case. */
static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static int add_one(json_t *object, const char *key)
{
	return set(object, key, json_integer(json_integer_value(json_object_get(object, key)) + 1));
}

json_t *summary_rules(const struct summary *in)
{
	const struct generation *generation = in->generation;
	size_t modes[MODE_MAX] = {0}, held[HELD_BY_MAX] = {0}, allows = 0;
	json_t *held_by = json_object();

	for (size_t i = 0; generation && i < generation->rule_count; i++) {
		const struct generation_rule *rule = &generation->rules[i];
		struct mode_inputs inputs = {
			.target = rule->target,
			.target_held_by = rule->target_held_by,
			.capped = in->audit_only,
			.paused = summary_is_paused(in->pauses,
						    name_hash(rule->vendor, strlen(rule->vendor)),
						    in->now_boot_ns),
			.requirement_unmet =
				in->requirements && !requirements_met(in->requirements),
		};
		struct effective_mode effective = mode_effective(&inputs);

		if (rule->action == ACTION_ALLOW) {
			allows++;
			continue;
		}
		modes[effective.mode]++;
		held[effective.held_by]++;
	}
	for (unsigned i = HELD_BY_NOTHING + 1; i < HELD_BY_MAX; i++)
		if (held[i] && set(held_by, held_by_word(i), json_integer(held[i]))) {
			json_decref(held_by);
			return NULL;
		}
	return json_pack("{s:I, s:I, s:I, s:o}", "enforce", (json_int_t)modes[MODE_ENFORCE],
			 "audit", (json_int_t)modes[MODE_AUDIT], "allow", (json_int_t)allows,
			 "held_by", held_by);
}

static json_t *find_group(json_t *groups, const char *matcher, const char *why)
{
	json_t *group;
	size_t i;

	json_array_foreach (groups, i, group)
		if (!strcmp(json_string_value(json_object_get(group, "matcher")), matcher) &&
		    !strcmp(json_string_value(json_object_get(group, "why")), why))
			return group;
	return NULL;
}

json_t *summary_unenforced(const struct generation *generation)
{
	AUTO_JSON json_t *groups = json_array();

	for (size_t i = 0; generation && i < generation->unenforced_count; i++) {
		const struct generation_rule *one = &generation->unenforced[i];
		const char *matcher = matcher_word(one->matcher);
		json_t *group;

		if (matcher_is_finding(one->matcher) || one->action == ACTION_ALLOW)
			continue;
		if (!matcher)
			matcher = "unknown";
		group = find_group(groups, matcher, one->why);
		if (!group) {
			group = json_pack("{s:s, s:s, s:i}", "matcher", matcher, "why", one->why,
					  "count", 0);
			if (json_array_append_new(groups, group))
				return NULL;
		}
		if (add_one(group, "count"))
			return NULL;
	}
	return take_ptr(groups);
}

static int count_vendor(json_t *by_id, const char *id, const char *name, const char *key)
{
	json_t *vendor = json_object_get(by_id, id);

	if (!vendor) {
		vendor = json_pack("{s:s, s:s, s:i, s:i}", "id", id, "name", name ? name : id,
				   "rules", 0, "unenforced", 0);
		if (set(by_id, id, vendor))
			return -1;
	}
	return add_one(vendor, key);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of an object as an array, by their keys; NULL without memory. */
static json_t *sorted_members(json_t *object)
{
	AUTO_JSON json_t *list = json_array();
	const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
	size_t count = 0;
	bool failed = !keys;
	const char *key;
	json_t *value;

	if (keys)
		json_object_foreach (object, key, value)
			keys[count++] = key;
	if (count)
		qsort(keys, count, sizeof(*keys), compare_words);
	for (size_t i = 0; i < count; i++)
		failed |= json_array_append(list, json_object_get(object, keys[i])) != 0;
	free(keys);
	return failed ? NULL : take_ptr(list);
}

json_t *summary_vendors(const struct generation *generation)
{
	AUTO_JSON json_t *by_id = json_object();

	for (size_t i = 0; generation && i < generation->rule_count; i++) {
		const struct generation_rule *rule = &generation->rules[i];

		if (rule->action != ACTION_ALLOW &&
		    count_vendor(by_id, rule->vendor, rule->vendor_name, "rules"))
			return NULL;
	}
	for (size_t i = 0; generation && i < generation->unenforced_count; i++)
		if (!matcher_is_finding(generation->unenforced[i].matcher) &&
		    generation->unenforced[i].action != ACTION_ALLOW &&
		    count_vendor(by_id, generation->unenforced[i].vendor,
				 generation->unenforced[i].vendor_name, "unenforced"))
			return NULL;
	return sorted_members(by_id);
}

json_t *summary_hooks(const struct kernel_report *report)
{
	AUTO_JSON json_t *hooks = json_array();

	for (unsigned i = HOOK_NONE + 1; i < HOOK_MAX; i++) {
		const struct hook_report *hook = &report->hooks[i];
		const char *backend = backend_word(hook->backend);
		json_t *one;

		if (hook->hook == HOOK_NONE)
			continue;
		one = json_pack(
			"{s:s, s:s, s:b, s:s, s:s, s:s, s:I}", "hook", hook_word(hook->hook),
			"backend", hook->backend && backend ? backend : "none", "attached",
			hook->attached, "achieves", hook->achieves, "why", hook->why, "more",
			hook->more, "recursion_misses", (json_int_t)hook->recursion_misses);
		if (json_array_append_new(hooks, one))
			return NULL;
	}
	return take_ptr(hooks);
}

static json_t *part_counters(const struct summary *in)
{
	AUTO_JSON json_t *counters = json_object();

	for (unsigned hook = HOOK_NONE + 1; hook < HOOK_MAX; hook++) {
		json_t *one;

		if (!in->report || in->report->hooks[hook].hook == HOOK_NONE)
			continue;
		one = json_object();
		if (set(counters, hook_word(hook), one))
			return NULL;
		for (unsigned i = 0; i < STAT_MAX; i++)
			if (set(one, stat_words[i], json_integer(in->stats->count[hook][i])))
				return NULL;
	}
	return take_ptr(counters);
}

/* A pause knows the hash of the vendor's id only. */
static const char *vendor_of(const struct generation *generation, __u64 key)
{
	for (size_t i = 0; generation && i < generation->rule_count; i++)
		if (name_hash(generation->rules[i].vendor, strlen(generation->rules[i].vendor)) ==
		    key)
			return generation->rules[i].vendor;
	return NULL;
}

static json_t *part_pauses(const struct summary *in)
{
	AUTO_JSON json_t *list = json_array();

	for (int i = 0; i < in->pauses->count; i++) {
		const struct pause *pause = &in->pauses->list[i];
		const char *vendor = vendor_of(in->generation, in->pauses->vendors[i]);
		char since[RECORD_TIME_BYTES], until[RECORD_TIME_BYTES];
		bool escaped = false;
		json_t *one;

		if (pause->until_boot_ns <= in->now_boot_ns)
			continue;
		if (in->pauses->vendors[i] == PAUSE_EVERYTHING)
			vendor = "*";
		record_time(pause->since_boot_ns + in->boot_to_real_ns, since);
		record_time(pause->until_boot_ns + in->boot_to_real_ns, until);
		one = json_pack("{s:s, s:s, s:s, s:I, s:o}", "vendor", vendor ? vendor : "unknown",
				"since", since, "until", until, "uid", (json_int_t)pause->uid,
				"reason",
				record_text(pause->reason,
					    strnlen(pause->reason, PAUSE_REASON_BYTES), &escaped));
		if (json_array_append_new(list, one))
			return NULL;
	}
	return take_ptr(list);
}

static int put_load(json_t *state, const struct summary *in)
{
	const struct kernel_report *report = in->report;
	char since[RECORD_TIME_BYTES];

	if (set(state, "hooks", summary_hooks(report)) ||
	    set(state, "kernel", json_string(report->release)) ||
	    set(state, "set", json_sprintf("%016llx", (unsigned long long)report->set)) ||
	    set(state, "memory_bytes", json_integer(report->memory_bytes)))
		return -1;
	if (!report->attached_boot_ns)
		return 0;
	record_time(report->attached_boot_ns + in->boot_to_real_ns, since);
	return set(state, "attached_since", json_string(since));
}

json_t *summary_state(const struct summary *in)
{
	AUTO_JSON json_t *state = json_object();

	if (set(state, "audit_only", json_boolean(in->audit_only)) ||
	    (in->within && set(state, "within", json_string(in->within))) ||
	    set(state, "rules", summary_rules(in)) ||
	    set(state, "unenforced", summary_unenforced(in->generation)) ||
	    set(state, "exceptions",
		exceptions_list(in->generation,
				(__s64)(in->now_boot_ns + in->boot_to_real_ns) / 1000000000)))
		return NULL;
	if (in->requirements && set(state, "requires", requirements_json(in->requirements)))
		return NULL;
	if (in->report && put_load(state, in))
		return NULL;
	if (in->stats && set(state, "counters", part_counters(in)))
		return NULL;
	if (in->pauses && set(state, "pauses", part_pauses(in)))
		return NULL;
	return take_ptr(state);
}
