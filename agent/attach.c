/* SPDX-License-Identifier: MIT */
/*
 * attach.c - from programs that are loaded to programs that are attached and pinned: those of every policy at a start, the
 * others while a policy needs them.
 */
#include "kernel_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int set_map_open(const struct kernel *kernel, const char *name)
{
	char path[PIN_PATH_BYTES];
	int fd;

	pin_set_map_path(path, kernel->pins, kernel->set, name);
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

/* Is there a pin of a program of its own? */
static bool program_is_there(const struct kernel *kernel, const char *name)
{
	_cleanup_fd_ int program = program_open(kernel, name);

	return program >= 0;
}

/* Those of the flags that have a program which is not there. */
static __u32 flags_missing(const struct kernel *kernel, __u32 flags)
{
	__u32 missing = 0;

	for (size_t i = 0; i < program_row_count; i++)
		if (program_rows[i].only_with & flags && load_wants(&program_rows[i], &kernel->features, kernel->backends) &&
		    !program_is_there(kernel, program_rows[i].name))
			missing |= program_rows[i].only_with;
	for (size_t i = 0; i < iterator_row_count; i++)
		if (iterator_rows[i].only_with & flags && !program_is_there(kernel, iterator_rows[i].name))
			missing |= iterator_rows[i].only_with;
	return missing;
}

int parts_load(const struct kernel *kernel, __u32 flags)
{
	__u32 missing = flags_missing(kernel, flags);
	struct loaded *loaded = NULL;
	int err;

	if (!missing)
		return 0;
	err = load_open(kernel, missing, &loaded);
	err = err ?: load_programs(loaded);
	err = err ?: load_keep(loaded, kernel);
	load_close(loaded);
	return err;
}

void parts_await(const struct kernel *kernel, __u32 flags)
{
	if (flags_missing(kernel, flags))
		pin_unlock(pin_lock(kernel->pins));
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

static int keep_one(const struct loaded *loaded, const struct kernel *kernel, const char *name)
{
	char path[PIN_PATH_BYTES + 64];

	program_pin_path(path, kernel, name);
	(void)unlink(path);	/* of a part that was not kept whole */
	return bpf_obj_pin(bpf_program__fd(bpf_object__find_program_by_name(loaded->object, name)), path) ? -errno : 0;
}

int load_keep(const struct loaded *loaded, const struct kernel *kernel)
{
	int err = 0;

	for (size_t i = 0; i < program_row_count && !err; i++)
		if (program_rows[i].only_with & loaded->flags &&
		    load_wants(&program_rows[i], &kernel->features, kernel->backends))
			err = keep_one(loaded, kernel, program_rows[i].name);
	for (size_t i = 0; i < iterator_row_count && !err; i++)
		if (load_is_part(iterator_rows[i].only_with, loaded->flags))
			err = keep_one(loaded, kernel, iterator_rows[i].name);
	return err;
}

int load_attach(struct loaded *loaded, const struct kernel *kernel)
{
	char path[PIN_PATH_BYTES + 64];
	_cleanup_fd_ int cgroup = -1;
	int err;

	if (kernel->backends[HOOK_CONNECT] == BACKEND_CGROUP) {
		cgroup = cgroup_open(kernel);
		if (cgroup < 0)
			return cgroup;
	}
	for (size_t i = 0; i < program_row_count; i++) {
		const struct program_row *row = &program_rows[i];

		if (row->only_with || !load_wants(row, &kernel->features, kernel->backends))
			continue;
		err = attach_one(bpf_object__find_program_by_name(loaded->object, row->name), row, cgroup, &loaded->links[i]);
		if (err && row->optional)
			continue;	/* kernel_report() shows that it is not there */
		if (err)
			return err;
		link_pin_path(path, kernel, row->name);
		err = bpf_link__pin(loaded->links[i], path);
		if (err)
			return err;
	}
	return load_keep(loaded, kernel);
}
