/* SPDX-License-Identifier: MIT */
/*
 * client.c - one question to the agent and its answer. The answer is read even if the question could
 * not be sent: an agent that refuses to talk says why and hangs up.
 */
#include "client.h"
#include "clean.h"
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int client_connect(const char *run)
{
	struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_FD int fd = -1;
	size_t room = sizeof(address.sun_path);

	if (snprintf(address.sun_path, room, "%s/%s", run, CONTROL_SOCKET) >= (int)room)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ECONNREFUSED || errno == ENOTDIR ? -ENOENT : -errno;
	return take_fd(fd);
}

static int client_send_all(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t sent = send(fd, text, bytes, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		text += sent;
		bytes -= sent;
	}
	return 0;
}

/* Return: length of the line in @buffer, or a negative errno. */
static long client_receive_line(int fd, char *buffer, size_t room)
{
	size_t bytes = 0;

	for (;;) {
		ssize_t more = recv(fd, buffer + bytes, room - bytes, 0);
		char *end;

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		end = memchr(buffer + bytes, '\n', more);
		bytes += more;
		if (end)
			return end - buffer;
		if (!more || bytes == room)
			return -EPROTO;
	}
}

int client_call(const char *run, const json_t *request, json_t **out_reply)
{
	AUTO_FREE char *question = json_dumps(request, JSON_COMPACT);
	AUTO_FREE char *buffer = malloc(CONTROL_REPLY_BYTES + 1);
	AUTO_JSON json_t *reply = NULL;
	AUTO_FD int fd = -1;
	long bytes;
	int err;

	if (!question || !buffer)
		return -ENOMEM;
	fd = client_connect(run);
	if (fd < 0)
		return fd;
	err = client_send_all(fd, question, strlen(question));
	if (err == 0)
		err = client_send_all(fd, "\n", 1);
	if (err < 0 && err != -EPIPE && err != -ECONNRESET)
		return err;
	bytes = client_receive_line(fd, buffer, CONTROL_REPLY_BYTES + 1);
	if (bytes < 0)
		return bytes;
	reply = json_loadb(buffer, bytes, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_boolean(json_object_get(reply, "ok")))
		return -EPROTO;
	*out_reply = take_ptr(reply);
	return 0;
}
