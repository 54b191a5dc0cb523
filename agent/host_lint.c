/* SPDX-License-Identifier: MIT */
/*
 * host_lint.c - copies what the inventory tells of a host into the lists that the lint reads.
 */
#include "host_lint.h"
#include "apart.h"
#include "clean.h"

#include "../policy/lint.h"
#include "../policy/match.h"
#include "../policy/rules.h"
#include "inventory/inventory.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* All lists grow by doubling; all texts are owned. */
struct collected {
	struct protected_object *objects;
	size_t object_count;
	struct protected_network *networks;
	size_t network_count;
	struct protected_name *names;
	size_t name_count;
};

static void collected_done(struct collected *collected)
{
	for (size_t i = 0; i < collected->object_count; i++) {
		free((char *)collected->objects[i].path);
		free((char *)collected->objects[i].what);
	}
	for (size_t i = 0; i < collected->network_count; i++)
		free((char *)collected->networks[i].what);
	for (size_t i = 0; i < collected->name_count; i++) {
		free((char *)collected->names[i].name);
		free((char *)collected->names[i].what);
	}
	free(collected->objects);
	free(collected->networks);
	free(collected->names);
}

/* Room for one more in a list of @count things: powers of two are where it is full. */
static int grow(void *list, size_t count, size_t size)
{
	void *more;

	if (count & (count - 1))
		return 0;
	more = reallocarray(*(void **)list, count ? count * 2 : 1, size);
	if (!more)
		return -ENOMEM;
	*(void **)list = more;
	return 0;
}

static int on_object(void *context, const struct inventory_protected *found)
{
	struct collected *collected = context;
	struct protected_object *object;
	int err;

	err = grow(&collected->objects, collected->object_count, sizeof(*collected->objects));
	if (err < 0)
		return err;
	object = &collected->objects[collected->object_count];
	object->path = strdup(found->path);
	object->what = strdup(found->why);
	collected->object_count++;
	return object->path && object->what ? 0 : -ENOMEM;
}

void host_paths_done(struct host_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
	*paths = (struct host_paths){0};
}

/* The paths leave their owner. */
static int take_paths(struct collected *collected, struct host_paths *out_paths)
{
	struct host_paths paths = {.list = calloc(collected->object_count + 1, sizeof(char *))};

	if (!paths.list)
		return -ENOMEM;
	for (size_t i = 0; i < collected->object_count; i++)
		paths.list[paths.count++] = (char *)take_ptr(collected->objects[i].path);
	host_paths_done(out_paths);
	*out_paths = paths;
	return 0;
}

int host_protected(struct host_paths *out_paths)
{
	CLEANUP(collected_done) struct collected collected = {0};
	struct inventory *inventory = NULL;
	int err = inventory_open(NULL, &inventory);

	if (err == 0)
		err = inventory_protected(inventory, on_object, &collected);
	inventory_close(inventory);
	return err ? err : take_paths(&collected, out_paths);
}

static int on_network(void *context, const struct inventory_network *found)
{
	struct collected *collected = context;
	struct protected_network *network;
	char *what = NULL;
	int err;

	err = grow(&collected->networks, collected->network_count, sizeof(*collected->networks));
	if (err < 0)
		return err;
	if (asprintf(&what, "'%s', %s", found->text, found->why) < 0)
		return -ENOMEM;
	network = &collected->networks[collected->network_count];
	*network = (struct protected_network){
		.what = what,
		.family = (__u8)found->family,
		.bits = found->family == 4 ? 32 : 128,
		.a = found->a,
		.b = found->b,
	};
	collected->network_count++;
	return 0;
}

/* ---------------------------------------------------------------- names */

/* Packages are many and their lists of files long: only those are looked into that some rule means. */
struct package_search {
	struct collected *collected;
	struct inventory *inventory;
	struct match_index *index;
	const struct protected_object *
		*by_path; /* owned; sorted; NULL until a package is met that a rule means */
	const struct protected_object *found; /* of the package under way */
};

static int compare_objects(const void *left, const void *right)
{
	const struct protected_object *a = *(const struct protected_object *const *)left;
	const struct protected_object *b = *(const struct protected_object *const *)right;

	return strcmp(a->path, b->path);
}

static const struct protected_object *find_object(const struct package_search *search,
						  const char *path)
{
	const struct protected_object key = {.path = path}, *pointer = &key, **found;

	found = bsearch(&pointer, search->by_path, search->collected->object_count,
			sizeof(*search->by_path), compare_objects);
	return found ? *found : NULL;
}

/* Packages name files as they were before /usr was merged. Not 0 ends the list. */
static int on_package_file(void *context, const char *path)
{
	struct package_search *search = context;
	const char *from, *to;
	char merged[PATH_MAX];

	search->found = find_object(search, path);
	for (size_t i = 0; !search->found && (from = path_twin(i, &to)); i++) {
		if (strncmp(path, from, strlen(from)))
			continue;
		if (snprintf(merged, sizeof(merged), "%s%s", to, path + strlen(from)) <
		    (int)sizeof(merged))
			search->found = find_object(search, merged);
	}
	return search->found != NULL;
}

static int add_name(struct collected *collected, unsigned matcher, const char *name,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

static int add_name(struct collected *collected, unsigned matcher, const char *name,
		    const char *format, ...)
{
	struct protected_name *one;
	va_list arguments;
	char *what = NULL;
	int err = grow(&collected->names, collected->name_count, sizeof(*one));

	if (err < 0)
		return err;
	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);
	one = &collected->names[collected->name_count++];
	*one = (struct protected_name){(__u8)matcher, strdup(name), what};
	return one->name && one->what ? 0 : -ENOMEM;
}

static bool is_meant(const struct package_search *search, const struct inventory_package *package)
{
	bool meant = match_text(search->index, MATCHER_PACKAGE, package->name).rule != NULL;

	for (size_t i = 0; !meant && i < package->vendor_count; i++)
		meant = match_text(search->index, MATCHER_PACKAGE_VENDOR, package->vendors[i].text)
				.rule != NULL;
	return meant;
}

/* On most hosts there is no such package, and then the objects are not asked for. */
static int know_objects(struct package_search *search)
{
	struct collected *collected = search->collected;
	int err = collected->object_count
			  ? 0
			  : inventory_protected(search->inventory, on_object, collected);

	if (err)
		return err;
	search->by_path = calloc(collected->object_count + 1, sizeof(*search->by_path));
	if (!search->by_path)
		return -ENOMEM;
	for (size_t i = 0; i < collected->object_count; i++)
		search->by_path[i] = &collected->objects[i];
	qsort(search->by_path, collected->object_count, sizeof(*search->by_path), compare_objects);
	return 0;
}

static int on_package(void *context, const struct inventory_package *package)
{
	struct package_search *search = context;
	int err = 0;

	if (package->layer || package->removed || !is_meant(search, package))
		return 0;
	if (!search->by_path)
		err = know_objects(search);
	if (err)
		return err;
	search->found = NULL;
	err = inventory_package_files(search->inventory, package, on_package_file, search);
	if (!search->found) /* also one without a list: then nothing is known of it */
		return err == -ENOMEM ? err : 0;
	err = add_name(search->collected, MATCHER_PACKAGE, package->name, "the owner of '%s', %s",
		       search->found->path, search->found->what);
	for (size_t i = 0; !err && i < package->vendor_count; i++)
		err = add_name(search->collected, MATCHER_PACKAGE_VENDOR, package->vendors[i].text,
			       "among it the package '%s' with '%s'", package->name,
			       search->found->path);
	return err;
}

static int collect_packages(const struct generation *generation, struct inventory *inventory,
			    struct collected *collected)
{
	struct package_search search = {.collected = collected, .inventory = inventory};
	int err = match_index_new(generation, &search.index);

	if (!err)
		err = inventory_packages(inventory, on_package, &search);
	free(search.by_path);
	match_index_free(search.index);
	return err;
}

/* Modules of file systems mostly bear the name of their type. */
static int collect_modules(struct inventory *inventory, struct collected *collected)
{
	char type[NAME_MAX + 1];
	int err = inventory_root_type(inventory, type);

	if (err || !*type)
		return err;
	return add_name(collected, MATCHER_MODULE, type, "the file system that it runs from");
}

static int on_domain(void *context, const struct inventory_domain *found)
{
	return add_name(context, MATCHER_DOMAIN, found->name, "%s", found->why);
}

/*
 * For the agent, in a process of its own: the databases are outside bytes, and librpm, once loaded, would stay. A
 * record is this and then both texts.
 */
struct name_record {
	__u32 matcher, name_bytes, what_bytes;
};

#define NAME_BYTES_MAX (64 << 10)
#define PACKAGES_MS    30000

struct packages_apart {
	const struct generation *generation;
	struct inventory *inventory;
	struct collected *collected;
};

static int write_names(void *context, int fd)
{
	const struct packages_apart *apart = context;
	struct collected *collected = apart->collected;
	int err = collect_packages(apart->generation, apart->inventory, collected);

	for (size_t i = 0; !err && i < collected->name_count; i++) {
		const struct protected_name *one = &collected->names[i];
		const struct name_record record = {one->matcher, strlen(one->name),
						   strlen(one->what)};

		err = apart_write(fd, &record, sizeof(record));
		if (!err)
			err = apart_write(fd, one->name, record.name_bytes);
		if (!err)
			err = apart_write(fd, one->what, record.what_bytes);
	}
	return err;
}

/* Return: 1; 0 at the end; a negative errno. */
static int read_name(int fd, long long deadline_ms, struct collected *collected)
{
	AUTO_FREE char *name = NULL, *what = NULL;
	struct name_record record;
	int got = apart_read(fd, &record, sizeof(record), deadline_ms);

	if (got != 1)
		return got;
	if (record.matcher >= MATCHER_MAX || record.name_bytes > NAME_BYTES_MAX ||
	    record.what_bytes > NAME_BYTES_MAX)
		return -EPROTO;
	name = calloc(1, record.name_bytes + 1);
	what = calloc(1, record.what_bytes + 1);
	if (!name || !what)
		return -ENOMEM;
	if (record.name_bytes)
		got = apart_read(fd, name, record.name_bytes, deadline_ms);
	if (got == 1 && record.what_bytes)
		got = apart_read(fd, what, record.what_bytes, deadline_ms);
	if (got != 1)
		return got ? got : -EPROTO;
	got = add_name(collected, record.matcher, name, "%s", what);
	return got ? got : 1;
}

/* Begun first, so that the databases are read while the parent looks for what is protected. */
struct packages_search {
	struct apart apart;
	long long deadline_ms;
};

static void packages_give_up(struct packages_search *packages)
{
	(void)apart_end(&packages->apart, true); /* never started, or at its end: nothing */
}

static int packages_take(struct packages_search *packages, struct collected *collected)
{
	int err;

	do
		err = read_name(packages->apart.fd, packages->deadline_ms, collected);
	while (err == 1);
	return !apart_end(&packages->apart, err != 0) && !err ? -EIO : err;
}

static bool has_rule(const struct generation *generation, unsigned matcher)
{
	for (size_t i = 0; i < generation->rule_count; i++)
		if (generation->rules[i].matcher == matcher &&
		    generation->rules[i].action != ACTION_ALLOW)
			return true;
	return false;
}

static bool has_package_rule(const struct generation *generation)
{
	return has_rule(generation, MATCHER_PACKAGE) ||
	       has_rule(generation, MATCHER_PACKAGE_VENDOR);
}

static int collect_names(const struct generation *generation, struct inventory *inventory,
			 struct collected *collected, struct packages_search *packages)
{
	int err = 0;

	if (packages->apart.pid)
		err = packages_take(packages, collected);
	else if (has_package_rule(generation))
		err = collect_packages(generation, inventory, collected);
	if (!err && has_rule(generation, MATCHER_MODULE))
		err = collect_modules(inventory, collected);
	if (!err && has_rule(generation, MATCHER_DOMAIN))
		err = inventory_host_domains(inventory, on_domain, collected);
	return err;
}

int host_lint(const struct policy *policy, const struct generation *generation,
	      struct inventory *inventory, struct diagnostics *diags, struct host_paths *out_paths)
{
	CLEANUP(collected_done) struct collected collected = {0};
	CLEANUP(packages_give_up)
	struct packages_search packages = {.apart.fd = -1,
					   .deadline_ms = apart_now_ms() + PACKAGES_MS};
	struct packages_apart context = {generation, inventory, &collected};
	struct lint_host host;
	int err = 0;

	if (out_paths && has_package_rule(generation))
		err = apart_start(write_names, &context, &packages.apart);
	if (err == 0)
		err = inventory_protected(inventory, on_object, &collected);
	if (err == 0)
		err = inventory_host_networks(inventory, on_network, &collected);
	if (err == 0)
		err = collect_names(generation, inventory, &collected, &packages);
	if (err != 0)
		return err;
	host = (struct lint_host){
		.objects = collected.objects,
		.object_count = collected.object_count,
		.networks = collected.networks,
		.network_count = collected.network_count,
		.names = collected.names,
		.name_count = collected.name_count,
	};
	err = policy_lint(policy, generation, &host, diags);
	if (out_paths && take_paths(&collected, out_paths) < 0)
		return -ENOMEM;
	return err;
}
