/* SPDX-License-Identifier: MIT */
/*
 * rooted.c - opens files inside a root. The kernel itself keeps the path inside (openat2, 5.6 and later), so an
 * image's absolute links lead where they lead in the image, and a hostile one cannot show us the host.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#define RACES_MAX 8 /* openat2(2): EAGAIN when something was renamed below it */

static int open_below(int root, const char *path, int flags, __u64 resolve)
{
	struct open_how how = {
		/* A pipe without a writer must not keep us. */
		.flags = (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY) | flags | O_CLOEXEC,
		.resolve = resolve,
	};
	long fd = -EAGAIN;

	for (int i = 0; i < RACES_MAX && fd == -EAGAIN; i++) {
		fd = syscall(SYS_openat2, root, *path ? path : "/", &how, sizeof(how));
		if (fd < 0)
			fd = -errno;
	}
	return fd;
}

int rooted_open(int root, const char *path, int flags)
{
	return open_below(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int rooted_open_exact(int root, const char *path, int flags)
{
	return open_below(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

/* Files grow while they are read, and those of /proc have no size. */
static int read_all(int fd, size_t max, char **out_text, size_t *out_bytes)
{
	AUTO_FREE char *text = NULL;
	size_t room = 0, bytes = 0;

	for (;;) {
		ssize_t got;

		if (room - bytes < 2) {
			char *grown;

			room = room ? room * 2 : 16384;
			grown = realloc(text, room);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		got = read(fd, text + bytes, room - bytes - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		bytes += got;
		if (bytes > max)
			return -EFBIG;
	}
	text[bytes] = 0;
	*out_text = take_ptr(text);
	*out_bytes = bytes;
	return 0;
}

int rooted_read(int root, const char *path, size_t max, char **out_text, size_t *out_bytes)
{
	AUTO_FD int fd = rooted_open(root, path, O_RDONLY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return read_all(fd, max, out_text, out_bytes);
}

int host_read(const char *path, size_t max, char **out_text, size_t *out_bytes)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : read_all(fd, max, out_text, out_bytes);
}

int host_link(const char *path, char *out_target)
{
	ssize_t bytes = readlink(path, out_target, PATH_MAX - 1);

	if (bytes < 0)
		return -errno;
	out_target[bytes] = 0;
	return 0;
}

int rooted_link(int root, const char *path, char *out_target)
{
	AUTO_FD int fd = rooted_open(root, path, O_PATH | O_NOFOLLOW);
	ssize_t bytes;

	if (fd < 0)
		return fd;
	bytes = readlinkat(fd, "", out_target, PATH_MAX - 1);
	if (bytes < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* Linux: not a link */
	out_target[bytes] = 0;
	return 0;
}

int rooted_stat(int root, const char *path, struct stat *out_stat)
{
	AUTO_FD int fd = rooted_open(root, path, O_PATH);

	if (fd < 0)
		return fd;
	return fstat(fd, out_stat) < 0 ? -errno : 0;
}

bool rooted_exists(int root, const char *path)
{
	struct stat st;

	return !rooted_stat(root, path, &st);
}

/* What the kernel calls an open file, "" for the root of the file system. */
static int real_of(int fd, char *out_path)
{
	char link[64];
	int err;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	err = host_link(link, out_path);
	if (err)
		return err;
	if (!strcmp(out_path, "/"))
		*out_path = 0;
	return 0;
}

int rooted_real(const struct inventory_place *place, const char *path, char *out_path)
{
	AUTO_FD int fd = rooted_open(place->fd, path, O_PATH);
	char root[PATH_MAX], real[PATH_MAX];
	size_t bytes;
	int err;

	if (fd < 0)
		return fd;
	err = real_of(place->fd, root);
	if (!err)
		err = real_of(fd, real);
	if (err)
		return err;
	bytes = strlen(root);
	if (strncmp(real, root, bytes) || (real[bytes] && real[bytes] != '/'))
		return -ESTALE; /* moved away meanwhile */
	strcpy(out_path, real[bytes] ? real + bytes : "/");
	return 0;
}

static unsigned char type_of(int directory, const char *name)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_REG; /* gone: whoever opens it will see */
	return IFTODT(st.st_mode);
}

int place_list(const struct inventory_place *place, enum inventory_source source, const char *path,
	       place_entry_fn fn, void *context)
{
	int fd = rooted_open(place->fd, path, O_RDONLY | O_DIRECTORY), err = 0;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		place_missed(place, source, path, fd < 0 ? fd : -errno);
		clean_fd(&fd);
		return 0;
	}
	while (!err) {
		errno = 0;
		entry = readdir(directory);
		if (!entry) {
			if (errno)
				place_missed(place, source, path, -errno);
			break;
		}
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		err = fn(context, path, entry->d_name,
			 entry->d_type == DT_UNKNOWN ? type_of(fd, entry->d_name) : entry->d_type);
	}
	(void)closedir(directory); /* only read */
	return err;
}

char *place_read(const struct inventory_place *place, enum inventory_source source,
		 const char *path, size_t max, size_t *out_bytes)
{
	char *text = NULL;
	int err = rooted_read(place->fd, path, max, &text, out_bytes);

	if (err)
		place_missed(place, source, path, err);
	return text;
}

json_t *place_json(const struct inventory_place *place, enum inventory_source source,
		   const char *path)
{
	size_t bytes;
	AUTO_FREE char *text = place_read(place, source, path, INVENTORY_JSON_MAX, &bytes);
	json_t *json;

	if (!text)
		return NULL;
	json = json_loadb(text, bytes, JSON_DISABLE_EOF_CHECK, NULL);
	if (!json)
		place_missed(place, source, path, -EBADMSG);
	return json;
}

bool path_join(char *out_path, const char *directory, const char *name)
{
	size_t a = strlen(directory), b = strlen(name);

	while (a && directory[a - 1] == '/')
		a--;
	if (a + b + 2 > PATH_MAX)
		return false;
	memmove(out_path, directory, a);
	out_path[a] = '/';
	memmove(out_path + a + 1, name, b + 1);
	return true;
}
