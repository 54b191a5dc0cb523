/* SPDX-License-Identifier: MIT */
/* resolver.c - see resolver.h */
#include "resolver.h"
#include "apart.h"
#include "clean.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

static const char question[] = "{\"method\":\"io.systemd.Resolve.Monitor.DumpCache\",\"parameters\":{}}";

int resolver_connect(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = RESOLVER_SOCKET};
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(fd);
}

/* What the service manager has opened; -1: nothing of this name. All of it is marked to be closed when something is executed. */
static int passed(void)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names), found = -1;

	for (int i = 0; i < count; i++) {
		if (found < 0 && !strcmp(names[i], RESOLVER_FD_NAME) && sd_is_socket(SD_LISTEN_FDS_START + i, AF_UNIX, SOCK_STREAM, 0) > 0)
			found = SD_LISTEN_FDS_START + i;
		free(names[i]);
	}
	free(names);
	return found;
}

int resolver_open(void)
{
	int fd = passed();

	return fd >= 0 ? fd : resolver_connect();
}

/* Until it can be read or written. Return: 0; -ETIMEDOUT; -errno. */
static int wait_for(int fd, short events, long long deadline_ms)
{
	struct pollfd one = {.fd = fd, .events = events};
	long long left = deadline_ms - apart_now_ms();

	if (left <= 0)
		return -ETIMEDOUT;
	return poll(&one, 1, (int)left) < 0 && errno != EINTR ? -errno : 0;
}

static int send_question(int fd, long long deadline_ms)
{
	size_t done = 0;
	int err = 0;

	while (!err && done < sizeof(question)) {	/* with its zero byte */
		ssize_t sent = send(fd, question + done, sizeof(question) - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			done += (size_t)sent;
		else if (errno == EAGAIN)
			err = wait_for(fd, POLLOUT, deadline_ms);
		else if (errno != EINTR)
			err = errno == EPIPE ? -ECONNRESET : -errno;
	}
	return err;
}

struct reply {
	char *text;
	size_t bytes, room;
};

static int make_room(struct reply *reply)
{
	size_t room = reply->room ? 2 * reply->room : 65536;
	char *more;

	if (reply->bytes < reply->room)
		return 0;
	if (reply->bytes >= RESOLVER_REPLY_MAX)
		return -E2BIG;
	more = realloc(reply->text, room);
	if (!more)
		return -ENOMEM;
	reply->text = more;
	reply->room = room;
	return 0;
}

/* Return: 1 when the zero byte is there, 0 when not, or a negative errno. */
static int receive_more(int fd, struct reply *reply, long long deadline_ms)
{
	int err = make_room(reply) ?: wait_for(fd, POLLIN, deadline_ms);
	ssize_t got;

	if (err)
		return err;
	got = recv(fd, reply->text + reply->bytes, reply->room - reply->bytes, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got)
		return -ECONNRESET;
	reply->bytes += (size_t)got;
	return !reply->text[reply->bytes - 1];
}

int resolver_ask(int fd, long long deadline_ms, char **out_text, size_t *out_bytes)
{
	struct reply reply = {0};
	int got = send_question(fd, deadline_ms);

	while (!got)
		got = receive_more(fd, &reply, deadline_ms);
	if (got < 0) {
		free(reply.text);
		return got;
	}
	*out_text = reply.text;
	*out_bytes = reply.bytes - 1;
	return 0;
}
