/* SPDX-License-Identifier: MIT */
/*
 * yaml_text.c - the bytes of a document before they are YAML: UTF-8, printable, without tabs. libyaml
 * would refuse most of this too, but cannot say in which line.
 */
#include "yaml.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

struct scan {
	const unsigned char *data;
	size_t bytes, at;
	struct place place;
	struct diagnostics *diags;
};

size_t yaml_character(const unsigned char *data, size_t bytes, uint32_t *out_point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t point;
	size_t length;

	if (data[0] < 0x80) {
		*out_point = data[0];
		return 1;
	}
	length = data[0] >= 0xf0 ? 4 : data[0] >= 0xe0 ? 3 : 2;
	if (data[0] < 0xc2 || data[0] > 0xf4 || length > bytes)
		return 0;

	point = data[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (data[i] & 0x3f);
	}
	if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;

	*out_point = point;
	return length;
}

static int check_mark(struct scan *scan)
{
	const unsigned char *data = scan->data;

	if (scan->bytes >= 3 && !memcmp(data, "\xef\xbb\xbf", 3)) {
		diagnostics_add(
			scan->diags, SEVERITY_ERROR, scan->place,
			"the document begins with a byte order mark; save it as UTF-8 without BOM");
		return -EINVAL;
	}
	if (scan->bytes >= 2 && (!memcmp(data, "\xff\xfe", 2) || !memcmp(data, "\xfe\xff", 2))) {
		diagnostics_add(scan->diags, SEVERITY_ERROR, scan->place,
				"the document is UTF-16; save it as UTF-8 without BOM");
		return -EINVAL;
	}
	return 0;
}

/* A whole file indented with tabs is one mistake, not a thousand. */
static int refuse_tab(struct scan *scan)
{
	size_t more = 0;

	for (size_t i = scan->at + 1; i < scan->bytes; i++)
		more += scan->data[i] == '\t';
	if (more)
		diagnostics_add(
			scan->diags, SEVERITY_ERROR, scan->place,
			"a tab; write spaces, or \\t between double quotes (%zu more below)", more);
	else
		diagnostics_add(scan->diags, SEVERITY_ERROR, scan->place,
				"a tab; write spaces, or \\t between double quotes");
	return -EINVAL;
}

static int check_character(struct scan *scan, uint32_t point)
{
	if (point == '\t')
		return refuse_tab(scan);
	if (point == 0) {
		diagnostics_add(scan->diags, SEVERITY_ERROR, scan->place,
				"a NUL byte; the document must be text");
		return -EINVAL;
	}
	if (point == 0xfeff) {
		diagnostics_add(scan->diags, SEVERITY_ERROR, scan->place,
				"a byte order mark inside the document; remove it");
		return -EINVAL;
	}
	if ((point < 0x20 && point != '\n' && point != '\r') || point == 0x7f ||
	    (point >= 0x80 && point < 0xa0 && point != 0x85) || point == 0xfffe ||
	    point == 0xffff) {
		diagnostics_add(
			scan->diags, SEVERITY_ERROR, scan->place,
			"the control character U+%04X; remove it, or write it as an escape between double quotes",
			point);
		return -EINVAL;
	}
	return 0;
}

int yaml_text_check(const char *file, const char *data, size_t bytes, struct diagnostics *diags)
{
	struct scan scan = {
		.data = (const unsigned char *)data,
		.bytes = bytes,
		.place = {.file = file, .line = 1, .column = 1},
		.diags = diags,
	};

	if (check_mark(&scan) < 0)
		return -EINVAL;
	while (scan.at < bytes) {
		uint32_t point = 0;
		size_t length;

		length = yaml_character(scan.data + scan.at, bytes - scan.at, &point);
		if (!length) {
			diagnostics_add(diags, SEVERITY_ERROR, scan.place,
					"byte 0x%02x is not UTF-8; save the document as UTF-8",
					scan.data[scan.at]);
			return -EINVAL;
		}
		if (check_character(&scan, point) < 0)
			return -EINVAL;

		scan.at += length;
		scan.place.column++;
		if (point == '\n') {
			scan.place.line++;
			scan.place.column = 1;
		}
	}
	return 0;
}
