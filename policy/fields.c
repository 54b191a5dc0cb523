/* SPDX-License-Identifier: MIT */
/*
 * fields.c - the rules that all keys of all documents share, so that each mistake is told in the same
 * words wherever it is made.
 */
#include "fields.h"
#include "suggest.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void reader_error(struct reader *reader, const struct yaml_node *node, const char *format, ...)
{
	char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	if (!message)
		reader->no_memory = true;
	diagnostics_add(reader->diags, SEVERITY_ERROR, yaml_place(reader->tree, node), "%s",
			message ? message : "out of memory");
	free(message);
}

void *reader_alloc(struct reader *reader, size_t bytes)
{
	void *memory = arena_alloc(&reader->tree->arena, bytes);

	if (!memory)
		reader->no_memory = true;
	return memory;
}

const char *reader_copy(struct reader *reader, const char *text)
{
	const char *copy = arena_text(&reader->tree->arena, text, strlen(text));

	if (!copy)
		reader->no_memory = true;
	return copy;
}

bool reader_expect(struct reader *reader, const struct yaml_node *node, enum yaml_type type,
		   const char *expected)
{
	if (node->type == type)
		return true;
	if (node->type == YAML_TYPE_REFUSED)
		return false;
	if (!expected)
		expected = yaml_type_word(type);

	if (!node->text || !*node->text)
		reader_error(reader, node, "expected %s, found %s", expected,
			     yaml_type_word(node->type));
	else if (type == YAML_TYPE_TEXT && node->type != YAML_TYPE_NULL)
		reader_error(reader, node,
			     "expected %s, found '%s' (%s); write it in quotes: \"%s\"", expected,
			     quoted(node->text).text, yaml_type_word(node->type),
			     quoted(node->text).text);
	else if (type == YAML_TYPE_SEQUENCE && node->type != YAML_TYPE_NULL)
		reader_error(reader, node, "expected %s, found '%s'; write [%s]", expected,
			     quoted(node->text).text, quoted(node->text).text);
	else
		reader_error(reader, node, "expected %s, found '%s' (%s)", expected,
			     quoted(node->text).text, yaml_type_word(node->type));
	return false;
}

const char *reader_text(struct reader *reader, const struct yaml_node *node)
{
	if (!reader_expect(reader, node, YAML_TYPE_TEXT, NULL))
		return NULL;
	if (!*node->text) {
		reader_error(reader, node, "the text '' is empty; expected at least one character");
		return NULL;
	}
	for (const unsigned char *at = (const unsigned char *)node->text; *at; at++) {
		if (*at < 0x20 || *at == 0x7f) {
			reader_error(reader, node, "expected one line of text, found '%s'",
				     quoted(node->text).text);
			return NULL;
		}
	}
	return node->text;
}

/* ---------------------------------------------------------------- mappings */

static const struct field *find_field(const struct field *fields, const char *key)
{
	for (; fields->key; fields++) {
		if (!strcmp(fields->key, key))
			return fields;
	}
	return NULL;
}

static void list_keys(const struct field *fields, char *out, size_t bytes)
{
	size_t used = 0;

	*out = '\0';
	for (; fields->key && used < bytes; fields++) {
		int length;

		if (fields->flags & (FIELD_LATER | FIELD_HIDDEN))
			continue;
		length = snprintf(out + used, bytes - used, "%s%s", used ? ", " : "", fields->key);
		used += length > 0 ? (size_t)length : 0;
	}
}

/* The key that was probably meant, or NULL. */
static const char *near_key(const struct reader *reader, const struct field *fields,
			    const char *key)
{
	struct suggestion suggestion = {.text = key};

	for (; fields->key && !diagnostics_full(reader->diags); fields++) {
		if (!(fields->flags & FIELD_HIDDEN))
			suggestion_consider(&suggestion, fields->key);
	}
	return suggestion.best;
}

/* Return: the row of the key that was meant: its value is read, so that mistakes in it are told in the same run. */
static const struct field *refuse_key(struct reader *reader, const struct field *fields,
				      const char *what, const struct yaml_node *value)
{
	const char *near = near_key(reader, fields, value->key->text);
	char known[512];

	if (near) {
		reader_error(reader, value->key, "unknown key '%s' in %s; did you mean '%s'?",
			     quoted(value->key->text).text, what, near);
		return find_field(fields, near);
	}
	list_keys(fields, known, sizeof(known));
	reader_error(reader, value->key, "unknown key '%s' in %s; expected one of: %s",
		     quoted(value->key->text).text, what, known);
	return NULL;
}

/* Also under a misspelt key, which was told already. */
static bool has_field(const struct reader *reader, const struct yaml_node *node,
		      const struct field *fields, const char *key)
{
	for (const struct yaml_node *value = node->first; value; value = value->next) {
		const struct field *field = find_field(fields, value->key->text);
		const char *near = field ? NULL : near_key(reader, fields, value->key->text);

		if ((field && (!strcmp(field->key, key) || field->flags & FIELD_INSTEAD)) ||
		    (near && !strcmp(near, key)))
			return true;
	}
	return false;
}

static void require_fields(struct reader *reader, const struct yaml_node *node,
			   const struct field *fields, const char *what)
{
	for (const struct field *field = fields; field->key; field++) {
		if (field->flags & FIELD_REQUIRED && !has_field(reader, node, fields, field->key))
			reader_error(reader, node, "%s without '%s'; the key is required", what,
				     field->key);
	}
}

void fields_read(struct reader *reader, const struct yaml_node *node, const struct field *fields,
		 const char *what, void *object)
{
	if (!reader_expect(reader, node, YAML_TYPE_MAPPING, NULL))
		return;

	for (const struct yaml_node *value = node->first; value; value = value->next) {
		const struct field *field = find_field(fields, value->key->text);

		if (!field) {
			field = refuse_key(reader, fields, what, value);
			if (!field || field->flags & FIELD_LATER)
				continue;
		}
		if (field->flags & FIELD_LATER)
			reader_error(reader, value->key, "'%s' is not supported yet; remove it",
				     field->key);
		else if (field->read)
			field->read(reader, field, value, (char *)object + field->offset);
	}
	require_fields(reader, node, fields, what);
}

bool fields_read_document(struct reader *reader, const struct field *fields, const char *kind,
			  void *object)
{
	const struct yaml_node *root = reader->tree->root;
	const struct yaml_node *value;
	char what[64];

	if (!root || root->type == YAML_TYPE_NULL) {
		reader_error(reader, NULL, "the document is empty; expected one with 'kind: %s'",
			     kind);
		return false;
	}
	if (!reader_expect(reader, root, YAML_TYPE_MAPPING, NULL))
		return false;

	value = root->first;
	while (value && strcmp(value->key->text, "kind"))
		value = value->next;
	if (value && (!value->text || strcmp(value->text, kind))) {
		if (value->type != YAML_TYPE_REFUSED)
			reader_error(reader, value, "expected 'kind: %s', found '%s'", kind,
				     value->text ? quoted(value->text).text
						 : yaml_type_word(value->type));
		return false;
	}

	(void)snprintf(what, sizeof(what), "a document of kind %s", kind); /* long enough */
	fields_read(reader, root, fields, what, object);
	return true;
}

/* ---------------------------------------------------------------- values */

void field_text(struct reader *reader, const struct field *field, const struct yaml_node *node,
		void *member)
{
	struct field_text *out = member;
	const char *text = reader_text(reader, node);

	if (text)
		*out = (struct field_text){.text = text, .place = yaml_place(reader->tree, node)};
}

/* Prose: sources and caveats may have several lines. */
void field_texts(struct reader *reader, const struct field *field, const struct yaml_node *node,
		 void *member)
{
	struct field_texts *out = member;
	bool good = true;

	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		good &= reader_expect(reader, one, YAML_TYPE_TEXT, NULL);
	out->node = node;
	out->first = good ? node->first : NULL;
	out->count = good ? node->count : 0;
}

void field_prose(struct reader *reader, const struct field *field, const struct yaml_node *node,
		 void *member)
{
	struct field_text *out = member;

	if (reader_expect(reader, node, YAML_TYPE_TEXT, NULL))
		*out = (struct field_text){.text = node->text,
					   .place = yaml_place(reader->tree, node)};
}

void field_id(struct reader *reader, const struct field *field, const struct yaml_node *node,
	      void *member)
{
	static const char accepted[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *text;

	/* a product called 360 needs no quotes */
	if (node->type == YAML_TYPE_INTEGER)
		text = node->text;
	else
		text = reader_text(reader, node);
	if (!text)
		return;
	if (!strcmp(text, "allow")) {
		reader_error(
			reader, node,
			"'allow' cannot be used as a name here; rule ids begin with it for the entries of 'allow'");
		return;
	}
	if (text[strspn(text, accepted)] || strchr("._-", *text) || strlen(text) > 64) {
		reader_error(
			reader, node,
			"'%s' cannot be used as a name here; expected at most 64 of a-z 0-9 . _ - and a letter or digit first",
			quoted(text).text);
		return;
	}
	*(struct field_text *)member =
		(struct field_text){.text = text, .place = yaml_place(reader->tree, node)};
}

void field_bool(struct reader *reader, const struct field *field, const struct yaml_node *node,
		void *member)
{
	if (reader_expect(reader, node, YAML_TYPE_BOOLEAN, "true or false"))
		*(bool *)member = !strcmp(node->text, "true");
}

void field_count(struct reader *reader, const struct field *field, const struct yaml_node *node,
		 void *member)
{
	unsigned long long value = 0;

	if (!reader_expect(reader, node, YAML_TYPE_INTEGER, "a whole number"))
		return;
	for (const char *at = node->text; *at; at++) {
		if (*at < '0' || *at > '9' || value > UINT32_MAX) {
			value = 0;
			break;
		}
		value = value * 10 + (unsigned)(*at - '0');
	}
	if (!value || value > INT32_MAX) {
		reader_error(reader, node,
			     "'%s' is impossible for '%s'; expected a whole number from 1 to %d",
			     quoted(node->text).text, field->key, INT32_MAX);
		return;
	}
	*(unsigned *)member = (unsigned)value;
}

void field_word(struct reader *reader, const struct field *field, const struct yaml_node *node,
		void *member)
{
	struct suggestion suggestion = {.text = node->text};
	char words[128] = "";
	size_t used = 0;

	if (!reader_expect(reader, node, YAML_TYPE_TEXT, NULL))
		return;
	for (unsigned value = 1; field->words(value); value++) {
		const char *word = field->words(value);
		int length;

		if (!strcmp(word, node->text)) {
			*(unsigned *)member = value;
			return;
		}
		if (!diagnostics_full(reader->diags))
			suggestion_consider(&suggestion, word);
		length = snprintf(words + used, sizeof(words) - used, "%s%s", used ? ", " : "",
				  word);
		if (length > 0 && used + (size_t)length < sizeof(words))
			used += (size_t)length;
	}
	if (suggestion.best)
		reader_error(reader, node,
			     "unknown %s '%s'; did you mean '%s'? (expected one of: %s)",
			     field->key, quoted(node->text).text, suggestion.best, words);
	else
		reader_error(reader, node, "unknown %s '%s'; expected one of: %s", field->key,
			     quoted(node->text).text, words);
}
