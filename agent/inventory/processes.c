/* SPDX-License-Identifier: MIT */
/*
 * processes.c - programs that run and the files that they have mapped executable, from /proc. A process that ends
 * while it is looked at is passed over.
 */
#include "../enrich.h"
#include "internal.h"
#include "process_text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#define MAPS_MAX (256 << 20)

int each_pid(struct inventory *inventory, enum inventory_source source, pid_fn fn, void *context)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!directory || access("/proc/1", F_OK) < 0)
		inventory_problem(
			inventory, source, INVENTORY_MISSED, "/proc", directory ? 0 : -errno,
			"processes of others are hidden (hidepid) or it is not mounted; run it as root");
	if (!directory)
		return 0;
	while (!err && (entry = readdir(directory)))
		if (isdigit((unsigned char)*entry->d_name))
			err = fn(context, atoi(entry->d_name));
	(void)closedir(directory); /* only read */
	return err;
}

struct collect {
	struct inventory *inventory;
	inventory_process_fn fn;
	void *context;
};

/* Gone while it was looked at, a kernel thread, or a zombie. */
static bool is_gone(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

static int read_of(int pid, const char *name, size_t max, char **out_text, size_t *out_bytes)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return host_read(path, max, out_text, out_bytes);
}

static void missed(const struct collect *collect, int pid, const char *name, int err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	inventory_missed(collect->inventory, INVENTORY_PROCESSES, path, err);
}

static int link_of(int pid, const char *name, char *out_target)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return host_link(path, out_target);
}

/* Only the count of names tells: a file may well be called "x (deleted)". */
static bool has_no_name(int pid, char *executable)
{
	static const char mark[] = " (deleted)";
	size_t bytes = strlen(executable);
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) < 0 || st.st_nlink)
		return false;
	if (bytes > strlen(mark) && !strcmp(executable + bytes - strlen(mark), mark))
		executable[bytes - strlen(mark)] = 0;
	return true;
}

struct mapped {
	struct names names;
	const char *root, *executable;
};

static int add_mapped(void *context, const char *path)
{
	struct mapped *mapped = context;
	const char *seen = without_root(path, mapped->root);

	/* The mappings of one file stand together. */
	if (!strcmp(seen, mapped->executable) ||
	    (mapped->names.count && !strcmp(mapped->names.list[mapped->names.count - 1], seen)))
		return 0;
	return names_add(&mapped->names, seen);
}

/* What is told of a process beside its program. */
static void describe(int pid, struct inventory_process *process, char *unit, char *container)
{
	AUTO_FREE char *status = NULL, *cgroup = NULL;
	size_t bytes;

	*unit = *container = 0;
	if (!read_of(pid, "status", INVENTORY_TEXT_MAX, &status, &bytes))
		process->uid = status_uid(status);
	if (read_of(pid, "cgroup", INVENTORY_TEXT_MAX, &cgroup, &bytes))
		return;
	cgroup_unit(cgroup, unit);
	enrich_container(cgroup, container);
	process->unit = unit;
	process->container = container;
}

static int tell(const struct collect *collect, int pid, char *executable, const char *root)
{
	char unit[NAME_MAX + 1], container[CONTAINER_ID_BYTES];
	AUTO_FREE char *name = NULL, *maps = NULL;
	struct inventory_process process = {.pid = pid, .unit = "", .container = ""};
	struct mapped mapped = {.root = root};
	size_t bytes;
	int err;

	process.deleted = has_no_name(pid, executable);
	process.executable = without_root(executable, root);
	mapped.executable = process.executable;
	err = read_of(pid, "maps", MAPS_MAX, &maps, &bytes);
	if (err == -ENOMEM)
		return err;
	if (err && !is_gone(err))
		missed(collect, pid, "maps", err);
	if (!err)
		err = maps_parse(maps, bytes, add_mapped, &mapped);
	if (!read_of(pid, "comm", 4096, &name, &bytes))
		name[strcspn(name, "\n")] = 0;
	process.name = name ? name : "";
	describe(pid, &process, unit, container);
	names_sort(&mapped.names);
	process.mapped = (const char *const *)mapped.names.list;
	process.mapped_count = mapped.names.count;
	if (err != -ENOMEM)
		err = collect->fn(collect->context, &process);
	names_done(&mapped.names);
	return err;
}

static int one_process(void *context, int pid)
{
	const struct collect *collect = context;
	char executable[PATH_MAX], root[PATH_MAX];
	int err = link_of(pid, "exe", executable);

	if (is_gone(err))
		return 0;
	if (!err)
		err = link_of(pid, "root", root);
	if (err) {
		if (!is_gone(err))
			missed(collect, pid, "exe", err);
		return 0;
	}
	return tell(collect, pid, executable, root);
}

int inventory_processes(struct inventory *inventory, inventory_process_fn fn, void *context)
{
	struct collect collect = {.inventory = inventory, .fn = fn, .context = context};

	if (!inventory->live) {
		inventory_problem(inventory, INVENTORY_PROCESSES, INVENTORY_LEFT_OUT, "", 0,
				  "another root: nothing of the running kernel is looked at");
		return 0;
	}
	return each_pid(inventory, INVENTORY_PROCESSES, one_process, &collect);
}
