/* SPDX-License-Identifier: MIT */
/*
 * agent_config.c - the agent's own document: where the policy is, how strict this host may be, and
 * where events go.
 */
#include "model.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_DEFAULT       "/etc/embargo/policy.yaml"
#define EVENTS_DEFAULT       "/var/log/embargo/events.jsonl"
#define ROTATE_DEFAULT_BYTES (100ull << 20)
#define KEEP_DEFAULT         10

/* One entry of "events" as it is written. */
struct sink_text {
	struct sink_text *next;
	struct field_text file;
	bool output; /* stdout: true */
	unsigned long long rotate_bytes;
	unsigned keep;
	struct place place;
};

/* The document as it is written; texts live in the tree. */
struct agent_text {
	struct field_text policy, within;
	bool audit_only;
	bool has_events;
	struct sink_text *sinks, *last_sink;
	size_t sink_count;
	const struct yaml_node *labels;
};

/* ---------------------------------------------------------------- values */

static void absolute_path(struct reader *reader, const struct yaml_node *node, const char *example,
			  struct field_text *out)
{
	const char *text = reader_text_up_to(reader, node, PATH_MAX);

	if (!text)
		return;
	if (*text == '/')
		*out = (struct field_text){.text = text, .place = yaml_place(reader->tree, node)};
	else
		reader_error(reader, node,
			     "'%s' is not a whole path; expected one that begins with '/', as %s",
			     quoted(text).text, example);
}

static void file_read(struct reader *reader, const struct field *field,
		      const struct yaml_node *node, void *member)
{
	absolute_path(reader, node, EVENTS_DEFAULT, member);
}

static void policy_path_read(struct reader *reader, const struct field *field,
			     const struct yaml_node *node, void *member)
{
	if (node->type == YAML_TYPE_TEXT && !strncmp(node->text, "https:", 6)) {
		reader_error(reader, node, "a policy from '%s' is not supported yet; write a path",
			     quoted(node->text).text);
		return;
	}
	absolute_path(reader, node, POLICY_DEFAULT, member);
}

static void within_read(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	if (node->type == YAML_TYPE_NULL)
		return;
	absolute_path(reader, node, "/sys/fs/cgroup/trial", member);
}

/* "100MiB": binary units only, as the word says. */
static void size_read(struct reader *reader, const struct field *field,
		      const struct yaml_node *node, void *member)
{
	static const struct {
		const char *word;
		unsigned shift;
	} units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
	unsigned long long value = 0;
	const char *at = node->text;

	if (!reader_expect(reader, node, YAML_TYPE_TEXT, "a size as 100MiB"))
		return;
	while (*at >= '0' && *at <= '9' && value < 1u << 20)
		value = value * 10 + (unsigned)(*at++ - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(*units) && value && value < 1u << 20; i++) {
		if (!strcmp(at, units[i].word)) {
			*(unsigned long long *)member = value << units[i].shift;
			return;
		}
	}
	reader_error(reader, node,
		     "'%s' is no size; expected a number with KiB, MiB or GiB, as 100MiB",
		     quoted(node->text).text);
}

static void labels_read(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	bool good = true;

	if (!reader_expect(reader, node, YAML_TYPE_MAPPING, NULL))
		return;
	for (const struct yaml_node *value = node->first; value; value = value->next)
		good &= reader_text(reader, value) != NULL;
	if (good)
		*(const struct yaml_node **)member = node;
}

/* ---------------------------------------------------------------- events */

#define SINK(key, flags, read, member)                                                             \
	{                                                                                          \
		key, flags, read, offsetof(struct sink_text, member)                               \
	}

static const struct field sink_fields[] = {
	SINK("file", 0, file_read, file),
	SINK("rotate", 0, size_read, rotate_bytes),
	SINK("keep", 0, field_count, keep),
	SINK("stdout", 0, field_bool, output),
	{"journald", FIELD_LATER},
	{"syslog", FIELD_LATER},
	{"ca", FIELD_LATER},
	{0},
};

static bool has_key(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *value = node->first;

	while (value && strcmp(value->key->text, key))
		value = value->next;
	return value != NULL;
}

static bool sink_check(struct reader *reader, const struct yaml_node *node,
		       const struct agent_text *agent, const struct sink_text *sink)
{
	bool file = has_key(node, "file"), output = has_key(node, "stdout");
	size_t errors = reader->diags->errors;

	if (!file && !output && !has_key(node, "journald") && !has_key(node, "syslog"))
		reader_error(reader, node,
			     "an entry that sends events nowhere; expected file or stdout");
	if (file && output)
		reader_error(reader, node, "an entry with 'file' and 'stdout'; write two entries");
	if (!file && (has_key(node, "rotate") || has_key(node, "keep")))
		reader_error(reader, node,
			     "'rotate' and 'keep' belong to 'file'; remove them here");
	if (has_key(node, "keep") && !has_key(node, "rotate"))
		reader_error(reader, node,
			     "'keep' without 'rotate'; add a size, as rotate: 100MiB");
	for (const struct sink_text *other = agent->sinks; other; other = other->next) {
		if (sink->output == other->output &&
		    (sink->output || (sink->file.text && other->file.text &&
				      !strcmp(sink->file.text, other->file.text))))
			reader_error(
				reader, node,
				"events go to the same place twice, first on line %u; remove one",
				other->place.line);
	}
	return errors == reader->diags->errors;
}

static void sink_read(struct reader *reader, const struct yaml_node *node, struct agent_text *agent)
{
	struct sink_text *sink = reader_alloc(reader, sizeof(*sink));

	if (!sink)
		return;
	sink->place = yaml_place(reader->tree, node);
	sink->keep = KEEP_DEFAULT;
	fields_read(reader, node, sink_fields, "an entry of 'events'", sink);
	if (node->type != YAML_TYPE_MAPPING || !sink_check(reader, node, agent, sink) ||
	    (!sink->file.text && !sink->output))
		return;

	if (agent->last_sink)
		agent->last_sink->next = sink;
	else
		agent->sinks = sink;
	agent->last_sink = sink;
	agent->sink_count++;
}

static void sinks_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	struct agent_text *agent = member;
	size_t errors = reader->diags->errors;

	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	agent->has_events = true;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		sink_read(reader, one, agent);
	if (!agent->sink_count && errors == reader->diags->errors)
		reader_error(
			reader, node,
			"'events' goes nowhere, nothing would be recorded; expected file or stdout");
}

/* ---------------------------------------------------------------- the document */

#define AGENT(key, flags, read, member)                                                            \
	{                                                                                          \
		key, flags, read, offsetof(struct agent_text, member)                              \
	}

static const struct field agent_fields[] = {
	{"kind", FIELD_REQUIRED},
	AGENT("policy", 0, policy_path_read, policy),
	AGENT("labels", 0, labels_read, labels),
	AGENT("audit-only", 0, field_bool, audit_only),
	AGENT("within", 0, within_read, within),
	{"events", 0, sinks_read, 0},
	{"metrics", FIELD_LATER},
	{"redact", FIELD_LATER},
	{0},
};

static int copy_sinks(struct agent_config *config, const struct agent_text *agent)
{
	config->sinks = calloc(agent->sink_count ? agent->sink_count : 1, sizeof(*config->sinks));
	if (!config->sinks)
		return -ENOMEM;
	for (const struct sink_text *one = agent->sinks; one; one = one->next) {
		struct sink_config *sink = &config->sinks[config->sink_count];

		sink->kind = one->output ? SINK_STDOUT : SINK_FILE;
		sink->rotate_bytes = one->rotate_bytes;
		sink->keep = one->output ? 0 : one->keep;
		sink->place = one->place;
		sink->place.file = config->file;
		if (one->file.text) {
			sink->path = strdup(one->file.text);
			if (!sink->path)
				return -ENOMEM;
		}
		config->sink_count++;
	}
	if (agent->has_events)
		return 0;

	config->sinks[0] = (struct sink_config){
		.kind = SINK_FILE,
		.path = strdup(EVENTS_DEFAULT),
		.rotate_bytes = ROTATE_DEFAULT_BYTES,
		.keep = KEEP_DEFAULT,
		.place = {.file = config->file},
	};
	config->sink_count = 1;
	return config->sinks[0].path ? 0 : -ENOMEM;
}

static int copy_labels(struct agent_config *config, const struct yaml_node *labels)
{
	if (!labels || !labels->count)
		return 0;
	config->label_names = calloc(labels->count, sizeof(char *));
	config->label_values = calloc(labels->count, sizeof(char *));
	if (!config->label_names || !config->label_values)
		return -ENOMEM;
	for (const struct yaml_node *value = labels->first; value; value = value->next) {
		size_t at = config->label_count++;

		config->label_names[at] = strdup(value->key->text);
		config->label_values[at] = strdup(value->text);
		if (!config->label_names[at] || !config->label_values[at])
			return -ENOMEM;
	}
	return 0;
}

static int make_config(const struct agent_text *agent, const char *file,
		       struct agent_config **out_config)
{
	struct agent_config *config = calloc(1, sizeof(*config));
	int err = -ENOMEM;

	if (!config)
		return -ENOMEM;
	config->file = strdup(file);
	config->policy = strdup(agent->policy.text ? agent->policy.text : POLICY_DEFAULT);
	config->audit_only = agent->audit_only;
	if (!config->file || !config->policy)
		goto out;
	if (agent->within.text) {
		config->within = strdup(agent->within.text);
		if (!config->within)
			goto out;
	}
	err = copy_sinks(config, agent);
	if (err < 0)
		goto out;
	err = copy_labels(config, agent->labels);
	if (err < 0)
		goto out;
	*out_config = config;
	return 0;

out:
	agent_config_free(config);
	return err;
}

int agent_config_read(struct yaml_tree *tree, struct diagnostics *diags,
		      struct agent_config **out_config)
{
	struct reader reader = {.tree = tree, .diags = diags};
	struct agent_text agent = {0};
	size_t errors = diags->errors;
	int err = 0;

	(void)fields_read_document(&reader, agent_fields, "Agent",
				   &agent); /* its errors are counted */
	if (reader.no_memory)
		err = -ENOMEM;
	else if (diags->errors > errors || tree->faulty)
		err = -EINVAL;
	else
		err = make_config(&agent, tree->file, out_config);
	yaml_tree_free(tree);
	return err;
}

int agent_config_load(const char *path, struct diagnostics *diags, struct agent_config **out_config)
{
	struct yaml_tree *tree = NULL;
	int err;

	err = yaml_tree_load(path, diags, &tree);
	if (err < 0)
		return err;
	return agent_config_read(tree, diags, out_config);
}

void agent_config_free(struct agent_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->sink_count; i++)
		free(config->sinks[i].path);
	for (size_t i = 0; i < config->label_count; i++) {
		free(config->label_names[i]);
		free(config->label_values[i]);
	}
	free(config->sinks);
	free(config->label_names);
	free(config->label_values);
	free(config->policy);
	free(config->within);
	free(config->file);
	free(config);
}
