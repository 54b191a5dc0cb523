/* SPDX-License-Identifier: MIT */
/*
 * layers.h - finds image layers in the stores of container engines. Each engine has a file of its own; what they
 * find is put together here.
 */
#ifndef EMBARGO_LAYERS_H
#define EMBARGO_LAYERS_H

#include "internal.h"

struct layers;

/* Whose layer it is. */
struct layer_user {
	const char *manager;	/* "docker", ...; in static storage */
	const char *kind;	/* "image", "container"; NULL: nothing but a layer is known */
	const char *name;	/* of that image or container */
};

/**
 * layers_add() - a directory that holds a layer
 * @store: of the engine, from the root
 * @path:  below it; one that is not there is passed over, and one that a link leads out of the store is told: what
 *         counts as a layer is not looked at as a part of the root, and must not hide what is
 * @user:  borrowed
 * @id:    of the layer, shortened for people
 *
 * The same directory may come again with other names. Return: 0 or -ENOMEM.
 */
int layers_add(struct layers *layers, const char *store, const char *path, const struct layer_user *user,
	       const char *id);

/* Where an engine may keep its things, each with what its users' copies would be. */
typedef int (*store_fn)(void *context, const struct inventory_place *place, const char *path);
/**
 * stores_each() - the stores of a kind that are there
 * @fixed: absolute paths, ended by NULL
 * @home:  below each user's home, ended by NULL
 * @configured: absolute paths that a configuration file names, or NULL
 */
int stores_each(struct inventory *inventory, const char *const *fixed, const char *const *home,
		const struct names *configured, store_fn fn, void *context);

int docker_layers(struct inventory *inventory, struct layers *layers);
int docker_images(struct inventory *inventory, inventory_image_fn fn, void *context);
int storage_layers(struct inventory *inventory, struct layers *layers);
int storage_images(struct inventory *inventory, inventory_image_fn fn, void *context);
int containerd_layers(struct inventory *inventory, struct layers *layers);
int containerd_images(struct inventory *inventory, inventory_image_fn fn, void *context);

/** text_member() - a member that is a text, or "" */
const char *text_member(const json_t *object, const char *key);

/** config_value() - the first value of `key = "value"` in a TOML file; owned by the caller, NULL */
char *config_value(const struct inventory_place *place, const char *path, const char *key);

/** home_directories() - of root and of each user in etc/passwd; each once. Return: 0 or -ENOMEM. */
int home_directories(const struct inventory_place *place, struct names *names);

#endif
