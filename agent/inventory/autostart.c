/* SPDX-License-Identifier: MIT */
/*
 * autostart.c - the paths that files name which start programs by themselves: cron, units, init scripts, desktop
 * sessions, shells, the loader, udev. One table says where they are and how they are read.
 */
#include "internal.h"
#include "layers.h"
#include "texts.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>

/* Lines of units and desktop files that name a program; the rest of them names none. */
static const char *const exec_lines[] = {"Exec",        "TryExec",      "PathExists",
					 "PathChanged", "PathModified", NULL};

enum reading { PATHS, WORDS };

static const struct kind {
	const char *kind;
	const char *path; /* a file, or a directory of which every file is read */
	bool home;        /* below each home directory */
	bool deep;        /* directories in it, too: drop-ins */
	enum reading reading;
	const char *const *only;
} kinds[] = {
	{"cron", "/etc/crontab"},
	{"cron", "/etc/cron.d"},
	{"cron", "/etc/cron.hourly"},
	{"cron", "/etc/cron.daily"},
	{"cron", "/etc/cron.weekly"},
	{"cron", "/etc/cron.monthly"},
	{"cron", "/etc/cron.yearly"},
	{"cron", "/var/spool/cron",
	 .deep = true}, /* crontabs of Debian, tabs of SUSE; Fedora: directly */
	{"anacron", "/etc/anacrontab"},
	{"at", "/var/spool/at"},
	{"init script", "/etc/init.d"},
	{"init script", "/etc/rc.d/init.d"},
	{"init script", "/etc/rc.local"},
	{"init script", "/etc/rc.d/rc.local"},
	{"inittab", "/etc/inittab"},
	{"upstart", "/etc/init"},
	{"unit", "/etc/systemd/system", .deep = true, .only = exec_lines},
	{"unit", "/run/systemd/system", .deep = true, .only = exec_lines},
	{"unit", "/usr/local/lib/systemd/system", .deep = true, .only = exec_lines},
	{"unit", "/usr/lib/systemd/system", .deep = true, .only = exec_lines},
	{"unit", "/lib/systemd/system", .deep = true, .only = exec_lines},
	{"unit", "/etc/systemd/user", .deep = true, .only = exec_lines},
	{"unit", "/usr/lib/systemd/user", .deep = true, .only = exec_lines},
	{"unit", ".config/systemd/user", .home = true, .deep = true, .only = exec_lines},
	{"dbus service", "/usr/share/dbus-1/system-services", .only = exec_lines},
	{"dbus service", "/usr/share/dbus-1/services", .only = exec_lines},
	{"desktop", "/etc/xdg/autostart", .only = exec_lines},
	{"desktop", "/usr/share/gnome/autostart", .only = exec_lines},
	{"desktop", ".config/autostart", .home = true, .only = exec_lines},
	{"profile", "/etc/profile"},
	{"profile", "/etc/profile.d"},
	{"profile", "/etc/bash.bashrc"},
	{"profile", "/etc/environment"},
	{"profile", "/etc/X11/Xsession.d"},
	{"ld.so.preload", "/etc/ld.so.preload"},
	{"modules-load", "/etc/modules", .reading = WORDS},
	{"modules-load", "/etc/modules-load.d", .reading = WORDS},
	{"modules-load", "/usr/lib/modules-load.d", .reading = WORDS},
	{"modprobe", "/etc/modprobe.d"},
	{"modprobe", "/usr/lib/modprobe.d"},
	{"udev", "/etc/udev/rules.d"},
	{"udev", "/usr/lib/udev/rules.d"},
	{"network", "/etc/network/if-up.d"},
	{"network", "/etc/NetworkManager/dispatcher.d"},
	{"initramfs", "/etc/initramfs-tools/hooks"},
	{"kernel", "/etc/kernel/postinst.d"},
};

struct collect {
	const struct inventory_place *place;
	inventory_autostart_fn fn;
	void *context;
	const struct kind *kind;
	const char *path;
	struct names homes;
	struct seen files;
	int depth;
};

static int one_name(void *context, unsigned line, const char *text)
{
	const struct collect *collect = context;
	const struct inventory_autostart autostart = {
		.layer = collect->place->layer,
		.kind = collect->kind->kind,
		.path = collect->path,
		.line = line,
		.names = text,
	};

	return collect->fn(collect->context, &autostart);
}

static int one_file(struct collect *collect, const char *path)
{
	const struct kind *kind = collect->kind;
	size_t bytes;
	AUTO_FREE char *text = NULL;

	text = place_read(collect->place, INVENTORY_AUTOSTART, path, INVENTORY_TEXT_MAX, &bytes);
	collect->path = path;
	if (!text)
		return 0;
	/* A script may be a program, of which no line is read. */
	if (bytes >= 4 && !memcmp(text, "\177ELF", 4))
		return 0;
	return kind->reading == WORDS ? words_in_text(text, bytes, one_name, collect)
				      : paths_in_text(text, bytes, kind->only, one_name, collect);
}

static int one_path(struct collect *collect, const char *path);

static int one_entry(void *context, const char *directory, const char *name, unsigned char type)
{
	struct collect *collect = context;
	char path[PATH_MAX];

	if (type == DT_DIR && (!collect->kind->deep || collect->depth > 1))
		return 0;
	return path_join(path, directory, name) ? one_path(collect, path) : 0;
}

/* A file or a directory, once: links in .wants directories lead to files that were read. */
static int one_path(struct collect *collect, const char *path)
{
	struct stat st;
	int err = rooted_stat(collect->place->fd, path, &st);

	if (err) {
		place_missed(collect->place, INVENTORY_AUTOSTART, path, err);
		return 0;
	}
	err = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)
		      ? seen_add(&collect->files, st.st_dev, st.st_ino)
		      : 0;
	if (err <= 0)
		return err;
	if (S_ISREG(st.st_mode))
		return one_file(collect, path);
	collect->depth++;
	err = place_list(collect->place, INVENTORY_AUTOSTART, path, one_entry, collect);
	collect->depth--;
	return err;
}

static int one_kind(struct collect *collect)
{
	char path[PATH_MAX];
	int err = 0;

	if (!collect->kind->home)
		return one_path(collect, collect->kind->path);
	for (size_t i = 0; i < collect->homes.count && !err; i++)
		if (path_join(path, collect->homes.list[i], collect->kind->path))
			err = one_path(collect, path);
	return err;
}

static int in_place(void *context, const struct inventory_place *place)
{
	const struct collect *all = context;
	struct collect collect = {.place = place, .fn = all->fn, .context = all->context};
	int err = home_directories(place, &collect.homes);

	for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !err; i++) {
		collect.kind = &kinds[i];
		err = one_kind(&collect);
	}
	names_done(&collect.homes);
	seen_done(&collect.files);
	return err;
}

int inventory_autostarts(struct inventory *inventory, inventory_autostart_fn fn, void *context)
{
	struct collect collect = {.fn = fn, .context = context};

	return inventory_each_place(inventory, INVENTORY_AUTOSTART, in_place, &collect);
}
