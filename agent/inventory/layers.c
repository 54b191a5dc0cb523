/* SPDX-License-Identifier: MIT */
/*
 * layers.c - the list of image layers below the root, and where engines keep their stores.
 */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define NAMES_TOLD 3 /* of the images that share a layer */

struct candidate {
	struct inventory_layer layer;
	const char *manager;
	char *id;
	struct names users; /* "image debian:12" */
};

struct layers {
	struct inventory *inventory;
	struct candidate *list;
	size_t count, room;
	/* The place of a directory in the list, by device and inode; open addressing. */
	size_t *table;
	size_t size;
};

static size_t slot_of(const struct layers *layers, __u64 device, __u64 inode)
{
	size_t at = (inode * 0x9e3779b97f4a7c15ull + device) >> 20 & (layers->size - 1);

	while (layers->table[at]) {
		const struct inventory_layer *layer = &layers->list[layers->table[at] - 1].layer;

		if (layer->inode == inode && layer->device == device)
			break;
		at = (at + 1) & (layers->size - 1);
	}
	return at;
}

static int grow(struct layers *layers)
{
	size_t size = layers->size ? layers->size * 2 : 256;
	size_t *table = calloc(size, sizeof(*table));
	struct candidate *list = reallocarray(layers->list, size / 2, sizeof(*list));

	if (list)
		layers->list = list;
	if (!table || !list) {
		free(table);
		return -ENOMEM;
	}
	free(layers->table);
	layers->table = table;
	layers->size = size;
	layers->room = size / 2;
	for (size_t i = 0; i < layers->count; i++)
		table[slot_of(layers, layers->list[i].layer.device, layers->list[i].layer.inode)] =
			i + 1;
	return 0;
}

static int add_user(struct candidate *candidate, const struct layer_user *user)
{
	AUTO_FREE char *text = NULL;

	if (!user->kind)
		return 0;
	if (asprintf(&text, "%s %s", user->kind, user->name) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return names_add(&candidate->users, text);
}

/* The path without links, below the store; @out_real: PATH_MAX bytes. */
static int real_layer(const struct inventory_place *place, const char *store, const char *path,
		      char *out_real)
{
	char real_store[PATH_MAX];
	size_t bytes;
	int err = rooted_real(place, store, real_store);

	if (!err)
		err = rooted_real(place, path, out_real);
	if (err)
		return err;
	bytes = strcmp(real_store, "/") ? strlen(real_store) : 0;
	return strncmp(out_real, real_store, bytes) || out_real[bytes] != '/' ? -ELOOP : 0;
}

static int new_candidate(struct layers *layers, const struct stat *st, const char *real,
			 const struct layer_user *user, const char *id)
{
	struct candidate *candidate = &layers->list[layers->count];

	*candidate = (struct candidate){
		.layer = {.path = strdup(real), .device = st->st_dev, .inode = st->st_ino},
		.manager = user->manager,
		.id = strdup(id),
	};
	layers->count++; /* freed with the others, whatever follows */
	return candidate->layer.path && candidate->id ? add_user(candidate, user) : -ENOMEM;
}

int layers_add(struct layers *layers, const char *store, const char *path,
	       const struct layer_user *user, const char *id)
{
	const struct inventory_place place = inventory_root_place(layers->inventory);
	char real[PATH_MAX];
	struct stat st;
	size_t at;
	int err = rooted_stat(place.fd, path, &st);

	if (!err)
		err = S_ISDIR(st.st_mode) ? real_layer(&place, store, path, real) : -ENOTDIR;
	if (err) {
		inventory_missed(layers->inventory, INVENTORY_IMAGES, path, err);
		return 0;
	}
	if (layers->count == layers->room) {
		err = grow(layers);
		if (err)
			return err;
	}
	at = slot_of(layers, st.st_dev, st.st_ino);
	if (layers->table[at])
		return add_user(&layers->list[layers->table[at] - 1], user);
	layers->table[at] = layers->count + 1;
	return new_candidate(layers, &st, real, user, id);
}

static char *layer_name(struct candidate *candidate)
{
	char *text = NULL;
	size_t bytes, more = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	names_sort(&candidate->users);
	fprintf(out, "%s ", candidate->manager);
	for (size_t i = 0; i < candidate->users.count && i < NAMES_TOLD; i++)
		fprintf(out, "%s%s", i ? ", " : "", candidate->users.list[i]);
	if (candidate->users.count > NAMES_TOLD)
		more = candidate->users.count - NAMES_TOLD;
	if (more)
		fprintf(out, " and %zu more", more);
	fprintf(out, "%slayer %.12s", candidate->users.count ? ", " : "", candidate->id);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int compare(const void *a, const void *b)
{
	const struct inventory_layer *one = *(struct inventory_layer *const *)a;
	const struct inventory_layer *other = *(struct inventory_layer *const *)b;

	if (one->device != other->device)
		return one->device < other->device ? -1 : 1;
	return (one->inode > other->inode) - (one->inode < other->inode);
}

/* Hand the candidates over to the inventory. */
static int finish(struct layers *layers)
{
	struct inventory *inventory = layers->inventory;

	if (!layers->count)
		return 0;
	inventory->layers = calloc(layers->count, sizeof(*inventory->layers));
	if (!inventory->layers)
		return -ENOMEM;
	for (size_t i = 0; i < layers->count; i++) {
		struct inventory_layer *layer = malloc(sizeof(*layer));

		if (!layer)
			return -ENOMEM;
		*layer = layers->list[i].layer;
		layer->path = take_ptr(layers->list[i].layer.path);
		layer->name = layer_name(&layers->list[i]);
		inventory->layers[inventory->layer_count++] = layer;
		if (!layer->name)
			return -ENOMEM;
	}
	qsort(inventory->layers, inventory->layer_count, sizeof(*inventory->layers), compare);
	return 0;
}

int inventory_find_layers(struct inventory *inventory)
{
	struct layers layers = {.inventory = inventory};
	int err;

	if (inventory->layers_known)
		return 0;
	err = docker_layers(inventory, &layers);
	if (!err)
		err = storage_layers(inventory, &layers);
	if (!err)
		err = containerd_layers(inventory, &layers);
	if (!err)
		err = finish(&layers);
	for (size_t i = 0; i < layers.count; i++) {
		free(layers.list[i].layer.path);
		free(layers.list[i].id);
		names_done(&layers.list[i].users);
	}
	free(layers.list);
	free(layers.table);
	inventory->layers_known = !err;
	return err;
}

const struct inventory_layer *inventory_layer_of(const struct inventory *inventory, __u64 device,
						 __u64 inode)
{
	const struct inventory_layer key = {.device = device, .inode = inode}, *at = &key;
	struct inventory_layer *const *found;

	if (!inventory->layer_count)
		return NULL;
	found = bsearch(&at, inventory->layers, inventory->layer_count, sizeof(*inventory->layers),
			compare);
	return found ? *found : NULL;
}

int inventory_layers(struct inventory *inventory, inventory_layer_fn fn, void *context)
{
	int err = inventory_find_layers(inventory);

	for (size_t i = 0; i < inventory->layer_count && !err; i++)
		err = fn(context, inventory->layers[i]);
	return err;
}

int inventory_images(struct inventory *inventory, inventory_image_fn fn, void *context)
{
	int err = docker_images(inventory, fn, context);

	if (!err)
		err = storage_images(inventory, fn, context);
	if (!err)
		err = containerd_images(inventory, fn, context);
	return err;
}

/* ---------------------------------------------------------------- where stores are */

/* name:password:uid:gid:gecos:home:shell */
int home_directories(const struct inventory_place *place, struct names *names)
{
	size_t bytes = 0;
	AUTO_FREE char *text =
		place_read(place, INVENTORY_IMAGES, "/etc/passwd", INVENTORY_TEXT_MAX, &bytes);
	char *rest = text, *line;
	int err = names_add(names, "/root");

	while (!err && text && (line = line_next(&rest, text + bytes))) {
		line = fields_skip(line, ':', 5);
		if (!line)
			continue;
		line[strcspn(line, ":")] = 0;
		if (*line == '/' && line[1] && strlen(line) < PATH_MAX / 2)
			err = names_add(names, line);
	}
	names_sort(names);
	return err;
}

static int try_store(const struct inventory_place *place, struct seen *seen, const char *path,
		     store_fn fn, void *context)
{
	struct stat st;
	int err = rooted_stat(place->fd, path, &st);

	if (err || !S_ISDIR(st.st_mode)) {
		place_missed(place, INVENTORY_IMAGES, path, err);
		return 0;
	}
	err = seen_add(seen, st.st_dev, st.st_ino);
	return err <= 0 ? err : fn(context, place, path);
}

int stores_each(struct inventory *inventory, const char *const *fixed, const char *const *home,
		const struct names *configured, store_fn fn, void *context)
{
	const struct inventory_place place = inventory_root_place(inventory);
	AUTO_NAMES struct names homes = {0};
	AUTO_SEEN struct seen seen = {0};
	char path[PATH_MAX];
	int err = home_directories(&place, &homes);

	for (size_t i = 0; configured && i < configured->count && !err; i++)
		err = try_store(&place, &seen, configured->list[i], fn, context);
	for (; *fixed && !err; fixed++)
		err = try_store(&place, &seen, *fixed, fn, context);
	for (; *home && !err; home++)
		for (size_t i = 0; i < homes.count && !err; i++)
			if (path_join(path, homes.list[i], *home))
				err = try_store(&place, &seen, path, fn, context);
	return err;
}

const char *text_member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

char *config_value(const struct inventory_place *place, const char *path, const char *key)
{
	size_t bytes = 0, key_bytes = strlen(key);
	AUTO_FREE char *text =
		place_read(place, INVENTORY_IMAGES, path, INVENTORY_TEXT_MAX, &bytes);
	char *rest = text, *line;

	while (text && (line = line_next(&rest, text + bytes))) {
		line = line_strip(line);
		if (strncmp(line, key, key_bytes))
			continue;
		line = line_strip(line + key_bytes);
		if (*line != '=')
			continue;
		line = line_strip(line + 1);
		if (*line != '"' && *line != '\'')
			continue;
		line[1 + strcspn(line + 1, "\"'")] = 0;
		return line[1] == '/' ? strdup(line + 1) : NULL;
	}
	return NULL;
}
