/* SPDX-License-Identifier: MIT */
/*
 * control.h - the agent's side of its control socket: one JSON object a line, one answer a line. Root
 * changes things, root and group "embargo" read, everybody else is told so and let go. Whatever comes in
 * is hostile until it is checked, and nobody's slowness stops the loop.
 */
#ifndef EMBARGO_CONTROL_H
#define EMBARGO_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define CONTROL_SOCKET	      "control.sock"
#define CONTROL_GROUP	      "embargo"
#define CONTROL_REQUEST_BYTES 16384
#define CONTROL_REPLY_BYTES   (1024 * 1024)
#define CONTROL_CLIENTS_MAX   16
#define CONTROL_PATIENCE_S    30 /* for a whole conversation */

struct control;

struct control_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	bool reads;	/* may ask */
	bool changes;	/* may change things */
};

/* One request that is understood. */
struct control_request {
	const char *name;	/* value of "do" */
	bool changes;		/* only for peers that may change things */
	/* Return: the answer, a new reference, with "ok"; NULL without memory. All arguments borrowed. */
	json_t *(*handle)(void *context, const json_t *request, const struct control_peer *peer);
};

/**
 * control_open() - listen on a socket
 * @loop:    borrowed; the socket lives in it until control_close()
 * @run:     directory of the socket, made if it is missing; 0755, so that everybody gets an answer
 * @table:   requests that are understood; borrowed
 * @count:   how many
 * @context: handed to the handlers
 * @out_control: owned by the caller; untouched on failure
 *
 * Return: 0; -EADDRINUSE (another agent answers there); -ENAMETOOLONG; errno of socket calls.
 */
int control_open(sd_event *loop, const char *run, const struct control_request *table, size_t count,
		 void *context, struct control **out_control);

/** control_close() - end all conversations and remove the socket; accepts NULL */
void control_close(struct control *control);

/**
 * control_answer() - the answer to one line
 * @table, @count, @context: as above
 * @peer:  who asks
 * @line:  borrowed, any bytes, without line break
 * @bytes: its length
 *
 * Return: new reference, always an object with "ok"; NULL without memory.
 */
json_t *control_answer(const struct control_request *table, size_t count, void *context,
		       const struct control_peer *peer, const char *line, size_t bytes);

/** control_refuse() - the answer {"ok": false, "error": sentence}. Return: new reference or NULL. */
json_t *control_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
