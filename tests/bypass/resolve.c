/* SPDX-License-Identifier: MIT */
/* resolve.c - asking a resolver, by hand: what libraries ask depends on the machine. See reach.h. */
#include "reach.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEADER = 12 };

static size_t question(uint8_t *out, const char *name, int what)
{
	static const uint8_t head[HEADER] = { 0x4e, 0x42, 0x01, 0x00, 0, 1 };
	size_t at = HEADER;

	memcpy(out, head, HEADER);
	while (*name) {
		size_t length = strcspn(name, ".");

		out[at++] = (uint8_t)length;
		memcpy(out + at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	memcpy(out + at, (uint8_t[]){ 0, 0, (uint8_t)what, 0, 1 }, 5);
	return at + 5;
}

void resolve(struct place from, int type, const char *name, int what)
{
	uint8_t bytes[2048];
	size_t ahead = type == SOCK_STREAM ? 2 : 0, size = question(bytes + ahead, name, what);
	int fd = connect_to(type, 0, &from);
	struct pollfd poll_for = { .fd = fd, .events = POLLIN };

	bytes[0] = ahead ? (uint8_t)(size >> 8) : bytes[0];
	bytes[1] = ahead ? (uint8_t)size : bytes[1];
	say(fd, bytes, size + ahead);
	errno = ETIMEDOUT;
	if (poll(&poll_for, 1, 3 * patience_ms()) <= 0 || recv(fd, bytes, sizeof(bytes), 0) <= 0)
		quit(name);
	close(fd);
}

static const char *name_as(char *text, size_t room, const char *form)
{
	snprintf(text, room, form, number);
	return text;
}

const char *denied_name(void)
{
	static char text[64];

	return name_as(text, sizeof(text), DENIED_FORM);
}

const char *innocent_name(void)
{
	static char text[64];

	return name_as(text, sizeof(text), INNOCENT_FORM);
}

void resolve_plainly(void)
{
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, denied_name(), ASK_A);
}

void resolve_shared(void)
{
	resolve_plainly();
	resolve(place_of(RESOLVER4, PORT_DNS), SOCK_DGRAM, innocent_name(), ASK_A);
}
