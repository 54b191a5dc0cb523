/* SPDX-License-Identifier: MIT */
/*
 * sources.c - the files in which package managers are told where packages come from.
 */
#include "internal.h"
#include "texts.h"

#include <ctype.h>
#include <strings.h>
#include <string.h>

#define HOST_BYTES 256 /* a name has at most 253: RFC 1035 */

/* "https://user@Host:8443/path" to "host"; @out_host: HOST_BYTES. */
static bool host_of(const char *url, char *out_host)
{
	const char *at = strstr(url, "://"), *end, *user;
	size_t bytes;

	if (!at)
		return false;
	at += 3;
	end = at + strcspn(at, "/?#");
	user = memrchr(at, '@', end - at);
	at = user ? user + 1 : at;
	if (*at == '[') {
		at++;
		bytes = strcspn(at, "]/");
	} else {
		bytes = strcspn(at, ":/?#");
	}
	if (!bytes || bytes >= HOST_BYTES || at + bytes > end)
		return false;
	for (size_t i = 0; i < bytes; i++)
		out_host[i] = tolower((unsigned char)at[i]);
	out_host[bytes] = 0;
	return true;
}

static int tell(const char *url, unsigned line, bool enabled, source_fn fn, void *context)
{
	char host[HOST_BYTES];
	const struct source source = {.line = line, .url = url, .host = host, .enabled = enabled};

	return host_of(url, host) ? fn(context, &source) : 0;
}

/* Every address in a list of words. */
static int tell_words(char *words, unsigned line, bool enabled, source_fn fn, void *context)
{
	char *save;
	int err = 0;

	for (char *word = strtok_r(words, " \t,", &save); word && !err;
	     word = strtok_r(NULL, " \t,", &save))
		err = tell(word, line, enabled, fn, context);
	return err;
}

/* deb [signed-by=/x.gpg] https://host/debian bookworm main; a line that is commented out is off. */
int apt_list_parse(char *text, size_t bytes, source_fn fn, void *context)
{
	char *end = text + bytes, *line;
	unsigned number = 0;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		bool enabled;

		number++;
		line = line_strip(line);
		enabled = *line != '#';
		line += strspn(line, "# \t");
		if (strncmp(line, "deb ", 4) && strncmp(line, "deb\t", 4) &&
		    strncmp(line, "deb-src", 7))
			continue;
		line[strcspn(line, "#")] = 0;
		err = tell_words(line, number, enabled, fn, context);
	}
	return err;
}

int apk_list_parse(char *text, size_t bytes, source_fn fn, void *context)
{
	char *end = text + bytes, *line;
	unsigned number = 0;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		bool enabled;

		number++;
		line = line_strip(line);
		enabled = *line != '#';
		err = tell_words(line + strspn(line, "# \t"), number, enabled, fn, context);
	}
	return err;
}

/* ---------------------------------------------------------------- keys and values */

/* A stanza of deb822, or a section of a .repo file: addresses may come before the line that switches them off. */
struct section {
	const char *addresses[16]; /* lines of words; more than that no file has */
	unsigned lines[16];
	size_t count;
	bool enabled;
};

static int tell_section(struct section *section, source_fn fn, void *context)
{
	int err = 0;

	for (size_t i = 0; i < section->count && !err; i++)
		err = tell_words((char *)section->addresses[i], section->lines[i], section->enabled,
				 fn, context);
	*section = (struct section){.enabled = true};
	return err;
}

static void add(struct section *section, const char *words, unsigned line)
{
	if (section->count == ARRAY_LENGTH(section->addresses))
		return;
	section->lines[section->count] = line;
	section->addresses[section->count++] = words;
}

static bool is_off(const char *value)
{
	return !strcasecmp(value, "no") || !strcasecmp(value, "false") || !strcasecmp(value, "0") ||
	       !strcasecmp(value, "off") || !strcasecmp(value, "without") ||
	       !strcasecmp(value, "disable");
}

struct syntax {
	char separator;
	bool sections;                /* "[name]" begins one; else an empty line ends one */
	const char *const *addresses; /* keys, ended by NULL */
};

static bool is_address(const struct syntax *syntax, const char *key)
{
	for (const char *const *name = syntax->addresses; *name; name++)
		if (!strcasecmp(key, *name))
			return true;
	return false;
}

static int parse(const struct syntax *syntax, char *text, size_t bytes, source_fn fn, void *context)
{
	struct section section = {.enabled = true};
	char *end = text + bytes, *line, *value;
	bool goes_on = false; /* the last key was one of addresses, which may take more lines */
	unsigned number = 0;
	int err = 0;

	while (!err && (line = line_next(&text, end))) {
		bool blank = *line == ' ' || *line == '\t';

		number++;
		line = line_strip(line);
		if (*line == '#' || (*line == ';' && syntax->sections))
			continue;
		if (syntax->sections ? *line == '[' : !*line) {
			err = tell_section(&section, fn, context);
			goes_on = false;
			continue;
		}
		if (blank) {
			if (goes_on)
				add(&section, line, number);
			continue;
		}
		value = strchr(line, syntax->separator);
		if (!value)
			continue;
		*value++ = 0;
		line = line_strip(line);
		value = line_strip(value);
		goes_on = is_address(syntax, line);
		if (goes_on)
			add(&section, value, number);
		else if (!strcasecmp(line, "enabled"))
			section.enabled = !is_off(value);
	}
	return err ? err : tell_section(&section, fn, context);
}

int apt_deb822_parse(char *text, size_t bytes, source_fn fn, void *context)
{
	static const char *const addresses[] = {"URIs", "URI", NULL};
	static const struct syntax syntax = {.separator = ':', .addresses = addresses};

	return parse(&syntax, text, bytes, fn, context);
}

int rpm_repo_parse(char *text, size_t bytes, source_fn fn, void *context)
{
	static const char *const addresses[] = {"baseurl", "mirrorlist", "metalink", "gpgkey",
						NULL};
	static const struct syntax syntax = {
		.separator = '=', .sections = true, .addresses = addresses};

	return parse(&syntax, text, bytes, fn, context);
}
