/* SPDX-License-Identifier: MIT */
/*
 * diagnostics.c - the list of findings, kept in the order of the report while it grows. Messages
 * contain what strangers wrote, so that nothing in them may drive a terminal.
 */
#include "diagnostics.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define QUOTED_BYTES 80

static const char *const severity_words[] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_NOTE] = "note",
};
_Static_assert(sizeof(severity_words) / sizeof(*severity_words) == SEVERITY_MAX,
	       "a word for each severity");

static int compare_places(const struct diagnostic *a, const struct diagnostic *b)
{
	int order = strcmp(a->file, b->file);

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return 0;
}

/* Control characters, also those of C1 (0xc2 0x80 to 0xc2 0x9f), become question marks. */
static void make_printable(char *text)
{
	unsigned char *at = (unsigned char *)text;

	for (; *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
}

/*
 * Behind everything that is not later in the documents: documents are read from their beginning, so
 * the search from the end is short. Notes are stepped over together with what they belong to.
 */
static size_t find_position(const struct diagnostics *diags, const struct diagnostic *one)
{
	size_t at = diags->count;

	if (one->attached && diags->count) {
		at = diags->last + 1;
		while (at < diags->count && diags->list[at].attached)
			at++;
		return at;
	}
	while (at > 0) {
		size_t head = at - 1;

		while (head > 0 && diags->list[head].attached)
			head--;
		if (compare_places(&diags->list[head], one) <= 0)
			break;
		at = head;
	}
	return at;
}

static int insert(struct diagnostics *diags, const struct diagnostic *one, size_t at)
{
	/* grows at every power of two, so that the struct needs no capacity */
	if ((diags->count & (diags->count - 1)) == 0) {
		size_t capacity = diags->count ? diags->count * 2 : 1;
		struct diagnostic *list;

		list = reallocarray(diags->list, capacity, sizeof(*list));
		if (!list)
			return -1;
		diags->list = list;
	}

	memmove(&diags->list[at + 1], &diags->list[at], (diags->count - at) * sizeof(*one));
	diags->list[at] = *one;
	diags->count++;
	if (!one->attached)
		diags->last = at;
	return 0;
}

/* A hostile document can have a million mistakes. Return: whether one more is kept. */
static bool has_room(struct diagnostics *diags)
{
	struct diagnostic last = {.severity = SEVERITY_NOTE, .attached = true};

	if (diags->count < DIAGNOSTICS_MAX)
		return true;
	if (diags->count > DIAGNOSTICS_MAX)
		return false;
	last.file = strdup(diags->list[diags->count - 1].file);
	last.message = strdup("there is more to say than this; it is not listed");
	if (last.file && last.message && !insert(diags, &last, diags->count))
		return false;
	free(last.file);
	free(last.message);
	return false;
}

__attribute__((format(printf, 5, 0))) static void add(struct diagnostics *diags,
						      enum severity severity, bool attached,
						      struct place place, const char *format,
						      va_list arguments)
{
	struct diagnostic one = {
		.severity = severity,
		.attached = attached,
		.line = place.line,
		.column = place.column,
	};

	if (severity == SEVERITY_WARNING)
		diags->warnings++;
	if (severity == SEVERITY_ERROR)
		diags->errors++;
	if (!has_room(diags))
		return;
	one.file = strdup(place.file ? place.file : "");
	if (vasprintf(&one.message, format, arguments) < 0)
		one.message = NULL;
	if (one.file && one.message) {
		make_printable(one.message);
		if (!insert(diags, &one, find_position(diags, &one)))
			return;
	}
	diags->errors += severity != SEVERITY_ERROR; /* never lost: it is counted */
	free(one.file);
	free(one.message);
}

void diagnostics_add(struct diagnostics *diags, enum severity severity, struct place place,
		     const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diags, severity, severity == SEVERITY_NOTE, place, format, arguments);
	va_end(arguments);
}

void diagnostics_remark(struct diagnostics *diags, struct place place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diags, SEVERITY_NOTE, false, place, format, arguments);
	va_end(arguments);
}

void diagnostics_print(const struct diagnostics *diags, FILE *out)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diagnostic *one = &diags->list[i];

		if (one->line)
			fprintf(out, "%s:%u:%u: %s: %s\n", one->file, one->line, one->column,
				severity_words[one->severity], one->message);
		else
			fprintf(out, "%s: %s: %s\n", one->file, severity_words[one->severity],
				one->message);
	}
}

struct quoted quoted(const char *text)
{
	struct quoted out = {""};
	size_t bytes = strlen(text);

	if (bytes <= QUOTED_BYTES) {
		memcpy(out.text, text, bytes);
		return out;
	}

	bytes = QUOTED_BYTES;
	while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
		bytes--;
	memcpy(out.text, text, bytes);
	memcpy(out.text + bytes, "...", 3);
	return out;
}

void diagnostics_done(struct diagnostics *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->list[i].file);
		free(diags->list[i].message);
	}
	free(diags->list);
	*diags = (struct diagnostics){0};
}
