/* SPDX-License-Identifier: MIT */
/*
 * yaml_load.c - documents from files: regular ones of a bounded size, whatever somebody put there.
 */
#include "yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse_file(const char *path, struct diagnostics *diags, int err)
{
	diagnostics_add(diags, SEVERITY_ERROR, (struct place){.file = path}, "cannot be read: %s",
			strerror(-err));
	return err;
}

/* One byte more than a document may have is enough to know that it is too large. */
static int read_all(int fd, char **out_data, size_t *out_bytes)
{
	size_t capacity = 0, bytes = 0;
	char *data = NULL;

	for (;;) {
		ssize_t got;

		if (bytes == capacity) {
			size_t larger = capacity ? capacity * 2 : 64 * 1024;
			char *grown = realloc(data, larger);

			if (!grown) {
				free(data);
				return -ENOMEM;
			}
			data = grown;
			capacity = larger;
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
		if (!got || bytes > YAML_DOCUMENT_BYTES_MAX)
			break;
	}
	*out_data = data;
	*out_bytes = bytes;
	return 0;
}

int yaml_tree_load(const char *path, struct diagnostics *diags, struct yaml_tree **out_tree)
{
	struct stat status;
	char *data = NULL;
	size_t bytes = 0;
	int fd, err = 0;

	/* not blocked by a pipe that somebody put there */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return refuse_file(path, diags, -errno);

	if (fstat(fd, &status) < 0)
		err = -errno;
	else if (S_ISDIR(status.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(status.st_mode))
		err = -EINVAL;
	if (!err)
		err = read_all(fd, &data, &bytes);
	(void)close(fd); /* was only read */
	if (err < 0)
		return refuse_file(path, diags, err);

	err = yaml_tree_parse(path, data, bytes, diags, out_tree);
	free(data);
	return err;
}
