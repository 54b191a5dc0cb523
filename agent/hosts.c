/* SPDX-License-Identifier: MIT */
/* hosts.c - see hosts.h. A file may have hundreds of thousands of lines where somebody filters names by it. */
#include "hosts.h"
#include "clean.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BLANKS " \t\r\n\f\v"

/* IPv4 as a key has it; the part of an IPv6 address that names an interface says nothing. */
static bool read_address(char *text, struct address_key *out)
{
	struct in_addr four;

	text[strcspn(text, "%")] = '\0';
	if (inet_pton(AF_INET6, text, out->address) == 1)
		return true;
	if (inet_pton(AF_INET, text, &four) != 1)
		return false;
	memset(out->address, 0, 10);
	memset(out->address + 10, 0xff, 2);
	memcpy(out->address + 12, &four, 4);
	return true;
}

static bool read_name(const char *text, struct domain_text *out)
{
	size_t bytes = strlen(text);

	if (bytes && text[bytes - 1] == '.')
		bytes--;
	if (!bytes || bytes > DOMAIN_BYTES)
		return false;
	*out = (struct domain_text){.bytes = bytes};
	for (size_t i = 0; i < bytes; i++)
		out->text[i] = tolower((unsigned char)text[i]);
	return true;
}

int hosts_line(char *line, hosts_fn fn, void *context)
{
	struct address_key address;
	struct domain_text name;
	char *rest = NULL, *word;
	int err = 0;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, BLANKS, &rest);
	if (!word || !read_address(word, &address) || address_is_own(&address))
		return 0;
	while (!err && (word = strtok_r(NULL, BLANKS, &rest)))
		if (read_name(word, &name))
			err = fn(context, &address, &name);
	return err;
}

int hosts_each(const char *path, hosts_fn fn, void *context)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	AUTO_FREE char *line = NULL;
	size_t room = 0;
	int err = 0;

	if (!file)
		return -errno;
	while (!err && getline(&line, &room, file) >= 0)
		err = hosts_line(line, fn, context);
	return err;
}
