/* SPDX-License-Identifier: MIT */
/*
 * containerd.c - the store of containerd: snapshots on disk are the layers, its database has the names of images
 * and containers (core/metadata/buckets.go), and /run has what runs. Which image a snapshot belongs to is not read.
 */
#include "bolt.h"
#include "layers.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define TASKS "/run/containerd/io.containerd.runtime.v2.task"

static const char *const fixed[] = {
	"/var/lib/containerd",
	"/var/lib/rancher/k3s/agent/containerd",
	"/var/lib/rancher/rke2/agent/containerd",
	"/var/snap/microk8s/common/var/lib/containerd",
	"/var/lib/k0s/containerd",
	NULL,
};
static const char *const home[] = {".local/share/containerd", NULL};

/* Where a snapshotter keeps a layer's files: STORE/io.containerd.snapshotter.v1.NAME/snapshots/ID/FILES. */
static const struct snapshotter {
	const char *name, *files;
} snapshotters[] = {
	{"overlayfs", "fs"},
	{"fuse-overlayfs", "fs"},
	{"native", ""},
	{"btrfs", ""},
};

struct search {
	const struct inventory_place *place;
	struct layers *layers;
	inventory_image_fn fn;
	void *context;
	const char *store;
	const char *database;  /* path of the database that is being read */
	const char *space;     /* containerd's namespace */
	const char *container; /* its id */
	const struct snapshotter *snapshotter;
	int err;
};

/* ---------------------------------------------------------------- layers */

static int snapshot(void *context, const char *directory, const char *id, unsigned char type)
{
	static const struct layer_user user = {.manager = "containerd"};
	const struct search *search = context;
	char path[PATH_MAX];

	if (type != DT_DIR || snprintf(path, sizeof(path), "%s/%s/%s", directory, id,
				       search->snapshotter->files) >= (int)sizeof(path))
		return 0;
	return layers_add(search->layers, search->store, path, &user, id);
}

static int one_plugin(void *context, const char *directory, const char *name, unsigned char type)
{
	static const char prefix[] = "io.containerd.snapshotter.v1.";
	struct search *search = context;
	char path[PATH_MAX];

	if (type != DT_DIR || strncmp(name, prefix, strlen(prefix)) ||
	    snprintf(path, sizeof(path), "%s/%s/snapshots", directory, name) >= (int)sizeof(path) ||
	    !rooted_exists(search->place->fd, path))
		return 0;
	search->snapshotter = NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(snapshotters); i++)
		if (!strcmp(snapshotters[i].name, name + strlen(prefix)))
			search->snapshotter = &snapshotters[i];
	if (!search->snapshotter) {
		inventory_problem(search->place->inventory, INVENTORY_IMAGES, INVENTORY_MISSED,
				  path, 0, "a snapshotter of containerd whose layers are not read");
		return 0;
	}
	return place_list(search->place, INVENTORY_IMAGES, path, snapshot, search);
}

static int store_layers(void *context, const struct inventory_place *place, const char *store)
{
	struct search *search = context;

	search->place = place;
	search->store = store;
	return place_list(place, INVENTORY_IMAGES, store, one_plugin, search);
}

/* ---------------------------------------------------------------- names */

static bool runs(const struct search *search, const char *id)
{
	char path[PATH_MAX];

	return search->place->inventory->live &&
	       snprintf(path, sizeof(path), TASKS "/%s/%s", search->space, id) <
		       (int)sizeof(path) &&
	       rooted_exists(search->place->fd, path);
}

static int tell(const struct search *search, const char *name, const char *container)
{
	const struct inventory_image item = {
		.manager = "containerd",
		.store = search->database,
		.name = name,
		.container = container,
		.container_name = "",
		.running = *container && runs(search, container),
	};

	return search->fn(search->context, &item);
}

static int image(void *context, const char *key, size_t key_bytes, const char *value,
		 size_t value_bytes, const struct bolt_bucket *bucket)
{
	struct search *search = context;
	AUTO_FREE char *name = strndup(key, key_bytes);

	if (!name)
		return -ENOMEM;
	return bucket ? search->err = tell(search, name, "") : 0;
}

static int container_value(void *context, const char *key, size_t key_bytes, const char *value,
			   size_t value_bytes, const struct bolt_bucket *bucket)
{
	struct search *search = context;
	AUTO_FREE char *name = NULL;

	if (bucket || key_bytes != 5 || memcmp(key, "image", 5))
		return 0;
	name = strndup(value, value_bytes);
	if (!name)
		return -ENOMEM;
	return search->err = tell(search, name, search->container);
}

static int container(void *context, const char *key, size_t key_bytes, const char *value,
		     size_t value_bytes, const struct bolt_bucket *bucket)
{
	struct search *search = context;
	AUTO_FREE char *id = strndup(key, key_bytes);

	if (!id)
		return -ENOMEM;
	search->container = id;
	return bucket ? bolt_each(bucket, container_value, search) : 0;
}

static int one_space(void *context, const char *key, size_t key_bytes, const char *value,
		     size_t value_bytes, const struct bolt_bucket *bucket)
{
	struct search *search = context;
	AUTO_FREE char *name = strndup(key, key_bytes);
	struct bolt_bucket below;
	int err;

	if (!name)
		return -ENOMEM;
	if (!bucket)
		return 0;
	search->space = name;
	err = bolt_find(bucket, "images", &below);
	if (!err)
		err = bolt_each(&below, image, search);
	if (err && err != -ENOENT)
		return err;
	err = bolt_find(bucket, "containers", &below);
	if (!err)
		err = bolt_each(&below, container, search);
	return err == -ENOENT ? 0 : err;
}

static int database(struct search *search, const char *data, size_t bytes)
{
	struct bolt_bucket root, version;
	int err = bolt_open(data, bytes, &root);

	if (!err)
		err = bolt_find(&root, "v1", &version);
	if (err == -ENOENT)
		return 0; /* nothing was ever pulled */
	return err ? err : bolt_each(&version, one_space, search);
}

static int store_images(void *context, const struct inventory_place *place, const char *store)
{
	struct search *search = context;
	AUTO_FREE char *data = NULL;
	char path[PATH_MAX];
	size_t bytes;
	int err;

	if (!path_join(path, store, "io.containerd.metadata.v1.bolt/meta.db"))
		return 0;
	search->place = place;
	search->database = path;
	search->err = 0;
	data = place_read(place, INVENTORY_IMAGES, path, INVENTORY_DATABASE_MAX, &bytes);
	err = data ? database(search, data, bytes) : 0;
	if (!err || search->err || err == -ENOMEM)
		return err;
	inventory_missed(place->inventory, INVENTORY_IMAGES, path, err);
	return 0;
}

static int each_store(struct inventory *inventory, store_fn fn, struct search *search)
{
	const struct inventory_place place = inventory_root_place(inventory);
	AUTO_FREE char *directory = config_value(&place, "/etc/containerd/config.toml", "root");
	AUTO_NAMES struct names configured = {0};

	if (directory && names_add(&configured, directory))
		return -ENOMEM;
	return stores_each(inventory, fixed, home, &configured, fn, search);
}

int containerd_layers(struct inventory *inventory, struct layers *layers)
{
	struct search search = {.layers = layers};

	return each_store(inventory, store_layers, &search);
}

/* ---------------------------------------------------------------- what runs, whatever the database says */

static int one_task(void *context, const char *directory, const char *id, unsigned char type)
{
	const struct search *search = context;
	AUTO_JSON json_t *config = NULL;
	struct inventory_image item;
	const json_t *annotations;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/config.json", directory, id) >= (int)sizeof(path))
		return 0;
	config = place_json(search->place, INVENTORY_IMAGES, path);
	annotations = json_object_get(config, "annotations");
	item = (struct inventory_image){
		.manager = "containerd",
		.store = path,
		.name = text_member(annotations, "io.kubernetes.cri.image-name"),
		.container = id,
		.container_name = text_member(annotations, "io.kubernetes.cri.container-name"),
		.running = search->place->inventory->live,
	};
	return *item.name ? search->fn(search->context, &item) : 0;
}

static int task_space(void *context, const char *directory, const char *name, unsigned char type)
{
	struct search *search = context;
	char path[PATH_MAX];

	if (type != DT_DIR || !path_join(path, directory, name))
		return 0;
	return place_list(search->place, INVENTORY_IMAGES, path, one_task, search);
}

int containerd_images(struct inventory *inventory, inventory_image_fn fn, void *context)
{
	struct inventory_place place = inventory_root_place(inventory);
	struct search search = {.fn = fn, .context = context};
	int err = each_store(inventory, store_images, &search);

	search.place = &place;
	return err ? err : place_list(&place, INVENTORY_IMAGES, TASKS, task_space, &search);
}
