/* SPDX-License-Identifier: MIT */
/*
 * canonical.c - one spelling for each matcher. Rule ids are digests of it: two spellings of one fact
 * must meet here, and a change here changes the ids of every host.
 */
#include "canonical.h"
#include "rules.h"

#include <string.h>

const char *canonical_text(struct reader *reader, const struct yaml_node *node)
{
	return node->text;
}

const char *canonical_path(struct reader *reader, const struct yaml_node *node)
{
	const char *text = node->text, *why;
	char *out;
	size_t used = 0;

	if (*text != '/' && strncmp(text, "**/", 3)) {
		struct quoted shown = quoted(text);

		reader_error(
			reader, node,
			"'%s' does not begin with '/'; write the whole path, or '**/%s' for that name anywhere",
			shown.text, strrchr(shown.text, '/') ? "name" : shown.text);
		return NULL;
	}
	out = reader_alloc(reader, strlen(text) + 1);
	if (!out)
		return NULL;

	for (; *text; text++) {
		if (*text != '/' || !used || out[used - 1] != '/')
			out[used++] = *text;
	}
	while (used && out[used - 1] == '/')
		out[--used] = '\0';
	if (out[strspn(out, "/*")] == '\0') {
		reader_error(
			reader, node,
			"'%s' is the whole system; refused, name the directories that are meant",
			quoted(node->text).text);
		return NULL;
	}
	why = path_pattern_check(out, NULL);
	if (why) {
		reader_error(reader, node, "'%s': %s", quoted(node->text).text, why);
		return NULL;
	}
	return out;
}

const char *canonical_domain(struct reader *reader, const struct yaml_node *node)
{
	size_t bytes = strlen(node->text), label = 0, labels = 0, at;
	char *out = reader_alloc(reader, bytes + 1);

	if (!out)
		return NULL;
	for (size_t i = 0; i < bytes; i++) {
		char byte = node->text[i];

		out[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
	}
	if (bytes && out[bytes - 1] == '.')
		out[--bytes] = '\0';

	for (at = strncmp(out, "*.", 2) ? 0 : 2; at <= bytes; at++) {
		if (at == bytes || out[at] == '.') {
			if (!label || label > 63)
				goto refuse;
			labels++;
			label = 0;
		} else {
			/* other scripts are bytes above 127; their normal form is made when names are enforced */
			if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", out[at]) &&
			    (unsigned char)out[at] < 0x80)
				goto refuse;
			label++;
		}
	}
	if (labels < 2 || bytes > 253)
		goto refuse;
	return out;

refuse:
	reader_error(
		reader, node,
		"'%s' is no domain name that can be named here; expected 'api.example.com', or '*.example.com' for all below it",
		quoted(node->text).text);
	return NULL;
}

const char *canonical_digest(struct reader *reader, const struct yaml_node *node)
{
	static const char prefix[] = "sha256:";
	char *out;

	if (strncmp(node->text, prefix, sizeof(prefix) - 1) ||
	    strlen(node->text) != sizeof(prefix) - 1 + 64 ||
	    strspn(node->text + sizeof(prefix) - 1, "0123456789abcdefABCDEF") != 64) {
		reader_error(reader, node,
			     "'%s' is no digest; expected 'sha256:' and 64 hex digits",
			     quoted(node->text).text);
		return NULL;
	}
	out = arena_text(&reader->tree->arena, node->text, strlen(node->text));
	if (!out) {
		reader->no_memory = true;
		return NULL;
	}
	for (char *at = out; *at; at++) {
		if (*at >= 'A' && *at <= 'F')
			*at = (char)(*at - 'A' + 'a');
	}
	return out;
}

/* The kernel shows a module with '_' whatever its file is called: kernel/module/main.c */
const char *canonical_module(struct reader *reader, const struct yaml_node *node)
{
	size_t bytes = strlen(node->text);
	char *out;

	if (strspn(node->text,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-*") != bytes ||
	    node->text[strspn(node->text, "*")] == '\0') {
		reader_error(reader, node,
			     "'%s' is no module name; expected it as in /proc/modules, without .ko",
			     quoted(node->text).text);
		return NULL;
	}
	out = arena_text(&reader->tree->arena, node->text, bytes);
	if (!out) {
		reader->no_memory = true;
		return NULL;
	}
	for (char *at = out; *at; at++) {
		if (*at == '-')
			*at = '_';
	}
	return out;
}

const char *canonical_package(struct reader *reader, const struct yaml_node *node)
{
	if (strpbrk(node->text, " /") || node->text[strspn(node->text, "*?")] == '\0') {
		reader_error(
			reader, node,
			"'%s' is no package name; expected 'example-sensor' or 'example-sensor-*'",
			quoted(node->text).text);
		return NULL;
	}
	return node->text;
}

const char *canonical_package_vendor(struct reader *reader, const struct yaml_node *node)
{
	if (node->text[strspn(node->text, "*? ")] == '\0') {
		reader_error(reader, node,
			     "'%s' is every package vendor; write the one that is meant",
			     quoted(node->text).text);
		return NULL;
	}
	return node->text;
}
