/* SPDX-License-Identifier: MIT */
/*
 * host_lint.c - copies what the inventory tells of a host into the lists that the lint reads.
 */
#include "host_lint.h"
#include "clean.h"

#include "../policy/lint.h"
#include "inventory/inventory.h"
#include <errno.h>
#include <string.h>

/* Both lists grow by doubling; all texts are owned. */
struct collected {
	struct protected_object *objects;
	size_t object_count;
	struct protected_network *networks;
	size_t network_count;
};

static void collected_done(struct collected *collected)
{
	for (size_t i = 0; i < collected->object_count; i++) {
		free((char *)collected->objects[i].path);
		free((char *)collected->objects[i].what);
	}
	for (size_t i = 0; i < collected->network_count; i++)
		free((char *)collected->networks[i].what);
	free(collected->objects);
	free(collected->networks);
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

int host_lint(const struct policy *policy, const struct generation *generation,
	      struct inventory *inventory, struct diagnostics *diags, struct host_paths *out_paths)
{
	CLEANUP(collected_done) struct collected collected = {0};
	struct lint_host host;
	int err;

	err = inventory_protected(inventory, on_object, &collected);
	if (err == 0)
		err = inventory_host_networks(inventory, on_network, &collected);
	if (err != 0)
		return err;
	host = (struct lint_host){
		.objects = collected.objects,
		.object_count = collected.object_count,
		.networks = collected.networks,
		.network_count = collected.network_count,
	};
	err = policy_lint(policy, generation, &host, diags);
	if (out_paths && take_paths(&collected, out_paths) < 0)
		return -ENOMEM;
	return err;
}
