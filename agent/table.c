/* SPDX-License-Identifier: MIT */
/*
 * table.c - text tables for the commands. Cells are made safe when they are added: file names and
 * reasons come from outside and could otherwise steer the reader's terminal.
 */
#include "table.h"
#include "clean.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define COLUMN_GAP 2
#define COLUMN_MIN 8

struct table {
	size_t columns;
	size_t rows; /* the heading is row 0 */
	size_t room;
	char **cells; /* rows * columns, owned */
};

size_t utf8_length(const char *text, size_t bytes)
{
	const unsigned char *c = (const unsigned char *)text;
	unsigned code;
	size_t length;

	if (!bytes)
		return 0;
	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xc2 || c[0] > 0xf4)
		return 0;
	length = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	if (bytes < length)
		return 0;
	code = c[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c[i] & 0x3f);
	}
	if (length == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff)))
		return 0;
	if (length == 4 && (code < 0x10000 || code > 0x10ffff))
		return 0;
	return length;
}

/* U+0080 to U+009F are control characters too: some terminals obey them. */
static bool harmful(const char *text, size_t length)
{
	const unsigned char *c = (const unsigned char *)text;

	if (length == 1)
		return c[0] < ' ' || c[0] == 0x7f;
	return length == 2 && c[0] == 0xc2 && c[1] < 0xa0;
}

char *text_safe(const char *text, size_t bytes)
{
	char *safe = malloc(bytes * 4 + 1), *to = safe;

	if (!safe)
		return NULL;
	for (size_t i = 0; i < bytes;) {
		size_t length = utf8_length(text + i, bytes - i);

		if (length && !harmful(text + i, length)) {
			memcpy(to, text + i, length);
			to += length;
			i += length;
			continue;
		}
		to += sprintf(to, "\\x%02x", (unsigned char)text[i++]);
	}
	*to = 0;
	return safe;
}

size_t text_columns(const char *text, size_t bytes)
{
	size_t columns = 0;

	for (size_t i = 0; i < bytes; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

struct table *table_new(size_t columns, const char *const *heads)
{
	struct table *table;

	if (!columns || columns > TABLE_COLUMNS_MAX)
		return NULL;
	table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->columns = columns;
	if (table_row(table, heads) < 0) {
		table_free(table);
		return NULL;
	}
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

int table_row(struct table *table, const char *const *cells)
{
	char **row;

	if (!table)
		return 0;
	if (table->rows == table->room) {
		size_t room = table->room ? table->room * 2 : 16;
		char **grown = reallocarray(table->cells, room * table->columns, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		table->cells = grown;
		table->room = room;
	}
	row = table->cells + table->rows * table->columns;
	for (size_t i = 0; i < table->columns; i++) {
		const char *text = cells[i] ? cells[i] : "";

		row[i] = text_safe(text, strlen(text));
		if (row[i])
			continue;
		while (i--)
			free(row[i]);
		return -ENOMEM;
	}
	table->rows++;
	return 0;
}

/* Shrink the widest column until all fit. */
static void table_widths(const struct table *table, size_t *widths)
{
	for (size_t c = 0; c < table->columns; c++) {
		widths[c] = 0;
		for (size_t r = 0; r < table->rows; r++) {
			const char *cell = table->cells[r * table->columns + c];
			size_t width = text_columns(cell, strlen(cell));

			if (width > widths[c])
				widths[c] = width;
		}
	}
	for (;;) {
		size_t total = COLUMN_GAP * (table->columns - 1), widest = 0;

		for (size_t c = 0; c < table->columns; c++) {
			total += widths[c];
			if (widths[c] > widths[widest])
				widest = c;
		}
		if (total <= TABLE_WIDTH || widths[widest] <= COLUMN_MIN)
			return;
		widths[widest]--;
	}
}

/*
 * Bytes of the next line of a cell: as many words as fit, or a piece of a word that is too long; of a path or
 * an id one that ends with a '/'.
 */
static size_t line_bytes(const char *text, size_t width)
{
	size_t columns = 0, space = 0, slash = 0, i;

	for (i = 0; text[i]; i++) {
		bool starts = ((unsigned char)text[i] & 0xc0) != 0x80;

		if (starts && columns == width)
			break;
		columns += starts;
		if (text[i] == ' ')
			space = i;
		else if (text[i] == '/')
			slash = i + 1;
	}
	if (!text[i] || text[i] == ' ')
		return i;
	return space ? space : slash > 1 ? slash : i;
}

static void table_print_row(const struct table *table, size_t row, const size_t *widths, FILE *out)
{
	const char *rest[TABLE_COLUMNS_MAX];
	bool more = true;

	for (size_t c = 0; c < table->columns; c++)
		rest[c] = table->cells[row * table->columns + c];
	while (more) {
		size_t owed = 0; /* spaces are printed only before something */

		more = false;
		for (size_t c = 0; c < table->columns; c++) {
			size_t bytes = line_bytes(rest[c], widths[c]);

			if (bytes)
				fprintf(out, "%*s%.*s", (int)owed, "", (int)bytes, rest[c]);
			owed = bytes ? 0 : owed;
			owed += widths[c] - text_columns(rest[c], bytes) + COLUMN_GAP;
			rest[c] += bytes;
			while (*rest[c] == ' ')
				rest[c]++;
			more = more || *rest[c];
		}
		fputc('\n', out);
	}
}

void table_print(const struct table *table, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX];

	if (!table)
		return;
	table_widths(table, widths);
	fputs(colour(out, COLOUR_STRONG), out);
	table_print_row(table, 0, widths, out);
	fputs(colour(out, COLOUR_PLAIN), out);
	for (size_t r = 1; r < table->rows; r++)
		table_print_row(table, r, widths, out);
}

int text_paragraph(FILE *out, const char *label, size_t indent, const char *text)
{
	AUTO_FREE char *safe = text_safe(text, strlen(text));
	const char *rest = safe;
	size_t width = TABLE_WIDTH - indent;

	if (!safe)
		return -ENOMEM;
	fprintf(out, "%-*s", (int)indent, label);
	do {
		size_t bytes = line_bytes(rest, width);

		fprintf(out, "%.*s\n", (int)bytes, rest);
		rest += bytes;
		rest += strspn(rest, " ");
		if (*rest)
			fprintf(out, "%*s", (int)indent, "");
	} while (*rest);
	return 0;
}

const char *colour(FILE *out, enum colour colour)
{
	static const char *const sequences[] = {
		[COLOUR_PLAIN] = "\033[0m", [COLOUR_GOOD] = "\033[32m",  [COLOUR_WARN] = "\033[33m",
		[COLOUR_BAD] = "\033[31m",  [COLOUR_STRONG] = "\033[1m",
	};
	const char *term = getenv("TERM");

	if (!isatty(fileno(out)) || getenv("NO_COLOR") || !term || !strcmp(term, "dumb"))
		return "";
	return sequences[colour];
}
