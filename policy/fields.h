/* SPDX-License-Identifier: MIT */
/*
 * fields.h - from a mapping of a document to a struct: one row of a table for each key. Unknown,
 * missing and not yet supported keys and wrong types are reported here for all three documents.
 */
#ifndef EMBARGO_FIELDS_H
#define EMBARGO_FIELDS_H

#include "yaml.h"
#include <stdbool.h>

struct rules;

/* What reading one document needs. */
struct reader {
	struct yaml_tree *tree;
	struct diagnostics *diags;
	struct rules *rules; /* where lists in files go; NULL: the document can have none */
	size_t lists;	     /* that were read so far, empty ones among them */
	size_t list_values;  /* in all of them */
	bool no_memory;	     /* something was not read for want of memory */
};

struct field;

/**
 * field_read_fn - read the value of one key
 * @reader: borrowed
 * @field:  the key's row; borrowed
 * @node:   the value
 * @member: of the struct, at the row's offset
 *
 * What is wrong goes into the reader's diagnostics; the member then stays as it was.
 */
typedef void (*field_read_fn)(struct reader *reader, const struct field *field,
			      const struct yaml_node *node, void *member);

enum field_flag {
	FIELD_REQUIRED = 1 << 0,
	FIELD_LATER = 1 << 1, /* part of the format, but "not supported yet" */
	FIELD_HIDDEN = 1 << 2, /* no key of the format: its function says what to write */
	FIELD_INSTEAD = 1 << 3, /* where it stands, what is required is not missed */
};

struct field {
	const char *key;
	unsigned flags;                 /* enum field_flag, ORed */
	field_read_fn read;             /* NULL: accepted and not looked at, or FIELD_LATER */
	size_t offset;                  /* of the member */
	unsigned argument;              /* for read() */
	const char *(*words)(unsigned); /* for field_word(): the words that are accepted, from 1 */
};

/* Text with its place. */
struct field_text {
	const char *text; /* NULL: the key is not there */
	struct place place;
};

/* A list of texts. */
struct field_texts {
	const struct yaml_node *first; /* all of them are text; NULL: none */
	size_t count;
	const struct yaml_node *node; /* the list; NULL: the key is not there */
};

/**
 * fields_read() - read a mapping
 * @reader: borrowed
 * @node:   the mapping; something else is an error
 * @fields: rows; the last one has no key
 * @what:   what the mapping is, for messages: "a product"
 * @object: the struct that the offsets count in
 */
void fields_read(struct reader *reader, const struct yaml_node *node, const struct field *fields,
		 const char *what, void *object);

/**
 * fields_read_document() - the same for a whole document, whose "kind" is looked at first
 * @kind: "Vendor", "Policy" or "Agent"
 *
 * The rows need one for "kind" without a read function.
 * Return: false when this is another kind of document, and nothing was read.
 */
bool fields_read_document(struct reader *reader, const struct field *fields, const char *kind,
			  void *object);

/* Rows' functions; the comment says the member's type. */
void field_text(struct reader *, const struct field *, const struct yaml_node *,
		void *); /* struct field_text */
void field_texts(struct reader *, const struct field *, const struct yaml_node *,
		 void *); /* struct field_texts */
void field_prose(struct reader *, const struct field *, const struct yaml_node *,
		 void *); /* struct field_text */
void field_id(struct reader *, const struct field *, const struct yaml_node *,
	      void *); /* struct field_text */
void field_bool(struct reader *, const struct field *, const struct yaml_node *, void *); /* bool */
void field_count(struct reader *, const struct field *, const struct yaml_node *,
		 void *); /* unsigned, 1 or more */
void field_word(struct reader *, const struct field *, const struct yaml_node *,
		void *); /* unsigned */

/** reader_error() - an error at a node */
void reader_error(struct reader *reader, const struct yaml_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * reader_expect() - is it of this type? If not, that is an error with what was expected
 * @expected: in words; NULL: those of the type
 */
bool reader_expect(struct reader *reader, const struct yaml_node *node, enum yaml_type type,
		   const char *expected);

/** reader_text() - the text of a node that must be one line of text, or NULL after an error */
const char *reader_text(struct reader *reader, const struct yaml_node *node);

/** reader_alloc() - from the document's arena; NULL is noted in the reader */
void *reader_alloc(struct reader *reader, size_t bytes);

/** reader_copy() - a text in the document's arena; NULL is noted in the reader */
const char *reader_copy(struct reader *reader, const char *text);

#endif
