/* SPDX-License-Identifier: MIT */
/*
 * control.c - the control socket in the agent's loop. A conversation is: read one line into a bounded
 * buffer, answer, and only when the answer is gone read the next one. Each conversation has a deadline.
 */
#include "control.h"
#include "clean.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PEER_GROUPS_MAX 1024

struct client {
	struct control *control; /* NULL: free */
	int fd;
	struct control_peer peer;
	sd_event_source *io, *deadline;
	size_t in_bytes;
	char *out; /* answer under way, owned; NULL: reading */
	size_t out_bytes, out_done;
	char in[CONTROL_REQUEST_BYTES];
};

struct control {
	sd_event *loop;
	sd_event_source *io;
	int fd;
	gid_t readers;
	bool has_readers;
	const struct control_request *table;
	size_t count;
	void *context;
	struct sockaddr_un address;
	struct client *clients[CONTROL_CLIENTS_MAX];
};

json_t *control_refuse(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

json_t *control_answer(const struct control_request *table, size_t count, void *context,
		       const struct control_peer *peer, const char *line, size_t bytes)
{
	AUTO_JSON json_t *request = NULL;
	const char *name;
	json_error_t wrong;

	if (!peer->reads && !peer->changes)
		return control_refuse("only root and members of the group \"%s\" may ask the agent",
				      CONTROL_GROUP);
	request = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &wrong);
	if (!json_is_object(request))
		return control_refuse("the request is not a JSON object on one line");
	name = json_string_value(json_object_get(request, "do"));
	if (!name)
		return control_refuse("the request does not say what to do: {\"do\": \"status\"}");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, table[i].name))
			continue;
		if (table[i].changes && !peer->changes)
			return control_refuse("only root may do this; you may only ask for the "
					      "status");
		return table[i].handle(context, request, peer);
	}
	return control_refuse("this agent does not know that request; agent and command are "
			      "probably of different versions");
}

static void client_end(struct client *client)
{
	struct control *control = client->control;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i] == client)
			control->clients[i] = NULL;
	sd_event_source_disable_unref(client->io);
	sd_event_source_disable_unref(client->deadline);
	(void)close(client->fd);
	free(client->out);
	free(client);
}

/* Return: 1 when the answer is gone, 0 when the peer has to read first, or a negative errno. */
static int client_send(struct client *client)
{
	while (client->out_done < client->out_bytes) {
		ssize_t sent =
			send(client->fd, client->out + client->out_done,
			     client->out_bytes - client->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? 0 : -errno;
		client->out_done += sent;
	}
	free(take_ptr(client->out));
	return 1;
}

/* Take ownership of an answer and begin to send it. */
static int client_reply(struct client *client, json_t *taken)
{
	AUTO_JSON json_t *answer = taken;
	size_t bytes;

	if (!answer)
		return -ENOMEM;
	client->out = json_dumps(answer, JSON_COMPACT);
	if (!client->out)
		return -ENOMEM;
	bytes = strlen(client->out);
	if (bytes > CONTROL_REPLY_BYTES) {
		free(take_ptr(client->out));
		return client_reply(client, control_refuse("the answer is too long to be sent"));
	}
	client->out[bytes] = '\n'; /* in place of the zero: the length is known */
	client->out_bytes = bytes + 1;
	client->out_done = 0;
	return client_send(client);
}

/* Answer the complete lines that are there. Return: as client_send(). */
static int client_lines(struct client *client)
{
	struct control *control = client->control;
	char *end;
	int err;

	while ((end = memchr(client->in, '\n', client->in_bytes))) {
		size_t bytes = end - client->in;

		err = client_reply(client,
				   control_answer(control->table, control->count, control->context,
						  &client->peer, client->in, bytes));
		client->in_bytes -= bytes + 1;
		memmove(client->in, end + 1, client->in_bytes);
		if (err <= 0)
			return err;
	}
	if (client->in_bytes < sizeof(client->in))
		return 1;
	/* Nothing that long is a request, and where the next one begins is not known. */
	(void)client_reply(client, control_refuse("the request is longer than %d bytes",
						  CONTROL_REQUEST_BYTES));
	return -EMSGSIZE;
}

static int client_receive(struct client *client)
{
	ssize_t bytes = recv(client->fd, client->in + client->in_bytes,
			     sizeof(client->in) - client->in_bytes, MSG_DONTWAIT);

	if (bytes < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	if (bytes == 0)
		return -ECONNRESET;
	client->in_bytes += bytes;
	return client_lines(client);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct client *client = userdata;
	int err;

	if (client->out) {
		err = client_send(client);
		if (err == 1)
			err = client_lines(client);
	} else {
		err = client_receive(client);
	}
	if (err >= 0)
		err = sd_event_source_set_io_events(client->io, client->out ? EPOLLOUT : EPOLLIN);
	if (err < 0)
		client_end(client);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	client_end(userdata);
	return 0;
}

static bool in_group(int fd, const struct control *control, gid_t primary)
{
	gid_t groups[PEER_GROUPS_MAX];
	socklen_t bytes = sizeof(groups);

	if (!control->has_readers)
		return false;
	if (primary == control->readers)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0)
		return false;
	for (size_t i = 0; i < bytes / sizeof(groups[0]); i++)
		if (groups[i] == control->readers)
			return true;
	return false;
}

static int identify(int fd, const struct control *control, struct control_peer *out_peer)
{
	struct ucred cred;
	socklen_t bytes = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &bytes) < 0)
		return -errno;
	*out_peer = (struct control_peer){.pid = cred.pid, .uid = cred.uid, .gid = cred.gid};
	out_peer->changes = cred.uid == 0;
	out_peer->reads = out_peer->changes || in_group(fd, control, cred.gid);
	return 0;
}

/* Said at once and without a place in the table, so that strangers cannot keep others out. */
static void turn_away(int fd, json_t *taken)
{
	AUTO_JSON json_t *answer = taken;
	AUTO_FREE char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	if (!text)
		return;
	(void)send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL); /* a courtesy */
	(void)send(fd, "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int client_begin(struct control *control, int fd, const struct control_peer *peer,
			struct client **slot)
{
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->control = control;
	client->fd = fd;
	client->peer = *peer;
	err = sd_event_add_io(control->loop, &client->io, fd, EPOLLIN, on_client, client);
	if (err >= 0)
		err = sd_event_add_time_relative(control->loop, &client->deadline, CLOCK_MONOTONIC,
						 CONTROL_PATIENCE_S * 1000000ull, 1000000,
						 on_deadline, client);
	if (err < 0) {
		sd_event_source_disable_unref(client->io);
		free(client);
		return err;
	}
	*slot = client;
	return 0;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t events, void *userdata)
{
	struct control *control = userdata;
	struct client **slot = NULL;
	struct control_peer peer;
	AUTO_FD int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 || identify(fd, control, &peer) < 0)
		return 0; /* gone again */
	if (!peer.reads) {
		turn_away(fd, control_answer(NULL, 0, NULL, &peer, "", 0));
		return 0;
	}
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX && !slot; i++)
		if (!control->clients[i])
			slot = &control->clients[i];
	if (!slot) {
		turn_away(fd, control_refuse("%d others are talking to the agent; try again",
					     CONTROL_CLIENTS_MAX));
		return 0;
	}
	if (client_begin(control, fd, &peer, slot) == 0)
		(void)take_fd(fd);
	return 0;
}

/* From the file, not by getgrnam(): the group is a local one, and name services cost memory. */
static void find_readers(struct control *control)
{
	AUTO_FILE FILE *file = fopen("/etc/group", "re");
	struct group *group;

	while (file && (group = fgetgrent(file))) {
		if (strcmp(group->gr_name, CONTROL_GROUP))
			continue;
		control->readers = group->gr_gid;
		control->has_readers = true;
	}
}

static int bind_socket(struct control *control)
{
	const struct sockaddr *address = (const struct sockaddr *)&control->address;
	socklen_t bytes = sizeof(control->address);
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* A socket file that nobody answers on is left over from an agent that was killed. */
	if (connect(fd, address, bytes) == 0)
		return -EADDRINUSE;
	if (errno == ECONNREFUSED && unlink(control->address.sun_path) < 0)
		return -errno;
	(void)close(take_fd(fd));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, address, bytes) < 0)
		return -errno;
	/* Everybody may connect; who may do what is decided by identify(). */
	if (chmod(control->address.sun_path, 0666) < 0)
		return -errno;
	if (listen(fd, CONTROL_CLIENTS_MAX) < 0)
		return -errno;
	return take_fd(fd);
}

int control_open(sd_event *loop, const char *run, const struct control_request *table, size_t count,
		 void *context, struct control **out_control)
{
	struct control *control = calloc(1, sizeof(*control));
	size_t room = sizeof(control->address.sun_path);
	int err;

	if (!control)
		return -ENOMEM;
	control->fd = -1;
	control->loop = loop;
	control->table = table;
	control->count = count;
	control->context = context;
	control->address.sun_family = AF_UNIX;
	if (snprintf(control->address.sun_path, room, "%s/%s", run, CONTROL_SOCKET) >= (int)room) {
		err = -ENAMETOOLONG;
		goto fail;
	}
	if (mkdir(run, 0755) < 0 && errno != EEXIST) {
		err = -errno;
		goto fail;
	}
	find_readers(control);
	err = bind_socket(control);
	if (err < 0)
		goto fail;
	control->fd = err;
	err = sd_event_add_io(loop, &control->io, control->fd, EPOLLIN, on_connection, control);
	if (err < 0)
		goto fail;
	*out_control = control;
	return 0;
fail:
	if (control->fd < 0)
		control->address.sun_path[0] = 0; /* not ours */
	control_close(control);
	return err;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i])
			client_end(control->clients[i]);
	sd_event_source_disable_unref(control->io);
	if (control->fd >= 0)
		(void)close(control->fd);
	if (control->address.sun_path[0])
		(void)unlink(control->address.sun_path); /* may be gone already */
	free(control);
}
