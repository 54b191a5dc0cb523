/* SPDX-License-Identifier: MIT */
/*
 * host_text.c - parsers of the files that host_text.h names.
 */
#include "host_text.h"
#include "internal.h"

#include <arpa/inet.h>
#include <endian.h>
#include <limits.h>
#include <string.h>

#define CACHE_MAGIC        "glibc-ld.so.cache1.1"
#define CACHE_HEADER_BYTES 48
#define CACHE_ENTRY_BYTES  24

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a > b && !strcmp(text + a - b, end);
}

static int tell(const char *word, word_fn fn, void *context)
{
	return *word && strlen(word) < PATH_MAX / 2 ? fn(context, word) : 0;
}

/* The next line that says something, without its comment; NULL at the end. */
static char *next_statement(char **text, char *end)
{
	char *line;

	while ((line = line_next(text, end))) {
		line[strcspn(line, "#")] = 0;
		line = line_strip(line);
		if (*line)
			return line;
	}
	return NULL;
}

/* type control module arguments; the control may be "[success=1 default=ignore]" */
int pam_modules(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line, *save;
	int err = 0;

	while (!err && (line = next_statement(&text, end))) {
		char *word = strtok_r(line, " \t", &save);

		while (word && !ends_with(word, ".so"))
			word = strtok_r(NULL, " \t", &save);
		if (word)
			err = tell(word, fn, context);
	}
	return err;
}

/* database: service [STATUS=action] service ... */
int nss_services(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line, *save;
	int err = 0;

	while (!err && (line = next_statement(&text, end))) {
		bool action = false;

		line = strchr(line, ':');
		if (!line)
			continue;
		for (char *word = strtok_r(line + 1, " \t", &save); word && !err;
		     word = strtok_r(NULL, " \t", &save)) {
			action = action || *word == '[';
			if (!action && !strchr(word, '/'))
				err = tell(word, fn, context);
			action = action && !strchr(word, ']');
		}
	}
	return err;
}

/* Plugin symbol path [options]; Path noexec path */
int sudo_plugins(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line, *save;
	int err = 0;

	while (!err && (line = next_statement(&text, end))) {
		char *keyword = strtok_r(line, " \t", &save), *word;

		if (!keyword || (strcasecmp(keyword, "Plugin") && strcasecmp(keyword, "Path")) ||
		    !strtok_r(NULL, " \t", &save))
			continue;
		word = strtok_r(NULL, " \t", &save);
		if (word)
			err = tell(word, fn, context);
	}
	return err;
}

int preload_entries(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line, *save;
	int err = 0;

	while (!err && (line = next_statement(&text, end)))
		for (char *word = strtok_r(line, " \t:", &save); word && !err;
		     word = strtok_r(NULL, " \t:", &save))
			err = tell(word, fn, context);
	return err;
}

int shell_lines(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line;
	int err = 0;

	while (!err && (line = next_statement(&text, end)))
		if (*line == '/')
			err = tell(line, fn, context);
	return err;
}

/* name:password:uid:gid:gecos:home:shell */
int root_shells(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		char *field[7] = {NULL};

		for (int i = 0; i < 7; i++)
			field[i] = strsep(&line, ":");
		if (field[6] && !strcmp(field[2], "0") && *field[6] == '/')
			err = tell(line_strip(field[6]), fn, context);
	}
	return err;
}

int resolvers(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line, *save;
	int err = 0;

	while (!err && (line = next_statement(&text, end))) {
		char *keyword = strtok_r(line, " \t", &save), *address;

		if (!keyword || strcmp(keyword, "nameserver"))
			continue;
		address = strtok_r(NULL, " \t", &save);
		if (address)
			err = tell(address, fn, context);
	}
	return err;
}

int search_domains(char *text, size_t bytes, word_fn fn, void *context)
{
	char *end = text + bytes, *line, *save;
	int err = 0;

	while (!err && (line = next_statement(&text, end))) {
		char *keyword = strtok_r(line, " \t", &save), *domain;

		if (!keyword || (strcmp(keyword, "search") && strcmp(keyword, "domain")))
			continue;
		while (!err && (domain = strtok_r(NULL, " \t", &save)))
			err = tell(domain, fn, context);
	}
	return err;
}

/* ---------------------------------------------------------------- the loader's cache */

static __u32 get32(const char *at)
{
	__u32 value;

	memcpy(&value, at, sizeof(value));
	return value; /* in the order of the machine whose cache it is: another's is not ours to use */
}

/* A text inside the cache that ends there, or NULL. */
static const char *text_at(const char *data, size_t bytes, __u32 offset)
{
	return offset < bytes && memchr(data + offset, 0, bytes - offset) ? data + offset : NULL;
}

/* Header: magic 20 bytes, entries 20, bytes of texts 24; entry: flags 0, key 4, value 8 (offsets from the magic). */
int ldcache_find(const char *data, size_t bytes, const char *name, word_fn fn, void *context)
{
	const char *start = bytes ? memmem(data, bytes, CACHE_MAGIC, strlen(CACHE_MAGIC)) : NULL;
	__u32 count;
	int err = 0;

	if (!start)
		return 0;
	bytes -= start - data;
	if (bytes < CACHE_HEADER_BYTES)
		return 0;
	count = get32(start + 20);
	if (count > (bytes - CACHE_HEADER_BYTES) / CACHE_ENTRY_BYTES)
		return 0;
	for (__u32 i = 0; i < count && !err; i++) {
		const char *entry = start + CACHE_HEADER_BYTES + (size_t)i * CACHE_ENTRY_BYTES;
		const char *key = text_at(start, bytes, get32(entry + 4));
		const char *value = text_at(start, bytes, get32(entry + 8));

		if (key && value && *value == '/' && !strcmp(key, name))
			err = tell(value, fn, context);
	}
	return err;
}

/* ---------------------------------------------------------------- addresses */

static void from_v6(const struct in6_addr *v6, unsigned *out_family, __u64 *out_a, __u64 *out_b)
{
	__u64 a = 0, b = 0;

	for (int i = 0; i < 8; i++) {
		a = a << 8 | v6->s6_addr[i];
		b = b << 8 | v6->s6_addr[8 + i];
	}
	*out_family = 6;
	if (!a && b >> 32 == 0xffff) {
		*out_family = 4;
		a = b & 0xffffffff;
		b = 0;
	}
	*out_a = a;
	*out_b = b;
}

bool address_parse(const char *text, unsigned *out_family, __u64 *out_a, __u64 *out_b)
{
	char address[INET6_ADDRSTRLEN];
	size_t bytes = strcspn(text, "%");
	struct in6_addr v6;
	struct in_addr v4;

	if (bytes >= sizeof(address))
		return false;
	memcpy(address, text, bytes);
	address[bytes] = 0;
	if (inet_pton(AF_INET, address, &v4) == 1) {
		*out_family = 4;
		*out_a = ntohl(v4.s_addr);
		*out_b = 0;
		return true;
	}
	if (inet_pton(AF_INET6, address, &v6) != 1)
		return false;
	from_v6(&v6, out_family, out_a, out_b);
	return true;
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...: numbers are bytes in memory read as this machine's. */
static bool route4(char *line, struct route *route)
{
	char *save, *field[8] = {NULL};

	for (int i = 0; i < 8; i++)
		field[i] = strtok_r(i ? NULL : line, " \t", &save);
	if (!field[7] || strspn(field[1], "0") != 8 || strspn(field[7], "0") != 8)
		return false;
	route->family = 4;
	route->a = ntohl(strtoul(field[2], NULL, 16));
	snprintf(route->device, sizeof(route->device), "%s", field[0]);
	return route->a != 0;
}

/* destination bits source bits next-hop metric refs use flags device, addresses as 32 digits in network order */
static bool route6(char *line, struct route *route)
{
	char *save, *field[10] = {NULL};
	struct in6_addr v6;

	for (int i = 0; i < 10; i++)
		field[i] = strtok_r(i ? NULL : line, " \t", &save);
	if (!field[9] || strspn(field[0], "0") != 32 || strcmp(field[1], "00") ||
	    strlen(field[4]) != 32)
		return false;
	for (int i = 0; i < 16; i++) {
		unsigned byte;

		if (sscanf(field[4] + 2 * i, "%2x", &byte) != 1)
			return false;
		v6.s6_addr[i] = byte;
	}
	from_v6(&v6, &route->family, &route->a, &route->b);
	snprintf(route->device, sizeof(route->device), "%s", field[9]);
	return route->a || route->b;
}

int routes_parse(char *text, size_t bytes, unsigned family,
		 int (*fn)(void *context, const struct route *route), void *context)
{
	char *end = text + bytes, *line;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		struct route route = {0};

		if (family == 4 ? route4(line, &route) : route6(line, &route))
			err = fn(context, &route);
	}
	return err;
}
