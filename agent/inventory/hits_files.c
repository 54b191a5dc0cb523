/* SPDX-License-Identifier: MIT */
/*
 * hits_files.c - files that rules recognise: by the walk of everything, or only where patterns can name one;
 * markers; contents.
 */
#include "find.h"
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

#define READ_BYTES (256 << 10)

/* ---------------------------------------------------------------- contents */

static int digest_of(int fd, char *out_text)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	AUTO_FREE unsigned char *buffer = malloc(READ_BYTES);
	ssize_t bytes;

	if (!buffer)
		return -ENOMEM;
	crypto_hash_sha256_init(&state);
	while ((bytes = read(fd, buffer, READ_BYTES)) > 0)
		crypto_hash_sha256_update(&state, buffer, bytes);
	if (bytes < 0)
		return -errno;
	crypto_hash_sha256_final(&state, hash);
	strcpy(out_text, "sha256:");
	(void)sodium_bin2hex(out_text + 7, 65, hash, sizeof(hash));
	return 0;
}

static int compare_digest(const struct find *find, const struct inventory_file *file,
			  const char *whole)
{
	AUTO_FD int fd = rooted_open_exact(find->inventory->root, whole, O_RDONLY);
	char text[72];
	const struct hit hit = {
		.source = INVENTORY_FILES,
		.layer = file->layer,
		.what = file->path,
		.detail = text,
	};
	struct match match;
	int err = fd < 0 ? fd : digest_of(fd, text);

	if (err) {
		inventory_missed(find->inventory, INVENTORY_FILES, whole, err);
		return err == -ENOMEM ? err : 0;
	}
	match = match_text(find->index, MATCHER_DIGEST, text);
	return find_tell(find, &match, &hit);
}

/* ---------------------------------------------------------------- one file */

/* The file's path from the inventory's root. NULL: too long. */
static const char *whole_path(const struct inventory_file *file, char *buffer)
{
	if (!file->layer)
		return file->path;
	return path_join(buffer, inventory_layer_path(file->layer), file->path + 1) ? buffer : NULL;
}

static int compare_module(const struct find *find, const struct inventory_file *file)
{
	char name[NAME_MAX + 1];
	const struct hit hit = {
		.source = INVENTORY_MODULES,
		.layer = file->layer,
		.what = name,
		.path = file->path,
		.detail = "on disk",
	};
	struct match match;

	/* What is where modprobe looks was told by the collector of modules. */
	if (!module_name_of(file->path, name) || strstr(file->path, "/lib/modules/"))
		return 0;
	match = match_text(find->index, MATCHER_MODULE, name);
	return find_tell(find, &match, &hit);
}

static int one_file(void *context, const struct inventory_file *file)
{
	const struct find *find = context;
	const struct hit hit = {
		.source = INVENTORY_FILES,
		.layer = file->layer,
		.what = file->path,
		.detail = file->type == INVENTORY_FILE_LINK ? "symbolic link" : "",
		.link = file->type == INVENTORY_FILE_LINK,
	};
	char buffer[PATH_MAX];
	struct match match;
	const char *whole;
	int err;

	/* Sockets and devices are not brought by a product; an overlay's whiteouts mean that a file is gone. */
	if (file->type != INVENTORY_FILE_REGULAR && file->type != INVENTORY_FILE_LINK)
		return 0;
	match = find_path(find, file->path);
	err = find_tell(find, &match, &hit);
	if (err || file->type == INVENTORY_FILE_LINK)
		return err;
	if (find->options->sources & HITS_SOURCE(INVENTORY_MODULES))
		err = compare_module(find, file);
	whole = err || !find->digests ? NULL : whole_path(file, buffer);
	return whole ? compare_digest(find, file, whole) : err;
}

/* ---------------------------------------------------------------- by patterns */

/* Of one rule's pattern: only what this very rule names, so that nothing is told twice. */
static int pattern_file(void *context, const struct inventory_file *file)
{
	const struct find *find = context;
	const struct inventory_place place = inventory_root_place(find->inventory);
	struct inventory_file resolved = *file;
	char real[PATH_MAX];
	struct match match = find_path(find, file->path);

	if (match.rule != find->rule)
		return 0;
	/* On a merged /usr "/lib/x" is found through a link, and is the file all the same. */
	if (file->type == INVENTORY_FILE_LINK && !file->layer &&
	    rooted_link(place.fd, file->path, real) == -EINVAL &&
	    !rooted_real(&place, file->path, real)) {
		match = find_path(find, real);
		if (match.rule == find->rule) {
			resolved.path = real;
			resolved.type = INVENTORY_FILE_REGULAR;
		}
	}
	return one_file(context, &resolved);
}

static int package_file(void *context, const char *path)
{
	const struct find *find = context;
	const struct inventory_file file = {
		.layer = find->package->layer,
		.path = path,
		.type = INVENTORY_FILE_REGULAR,
	};
	const struct match match = find_path(find, path);
	char buffer[PATH_MAX];
	const char *whole;
	struct stat st;

	/* Patterns that can be followed were. */
	if (!match.rule || inventory_glob_can(match.rule->value))
		return 0;
	whole = whole_path(&file, buffer);
	if (!whole || rooted_stat(find->inventory->root, whole, &st) || !S_ISREG(st.st_mode))
		return 0;
	return one_file(context, &file);
}

static int package(void *context, const struct inventory_package *package)
{
	struct find *find = context;
	int err;

	find->package = package;
	err = inventory_package_files(find->inventory, package, package_file, find);
	return err == -ENOENT ? 0 : err;
}

static int quick(struct find *find)
{
	const struct generation *generation = find->generation;
	size_t anywhere = 0;
	char what[160];
	int err = 0;

	for (size_t i = 0; i < generation->rule_count && !err; i++) {
		find->rule = &generation->rules[i];
		if (find->rule->matcher != MATCHER_PATH || find->rule->action == ACTION_ALLOW)
			continue;
		if (inventory_glob_can(find->rule->value))
			err = inventory_glob(find->inventory, find->rule->value, pattern_file,
					     find);
		else
			anywhere++;
	}
	if (err || !anywhere)
		return err;
	snprintf(what, sizeof(what),
		 "%zu path%s for any directory %s looked for only in the lists of packages (quick)",
		 anywhere, anywhere == 1 ? "" : "s", anywhere == 1 ? "was" : "were");
	inventory_problem(find->inventory, INVENTORY_FILES, INVENTORY_LEFT_OUT, "", 0, what);
	return inventory_packages(find->inventory, package, find);
}

/* ---------------------------------------------------------------- markers */

static int marker_file(void *context, const struct inventory_file *file)
{
	const struct find *find = context;
	const struct match match = {.rule = find->rule};
	const struct hit hit = {
		.source = INVENTORY_FILES,
		.layer = file->layer,
		.what = file->path,
		.detail = file->type == INVENTORY_FILE_DIRECTORY ? "directory" : "",
	};

	return find_tell(find, &match, &hit);
}

static int markers(struct find *find)
{
	const struct generation *generation = find->generation;
	int err = 0;

	for (size_t i = 0; i < generation->unenforced_count && !err; i++) {
		find->rule = &generation->unenforced[i];
		if (find->rule->matcher == MATCHER_MARKER && find->rule->action != ACTION_ALLOW)
			err = inventory_glob(find->inventory, find->rule->value, marker_file, find);
	}
	return err;
}

int find_files(struct find *find)
{
	int err = markers(find);

	if (err)
		return err;
	return find->options->quick ? quick(find)
				    : inventory_files(find->inventory, one_file, find);
}
