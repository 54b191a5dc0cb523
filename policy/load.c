/* SPDX-License-Identifier: MIT */
/*
 * load.c - reading files that documents are in, and that documents name.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* @expected is what the file system says; the file may grow or shrink meanwhile. */
static int read_all(int fd, size_t expected, size_t bytes_max, char **out_data, size_t *out_bytes)
{
	size_t capacity = (expected < bytes_max ? expected : bytes_max) + 4096, bytes = 0;
	char *data = malloc(capacity);

	if (!data)
		return -ENOMEM;
	for (;;) {
		ssize_t got;

		if (bytes == capacity) {
			char *grown = realloc(data, capacity * 2);

			if (!grown) {
				free(data);
				return -ENOMEM;
			}
			data = grown;
			capacity *= 2;
		}
		got = read(fd, data + bytes, capacity - bytes);
		if (got < 0) {
			int err = -errno;

			if (err == -EINTR)
				continue;
			free(data);
			return err;
		}
		bytes += (size_t)got;
		if (!got || bytes > bytes_max)
			break;
	}
	*out_data = data;
	*out_bytes = bytes;
	return 0;
}

int load_file(const char *path, size_t bytes_max, char **out_data, size_t *out_bytes)
{
	struct stat status;
	int fd, err = 0;

	/* not blocked by a pipe that somebody put there */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		err = -errno;
	else if (S_ISDIR(status.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(status.st_mode))
		err = -EINVAL;
	if (!err)
		err = read_all(fd, (size_t)status.st_size, bytes_max, out_data, out_bytes);
	(void)close(fd); /* was only read */
	return err;
}
