/* SPDX-License-Identifier: MIT */
/*
 * dump.c - a generation as text. Rules first, because they are what people look for; then every entry
 * of the map, one line each, in the order of the keys. Members that are 0 are left out.
 */
#include "generation.h"
#include "policy.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

/* Values come from documents: what would break a line or a terminal is written as \xNN. */
static void dump_text(const char *text, FILE *out)
{
	putc('"', out);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f || *c == '"' || *c == '\\')
			fprintf(out, "\\x%02x", *c);
		else
			putc(*c, out);
	}
	putc('"', out);
}

static void dump_member(const char *name, __u64 value, FILE *out)
{
	if (value)
		fprintf(out, " %s=%llu", name, (unsigned long long)value);
}

/* Unix seconds as people write them; beyond what a calendar holds, as they are. */
static void dump_time(const char *name, __u64 seconds, FILE *out)
{
	time_t when = (time_t)seconds;
	char text[40];
	struct tm utc;

	if (!seconds)
		return;
	if (seconds <= INT64_MAX && gmtime_r(&when, &utc) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		fprintf(out, " %s=%s", name, text);
	else
		dump_member(name, seconds, out);
}

static void dump_flag(const char *name, bool set, const char **separator, FILE *out)
{
	if (set)
		fprintf(out, "%s%s", *separator, name);
	if (set)
		*separator = ",";
}

/* Without directories: the same policy and catalogue elsewhere give the same bytes. */
static void dump_place(const struct generation_rule *rule, FILE *out)
{
	const char *slash = strrchr(rule->file, '/');

	fputs(" at=", out);
	dump_text(slash ? slash + 1 : rule->file, out);
	fprintf(out, ":%u", rule->line);
}

static void dump_named(const char *name, const char *text, FILE *out)
{
	fprintf(out, " %s=", name);
	dump_text(text, out);
}

/* What all of them have behind the id: what it does, how well it is known, what it says, whence it is. */
static void dump_words(const struct generation_rule *rule, FILE *out)
{
	bool finding = matcher_is_finding(rule->matcher);

	if (!finding)
		fprintf(out, " %s", action_word(rule->action) ?: "?");
	if (!finding && rule->action != ACTION_ALLOW)
		fprintf(out, " %s", mode_word(rule->target) ?: "?");
	if (!finding && rule->target_held_by)
		fprintf(out, " held-by=%s", held_by_word(rule->target_held_by) ?: "?");
	if (rule->strict)
		fputs(" strict", out);
	dump_time("until", rule->until_s, out);
	putc(' ', out);
	dump_text(rule->value, out);
	if (rule->confidence)
		fprintf(out, " %s", confidence_word(rule->confidence) ?: "?");
	dump_named("vendor", rule->vendor_name, out);
	if (*rule->reason)
		dump_named("reason", rule->reason, out);
	if (*rule->why)
		dump_named("why", rule->why, out);
	dump_place(rule, out);
	putc('\n', out);
}

static void dump_rule(const struct generation_rule *rule, size_t number, FILE *out)
{
	fprintf(out, "rule %zu %s", number, rule->id);
	dump_words(rule, out);
}

static void dump_listed(const struct generation_rule *rule, FILE *out)
{
	fprintf(out, "%s %s", matcher_is_finding(rule->matcher) ? "finding" : "unenforced",
		rule->id);
	dump_words(rule, out);
}

static void dump_node(const struct gen_node *node, FILE *out)
{
	fprintf(out, " -> %u", node->node);
	dump_member("glob", node->glob, out);
	dump_member("any", node->any, out);
	dump_member("deep", node->deep, out);
	dump_member("end-deny", node->end_deny, out);
	dump_member("end-allow", node->end_allow, out);
	dump_member("below-deny", node->below_deny, out);
	dump_member("below-allow", node->below_allow, out);
}

/* Runs of bytes that lead to the same state: "a-z:3". */
static void dump_glob(const struct gen_key *key, const struct gen_glob *glob, FILE *out)
{
	fprintf(out, "glob %u", key->node);
	for (unsigned i = 0, n; i < 16; i += n) {
		unsigned byte = (unsigned)key->part << 4 | i;

		for (n = 1; i + n < 16 && glob->next[i + n] == glob->next[i];)
			n++;
		if (!glob->next[i])
			continue;
		fprintf(out, " %02x", byte);
		if (n > 1)
			fprintf(out, "-%02x", byte + n - 1);
		fprintf(out, ":%u", glob->next[i]);
	}
}

static const char *table_word(__u32 table)
{
	static const char *const words[] = {
		[NETWORKS_RULES] = "", [NETWORKS_INTERNAL] = " internal"};
	_Static_assert(sizeof(words) / sizeof(*words) == NETWORKS_MAX, "a word for each table");

	return table < NETWORKS_MAX ? words[table] : " ?";
}

static void dump_network(const struct gen_key *key, const struct gen_network *network, FILE *out)
{
	if (key->kind == GEN_NET4)
		fprintf(out, "net4 %llu.%llu.%llu.%llu", (unsigned long long)(key->a >> 24 & 0xff),
			(unsigned long long)(key->a >> 16 & 0xff),
			(unsigned long long)(key->a >> 8 & 0xff),
			(unsigned long long)(key->a & 0xff));
	else
		fprintf(out, "net6 %016llx:%016llx", (unsigned long long)key->a,
			(unsigned long long)key->b);
	fprintf(out, "/%u%s", key->part, table_word(key->node));
	if (!network->count)
		fputs(" marker", out);
	else if (key->node == NETWORKS_RULES)
		fprintf(out, " list=%u count=%u", network->list, network->count);
}

static void dump_header(const struct gen_header *header, FILE *out)
{
	const char *separator = " flags=";

	fputs("header", out);
	dump_member("rules", header->rules, out);
	dump_member("root", header->root, out);
	dump_member("net4-lengths", header->net4_lengths, out);
	dump_member("net6-lengths", header->net6_lengths, out);
	dump_member("revision", header->revision, out);
	dump_flag("scope", header->flags & GEN_FLAG_SCOPE, &separator, out);
	dump_flag("requires", header->flags & GEN_FLAG_REQUIRES, &separator, out);
	dump_flag("strict", header->flags & GEN_FLAG_STRICT, &separator, out);
	dump_flag("names", header->flags & GEN_FLAG_NAMES, &separator, out);
	dump_flag("contain", header->flags & GEN_FLAG_CONTAIN, &separator, out);
	dump_flag("refuse-no-name", header->flags & GEN_FLAG_REFUSE_NO_NAME, &separator, out);
	dump_flag("refuse-quic", header->flags & GEN_FLAG_REFUSE_QUIC, &separator, out);
}

static void dump_scope(const struct gen_scope *scope, FILE *out)
{
	const char *separator = " flags=";

	fputs("scope", out);
	dump_flag("only-cgroups", scope->flags & SCOPE_ONLY_CGROUPS, &separator, out);
	dump_flag("only-users", scope->flags & SCOPE_ONLY_USERS, &separator, out);
	dump_flag("only-containers", scope->flags & SCOPE_ONLY_CONTAINERS, &separator, out);
	dump_flag("no-containers", scope->flags & SCOPE_NO_CONTAINERS, &separator, out);
	dump_member("only", scope->root[SCOPE_LIST_ONLY], out);
	dump_member("excluded", scope->root[SCOPE_LIST_EXCLUDED], out);
	dump_member("containers", scope->root[SCOPE_LIST_CONTAINERS], out);
}

/* As much of it as the key holds. */
static void dump_digest(const struct gen_key *key, const struct gen_digest *digest, FILE *out)
{
	const unsigned char *bytes = (const unsigned char *)&key->part;

	fputs("digest ", out);
	for (unsigned i = 0; i < DIGEST_KEY_BYTES; i++)
		fprintf(out, "%02x", bytes[i]);
	dump_member("deny", digest->deny, out);
	dump_member("allow", digest->allow, out);
	dump_member("size", digest->size, out);
}

static void dump_condition(const struct gen_key *key, const struct gen_condition *condition,
			   FILE *out)
{
	fprintf(out, "condition %u.%u rule=%u ports=%u-%u", key->node, key->part, condition->rule,
		condition->port_first, condition->port_last);
	dump_member("protocol", condition->protocol, out);
	dump_member("allow", condition->allow, out);
}

static void dump_entry(const struct gen_key *key, const union gen_value *value, FILE *out)
{
	switch (key->kind) {
	case GEN_HEADER:
		dump_header(&value->header, out);
		break;
	case GEN_LENGTHS:
		fprintf(out, "lengths %u%s:", key->part, table_word(key->node));
		for (unsigned i = 0; i < NETWORK_LENGTHS_MAX; i++)
			if (value->lengths.bits[i] || !i)
				fprintf(out, " %u", value->lengths.bits[i]);
		break;
	case GEN_STEP:
		fprintf(out, "step %u %016llx", key->node, (unsigned long long)key->a);
		dump_node(&value->node, out);
		break;
	case GEN_NODE:
		fprintf(out, "node %u", key->node);
		dump_node(&value->node, out);
		break;
	case GEN_GLOB:
		dump_glob(key, &value->glob, out);
		break;
	case GEN_ACCEPT:
		fprintf(out, "accept %u -> %u", key->node, value->accept.node);
		break;
	case GEN_NET4:
	case GEN_NET6:
		dump_network(key, &value->network, out);
		break;
	case GEN_CONDITION:
		dump_condition(key, &value->condition, out);
		break;
	case GEN_RULE:
		fprintf(out, "rule-entry %u vendor=%016llx action=%s", key->node,
			(unsigned long long)value->rule.vendor,
			action_word(value->rule.action) ?: "?");
		dump_member("target", value->rule.target, out);
		dump_member("held-by", value->rule.target_held_by, out);
		if (value->rule.flags & RULE_STRICT)
			fputs(" strict", out);
		dump_time("until", value->rule.until_s, out);
		fprintf(out, " id=%016llx", (unsigned long long)value->rule.id);
		break;
	case GEN_SCOPE:
		dump_scope(&value->scope, out);
		break;
	case GEN_USER:
		fprintf(out, "user %u", key->node);
		break;
	case GEN_ROOTS:
		fputs("roots", out);
		dump_member("modules", value->roots.modules, out);
		dump_member("interpreters", value->roots.interpreters, out);
		dump_member("domains", value->roots.domains, out);
		break;
	case GEN_DIGEST:
		dump_digest(key, &value->digest, out);
		break;
	case GEN_CONTAIN:
		fprintf(out, "contain %016llx rule=%u", (unsigned long long)key->a,
			value->contain.rule);
		break;
	default:
		fprintf(out, "unknown kind %u", key->kind);
	}
	putc('\n', out);
}

static void dump_requires(const struct generation_requires *requires, FILE *out)
{
	if (!requires->package && !requires->unit && !requires->exec_prevent)
		return;
	fputs("requires", out);
	if (requires->package)
		fputs(" package=", out);
	if (requires->package)
		dump_text(requires->package, out);
	if (requires->unit)
		fputs(" unit=", out);
	if (requires->unit)
		dump_text(requires->unit, out);
	if (requires->exec_prevent)
		fputs(" exec=prevent", out);
	putc('\n', out);
}

void generation_dump(const struct generation *generation, FILE *out)
{
	fprintf(out, "generation %016llx abi=%u revision=%u mode=%s policy=",
		(unsigned long long)generation->number, EMBARGO_ABI, generation->revision,
		mode_word(generation->mode) ?: "?");
	dump_text(generation->policy, out);
	putc('\n', out);
	dump_requires(&generation->requires, out);
	for (size_t i = 0; i < generation->rule_count; i++)
		dump_rule(&generation->rules[i], i + 1, out);
	for (size_t i = 0; i < generation->unenforced_count; i++)
		dump_listed(&generation->unenforced[i], out);
	for (size_t i = 0; i < generation->entry_count; i++)
		dump_entry(&generation->keys[i], &generation->values[i], out);
}
