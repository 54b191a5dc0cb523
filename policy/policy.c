/* SPDX-License-Identifier: MIT */
/*
 * policy.c - the policy document to struct policy: every key of the format is known here, those that
 * do nothing yet are refused by name. What the lines reach is the business of resolve.c.
 */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Only what this build can do is accepted; "contain" has a message of its own. */
static void line_action(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_TEXT, "deny"))
		return;
	if (!strcmp(node->text, action_word(ACTION_DENY)))
		*(unsigned *)member = ACTION_DENY;
	else if (!strcmp(node->text, action_word(ACTION_CONTAIN)))
		reader_error(reader, node, "action '%s' is not supported yet; write deny",
			     node->text);
	else
		reader_error(reader, node, "unknown action '%s'; expected deny",
			     quoted(node->text).text);
}

/* ---------------------------------------------------------------- embargo */

#define LINE(key, flags, read, member)                                                             \
	{                                                                                          \
		key, flags, read, offsetof(struct policy_line, member)                             \
	}
#define FACTS(key, matcher)                                                                        \
	{                                                                                          \
		key, 0, facts_read_policy, offsetof(struct policy_line, facts), matcher            \
	}

static const struct field line_fields[] = {
	LINE("vendor", 0, field_id, vendor),
	LINE("name", 0, field_id, name),
	LINE("products", 0, field_texts, products),
	LINE("subsidiaries", 0, field_bool, subsidiaries),
	{"mode", 0, field_word, offsetof(struct policy_line, mode), 0, mode_word},
	LINE("action", 0, line_action, action),
	FACTS("paths", MATCHER_PATH),
	FACTS("networks", MATCHER_NETWORK),
	FACTS("digests", MATCHER_DIGEST),
	FACTS("domains", MATCHER_DOMAIN),
	FACTS("modules", MATCHER_MODULE),
	FACTS("packages", MATCHER_PACKAGE),
	FACTS("package-vendors", MATCHER_PACKAGE_VENDOR),
	{"scripts", FIELD_LATER},
	{0},
};

static const struct yaml_node *find_key(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = node->type == YAML_TYPE_MAPPING ? node->first : NULL;

	while (value && strcmp(value->key->text, key))
		value = value->next;
	return value ? value->key : NULL;
}

static const char *const keys_of_vendor[] = {"products", "subsidiaries", NULL};
static const char *const keys_of_name[] = {"paths",   "networks", "digests",         "domains",
					   "modules", "packages", "package-vendors", NULL};

/* Keys that belong to the other sort of line. */
static void refuse_keys(struct reader *reader, const struct yaml_node *node,
			const char *const *keys, const char *why)
{
	for (; *keys; keys++) {
		const struct yaml_node *key = find_key(node, *keys);

		if (key)
			reader_error(reader, key, "'%s' %s", *keys, why);
	}
}

static void line_check(struct reader *reader, const struct yaml_node *node,
		       const struct policy *policy, const struct policy_line *line)
{
	const struct yaml_node *vendor = find_key(node, "vendor"), *name = find_key(node, "name");

	if (!vendor && !name)
		reader_error(
			reader, node,
			"a line that names nobody; expected 'vendor' with an id of the catalogue, or 'name' with matchers in place");
	else if (vendor && name)
		reader_error(
			reader, name,
			"'name' beside 'vendor'; write a line of its own for matchers in place");
	else if (vendor)
		refuse_keys(
			reader, node, keys_of_name,
			"in a line with 'vendor'; write a line with 'name' for matchers in place");
	else
		refuse_keys(reader, node, keys_of_vendor,
			    "in a line with 'name'; it belongs to 'vendor'");
	if (line->subsidiaries && line->products.node)
		reader_error(reader, find_key(node, "subsidiaries"),
			     "'subsidiaries' beside 'products'; write two lines");

	for (const struct policy_line *other = policy->lines; other; other = other->next) {
		if (line->name.text && other->name.text &&
		    !strcmp(line->name.text, other->name.text))
			diagnostics_add(
				reader->diags, SEVERITY_ERROR, line->name.place,
				"the name '%s' is there twice, first on line %u; choose another one",
				line->name.text, other->name.place.line);
	}
}

/* Also refused ones: what was told already is not missing. */
static bool line_has_matchers(const struct yaml_node *node)
{
	for (const struct yaml_node *value = node->first; value; value = value->next) {
		for (const char *const *key = keys_of_name; *key; key++) {
			if (!strcmp(value->key->text, *key) &&
			    (value->count || value->type != YAML_TYPE_SEQUENCE))
				return true;
		}
	}
	return find_key(node, "vendor") != NULL;
}

static void line_read(struct reader *reader, const struct yaml_node *node, struct policy *policy)
{
	struct policy_line *line = reader_alloc(reader, sizeof(*line));

	if (!line)
		return;
	line->place = yaml_place(reader->tree, node);
	line->action = ACTION_DENY;
	fields_read(reader, node, line_fields, "a line of 'embargo'", line);
	if (node->type != YAML_TYPE_MAPPING)
		return;

	line_check(reader, node, policy, line);
	if (line->name.text && !line->facts.count && !line_has_matchers(node))
		diagnostics_add(reader->diags, SEVERITY_ERROR, line->name.place,
				"'%s' reaches nothing; expected paths or networks in its line",
				line->name.text);
	facts_finish(reader, &line->facts);
	if (policy->last_line)
		policy->last_line->next = line;
	else
		policy->lines = line;
	policy->last_line = line;
}

static void lines_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		line_read(reader, one, member);
}

/* ---------------------------------------------------------------- allow */

#define ALLOW(key, flags, read, member)                                                            \
	{                                                                                          \
		key, flags, read, offsetof(struct policy_allow, member)                            \
	}

static const struct field allow_fields[] = {
	{"path", 0, facts_read_one, offsetof(struct policy_allow, facts), MATCHER_PATH},
	{"network", 0, facts_read_one, offsetof(struct policy_allow, facts), MATCHER_NETWORK},
	ALLOW("product", 0, field_text, product),
	ALLOW("reason", FIELD_REQUIRED, field_text, reason),
	{"digest", FIELD_LATER},
	{"domain", FIELD_LATER},
	{"module", FIELD_LATER},
	{"package", FIELD_LATER},
	{"package-vendor", FIELD_LATER},
	{"until", FIELD_LATER},
	{"hosts", FIELD_LATER},
	{0},
};

static void allow_read(struct reader *reader, const struct yaml_node *node, struct policy *policy)
{
	static const char *const matchers[] = {"path",    "network",        "product",
					       "digest",  "domain",         "module",
					       "package", "package-vendor", NULL};
	struct policy_allow *allow = reader_alloc(reader, sizeof(*allow));
	unsigned named = 0;

	if (!allow)
		return;
	allow->place = yaml_place(reader->tree, node);
	fields_read(reader, node, allow_fields, "an entry of 'allow'", allow);
	if (node->type != YAML_TYPE_MAPPING)
		return;

	for (const char *const *key = matchers; *key; key++)
		named += find_key(node, *key) != NULL;
	if (!named)
		reader_error(
			reader, node,
			"an entry that allows nothing; expected one of: path, network, product");
	else if (named > 1)
		reader_error(reader, node,
			     "an entry that allows several things; write one entry for each");
	if (policy->last_allow)
		policy->last_allow->next = allow;
	else
		policy->allows = allow;
	policy->last_allow = allow;
}

static void allows_read(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		allow_read(reader, one, member);
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
	{"embargo", FIELD_REQUIRED, lines_read, 0},
	{"allow", 0, allows_read, 0},
	{"scope", FIELD_LATER},
	{"internal", FIELD_LATER},
	{"names", FIELD_LATER},
	{"running", FIELD_LATER},
	{"rollout", FIELD_LATER},
	{"requires", FIELD_LATER},
	{"breaker", FIELD_LATER},
	{"accept-risk", FIELD_LATER},
	{0},
};

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

int policy_read(struct yaml_tree *tree, const struct catalog *catalog, const struct policy_host *host,
		struct diagnostics *diags, struct policy **out_policy)
{
	struct reader reader = {.tree = tree, .diags = diags};
	struct policy *policy = policy_new(tree, catalog);
	size_t errors = diags->errors;
	int err = 0;

	if (!policy) {
		yaml_tree_free(tree);
		return -ENOMEM;
	}
	policy->host = host;
	if (fields_read_document(&reader, policy_fields, "Policy", policy) && catalog)
		err = policy_resolve(policy, diags);
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
	free(policy->rules.list);
	free(policy);
}
