/* SPDX-License-Identifier: MIT */
/*
 * repositories.c - where the package managers of the root and of its layers get packages from.
 */
#include "internal.h"
#include "texts.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>

typedef int (*parse_fn)(char *text, size_t bytes, source_fn fn, void *context);

static const struct kind {
	const char *kind;
	const char *path; /* a file, or a directory with files that end so */
	const char *end;
	parse_fn parse;
} kinds[] = {
	{"apt", "/etc/apt/sources.list", NULL, apt_list_parse},
	{"apt", "/etc/apt/sources.list.d", ".list", apt_list_parse},
	{"apt", "/etc/apt/sources.list.d", ".sources", apt_deb822_parse},
	{"rpm", "/etc/yum.conf", NULL, rpm_repo_parse},
	{"rpm", "/etc/dnf/dnf.conf", NULL, rpm_repo_parse},
	{"rpm", "/etc/yum.repos.d", ".repo", rpm_repo_parse},
	{"rpm", "/etc/distro.repos.d", ".repo", rpm_repo_parse},
	{"rpm", "/usr/share/dnf5/repos.d", ".repo", rpm_repo_parse},
	{"rpm", "/etc/zypp/repos.d", ".repo", rpm_repo_parse},
	{"apk", "/etc/apk/repositories", NULL, apk_list_parse},
};

struct collect {
	const struct inventory_place *place;
	inventory_repository_fn fn;
	void *context;
	const struct kind *kind;
	const char *path;
};

static int one_source(void *context, const struct source *source)
{
	const struct collect *collect = context;
	const struct inventory_repository repository = {
		.layer = collect->place->layer,
		.kind = collect->kind->kind,
		.path = collect->path,
		.line = source->line,
		.host = source->host,
		.url = source->url,
		.enabled = source->enabled,
	};

	return collect->fn(collect->context, &repository);
}

static int one_file(struct collect *collect, const char *path)
{
	size_t bytes;
	AUTO_FREE char *text = place_read(collect->place, INVENTORY_REPOSITORIES, path,
					  INVENTORY_TEXT_MAX, &bytes);

	collect->path = path;
	return text ? collect->kind->parse(text, bytes, one_source, collect) : 0;
}

static int one_entry(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;
	size_t bytes = strlen(name), end = strlen(collect->kind->end);
	char path[PATH_MAX];

	if (type == DT_DIR || bytes <= end || strcmp(name + bytes - end, collect->kind->end) ||
	    !path_join(path, directory, name))
		return 0;
	return one_file(collect, path);
}

static int in_place(void *context, const struct inventory_place *place)
{
	struct collect *collect = context;
	int err = 0;

	collect->place = place;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !err; i++) {
		collect->kind = &kinds[i];
		err = kinds[i].end ? place_list(place, INVENTORY_REPOSITORIES, kinds[i].path,
						one_entry, collect)
				   : one_file(collect, kinds[i].path);
	}
	return err;
}

int inventory_repositories(struct inventory *inventory, inventory_repository_fn fn, void *context)
{
	struct collect collect = {.fn = fn, .context = context};

	return inventory_each_place(inventory, INVENTORY_REPOSITORIES, in_place, &collect);
}
