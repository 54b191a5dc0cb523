/* SPDX-License-Identifier: MIT */
/*
 * walk.c - the walk of all files. Directories are read one at a time and as a whole, their subdirectories wait
 * on a stack: no descriptor stays open, so depth costs nothing, and what waits is the siblings of one path. A
 * directory is opened by its path from the root with links refused (openat2), so that nobody who moves
 * directories about can lead the walk elsewhere.
 */
#include "walk.h"
#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>

#define ENTRIES_BYTES  (256 << 10)
#define PROGRESS_EVERY 4096 /* entries */
#define DIRECTORIES_MAX                                                                            \
	(4u << 20) /* remembered, 24 to 48 bytes each; beyond that mounts may repeat */

/* getdents64(2); glibc has no name for the struct. */
struct entry {
	__u64 inode;
	__s64 offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

/* A directory that was seen and not read yet. */
struct pending {
	const struct inventory_layer *layer; /* of its parent */
	size_t name;                         /* offset into names */
	unsigned parent_bytes;               /* of the path it is in */
	unsigned inner;                      /* where the path inside the layer begins */
};

struct walk {
	const struct inventory_place *place;
	struct inventory *inventory;
	inventory_file_fn fn;
	void *context;
	struct mounts mounts;
	struct seen seen;
	char path[PATH_MAX + NAME_MAX + 2];
	struct pending *pending;
	size_t pending_count, pending_room;
	char *names;
	size_t names_bytes, names_room;
	char *entries;
};

static void walk_done(struct walk *walk)
{
	mounts_done(&walk->mounts);
	seen_done(&walk->seen);
	free(walk->pending);
	free(walk->names);
	free(walk->entries);
}

static int push(struct walk *walk, const struct pending *from, const char *name)
{
	size_t bytes = strlen(name) + 1;

	if (walk->pending_count == walk->pending_room) {
		size_t room = walk->pending_room ? walk->pending_room * 2 : 256;
		struct pending *grown = reallocarray(walk->pending, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		walk->pending = grown;
		walk->pending_room = room;
	}
	if (walk->names_room - walk->names_bytes < bytes) {
		size_t room = walk->names_room * 2 + NAME_MAX + 1;
		char *grown = realloc(walk->names, room);

		if (!grown)
			return -ENOMEM;
		walk->names = grown;
		walk->names_room = room;
	}
	memcpy(walk->names + walk->names_bytes, name, bytes);
	walk->pending[walk->pending_count] = *from;
	walk->pending[walk->pending_count++].name = walk->names_bytes;
	walk->names_bytes += bytes;
	return 0;
}

/* Is the directory at walk->path one that is not entered? Says so. */
static bool not_entered(struct walk *walk)
{
	struct inventory *inventory = walk->inventory;
	const struct mount *mount;
	char what[128];

	if (walk->place->layer)
		return false;
	if (inventory_left_out(inventory, walk->path)) {
		inventory_problem(inventory, INVENTORY_FILES, INVENTORY_LEFT_OUT, walk->path, 0,
				  "left out, as it was asked for");
		return true;
	}
	mount = mounts_find(&walk->mounts, walk->path);
	if (!mount || mount->class == MOUNT_ENTERED ||
	    (mount->class == MOUNT_NETWORK && inventory->options.network))
		return false;
	if (mount->class == MOUNT_LAYERS)
		snprintf(
			what, sizeof(what),
			"a container's file system: its layers are looked at where they are stored");
	else if (mount->class == MOUNT_NETWORK)
		snprintf(
			what, sizeof(what),
			"network file system (%.32s); --network looks at it, --leave-out DIR accepts it",
			mount->type);
	else
		snprintf(what, sizeof(what), "not a file system that holds programs (%.32s)",
			 mount->type);
	inventory_problem(inventory, INVENTORY_FILES,
			  mount->class == MOUNT_NETWORK ? INVENTORY_MISSED : INVENTORY_LEFT_OUT,
			  walk->path, 0, what);
	return true;
}

static enum inventory_file_type type_of(int directory, const struct entry *entry)
{
	unsigned char type = entry->type;
	struct stat st;

	if (type == DT_UNKNOWN) {
		if (fstatat(directory, entry->name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			return INVENTORY_FILE_OTHER; /* gone */
		type = IFTODT(st.st_mode);
	}
	switch (type) {
	case DT_REG:
		return INVENTORY_FILE_REGULAR;
	case DT_DIR:
		return INVENTORY_FILE_DIRECTORY;
	case DT_LNK:
		return INVENTORY_FILE_LINK;
	default:
		return INVENTORY_FILE_OTHER;
	}
}

static void tell_progress(struct walk *walk)
{
	const struct inventory_options *options = &walk->inventory->options;
	struct inventory_progress progress = {
		.source = INVENTORY_FILES,
		.files = walk->inventory->files,
		.path = walk->path,
	};

	if (options->progress)
		options->progress(options->context, &progress);
}

/* @here: the directory at walk->path, whose path has here->parent_bytes bytes. */
static int take_entry(struct walk *walk, int directory, const struct pending *here,
		      const struct entry *entry)
{
	struct inventory_file file = {.layer = here->layer};
	size_t bytes = strlen(entry->name);
	int err = 0;

	if (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
		return 0;
	walk->path[here->parent_bytes] = '/';
	memcpy(walk->path + here->parent_bytes + 1, entry->name, bytes + 1);
	file.path = walk->path + here->inner;
	file.type = type_of(directory, entry);
	if (!(++walk->inventory->files % PROGRESS_EVERY))
		tell_progress(walk);
	err = walk->fn(walk->context, &file);
	if (!err && file.type == INVENTORY_FILE_DIRECTORY && !not_entered(walk)) {
		if (here->parent_bytes + 1 + bytes >= PATH_MAX)
			place_missed(walk->place, INVENTORY_FILES, walk->path, -ENAMETOOLONG);
		else
			err = push(walk, here, entry->name);
	}
	walk->path[here->parent_bytes] = 0;
	return err;
}

static int read_entries(struct walk *walk, int directory, const struct pending *here)
{
	int err = 0;

	while (!err) {
		long bytes = syscall(SYS_getdents64, directory, walk->entries, ENTRIES_BYTES);

		if (bytes < 0) {
			place_missed(walk->place, INVENTORY_FILES, walk->path, -errno);
			return 0;
		}
		if (!bytes)
			return 0;
		for (long at = 0; at < bytes && !err;) {
			const struct entry *entry = (const void *)(walk->entries + at);

			err = take_entry(walk, directory, here, entry);
			at += entry->bytes;
		}
	}
	return err;
}

/* Read the directory at walk->path. */
static int enter(struct walk *walk, struct pending *here)
{
	AUTO_FD int fd = rooted_open_exact(walk->place->fd, walk->path, O_RDONLY | O_DIRECTORY);
	const struct inventory_layer *layer;
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0) {
		place_missed(walk->place, INVENTORY_FILES, walk->path, fd < 0 ? fd : -errno);
		return 0;
	}
	if (walk->seen.count < DIRECTORIES_MAX) {
		err = seen_add(&walk->seen, st.st_dev, st.st_ino);
		if (err <= 0)
			return err;
	}
	layer = walk->place->layer ? NULL
				   : inventory_layer_of(walk->inventory, st.st_dev, st.st_ino);
	if (layer) {
		here->layer = layer;
		here->inner = here->parent_bytes;
	}
	return read_entries(walk, fd, here);
}

static int go(struct walk *walk)
{
	struct pending here = {.layer = walk->place->layer, .parent_bytes = strlen(walk->path)};
	int err = enter(walk, &here);

	while (!err && walk->pending_count) {
		size_t bytes;

		here = walk->pending[--walk->pending_count];
		bytes = walk->names_bytes - here.name;
		walk->path[here.parent_bytes] = '/';
		memcpy(walk->path + here.parent_bytes + 1, walk->names + here.name, bytes);
		walk->names_bytes = here.name;
		here.parent_bytes += bytes; /* with the '/', without the zero */
		err = enter(walk, &here);
	}
	return err;
}

int walk_below(const struct inventory_place *place, const char *start, inventory_file_fn fn,
	       void *context)
{
	struct walk *walk CLEANUP(clean_free) = calloc(1, sizeof(*walk));
	int err;

	if (!walk || strlen(start) >= PATH_MAX)
		return walk ? -ENAMETOOLONG : -ENOMEM;
	walk->place = place;
	walk->inventory = place->inventory;
	walk->fn = fn;
	walk->context = context;
	strcpy(walk->path, start);
	walk->entries = malloc(ENTRIES_BYTES);
	err = walk->entries ? inventory_find_layers(place->inventory) : -ENOMEM;
	if (!err && !place->layer)
		err = mounts_read(place->inventory, &walk->mounts);
	if (!err)
		err = go(walk);
	walk_done(walk);
	return err;
}

int walk_tree(const struct inventory_place *place, const char *start, inventory_file_fn fn,
	      void *context)
{
	char real[PATH_MAX];
	struct stat st;
	int err = rooted_stat(place->fd, start, &st);

	if (!err)
		err = S_ISDIR(st.st_mode) ? rooted_real(place, start, real) : -ENOTDIR;
	if (err) {
		place_missed(place, INVENTORY_FILES, start, err);
		return 0;
	}
	return walk_below(place, strcmp(real, "/") ? real : "", fn, context);
}

int inventory_files(struct inventory *inventory, inventory_file_fn fn, void *context)
{
	struct inventory_place place = inventory_root_place(inventory);

	return walk_below(&place, "", fn, context);
}
