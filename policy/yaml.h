/* SPDX-License-Identifier: MIT */
/*
 * yaml.h - a YAML 1.2 document as a small tree whose nodes know their place. The strict subset that
 * the product speaks: no anchors, aliases, tags or second documents, no duplicate keys.
 *
 * Names say yaml_tree_ because libyaml exports yaml_free() and others under the plain prefix.
 */
#ifndef EMBARGO_YAML_H
#define EMBARGO_YAML_H

#include "arena.h"
#include "diagnostics.h"
#include <stdbool.h>
#include <stdint.h>

#define YAML_DOCUMENT_BYTES_MAX (4u * 1024 * 1024)
#define YAML_DEPTH_MAX          32   /* mappings and sequences inside each other */
#define YAML_KEYS_MAX           1024 /* of one mapping; duplicates are searched one by one */
#define YAML_NODES_MAX          (128u * 1024) /* bounds the memory of a hostile document: 10 MiB */

/* What a node is; scalars by the core schema of YAML 1.2, but only "true" and "false" are booleans. */
enum yaml_type {
	YAML_TYPE_TEXT,
	YAML_TYPE_NULL, /* nothing, "null" or "~" */
	YAML_TYPE_BOOLEAN,
	YAML_TYPE_INTEGER,
	YAML_TYPE_NUMBER, /* with a fraction or an exponent */
	YAML_TYPE_SEQUENCE,
	YAML_TYPE_MAPPING,
	YAML_TYPE_REFUSED, /* an error was reported for it: say nothing more about it */
	YAML_TYPE_MAX,
};

struct yaml_node {
	enum yaml_type type;
	unsigned line, column;
	const char *text; /* of a scalar: what was written, quotes and escapes resolved */
	const struct yaml_node *key; /* of a value in a mapping */
	struct yaml_node *first;     /* of a sequence or mapping: its values in their order */
	struct yaml_node *next;
	size_t count; /* how many */
};

struct yaml_tree {
	struct arena arena;     /* of the nodes and of what readers make of them */
	const char *file;       /* as it was given; owned by the arena */
	struct yaml_node *root; /* NULL: the document is empty */
	size_t nodes;
	bool faulty; /* errors were reported for it: never to be accepted */
};

/**
 * yaml_tree_parse() - read a document from memory
 * @file:     name for diagnostics; borrowed, copied
 * @data:     the text; borrowed, not used after the return
 * @bytes:    its length
 * @diags:    borrowed; receives every error found
 * @out_tree: owned by the caller; untouched on failure
 *
 * Errors after which the tree still makes sense (an anchor, a duplicate key) are in @diags although the
 * return is 0, so that the caller can find the errors of meaning in the same run; the tree is then faulty.
 *
 * Return: 0; -EINVAL (no tree can be made of it, see @diags); -ENOMEM.
 */
int yaml_tree_parse(const char *file, const char *data, size_t bytes, struct diagnostics *diags,
		    struct yaml_tree **out_tree);

/**
 * yaml_tree_load() - the same from a regular file
 * @path: borrowed
 *
 * Return: as above; the negative errno of open() or read(), which is in @diags too.
 */
int yaml_tree_load(const char *path, struct diagnostics *diags, struct yaml_tree **out_tree);

/** yaml_tree_free() - accepts NULL */
void yaml_tree_free(struct yaml_tree *tree);

/** yaml_place() - where a node stands; NULL is the document as a whole */
struct place yaml_place(const struct yaml_tree *tree, const struct yaml_node *node);

/** yaml_plain_type() - the type of a scalar without quotes; @text is borrowed */
enum yaml_type yaml_plain_type(const char *text);

/** yaml_type_word() - "text", "a list", ...; for messages */
const char *yaml_type_word(enum yaml_type type);

/**
 * yaml_text_check() - is it text that a document may consist of?
 * @data, @bytes: borrowed
 * @file:  name for diagnostics; borrowed
 * @diags: borrowed; the first thing that is not UTF-8 or not allowed, with its place
 *
 * Return: 0 or -EINVAL.
 * Source: the printable characters of YAML 1.2.2 section 5.1, less the tab and the byte order mark.
 */
int yaml_text_check(const char *file, const char *data, size_t bytes, struct diagnostics *diags);

/**
 * yaml_character() - the character at the beginning of some bytes
 * @data, @bytes: borrowed; at least one byte
 * @out_point:    its code point; untouched on failure
 *
 * Return: its length in bytes; 0: it is not UTF-8.
 */
size_t yaml_character(const unsigned char *data, size_t bytes, uint32_t *out_point);

#endif
