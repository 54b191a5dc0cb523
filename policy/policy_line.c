/* SPDX-License-Identifier: MIT */
/*
 * policy_line.c - the key "embargo" of a policy: one line for a vendor of the catalogue, or for a name
 * with matchers in place.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define LINE(key, flags, read, member)                                                             \
	{                                                                                          \
		key, flags, read, offsetof(struct policy_line, member)                             \
	}
#define FACTS(key, matcher)                                                                        \
	{                                                                                          \
		key, 0, facts_read_policy, offsetof(struct policy_line, facts), matcher            \
	}

/* What a line can do; "allow" is a key of its own. */
static const char *line_action_word(unsigned action)
{
	return action == ACTION_ALLOW ? NULL : action_word(action);
}

static const char *script_rule_word(unsigned rule)
{
	return rule == SCRIPT_RULE_STRICT ? "strict" : NULL;
}

static const struct field line_fields[] = {
	LINE("vendor", 0, field_id, vendor),
	LINE("name", 0, field_id, name),
	LINE("products", 0, field_texts, products),
	LINE("subsidiaries", 0, field_bool, subsidiaries),
	{"mode", 0, field_word, offsetof(struct policy_line, mode), 0, mode_word},
	{"action", 0, field_word, offsetof(struct policy_line, action), 0, line_action_word},
	FACTS("paths", MATCHER_PATH),
	FACTS("networks", MATCHER_NETWORK),
	FACTS("digests", MATCHER_DIGEST),
	FACTS("domains", MATCHER_DOMAIN),
	FACTS("modules", MATCHER_MODULE),
	FACTS("packages", MATCHER_PACKAGE),
	FACTS("package-vendors", MATCHER_PACKAGE_VENDOR),
	{"scripts", 0, field_word, offsetof(struct policy_line, scripts), 0, script_rule_word},
	{0},
};

/* The key itself: most mistakes here are keys that do not belong together. */
static const struct yaml_node *find_key(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = mapping_key(node, key);

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
		       const struct policy_line *line)
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
}

static void line_read(struct reader *reader, const struct yaml_node *node, struct policy *policy)
{
	struct policy_line *line = reader_alloc(reader, sizeof(*line));
	size_t errors = reader->diags->errors, lists = reader->lists;

	if (!line)
		return;
	if (node->type == YAML_TYPE_TEXT) {
		reader_error(reader, node, "'%s' alone is no line; write {vendor: %s}",
			     quoted(node->text).text, quoted(node->text).text);
		return;
	}
	line->place = yaml_place(reader->tree, node);
	line->action = ACTION_DENY;
	line->list_first = policy->rules.count;
	fields_read(reader, node, line_fields, "a line of 'embargo'", line);
	line->list_count = policy->rules.count - line->list_first;
	if (node->type != YAML_TYPE_MAPPING)
		return;
	line->action_place = yaml_place(reader->tree, mapping_key(node, "action"));
	line->scripts_place = yaml_place(reader->tree, mapping_key(node, "scripts"));

	line_check(reader, node, line);
	/* what was refused is not missing, and a list may be empty today */
	if (line->name.text && !line->facts.count && lists == reader->lists &&
	    errors == reader->diags->errors)
		diagnostics_add(
			reader->diags, SEVERITY_ERROR, line->name.place,
			"'%s' reaches nothing; expected matchers in its line: paths, networks, digests, domains, modules, packages or package-vendors",
			line->name.text);
	facts_finish(reader, &line->facts);
	if (policy->last_line)
		policy->last_line->next = line;
	else
		policy->lines = line;
	policy->last_line = line;
}

static int compare_names(const void *left, const void *right)
{
	const struct policy_line *a = *(const struct policy_line *const *)left;
	const struct policy_line *b = *(const struct policy_line *const *)right;
	int order = strcmp(a->name.text, b->name.text);

	if (order)
		return order;
	return a->name.place.line < b->name.place.line ? -1
						       : a->name.place.line > b->name.place.line;
}

/* Rule ids begin with these names, so two lines with one name would have one id for two things. */
static void refuse_same_names(struct reader *reader, const struct policy *policy)
{
	const struct policy_line **lines;
	size_t count = 0;

	for (const struct policy_line *line = policy->lines; line; line = line->next)
		count += line->name.text != NULL;
	lines = calloc(count + 1, sizeof(*lines));
	if (!lines) {
		reader->no_memory = true;
		return;
	}
	count = 0;
	for (const struct policy_line *line = policy->lines; line; line = line->next) {
		if (line->name.text)
			lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), compare_names);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (strcmp(lines[i]->name.text, lines[first]->name.text))
			first = i;
		else
			diagnostics_add(
				reader->diags, SEVERITY_ERROR, lines[i]->name.place,
				"the name '%s' is there twice, first on line %u; choose another one",
				lines[i]->name.text, lines[first]->name.place.line);
	}
	free(lines);
}

void policy_lines_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		line_read(reader, one, member);
	refuse_same_names(reader, member);
}
