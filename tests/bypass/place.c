/* SPDX-License-Identifier: MIT */
/*
 * place.c - tricks in where the embargoed file seems to lie: another root, mounts that have no place in any
 * tree, many containers at once.
 */
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

#define CONTAINERS 300

extern char **environ;

static char *directory_of(const char *file)
{
	char *directory = strdup(file);

	if (!directory)
		die("strdup");
	*strrchr(directory, '/') = '\0';
	return directory;
}

static int run_here(const char *path)
{
	char *const arguments[] = {"tool", NULL};

	execve(path, arguments, environ);
	perror("attempt: execve");
	return 126;
}

/*
 * Its directory becomes the root of the mount namespace. In a guest the root is the first of all file systems, which
 * cannot be exchanged; that of a directory mounted on itself can, once it is the process's root.
 */
static int pivot_root_to(const char *file)
{
	char *directory = directory_of(file);

	if (mkdir("root", 0755) || mount(directory, "root", NULL, MS_BIND, NULL) || chdir("root"))
		die("mount");
	if (mkdir("new", 0755) || mount(".", "new", NULL, MS_BIND, NULL) || mkdir("new/old", 0755))
		die("mount");
	if (chroot(".") || syscall(SYS_pivot_root, "new", "new/old") || chdir("/") || chroot("/"))
		die("pivot_root");
	if (umount2("/old", MNT_DETACH))
		die("umount2");
	return run_here("/agent");
}

/* A copy of the mount that is in no namespace: the path to the file ends at the file's own directory. */
static int detached(const char *file, const char *name)
{
	char *directory = directory_of(file), *const arguments[] = {"tool", NULL};
	long fd = syscall(SYS_open_tree, AT_FDCWD, directory, OPEN_TREE_CLONE | O_CLOEXEC);

	if (fd < 0)
		die("open_tree");
	fd = openat((int)fd, name, O_RDONLY);
	if (fd < 0)
		die(name);
	syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
	perror("attempt: execveat");
	return 126;
}

static int detached_mount(const char *file)
{
	return detached(file, "agent");
}

/* By a number instead of a name, as file servers do. */
static int open_by_handle(const char *file)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} place = {.handle = {.handle_bytes = sizeof(place.bytes)}};
	int mount_id, fd;
	char *directory = directory_of(file);

	if (name_to_handle_at(AT_FDCWD, file, &place.handle, &mount_id, 0))
		die("name_to_handle_at");
	fd = open_by_handle_at(open(directory, O_RDONLY | O_DIRECTORY), &place.handle, O_RDONLY);
	if (fd < 0)
		die("open_by_handle_at");
	return run_fd(fd);
}

/* One container: a cgroup, a mount namespace and a root of its own. */
static void container(const char *base, const char *root, int number, const char *program)
{
	char group[4096], own[64];
	int fd;

	snprintf(group, sizeof(group), "%s/container-%d", base, number);
	snprintf(own, sizeof(own), "root-%d", number);
	if ((mkdir(group, 0755) && errno != EEXIST) || mkdir(own, 0755) || unshare(CLONE_NEWNS))
		die(group);
	strcat(group, "/cgroup.procs");
	fd = open(group, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(group);
	if (mount(root, own, NULL, MS_BIND, NULL) || chroot(own) || chdir("/"))
		die("chroot");
	_exit(run_here(program));
}

/* Not one of them may run it, and no table may be too small for so many. The rule names a path in containers. */
static int containers(const char *file)
{
	const char *base = getenv("CG");
	char *root = directory_of(file), program[4096], group[4096];
	int status = 0;

	/* root is .../NAME/bypass/NAME: the path inside begins at the last "/bypass/" */
	snprintf(program, sizeof(program), "%s",
		 strstr(root, "/bypass/") ? strstr(root, "/bypass/") : "/");
	root[strlen(root) - strlen(program)] = '\0';
	strcat(program, "/agent");
	for (int i = 0; i < CONTAINERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			container(base ? base : "/sys/fs/cgroup", root, i, program);
		status |= wait_for(pid);
		snprintf(group, sizeof(group), "%s/container-%d", base ? base : "/sys/fs/cgroup",
			 i);
		rmdir(group);
	}
	return status;
}

static int open_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		die(directory);
	return fd;
}

/* No trick: the names in a directory, which must be empty, have no case from now on. */
static int set_casefold(const char *directory)
{
	int fd = open_directory(directory), flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		die("FS_IOC_GETFLAGS");
	flags |= FS_CASEFOLD_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		die("FS_IOC_SETFLAGS");
	return 0;
}

/* Beside the file's directory, on the same file system, a name for something of this trick. */
static void beside(const char *file, char *out_path, size_t size)
{
	static int number;
	char *directory = directory_of(file);

	snprintf(out_path, size, "%s-%d-%d", directory, (int)getpid(), number++);
	free(directory);
}

static int reflink(const char *file)
{
	char copy[4096];
	int from = open(file, O_RDONLY), to;

	beside(file, copy, sizeof(copy));
	to = open(copy, O_WRONLY | O_CREAT | O_EXCL, 0755);
	if (from < 0 || to < 0 || ioctl(to, FICLONE, from))
		die("FICLONE");
	close(to);
	return run_here(copy);
}

/* No trick: a subvolume in the file's directory, with a copy of the file. It has a device number of its own. */
static int make_subvolume(const char *file)
{
	struct btrfs_ioctl_vol_args arguments = {.name = "volume"};
	char *directory = directory_of(file), copy[4096];
	int fd;

	if (ioctl(open_directory(directory), BTRFS_IOC_SUBVOL_CREATE, &arguments))
		die("BTRFS_IOC_SUBVOL_CREATE");
	snprintf(copy, sizeof(copy), "%s/volume/tool", directory);
	fd = open(copy, O_WRONLY | O_CREAT, 0755);
	if (fd < 0)
		die(copy);
	copy_to(file, fd);
	/* unlike the file outside, so that its content says nothing */
	if (pwrite(fd, "#", 1, lseek(fd, 0, SEEK_END) - 2) != 1)
		die(copy);
	return 0;
}

static int subvolume_renamed(const char *file)
{
	char from[4096], to[4096];

	snprintf(from, sizeof(from), "%s", file);
	strcpy(strrchr(from, '/'), "/volume");
	beside(file, to, sizeof(to));
	if (rename(from, to))
		die("rename");
	strcat(to, "/tool");
	return run_here(to);
}

/* Everything as it is, once more: .../embargoed/NAME/agent in a snapshot of all. */
static int snapshot(const char *file)
{
	struct btrfs_ioctl_vol_args_v2 arguments = {0};
	char path[4096], *top, *inside;

	snprintf(path, sizeof(path), "%s", file);
	top = strstr(path, "/embargoed/");
	if (!top)
		die("the file is not where it was expected");
	*top = '\0';
	inside = top + 1;
	arguments.fd = open_directory(path);
	snprintf(arguments.name, sizeof(arguments.name), "snapshot-%d", (int)getpid());
	if (ioctl((int)arguments.fd, BTRFS_IOC_SNAP_CREATE_V2, &arguments))
		die("BTRFS_IOC_SNAP_CREATE_V2");
	if (chdir(path) || chdir(arguments.name))
		die("the snapshot");
	return run_here(inside);
}

const struct trick place_tricks[] = {
	{"set-casefold", set_casefold},     {"reflink", reflink},
	{"make-subvolume", make_subvolume}, {"btrfs-subvolume", subvolume_renamed},
	{"btrfs-subvolume-untold", subvolume_renamed},
	{"btrfs-snapshot", snapshot},       {"pivot-root", pivot_root_to},
	{"detached-mount", detached_mount}, {"open-by-handle", open_by_handle},
	{"containers-300", containers},     {NULL, NULL},
};
