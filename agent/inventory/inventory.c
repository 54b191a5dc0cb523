/* SPDX-License-Identifier: MIT */
/*
 * inventory.c - the context of a look at a host: its root, whom to tell what was not looked at, and the order of
 * the places (the root, then its image layers).
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

static const char *const source_words[INVENTORY_MAX] = {
	[INVENTORY_NONE] = "nothing",
	[INVENTORY_PACKAGES] = "packages",
	[INVENTORY_FILES] = "files",
	[INVENTORY_PROCESSES] = "processes",
	[INVENTORY_UNITS] = "units",
	[INVENTORY_MODULES] = "modules",
	[INVENTORY_IMAGES] = "images",
	[INVENTORY_AUTOSTART] = "autostart",
	[INVENTORY_REPOSITORIES] = "repositories",
	[INVENTORY_CONNECTIONS] = "connections",
	[INVENTORY_HOST] = "host",
};

const char *inventory_source_word(unsigned source)
{
	return source < INVENTORY_MAX ? source_words[source] : NULL;
}

static int open_root(struct inventory *inventory, const char *path)
{
	AUTO_FREE char *resolved = realpath(path, NULL);
	struct stat own, real;
	int fd;

	if (!resolved)
		return -errno;
	inventory->root = open(resolved, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (inventory->root < 0)
		return -errno;
	/* Says at once when a container's filter forbids openat2(2), on which all reading rests. */
	fd = rooted_open(inventory->root, "/", O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd == -EPERM ? -ENOSYS : fd;
	(void)close(fd);
	if (fstat(inventory->root, &own) < 0 || stat("/", &real) < 0)
		return -errno;
	inventory->live = own.st_dev == real.st_dev && own.st_ino == real.st_ino;
	if (!strcmp(resolved, "/"))
		*resolved = 0;
	inventory->root_path = take_ptr(resolved);
	return 0;
}

int inventory_open(const struct inventory_options *options, struct inventory **out_inventory)
{
	struct inventory *inventory = calloc(1, sizeof(*inventory));
	const char *root;
	int err;

	if (!inventory)
		return -ENOMEM;
	inventory->root = -1;
	if (options)
		inventory->options = *options;
	root = inventory->options.root;
	err = open_root(inventory, root ? root : "/");
	if (err) {
		inventory_close(inventory);
		return err;
	}
	inventory->options.root = NULL; /* borrowed for the call only */
	*out_inventory = inventory;
	return 0;
}

void inventory_close(struct inventory *inventory)
{
	if (!inventory)
		return;
	if (inventory->root >= 0)
		(void)close(inventory->root); /* a path only */
	for (size_t i = 0; i < inventory->layer_count; i++) {
		free(inventory->layers[i]->name);
		free(inventory->layers[i]->path);
		free(inventory->layers[i]);
	}
	if (inventory->running)
		names_done(inventory->running);
	free(inventory->running);
	free(inventory->layers);
	free(inventory->root_path);
	free(inventory);
}

bool inventory_is_live(const struct inventory *inventory)
{
	return inventory->live;
}

unsigned long long inventory_file_count(const struct inventory *inventory)
{
	return inventory->files;
}

const char *inventory_layer_name(const struct inventory_layer *layer)
{
	return layer ? layer->name : "";
}

const char *inventory_layer_path(const struct inventory_layer *layer)
{
	return layer ? layer->path : "";
}

void inventory_problem(struct inventory *inventory, enum inventory_source source,
		       enum inventory_gap gap, const char *path, int err, const char *what)
{
	const struct inventory_problem problem = {
		.source = source,
		.gap = gap,
		.path = path,
		.err = err,
		.what = what,
	};

	if (inventory->options.problem)
		inventory->options.problem(inventory->options.context, &problem);
}

bool inventory_left_out(const struct inventory *inventory, const char *path)
{
	for (size_t i = 0; i < inventory->options.leave_out_count; i++) {
		const char *directory = inventory->options.leave_out[i];
		size_t bytes = strlen(directory);

		if (!strncmp(directory, path, bytes) && (!path[bytes] || path[bytes] == '/'))
			return true;
	}
	return false;
}

static const char *missed_what(int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return geteuid() ? "no permission; run it as root"
				 : "no permission, not even for root here";
	case EFBIG:
		return "larger than anything of its kind, not read";
	case EBADMSG:
		return "damaged";
	case ELOOP:
		return "symbolic links go round in a circle, or it was replaced meanwhile";
	case ENAMETOOLONG:
		return "its path is longer than the kernel takes";
	default:
		return "could not be read";
	}
}

void inventory_missed(struct inventory *inventory, enum inventory_source source, const char *path,
		      int err)
{
	if (err == -ENOENT || err == -ENOTDIR)
		return;
	inventory_problem(inventory, source, INVENTORY_MISSED, path, err, missed_what(err));
}

void place_missed(const struct inventory_place *place, enum inventory_source source,
		  const char *path, int err)
{
	char whole[PATH_MAX];

	if (place->layer && path_join(whole, place->layer->path, path + (*path == '/')))
		path = whole;
	inventory_missed(place->inventory, source, path, err);
}

struct inventory_place inventory_root_place(struct inventory *inventory)
{
	return (struct inventory_place){.inventory = inventory, .fd = inventory->root};
}

int inventory_each_place(struct inventory *inventory, enum inventory_source source,
			 inventory_place_fn fn, void *context)
{
	struct inventory_place place = inventory_root_place(inventory);
	int err = inventory_find_layers(inventory);

	if (!err)
		err = fn(context, &place);
	for (size_t i = 0; i < inventory->layer_count && !err; i++) {
		const struct inventory_layer *layer = inventory->layers[i];
		AUTO_FD int fd = rooted_open(inventory->root, layer->path, O_PATH | O_DIRECTORY);

		if (fd < 0) {
			inventory_missed(inventory, source, layer->path, fd);
			continue;
		}
		place = (struct inventory_place){.inventory = inventory, .layer = layer, .fd = fd};
		err = fn(context, &place);
	}
	return err;
}

char *line_next(char **text, char *end)
{
	char *line = *text, *stop;

	if (line >= end)
		return NULL;
	stop = memchr(line, '\n', end - line);
	*text = stop ? stop + 1 : end;
	*(stop ? stop : end) = 0; /* there is always a zero behind the last byte */
	return line;
}

char *line_strip(char *line)
{
	char *end;

	line += strspn(line, " \t\r");
	end = line + strlen(line);
	while (end > line && strchr(" \t\r\n", end[-1]))
		end--;
	*end = 0;
	return line;
}

char *fields_skip(char *line, char separator, unsigned count)
{
	while (line && count--) {
		line = strchr(line, separator);
		if (line)
			line++;
	}
	return line;
}
