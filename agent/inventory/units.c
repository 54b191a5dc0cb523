/* SPDX-License-Identifier: MIT */
/*
 * units.c - unit files of systemd and init scripts; whether something starts them, from links on disk; whether
 * they run, from cgroups.
 */
#include "glob.h"
#include "internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* systemd.unit(5), "Unit File Load Path"; lib without usr for hosts that did not merge them. */
static const char *const unit_directories[] = {
	"/etc/systemd/system",
	"/run/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
	"/run/systemd/generator",
	"/run/systemd/generator.early",
	"/run/systemd/generator.late",
	"/etc/systemd/user",
	"/run/systemd/user",
	"/usr/local/lib/systemd/user",
	"/usr/lib/systemd/user",
};
static const char *const script_directories[] = {"/etc/init.d", "/etc/rc.d/init.d"};
static const char *const runlevel_directories[] = {"/etc", "/etc/rc.d"};

static const char *const unit_ends[] = {".service", ".socket", ".timer", ".mount", ".automount",
					".path",    ".target", ".swap",  ".slice"};

struct collect {
	const struct inventory_place *place;
	inventory_unit_fn fn;
	void *context;
	const struct names *running; /* NULL: not known */
	struct names wanted;         /* what a .wants or .requires directory names */
	struct names started;        /* what a runlevel starts */
	struct names told;           /* units with a file */
	struct seen directories;
	bool scripts;
};

static bool ends_with(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a > b && !strcmp(name + a - b, end);
}

static bool is_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(unit_ends); i++)
		if (ends_with(name, unit_ends[i]))
			return true;
	return false;
}

/* ---------------------------------------------------------------- what starts them */

static int add_wanted(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;

	return names_add(&collect->wanted, name);
}

static int wants_directory(void *context, const char *directory, const char *name,
			   unsigned char type)
{
	struct collect *collect = context;
	char path[PATH_MAX];

	if (type != DT_DIR || !(ends_with(name, ".wants") || ends_with(name, ".requires")) ||
	    !path_join(path, directory, name))
		return 0;
	return place_list(collect->place, INVENTORY_UNITS, path, add_wanted, collect);
}

/* S20name: started in that runlevel. */
static int add_started(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;

	if (*name != 'S' || !isdigit((unsigned char)name[1]) || !isdigit((unsigned char)name[2]))
		return 0;
	return names_add(&collect->started, name + 3);
}

static int runlevel(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;
	char path[PATH_MAX];

	/* rc0.d to rc6.d and rcS.d, but for halt and reboot */
	if (strncmp(name, "rc", 2) || strlen(name) != 5 || strcmp(name + 3, ".d") ||
	    !strchr("S12345", name[2]) || !path_join(path, directory, name))
		return 0;
	return place_list(collect->place, INVENTORY_UNITS, path, add_started, collect);
}

/* An instance x@y.service of a template x@.service counts for it. */
static bool has_instance(const struct names *names, const char *name)
{
	const char *at = strchr(name, '@');

	if (!at || at[1] != '.')
		return false;
	for (size_t i = 0; i < names->count; i++)
		if (!strncmp(names->list[i], name, at + 1 - name) &&
		    ends_with(names->list[i], at + 1))
			return true;
	return false;
}

static bool named(const struct names *names, const char *name)
{
	return names && (names_have(names, name) || has_instance(names, name));
}

/* ---------------------------------------------------------------- files */

static int unit_file(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;
	char path[PATH_MAX], target[PATH_MAX] = "";
	struct inventory_unit unit = {.layer = collect->place->layer, .name = name, .path = path};
	int err;

	if (type == DT_DIR || !is_unit(name) || !path_join(path, directory, name))
		return 0;
	if (type == DT_LNK && rooted_link(collect->place->fd, path, target))
		*target = 0;
	unit.masked = !strcmp(target, "/dev/null");
	/* Another name of a unit is a link that "systemctl enable" makes in /etc. */
	unit.enabled = named(&collect->wanted, name) ||
		       (*target && !unit.masked && !strncmp(directory, "/etc/", 5));
	unit.running = named(collect->running, name);
	err = names_add(&collect->told, name);
	return err ? err : collect->fn(collect->context, &unit);
}

static int script(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;
	AUTO_FREE char *service = NULL;
	char path[PATH_MAX];
	struct inventory_unit unit = {
		.layer = collect->place->layer, .path = path, .init_script = true};

	if (type == DT_DIR || !path_join(path, directory, name))
		return 0;
	if (asprintf(&service, "%s.service", name) < 0) {
		service = NULL;
		return -ENOMEM;
	}
	unit.name = service;
	unit.enabled = names_have(&collect->started, name);
	unit.running = named(collect->running, service);
	return collect->fn(collect->context, &unit);
}

/* Each directory once: /lib may be a link to /usr/lib. */
static int each_directory(struct collect *collect, const char *const *directories, size_t count,
			  place_entry_fn fn)
{
	int err = 0;

	seen_done(&collect->directories);
	for (size_t i = 0; i < count && !err; i++) {
		struct stat st;

		err = rooted_stat(collect->place->fd, directories[i], &st);
		if (err) {
			place_missed(collect->place, INVENTORY_UNITS, directories[i], err);
			err = 0;
			continue;
		}
		err = seen_add(&collect->directories, st.st_dev, st.st_ino);
		if (err > 0)
			err = place_list(collect->place, INVENTORY_UNITS, directories[i], fn,
					 collect);
	}
	return err;
}

/* Units that run and have no file, such as those of systemd-run. */
static int without_file(const struct collect *collect)
{
	int err = 0;

	for (size_t i = 0; collect->running && i < collect->running->count && !err; i++) {
		const struct inventory_unit unit = {
			.name = collect->running->list[i], .path = "", .running = true};

		if (is_unit(unit.name) && !names_have(&collect->told, unit.name))
			err = collect->fn(collect->context, &unit);
	}
	return err;
}

static int in_place(void *context, const struct inventory_place *place)
{
	const struct collect *all = context;
	struct collect collect = {.place = place, .fn = all->fn, .context = all->context};
	int err;

	if (!place->layer)
		collect.running = all->running;
	err = each_directory(&collect, unit_directories, ARRAY_LENGTH(unit_directories),
			     wants_directory);
	if (!err)
		err = each_directory(&collect, runlevel_directories,
				     ARRAY_LENGTH(runlevel_directories), runlevel);
	names_sort(&collect.wanted);
	names_sort(&collect.started);
	if (!err)
		err = each_directory(&collect, unit_directories, ARRAY_LENGTH(unit_directories),
				     unit_file);
	if (!err)
		err = each_directory(&collect, script_directories, ARRAY_LENGTH(script_directories),
				     script);
	names_sort(&collect.told);
	if (!err)
		err = without_file(&collect);
	names_done(&collect.wanted);
	names_done(&collect.started);
	names_done(&collect.told);
	seen_done(&collect.directories);
	return err;
}

int inventory_units(struct inventory *inventory, inventory_unit_fn fn, void *context)
{
	struct collect collect = {.fn = fn, .context = context};
	int err = running_units(inventory, &collect.running);

	if (err == -ENOMEM)
		return err;
	if (err)
		inventory_problem(
			inventory, INVENTORY_UNITS,
			inventory->live ? INVENTORY_MISSED : INVENTORY_LEFT_OUT, "", 0,
			inventory->live
				? "no tree of cgroups is mounted, so what runs is not known"
				: "another root: nothing of the running kernel is looked at");
	return inventory_each_place(inventory, INVENTORY_UNITS, in_place, &collect);
}
