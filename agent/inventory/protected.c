/* SPDX-License-Identifier: MIT */
/*
 * protected.c - what this host must not lose, as files: what it is named in one table, what its configuration
 * adds, and what all of these need to start (loader, libraries, interpreter). Objects only, never what they start.
 */
#include "elf_needs.h"
#include "glob.h"
#include "host_text.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define OBJECTS_MAX 65536

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

/* An object whose needs are to be looked up. */
struct object {
	char *path; /* resolved */
	char *whom; /* "shell \"/bin/sh\"": who needs it in the end */
};

struct protect {
	struct inventory_place place;
	inventory_protected_fn fn;
	void *context;
	struct seen seen;
	struct object *queue;
	size_t count, room;
	char *cache; /* of the loader; may be NULL */
	size_t cache_bytes;
	struct names known; /* libraries and modules that were looked up: most programs need the same few */
	const char *why; /* of what is being looked for */
};

static int enqueue(struct protect *protect, const char *path, const char *whom)
{
	struct object *object;

	if (protect->count == OBJECTS_MAX)
		return 0;
	if (protect->count == protect->room) {
		size_t room = protect->room ? protect->room * 2 : 64;
		struct object *grown = reallocarray(protect->queue, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		protect->queue = grown;
		protect->room = room;
	}
	object = &protect->queue[protect->count];
	*object = (struct object){.path = strdup(path), .whom = strdup(whom)};
	protect->count++;
	return object->path && object->whom ? 0 : -ENOMEM;
}

/* Tell an object if it is there and new, and remember it for its needs. @whom: NULL: it is one by itself. */
static int add(struct protect *protect, const char *named, const char *why, const char *whom)
{
	AUTO_FREE char *own = NULL;
	char real[PATH_MAX];
	struct inventory_protected object = {.path = real, .named = named, .why = why};
	struct stat st;
	int err = rooted_stat(protect->place.fd, named, &st);

	if (!err && S_ISREG(st.st_mode))
		err = rooted_real(&protect->place, named, real);
	if (err || !S_ISREG(st.st_mode)) {
		inventory_missed(protect->place.inventory, INVENTORY_HOST, named, err);
		return 0;
	}
	err = seen_add(&protect->seen, st.st_dev, st.st_ino);
	if (err <= 0)
		return err;
	object.device = st.st_dev;
	object.inode = st.st_ino;
	if (!whom && asprintf(&own, "%s \"%s\"", why, named) < 0) {
		own = NULL;
		return -ENOMEM;
	}
	err = protect->fn(protect->context, &object);
	return err ? err : enqueue(protect, real, whom ? whom : own);
}

static int add_file(void *context, const struct inventory_file *file)
{
	struct protect *protect = context;

	return file->type == INVENTORY_FILE_DIRECTORY ? 0 : add(protect, file->path, protect->why, NULL);
}

static int add_pattern(struct protect *protect, const char *pattern, const char *why)
{
	protect->why = why;
	return glob_in(&protect->place, pattern, add_file, protect);
}

/* Was it looked up before? Return: 1 yes; 0 no, and now it was; -ENOMEM. */
static int looked_up(struct protect *protect, const char *kind, const char *name)
{
	char key[PATH_MAX + 16];

	snprintf(key, sizeof(key), "%s %s", kind, name);
	for (size_t i = 0; i < protect->known.count; i++)
		if (!strcmp(protect->known.list[i], key))
			return 1;
	return names_add(&protect->known, key);
}

/* ---------------------------------------------------------------- what an object needs */

struct library {
	struct protect *protect;
	const struct elf_needs *needs; /* NULL: whatever machine */
	const char *why, *whom;
	bool found;
};

static int try_library(void *context, const char *path)
{
	struct library *library = context;
	AUTO_FD int fd = rooted_open(library->protect->place.fd, path, O_RDONLY);

	if (fd < 0 || (library->needs && !elf_is_alike(fd, library->needs)))
		return 0;
	library->found = true;
	return add(library->protect, path, library->why, library->whom);
}

static int try_in(struct library *library, const char *directory, const char *name)
{
	char path[PATH_MAX];

	return path_join(path, directory, name) ? try_library(library, path) : 0;
}

/* ld.so(8): $ORIGIN is the directory of the program, $LIB and $PLATFORM differ by machine. */
static bool expand_origin(const char *directory, const char *of, char *out_path)
{
	static const char *const tokens[] = {"$ORIGIN", "${ORIGIN}"};
	const char *slash = strrchr(of, '/');

	for (size_t i = 0; i < ARRAY_LENGTH(tokens); i++) {
		size_t bytes = strlen(tokens[i]);

		if (!strncmp(directory, tokens[i], bytes))
			return snprintf(out_path, PATH_MAX, "%.*s%s", (int)(slash ? slash - of : 0), of,
					directory + bytes) < PATH_MAX;
	}
	return *directory == '/' && !strchr(directory, '$') &&
	       snprintf(out_path, PATH_MAX, "%s", directory) < PATH_MAX;
}

static int try_standard(struct library *library, const char *name)
{
	static const char *const directories[] = {
		"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
		"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(directories) && !err && !library->found; i++)
		err = try_in(library, directories[i], name);
	return err;
}

/* Where nothing but the name and the machine says which file it is. */
static int known_library(const struct library *library, const char *name)
{
	char kind[32];

	if (!library->needs || library->needs->directories.count)
		return 0;
	snprintf(kind, sizeof(kind), "%u-%u", library->needs->class, library->needs->machine);
	return looked_up(library->protect, kind, name);
}

/* @of: the path of what needs it, or NULL. */
static int add_library(struct library *library, const char *name, const char *of)
{
	const struct protect *protect = library->protect;
	char directory[PATH_MAX];
	int err = known_library(library, name);

	if (err)
		return err > 0 ? 0 : err;
	library->found = false;
	if (strchr(name, '/'))
		return *name == '/' ? try_library(library, name) : 0;
	for (size_t i = 0; of && i < library->needs->directories.count && !err && !library->found; i++)
		if (expand_origin(library->needs->directories.list[i], of, directory))
			err = try_in(library, directory, name);
	/* The cache may know several, for kinds of processors: which one is used does not matter here. */
	if (!err && !library->found && protect->cache)
		err = ldcache_find(protect->cache, protect->cache_bytes, name, try_library, library);
	if (!err && !library->found)
		err = try_standard(library, name);
	return err;
}

static int add_libraries(struct protect *protect, const char *path, const char *whom, const struct elf_needs *needs)
{
	AUTO_FREE char *why = NULL;
	struct library library = {.protect = protect, .needs = needs, .whom = whom};
	int err = 0;

	if (asprintf(&why, "library that %s needs", whom) < 0) {
		why = NULL;
		return -ENOMEM;
	}
	library.why = why;
	if (needs->loader)
		err = add(protect, needs->loader, "dynamic loader", whom);
	for (size_t i = 0; i < needs->libraries.count && !err; i++)
		err = add_library(&library, needs->libraries.list[i], path);
	return err;
}

/* "#!/usr/bin/python3 -s": a script is nothing without it. */
static int add_interpreter(struct protect *protect, int fd, const char *whom)
{
	AUTO_FREE char *why = NULL;
	char line[256], path[PATH_MAX], *save, *word;
	ssize_t bytes = pread(fd, line, sizeof(line) - 1, 0);

	if (bytes < 4 || memcmp(line, "#!", 2))
		return 0;
	line[bytes] = 0;
	line[strcspn(line, "\n")] = 0;
	word = strtok_r(line + 2, " \t", &save);
	if (!word || asprintf(&why, "interpreter of %s", whom) < 0) {
		why = NULL;
		return word ? -ENOMEM : 0;
	}
	if (!strcmp(word, "/usr/bin/env")) {
		word = strtok_r(NULL, " \t", &save);
		if (!word || !path_join(path, "/usr/bin", word))
			return 0;
		word = path;
	}
	return *word == '/' ? add(protect, word, why, whom) : 0;
}

static int add_needs(struct protect *protect, const char *path, const char *whom)
{
	AUTO_FD int fd = rooted_open(protect->place.fd, path, O_RDONLY);
	struct elf_needs needs;
	int err;

	if (fd < 0) {
		inventory_missed(protect->place.inventory, INVENTORY_HOST, path, fd);
		return 0;
	}
	err = elf_needs_read(fd, &needs);
	if (err == -ENOEXEC)
		return add_interpreter(protect, fd, whom);
	if (err)
		return err;
	err = add_libraries(protect, path, whom, &needs);
	elf_needs_done(&needs);
	return err;
}

/* ---------------------------------------------------------------- what the configuration names */

typedef int (*parse_fn)(char *text, size_t bytes, word_fn fn, void *context);

static int read_words(struct protect *protect, const char *path, parse_fn parse, word_fn fn)
{
	size_t bytes;
	AUTO_FREE char *text = place_read(&protect->place, INVENTORY_HOST, path, INVENTORY_TEXT_MAX, &bytes);

	return text ? parse(text, bytes, fn, protect) : 0;
}

static int shell(void *context, const char *word)
{
	return add(context, word, "shell", NULL);
}

/* Where PAM looks for a module that is named without a directory; "$ISA" stands for nothing or "64". */
static int pam_module(void *context, const char *word)
{
	static const char *const patterns[] = {"/lib/security", "/lib64/security", "/usr/lib/security",
					       "/usr/lib64/security", "/lib/*/security", "/usr/lib/*/security"};
	struct protect *protect = context;
	const char *name = strrchr(word, '/');
	char pattern[PATH_MAX];
	int err = looked_up(protect, "pam", word);

	if (err)
		return err > 0 ? 0 : err;
	if (*word == '/' && !strchr(word, '$'))
		return add(protect, word, "PAM module", NULL);
	name = name ? name + 1 : word;
	for (size_t i = 0; i < ARRAY_LENGTH(patterns) && !err; i++)
		if (path_join(pattern, patterns[i], name))
			err = add_pattern(protect, pattern, "PAM module");
	return err;
}

static int pam_file(void *context, const struct inventory_file *file)
{
	return file->type == INVENTORY_FILE_DIRECTORY ? 0 :
							read_words(context, file->path, pam_modules, pam_module);
}

static int nss_service(void *context, const char *word)
{
	struct protect *protect = context;
	struct library library = {.protect = protect, .why = "NSS module"};
	char name[NAME_MAX];

	if (snprintf(name, sizeof(name), "libnss_%s.so.2", word) >= (int)sizeof(name))
		return 0;
	return add_library(&library, name, NULL);
}

static int sudo_plugin(void *context, const char *word)
{
	static const char *const directories[] = {"/usr/libexec/sudo", "/usr/lib/sudo", "/usr/lib64/sudo"};
	struct protect *protect = context;
	char path[PATH_MAX];
	int err = 0;

	if (*word == '/')
		return add(protect, word, "sudo plug-in", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(directories) && !err; i++)
		if (path_join(path, directories[i], word))
			err = add(protect, path, "sudo plug-in", NULL);
	return err;
}

static int preload_entry(void *context, const char *word)
{
	struct library library = {.protect = context, .why = "preloaded into everything by /etc/ld.so.preload"};

	return add_library(&library, word, NULL);
}

static int add_configured(struct protect *protect)
{
	static const char *const pam[] = {"/etc/pam.conf", "/etc/pam.d/*", "/usr/lib/pam.d/*", "/usr/etc/pam.d/*",
					  "/usr/share/pam.d/*"};
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
		err = add(protect, path, "init", NULL);
	if (err < 0 && err != -ENOMEM)
		err = 0;
	if (!err && !host_link("/proc/self/exe", path))
		err = add(protect, path, "embargo", NULL);
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
		err = add_needs(protect, protect->queue[i].path, protect->queue[i].whom);
	return err;
}

int inventory_protected(struct inventory *inventory, inventory_protected_fn fn, void *context)
{
	struct protect protect = {.place = inventory_root_place(inventory), .fn = fn, .context = context};
	int err;

	protect.cache = place_read(&protect.place, INVENTORY_HOST, "/etc/ld.so.cache", INVENTORY_JSON_MAX,
				   &protect.cache_bytes);
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
