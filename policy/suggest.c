/* SPDX-License-Identifier: MIT */
/*
 * suggest.c - edit distance with exchanged neighbours (optimal string alignment), on short words only.
 */
#include "suggest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_BYTES_MAX 64

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t rows[3][WORD_BYTES_MAX + 1];

	for (size_t j = 0; j <= b_bytes; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			bool same = a[i - 1] == b[j - 1];

			row[j] = smaller(above[j - 1] + !same, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], two[j - 2] + 1);
		}
	}
	return rows[a_bytes % 3][b_bytes];
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
	size_t text_bytes = strlen(suggestion->text), bytes = strlen(candidate);
	size_t longest = text_bytes > bytes ? text_bytes : bytes;
	size_t distance;

	if (longest > WORD_BYTES_MAX || !text_bytes)
		return;
	distance = edit_distance(suggestion->text, text_bytes, candidate, bytes);
	if (distance > (longest + 2) / 3 || distance >= longest)
		return;
	if (!suggestion->best || distance < suggestion->distance) {
		suggestion->best = candidate;
		suggestion->distance = distance;
	}
}
