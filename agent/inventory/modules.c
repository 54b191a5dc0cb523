/* SPDX-License-Identifier: MIT */
/*
 * modules.c - kernel modules: those that are loaded, and the files that modprobe finds.
 */
#include "internal.h"
#include "modules.h"
#include "walk.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* In a name '-' and '_' are the same; the kernel shows '_' (scripts/Makefile.lib, name-fix). */
static void canonical(char *name)
{
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

bool module_name_of(const char *path, char *out_name)
{
	static const char *const ends[] = {".ko", ".ko.xz", ".ko.zst", ".ko.gz"};
	const char *name = strrchr(path, '/');
	size_t bytes;

	name = name ? name + 1 : path;
	bytes = strlen(name);
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		size_t end = strlen(ends[i]);

		if (bytes <= end || bytes - end > NAME_MAX || strcmp(name + bytes - end, ends[i]))
			continue;
		memcpy(out_name, name, bytes - end);
		out_name[bytes - end] = 0;
		canonical(out_name);
		return true;
	}
	return false;
}

struct collect {
	inventory_module_fn fn;
	void *context;
};

static int module_file(void *context, const struct inventory_file *file)
{
	const struct collect *collect = context;
	char name[NAME_MAX + 1];
	const struct inventory_module module = {
		.layer = file->layer, .name = name, .path = file->path};

	if (file->type != INVENTORY_FILE_REGULAR || !module_name_of(file->path, name))
		return 0;
	return collect->fn(collect->context, &module);
}

static int module_files(void *context, const struct inventory_place *place)
{
	char real[PATH_MAX];
	int err = walk_tree(place, "/usr/lib/modules", module_file, context);

	/* On a merged /usr this is the same directory. */
	if (!err && !rooted_real(place, "/lib/modules", real) && strcmp(real, "/usr/lib/modules"))
		err = walk_tree(place, "/lib/modules", module_file, context);
	return err;
}

static int loaded(struct inventory *inventory, const struct collect *collect)
{
	AUTO_FREE char *text = NULL;
	size_t bytes;
	char *rest, *line;
	int err;

	if (!inventory->live) {
		inventory_problem(inventory, INVENTORY_MODULES, INVENTORY_LEFT_OUT, "", 0,
				  "another root: nothing of the running kernel is looked at");
		return 0;
	}
	err = host_read("/proc/modules", INVENTORY_JSON_MAX, &text, &bytes);
	if (err) {
		/* No such file: a kernel without modules. */
		inventory_missed(inventory, INVENTORY_MODULES, "/proc/modules", err);
		return err == -ENOMEM ? err : 0;
	}
	rest = text;
	while (!err && (line = line_next(&rest, text + bytes))) {
		const struct inventory_module module = {.name = line, .loaded = true};

		line[strcspn(line, " ")] = 0;
		canonical(line);
		err = collect->fn(collect->context, &module);
	}
	return err;
}

int inventory_modules(struct inventory *inventory, inventory_module_fn fn, void *context)
{
	struct collect collect = {.fn = fn, .context = context};
	int err = loaded(inventory, &collect);

	return err ? err
		   : inventory_each_place(inventory, INVENTORY_MODULES, module_files, &collect);
}
