/* SPDX-License-Identifier: MIT */
/*
 * policy.c - the policy document to struct policy: every key of the format is known here, those that
 * do nothing yet are refused by name, and what is asked for and not carried out is said. The large keys
 * have files of their own; what the lines reach is the business of resolve.c.
 */
#include "lint.h"
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct yaml_node *mapping_key(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = node->type == YAML_TYPE_MAPPING ? node->first : NULL;

	while (value && strcmp(value->key->text, key))
		value = value->next;
	return value;
}

/* ---------------------------------------------------------------- requires */

static void require_package(struct reader *reader, const struct field *field,
			    const struct yaml_node *node, void *member)
{
	const char *text = reader_text(reader, node);

	if (!text)
		return;
	if (strpbrk(text, " /*?") || strlen(text) > 256) {
		reader_error(
			reader, node,
			"'%s' is no package name; expected one, without wildcards, as 'replacement-agent'",
			quoted(text).text);
		return;
	}
	*(const char **)member = text;
}

/* systemd.unit(5): a name, a dot, and one of these; templates are named with their instance. */
static void require_unit(struct reader *reader, const struct field *field,
			 const struct yaml_node *node, void *member)
{
	static const char *const types[] = {".service", ".socket", ".timer", ".path",
					    ".target",  ".mount",  ".scope", ".slice"};
	const char *text = reader_text(reader, node), *dot = text ? strrchr(text, '.') : NULL;
	bool good = false;

	if (!text)
		return;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		good |= dot && dot != text && !strcmp(dot, types[i]);
	if (strpbrk(text, " /*?") || strlen(text) > 255)
		reader_error(reader, node,
			     "'%s' is no unit; expected its name, as 'replacement.service'",
			     quoted(text).text);
	else if (!good)
		reader_error(reader, node,
			     "'%s' is no unit; its name has a type at the end: write '%s.service'",
			     quoted(text).text, quoted(text).text);
	else
		*(const char **)member = text;
}

static const char *exec_word(unsigned value)
{
	return value == 1 ? "prevent" : NULL;
}

static void require_exec(struct reader *reader, const struct field *field,
			 const struct yaml_node *node, void *member)
{
	unsigned prevent = 0;

	field_word(reader, field, node, &prevent);
	*(bool *)member = prevent == 1;
}

static const struct field requires_fields[] = {
	{"package", 0, require_package, offsetof(struct generation_requires, package)},
	{"unit", 0, require_unit, offsetof(struct generation_requires, unit)},
	{"exec", 0, require_exec, offsetof(struct generation_requires, exec_prevent), 0, exec_word},
	{0},
};

static void requires_read(struct reader *reader, const struct field *field,
			  const struct yaml_node *node, void *member)
{
	fields_read(reader, node, requires_fields, "'requires'", member);
	if (node->type == YAML_TYPE_MAPPING && !node->first)
		reader_error(
			reader, node,
			"'requires' asks for nothing; remove it, or write package, unit or exec");
}

/* ---------------------------------------------------------------- small keys */

/* Wider than any one organisation has, but for the blocks that are of nobody. */
static bool is_too_wide(const struct rule_network *network)
{
	bool local = network->family == 6 && (network->a >> 57 == 0xfc >> 1 ||  /* RFC 4193 */
					      network->a >> 54 == 0xfe80 >> 6); /* RFC 4291 */

	return !local &&
	       network->bits < (network->family == 4 ? NETWORK4_BITS_MIN : NETWORK6_BITS_MIN);
}

static void internal_read(struct reader *reader, const struct field *field,
			  const struct yaml_node *node, void *member)
{
	struct facts *facts = member;

	facts_read_internal(reader, field, node, facts);
	facts_finish(reader, facts);
	for (const struct fact *fact = facts->first; fact; fact = fact->next)
		if (is_too_wide(fact->network))
			diagnostics_add(
				reader->diags, SEVERITY_WARNING, fact->place,
				"'%s' is wider than any one organisation has: contained programs reach all of it; name your own networks",
				fact->value);
}

/* The compiler takes them as it takes networks of rules. */
static void internal_finish(struct reader *reader, struct policy *policy)
{
	const struct facts *facts = &policy->internal;
	struct rule *list = reader_alloc(reader, (facts->count + 1) * sizeof(*list));
	size_t count = 0;

	if (!list)
		return;
	for (const struct fact *fact = facts->first; fact; fact = fact->next)
		list[count++] = (struct rule){.value = fact->value,
					      .place = fact->place,
					      .matcher = MATCHER_NETWORK,
					      .network = *fact->network};
	policy->rules.internal = list;
	policy->rules.internal_count = count;
}

static const char *name_rule_word(unsigned rule)
{
	static const char *const words[] = {
		[NAME_RULE_NONE] = "none",
		[NAME_RULE_ALLOW] = "allow",
		[NAME_RULE_DENY] = "deny",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == NAME_RULE_MAX, "a word for each value");

	return rule < NAME_RULE_MAX ? words[rule] : NULL;
}

static const struct field names_fields[] = {
	{"no-name", 0, field_word, offsetof(struct policy_names, no_name), 0, name_rule_word},
	{"quic", 0, field_word, offsetof(struct policy_names, quic), 0, name_rule_word},
	{0},
};

static void names_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	struct policy *policy = member;

	policy->names_place = yaml_place(reader->tree, node->key);
	fields_read(reader, node, names_fields, "'names'", &policy->names);
	policy->rules.flags =
		(policy->names.no_name == NAME_RULE_DENY ? GEN_FLAG_REFUSE_NO_NAME : 0) |
		(policy->names.quic == NAME_RULE_DENY ? GEN_FLAG_REFUSE_QUIC : 0);
}

static const char *running_rule_word(unsigned rule)
{
	static const char *const words[] = {
		[RUNNING_RULE_NONE] = "none",
		[RUNNING_RULE_REPORT] = "report",
		[RUNNING_RULE_TERMINATE] = "terminate",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == RUNNING_RULE_MAX, "a word for each value");

	return rule < RUNNING_RULE_MAX ? words[rule] : NULL;
}

static void running_read(struct reader *reader, const struct field *field,
			 const struct yaml_node *node, void *member)
{
	unsigned *rule = member;

	field_word(reader, field, node, rule);
	if (*rule == RUNNING_RULE_TERMINATE)
		diagnostics_add(reader->diags, SEVERITY_WARNING, yaml_place(reader->tree, node),
				"'running: terminate' is not carried out by this version"
				": programs that run already go on");
}

/* ---------------------------------------------------------------- the document */

#define POLICY(key, flags, read, member)                                                           \
	{                                                                                          \
		key, flags, read, offsetof(struct policy, member)                                  \
	}

static const struct field policy_fields[] = {
	{"kind", FIELD_REQUIRED},
	POLICY("name", FIELD_REQUIRED, field_id, name),
	POLICY("revision", FIELD_REQUIRED, field_count, revision),
	{"mode", FIELD_REQUIRED, field_word, offsetof(struct policy, mode), 0, mode_word},
	{"min-confidence", 0, field_word, offsetof(struct policy, min_confidence), 0,
	 confidence_word},
	{"embargo", FIELD_REQUIRED, policy_lines_read, 0},
	{"allow", 0, policy_allows_read, 0},
	{"scope", 0, policy_scope_read, 0},
	{"internal", 0, internal_read, offsetof(struct policy, internal), MATCHER_NETWORK},
	{"names", 0, names_read, 0},
	{"running", 0, running_read, offsetof(struct policy, running), 0, running_rule_word},
	{"rollout", FIELD_LATER},
	{"requires", 0, requires_read, offsetof(struct policy, rules.requires)},
	{"breaker", FIELD_LATER},
	{"accept-risk", 0, policy_risks_read, 0},
	{0},
};

/* Some of it is enough: who writes 127.0.0.53 has thought of it. */
static bool has_loopback(const struct facts *internal)
{
	const struct fact *fact = internal->first;

	while (fact && !(fact->network->family == 4 && fact->network->a >> 24 == 127) &&
	       !(fact->network->family == 6 && !fact->network->a && fact->network->b == 1))
		fact = fact->next;
	return fact != NULL;
}

/* What needs more than its own key, in the order of the lines. */
static void lines_check(struct reader *reader, const struct yaml_node *root,
			const struct policy *policy)
{
	const struct yaml_node *internal = mapping_key(root, "internal");
	bool contain = false;

	for (const struct policy_line *line = policy->lines; line; line = line->next) {
		if (line->action == ACTION_CONTAIN && !internal)
			diagnostics_add(
				reader->diags, SEVERITY_ERROR, line->action_place,
				"'action: contain' without 'internal': nothing says what stays reachable; add it to the policy, as internal: [10.0.0.0/8, 127.0.0.0/8, \"::1/128\"]");
		else if (line->action == ACTION_CONTAIN && !policy->internal.count)
			diagnostics_add(
				reader->diags, SEVERITY_ERROR, line->action_place,
				"'action: contain' with an empty 'internal': nothing would stay reachable; name the networks there, or write 'action: deny'");
		contain |= line->action == ACTION_CONTAIN;
	}
	if (internal && !contain && !reader->diags->errors) /* what was refused is not missing */
		diagnostics_add(
			reader->diags, SEVERITY_WARNING, yaml_place(reader->tree, internal->key),
			"'internal' says nothing here: no line has 'action: contain'; remove it, or contain what may reach no more than this");
	else if (internal && policy->internal.count && !has_loopback(&policy->internal))
		diagnostics_remark(
			reader->diags, yaml_place(reader->tree, internal->key),
			"'internal' is without loopback: contained programs cannot talk to their own parts and to a resolver on this host; add 127.0.0.0/8 and \"::1/128\" if they should");
}

static struct policy *policy_new(struct yaml_tree *tree, const struct catalog *catalog)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->tree = tree;
	policy->catalog = catalog;
	policy->mode = MODE_AUDIT;
	policy->min_confidence = CONFIDENCE_SEEN;
	return policy;
}

int policy_read(struct yaml_tree *tree, const struct catalog *catalog,
		const struct policy_host *host, struct diagnostics *diags,
		struct policy **out_policy)
{
	struct policy *policy = policy_new(tree, catalog);
	struct reader reader = {
		.tree = tree, .diags = diags, .rules = policy ? &policy->rules : NULL};
	size_t errors = diags->errors;
	int err = 0;

	if (!policy) {
		yaml_tree_free(tree);
		return -ENOMEM;
	}
	policy->host = host;
	if (fields_read_document(&reader, policy_fields, "Policy", policy)) {
		lines_check(&reader, tree->root, policy);
		internal_finish(&reader, policy);
		if (catalog)
			err = policy_resolve(policy, diags);
		if (!err && catalog)
			err = lint_policy(policy, diags);
	}
	if (reader.no_memory)
		err = -ENOMEM;
	if (!err && (diags->errors > errors || tree->faulty || !catalog))
		err = -EINVAL;
	if (err < 0) {
		policy_free(policy);
		return err;
	}

	policy->host = NULL;
	policy->rules.policy = policy->name.text;
	policy->rules.revision = policy->revision;
	policy->rules.mode = (__u8)policy->mode;
	*out_policy = policy;
	return 0;
}

int policy_load(const char *path, const struct catalog *catalog, const struct policy_host *host,
		struct diagnostics *diags, struct policy **out_policy)
{
	struct yaml_tree *tree = NULL;
	int err;

	err = yaml_tree_load(path, diags, &tree);
	if (err < 0)
		return err;
	return policy_read(tree, catalog, host, diags, out_policy);
}

int policy_compile(const struct policy *policy, struct diagnostics *diags,
		   struct generation **out_gen)
{
	return rules_compile(&policy->rules, diags, out_gen);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	yaml_tree_free(policy->tree);
	free(policy->reached);
	free(policy->rules.list);
	free(policy);
}
