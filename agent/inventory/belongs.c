/* SPDX-License-Identifier: MIT */
/*
 * belongs.c - see belongs.h. A file is found by a path below its root, looked at without being opened (O_PATH),
 * and opened only when it is a regular one: neither a pipe nor a device can keep us.
 */
#include "belongs.h"
#include "../../policy/match.h"
#include "glob.h"
#include "internal.h"
#include "modules.h"
#include "mounts.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define GLOBS_MAX 20000 /* path rules that are looked for one by one; more of them by one walk */

struct belongs {
	struct inventory *inventory;
	const struct generation *generation;
	struct match_index *index;
	struct mounts mounts;
	belonging_fn fn;
	void *context;
	const struct generation_rule *rule;  /* whose pattern is being looked for */
	const struct inventory_layer *layer; /* whose directory is open */
	int layer_fd;
	bool allowed_only;
	/* of the package in hand */
	__u32 deny, allow;
	bool strict;
	const struct inventory_package *package;
};

/* ---------------------------------------------------------------- rules by their number */

static __u32 number_of(const struct generation *generation, const struct generation_rule *rule)
{
	if (!rule || !match_is_enforced(generation, rule))
		return 0;
	return (__u32)(rule - generation->rules) + 1;
}

static __u32 best(__u32 one, __u32 other)
{
	return !one || (other && other < one) ? other : one;
}

static bool is_strict(const struct generation *generation, __u32 number)
{
	const struct gen_key key = {.kind = GEN_RULE, .node = number};
	const union gen_value *value = number ? generation_find(generation, &key) : NULL;

	return value && value->rule.flags & RULE_STRICT;
}

/* "/opt/x/ **" is read from its directory; a "**" inside a pattern may mean half of the disk. */
static bool is_quick(const char *pattern)
{
	const char *deep = strstr(pattern, "**");

	return inventory_glob_can(pattern) && (!deep || !deep[2]);
}

static bool too_many(const struct generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->rule_count; i++)
		count += generation->rules[i].matcher == MATCHER_PATH;
	return count > GLOBS_MAX;
}

bool belongs_needs_walk(const struct generation *generation, __u32 rule)
{
	const struct generation_rule *one =
		rule && rule <= generation->rule_count ? &generation->rules[rule - 1] : NULL;

	return one && one->matcher == MATCHER_PATH &&
	       (!is_quick(one->value) || too_many(generation));
}

bool belongs_any_walk(const struct generation *generation)
{
	if (too_many(generation))
		return true;
	for (size_t i = 0; i < generation->rule_count; i++)
		if (generation->rules[i].matcher == MATCHER_PATH &&
		    !is_quick(generation->rules[i].value))
			return true;
	return false;
}

/* ---------------------------------------------------------------- one file */

static bool names_code(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *so = name;
	char module[NAME_MAX + 1];

	while ((so = strstr(so, ".so"))) {
		so += 3;
		if (!*so || *so == '.')
			return true;
	}
	return strlen(name) <= NAME_MAX && module_name_of(path, module);
}

bool belongs_can_run(int fd, const struct stat *st, const char *path)
{
	char start[SELFMAG];

	if (st->st_mode & 0111 || names_code(path))
		return true;
	if (pread(fd, start, sizeof(start), 0) < 2)
		return false;
	return !memcmp(start, ELFMAG, SELFMAG) || !memcmp(start, "#!", 2);
}

/* Is it on a file system that is not looked at? */
static bool is_elsewhere(const struct belongs *belongs, const char *path)
{
	enum mount_class class = mounts_class_at(&belongs->mounts, path);

	return class == MOUNT_PSEUDO ||
	       (class == MOUNT_NETWORK && !belongs->inventory->options.network);
}

static struct inventory_place place_of(struct belongs *belongs, const struct inventory_layer *layer)
{
	struct inventory_place place = inventory_root_place(belongs->inventory);

	if (!layer)
		return place;
	if (layer != belongs->layer) {
		clean_fd(&belongs->layer_fd);
		belongs->layer_fd = rooted_open(place.fd, layer->path, O_PATH | O_DIRECTORY);
		belongs->layer = layer;
	}
	place.layer = layer;
	place.fd = belongs->layer_fd;
	return place;
}

/* @handle: a regular file, O_PATH. What happens to its name meanwhile does not matter. */
static int tell(struct belongs *belongs, int handle, struct belonging *belonging)
{
	char link[64], path[PATH_MAX];
	AUTO_FD int fd = -1;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	if (host_link(link, path))
		return 0;
	if (!*belongs->inventory->root_path && is_elsewhere(belongs, path))
		return 0; /* a link led there */
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		inventory_missed(belongs->inventory, INVENTORY_FILES, path, -errno);
		return 0;
	}
	belonging->fd = fd;
	belonging->path = path;
	belonging->runs = belongs_can_run(fd, &belonging->st, path);
	if (belongs->package && !belonging->runs && !belongs->strict)
		return 0;
	return belongs->fn(belongs->context, belonging);
}

/* A regular file at a path, links followed inside the place. Return: O_PATH descriptor; negative: none. */
static int look_at(struct belongs *belongs, const struct inventory_place *place, const char *path,
		   struct stat *out_st)
{
	AUTO_FD int fd = -1;

	if (place->fd < 0 || (!place->layer && is_elsewhere(belongs, path)))
		return -1;
	fd = rooted_open(place->fd, path, O_PATH);
	if (fd < 0)
		place_missed(place, INVENTORY_FILES, path, fd);
	else if (!fstat(fd, out_st) && S_ISREG(out_st->st_mode))
		return take_fd(fd);
	return -1;
}

/* ---------------------------------------------------------------- packages */

static int package_file(void *context, const char *path)
{
	struct belongs *belongs = context;
	const struct inventory_place place = place_of(belongs, belongs->package->layer);
	struct belonging belonging = {.deny = belongs->deny,
				      .allow = belongs->allow,
				      .by_package = true,
				      .in_layer = place.layer != NULL};
	AUTO_FD int handle = look_at(belongs, &place, path, &belonging.st);

	return handle < 0 ? 0 : tell(belongs, handle, &belonging);
}

static void consider(struct belongs *belongs, unsigned matcher, const char *text)
{
	struct match match = match_text(belongs->index, matcher, text);

	if (!belongs->allowed_only)
		belongs->deny = best(belongs->deny, number_of(belongs->generation, match.rule));
	belongs->allow = best(belongs->allow, number_of(belongs->generation, match.allow));
}

static int package(void *context, const struct inventory_package *package)
{
	struct belongs *belongs = context;
	int err;

	belongs->deny = belongs->allow = 0;
	if (package->removed)
		return 0;
	consider(belongs, MATCHER_PACKAGE, package->name);
	for (size_t i = 0; i < package->vendor_count; i++)
		consider(belongs, MATCHER_PACKAGE_VENDOR, package->vendors[i].text);
	if (!belongs->deny && !belongs->allow)
		return 0;
	belongs->package = package;
	belongs->strict = is_strict(belongs->generation, belongs->deny);
	err = inventory_package_files(belongs->inventory, package, package_file, belongs);
	belongs->package = NULL;
	return err == -ENOENT ? 0 : err;
}

static bool has_packages(const struct generation *generation, bool allowed_only)
{
	for (size_t i = 0; i < generation->rule_count; i++)
		if ((generation->rules[i].matcher == MATCHER_PACKAGE ||
		     generation->rules[i].matcher == MATCHER_PACKAGE_VENDOR) &&
		    (!allowed_only || generation->rules[i].action == ACTION_ALLOW))
			return true;
	return false;
}

static int packages(struct belongs *belongs, unsigned parts)
{
	belongs->allowed_only = !(parts & BELONGS_PACKAGES);
	if (!has_packages(belongs->generation, belongs->allowed_only))
		return 0;
	return inventory_packages(belongs->inventory, package, belongs);
}

/* ---------------------------------------------------------------- paths */

/* The path of a file that was opened through a link, from the root of its place. */
static bool real_path(const struct inventory_place *place, const struct inventory_file *file,
		      char *out_path)
{
	if (file->type != INVENTORY_FILE_LINK)
		return snprintf(out_path, PATH_MAX, "%s", file->path) < PATH_MAX;
	return rooted_real(place, file->path, out_path) == 0;
}

static int matched_file(struct belongs *belongs, const struct inventory_file *file,
			struct belonging *belonging)
{
	const struct inventory_place place = place_of(belongs, file->layer);
	AUTO_FD int handle = look_at(belongs, &place, file->path, &belonging->st);

	belonging->in_layer = place.layer != NULL;
	return handle < 0 ? 0 : tell(belongs, handle, belonging);
}

/* What this very rule names, so that nothing is told twice. */
static int denied_file(void *context, const struct inventory_file *file)
{
	struct belongs *belongs = context;
	const struct inventory_place place = place_of(belongs, file->layer);
	struct belonging belonging = {0};
	char path[PATH_MAX];
	struct match match;

	if ((file->type != INVENTORY_FILE_REGULAR && file->type != INVENTORY_FILE_LINK) ||
	    place.fd < 0 || !real_path(&place, file, path))
		return 0;
	match = match_path(belongs->generation, path);
	if (match.rule != belongs->rule)
		return 0;
	belonging.deny = number_of(belongs->generation, match.rule);
	if (!file->layer)
		belonging.allow = number_of(belongs->generation, match.allow);
	return matched_file(belongs, file, &belonging);
}

static int allowed_file(void *context, const struct inventory_file *file)
{
	struct belongs *belongs = context;
	struct belonging belonging = {.allow = number_of(belongs->generation, belongs->rule)};
	struct match match;

	if (file->type != INVENTORY_FILE_REGULAR && file->type != INVENTORY_FILE_LINK)
		return 0;
	/* of a pattern that is more than its directory, only what it says */
	match = match_path(belongs->generation, file->path);
	if (file->type == INVENTORY_FILE_REGULAR && match.allow)
		belonging.allow = number_of(belongs->generation, match.allow);
	return matched_file(belongs, file, &belonging);
}

/* @quick: those that say where to look; else those that say only where to begin */
static int patterns(struct belongs *belongs, unsigned parts, bool quick)
{
	const struct generation *generation = belongs->generation;
	const struct inventory_place root = inventory_root_place(belongs->inventory);
	int err = 0;

	if (too_many(generation))
		return 0;
	for (size_t i = 0; i < generation->rule_count && !err; i++) {
		const struct generation_rule *rule = &generation->rules[i];

		if (rule->matcher != MATCHER_PATH || is_quick(rule->value) != quick)
			continue;
		belongs->rule = rule;
		if (rule->action != ACTION_ALLOW && parts & BELONGS_PATHS)
			err = inventory_glob(belongs->inventory, rule->value, denied_file, belongs);
		else if (rule->action == ACTION_ALLOW && parts & BELONGS_ALLOWED)
			err = glob_in(&root, rule->value, allowed_file, belongs);
	}
	return err;
}

/* Only a name that may be anywhere needs all files; else the directories that patterns begin with do. */
static bool needs_everything(const struct generation *generation)
{
	if (too_many(generation))
		return true;
	for (size_t i = 0; i < generation->rule_count; i++)
		if (generation->rules[i].matcher == MATCHER_PATH &&
		    !inventory_glob_can(generation->rules[i].value))
			return true;
	return false;
}

static int walked_file(void *context, const struct inventory_file *file)
{
	struct belongs *belongs = context;
	struct belonging belonging = {0};
	struct match match;

	if (file->type != INVENTORY_FILE_REGULAR)
		return 0;
	match = match_path(belongs->generation, file->path);
	belonging.deny = number_of(belongs->generation, match.rule);
	if (!file->layer)
		belonging.allow = number_of(belongs->generation, match.allow);
	if (!belonging.deny && !belonging.allow)
		return 0;
	return matched_file(belongs, file, &belonging);
}

/* ---------------------------------------------------------------- all of them */

static int protected_file(void *context, const struct inventory_protected *found)
{
	struct belongs *belongs = context;
	const struct inventory_place root = inventory_root_place(belongs->inventory);
	struct belonging belonging = {.is_protected = true};
	AUTO_FD int handle = look_at(belongs, &root, found->path, &belonging.st);

	return handle < 0 ? 0 : tell(belongs, handle, &belonging);
}

static int find_all(struct belongs *belongs, unsigned parts)
{
	struct inventory *inventory = belongs->inventory;
	int err = 0;

	if (parts & BELONGS_PROTECTED)
		err = inventory_protected(inventory, protected_file, belongs);
	if (!err && parts & (BELONGS_PACKAGES | BELONGS_ALLOWED))
		err = packages(belongs, parts);
	if (!err && parts & (BELONGS_PATHS | BELONGS_ALLOWED))
		err = patterns(belongs, parts, true);
	if (!err && parts & BELONGS_WALK)
		err = needs_everything(belongs->generation)
			      ? inventory_files(inventory, walked_file, belongs)
			      : patterns(belongs, BELONGS_PATHS | BELONGS_ALLOWED, false);
	return err;
}

static int named_file(struct belongs *belongs, const char *path)
{
	const struct inventory_place root = inventory_root_place(belongs->inventory);
	struct belonging belonging = {0};
	AUTO_FD int handle = look_at(belongs, &root, path, &belonging.st);
	char real[PATH_MAX];
	struct match match;

	if (handle < 0 || rooted_real(&root, path, real))
		return 0;
	match = match_path(belongs->generation, real);
	belonging.deny = number_of(belongs->generation, match.rule);
	belonging.allow = number_of(belongs->generation, match.allow);
	return belonging.deny ? tell(belongs, handle, &belonging) : 0;
}

int belongs_named(struct inventory *inventory, const struct generation *generation,
		  char *const *paths, size_t count, belonging_fn fn, void *context)
{
	struct belongs belongs = {
		.inventory = inventory,
		.generation = generation,
		.fn = fn,
		.context = context,
		.layer_fd = -1,
	};
	int err = mounts_read(inventory, &belongs.mounts);

	for (size_t i = 0; i < count && !err; i++)
		err = named_file(&belongs, paths[i]);
	mounts_done(&belongs.mounts);
	return err;
}

int belongs_find(struct inventory *inventory, const struct generation *generation, unsigned parts,
		 belonging_fn fn, void *context)
{
	struct belongs belongs = {
		.inventory = inventory,
		.generation = generation,
		.fn = fn,
		.context = context,
		.layer_fd = -1,
	};
	int err = inventory_find_layers(inventory);

	if (!err && has_packages(generation, false))
		err = match_index_new(generation, &belongs.index);
	if (!err)
		err = mounts_read(inventory, &belongs.mounts);
	if (!err)
		err = find_all(&belongs, parts);
	clean_fd(&belongs.layer_fd);
	mounts_done(&belongs.mounts);
	match_index_free(belongs.index);
	return err;
}
