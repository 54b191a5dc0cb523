/* SPDX-License-Identifier: MIT */
/*
 * inventory_root.h - a small root directory for tests of the inventory, and what it was told.
 */
#ifndef EMBARGO_INVENTORY_ROOT_H
#define EMBARGO_INVENTORY_ROOT_H

#include "../../agent/inventory/inventory.h"

#include <stdbool.h>

/* Texts of items and problems, one line each, in the order of their bytes after lines_sort(). */
struct lines {
	char **list;
	size_t count;
};

void lines_add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool lines_have(const struct lines *lines, const char *text);
/** lines_start() - how many begin so */
size_t lines_start(const struct lines *lines, const char *text);
void lines_print(const struct lines *lines);
void lines_done(struct lines *lines);

struct test_root {
	char path[64];
	struct inventory *inventory;	/* open_root() */
	struct lines items, problems;	/* problems: "missed packages /var/lib/x" or "left out ..." */
};

int root_set_up(void **state);
int root_tear_down(void **state);

/** root_file() - with its directories; the text is taken as it is */
void root_file(const struct test_root *root, const char *path, const char *text);
void root_bytes(const struct test_root *root, const char *path, const void *data, size_t bytes);
void root_directory(const struct test_root *root, const char *path);
void root_link(const struct test_root *root, const char *path, const char *target);

/** root_open() - an inventory of it; @options: NULL, or what is to be other than usual */
struct inventory *root_open(struct test_root *root, const struct inventory_options *options);
/** live_open() - an inventory of this host, closed with the root */
struct inventory *live_open(struct test_root *root);

#define ROOT_TEST(fn) cmocka_unit_test_setup_teardown(fn, root_set_up, root_tear_down)
#define assert_has(lines, text)                                                                    \
	do {                                                                                       \
		if (!lines_have(lines, text)) {                                                    \
			lines_print(lines);                                                        \
			fail_msg("there is no \"%s\"", text);                                      \
		}                                                                                  \
	} while (0)
#define assert_lacks(lines, text)                                                                  \
	do {                                                                                       \
		if (lines_start(lines, text)) {                                                    \
			lines_print(lines);                                                        \
			fail_msg("there is a \"%s\"", text);                                       \
		}                                                                                  \
	} while (0)

#endif
