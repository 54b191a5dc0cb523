/* SPDX-License-Identifier: MIT */
/*
 * yaml.c - events of libyaml to a tree. What the product does not speak is refused here with its
 * place; what the values mean is the business of the readers above.
 */
#include "yaml.h"
#include "yaml_syntax.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A sequence or mapping that is not finished yet. */
struct frame {
	struct yaml_node *node;
	struct yaml_node **tail;
	struct yaml_node *key; /* of a mapping: the key that waits for its value */
};

struct parse {
	yaml_parser_t parser;
	struct yaml_tree *tree;
	struct diagnostics *diags;
	struct frame stack[YAML_DEPTH_MAX];
	unsigned depth;
	unsigned documents;
};

struct place yaml_place(const struct yaml_tree *tree, const struct yaml_node *node)
{
	return (struct place){
		.file = tree->file,
		.line = node ? node->line : 0,
		.column = node ? node->column : 0,
	};
}

/* ---------------------------------------------------------------- events to nodes */

static struct place event_place(const struct parse *parse, const yaml_event_t *event)
{
	return (struct place){
		.file = parse->tree->file,
		.line = (unsigned)event->start_mark.line + 1,
		.column = (unsigned)event->start_mark.column + 1,
	};
}

static const yaml_char_t *event_anchor(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static const yaml_char_t *event_tag(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag;
	default:
		return NULL;
	}
}

static void refuse_properties(struct parse *parse, const yaml_event_t *event)
{
	const yaml_char_t *anchor = event_anchor(event), *tag = event_tag(event);
	struct place place = event_place(parse, event);

	if (anchor)
		diagnostics_add(
			parse->diags, SEVERITY_ERROR, place,
			"the anchor '&%s'; anchors are not accepted, write the value where it is meant",
			quoted((const char *)anchor).text);
	if (tag)
		diagnostics_add(parse->diags, SEVERITY_ERROR, place,
				"the tag '%s'; tags are not accepted, write the value alone",
				quoted((const char *)tag).text);
}

static int scalar_fill(struct parse *parse, const yaml_event_t *event, struct yaml_node *node)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t bytes = event->data.scalar.length;

	node->type = YAML_TYPE_TEXT;
	if (memchr(text, '\0', bytes)) {
		diagnostics_add(parse->diags, SEVERITY_ERROR, event_place(parse, event),
				"a NUL character in '%s...'; text cannot contain one",
				quoted(text).text);
		node->type = YAML_TYPE_REFUSED;
	}
	node->text = arena_text(&parse->tree->arena, text, bytes);
	if (!node->text)
		return -ENOMEM;
	if (node->type == YAML_TYPE_TEXT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		node->type = yaml_plain_type(node->text);
	return 0;
}

static int node_new(struct parse *parse, const yaml_event_t *event, struct yaml_node **out_node)
{
	struct place place = event_place(parse, event);
	struct yaml_node *node;
	int err = 0;

	if (++parse->tree->nodes > YAML_NODES_MAX) {
		diagnostics_add(parse->diags, SEVERITY_ERROR, place,
				"more than %u values in one document; divide it", YAML_NODES_MAX);
		return -EINVAL;
	}
	node = arena_alloc(&parse->tree->arena, sizeof(*node));
	if (!node)
		return -ENOMEM;

	node->line = place.line;
	node->column = place.column;
	refuse_properties(parse, event);
	if (event->type == YAML_SCALAR_EVENT) {
		err = scalar_fill(parse, event, node);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		node->type = YAML_TYPE_SEQUENCE;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		node->type = YAML_TYPE_MAPPING;
	} else {
		node->type = YAML_TYPE_REFUSED;
		diagnostics_add(parse->diags, SEVERITY_ERROR, place,
				"the alias '*%s'; aliases are not accepted, write the value itself, or in quotes if it begins with '*'",
				quoted((const char *)event->data.alias.anchor).text);
	}
	*out_node = node;
	return err;
}

/* The first key of a mapping again: often a list whose dashes were left out. */
static void refuse_second(struct parse *parse, const struct frame *frame,
			  const struct yaml_node *key, const struct yaml_node *other)
{
	bool list = parse->depth > 1 && other == frame->node->first;

	diagnostics_add(parse->diags, SEVERITY_ERROR, yaml_place(parse->tree, key),
			"the key '%s' is there twice, first on line %u; remove one%s",
			quoted(key->text).text, other->key->line,
			list ? ", or begin both with '- '" : "");
}

/* A key that is refused makes its value disappear without another word. Return: 0, or -EINVAL: no use to go on. */
static int key_check(struct parse *parse, const struct frame *frame, struct yaml_node *key)
{
	struct place place = yaml_place(parse->tree, key);

	/* {{ vendor }} is a mapping in a mapping */
	if (key->type == YAML_TYPE_MAPPING && frame->node->line == key->line &&
	    frame->node->column + 1 == key->column) {
		yaml_template_refuse("{{", yaml_place(parse->tree, frame->node), parse->diags);
		return -EINVAL;
	}
	if (key->type == YAML_TYPE_SEQUENCE || key->type == YAML_TYPE_MAPPING) {
		diagnostics_add(
			parse->diags, SEVERITY_ERROR, place,
			"%s where a key was expected; a key is one word, quote values that begin with '{', '[' or '*'",
			yaml_type_word(key->type));
		return 0;
	}
	if (key->text && strlen(key->text) > YAML_KEY_BYTES_MAX) {
		diagnostics_add(parse->diags, SEVERITY_ERROR, place,
				"the key '%s' is longer than %d bytes; no key is",
				quoted(key->text).text, YAML_KEY_BYTES_MAX);
		key->type = YAML_TYPE_REFUSED;
	}
	for (const struct yaml_node *other = frame->node->first; other; other = other->next) {
		if (key->type == YAML_TYPE_REFUSED || strcmp(other->key->text, key->text))
			continue;
		refuse_second(parse, frame, key, other);
		key->type = YAML_TYPE_REFUSED;
	}
	return 0;
}

static int attach(struct parse *parse, struct yaml_node *node)
{
	struct frame *frame;

	if (!parse->depth) {
		parse->tree->root = node;
		return 0;
	}
	frame = &parse->stack[parse->depth - 1];
	if (frame->node->type == YAML_TYPE_MAPPING) {
		if (!frame->key) {
			frame->key = node;
			return key_check(parse, frame, node);
		}
		node->key = frame->key;
		frame->key = NULL;
		if (node->key->type == YAML_TYPE_REFUSED || !node->key->text)
			return 0;
		if (frame->node->count == YAML_KEYS_MAX) {
			diagnostics_add(parse->diags, SEVERITY_ERROR,
					yaml_place(parse->tree, node->key),
					"more than %u keys in one place", YAML_KEYS_MAX);
			return -EINVAL;
		}
	}
	*frame->tail = node;
	frame->tail = &node->next;
	frame->node->count++;
	return 0;
}

static int push(struct parse *parse, struct yaml_node *node)
{
	if (parse->depth == YAML_DEPTH_MAX) {
		diagnostics_add(parse->diags, SEVERITY_ERROR, yaml_place(parse->tree, node),
				"nested deeper than %u levels; no document needs more than eight", YAML_DEPTH_MAX);
		return -EINVAL;
	}
	parse->stack[parse->depth++] = (struct frame){.node = node, .tail = &node->first};
	return 0;
}

static int document_start(struct parse *parse, const yaml_event_t *event)
{
	const yaml_version_directive_t *version = event->data.document_start.version_directive;

	if (parse->documents++) {
		diagnostics_add(
			parse->diags, SEVERITY_ERROR, event_place(parse, event),
			"a second document; a file holds one, put this into a file of its own");
		return -EINVAL;
	}
	if (version && (version->major != 1 || version->minor != 2)) {
		diagnostics_add(parse->diags, SEVERITY_ERROR, event_place(parse, event),
				"YAML %d.%d; documents are YAML 1.2, remove the directive",
				version->major, version->minor);
	}
	if (event->data.document_start.tag_directives.start !=
	    event->data.document_start.tag_directives.end) {
		diagnostics_add(parse->diags, SEVERITY_ERROR, event_place(parse, event),
				"a %%TAG directive; tags are not accepted, remove it");
	}
	return 0;
}

static int event_apply(struct parse *parse, const yaml_event_t *event)
{
	struct yaml_node *node = NULL;
	int err;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return document_start(parse, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		parse->depth--;
		return 0;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		break;
	default:
		return 0;
	}

	err = node_new(parse, event, &node);
	if (err < 0)
		return err;
	err = attach(parse, node);
	if (err < 0)
		return err;
	if (node->type == YAML_TYPE_SEQUENCE || node->type == YAML_TYPE_MAPPING)
		return push(parse, node);
	return 0;
}

/* libyaml stops at the first thing that it cannot read. */
static int parse_events(struct parse *parse, const char *data, size_t bytes)
{
	bool end = false;
	int err = 0;

	while (!end && !err) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parse->parser, &event)) {
			if (parse->parser.error == YAML_MEMORY_ERROR)
				return -ENOMEM;
			yaml_syntax_refuse(&parse->parser, parse->tree->file, data, bytes,
					   parse->diags);
			return -EINVAL;
		}

		end = event.type == YAML_STREAM_END_EVENT;
		err = event_apply(parse, &event);
		yaml_event_delete(&event);
	}
	return err;
}

int yaml_tree_parse(const char *file, const char *data, size_t bytes, struct diagnostics *diags,
		    struct yaml_tree **out_tree)
{
	struct parse parse = {.diags = diags};
	size_t errors = diags->errors;
	struct yaml_tree *tree;
	int err;

	if (bytes > YAML_DOCUMENT_BYTES_MAX) {
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){.file = file},
				"larger than %u MiB; divide it", YAML_DOCUMENT_BYTES_MAX >> 20);
		return -EINVAL;
	}
	err = yaml_text_check(file, data, bytes, diags);
	if (err < 0)
		return err;
	if (bytes > 1 && data[0] == '<' && data[1] != '<') {
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){file, 1, 1},
				"this is HTML or XML; was a page saved in place of the document?");
		return -EINVAL;
	}

	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->file = arena_text(&tree->arena, file, strlen(file));
	if (!tree->file || !yaml_parser_initialize(&parse.parser)) {
		yaml_tree_free(tree);
		return -ENOMEM;
	}

	parse.tree = tree;
	yaml_parser_set_encoding(&parse.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parse.parser, (const unsigned char *)data, bytes);
	err = parse_events(&parse, data, bytes);
	yaml_parser_delete(&parse.parser);
	if (err < 0) {
		yaml_tree_free(tree);
		return err;
	}

	tree->faulty = diags->errors > errors;
	*out_tree = tree;
	return 0;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	if (!tree)
		return;
	arena_done(&tree->arena);
	free(tree);
}
