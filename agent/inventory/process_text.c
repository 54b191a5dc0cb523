/* SPDX-License-Identifier: MIT */
/*
 * process_text.c - parses the files of /proc/PID. The kernel writes them, but names inside are chosen by others.
 */
#include "process_text.h"
#include "internal.h"

#include <arpa/inet.h>
#include <string.h>

/* The kernel writes a line end inside a name as \012, and nothing else so (seq_file_path(), fs/proc/task_mmu.c). */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		bool end = !strncmp(text, "\\012", 4);

		*to++ = end ? '\n' : *text;
		text += end ? 3 : 0;
	}
	*to = 0;
}

static void cut_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t bytes = strlen(path);

	if (bytes > strlen(mark) && !strcmp(path + bytes - strlen(mark), mark))
		path[bytes - strlen(mark)] = 0;
}

/* 55d0c0a00000-55d0c0a01000 r-xp 00001000 fd:01 1234                /usr/bin/x */
int maps_parse(char *text, size_t bytes, int (*fn)(void *context, const char *path), void *context)
{
	char *end = text + bytes, *line;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		char *rights = strchr(line, ' '), *path;

		if (!rights || strnlen(rights, 5) < 5 || rights[3] != 'x')
			continue;
		path = strchr(rights, '/');
		if (!path || path[-1] != ' ')
			continue;
		unescape(path);
		cut_deleted(path);
		err = fn(context, path);
	}
	return err;
}

/* Eight digits are the bytes in memory, read as a number of this machine (net/ipv4/tcp_ipv4.c, get_tcp4_sock()). */
static bool parse_address(const char *text, unsigned family, struct socket_line *line)
{
	unsigned words = family == 4 ? 1 : 4, word[4], port;

	for (unsigned i = 0; i < words; i++, text += 8) {
		if (strspn(text, "0123456789ABCDEFabcdef") < 8 ||
		    sscanf(text, "%8x", &word[i]) != 1)
			return false;
		word[i] = ntohl(word[i]);
	}
	if (sscanf(text, ":%4x", &port) != 1)
		return false;
	line->port = port;
	line->family = family;
	if (family == 4) {
		line->a = word[0];
		line->b = 0;
		return true;
	}
	line->a = (__u64)word[0] << 32 | word[1];
	line->b = (__u64)word[2] << 32 | word[3];
	if (!line->a && line->b >> 32 == 0xffff) {
		line->family = 4;
		line->a = line->b & 0xffffffff;
		line->b = 0;
	}
	return true;
}

/* sl local_address rem_address st tx:rx tr:when retransmits uid timeout inode */
static bool parse_socket(char *text, unsigned family, struct socket_line *line)
{
	char *field[10] = {NULL}, *save;
	unsigned count = 0;

	for (char *at = strtok_r(text, " \t", &save); at && count < 10;
	     at = strtok_r(NULL, " \t", &save))
		field[count++] = at;
	if (count < 10 || !parse_address(field[2], family, line))
		return false;
	line->inode = strtoull(field[9], NULL, 10);
	return line->a || line->b;
}

int sockets_parse(char *text, size_t bytes, unsigned family,
		  int (*fn)(void *context, const struct socket_line *line), void *context)
{
	char *end = text + bytes, *at;
	int err = 0;

	while (!err && (at = line_next(&text, end))) {
		struct socket_line line = {0};

		if (parse_socket(at, family, &line))
			err = fn(context, &line);
	}
	return err;
}

unsigned status_uid(const char *text)
{
	const char *line = strstr(text, "\nUid:");

	return line ? strtoul(line + 5, NULL, 10) : 0;
}

const char *without_root(const char *path, const char *root)
{
	size_t bytes = strlen(root);

	if (bytes > 1 && !strncmp(path, root, bytes) && path[bytes] == '/')
		return path + bytes;
	return path;
}
