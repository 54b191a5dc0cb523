/* SPDX-License-Identifier: MIT */
/*
 * generation_json.c - see generation_json.h. Members that are 0 are left out, as in the text.
 */
#include "generation_json.h"
#include "clean.h"
#include "record.h"

#include "../policy/policy.h"
#include <string.h>

static json_t *text(const char *value)
{
	bool escaped = false;

	return value ? record_text(value, strlen(value), &escaped) : json_null();
}

static json_t *hex(__u64 value)
{
	return json_sprintf("%016llx", (unsigned long long)value);
}

/* Takes @value in any case. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static int put_number(json_t *object, const char *key, __u64 value)
{
	return value ? put(object, key, json_integer((json_int_t)value)) : 0;
}

/* The file without its directories: a copy elsewhere is the same policy. */
static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

/* ---------------------------------------------------------------- rules */

static json_t *rule_json(const struct generation_rule *rule, size_t number)
{
	AUTO_JSON json_t *object =
		json_pack("{s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:o, s:i}", "id", rule->id,
			  "matcher", matcher_word(rule->matcher), "value", text(rule->value),
			  "vendor", rule->vendor, "vendor_name", text(rule->vendor_name), "product",
			  rule->product, "action", action_word(rule->action) ?: "none",
			  "confidence", confidence_word(rule->confidence), "file",
			  text(base_name(rule->file)), "line", (int)rule->line);
	bool held = rule->target_held_by != HELD_BY_NOTHING;

	if (!object || put_number(object, "number", number) ||
	    put_number(object, "until", rule->until_s) ||
	    (rule->action != ACTION_ALLOW && rule->target &&
	     put(object, "mode", json_string(mode_word(rule->target)))) ||
	    (rule->strict && put(object, "strict", json_true())) ||
	    (held && put(object, "held_by", json_string(held_by_word(rule->target_held_by)))) ||
	    (*rule->reason && put(object, "reason", text(rule->reason))) ||
	    (*rule->why && put(object, "why", text(rule->why))))
		return NULL;
	return take_ptr(object);
}

/* Those for finding, or those that are not: both are in one list of the generation. */
static json_t *listed_json(const struct generation *generation, bool finding)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < generation->unenforced_count; i++) {
		const struct generation_rule *rule = &generation->unenforced[i];

		if (matcher_is_finding(rule->matcher) == finding &&
		    json_array_append_new(list, rule_json(rule, 0)))
			return NULL;
	}
	return take_ptr(list);
}

static json_t *rules_json(const struct generation *generation)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < generation->rule_count; i++)
		if (json_array_append_new(list, rule_json(&generation->rules[i], i + 1)))
			return NULL;
	return take_ptr(list);
}

/* ---------------------------------------------------------------- entries */

static int put_node(json_t *object, const struct gen_node *node)
{
	return put_number(object, "to", node->node) || put_number(object, "glob", node->glob) ||
	       put_number(object, "any", node->any) || put_number(object, "deep", node->deep) ||
	       put_number(object, "end_deny", node->end_deny) ||
	       put_number(object, "end_allow", node->end_allow) ||
	       put_number(object, "below_deny", node->below_deny) ||
	       put_number(object, "below_allow", node->below_allow);
}

/* The next states for 16 bytes, from the first one on. */
static int put_glob(json_t *object, const struct gen_key *key, const struct gen_glob *glob)
{
	json_t *next = json_array();

	for (unsigned i = 0; i < 16; i++)
		if (json_array_append_new(next, json_integer(glob->next[i])))
			return -1;
	return put(object, "first_byte", json_integer(key->part << 4)) || put(object, "next", next);
}

static int put_lengths(json_t *object, const struct gen_key *key, const struct gen_lengths *lengths)
{
	json_t *bits = json_array();

	for (unsigned i = 0; i < NETWORK_LENGTHS_MAX && lengths->bits[i]; i++)
		if (json_array_append_new(bits, json_integer(lengths->bits[i])))
			return -1;
	return put_number(object, "family", key->part) || put(object, "bits", bits);
}

static int put_network(json_t *object, const struct gen_key *key, const struct gen_network *network)
{
	return put(object, "a", hex(key->a)) ||
	       (key->kind == GEN_NET6 && put(object, "b", hex(key->b))) ||
	       put_number(object, "bits", key->part) || put_number(object, "list", network->list) ||
	       put_number(object, "count", network->count);
}

static int put_header(json_t *object, const struct gen_header *header)
{
	return put_number(object, "rules", header->rules) ||
	       put_number(object, "root", header->root) ||
	       put_number(object, "net4_lengths", header->net4_lengths) ||
	       put_number(object, "net6_lengths", header->net6_lengths) ||
	       put_number(object, "revision", header->revision) ||
	       put_number(object, "flags", header->flags);
}

static int put_condition(json_t *object, const struct gen_key *key,
			 const struct gen_condition *condition)
{
	return put(object, "index", json_integer(key->part)) ||
	       put_number(object, "rule", condition->rule) ||
	       put(object, "port_first", json_integer(condition->port_first)) ||
	       put(object, "port_last", json_integer(condition->port_last)) ||
	       put_number(object, "protocol", condition->protocol) ||
	       put_number(object, "allow", condition->allow);
}

static int put_rule(json_t *object, const struct gen_rule *rule)
{
	return put(object, "vendor", hex(rule->vendor)) ||
	       put_number(object, "action", rule->action) ||
	       put_number(object, "target", rule->target) ||
	       put_number(object, "target_held_by", rule->target_held_by) ||
	       put_number(object, "matcher", rule->matcher) ||
	       put_number(object, "flags", rule->flags) ||
	       put_number(object, "until", rule->until_s) || put(object, "id", hex(rule->id));
}

static int put_scope(json_t *object, const struct gen_scope *scope)
{
	return put_number(object, "flags", scope->flags) ||
	       put_number(object, "only", scope->root[SCOPE_LIST_ONLY]) ||
	       put_number(object, "excluded", scope->root[SCOPE_LIST_EXCLUDED]) ||
	       put_number(object, "containers", scope->root[SCOPE_LIST_CONTAINERS]);
}

static int put_roots(json_t *object, const struct gen_roots *roots)
{
	return put_number(object, "modules", roots->modules) ||
	       put_number(object, "interpreters", roots->interpreters) ||
	       put_number(object, "domains", roots->domains);
}

/* As much of it as the key holds. */
static int put_digest(json_t *object, const struct gen_key *key, const struct gen_digest *digest)
{
	const unsigned char *bytes = (const unsigned char *)&key->part;
	char text[2 * DIGEST_KEY_BYTES + 1];

	for (unsigned i = 0; i < DIGEST_KEY_BYTES; i++)
		snprintf(text + (size_t)2 * i, 3, "%02x", bytes[i]);
	return put(object, "digest", json_string(text)) ||
	       put_number(object, "deny", digest->deny) ||
	       put_number(object, "allow", digest->allow) ||
	       put_number(object, "size", digest->size);
}

static int put_value(json_t *object, const struct gen_key *key, const union gen_value *value)
{
	switch (key->kind) {
	case GEN_HEADER:
		return put_header(object, &value->header);
	case GEN_LENGTHS:
		return put_lengths(object, key, &value->lengths);
	case GEN_STEP:
		return put(object, "name_hash", hex(key->a)) || put_node(object, &value->node);
	case GEN_NODE:
		return put_node(object, &value->node);
	case GEN_GLOB:
		return put_glob(object, key, &value->glob);
	case GEN_ACCEPT:
		return put_number(object, "to", value->accept.node);
	case GEN_NET4:
	case GEN_NET6:
		return put_network(object, key, &value->network);
	case GEN_CONDITION:
		return put_condition(object, key, &value->condition);
	case GEN_RULE:
		return put_rule(object, &value->rule);
	case GEN_SCOPE:
		return put_scope(object, &value->scope);
	case GEN_ROOTS:
		return put_roots(object, &value->roots);
	case GEN_DIGEST:
		return put_digest(object, key, &value->digest);
	case GEN_CONTAIN:
		return put(object, "id", hex(key->a)) ||
		       put_number(object, "rule", value->contain.rule);
	default:
		return 0;
	}
}

static const char *kind_word(unsigned kind)
{
	static const char *const words[] = {
		[GEN_HEADER] = "header",   [GEN_LENGTHS] = "lengths", [GEN_STEP] = "step",
		[GEN_NODE] = "node",       [GEN_GLOB] = "glob",       [GEN_ACCEPT] = "accept",
		[GEN_NET4] = "net4",       [GEN_NET6] = "net6",       [GEN_CONDITION] = "condition",
		[GEN_RULE] = "rule-entry", [GEN_SCOPE] = "scope",     [GEN_USER] = "user",
		[GEN_ROOTS] = "roots",     [GEN_DIGEST] = "digest",   [GEN_CONTAIN] = "contain",
	};
	_Static_assert(ARRAY_LENGTH(words) == GEN_MAX, "a word for each kind of entry");

	return kind < GEN_MAX && words[kind] ? words[kind] : "unknown";
}

static json_t *entries_json(const struct generation *generation)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < generation->entry_count; i++) {
		const struct gen_key *key = &generation->keys[i];
		json_t *entry = json_pack("{s:s}", "kind", kind_word(key->kind));

		if (json_array_append_new(list, entry) ||
		    (key->kind == GEN_DIGEST ? 0
		     : key->kind == GEN_USER ? put(entry, "node", json_integer(key->node))
					     : put_number(entry, "node", key->node)) ||
		    put_value(entry, key, &generation->values[i]))
			return NULL;
	}
	return take_ptr(list);
}

static json_t *requires_json(const struct generation_requires *requires)
{
	return json_pack("{s:o, s:o, s:o}", "package", text(requires->package), "unit",
			 text(requires->unit), "exec",
			 requires->exec_prevent ? json_string("prevent") : json_null());
}

json_t *generation_json(const struct generation *generation)
{
	return json_pack("{s:o, s:I, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o}", "policy",
			 text(generation->policy), "revision", (json_int_t)generation->revision,
			 "mode", mode_word(generation->mode), "generation", hex(generation->number),
			 "abi", EMBARGO_ABI, "requires", requires_json(&generation->requires),
			 "rules", rules_json(generation), "unenforced",
			 listed_json(generation, false), "findings", listed_json(generation, true),
			 "entries", entries_json(generation));
}
