/* SPDX-License-Identifier: MIT */
/*
 * hits.c - looks up what the collectors find. Files are in hits_files.c.
 */
#include "hits.h"
#include "find.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

int find_tell(const struct find *find, const struct match *match, const struct hit *hit)
{
	struct hit told = *hit;

	if (!match->rule)
		return 0;
	told.rule = match->rule;
	told.allow = match->allow;
	told.what = told.what ? told.what : "";
	told.path = told.path ? told.path : "";
	told.detail = told.detail ? told.detail : "";
	return find->fn(find->context, &told);
}

struct match find_path(const struct find *find, const char *path)
{
	char shorter[PATH_MAX];
	size_t bytes = strlen(path);
	struct match match;

	if (bytes > 1 && bytes < sizeof(shorter) && path[bytes - 1] == '/') {
		memcpy(shorter, path, bytes - 1);
		shorter[bytes - 1] = 0;
		path = shorter;
	}
	match = match_path(find->generation, path);
	if (match.undecided)
		inventory_problem(find->inventory, INVENTORY_FILES, INVENTORY_MISSED, path, 0,
				  "too many directories deep to be decided, in the kernel, too");
	return match;
}

size_t find_matchers(const struct generation *generation, enum matcher matcher)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->rule_count; i++)
		count += generation->rules[i].matcher == matcher &&
			 generation->rules[i].action != ACTION_ALLOW;
	for (size_t i = 0; i < generation->unenforced_count; i++)
		count += generation->unenforced[i].matcher == matcher &&
			 generation->unenforced[i].action != ACTION_ALLOW;
	return count;
}

/* ---------------------------------------------------------------- packages */

static int package(void *context, const struct inventory_package *package)
{
	const struct find *find = context;
	struct match match = match_text(find->index, MATCHER_PACKAGE, package->name);
	char detail[512];
	struct hit hit = {
		.source = INVENTORY_PACKAGES,
		.layer = package->layer,
		.what = package->name,
		.detail = detail,
	};
	int err;

	snprintf(detail, sizeof(detail), "%s %.200s%s", package->manager, package->version,
		 package->removed ? ", removed, its configuration is left" : "");
	err = find_tell(find, &match, &hit);
	for (size_t i = 0; i < package->vendor_count && !err; i++) {
		match = match_text(find->index, MATCHER_PACKAGE_VENDOR, package->vendors[i].text);
		snprintf(detail, sizeof(detail), "%s %.100s, %s: %.200s", package->manager,
			 package->version, package->vendors[i].field, package->vendors[i].text);
		err = find_tell(find, &match, &hit);
	}
	return err;
}

/* ---------------------------------------------------------------- what runs */

static int process(void *context, const struct inventory_process *process)
{
	const struct find *find = context;
	struct match match = find_path(find, process->executable);
	char detail[2 * PATH_MAX];
	struct hit hit = {
		.source = INVENTORY_PROCESSES,
		.what = process->executable,
		.detail = detail,
		.live = true,
	};
	int bytes, err;

	bytes = snprintf(detail, sizeof(detail), "pid %d, user %u%s%s%s%.12s%s", process->pid,
			 process->uid, *process->unit ? ", " : "", process->unit,
			 *process->container ? ", container " : "", process->container,
			 process->deleted ? ", its file is deleted" : "");
	err = find_tell(find, &match, &hit);
	snprintf(detail + bytes, sizeof(detail) - bytes, ", mapped by %s", process->executable);
	for (size_t i = 0; i < process->mapped_count && !err; i++) {
		match = find_path(find, process->mapped[i]);
		hit.what = process->mapped[i];
		hit.path = process->executable;
		err = find_tell(find, &match, &hit);
	}
	return err;
}

static int connection(void *context, const struct inventory_connection *connection)
{
	const struct find *find = context;
	struct match match = match_address(find->generation, connection->family, connection->a,
					   connection->b, connection->protocol, connection->port);
	char detail[64];
	const struct hit hit = {
		.source = INVENTORY_CONNECTIONS,
		.what = connection->remote,
		.path = connection->executable,
		.detail = detail,
		.live = true,
	};

	snprintf(detail, sizeof(detail), "%s", connection->protocol == IPPROTO_TCP ? "tcp" : "udp");
	if (connection->pid)
		snprintf(detail + 3, sizeof(detail) - 3, ", pid %d", connection->pid);
	return find_tell(find, &match, &hit);
}

/* ---------------------------------------------------------------- units, modules */

static struct match match_unit(const struct find *find, const char *name)
{
	struct match match = match_text(find->index, MATCHER_UNIT, name);
	size_t bytes = strlen(name);
	char shorter[NAME_MAX + 1];

	/* A fact without a suffix is as its source prints it: the unit or the init script of that name. */
	if (match.rule || bytes <= 8 || bytes > NAME_MAX || strcmp(name + bytes - 8, ".service"))
		return match;
	memcpy(shorter, name, bytes - 8);
	shorter[bytes - 8] = 0;
	return match_text(find->index, MATCHER_UNIT, shorter);
}

static int unit(void *context, const struct inventory_unit *unit)
{
	const struct find *find = context;
	struct match match = match_unit(find, unit->name);
	char detail[64];
	const struct hit hit = {
		.source = INVENTORY_UNITS,
		.layer = unit->layer,
		.what = unit->name,
		.path = unit->path,
		.detail = detail,
		.live = unit->running,
	};

	snprintf(detail, sizeof(detail), "%s%s%s", unit->init_script ? "init script, " : "",
		 unit->masked    ? "masked"
		 : unit->enabled ? "enabled"
				 : "not enabled",
		 unit->running ? ", running" : "");
	return find_tell(find, &match, &hit);
}

static int module(void *context, const struct inventory_module *module)
{
	const struct find *find = context;
	struct match match = match_text(find->index, MATCHER_MODULE, module->name);
	const struct hit hit = {
		.source = INVENTORY_MODULES,
		.layer = module->layer,
		.what = module->name,
		.path = module->path,
		.detail = module->loaded ? "loaded" : "on disk",
		.live = module->loaded,
	};

	return find_tell(find, &match, &hit);
}

/* ---------------------------------------------------------------- images */

/* "sensor:7" and "sensor@sha256:..." are "sensor"; a ':' before a '/' is a port. */
static void cut_tag(char *name)
{
	char *slash = strrchr(name, '/'), *digest = strchr(name, '@'), *colon;

	if (digest)
		*digest = 0;
	colon = strchr(slash && slash < name + strlen(name) ? slash : name, ':');
	if (colon)
		*colon = 0;
}

/* The registry that docker leaves out: docs.docker.com, "reference" in distribution/reference/normalize.go. */
static const char *without_default(const char *name)
{
	static const char *const prefixes[] = {"docker.io/library/", "docker.io/",
					       "index.docker.io/"};

	for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return name + strlen(prefixes[i]);
	return name;
}

static int image(void *context, const struct inventory_image *image)
{
	const struct find *find = context;
	AUTO_FREE char *name = strdup(image->name), *detail = NULL;
	struct match match = match_text(find->index, MATCHER_IMAGE, image->name);
	struct hit hit = {
		.source = INVENTORY_IMAGES,
		.what = image->name,
		.path = image->store,
		.live = image->running,
	};

	if (!name)
		return -ENOMEM;
	if (!match.rule)
		match = match_text(find->index, MATCHER_IMAGE, without_default(image->name));
	cut_tag(name);
	if (!match.rule)
		match = match_text(find->index, MATCHER_IMAGE, name);
	if (!match.rule)
		match = match_text(find->index, MATCHER_IMAGE, without_default(name));
	if (asprintf(&detail, "%s %s%s%.12s%s", image->manager,
		     *image->container ? "container " : "image", image->container_name,
		     *image->container_name ? "" : image->container,
		     image->running ? ", running" : "") < 0) {
		detail = NULL;
		return -ENOMEM;
	}
	hit.detail = detail;
	return find_tell(find, &match, &hit);
}

/* ---------------------------------------------------------------- files that name something */

/* As it is written, or where links lead from there. */
static struct match match_named(const struct find *find,
				const struct inventory_autostart *autostart)
{
	const struct inventory_place place = inventory_root_place(find->inventory);
	struct match match;
	char real[PATH_MAX];

	if (*autostart->names != '/')
		return match_text(find->index, MATCHER_MODULE, autostart->names);
	match = find_path(find, autostart->names);
	if (!match.rule && !autostart->layer && !rooted_real(&place, autostart->names, real))
		match = find_path(find, real);
	return match;
}

static int autostart(void *context, const struct inventory_autostart *autostart)
{
	const struct find *find = context;
	struct match match = match_named(find, autostart);
	char detail[128];
	const struct hit hit = {
		.source = INVENTORY_AUTOSTART,
		.layer = autostart->layer,
		.what = autostart->names,
		.path = autostart->path,
		.detail = detail,
	};

	snprintf(detail, sizeof(detail), "%s, line %u", autostart->kind, autostart->line);
	return find_tell(find, &match, &hit);
}

/* The host, then the address as far as each of its '/'. */
static struct match match_repository(const struct find *find,
				     const struct inventory_repository *repository)
{
	struct match match = match_text(find->index, MATCHER_REPOSITORY, repository->host);
	const char *path = strstr(repository->url, "://");
	AUTO_FREE char *text = NULL;

	path = path ? strchr(path + 3, '/') : NULL;
	if (path && asprintf(&text, "%s%s", repository->host, path) < 0)
		text = NULL;
	while (text && !match.rule && strchr(text, '/')) {
		match = match_text(find->index, MATCHER_REPOSITORY, text);
		*strrchr(text, '/') = 0;
	}
	return match.rule ? match : match_text(find->index, MATCHER_DOMAIN, repository->host);
}

static int repository(void *context, const struct inventory_repository *repository)
{
	const struct find *find = context;
	struct match match = match_repository(find, repository);
	char detail[64];
	const struct hit hit = {
		.source = INVENTORY_REPOSITORIES,
		.layer = repository->layer,
		.what = repository->url,
		.path = repository->path,
		.detail = detail,
	};

	snprintf(detail, sizeof(detail), "%s, line %u%s", repository->kind, repository->line,
		 repository->enabled ? "" : ", off");
	return find_tell(find, &match, &hit);
}

/* ---------------------------------------------------------------- all of them */

static void tell_limits(const struct find *find)
{
	size_t digests = find_matchers(find->generation, MATCHER_DIGEST);
	char what[128];

	if (digests && !find->digests && find->options->sources & HITS_SOURCE(INVENTORY_FILES)) {
		snprintf(what, sizeof(what),
			 "%zu digest%s not compared with files; --digests does it", digests,
			 digests == 1 ? " was" : "s were");
		inventory_problem(find->inventory, INVENTORY_FILES, INVENTORY_MISSED, "", 0, what);
	}
	if (find_matchers(find->generation, MATCHER_DOMAIN) &&
	    find->options->sources & HITS_SOURCE(INVENTORY_CONNECTIONS))
		inventory_problem(
			find->inventory, INVENTORY_CONNECTIONS, INVENTORY_LEFT_OUT, "", 0,
			"names of services leave no trace on disk; they are looked for in package sources");
}

static int find_all(struct find *find)
{
	struct inventory *inventory = find->inventory;
	unsigned sources = find->options->sources;
	int err = 0;

	if (sources & HITS_SOURCE(INVENTORY_PACKAGES))
		err = inventory_packages(inventory, package, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_PROCESSES))
		err = inventory_processes(inventory, process, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_CONNECTIONS))
		err = inventory_connections(inventory, connection, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_UNITS))
		err = inventory_units(inventory, unit, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_MODULES))
		err = inventory_modules(inventory, module, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_IMAGES))
		err = inventory_images(inventory, image, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_AUTOSTART))
		err = inventory_autostarts(inventory, autostart, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_REPOSITORIES))
		err = inventory_repositories(inventory, repository, find);
	if (!err && sources & HITS_SOURCE(INVENTORY_FILES))
		err = find_files(find);
	return err;
}

int hits_find(struct inventory *inventory, const struct generation *generation,
	      const struct hits_options *options, hit_fn fn, void *context)
{
	struct match_index *index;
	struct find find = {
		.inventory = inventory,
		.generation = generation,
		.options = options,
		.fn = fn,
		.context = context,
	};
	int err = match_index_new(generation, &index);

	if (err)
		return err;
	find.index = index;
	find.digests = options->digests && find_matchers(generation, MATCHER_DIGEST);
	tell_limits(&find);
	err = find_all(&find);
	match_index_free(index);
	return err;
}
