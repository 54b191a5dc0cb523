/* SPDX-License-Identifier: MIT */
/*
 * glob.c - the files that one path pattern names, found by reading only the directories that it needs.
 */
#include "glob.h"
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

bool glob_match(const char *pattern, const char *text, bool question)
{
	const char *star = NULL, *again = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			again = text;
		} else if (*pattern == *text || (question && *pattern == '?')) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1; /* the last star takes one byte more */
			text = ++again;
		} else {
			return false;
		}
	}
	pattern += strspn(pattern, "*");
	return !*pattern;
}

struct glob {
	const struct inventory_place *place;
	inventory_file_fn fn;
	void *context;
};

/* Where a listing of one directory goes on. */
struct level {
	const struct glob *glob;
	const char *component; /* of the pattern, without its '/' */
	size_t bytes;
};

static int expand(const struct glob *glob, const char *path, const char *rest);

static enum inventory_file_type type_of(mode_t mode)
{
	return S_ISREG(mode)   ? INVENTORY_FILE_REGULAR
	       : S_ISDIR(mode) ? INVENTORY_FILE_DIRECTORY
	       : S_ISLNK(mode) ? INVENTORY_FILE_LINK
			       : INVENTORY_FILE_OTHER;
}

/* A path that goes through a link counts as a link: its file has another name. */
static int found(const struct glob *glob, const char *path)
{
	struct inventory_file file = {.layer = glob->place->layer, .path = path};
	AUTO_FD int fd = rooted_open(glob->place->fd, path, O_PATH | O_NOFOLLOW);
	AUTO_FD int exact = -1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		place_missed(glob->place, INVENTORY_FILES, path, fd < 0 ? fd : -errno);
		return 0;
	}
	exact = rooted_open_exact(glob->place->fd, path, O_PATH);
	file.type = exact == -ELOOP ? INVENTORY_FILE_LINK : type_of(st.st_mode);
	glob->place->inventory->files++;
	return glob->fn(glob->context, &file);
}

static int try_entry(void *context, const char *directory, const char *name, unsigned char type)
{
	const struct level *level = context;
	char pattern[NAME_MAX + 1], path[PATH_MAX];

	if (level->bytes > NAME_MAX || !path_join(path, directory, name))
		return 0;
	memcpy(pattern, level->component, level->bytes);
	pattern[level->bytes] = 0;
	if (!glob_match(pattern, name, false))
		return 0;
	return expand(level->glob, path, level->component + level->bytes);
}

/* @rest: of the pattern, "" or from a '/'. */
static int expand(const struct glob *glob, const char *path, const char *rest)
{
	char longer[PATH_MAX];
	struct level level = {.glob = glob};

	if (!glob->place->layer && *path && inventory_left_out(glob->place->inventory, path)) {
		inventory_problem(glob->place->inventory, INVENTORY_FILES, INVENTORY_LEFT_OUT, path,
				  0, "left out, as it was asked for");
		return 0;
	}
	if (!*rest)
		return found(glob, path);
	level.component = rest + 1;
	level.bytes = strcspn(level.component, "/");
	if (level.bytes >= 2 && !strncmp(level.component, "**", 2))
		return walk_tree(glob->place, path, glob->fn, glob->context);
	if (memchr(level.component, '*', level.bytes))
		return place_list(glob->place, INVENTORY_FILES, *path ? path : "/", try_entry,
				  &level);
	if (strlen(path) + level.bytes + 2 > PATH_MAX)
		return 0;
	snprintf(longer, sizeof(longer), "%s/%.*s", path, (int)level.bytes, level.component);
	return expand(glob, longer, level.component + level.bytes);
}

bool inventory_glob_can(const char *pattern)
{
	return *pattern == '/' && strncmp(pattern, "/**", 3);
}

int glob_in(const struct inventory_place *place, const char *pattern, inventory_file_fn fn,
	    void *context)
{
	const struct glob glob = {.place = place, .fn = fn, .context = context};

	return inventory_glob_can(pattern) ? expand(&glob, "", pattern) : 0;
}

struct everywhere {
	const char *pattern;
	inventory_file_fn fn;
	void *context;
};

static int in_place(void *context, const struct inventory_place *place)
{
	const struct everywhere *all = context;

	return glob_in(place, all->pattern, all->fn, all->context);
}

int inventory_glob(struct inventory *inventory, const char *pattern, inventory_file_fn fn,
		   void *context)
{
	struct everywhere all = {.pattern = pattern, .fn = fn, .context = context};

	return inventory_each_place(inventory, INVENTORY_FILES, in_place, &all);
}
