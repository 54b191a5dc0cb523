/* SPDX-License-Identifier: MIT */
/*
 * docker.c - the store of dockerd as moby lays it out (image/store.go, layer/filestore.go, container/container.go):
 * image/DRIVER has names, configurations and the ids of layers; the driver's own directory has the layers.
 */
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

static const char *const fixed[] = {"/var/lib/docker", "/var/snap/docker/common/var-lib-docker",
				    NULL};
static const char *const home[] = {".local/share/docker", NULL};

/* Where a driver keeps a layer's files: STORE/DIRECTORY/ID/FILES. */
static const struct driver {
	const char *name, *directory, *files;
} drivers[] = {
	{"overlay2", "overlay2", "diff"}, {"fuse-overlayfs", "fuse-overlayfs", "diff"},
	{"vfs", "vfs/dir", ""},           {"btrfs", "btrfs/subvolumes", ""},
	{"aufs", "aufs/diff", ""},
};

struct search {
	const struct inventory_place *place;
	struct layers *layers;
	inventory_image_fn fn; /* NULL: layers are looked for */
	void *context;
	const char *store;
	const struct driver *driver;
};

static int layer_path(const struct search *search, const char *id, char *out_path)
{
	return snprintf(out_path, PATH_MAX, "%s/%s/%s/%s", search->store, search->driver->directory,
			id, search->driver->files) < PATH_MAX;
}

static int add_layer(const struct search *search, const char *id, const char *kind,
		     const char *name)
{
	const struct layer_user user = {.manager = "docker", .kind = kind, .name = name};
	char path[PATH_MAX];

	/* An id becomes a part of a path. */
	if (!*id || strchr(id, '/') || !strcmp(id, "..") || !layer_path(search, id, path))
		return 0;
	return layers_add(search->layers, search->store, path, &user, id);
}

static int any_layer(void *context, const char *directory, const char *name, unsigned char type)
{
	/* "l" has short names as links. */
	return type == DT_DIR && strcmp(name, "l") ? add_layer(context, name, NULL, NULL) : 0;
}

/* The first line of a small file, or NULL; owned by the caller. */
static char *one_line(const struct search *search, const char *path)
{
	size_t bytes;
	char *text = place_read(search->place, INVENTORY_IMAGES, path, 4096, &bytes);

	if (text)
		text[strcspn(text, "\r\n")] = 0;
	return text;
}

/* ---------------------------------------------------------------- images */

static bool is_digest(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text + 7) == 64 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

/* ChainID of the OCI image specification, layer.md: sha256(chain so far + " " + id of the next layer). */
static void chain_next(char *chain, const char *diff)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[2 * 72 + 2];

	if (!*chain) {
		snprintf(chain, 72, "%s", diff);
		return;
	}
	snprintf(text, sizeof(text), "%s %s", chain, diff);
	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	strcpy(chain, "sha256:");
	(void)sodium_bin2hex(chain + 7, 65, hash, sizeof(hash));
}

static int image_layers(const struct search *search, const char *image, const char *name)
{
	char path[PATH_MAX], chain[72] = "";
	AUTO_JSON json_t *config = NULL;
	const json_t *diff;
	size_t i;
	int err = 0;

	if (!is_digest(image))
		return 0;
	if (snprintf(path, sizeof(path), "%s/image/%s/imagedb/content/sha256/%s", search->store,
		     search->driver->name, image + 7) >= (int)sizeof(path))
		return 0;
	config = place_json(search->place, INVENTORY_IMAGES, path);
	json_array_foreach (json_object_get(json_object_get(config, "rootfs"), "diff_ids"), i,
			    diff) {
		AUTO_FREE char *id = NULL;

		if (!json_is_string(diff) || !is_digest(json_string_value(diff)) || err)
			break;
		chain_next(chain, json_string_value(diff));
		if (snprintf(path, sizeof(path), "%s/image/%s/layerdb/sha256/%s/cache-id",
			     search->store, search->driver->name, chain + 7) >= (int)sizeof(path))
			break;
		id = one_line(search, path);
		if (id)
			err = add_layer(search, id, "image", name);
	}
	return err;
}

static int image_found(const struct search *search, const char *path, const char *name,
		       const char *image)
{
	const struct inventory_image item = {
		.manager = "docker",
		.store = path,
		.name = name,
		.container = "",
		.container_name = "",
	};

	return search->fn ? search->fn(search->context, &item) : image_layers(search, image, name);
}

static int repositories(const struct search *search)
{
	AUTO_JSON json_t *file = NULL;
	char path[PATH_MAX];
	const char *repository, *name;
	json_t *names, *image;
	int err = 0;

	if (snprintf(path, sizeof(path), "%s/image/%s/repositories.json", search->store,
		     search->driver->name) >= (int)sizeof(path))
		return 0;
	file = place_json(search->place, INVENTORY_IMAGES, path);
	json_object_foreach (json_object_get(file, "Repositories"), repository, names)
		json_object_foreach (names, name, image)
			if (!err && json_is_string(image))
				err = image_found(search, path, name, json_string_value(image));
	return err;
}

/* ---------------------------------------------------------------- containers */

static int container_layers(const struct search *search, const char *id, const char *name)
{
	AUTO_FREE char *mount = NULL;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/image/%s/layerdb/mounts/%s/mount-id", search->store,
		     search->driver->name, id) >= (int)sizeof(path))
		return 0;
	mount = one_line(search, path);
	return mount ? add_layer(search, mount, "container", name) : 0;
}

static int container(void *context, const char *directory, const char *id, unsigned char type)
{
	const struct search *search = context;
	AUTO_JSON json_t *config = NULL;
	const json_t *state;
	struct inventory_image item;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/config.v2.json", directory, id) >=
	    (int)sizeof(path))
		return 0;
	config = place_json(search->place, INVENTORY_IMAGES, path);
	if (!config)
		return 0;
	state = json_object_get(config, "State");
	item = (struct inventory_image){
		.manager = "docker",
		.store = path,
		.name = text_member(json_object_get(config, "Config"), "Image"),
		.container = id,
		.container_name = text_member(config, "Name"),
		.running = search->place->inventory->live &&
			   json_is_true(json_object_get(state, "Running")),
	};
	item.container_name += *item.container_name == '/';
	if (search->fn)
		return search->fn(search->context, &item);
	return container_layers(search, id, *item.container_name ? item.container_name : id);
}

/* ---------------------------------------------------------------- stores */

static const struct driver *driver_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
		if (!strcmp(drivers[i].name, name))
			return &drivers[i];
	return NULL;
}

static int one_driver(void *context, const char *directory, const char *name, unsigned char type)
{
	struct search *search = context;
	char path[PATH_MAX];
	int err = 0;

	if (type != DT_DIR || !path_join(path, directory, name))
		return 0;
	search->driver = driver_of(name);
	if (!search->driver) {
		inventory_problem(search->place->inventory, INVENTORY_IMAGES, INVENTORY_MISSED,
				  path, 0, "a storage driver of docker whose layers are not read");
		return 0;
	}
	if (!search->fn && path_join(path, search->store, search->driver->directory))
		err = place_list(search->place, INVENTORY_IMAGES, path, any_layer, search);
	if (!err)
		err = repositories(search);
	if (!err && path_join(path, search->store, "containers"))
		err = place_list(search->place, INVENTORY_IMAGES, path, container, search);
	return err;
}

static int one_store(void *context, const struct inventory_place *place, const char *store)
{
	struct search *search = context;
	char path[PATH_MAX];

	search->place = place;
	search->store = store;
	return path_join(path, store, "image")
		       ? place_list(place, INVENTORY_IMAGES, path, one_driver, search)
		       : 0;
}

static int search_stores(struct inventory *inventory, struct search *search)
{
	const struct inventory_place place = inventory_root_place(inventory);
	AUTO_JSON json_t *config = place_json(&place, INVENTORY_IMAGES, "/etc/docker/daemon.json");
	const char *directory = text_member(config, "data-root");
	AUTO_NAMES struct names configured = {0};

	if (*directory == '/' && names_add(&configured, directory))
		return -ENOMEM;
	return stores_each(inventory, fixed, home, &configured, one_store, search);
}

int docker_layers(struct inventory *inventory, struct layers *layers)
{
	struct search search = {.layers = layers};

	return search_stores(inventory, &search);
}

int docker_images(struct inventory *inventory, inventory_image_fn fn, void *context)
{
	struct search search = {.fn = fn, .context = context};

	return search_stores(inventory, &search);
}
