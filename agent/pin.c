/* SPDX-License-Identifier: MIT */
/* pin.c - see pin.h. */
#include "pin.h"

#include "../bpf/abi.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

void pin_map_path(char out[PIN_PATH_BYTES], const char *pins, const char *map)
{
	snprintf(out, PIN_PATH_BYTES, "%s/%d/maps/%s", pins, EMBARGO_ABI, map);
}

void pin_set_path(char out[PIN_PATH_BYTES], const char *pins, __u64 set)
{
	snprintf(out, PIN_PATH_BYTES, "%s/%d/set-%016llx", pins, EMBARGO_ABI, (unsigned long long)set);
}

void pin_set_map_path(char out[PIN_PATH_BYTES], const char *pins, __u64 set, const char *map)
{
	snprintf(out, PIN_PATH_BYTES, "%s/%d/set-%016llx/maps/%s", pins, EMBARGO_ABI, (unsigned long long)set, map);
}

static int make_directory(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int pin_prepare(const char *pins)
{
	char path[PIN_PATH_BYTES];
	struct statfs fs;
	int err = make_directory(pins);

	if (err)
		return err;
	if (statfs(pins, &fs))
		return -errno;
	if (fs.f_type != (__typeof__(fs.f_type))BPF_FS_MAGIC) {
		(void)rmdir(pins);	/* only if we made it just now: it is not empty otherwise */
		return -ENOTSUP;
	}
	snprintf(path, sizeof(path), "%s/%d", pins, EMBARGO_ABI);
	err = make_directory(path);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%d/maps", pins, EMBARGO_ABI);
	return make_directory(path);
}

int pin_set_prepare(const char *pins, __u64 set)
{
	char path[PIN_PATH_BYTES];
	int err;

	pin_set_path(path, pins, set);
	err = make_directory(path);
	pin_set_map_path(path, pins, set, "");
	return err ?: make_directory(path);
}

int pin_lock(const char *pins)
{
	int fd = open(pins, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX)) {
		int err = -errno;

		if (err == -EINTR)
			continue;
		close(fd);
		return err;
	}
	return fd;
}

void pin_unlock(int lock)
{
	if (lock < 0)
		return;
	(void)flock(lock, LOCK_UN);
	close(lock);
}

int pin_sets(const char *pins, __u64 *out_sets, size_t capacity)
{
	char path[PIN_PATH_BYTES];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d", pins, EMBARGO_ABI);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) && count < capacity) {
		unsigned long long set;
		char rest;

		if (sscanf(entry->d_name, "set-%16llx%c", &set, &rest) == 1)
			out_sets[count++] = set;
	}
	closedir(dir);
	return (int)count;
}

enum keep { KEEP_NOTHING, KEEP_DIRECTORIES };

/* Unlink what is in a directory, and then the directory itself; or leave it, and the directories in it with all they have. */
static int remove_tree(const char *path, enum keep keep)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		char child[PIN_PATH_BYTES + 256];
		struct stat status;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (lstat(child, &status))
			err = -errno;
		else if (S_ISDIR(status.st_mode))
			err = keep == KEEP_DIRECTORIES ? err : remove_tree(child, keep) ?: err;
		else if (unlink(child))
			err = -errno;
	}
	closedir(dir);
	if (keep == KEEP_NOTHING && rmdir(path) && errno != ENOENT)
		err = err ?: -errno;
	return err;
}

int pin_set_remove(const char *pins, __u64 set)
{
	char path[PIN_PATH_BYTES];

	pin_set_path(path, pins, set);
	return remove_tree(path, KEEP_NOTHING);
}

int pin_set_empty(const char *pins, __u64 set)
{
	char path[PIN_PATH_BYTES];

	pin_set_path(path, pins, set);
	return remove_tree(path, KEEP_DIRECTORIES);
}

int pin_remove_other_abis(const char *pins)
{
	struct dirent *entry;
	DIR *dir = opendir(pins);
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		char child[PIN_PATH_BYTES + 256], *end;
		unsigned long abi = strtoul(entry->d_name, &end, 10);

		if (end == entry->d_name || *end || abi == EMBARGO_ABI)
			continue;
		snprintf(child, sizeof(child), "%s/%s", pins, entry->d_name);
		err = remove_tree(child, KEEP_NOTHING) ?: err;
	}
	closedir(dir);
	return err;
}

int pin_remove_all(const char *pins)
{
	__u64 sets[SETS_MAX];
	int count = pin_sets(pins, sets, SETS_MAX), err = 0;

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		err = pin_set_remove(pins, sets[i]) ?: err;
	return remove_tree(pins, KEEP_NOTHING) ?: err;
}
