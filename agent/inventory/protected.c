/* SPDX-License-Identifier: MIT */
/*
 * protected.c - what this host must not lose, as files: what it is named in one table, what its configuration
 * adds, and what all of these need to start (loader, libraries, interpreter). Objects only, never what they start.
 */
#include "glob.h"
#include "host_text.h"
#include "protect.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct {
	const char *pattern, *why;
} table[] = {
	{"/sbin/init", "init"},
	{"/usr/lib/systemd/systemd", "init"},
	{"/usr/lib/systemd/systemd-executor", "init"},
	{"/usr/lib/systemd/systemd-logind", "login"},
	{"/bin/sh", "shell"},
	{"/bin/bash", "shell"},
	{"/bin/busybox", "shell"},
	{"/usr/sbin/sshd", "sshd"},
	{"/usr/lib/openssh/sshd-*", "sshd"},
	{"/usr/libexec/openssh/sshd-*", "sshd"},
	{"/usr/bin/sudo", "sudo"},
	{"/usr/bin/doas", "sudo"},
	{"/usr/bin/su", "su"},
	{"/bin/su", "su"},
	{"/usr/sbin/runuser", "su"},
	{"/bin/login", "login"},
	{"/usr/bin/login", "login"},
	{"/usr/sbin/sulogin", "login"},
	{"/sbin/sulogin", "login"},
	{"/usr/sbin/unix_chkpwd", "login"},
	{"/sbin/unix_chkpwd", "login"},
	{"/sbin/agetty", "getty"},
	{"/usr/sbin/agetty", "getty"},
	{"/sbin/getty", "getty"},
	{"/sbin/mingetty", "getty"},
	{"/usr/sbin/update-initramfs", "initramfs tool"},
	{"/usr/sbin/mkinitramfs", "initramfs tool"},
	{"/usr/bin/dracut", "initramfs tool"},
	{"/usr/lib/dracut/**", "initramfs tool"},
	{"/usr/share/initramfs-tools/hooks/*", "initramfs hook"},
	{"/usr/share/initramfs-tools/hook-functions", "initramfs tool"},
	{"/etc/initramfs-tools/hooks/*", "initramfs hook"},
	{"/bin/kmod", "module loader"},
	{"/usr/bin/kmod", "module loader"},
	{"/sbin/modprobe", "module loader"},
	{"/usr/bin/dpkg*", "package manager"},
	{"/usr/bin/apt*", "package manager"},
	{"/usr/lib/apt/**", "package manager"},
	{"/usr/lib/dpkg/**", "package manager"},
	{"/usr/bin/rpm*", "package manager"},
	{"/usr/bin/dnf*", "package manager"},
	{"/usr/bin/microdnf", "package manager"},
	{"/usr/bin/yum", "package manager"},
	{"/usr/bin/zypper", "package manager"},
	{"/usr/lib/rpm/rpmdb*", "package manager"},
	{"/sbin/apk", "package manager"},
	{"/usr/bin/embargo", "embargo"},
	{"/usr/sbin/embargod", "embargo"},
	{"/usr/local/bin/embargo", "embargo"},
	{"/usr/local/sbin/embargod", "embargo"},
};

static int add_file(void *context, const struct inventory_file *file)
{
	struct protect *protect = context;

	return file->type == INVENTORY_FILE_DIRECTORY
		       ? 0
		       : protect_add(protect, file->path, protect->why, NULL);
}

static int add_pattern(struct protect *protect, const char *pattern, const char *why)
{
	protect->why = why;
	return glob_in(&protect->place, pattern, add_file, protect);
}

/* ---------------------------------------------------------------- what the configuration names */

typedef int (*parse_fn)(char *text, size_t bytes, word_fn fn, void *context);

static int read_words(struct protect *protect, const char *path, parse_fn parse, word_fn fn)
{
	size_t bytes;
	AUTO_FREE char *text =
		place_read(&protect->place, INVENTORY_HOST, path, INVENTORY_TEXT_MAX, &bytes);

	return text ? parse(text, bytes, fn, protect) : 0;
}

static int shell(void *context, const char *word)
{
	return protect_add(context, word, "shell", NULL);
}

/* Where PAM looks for a module that is named without a directory; "$ISA" stands for nothing or "64". */
static int pam_module(void *context, const char *word)
{
	static const char *const patterns[] = {"/lib/security",     "/lib64/security",
					       "/usr/lib/security", "/usr/lib64/security",
					       "/lib/*/security",   "/usr/lib/*/security"};
	struct protect *protect = context;
	const char *name = strrchr(word, '/');
	char pattern[PATH_MAX];
	int err = protect_looked_up(protect, "pam", word);

	if (err)
		return err > 0 ? 0 : err;
	if (*word == '/' && !strchr(word, '$'))
		return protect_add(protect, word, "PAM module", NULL);
	name = name ? name + 1 : word;
	for (size_t i = 0; i < ARRAY_LENGTH(patterns) && !err; i++)
		if (path_join(pattern, patterns[i], name))
			err = add_pattern(protect, pattern, "PAM module");
	return err;
}

static int pam_file(void *context, const struct inventory_file *file)
{
	return file->type == INVENTORY_FILE_DIRECTORY
		       ? 0
		       : read_words(context, file->path, pam_modules, pam_module);
}

static int nss_service(void *context, const char *word)
{
	struct protect *protect = context;
	struct library library = {.protect = protect, .why = "NSS module"};
	char name[NAME_MAX];

	if (snprintf(name, sizeof(name), "libnss_%s.so.2", word) >= (int)sizeof(name))
		return 0;
	return protect_library(&library, name, NULL);
}

static int sudo_plugin(void *context, const char *word)
{
	static const char *const directories[] = {"/usr/libexec/sudo", "/usr/lib/sudo",
						  "/usr/lib64/sudo"};
	struct protect *protect = context;
	char path[PATH_MAX];
	int err = 0;

	if (*word == '/')
		return protect_add(protect, word, "sudo plug-in", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(directories) && !err; i++)
		if (path_join(path, directories[i], word))
			err = protect_add(protect, path, "sudo plug-in", NULL);
	return err;
}

static int preload_entry(void *context, const char *word)
{
	struct library library = {.protect = context,
				  .why = "preloaded into everything by /etc/ld.so.preload"};

	return protect_library(&library, word, NULL);
}

static int add_configured(struct protect *protect)
{
	static const char *const pam[] = {"/etc/pam.conf", "/etc/pam.d/*", "/usr/lib/pam.d/*",
					  "/usr/etc/pam.d/*", "/usr/share/pam.d/*"};
	int err = read_words(protect, "/etc/shells", shell_lines, shell);

	if (!err)
		err = read_words(protect, "/etc/passwd", root_shells, shell);
	for (size_t i = 0; i < ARRAY_LENGTH(pam) && !err; i++)
		err = glob_in(&protect->place, pam[i], pam_file, protect);
	if (!err)
		err = read_words(protect, "/etc/nsswitch.conf", nss_services, nss_service);
	if (!err)
		err = sudo_plugin(protect, "sudoers.so"); /* what sudo uses when nothing is named */
	if (!err)
		err = read_words(protect, "/etc/sudo.conf", sudo_plugins, sudo_plugin);
	if (!err)
		err = read_words(protect, "/etc/ld.so.preload", preload_entries, preload_entry);
	return err;
}

/* What runs now may be another file than the one of the table. */
static int add_running(struct protect *protect)
{
	char path[PATH_MAX];
	int err = host_link("/proc/1/exe", path);

	if (err)
		inventory_missed(protect->place.inventory, INVENTORY_HOST, "/proc/1/exe", err);
	else
		err = protect_add(protect, path, "init", NULL);
	if (err < 0 && err != -ENOMEM)
		err = 0;
	if (!err && !host_link("/proc/self/exe", path))
		err = protect_add(protect, path, "embargo", NULL);
	return err;
}

static int add_all(struct protect *protect)
{
	int err = protect->place.inventory->live ? add_running(protect) : 0;

	for (size_t i = 0; i < ARRAY_LENGTH(table) && !err; i++)
		err = add_pattern(protect, table[i].pattern, table[i].why);
	if (!err)
		err = add_configured(protect);
	/* The queue grows while it is worked off. */
	for (size_t i = 0; i < protect->count && !err; i++)
		err = protect_needs(protect, protect->queue[i].path, protect->queue[i].whom);
	return err;
}

int inventory_protected(struct inventory *inventory, inventory_protected_fn fn, void *context)
{
	struct protect protect = {
		.place = inventory_root_place(inventory), .fn = fn, .context = context};
	int err;

	protect.cache = place_read(&protect.place, INVENTORY_HOST, "/etc/ld.so.cache",
				   INVENTORY_JSON_MAX, &protect.cache_bytes);
	err = add_all(&protect);
	for (size_t i = 0; i < protect.count; i++) {
		free(protect.queue[i].path);
		free(protect.queue[i].whom);
	}
	free(protect.queue);
	free(protect.cache);
	names_done(&protect.known);
	seen_done(&protect.seen);
	return err;
}
