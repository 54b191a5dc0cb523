/* SPDX-License-Identifier: MIT */
/*
 * trust.c - see trust.h
 */
#include "trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

/*
 * Below these, who is root in a container may write as the owner of the host does: layers, volumes, whole systems.
 */
static const char *const guests[] = {
	"/var/lib/docker/",
	"/var/lib/containers/",
	"/var/lib/containerd/",
	"/var/lib/kubelet/",
	"/var/lib/machines/",
	"/var/lib/lxc/",
	"/var/lib/lxd/",
	"/var/lib/incus/",
	"/var/lib/libvirt/",
	"/var/snap/",
	"/run/",
	"/proc/",
};

static bool is_of_guest(const struct trust *trust, const char *path)
{
	const char *below = path + strlen(trust->root);

	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		if (!strncmp(below, guests[i], strlen(guests[i])))
			return true;
	return false;
}

int trust_begin(struct trust *trust, const char *root)
{
	struct stat st;

	memset(trust, 0, sizeof(*trust));
	if (!realpath(root ? root : "/", trust->root) || stat(trust->root, &st) < 0)
		return -errno;
	if (!strcmp(trust->root, "/"))
		trust->root[0] = 0;
	trust->owner = st.st_uid;
	return 0;
}

bool trust_in_file(const struct trust *trust, const struct stat *st)
{
	return st->st_uid == trust->owner && !(st->st_mode & OTHERS_WRITE);
}

static bool is_fit_directory(const struct trust *trust, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == trust->owner &&
	       (!(st.st_mode & OTHERS_WRITE) || st.st_mode & S_ISVTX);
}

/* From the directory of the file up to the root, which is among them. */
static bool are_fit(const struct trust *trust, char *path)
{
	size_t root = strlen(trust->root);
	char *slash;

	if (strncmp(path, trust->root, root) || (path[root] && path[root] != '/'))
		return false;
	strcat(path, "/"); /* there is room, trust_has() */
	if (is_of_guest(trust, path))
		return false;
	path[strlen(path) - 1] = 0;
	while (strlen(path) > root && (slash = strrchr(path, '/'))) {
		if (!is_fit_directory(trust, path))
			return false;
		*slash = 0;
	}
	return is_fit_directory(trust, root ? trust->root : "/");
}

bool trust_has(struct trust *trust, const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	size_t bytes = slash ? (size_t)(slash - path) : 0;

	if (!slash || bytes + 2 > PATH_MAX || !trust_in_file(trust, st))
		return false;
	memcpy(directory, path, bytes);
	directory[bytes] = 0;
	if (!*directory || strcmp(directory, trust->last)) {
		memcpy(trust->last, directory, bytes + 1);
		trust->last_is_fit = are_fit(trust, directory);
	}
	return trust->last_is_fit;
}
