/* SPDX-License-Identifier: MIT */
/*
 * yaml_scalar.c - what a plain scalar is by the core schema of YAML 1.2.2, section 10.3. Of the
 * booleans only the two usual spellings are accepted, so that nobody has to know the others.
 */
#include "yaml.h"

#include <string.h>
#include <strings.h>

const char *yaml_type_word(enum yaml_type type)
{
	static const char *const words[] = {
		[YAML_TYPE_TEXT] = "text",
		[YAML_TYPE_NULL] = "nothing",
		[YAML_TYPE_BOOLEAN] = "a boolean",
		[YAML_TYPE_INTEGER] = "a whole number",
		[YAML_TYPE_NUMBER] = "a number",
		[YAML_TYPE_SEQUENCE] = "a list",
		[YAML_TYPE_MAPPING] = "keys with values",
		[YAML_TYPE_REFUSED] = "something refused",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == YAML_TYPE_MAX, "a word for each type");

	return type < YAML_TYPE_MAX ? words[type] : NULL;
}

static bool all_of(const char *text, const char *set)
{
	return *text && text[strspn(text, set)] == '\0';
}

static bool is_integer(const char *text)
{
	static const char digits[] = "0123456789";

	if (!strncmp(text, "0o", 2))
		return all_of(text + 2, "01234567");
	if (!strncmp(text, "0x", 2))
		return all_of(text + 2, "0123456789abcdefABCDEF");
	return all_of(text + (*text == '-' || *text == '+'), digits);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, and the words */
static bool is_number(const char *text)
{
	static const char digits[] = "0123456789";
	size_t whole, fraction = 0;

	text += *text == '-' || *text == '+';
	if (!strcasecmp(text, ".inf") || !strcasecmp(text, ".nan"))
		return true;

	whole = strspn(text, digits);
	text += whole;
	if (*text == '.') {
		fraction = strspn(text + 1, digits);
		text += 1 + fraction;
	}
	if (!whole && !fraction)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		return all_of(text, digits);
	}
	return *text == '\0';
}

enum yaml_type yaml_plain_type(const char *text)
{
	if (!*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
	    !strcmp(text, "NULL"))
		return YAML_TYPE_NULL;
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return YAML_TYPE_BOOLEAN;
	if (is_integer(text))
		return YAML_TYPE_INTEGER;
	if (is_number(text))
		return YAML_TYPE_NUMBER;
	return YAML_TYPE_TEXT;
}
