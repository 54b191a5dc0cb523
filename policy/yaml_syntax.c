/* SPDX-License-Identifier: MIT */
/*
 * yaml_syntax.c - see yaml_syntax.h. Each function below knows one family of mistakes and says whether this
 * was one; yaml_syntax_refuse() asks them in turn.
 */
#include "yaml_syntax.h"
#include "yaml.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A place in the text, and the line around it without its break. */
struct spot {
	struct place place;
	const char *line, *at, *end;
};

struct syntax {
	const yaml_parser_t *parser;
	const char *file, *data, *data_end;
	struct diagnostics *diags;
	const char *problem, *context;
	struct spot here, began; /* where it stopped, and where what it was reading began */
};

/* ---------------------------------------------------------------- the text around a place */

static const char *line_end(const char *line, const char *data_end)
{
	const char *end = memchr(line, '\n', (size_t)(data_end - line)) ?: data_end;

	return end > line && end[-1] == '\r' ? end - 1 : end;
}

static const char *skip(const char *at, const char *end, const char *set)
{
	while (at < end && strchr(set, *at))
		at++;
	return at;
}

/* libyaml counts characters. */
static struct spot find_spot(const struct syntax *syntax, const yaml_mark_t *mark)
{
	struct spot spot = {
		.place = {syntax->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1},
		.line = syntax->data,
	};

	for (size_t line = 0; line < mark->line; line++) {
		const char *next = memchr(spot.line, '\n', (size_t)(syntax->data_end - spot.line));

		spot.line = next ? next + 1 : syntax->data_end;
	}
	spot.end = line_end(spot.line, syntax->data_end);
	spot.at = spot.line;
	for (size_t column = 0; column < mark->column && spot.at < spot.end; column++) {
		uint32_t point;

		spot.at += yaml_character((const unsigned char *)spot.at,
					  (size_t)(spot.end - spot.at), &point);
	}
	return spot;
}

/* The value that begins here, to the end of the line or, within brackets, to its comma or bracket. */
static struct quoted value_at(const struct syntax *syntax, const char *at, const char *end)
{
	const char *stop = at;
	char text[sizeof(struct quoted)];
	size_t bytes;

	while (stop < end && !(stop[0] == ' ' && stop + 1 < end && stop[1] == '#') &&
	       !(syntax->parser->flow_level && strchr(",]}", *stop)))
		stop++;
	while (stop > at && stop[-1] == ' ')
		stop--;
	bytes = (size_t)(stop - at) < sizeof(text) ? (size_t)(stop - at) : sizeof(text) - 1;
	memcpy(text, at, bytes);
	text[bytes] = '\0';
	return quoted(text);
}

/* The quote that a text can be put in without more ado. */
static char quote_for(const char *text)
{
	return strpbrk(text, "\"\\") ? '\'' : '"';
}

/* The key or value with which a line begins, behind the dashes of lists. */
static const char *line_begin(const char *line, const char *end)
{
	const char *at = skip(line, end, " ");

	while (end - at > 1 && at[0] == '-' && at[1] == ' ')
		at = skip(at + 1, end, " ");
	return at;
}

/* ": ", or ':' at the end of the line; NULL: none. */
static const char *find_colon(const char *at, const char *end)
{
	for (; at < end; at++)
		if (*at == ':' && (at + 1 == end || at[1] == ' '))
			return at;
	return NULL;
}

static bool is(const char *text, const char *words)
{
	return text && !strncmp(text, words, strlen(words));
}

/* ---------------------------------------------------------------- families of mistakes */

void yaml_template_refuse(const char *begin, struct place place, struct diagnostics *diags)
{
	diagnostics_add(
		diags, SEVERITY_ERROR, place,
		"'%.2s' begins a template that nobody filled in; fill it in, or put the value in quotes",
		begin);
}

static bool refuse_template(const struct syntax *syntax)
{
	const struct spot *here = &syntax->here;

	for (const char *at = here->line; at + 1 < here->end; at++) {
		if (at[0] != '{' || (at[1] != '{' && at[1] != '%'))
			continue;
		yaml_template_refuse(at, here->place, syntax->diags);
		return true;
	}
	return false;
}

/* '*' and '&' begin aliases and anchors, '>' and '|' blocks of text; '@', '`' and '%' begin nothing. */
static bool refuse_first_character(const struct syntax *syntax)
{
	const struct spot *spot = &syntax->here;
	struct quoted value;

	if (is(syntax->context, "while scanning an alias") ||
	    is(syntax->context, "while scanning an anchor") ||
	    is(syntax->context, "while scanning a block scalar"))
		spot = &syntax->began;
	else if (!is(syntax->problem, "found character that cannot start any token") &&
		 !(is(syntax->problem, "did not find expected node content") &&
		   spot->at < spot->end && *spot->at == ':'))
		return false;
	if (spot->at == spot->end)
		return false;

	value = value_at(syntax, spot->at, spot->end);
	diagnostics_add(syntax->diags, SEVERITY_ERROR, spot->place,
			"a value that begins with '%c' must be in quotes: %c%s%c", *spot->at,
			quote_for(value.text), value.text, quote_for(value.text));
	return true;
}

static bool refuse_colon_in_text(const struct syntax *syntax)
{
	const char *begin = line_begin(syntax->here.line, syntax->here.end);
	const char *colon = find_colon(begin, syntax->here.at);
	struct quoted value;

	if (!is(syntax->problem, "mapping values are not allowed") || !colon)
		return false;
	begin = skip(colon + 1, syntax->here.end, " ");
	value = value_at(syntax, begin, syntax->here.end);
	diagnostics_add(syntax->diags, SEVERITY_ERROR, syntax->here.place,
			"a value with ': ' in it must be in quotes: %c%s%c", quote_for(value.text),
			value.text, quote_for(value.text));
	return true;
}

static bool refuse_dash_in_line(const struct syntax *syntax)
{
	if (!is(syntax->problem, "block sequence entries are not allowed"))
		return false;
	diagnostics_add(
		syntax->diags, SEVERITY_ERROR, syntax->here.place,
		"'- ' behind a key or a value; begin a new line with it, or put the value in quotes");
	return true;
}

/* Mostly in text between quotes that has a quote in it, or when a quote further above was forgotten. */
static bool refuse_behind_quote(const struct syntax *syntax)
{
	const struct spot *here = &syntax->here;
	const char *before = here->at;

	if (!is(syntax->problem, "did not find expected"))
		return false;
	while (before > here->line && before[-1] == ' ')
		before--;
	if (before == here->line || here->at == here->end || !strchr("\"'", before[-1]))
		return false;
	diagnostics_add(
		syntax->diags, SEVERITY_ERROR, here->place,
		"'%s' stands behind a closing quote; put the whole value in quotes, and look for an open quote above",
		value_at(syntax, here->at, here->end).text);
	return true;
}

/* The last line above with something in it; NULL: none. */
static const char *line_above(const struct syntax *syntax, const char *line)
{
	while (line > syntax->data) {
		const char *at;

		for (line--; line > syntax->data && line[-1] != '\n';)
			line--;
		at = skip(line, line_end(line, syntax->data_end), " ");
		if (at < line_end(line, syntax->data_end) && *at != '#')
			return line;
	}
	return NULL;
}

static bool refuse_indentation(const struct syntax *syntax)
{
	const struct spot *here = &syntax->here;
	const char *above = line_above(syntax, here->line);
	const char *begin = line_begin(here->line, here->end), *colon, *begin_above;
	struct place place = here->place;
	char key[32];

	if (!is(syntax->problem, "mapping values are not allowed") &&
	    !is(syntax->problem, "did not find expected key") &&
	    !is(syntax->problem, "did not find expected '-'") &&
	    !is(syntax->problem, "did not find expected <document start>"))
		return false;
	colon = find_colon(begin, here->end);
	if (!above || !colon || syntax->parser->flow_level)
		return false;
	begin_above = line_begin(above, line_end(above, syntax->data_end));
	if (begin - here->line == begin_above - above)
		return false;

	(void)snprintf(key, sizeof(key), "%.*s", (int)(colon - begin), begin); /* may be cut */
	place.column = (unsigned)(begin - here->line) + 1;
	diagnostics_add(
		syntax->diags, SEVERITY_ERROR, place,
		"'%s' begins in column %u and the line above in column %u; keys that belong together begin in the same column",
		quoted(key).text, place.column, (unsigned)(begin_above - above) + 1);
	return true;
}

/* "name:x" alone is text, and the line behind it shows that a key was meant. */
static bool refuse_key_alone(const struct syntax *syntax)
{
	const struct spot *began = &syntax->began;
	const char *colon;

	if (!is(syntax->problem, "could not find expected ':'"))
		return false;
	colon = memchr(began->at, ':', (size_t)(began->end - began->at));
	if (colon)
		diagnostics_add(syntax->diags, SEVERITY_ERROR, began->place,
				"a space is missing behind the ':' of '%s'",
				value_at(syntax, began->at, began->end).text);
	else
		diagnostics_add(syntax->diags, SEVERITY_ERROR, began->place,
				"a ':' is missing behind '%s'",
				value_at(syntax, began->at, began->end).text);
	return true;
}

static bool refuse_open(const struct syntax *syntax)
{
	const struct spot *began = &syntax->began;
	char opened = began->at < began->end ? *began->at : '\0';

	if (is(syntax->context, "while scanning a quoted scalar")) {
		diagnostics_add(syntax->diags, SEVERITY_ERROR, began->place,
				"the quote is not closed; add a %c at the end of the value",
				opened);
	} else if (is(syntax->problem, "did not find expected ','") &&
		   (opened == '[' || opened == '{')) {
		char closing = opened == '[' ? ']' : '}';

		diagnostics_add(
			syntax->diags, SEVERITY_ERROR, syntax->here.place,
			"expected ',' or '%c': the '%c' in line %u is not closed, or a comma is missing",
			closing, opened, began->place.line);
	} else if (syntax->parser->flow_level && syntax->here.at == syntax->data_end) {
		diagnostics_add(
			syntax->diags, SEVERITY_ERROR, syntax->here.place,
			"the document ends within '[' or '{'; close them, or was it cut off?");
	} else {
		return false;
	}
	return true;
}

static bool refuse_outside(const struct syntax *syntax)
{
	if (!is(syntax->problem, "did not find expected <document start>"))
		return false;
	diagnostics_add(
		syntax->diags, SEVERITY_ERROR, syntax->here.place,
		"this does not belong to what is above; a document is keys with values, as 'kind: Policy'");
	return true;
}

static bool refuse_escape(const struct syntax *syntax)
{
	if (!is(syntax->context, "while parsing a quoted scalar"))
		return false;
	diagnostics_add(
		syntax->diags, SEVERITY_ERROR, syntax->here.place,
		"'\\' begins an escape between double quotes, and this is none; write '\\\\', or single quotes");
	return true;
}

static void refuse_other(const struct syntax *syntax)
{
	if (syntax->context)
		diagnostics_add(syntax->diags, SEVERITY_ERROR, syntax->here.place,
				"this is not YAML: %s (%s, which began on line %u)",
				syntax->problem, syntax->context, syntax->began.place.line);
	else
		diagnostics_add(syntax->diags, SEVERITY_ERROR, syntax->here.place,
				"this is not YAML: %s", syntax->problem);
}

void yaml_syntax_refuse(const yaml_parser_t *parser, const char *file, const char *data,
			size_t bytes, struct diagnostics *diags)
{
	struct syntax syntax = {
		.parser = parser,
		.file = file,
		.data = data,
		.data_end = data + bytes,
		.diags = diags,
		.problem = parser->problem ?: "unreadable",
		.context = parser->context,
	};

	syntax.here = find_spot(&syntax, &parser->problem_mark);
	syntax.began = parser->context ? find_spot(&syntax, &parser->context_mark) : syntax.here;
	if (!refuse_template(&syntax) && !refuse_first_character(&syntax) &&
	    !refuse_colon_in_text(&syntax) && !refuse_dash_in_line(&syntax) &&
	    !refuse_behind_quote(&syntax) && !refuse_indentation(&syntax) &&
	    !refuse_key_alone(&syntax) && !refuse_open(&syntax) && !refuse_outside(&syntax) &&
	    !refuse_escape(&syntax))
		refuse_other(&syntax);
}
