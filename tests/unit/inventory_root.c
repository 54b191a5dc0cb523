/* SPDX-License-Identifier: MIT */
/*
 * inventory_root.c - see inventory_root.h
 */
#include "inventory_root.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

void lines_add(struct lines *lines, const char *format, ...)
{
	va_list args;
	char *line;

	va_start(args, format);
	assert_true(vasprintf(&line, format, args) >= 0);
	va_end(args);
	lines->list = realloc(lines->list, (lines->count + 1) * sizeof(*lines->list));
	assert_non_null(lines->list);
	lines->list[lines->count++] = line;
}

bool lines_have(const struct lines *lines, const char *text)
{
	for (size_t i = 0; i < lines->count; i++)
		if (!strcmp(lines->list[i], text))
			return true;
	return false;
}

size_t lines_start(const struct lines *lines, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++)
		count += !strncmp(lines->list[i], text, strlen(text));
	return count;
}

void lines_print(const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		print_message("  %s\n", lines->list[i]);
}

void lines_done(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->list[i]);
	free(lines->list);
	*lines = (struct lines){0};
}

int root_set_up(void **state)
{
	struct test_root *root = calloc(1, sizeof(*root));

	if (!root)
		return -1;
	strcpy(root->path, "/tmp/test-inventory-XXXXXX");
	if (!mkdtemp(root->path))
		return -1;
	*state = root;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

int root_tear_down(void **state)
{
	struct test_root *root = *state;

	inventory_close(root->inventory);
	lines_done(&root->items);
	lines_done(&root->problems);
	(void)nftw(root->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(root);
	return 0;
}

/* The directories above a path, and its name on this machine. */
static void prepare(const struct test_root *root, const char *path, char *out_path)
{
	assert_true(snprintf(out_path, PATH_MAX, "%s%s", root->path, path) < PATH_MAX);
	for (char *slash = out_path + strlen(root->path) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = 0;
		assert_true(!mkdir(out_path, 0755) || errno == EEXIST);
		*slash = '/';
	}
}

void root_bytes(const struct test_root *root, const char *path, const void *data, size_t bytes)
{
	char name[PATH_MAX];
	int fd;

	prepare(root, path, name);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	assert_int_equal(close(fd), 0);
}

void root_file(const struct test_root *root, const char *path, const char *text)
{
	root_bytes(root, path, text, strlen(text));
}

void root_directory(const struct test_root *root, const char *path)
{
	char name[PATH_MAX];

	prepare(root, path, name);
	assert_true(!mkdir(name, 0755) || errno == EEXIST);
}

void root_link(const struct test_root *root, const char *path, const char *target)
{
	char name[PATH_MAX];

	prepare(root, path, name);
	assert_int_equal(symlink(target, name), 0);
}

static void note_problem(void *context, const struct inventory_problem *problem)
{
	struct test_root *root = context;

	lines_add(&root->problems, "%s %s %s",
		  problem->gap == INVENTORY_MISSED ? "missed" : "left out",
		  inventory_source_word(problem->source), problem->path);
}

struct inventory *root_open(struct test_root *root, const struct inventory_options *options)
{
	struct inventory_options all = options ? *options : (struct inventory_options){0};

	all.root = root->path;
	all.problem = note_problem;
	all.context = root;
	inventory_close(root->inventory);
	root->inventory = NULL;
	assert_int_equal(inventory_open(&all, &root->inventory), 0);
	assert_false(inventory_is_live(root->inventory));
	return root->inventory;
}

struct inventory *live_open(struct test_root *root)
{
	const struct inventory_options all = {.problem = note_problem, .context = root};

	inventory_close(root->inventory);
	root->inventory = NULL;
	assert_int_equal(inventory_open(&all, &root->inventory), 0);
	assert_true(inventory_is_live(root->inventory));
	return root->inventory;
}
