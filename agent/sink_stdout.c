/* SPDX-License-Identifier: MIT */
/*
 * sink_stdout.c - events as JSON lines on standard output, which may be a terminal, a pipe, a socket of
 * journald or a file. A reader that does not read costs events, which are counted, and never time.
 */
#include "sink.h"
#include "clean.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct sink_stdout {
	struct sink sink;
	int fd;
	bool socket;
	char *rest; /* EVENT_LINE_BYTES: the end of a line that a pipe took in part */
	size_t rest_bytes;
};

static ssize_t put(const struct sink_stdout *out, const char *text, size_t bytes)
{
	ssize_t done = out->socket ? send(out->fd, text, bytes, MSG_DONTWAIT | MSG_NOSIGNAL)
				   : write(out->fd, text, bytes);

	return done < 0 ? -errno : done;
}

static int put_rest(struct sink_stdout *out)
{
	ssize_t done;

	if (!out->rest_bytes)
		return 0;
	done = put(out, out->rest, out->rest_bytes);
	if (done < 0)
		return done;
	out->rest_bytes -= done;
	memmove(out->rest, out->rest + done, out->rest_bytes);
	return out->rest_bytes ? -EAGAIN : 0;
}

static int stdout_write(struct sink *sink, char *text, size_t bytes)
{
	struct sink_stdout *out = (struct sink_stdout *)sink;
	ssize_t done;
	int err;

	err = put_rest(out);
	if (err < 0)
		return err;
	text[bytes++] = '\n';
	done = put(out, text, bytes);
	if (done < 0)
		return done;
	/* Begun is as good as delivered: the rest goes first next time, so lines stay whole. */
	out->rest_bytes = bytes - done;
	memcpy(out->rest, text + done, out->rest_bytes);
	return 0;
}

static void stdout_close(struct sink *sink)
{
	struct sink_stdout *out = (struct sink_stdout *)sink;

	(void)put_rest(out); /* the last chance; there is nobody left to tell */
	if (out->fd >= 0)
		(void)close(out->fd);
	free(out->rest);
	sink_done(sink);
	free(out);
}

static const struct sink_ops stdout_ops = {
	.kind = "stdout",
	.write = stdout_write,
	.close = stdout_close,
};

/*
 * O_NONBLOCK belongs to the open file, which a terminal or pipe shares with other processes: so it is
 * opened again. Where that is impossible, and for regular files, a copy has to do.
 */
static int open_again(bool *out_socket)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return -errno;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	*out_socket = S_ISSOCK(st.st_mode);
	return fd < 0 ? -errno : fd;
}

int sink_stdout_open(struct sink **out_sink)
{
	struct sink_stdout *out = calloc(1, sizeof(*out));
	int err;

	if (!out)
		return -ENOMEM;
	out->fd = -1;
	err = sink_init(&out->sink, &stdout_ops, "standard output");
	if (err < 0) {
		free(out);
		return err;
	}
	out->rest = malloc(EVENT_LINE_BYTES);
	out->fd = out->rest ? open_again(&out->socket) : -ENOMEM;
	if (out->fd < 0) {
		err = out->fd;
		stdout_close(&out->sink);
		return err;
	}
	*out_sink = &out->sink;
	return 0;
}
