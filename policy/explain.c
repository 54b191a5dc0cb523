/* SPDX-License-Identifier: MIT */
/*
 * explain.c - see explain.h. What matches a thing besides the rule that decides is found by asking again
 * without that rule: so it is the compiler and the decision code that say what matches, and nothing else.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- where a rule comes from */

static const struct fact *find_fact(const struct facts *facts, const struct generation_rule *rule)
{
	const struct fact *fact = facts->first;

	while (fact && (fact->matcher != rule->matcher || strcmp(fact->value, rule->value)))
		fact = fact->next;
	return fact;
}

static const struct product *find_product(const struct policy *policy,
					  const struct generation_rule *rule)
{
	const struct vendor *vendor = catalog_find(policy->catalog, rule->vendor);

	return vendor ? vendor_find_product(vendor, rule->product) : NULL;
}

/* The list is sorted so that the line that decides is the first one of its product. */
static const struct reach *find_reach(const struct policy *policy, const struct product *product)
{
	for (size_t i = 0; i < policy->reached_count; i++)
		if (policy->reached[i].product == product)
			return &policy->reached[i];
	return NULL;
}

/* "vendor/product" of an entry of "allow". */
static bool allows_product(const struct policy_allow *allow, const struct product *product)
{
	const char *text = allow->product.text, *vendor = product->vendor->id.text;
	size_t bytes = strlen(vendor);

	return text && !strncmp(text, vendor, bytes) && text[bytes] == '/' &&
	       !strcmp(text + bytes + 1, product->id.text);
}

/* Of two entries for the same thing, as for different hosts, the one that lasts as long as the rule. */
static void find_allow(const struct policy *policy, struct origin *origin)
{
	const struct generation_rule *rule = origin->rule;

	for (const struct policy_allow *one = policy->allows; one; one = one->next) {
		if (origin->product ? !allows_product(one, origin->product)
				    : !find_fact(&one->facts, rule))
			continue;
		if (!origin->allow || one->until_s == rule->until_s)
			origin->allow = one;
		if (one->until_s == rule->until_s)
			break;
	}
	if (!origin->allow)
		return;
	origin->place = origin->allow->place;
	origin->fact =
		find_fact(origin->product ? &origin->product->facts : &origin->allow->facts, rule);
}

static void find_line(const struct policy *policy, struct origin *origin)
{
	const struct generation_rule *rule = origin->rule;
	const struct reach *reach = origin->product ? find_reach(policy, origin->product) : NULL;
	const struct policy_line *line = policy->lines;

	if (reach) {
		origin->line = reach->line;
		origin->rank = reach->rank;
		origin->place = reach->place;
		origin->fact = find_fact(&origin->product->facts, rule);
		return;
	}
	while (line && (!line->name.text || strcmp(line->name.text, rule->vendor)))
		line = line->next;
	if (!line)
		return;
	origin->line = line;
	origin->place = line->name.place;
	origin->fact = find_fact(&line->facts, rule);
}

struct origin origin_find(const struct policy *policy, const struct generation *generation,
			  const struct generation_rule *rule)
{
	struct origin origin = {.rule = rule};

	if (!rule)
		return origin;
	origin.enforced = match_is_enforced(generation, rule);
	origin.product = find_product(policy, rule);
	if (rule->action == ACTION_ALLOW)
		find_allow(policy, &origin);
	else
		find_line(policy, &origin);
	return origin;
}

/* ---------------------------------------------------------------- everything that matches */

static bool same_rule(const struct rule *rule, const struct generation_rule *other)
{
	return rule->matcher == other->matcher && !strcmp(rule->value, other->value) &&
	       !strcmp(rule->vendor, other->vendor) && !strcmp(rule->product, other->product);
}

static const struct generation_rule *find_rule(const struct generation *generation,
					       const struct generation_rule *like)
{
	const struct generation_rule *lists[] = {generation->rules, generation->unenforced};
	const size_t counts[] = {generation->rule_count, generation->unenforced_count};

	for (unsigned list = 0; list < 2; list++)
		for (size_t i = 0; i < counts[list]; i++)
			if (lists[list][i].matcher == like->matcher &&
			    lists[list][i].action == like->action &&
			    !strcmp(lists[list][i].id, like->id) &&
			    !strcmp(lists[list][i].value, like->value))
				return &lists[list][i];
	return NULL;
}

/* The rules of the policy that could mean a thing, without exceptions, to be asked again and again. */
static int copy_rules(const struct policy *policy, const struct thing *thing, bool any_port,
		      struct rules *out_rules)
{
	struct rule *list = calloc(policy->rules.count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.list[i];

		if (rule->action == ACTION_ALLOW || rule->matcher != thing->matcher)
			continue;
		list[count] = *rule;
		if (any_port) {
			list[count].network.port_count = 0;
			list[count].network.protocol = PROTOCOL_ANY;
		}
		count++;
	}
	*out_rules = (struct rules){.policy = policy->rules.policy,
				    .revision = 1,
				    .mode = policy->rules.mode,
				    .list = list,
				    .count = count};
	return 0;
}

static void remove_rule(struct rules *rules, const struct generation_rule *found)
{
	size_t kept = 0;

	for (size_t i = 0; i < rules->count; i++)
		if (!same_rule(&rules->list[i], found))
			rules->list[kept++] = rules->list[i];
	rules->count = kept;
}

/* Return: 1 with a rule in *@out_rule, of @generation; 0: none is left; -ENOMEM. */
static int ask_again(const struct rules *rules, const struct thing *thing,
		     const struct generation *generation, const struct generation_rule **out_rule)
{
	struct generation *smaller = NULL;
	struct match_index *index = NULL;
	struct diagnostics diags = {0};
	struct match match = {0};
	int err = rules_compile(rules, &diags, &smaller);

	diagnostics_done(&diags); /* they were told when the policy itself was compiled */
	if (err == -EINVAL)
		return 0; /* without its ports a list may break a limit of the format */
	if (!err)
		err = match_index_new(smaller, &index);
	if (!err)
		match = thing_match(smaller, index, thing);
	*out_rule = match.rule ? find_rule(generation, match.rule) : NULL;
	match_index_free(index);
	generation_free(smaller);
	return err ? err : *out_rule != NULL;
}

static bool is_known(const struct explanation *out, const struct generation_rule *rule)
{
	if (rule == out->rule.rule)
		return true;
	for (size_t i = 0; i < out->other_count; i++)
		if (out->others[i].rule == rule)
			return true;
	return false;
}

/* All rules that match, in the order in which they would decide, but for those that are known already. */
static int find_others(const struct policy *policy, const struct generation *generation,
		       const struct thing *thing, bool any_port, struct explanation *out)
{
	struct origin *list = any_port ? out->elsewhere : out->others;
	size_t count = 0;
	struct rules rules;
	int err = copy_rules(policy, thing, any_port, &rules);

	if (err < 0)
		return err;
	while (count < EXPLAIN_OTHERS_MAX) {
		const struct generation_rule *rule = NULL;

		err = ask_again(&rules, thing, generation, &rule);
		if (err <= 0)
			break;
		if (!is_known(out, rule))
			list[count++] = origin_find(policy, generation, rule);
		remove_rule(&rules, rule);
	}
	free(rules.list);
	if (any_port)
		out->elsewhere_count = count;
	else
		out->other_count = count;
	return err < 0 ? err : 0;
}

/* What the whole catalogue makes of a thing, as if a line named every product. */
static int find_known(const struct catalog *catalog, const struct thing *thing,
		      struct explanation *out)
{
	struct generation *generation = NULL;
	struct diagnostics diags = {0};
	struct match_index *index = NULL;
	struct policy *policy = NULL;
	struct match match = {0};
	int err = policy_of_catalog(catalog, NULL, 0, &diags, &policy);

	if (!err)
		err = policy_compile(policy, &diags, &generation);
	if (!err)
		err = match_index_new(generation, &index);
	if (!err)
		match = thing_match(generation, index, thing);
	if (match.rule)
		out->known = find_product(policy, match.rule);
	if (out->known)
		out->known_fact = find_fact(&out->known->facts, match.rule);
	match_index_free(index);
	generation_free(generation);
	policy_free(policy);
	diagnostics_done(&diags);
	return err == -ENOMEM
		       ? err
		       : 0; /* a catalogue that cannot be compiled as a whole is no news here */
}

static bool contains_something(const struct generation *generation)
{
	for (size_t i = 0; i < generation->rule_count; i++)
		if (generation->rules[i].action == ACTION_CONTAIN)
			return true;
	return false;
}

int explain_thing(const struct policy *policy, const struct generation *generation,
		  const struct thing *thing, __s64 now_s, struct explanation *out)
{
	const struct match_subject subject = {.now_s = now_s, .anyone = true};
	struct explanation explanation = {0};
	struct match_index *index = NULL;
	const struct match *match = &explanation.answer.decision.match;
	int err = match_index_new(generation, &index);

	if (err < 0)
		return err;
	explanation.answer = thing_ask(generation, index, thing, &subject);
	match_index_free(index);
	explanation.rule = origin_find(policy, generation, match->rule);
	explanation.allow = origin_find(policy, generation, match->allow);
	err = find_others(policy, generation, thing, false, &explanation);
	if (!err && thing->matcher == MATCHER_NETWORK)
		err = find_others(policy, generation, thing, true, &explanation);
	if (thing->matcher == MATCHER_NETWORK) {
		explanation.contains = contains_something(generation);
		explanation.internal =
			match_internal(generation, thing->family, thing->a, thing->b);
	}
	if (!err && !match->rule)
		err = find_known(policy->catalog, thing, &explanation);
	if (!err)
		*out = explanation;
	return err;
}

/* ---------------------------------------------------------------- products */

static bool is_of(const struct rule *rule, const struct product *product)
{
	return rule->vendor == product->vendor->id.text && rule->product == product->id.text;
}

/* The entry that an exception of the whole product comes from: one that is for other hosts made no rule. */
static const struct policy_allow *
find_exception(const struct policy *policy, const struct product *product, const struct rule *rule)
{
	const struct policy_allow *one = policy->allows;

	while (one && !(allows_product(one, product) && one->until_s == rule->until_s &&
			!strcmp(one->reason.text, rule->reason)))
		one = one->next;
	return one;
}

struct explained_product explain_product(const struct policy *policy, const struct product *product)
{
	struct explained_product out = {.product = product, .reach = find_reach(policy, product)};

	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.list[i];

		if (!is_of(rule, product))
			continue;
		if (rule->action == ACTION_ALLOW)
			out.allow = out.allow ?: find_exception(policy, product, rule);
		else if (matcher_is_finding(rule->matcher))
			out.finding++;
		else if (rule->unenforced_why)
			out.listed++;
		else if (rule->target == MODE_ENFORCE)
			out.enforce++;
		else
			out.audit++;
		out.weak += rule->action != ACTION_ALLOW && !rule->unenforced_why &&
			    rule->target_held_by == HELD_BY_CONFIDENCE;
	}
	return out;
}
