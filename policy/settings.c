/* SPDX-License-Identifier: MIT */
/*
 * settings.c - see settings.h
 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *setting_word(unsigned setting)
{
	static const char *const words[] = {
		[SETTING_NAME] = "name",
		[SETTING_REVISION] = "revision",
		[SETTING_MODE] = "mode",
		[SETTING_MIN_CONFIDENCE] = "min-confidence",
		[SETTING_SCOPE] = "scope",
		[SETTING_REQUIRES] = "requires",
		[SETTING_INTERNAL] = "internal",
		[SETTING_NAMES] = "names",
		[SETTING_RUNNING] = "running",
		[SETTING_SCRIPTS] = "scripts: strict",
		[SETTING_ACCEPT_RISK] = "accept-risk",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == SETTING_MAX, "a word for each setting");

	return setting < SETTING_MAX ? words[setting] : NULL;
}

/* Parts of one sentence: "; " stands before each but the first. */
struct parts {
	FILE *out;
	bool some;
};

static FILE *next(struct parts *parts)
{
	if (parts->some)
		fputs("; ", parts->out);
	parts->some = true;
	return parts->out;
}

static void put_list(const char *const *list, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? ", " : " ", list[i]);
}

static void put_scope(const struct rule_scope *scope, struct parts *parts)
{
	if (scope->only_cgroup_count) {
		fputs("only the cgroups", next(parts));
		put_list(scope->only_cgroups, scope->only_cgroup_count, parts->out);
	}
	if (scope->exclude_cgroup_count) {
		fputs("not the cgroups", next(parts));
		put_list(scope->exclude_cgroups, scope->exclude_cgroup_count, parts->out);
	}
	if (scope->flags & SCOPE_ONLY_CONTAINERS)
		fputs("only containers", next(parts));
	if (scope->flags & SCOPE_NO_CONTAINERS)
		fputs("no containers", next(parts));
	if (!(scope->flags & SCOPE_ONLY_USERS))
		return;
	fputs(scope->user_count ? "only the users" : "only users that are not known here",
	      next(parts));
	for (size_t i = 0; i < scope->user_count; i++)
		fprintf(parts->out, "%s%u", i ? ", " : " ", scope->users[i]);
}

static void put_requires(const struct generation_requires *requires, struct parts *parts)
{
	if (requires->package)
		fprintf(next(parts), "the package %s is installed", requires->package);
	if (requires->unit)
		fprintf(next(parts), "%s runs", requires->unit);
	if (requires->exec_prevent)
		fputs("exec is prevented, not only killed", next(parts));
}

static void put_names(const struct policy_names *names, struct parts *parts)
{
	if (names->no_name)
		fprintf(next(parts), "no-name: %s",
			names->no_name == NAME_RULE_DENY ? "deny" : "allow");
	if (names->quic)
		fprintf(next(parts), "quic: %s", names->quic == NAME_RULE_DENY ? "deny" : "allow");
}

static void put_internal(const struct facts *facts, struct parts *parts)
{
	for (const struct fact *fact = facts->first; fact; fact = fact->next)
		fputs(fact->value, next(parts));
}

static void put_scripts(const struct policy *policy, struct parts *parts)
{
	for (const struct policy_line *line = policy->lines; line; line = line->next)
		if (line->scripts == SCRIPT_RULE_STRICT)
			fputs(line->vendor.text ?: line->name.text, next(parts));
}

static void put_risks(const struct policy *policy, struct parts *parts)
{
	for (const struct accepted_risk *risk = policy->risks; risk; risk = risk->next)
		fputs(risk->id, next(parts));
}

static void put_setting(const struct policy *policy, enum setting setting, struct parts *parts)
{
	switch (setting) {
	case SETTING_NAME:
		fputs(policy->name.text, next(parts));
		break;
	case SETTING_REVISION:
		fprintf(next(parts), "%u", policy->revision);
		break;
	case SETTING_MODE:
		fputs(mode_word(policy->mode), next(parts));
		break;
	case SETTING_MIN_CONFIDENCE:
		fputs(confidence_word(policy->min_confidence), next(parts));
		break;
	case SETTING_SCOPE:
		put_scope(&policy->rules.scope, parts);
		break;
	case SETTING_REQUIRES:
		put_requires(&policy->rules.requires, parts);
		break;
	case SETTING_INTERNAL:
		put_internal(&policy->internal, parts);
		break;
	case SETTING_NAMES:
		put_names(&policy->names, parts);
		break;
	case SETTING_RUNNING:
		if (policy->running)
			fputs(policy->running == RUNNING_RULE_TERMINATE ? "terminate" : "report",
			      next(parts));
		break;
	case SETTING_SCRIPTS:
		put_scripts(policy, parts);
		break;
	case SETTING_ACCEPT_RISK:
		put_risks(policy, parts);
		break;
	case SETTING_MAX:
		break;
	}
}

char *setting_text(const struct policy *policy, enum setting setting)
{
	struct parts parts = {0};
	char *text = NULL;
	size_t bytes;

	parts.out = open_memstream(&text, &bytes);
	if (!parts.out)
		return NULL;
	put_setting(policy, setting, &parts);
	if (fclose(parts.out)) {
		free(text);
		return NULL;
	}
	return text;
}
