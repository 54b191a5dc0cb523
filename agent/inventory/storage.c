/* SPDX-License-Identifier: MIT */
/*
 * storage.c - containers/storage, the store of podman, buildah and cri-o: DRIVER-images/images.json,
 * DRIVER-containers/containers.json, DRIVER-layers/layers.json, and the layers below DRIVER (docs/
 * containers-storage.conf.5.md, images.go, layers.go).
 */
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define DEPTH_MAX 512 /* layers of one image; overlayfs takes fewer */

static const char *const fixed[] = {"/var/lib/containers/storage", "/usr/lib/containers/storage",
				    NULL};
static const char *const home[] = {".local/share/containers/storage", NULL};

static const struct driver {
	const char *name, *directory, *files;
} drivers[] = {
	{"overlay", "overlay", "diff"},
	{"vfs", "vfs/dir", ""},
	{"btrfs", "btrfs/subvolumes", ""},
};

struct search {
	const struct inventory_place *place;
	struct layers *layers;
	inventory_image_fn fn; /* NULL: layers are looked for */
	void *context;
	const char *store;
	const struct driver *driver;
	json_t *parents; /* of each layer, by id */
	json_t *images;  /* names, by id */
};

static json_t *read_list(const struct search *search, const char *what, char *path)
{
	if (snprintf(path, PATH_MAX, "%s/%s-%s/%s.json", search->store, search->driver->name, what,
		     what) >= PATH_MAX)
		return NULL;
	return place_json(search->place, INVENTORY_IMAGES, path);
}

static int add_layer(const struct search *search, const char *id, const char *kind,
		     const char *name)
{
	const struct layer_user user = {
		.manager = "containers/storage", .kind = kind, .name = name};
	char path[PATH_MAX];

	if (!*id || strchr(id, '/') || !strcmp(id, "..") ||
	    snprintf(path, sizeof(path), "%s/%s/%s/%s", search->store, search->driver->directory,
		     id, search->driver->files) >= (int)sizeof(path))
		return 0;
	return layers_add(search->layers, search->store, path, &user, id);
}

static int any_layer(void *context, const char *directory, const char *name, unsigned char type)
{
	return type == DT_DIR && strcmp(name, "l") && strcmp(name, "staging")
		       ? add_layer(context, name, NULL, NULL)
		       : 0;
}

/* A layer and those below it. */
static int add_chain(const struct search *search, const char *id, const char *kind,
		     const char *name)
{
	int err = 0;

	for (int i = 0; i < DEPTH_MAX && *id && !err; i++) {
		err = add_layer(search, id, kind, name);
		id = text_member(search->parents, id);
	}
	return err;
}

static int image_name(const struct search *search, const json_t *image, const char *name,
		      const char *path)
{
	const struct inventory_image item = {
		.manager = "containers/storage",
		.store = path,
		.name = name,
		.container = "",
		.container_name = "",
	};

	if (!search->fn)
		return add_chain(search, text_member(image, "layer"), "image", name);
	return search->fn(search->context, &item);
}

static int images(struct search *search)
{
	char path[PATH_MAX];
	AUTO_JSON json_t *list = read_list(search, "images", path);
	const json_t *image, *name;
	size_t i, k;
	int err = 0;

	json_array_foreach (list, i, image) {
		json_t *names = json_object_get(image, "names");

		(void)json_object_set(search->images, text_member(image, "id"),
				      names); /* else it has no name */
		json_array_foreach (names, k, name)
			if (!err && json_is_string(name))
				err = image_name(search, image, json_string_value(name), path);
	}
	return err;
}

static int container(const struct search *search, const json_t *container, const char *path)
{
	const json_t *names = json_object_get(search->images, text_member(container, "image"));
	const char *own = json_string_value(json_array_get(json_object_get(container, "names"), 0));
	struct inventory_image item = {
		.manager = "containers/storage",
		.store = path,
		.container = text_member(container, "id"),
		.container_name = own ? own : "",
	};
	const json_t *name;
	size_t i;
	int err = 0;

	if (!search->fn)
		return add_layer(search, text_member(container, "layer"), "container",
				 own ? own : item.container);
	json_array_foreach (names, i, name) {
		item.name = json_string_value(name);
		if (!err && item.name)
			err = search->fn(search->context, &item);
	}
	return err;
}

static int containers(const struct search *search)
{
	char path[PATH_MAX];
	AUTO_JSON json_t *list = read_list(search, "containers", path);
	const json_t *one;
	size_t i;
	int err = 0;

	json_array_foreach (list, i, one)
		if (!err)
			err = container(search, one, path);
	return err;
}

static int layers(struct search *search)
{
	char path[PATH_MAX];
	AUTO_JSON json_t *list = NULL;
	const json_t *layer;
	size_t i;

	if (search->fn)
		return 0;
	list = read_list(search, "layers", path);
	json_array_foreach (list, i, layer)
		if (json_object_set_new(search->parents, text_member(layer, "id"),
					json_string(text_member(layer, "parent"))))
			return -ENOMEM;
	return path_join(path, search->store, search->driver->directory)
		       ? place_list(search->place, INVENTORY_IMAGES, path, any_layer, search)
		       : 0;
}

static int one_driver(struct search *search)
{
	AUTO_JSON json_t *parents = json_object(), *names = json_object();
	int err;

	if (!parents || !names)
		return -ENOMEM;
	search->parents = parents;
	search->images = names;
	err = layers(search);
	if (!err)
		err = images(search);
	if (!err)
		err = containers(search);
	return err;
}

static int one_store(void *context, const struct inventory_place *place, const char *store)
{
	struct search *search = context;
	char path[PATH_MAX];
	int err = 0;

	search->place = place;
	search->store = store;
	for (size_t i = 0; i < ARRAY_LENGTH(drivers) && !err; i++) {
		search->driver = &drivers[i];
		if (snprintf(path, sizeof(path), "%s/%s-layers", store, drivers[i].name) <
			    (int)sizeof(path) &&
		    rooted_exists(place->fd, path))
			err = one_driver(search);
	}
	return err;
}

static int search_stores(struct inventory *inventory, struct search *search)
{
	const struct inventory_place place = inventory_root_place(inventory);
	AUTO_FREE char *directory =
		config_value(&place, "/etc/containers/storage.conf", "graphroot");
	AUTO_NAMES struct names configured = {0};

	if (directory && names_add(&configured, directory))
		return -ENOMEM;
	return stores_each(inventory, fixed, home, &configured, one_store, search);
}

int storage_layers(struct inventory *inventory, struct layers *layers)
{
	struct search search = {.layers = layers};

	return search_stores(inventory, &search);
}

int storage_images(struct inventory *inventory, inventory_image_fn fn, void *context)
{
	struct search search = {.fn = fn, .context = context};

	return search_stores(inventory, &search);
}
