/* SPDX-License-Identifier: MIT */
/*
 * table.h - what the commands print for people: tables that fit a terminal of 100 columns, text that
 * cannot harm the terminal, colours only where they are seen.
 */
#ifndef EMBARGO_TABLE_H
#define EMBARGO_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_WIDTH	 100
#define TABLE_COLUMNS_MAX 8

struct table;

/**
 * table_new() - begin a table
 * @columns: how many, 1 to TABLE_COLUMNS_MAX
 * @heads:   the heading of each; borrowed, copied
 *
 * Return: owned by the caller; NULL without memory.
 */
struct table *table_new(size_t columns, const char *const *heads);

/** table_free() - accepts NULL */
void table_free(struct table *table);

/**
 * table_row() - add a row
 * @table: borrowed; NULL is accepted and does nothing
 * @cells: one text for each column; borrowed, copied; NULL stands for ""
 *
 * Return: 0 or -ENOMEM.
 */
int table_row(struct table *table, const char *const *cells);

/**
 * table_print() - print it within TABLE_WIDTH columns; the widest columns are wrapped at spaces
 * @table: borrowed; NULL prints nothing
 * @out:   borrowed
 */
void table_print(const struct table *table, FILE *out);

/**
 * text_paragraph() - print a label and a text beside it, wrapped at spaces within TABLE_WIDTH columns
 * @out:    borrowed
 * @label:  borrowed; printed at the beginning of the first line, if shorter than @indent
 * @indent: columns before the text in every line
 * @text:   borrowed; made safe
 *
 * Return: 0 or -ENOMEM.
 */
int text_paragraph(FILE *out, const char *label, size_t indent, const char *text);

/**
 * text_safe() - make a text of unknown origin safe for a terminal
 * @text:  borrowed
 * @bytes: its length
 *
 * Control characters and broken UTF-8 become \xNN. Return: owned by the caller; NULL without memory.
 */
char *text_safe(const char *text, size_t bytes);

/**
 * text_columns() - how wide a text is on the screen, counting characters
 * @text:  borrowed, valid UTF-8
 * @bytes: its length
 */
size_t text_columns(const char *text, size_t bytes);

/**
 * utf8_length() - length of the UTF-8 character at the beginning of some bytes
 * @text:  borrowed
 * @bytes: how many there are
 *
 * Return: 1 to 4; 0 if there is none: overlong, a surrogate, above U+10FFFF, cut off (RFC 3629).
 */
size_t utf8_length(const char *text, size_t bytes);

enum colour {
	COLOUR_PLAIN,
	COLOUR_GOOD,
	COLOUR_WARN,
	COLOUR_BAD,
	COLOUR_STRONG,
};

/** colour() - the escape sequence when @out is a terminal and NO_COLOR is not set, else "" */
const char *colour(FILE *out, enum colour colour);

#endif
