/* SPDX-License-Identifier: MIT */
/*
 * sink_file.c - events as JSON lines in a file. A line is one write(2) into the page cache: it is there
 * as a whole or it is taken back. Rotation renames; the chain goes on from file to file.
 */
#include "sink.h"
#include "clean.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct sink_file {
	struct sink sink;
	int fd;                  /* -1: to be opened again at the next line */
	unsigned long long size; /* of the file */
	unsigned long long rotate_bytes;
	unsigned keep;
	bool rotation_failed; /* said once */
};

static struct sink_file *to_file(struct sink *sink)
{
	return (struct sink_file *)sink;
}

static int rotated_name(const struct sink_file *file, unsigned number, char *out_name)
{
	int length = snprintf(out_name, PATH_MAX, "%s.%u", file->sink.target, number);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int open_for_events(const char *path)
{
	AUTO_FD int fd =
		open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		AUTO_FREE char *copy = strdup(path);

		if (!copy)
			return -ENOMEM;
		if (mkdir(dirname(copy), 0750) < 0)
			return -errno;
		fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	/* Two writers would tear the chain apart. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return take_fd(fd);
}

/* Find the last complete line of a file. Return: its length, 0 if there is none, or a negative errno. */
static long last_line(int fd, off_t size, char *buffer, off_t *out_end)
{
	off_t from = size > EVENT_LINE_BYTES ? size - EVENT_LINE_BYTES : 0;
	ssize_t bytes = pread(fd, buffer, size - from, from);
	char *end, *begin;

	if (bytes < 0)
		return -errno;
	end = memrchr(buffer, '\n', bytes);
	*out_end = end ? from + (end - buffer) + 1 : from;
	if (!end)
		return 0;
	begin = memrchr(buffer, '\n', end - buffer);
	begin = begin ? begin + 1 : buffer;
	memmove(buffer, begin, end - begin);
	return end - begin;
}

/* Go on with the chain where the last line of a file leaves it. */
static void resume_chain(struct sink *sink, const char *line, size_t bytes)
{
	struct chain chain;

	chain_init(&chain);
	/* As a first line it tells what it continues, if it does; whether it is true is for --verify. */
	(void)chain_check(&chain, true, line, bytes);
	if (chain.sequence)
		sink->chain = chain;
	else
		log_warning(
			"the last line of \"%s\" is not an event of this agent; a new chain begins "
			"behind it, and \"embargo events --verify\" will name that line",
			sink->target);
}

static int adopt_file(struct sink_file *file, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END), end = 0;
	long bytes;

	if (size < 0)
		return -errno;
	bytes = last_line(fd, size, file->sink.line, &end);
	if (bytes < 0)
		return bytes;
	if (end < size) {
		if (ftruncate(fd, end) < 0)
			return -errno;
		sink_missing(&file->sink, LOST_CUT_OFF, 1);
		log_warning(
			"the last line of \"%s\" was incomplete, probably after a crash; it was "
			"removed and is counted as missing",
			file->sink.target);
	}
	if (bytes > 0)
		resume_chain(&file->sink, file->sink.line, bytes);
	file->size = end;
	return 0;
}

/* The file itself is new: the youngest rotated one tells where the chain is. */
static void adopt_rotated(struct sink_file *file)
{
	char name[PATH_MAX];
	AUTO_FD int fd = -1;
	off_t end;
	long bytes;

	if (rotated_name(file, 1, name) < 0)
		return;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	bytes = last_line(fd, lseek(fd, 0, SEEK_END), file->sink.line, &end);
	if (bytes > 0)
		resume_chain(&file->sink, file->sink.line, bytes);
}

static int rotate(struct sink_file *file)
{
	char from[PATH_MAX], to[PATH_MAX];
	int err;

	for (unsigned number = file->keep; number > 1; number--) {
		err = rotated_name(file, number - 1, from);
		if (err < 0)
			return err;
		(void)rotated_name(file, number, to); /* not longer than the other one can be */
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	err = rotated_name(file, 1, to);
	if (err < 0)
		return err;
	if (file->keep ? rename(file->sink.target, to) : unlink(file->sink.target))
		return -errno;
	return 0;
}

static bool replaced(const struct sink_file *file)
{
	struct stat st;

	return file->fd >= 0 && (fstat(file->fd, &st) < 0 || !st.st_nlink);
}

static void forget(struct sink_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd); /* written to the page cache already */
	file->fd = -1;
	file->size = 0;
}

/* Make ready for a line; whether it is the first one of its file. */
static bool file_begins(struct sink *sink, size_t bytes)
{
	struct sink_file *file = to_file(sink);
	int err;

	if (replaced(file))
		forget(file);
	if (file->rotate_bytes && file->size &&
	    file->size + bytes + CHAIN_TAIL_BYTES + 1 > file->rotate_bytes) {
		err = rotate(file);
		if (err == 0)
			forget(file);
		else if (!file->rotation_failed)
			log_error("\"%s\" cannot be rotated: %s. It goes on growing; look at its "
				  "directory",
				  sink->target, strerror(-err));
		file->rotation_failed = err < 0;
	}
	return file->size == 0 || !sink->chain.sequence;
}

static int file_write(struct sink *sink, char *text, size_t bytes)
{
	struct sink_file *file = to_file(sink);
	char hash[CHAIN_HEX_BYTES + 1];
	ssize_t written;
	long length;
	int err;

	if (file->fd < 0) {
		file->fd = open_for_events(sink->target);
		if (file->fd < 0)
			return file->fd;
		file->size =
			lseek(file->fd, 0, SEEK_END); /* 0, but for a file put there meanwhile */
	}
	length = chain_seal(sink->chain.hash, text, bytes, hash);
	if (length < 0)
		return length;
	text[length++] = '\n';
	written = write(file->fd, text, length);
	if (written != length) {
		err = written < 0 ? -errno : -ENOSPC;
		/* A piece of a line is worse than none. If this fails too, the next start repairs it. */
		if (written > 0 && ftruncate(file->fd, file->size) < 0)
			log_warning("a piece of a line stays in \"%s\": %s", sink->target,
				    strerror(errno));
		return err;
	}
	file->size += length;
	memcpy(sink->chain.hash, hash, sizeof(hash));
	return 0;
}

static void file_reopen(struct sink *sink)
{
	struct sink_file *file = to_file(sink);
	struct stat named, ours;

	if (file->fd < 0 || (stat(sink->target, &named) == 0 && fstat(file->fd, &ours) == 0 &&
			     named.st_ino == ours.st_ino && named.st_dev == ours.st_dev))
		return;
	forget(file);
}

static void file_close(struct sink *sink)
{
	struct sink_file *file = to_file(sink);

	forget(file);
	sink_done(sink);
	free(file);
}

static const struct sink_ops file_ops = {
	.kind = "file",
	.write = file_write,
	.begins = file_begins,
	.reopen = file_reopen,
	.close = file_close,
};

int sink_file_open(const char *path, unsigned long long rotate_bytes, unsigned keep,
		   struct sink **out_sink)
{
	struct sink_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file)
		return -ENOMEM;
	file->fd = -1;
	file->rotate_bytes = rotate_bytes;
	file->keep = keep;
	err = sink_init(&file->sink, &file_ops, path);
	if (err < 0) {
		free(file);
		return err;
	}
	file->fd = open_for_events(path);
	err = file->fd < 0 ? file->fd : adopt_file(file, file->fd);
	if (err < 0) {
		file_close(&file->sink);
		return err;
	}
	if (!file->size)
		adopt_rotated(file);
	*out_sink = &file->sink;
	return 0;
}
