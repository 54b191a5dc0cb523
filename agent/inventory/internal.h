/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of the inventory share: the context, opening files inside a root whatever its
 * symbolic links say, and walking over the root and its image layers.
 */
#ifndef EMBARGO_INVENTORY_INTERNAL_H
#define EMBARGO_INVENTORY_INTERNAL_H

#include "../clean.h"
#include "inventory.h"

#include <sys/stat.h>
#include <sys/types.h>

#define INVENTORY_TEXT_MAX	(1 << 20)	/* a configuration file */
#define INVENTORY_JSON_MAX	(64 << 20)	/* what a container engine keeps in one file */
#define INVENTORY_DATABASE_MAX	(256 << 20)	/* of packages */

struct inventory_layer {
	char *name;	/* owned */
	char *path;	/* owned; from the inventory's root, resolved */
	__u64 device, inode;
};

struct names;

struct inventory {
	int root;		/* O_PATH */
	char *root_path;	/* resolved, without a '/' at its end; "" for "/" */
	bool live;
	struct inventory_options options;
	unsigned long long files;
	bool layers_known;
	struct inventory_layer **layers;	/* owned, as are its members; sorted by device and inode */
	size_t layer_count;
	struct names *running;	/* names of cgroups with processes; NULL: not looked at yet */
};

/* The root, or one of its layers, while a collector looks at it. */
struct inventory_place {
	struct inventory *inventory;
	const struct inventory_layer *layer;
	int fd;			/* O_PATH directory */
};

/* ---------------------------------------------------------------- what was not looked at */

void inventory_problem(struct inventory *inventory, enum inventory_source source, enum inventory_gap gap,
		       const char *path, int err, const char *what);
/** inventory_missed() - it could not be read; nothing is said of what is just not there */
void inventory_missed(struct inventory *inventory, enum inventory_source source, const char *path, int err);
/** place_missed() - the same below a layer: the path is then told from the inventory's root */
void place_missed(const struct inventory_place *place, enum inventory_source source, const char *path,
		  int err);

/** inventory_left_out() - is this, or a directory that it is in, left out as it was asked for? */
bool inventory_left_out(const struct inventory *inventory, const char *path);

/* ---------------------------------------------------------------- inside a root (rooted.c) */

/**
 * rooted_open() - openat2(2) with RESOLVE_IN_ROOT: links and ".." never lead out of @root
 * Return: a descriptor, or a negative errno.
 */
int rooted_open(int root, const char *path, int flags);
/** rooted_open_exact() - the same, but a symbolic link anywhere in the path is -ELOOP */
int rooted_open_exact(int root, const char *path, int flags);

/**
 * rooted_read() - a regular file as a whole
 * @max: bytes; a longer one is -EFBIG
 * @out_text: owned by the caller, with a zero behind it
 */
int rooted_read(int root, const char *path, size_t max, char **out_text, size_t *out_bytes);

/** rooted_link() - where a symbolic link points, as it is written; @out_target: PATH_MAX bytes; -EINVAL: it is none */
int rooted_link(int root, const char *path, char *out_target);

/** host_read(), host_link() - of the running system, not bound to a root: for /proc and /sys */
int host_read(const char *path, size_t max, char **out_text, size_t *out_bytes);
int host_link(const char *path, char *out_target);

/** rooted_stat() - follows links. Return: 0 or a negative errno. */
int rooted_stat(int root, const char *path, struct stat *out_stat);
bool rooted_exists(int root, const char *path);

/** rooted_real() - the path without links, from the root @place stands for; @out_path: PATH_MAX bytes */
int rooted_real(const struct inventory_place *place, const char *path, char *out_path);

typedef int (*place_entry_fn)(void *context, const char *directory, const char *name, unsigned char type);
/**
 * place_list() - entries of a directory but "." and ".."; types as in readdir(3), never DT_UNKNOWN
 * Return: 0, also when it cannot be read, which is told; what @fn returned.
 */
int place_list(const struct inventory_place *place, enum inventory_source source, const char *path,
	       place_entry_fn fn, void *context);

/**
 * place_read() - a regular file as a whole; one that cannot be read is told, one that is not there is not
 * Return: the text, owned by the caller, with a zero behind it; NULL.
 */
char *place_read(const struct inventory_place *place, enum inventory_source source, const char *path, size_t max,
		 size_t *out_bytes);

/** place_json() - the same for a JSON file; a damaged one is told. Return: owned by the caller; NULL. */
json_t *place_json(const struct inventory_place *place, enum inventory_source source, const char *path);

/** path_join() - "a/b" into @out_path of PATH_MAX bytes. Return: false if it does not fit. */
bool path_join(char *out_path, const char *directory, const char *name);

/* ---------------------------------------------------------------- the root and its layers */

typedef int (*inventory_place_fn)(void *context, const struct inventory_place *place);
/** inventory_each_place() - the root, then each layer that can be opened */
int inventory_each_place(struct inventory *inventory, enum inventory_source source, inventory_place_fn fn,
			 void *context);
struct inventory_place inventory_root_place(struct inventory *inventory);

/** inventory_find_layers() - fill in inventory->layers, once. Return: 0 or -ENOMEM. */
int inventory_find_layers(struct inventory *inventory);
/** inventory_layer_of() - the layer whose directory this is, or NULL */
const struct inventory_layer *inventory_layer_of(const struct inventory *inventory, __u64 device,
						 __u64 inode);

/* ---------------------------------------------------------------- cgroups, processes */

/**
 * running_units() - the names of all cgroups with processes in them, sorted; looked up once
 * @out_names: lives as long as @inventory
 * Return: 0; -ENOMEM; -ENODATA (no cgroup tree, or another root).
 */
int running_units(struct inventory *inventory, const struct names **out_names);

/** cgroup_unit() - the unit in the text of /proc/PID/cgroup, or ""; @out_unit: NAME_MAX + 1 bytes */
void cgroup_unit(const char *text, char *out_unit);

typedef int (*pid_fn)(void *context, int pid);
/** each_pid() - the processes that /proc shows */
int each_pid(struct inventory *inventory, enum inventory_source source, pid_fn fn, void *context);

/* ---------------------------------------------------------------- small things */

/** line_next() - cut the next line off, without its end; NULL at the end. Zeros inside are kept. */
char *line_next(char **text, char *end);
/** line_strip() - without white space at both ends, in place */
char *line_strip(char *line);

/** fields_skip() - what stands behind so many separators, or NULL */
char *fields_skip(char *line, char separator, unsigned count);

/* A set of names, owned; in the order in which they came until names_sort(). */
struct names {
	char **list;
	size_t count, room;
};

int names_add(struct names *names, const char *name);
void names_sort(struct names *names);
bool names_have(const struct names *names, const char *name);	/* after names_sort() */
void names_done(struct names *names);

/* A set of files that were met. */
struct seen {
	struct {
		__u64 device, inode;
	} *table;
	size_t size, count;
};

/** seen_add() - Return: 1 new, 0 met before, -ENOMEM. */
int seen_add(struct seen *seen, __u64 device, __u64 inode);
void seen_done(struct seen *seen);

#define AUTO_NAMES CLEANUP(names_done)
#define AUTO_SEEN  CLEANUP(seen_done)

#endif
