/* SPDX-License-Identifier: MIT */
/*
 * cgroups.c - which units run, from the tree of cgroups alone: no D-Bus, so it works without systemd, too, and
 * says the same of every init that names its cgroups by service.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define DEPTH_MAX 64 /* the kernel's default is no limit; nobody nests so deep by good reason */

/* Longer names of units are not possible: UNIT_NAME_MAX is 255 (systemd, src/basic/unit-name.h). */
static const char *const unit_ends[] = {".service", ".scope", ".socket", ".mount", ".swap"};

static bool is_unit(const char *name, size_t bytes)
{
	for (size_t i = 0; i < ARRAY_LENGTH(unit_ends); i++) {
		size_t end = strlen(unit_ends[i]);

		if (bytes > end && !memcmp(name + bytes - end, unit_ends[i], end))
			return true;
	}
	return false;
}

/* The innermost component that names a unit. */
void cgroup_unit(const char *text, char *out_unit)
{
	*out_unit = 0;
	while (*text) {
		size_t bytes = strcspn(text, "/\n");

		if (bytes <= NAME_MAX && is_unit(text, bytes)) {
			memcpy(out_unit, text, bytes);
			out_unit[bytes] = 0;
		}
		text += bytes + (text[bytes] != 0);
	}
}

/* ---------------------------------------------------------------- the tree */

struct tree {
	struct names *names;
	bool v1;
	int err;
};

static int read_small(int directory, const char *name, char *buffer, size_t room)
{
	AUTO_FD int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t bytes = fd < 0 ? -1 : read(fd, buffer, room - 1);

	if (bytes < 0)
		return -errno;
	buffer[bytes] = 0;
	return 0;
}

/* v2 says whether anything below has a process; v1 only which processes are in this very cgroup. */
static bool populated(const struct tree *tree, int directory, bool below)
{
	char text[256];

	if (tree->v1)
		return below ||
		       (!read_small(directory, "cgroup.procs", text, sizeof(text)) && *text);
	return !read_small(directory, "cgroup.events", text, sizeof(text)) &&
	       strstr(text, "populated 1");
}

/* @fd: taken. Return: does it, or anything below, have a process? */
static bool look(struct tree *tree, int fd, const char *name, unsigned depth)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	bool below = false;

	if (!directory) {
		(void)close(fd); /* a directory */
		return false;
	}
	while (!tree->err && (entry = readdir(directory))) {
		int inner;

		if (entry->d_type != DT_DIR || *entry->d_name == '.' || depth == DEPTH_MAX)
			continue;
		inner = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner >= 0 && look(tree, inner, entry->d_name, depth + 1))
			below = true;
	}
	below = populated(tree, fd, below);
	if (below && !tree->err)
		tree->err = names_add(tree->names, name);
	(void)closedir(directory); /* only read */
	return below;
}

/* Where a line of mountinfo has a tree that names units, its path ends with a zero then; else NULL. */
static char *tree_of(char *line, bool v1)
{
	char *options = strstr(line, v1 ? " - cgroup " : " - cgroup2 "), *path = line;

	if (!options || (v1 && !strstr(options, "name=systemd")))
		return NULL;
	path = fields_skip(path, ' ', 4);
	if (!path)
		return NULL;
	path[strcspn(path, " ")] = 0;
	return path;
}

/* Return: 1 it was read, 0 there is none, or -ENOMEM. */
static int read_tree(struct names *names, bool v1)
{
	struct tree tree = {.names = names, .v1 = v1};
	AUTO_FREE char *text = NULL;
	char *rest, *line;
	size_t bytes;
	int fd;

	if (host_read("/proc/self/mountinfo", INVENTORY_JSON_MAX, &text, &bytes))
		return 0;
	rest = text;
	while ((line = line_next(&rest, text + bytes))) {
		const char *path = tree_of(line, v1);

		fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		(void)look(&tree, fd, "/", 0);
		return tree.err ? tree.err : 1;
	}
	return 0;
}

int running_units(struct inventory *inventory, const struct names **out_names)
{
	struct names *names;
	int v2, v1;

	if (!inventory->live)
		return -ENODATA;
	if (inventory->running) {
		*out_names = inventory->running;
		return 0;
	}
	names = calloc(1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	/* On a hybrid host the units are in both, or in v1 only. */
	v2 = read_tree(names, false);
	v1 = v2 < 0 ? v2 : read_tree(names, true);
	if (v2 <= 0 && v1 <= 0) {
		names_done(names);
		free(names);
		return v2 < 0 || v1 < 0 ? -ENOMEM : -ENODATA;
	}
	names_sort(names);
	inventory->running = names;
	*out_names = names;
	return 0;
}

int inventory_unit_running(struct inventory *inventory, const char *name, bool *out_running)
{
	AUTO_FREE char *service = NULL;
	const struct names *names;
	int err = running_units(inventory, &names);

	if (err)
		return err;
	if (strchr(name, '.')) {
		*out_running = names_have(names, name);
		return 0;
	}
	if (asprintf(&service, "%s.service", name) < 0) {
		service = NULL;
		return -ENOMEM;
	}
	*out_running = names_have(names, service);
	return 0;
}
