/* SPDX-License-Identifier: MIT */
/*
 * protect_needs.c - objects of the protected set, and what they need to start, found as ld.so(8) finds it: RUNPATH,
 * the cache, the standard directories.
 */
#include "elf_needs.h"
#include "host_text.h"
#include "protect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define OBJECTS_MAX 65536

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

int protect_add(struct protect *protect, const char *named, const char *why, const char *whom)
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

int protect_looked_up(struct protect *protect, const char *kind, const char *name)
{
	char key[PATH_MAX + 16];

	snprintf(key, sizeof(key), "%s %s", kind, name);
	for (size_t i = 0; i < protect->known.count; i++)
		if (!strcmp(protect->known.list[i], key))
			return 1;
	return names_add(&protect->known, key);
}

/* ---------------------------------------------------------------- what an object needs */

static int try_library(void *context, const char *path)
{
	struct library *library = context;
	AUTO_FD int fd = rooted_open(library->protect->place.fd, path, O_RDONLY);

	if (fd < 0 || (library->needs && !elf_is_alike(fd, library->needs)))
		return 0;
	library->found = true;
	return protect_add(library->protect, path, library->why, library->whom);
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
			return snprintf(out_path, PATH_MAX, "%.*s%s", (int)(slash ? slash - of : 0),
					of, directory + bytes) < PATH_MAX;
	}
	return *directory == '/' && !strchr(directory, '$') &&
	       snprintf(out_path, PATH_MAX, "%s", directory) < PATH_MAX;
}

static int try_standard(struct library *library, const char *name)
{
	static const char *const directories[] = {
		"/lib64",
		"/usr/lib64",
		"/lib",
		"/usr/lib",
		"/lib/x86_64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu",
		"/lib/aarch64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu",
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
	return protect_looked_up(library->protect, kind, name);
}

int protect_library(struct library *library, const char *name, const char *of)
{
	const struct protect *protect = library->protect;
	char directory[PATH_MAX];
	int err = known_library(library, name);

	if (err)
		return err > 0 ? 0 : err;
	library->found = false;
	if (strchr(name, '/'))
		return *name == '/' ? try_library(library, name) : 0;
	for (size_t i = 0; of && i < library->needs->directories.count && !err && !library->found;
	     i++)
		if (expand_origin(library->needs->directories.list[i], of, directory))
			err = try_in(library, directory, name);
	/* The cache may know several, for kinds of processors: which one is used does not matter here. */
	if (!err && !library->found && protect->cache)
		err = ldcache_find(protect->cache, protect->cache_bytes, name, try_library,
				   library);
	if (!err && !library->found)
		err = try_standard(library, name);
	return err;
}

static int add_libraries(struct protect *protect, const char *path, const char *whom,
			 const struct elf_needs *needs)
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
		err = protect_add(protect, needs->loader, "dynamic loader", whom);
	for (size_t i = 0; i < needs->libraries.count && !err; i++)
		err = protect_library(&library, needs->libraries.list[i], path);
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
	return *word == '/' ? protect_add(protect, word, why, whom) : 0;
}

int protect_needs(struct protect *protect, const char *path, const char *whom)
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
