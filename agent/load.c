/* SPDX-License-Identifier: MIT */
/*
 * load.c - from the embedded object to programs that are loaded. Decides which programs make up a set and which part of it
 * is loaded; attach.c attaches them, and what was there before is for kernel.c.
 */
#include "kernel_internal.h"

#include "embargo.skel.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

const char *const kernel_map_names[] = { "generation", "runtime", "pause", "stats", "fold", "events",
					  "learned", "filter", "addresses", "names", "seen", "closings", "connections", "flows",
					  "evidence", "contained" };
_Static_assert(sizeof(kernel_map_names) / sizeof(kernel_map_names[0]) == KERNEL_MAP_COUNT,
	       "one name for each descriptor");

int load_choose(const struct features *features, const enum backend *forced, enum backend *out)
{
	bool any = false, as_forced = true;

	memset(out, 0, sizeof(*out) * HOOK_MAX);
	for (size_t i = 0; i < backend_row_count; i++) {
		const struct backend_row *row = &backend_rows[i];

		if (out[row->hook] || features->of[row->needs].answer != ANSWER_YES)
			continue;
		if (forced[row->hook] && row->backend != forced[row->hook])
			continue;
		out[row->hook] = row->backend;
		any = true;
	}
	for (int hook = HOOK_NONE + 1; hook < HOOK_MAX; hook++)
		as_forced &= !forced[hook] || forced[hook] == BACKEND_MAX || out[hook] == forced[hook];
	return any && as_forced ? 0 : -EOPNOTSUPP;
}

bool load_wants(const struct program_row *row, const struct features *features, const enum backend *backends)
{
	return (row->tracks ? backends[row->hook] != BACKEND_NONE : backends[row->hook] == row->backend) &&
	       features->of[row->needs].answer == ANSWER_YES &&
	       (!row->needs_not || features->of[row->needs_not].answer != ANSWER_YES);
}

/* A cgroup's id is the inode number of its directory (kernfs, 64 bits since v5.5); its level the depth below the mount. */
static int within_fill(const char *path, struct load_config *config)
{
	char root[KERNEL_TEXT_BYTES], resolved[PATH_MAX];
	struct stat status, top;
	size_t bytes;
	int err = probe_cgroup_root(root);

	if (err)
		return err;
	if (!realpath(path, resolved) || stat(resolved, &status) || stat(root, &top))
		return -errno;
	bytes = strlen(root);
	if (!S_ISDIR(status.st_mode) || status.st_dev != top.st_dev || strncmp(resolved, root, bytes) ||
	    resolved[bytes] != '/')
		return -EINVAL;
	config->within = status.st_ino;
	for (const char *at = resolved + bytes; *at; at++)
		config->within_level += *at == '/';
	return 0;
}

int kernel_within_check(const char *path)
{
	struct load_config unused = {};

	return within_fill(path, &unused);
}

/* The device of a file system as mountinfo has it is that of the programs; stat(2) tells another one on btrfs. */
static __u32 mounted_device(const char *mountinfo, __u32 otherwise)
{
	FILE *file = fopen(mountinfo, "re");
	char line[PATH_MAX * 2], where[PATH_MAX];
	unsigned major, minor;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*u %*u %u:%u %*s %4095s", &major, &minor, where) == 3 &&
		    !strcmp(where, "/"))
			otherwise = major << 20 | minor;
	if (file)
		fclose(file);
	return otherwise;
}

/* Number of the subvolume of btrfs that a directory is in; 0 where it is none, or where that is not told. */
static __u64 subvolume_of(const char *directory)
{
	struct btrfs_ioctl_ino_lookup_args args = { .objectid = BTRFS_FIRST_FREE_OBJECTID };
	_cleanup_fd_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) || fs.f_type != BTRFS_SUPER_MAGIC || ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args))
		return 0;
	return args.treeid;
}

/*
 * Where the host's own files are: the root of the first process; where that may not be looked at (it has a privilege that we
 * lack), our own, which is the same unless we are in a container.
 */
static void home_fill(struct load_config *config)
{
	const char *root = "/proc/1/root/", *mountinfo = "/proc/1/mountinfo";
	struct stat status;

	if (stat(root, &status)) {
		root = "/";
		mountinfo = "/proc/self/mountinfo";
		if (stat(root, &status))
			return;		/* nothing is at home: exceptions count by identity only */
	}
	config->home_inode = status.st_ino;
	config->home_subvolume = subvolume_of(root);
	config->home_device = mounted_device(mountinfo, major(status.st_dev) << 20 | minor(status.st_dev));
}

int load_config_fill(const struct kernel_options *options, const struct features *features,
		     const enum backend *backends, struct load_config *out_config)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	struct load_config config = {};
	crypto_hash_sha256_state state;
	const void *object;
	size_t bytes;
	int err;

	config.audit_only = options->audit_only;
	config.subvolumes = access("/sys/kernel/btf/btrfs", R_OK) == 0;
	config.unguarded = features->of[FEATURE_UNGUARDED].answer == ANSWER_YES;
	home_fill(&config);
	if (options->within) {
		err = within_fill(options->within, &config);
		if (err)
			return err;
	}
	object = embargo_bpf__elf_bytes(&bytes);
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, object, bytes);
	crypto_hash_sha256_update(&state, (const void *)&config, sizeof(config));
	for (size_t i = 0; i < program_row_count; i++) {
		unsigned char wanted = load_wants(&program_rows[i], features, backends);

		crypto_hash_sha256_update(&state, &wanted, 1);
	}
	crypto_hash_sha256_final(&state, digest);
	memcpy(&config.set, digest, sizeof(config.set));
	config.set |= !config.set;
	*out_config = config;
	return 0;
}

__u32 load_flags(const struct kernel *kernel, __u32 flags)
{
	__u32 own = 0;

	for (size_t i = 0; i < program_row_count; i++)
		if (load_wants(&program_rows[i], &kernel->features, kernel->backends))
			own |= program_rows[i].only_with & flags;
	return own;
}

bool load_is_part(enum gen_flag only_with, __u32 flags)
{
	return flags ? only_with & flags : !only_with;
}

static bool is_of_every_set(const char *map)
{
	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++)
		if (!strcmp(kernel_map_names[i], map))
			return true;
	return false;
}

/* Maps are pinned, so that every part of a set has the same ones: found there, or made and put there. */
static int pins_choose(struct bpf_object *object, const struct kernel *kernel)
{
	char path[PIN_PATH_BYTES];
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object) {
		if (err || bpf_map__is_internal(map))
			continue;
		if (is_of_every_set(bpf_map__name(map)))
			pin_map_path(path, kernel->pins, bpf_map__name(map));
		else
			pin_set_map_path(path, kernel->pins, kernel->set, bpf_map__name(map));
		err = bpf_map__set_pin_path(map, path);
	}
	return err;
}

/* Which programs are loaded, and with which maps. */
static int prepare(struct loaded *loaded, const struct kernel *kernel)
{
	struct embargo_bpf *skeleton = loaded->skeleton;
	struct bpf_program *program;
	int err;

	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
	for (size_t i = 0; i < program_row_count; i++) {
		const struct program_row *row = &program_rows[i];

		program = bpf_object__find_program_by_name(skeleton->obj, row->name);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, load_is_part(row->only_with, loaded->flags) &&
						   load_wants(row, &kernel->features, kernel->backends));
	}
	for (size_t i = 0; i < iterator_row_count; i++) {
		program = bpf_object__find_program_by_name(skeleton->obj, iterator_rows[i].name);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, load_is_part(iterator_rows[i].only_with, loaded->flags));
	}
	err = pins_choose(skeleton->obj, kernel);
	/* of LSM programs only, and not every kernel can make one */
	if (kernel->features.of[FEATURE_LSM].answer != ANSWER_YES)
		err = err ?: bpf_map__set_autocreate(skeleton->maps.contents, false);
	return err ?: bpf_map__set_max_entries(skeleton->maps.scratch,
					       libbpf_num_possible_cpus() * SCRATCH_PER_CPU);
}

/* An inner map as the outer one wants it, to be closed; or a negative errno. */
static int template_make(const struct bpf_map *inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = bpf_map__map_flags(inner));
	int fd = bpf_map_create(bpf_map__type(inner), NULL, bpf_map__key_size(inner), bpf_map__value_size(inner),
				bpf_map__max_entries(inner), &options);

	return fd < 0 ? -errno : fd;
}

/*
 * A map that a policy is put into, before the programs, as libbpf would make it and finds it then: so that can be done while they
 * are loaded. One that is pinned already stays.
 */
static int map_make(struct bpf_map *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = bpf_map__map_flags(map));
	_cleanup_fd_ int template = -1, fd = bpf_obj_get(bpf_map__pin_path(map));

	if (fd >= 0)
		return 0;
	if (bpf_map__inner_map(map)) {
		template = template_make(bpf_map__inner_map(map));
		if (template < 0)
			return template;
		options.inner_map_fd = template;
	}
	fd = bpf_map_create(bpf_map__type(map), bpf_map__name(map), bpf_map__key_size(map),
			    bpf_map__value_size(map), bpf_map__max_entries(map), &options);
	if (fd < 0)
		return -errno;
	return bpf_obj_pin(fd, bpf_map__pin_path(map)) ? -errno : 0;
}

int load_open(const struct kernel *kernel, __u32 flags, struct loaded **out)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	int err = -ENOMEM;

	if (!loaded)
		return err;
	loaded->flags = flags;
	loaded->skeleton = embargo_bpf__open();
	if (!loaded->skeleton) {
		err = -errno;
		goto fail;
	}
	loaded->object = loaded->skeleton->obj;
	err = prepare(loaded, kernel);
	err = err ?: pin_set_prepare(kernel->pins, kernel->set);
	if (err)
		goto fail;
	loaded->skeleton->rodata->load_config = kernel->config;
	err = map_make(loaded->skeleton->maps.generation);
	err = err ?: map_make(loaded->skeleton->maps.learned);
	err = err ?: map_make(loaded->skeleton->maps.filter);
	if (err)
		goto fail;
	*out = loaded;
	return 0;
fail:
	load_close(loaded);
	return err;
}

int load_programs(struct loaded *loaded)
{
	return embargo_bpf__load(loaded->skeleton);
}

void load_close(struct loaded *loaded)
{
	if (!loaded)
		return;
	for (size_t i = 0; i < PROGRAM_ROWS_MAX; i++)
		bpf_link__destroy(loaded->links[i]);
	embargo_bpf__destroy(loaded->skeleton);
	free(loaded);
}
