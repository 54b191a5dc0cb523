/* SPDX-License-Identifier: MIT */
/*
 * innocent.c - see innocent.h
 */
#include "innocent.h"
#include "../../policy/match.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

struct innocent {
	struct inventory *inventory;
	const struct generation *generation;
	struct match_index *index;
	const struct innocent_wanted *wanted;
};

/* What a rule by path means is not innocent only because its package has no rule. */
static bool is_meant(const struct innocent *innocent, const char *real)
{
	size_t root = strlen(innocent->inventory->root_path);
	struct match match;

	if (!strncmp(real, innocent->inventory->root_path, root))
		real += root;
	match = match_path(innocent->generation, real);
	return match.rule && !match.allow && match_is_enforced(innocent->generation, match.rule);
}

static int package_file(void *context, const char *path)
{
	struct innocent *innocent = context;
	const struct innocent_wanted *wanted = innocent->wanted;
	const struct inventory_place root = inventory_root_place(innocent->inventory);
	char link[64], real[PATH_MAX];
	AUTO_FD int fd = -1;
	struct stat st;

	/* one call instead of three for nearly all of them; below another root links would lead out of it */
	if (!*innocent->inventory->root_path &&
	    (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !wanted->like(wanted->context, &st)))
		return 0;
	fd = rooted_open(root.fd, path, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    !wanted->like(wanted->context, &st))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (host_link(link, real) || is_meant(innocent, real))
		return 0;
	return wanted->found(wanted->context, real, &st);
}

static void consider(const struct innocent *innocent, unsigned matcher, const char *text,
		     bool *out_denied, bool *out_allowed)
{
	struct match match = match_text(innocent->index, matcher, text);

	if (match.rule && match_is_enforced(innocent->generation, match.rule))
		*out_denied = true;
	if (match.allow && match_is_enforced(innocent->generation, match.allow))
		*out_allowed = true;
}

static int package(void *context, const struct inventory_package *package)
{
	struct innocent *innocent = context;
	bool denied = false, allowed = false;
	int err;

	if (package->removed || package->layer)
		return 0;
	consider(innocent, MATCHER_PACKAGE, package->name, &denied, &allowed);
	for (size_t i = 0; i < package->vendor_count; i++)
		consider(innocent, MATCHER_PACKAGE_VENDOR, package->vendors[i].text, &denied,
			 &allowed);
	if (denied && !allowed)
		return 0;
	err = inventory_package_files(innocent->inventory, package, package_file, innocent);
	return err == -ENOENT ? 0 : err;
}

int innocent_find(struct inventory *inventory, const struct generation *generation,
		  const struct innocent_wanted *wanted)
{
	struct innocent innocent = {
		.inventory = inventory,
		.generation = generation,
		.wanted = wanted,
	};
	int err = match_index_new(generation, &innocent.index);

	if (!err)
		err = inventory_packages(inventory, package, &innocent);
	match_index_free(innocent.index);
	return err;
}
