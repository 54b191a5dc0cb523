/* SPDX-License-Identifier: MIT */
/*
 * generation_check.c - whether the entries of a decoded generation are ones that the compiler could have made: what
 * the kernel follows leads somewhere, and what it decides by is what the words say.
 */
#include "policy.h"
#include "rules.h"
#include "store.h"

#include <string.h>

static bool all_zero(const void *data, size_t size)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

/* A rule number, 0 or one that exists. */
static bool rule_fits(const struct generation_store *store, __u32 rule)
{
	return rule <= store->generation.rule_count;
}

/* The same of a node, or 1: in the trees of cgroups that is no rule. Without rules no file reaches a node. */
static bool mark_fits(const struct generation_store *store, __u32 mark)
{
	return mark <= 1 || rule_fits(store, mark);
}

static bool header_fits(const struct generation_store *store, const struct gen_header *header)
{
	const struct generation_requires *requires = &store->generation.requires;
	bool required = requires->package || requires->unit || requires->exec_prevent;

	return header->generation == store->generation.number &&
	       header->rules == store->generation.rule_count &&
	       header->revision == store->generation.revision &&
	       header->net4_lengths <= NETWORK_LENGTHS_MAX &&
	       header->net6_lengths <= NETWORK_LENGTHS_MAX && (header->rules || !header->root) &&
	       !(header->flags & ~GEN_FLAGS_ALL) && !header->zero &&
	       (header->flags & GEN_FLAG_NAMES ||
		!(header->flags & (GEN_FLAG_REFUSE_NO_NAME | GEN_FLAG_REFUSE_QUIC))) &&
	       !(header->flags & GEN_FLAG_REQUIRES) == !required;
}

static bool scope_fits(const struct gen_key *key, const struct gen_scope *scope)
{
	return all_zero(scope->zero, sizeof(scope->zero)) && !key->part && !key->node && !key->a &&
	       !key->b && !(scope->flags & ~SCOPE_FLAGS_ALL);
}

static bool user_fits(const struct gen_key *key, const union gen_value *value)
{
	return !key->part && !key->a && !key->b && all_zero(value, sizeof(*value));
}

/* The rule that a mark with this id finds. */
static bool contain_fits(const struct generation_store *store, const struct gen_key *key,
			 const struct gen_contain *contain)
{
	const struct gen_key rule_key = {.kind = GEN_RULE, .node = contain->rule};
	const union gen_value *rule = generation_find(&store->generation, &rule_key);

	return !key->part && !key->node && !key->b &&
	       all_zero(contain->zero, sizeof(contain->zero)) && rule &&
	       rule->rule.action == ACTION_CONTAIN && rule_names_files(rule->rule.matcher) &&
	       rule->rule.id == key->a;
}

/* Programs are found by their marks; a module of such a line is let through. */
static bool contains_well(const struct generation_store *store, const struct gen_rule *rule)
{
	const struct gen_key key = {.kind = GEN_CONTAIN, .a = rule->id};

	return rule->matcher == MATCHER_MODULE ||
	       (rule_names_files(rule->matcher) && generation_find(&store->generation, &key));
}

/* What the kernel decides by is what the words say. */
static bool gen_rule_fits(const struct generation_store *store, __u32 number,
			  const struct gen_rule *rule)
{
	const struct generation_rule *words;

	if (!number || !rule_fits(store, number))
		return false;
	words = &store->rules[number - 1];
	return rule->action == words->action && rule->target == words->target &&
	       rule->target_held_by == words->target_held_by && rule->matcher == words->matcher &&
	       rule->until_s == words->until_s &&
	       (rule->action == ACTION_ALLOW || !rule->until_s) &&
	       rule->flags == (words->strict ? RULE_STRICT : 0u) &&
	       rule->id == name_hash(words->id, strlen(words->id)) &&
	       (!words->strict ||
		(rule->action == ACTION_DENY && rule_names_files(rule->matcher))) &&
	       (rule->action != ACTION_CONTAIN || contains_well(store, rule));
}

/* A node that is reached by its number, or 0 for none. */
static bool root_fits(const struct generation_store *store, __u32 node)
{
	const struct gen_key key = {.kind = GEN_NODE, .node = node};

	return !node || generation_find(&store->generation, &key);
}

static bool key_is_bare(const struct gen_key *key)
{
	return !key->part && !key->node && !key->a && !key->b;
}

static bool roots_fit(const struct generation_store *store, const struct gen_key *key,
		      const struct gen_roots *roots)
{
	__u32 flags = store->values[0].header.flags;
	bool strict = flags & GEN_FLAG_STRICT, names = flags & GEN_FLAG_NAMES;

	return key_is_bare(key) && all_zero(roots->zero, sizeof(roots->zero)) &&
	       (roots->modules || roots->interpreters || roots->domains) &&
	       !roots->interpreters == !strict && !roots->domains == !names &&
	       root_fits(store, roots->modules) && root_fits(store, roots->interpreters) &&
	       root_fits(store, roots->domains);
}

/* Internal networks are there for contained programs, and have no conditions. */
static bool table_fits(const struct generation_store *store, const struct gen_key *key)
{
	return key->node == NETWORKS_RULES ||
	       (key->node == NETWORKS_INTERNAL && store->values[0].header.flags & GEN_FLAG_CONTAIN);
}

static bool network_fits(const struct generation_store *store, const struct gen_key *key,
			 const struct gen_network *network)
{
	unsigned most = key->node == NETWORKS_RULES ? NETWORK_CONDITIONS_MAX : 1;

	return key->part <= (key->kind == GEN_NET4 ? 32 : 128) && table_fits(store, key) &&
	       network->count <= most && (key->node == NETWORKS_RULES || !network->list);
}

/* A rule about this content, or 0 for none. */
static bool digest_rule_fits(const struct generation_store *store, __u32 number, bool allow)
{
	const struct generation_rule *rule;

	if (!number)
		return true;
	if (!rule_fits(store, number))
		return false;
	rule = &store->rules[number - 1];
	return rule->matcher == MATCHER_DIGEST && (rule->action == ACTION_ALLOW) == allow;
}

static bool digest_fits(const struct generation_store *store, const struct gen_digest *digest)
{
	return (digest->deny || digest->allow) && digest_rule_fits(store, digest->deny, false) &&
	       digest_rule_fits(store, digest->allow, true) && digest->size &&
	       digest->size <= FILE_SIZE_MAX && all_zero(digest->zero, sizeof(digest->zero));
}

static bool value_fits(const struct generation_store *store, const struct gen_key *key,
		       const union gen_value *value)
{
	switch (key->kind) {
	case GEN_HEADER:
		return header_fits(store, &value->header);
	case GEN_STEP:
	case GEN_NODE:
		return value->node.node && mark_fits(store, value->node.end_deny) &&
		       mark_fits(store, value->node.end_allow) &&
		       mark_fits(store, value->node.below_deny) &&
		       mark_fits(store, value->node.below_allow) &&
		       value->node.glob <= GLOB_STATES_MAX;
	case GEN_GLOB:
	case GEN_ACCEPT:
		return key->node && key->node <= GLOB_STATES_MAX;
	case GEN_LENGTHS:
		return (key->part == 4 || key->part == 6) && table_fits(store, key);
	case GEN_NET4:
	case GEN_NET6:
		return network_fits(store, key, &value->network);
	case GEN_CONDITION:
		return value->condition.rule && rule_fits(store, value->condition.rule) &&
		       key->part < NETWORK_CONDITIONS_MAX;
	case GEN_SCOPE:
		return scope_fits(key, &value->scope);
	case GEN_USER:
		return user_fits(key, value);
	case GEN_RULE:
		return gen_rule_fits(store, key->node, &value->rule);
	case GEN_ROOTS:
		return roots_fit(store, key, &value->roots);
	case GEN_DIGEST:
		return digest_fits(store, &value->digest);
	case GEN_CONTAIN:
		return contain_fits(store, key, &value->contain);
	default:
		return false;
	}
}

bool generation_entries_fit(const struct generation_store *store)
{
	size_t count = store->generation.entry_count, rules = 0, scopes = 0, strict = 0, roots = 0;
	size_t contain = 0;
	__u32 flags;

	if (!count || store->keys[0].kind != GEN_HEADER)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (i && memcmp(&store->keys[i - 1], &store->keys[i], sizeof(*store->keys)) >= 0)
			return false;
		if (!value_fits(store, &store->keys[i], &store->values[i]))
			return false;
		rules += store->keys[i].kind == GEN_RULE;
		scopes += store->keys[i].kind == GEN_SCOPE;
		roots += store->keys[i].kind == GEN_ROOTS;
		contain += store->keys[i].kind == GEN_CONTAIN;
		strict += store->keys[i].kind == GEN_RULE &&
			  store->values[i].rule.flags & RULE_STRICT;
	}
	flags = store->values[0].header.flags;
	return rules == store->generation.rule_count && scopes == !!(flags & GEN_FLAG_SCOPE) &&
	       !strict == !(flags & GEN_FLAG_STRICT) && !contain == !(flags & GEN_FLAG_CONTAIN) &&
	       (!(flags & (GEN_FLAG_STRICT | GEN_FLAG_NAMES)) || roots);
}
