/* SPDX-License-Identifier: MIT */
/*
 * load.c - from the embedded object to programs that are loaded, attached and pinned. Decides which
 * programs make up a set; knows nothing of what was there before (kernel.c does).
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

const char *const iterator_names[] = { "identify", "sockets", "contain_running" };
const size_t iterator_count = sizeof(iterator_names) / sizeof(iterator_names[0]);

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

struct loaded {
	struct embargo_bpf *skeleton;
	struct bpf_link **links;	/* by program row */
};

/* Which programs are loaded, and maps that are pinned: found there, or made and put there. */
static int prepare(struct embargo_bpf *skeleton, const struct kernel *kernel)
{
	struct bpf_program *program;
	struct bpf_map *map;
	char path[PIN_PATH_BYTES];
	int err;

	for (size_t i = 0; i < program_row_count; i++) {
		program = bpf_object__find_program_by_name(skeleton->obj, program_rows[i].name);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, load_wants(&program_rows[i], &kernel->features,
							     kernel->backends));
		bpf_program__set_autoattach(program, false);
	}
	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++) {
		map = bpf_object__find_map_by_name(skeleton->obj, kernel_map_names[i]);
		if (!map)
			return -ENOENT;
		pin_map_path(path, kernel->pins, kernel_map_names[i]);
		err = bpf_map__set_pin_path(map, path);
		if (err)
			return err;
	}
	for (size_t i = 0; i < iterator_count; i++) {
		program = bpf_object__find_program_by_name(skeleton->obj, iterator_names[i]);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoattach(program, false);
	}
	err = 0;
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

int load_open(const struct kernel *kernel, const struct load_config *config, struct loaded **out)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	int err = -ENOMEM;

	if (!loaded)
		return err;
	loaded->links = calloc(program_row_count, sizeof(*loaded->links));
	if (!loaded->links)
		goto fail;
	loaded->skeleton = embargo_bpf__open();
	if (!loaded->skeleton) {
		err = -errno;
		goto fail;
	}
	err = prepare(loaded->skeleton, kernel);
	if (err)
		goto fail;
	loaded->skeleton->rodata->load_config = *config;
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

/* A program that is attached later, or never, is kept by a pin of its own. */
static void program_pin_path(char out[PIN_PATH_BYTES + 64], const struct kernel *kernel, const char *name)
{
	char directory[PIN_PATH_BYTES];

	pin_set_path(directory, kernel->pins, kernel->set);
	snprintf(out, PIN_PATH_BYTES + 64, "%s/%s-program", directory, name);
}

static void link_pin_path(char out[PIN_PATH_BYTES + 64], const struct kernel *kernel, const char *name)
{
	char directory[PIN_PATH_BYTES];

	pin_set_path(directory, kernel->pins, kernel->set);
	snprintf(out, PIN_PATH_BYTES + 64, "%s/%s", directory, name);
}

int program_open(const struct kernel *kernel, const char *name)
{
	char path[PIN_PATH_BYTES + 64];
	int fd;

	program_pin_path(path, kernel, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

/* The cgroup that programs are attached to, to be closed; or a negative errno. */
static int cgroup_open(const struct kernel *kernel)
{
	char root[KERNEL_TEXT_BYTES];
	int err = probe_cgroup_root(root);
	int fd;

	if (err)
		return err;
	fd = open(kernel->options.within ?: root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The number of a tracepoint; or a negative errno. */
static long tracepoint_id(const char *name)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[KERNEL_TEXT_BYTES];
	long id = -ENOENT;

	for (size_t i = 0; i < 2 && id < 0; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/events/%s/id", places[i], name);
		file = fopen(path, "re");
		if (file && fscanf(file, "%ld", &id) != 1)
			id = -ENOENT;
		if (file)
			fclose(file);
	}
	return id;
}

/* Without a program on it the event is never on, so it counts nothing; a program is called all the same. */
static int tracepoint_event(const char *name)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .disabled = 1 };
	long id = tracepoint_id(name);
	int event;

	if (id < 0)
		return id;
	attr.config = id;
	event = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return event < 0 ? -errno : event;
}

void fork_event_open(struct kernel *kernel)
{
	struct kernel_report *system = calloc(1, sizeof(*system));

	if (!system)
		return;
	probe_system(system);
	if (strncmp(system->preemption, "none", 4) && strcmp(system->preemption, "voluntary"))
		kernel->fork_event = tracepoint_event("sched/sched_process_fork");
	free(system);
}

/* Without libbpf, which is gone by then: by the program's pin. */
static int needed_attach_one(const struct kernel *kernel, const struct program_row *row)
{
	char path[PIN_PATH_BYTES + 64];
	_cleanup_fd_ int program = -1, link = -1, cgroup = -1;

	program = program_open(kernel, row->name);
	if (program < 0)
		return program;
	if (row->on_cgroup) {
		cgroup = cgroup_open(kernel);
		if (cgroup < 0)
			return cgroup;
		link = bpf_link_create(program, cgroup, row->attach_type, NULL);
	} else if (row->on_fork_event) {
		link = kernel->fork_event < 0 ? -EOPNOTSUPP :
						bpf_link_create(program, kernel->fork_event, BPF_PERF_EVENT, NULL);
	} else {
		link = bpf_raw_tracepoint_open(NULL, program);	/* attaches to what it was loaded for */
	}
	if (link < 0)
		return link;
	link_pin_path(path, kernel, row->name);
	(void)unlink(path);	/* of a link whose cgroup is gone */
	return bpf_obj_pin(link, path) ? -errno : 0;
}

int needed_attach(const struct kernel *kernel, __u32 flags)
{
	int err = 0;

	for (size_t i = 0; i < program_row_count && !err; i++) {
		const struct program_row *row = &program_rows[i];

		if (row->only_with & flags && load_wants(row, &kernel->features, kernel->backends) &&
		    link_attached(kernel->pins, kernel->set, row->name, NULL))
			err = needed_attach_one(kernel, row);
		if (row->optional)
			err = 0;
	}
	return err;
}

void unneeded_detach(const struct kernel *kernel, __u32 flags)
{
	char path[PIN_PATH_BYTES + 64];

	for (size_t i = 0; i < program_row_count; i++) {
		const struct program_row *row = &program_rows[i];

		if (!row->only_with || row->only_with & flags || !(row->on_cgroup || row->tracks))
			continue;
		link_pin_path(path, kernel, row->name);
		(void)unlink(path);
	}
}

static int attach_one(struct bpf_program *program, const struct program_row *row, int cgroup,
		      struct bpf_link **out)
{
	libbpf_print_fn_t print = row->optional ? libbpf_set_print(NULL) : NULL;
	struct bpf_link *link = row->on_cgroup ? bpf_program__attach_cgroup(program, cgroup) :
						 bpf_program__attach(program);
	int err = link ? 0 : -errno;

	if (row->optional)
		libbpf_set_print(print);
	*out = link;
	return err;
}

int load_attach(struct loaded *loaded, const struct kernel *kernel)
{
	char directory[PIN_PATH_BYTES], path[PIN_PATH_BYTES + 64];
	_cleanup_fd_ int cgroup = -1;
	int err;

	if (kernel->backends[HOOK_CONNECT] == BACKEND_CGROUP) {
		cgroup = cgroup_open(kernel);
		if (cgroup < 0)
			return cgroup;
	}
	pin_set_path(directory, kernel->pins, kernel->set);
	if (mkdir(directory, 0700) && errno != EEXIST)
		return -errno;
	for (size_t i = 0; i < program_row_count; i++) {
		const struct program_row *row = &program_rows[i];
		struct bpf_program *program =
			bpf_object__find_program_by_name(loaded->skeleton->obj, row->name);

		if (!load_wants(row, &kernel->features, kernel->backends))
			continue;
		if (row->only_with) {
			program_pin_path(path, kernel, row->name);
			err = bpf_program__pin(program, path);
			if (err)
				return err;
			continue;	/* needed_attach() */
		}
		err = attach_one(program, row, cgroup, &loaded->links[i]);
		if (err && row->optional)
			continue;	/* kernel_report() shows that it is not there */
		if (err)
			return err;
		snprintf(path, sizeof(path), "%s/%s", directory, row->name);
		err = bpf_link__pin(loaded->links[i], path);
		if (err)
			return err;
	}
	for (size_t i = 0; i < iterator_count; i++) {
		program_pin_path(path, kernel, iterator_names[i]);
		err = bpf_program__pin(bpf_object__find_program_by_name(loaded->skeleton->obj, iterator_names[i]), path);
		if (err)
			return err;
	}
	return 0;
}

void load_close(struct loaded *loaded)
{
	if (!loaded)
		return;
	for (size_t i = 0; loaded->links && i < program_row_count; i++)
		bpf_link__destroy(loaded->links[i]);
	free(loaded->links);
	embargo_bpf__destroy(loaded->skeleton);
	free(loaded);
}
