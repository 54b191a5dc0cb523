/* SPDX-License-Identifier: MIT */
/*
 * host_domains.c - names that this host cannot do without: its own, with each domain that it completes names by, and
 * these domains.
 */
#include "host_text.h"
#include "internal.h"

#include <limits.h>
#include <string.h>

#define NAME_BYTES 254 /* RFC 1035 section 2.3.4, and a zero */

struct collect {
	struct inventory *inventory;
	inventory_domain_fn fn;
	void *context;
	const char *path;
	char host[NAME_BYTES]; /* as in /etc/hostname; "" */
};

/* As rules have them. Return: false: it is no name, or one that no rule can mean. */
static bool normal(const char *word, char *out)
{
	size_t bytes = strlen(word);

	bytes -= bytes && word[bytes - 1] == '.';
	if (!bytes || bytes >= NAME_BYTES)
		return false;
	for (size_t i = 0; i < bytes; i++)
		out[i] = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 32) : word[i];
	out[bytes] = '\0';
	return true;
}

static int tell(const struct collect *collect, const char *what, const char *name)
{
	char why[PATH_MAX + 32];
	struct inventory_domain domain = {.name = name, .why = why};

	snprintf(why, sizeof(why), "%s (%s)", what, collect->path);
	return collect->fn(collect->context, &domain);
}

static int on_search(void *context, const char *word)
{
	const struct collect *collect = context;
	char domain[NAME_BYTES], whole[2 * NAME_BYTES];
	int err;

	if (!normal(word, domain))
		return 0;
	err = tell(collect, "its search domain", domain);
	if (err || !*collect->host || strchr(collect->host, '.'))
		return err;
	snprintf(whole, sizeof(whole), "%s.%s", collect->host, domain);
	return tell(collect, "the host itself", whole);
}

static int read_search(struct collect *collect, const char *path)
{
	const struct inventory_place place = inventory_root_place(collect->inventory);
	size_t bytes;
	AUTO_FREE char *text = place_read(&place, INVENTORY_HOST, path, INVENTORY_TEXT_MAX, &bytes);

	collect->path = path;
	return text ? search_domains(text, bytes, on_search, collect) : 0;
}

/* hostname(5): one line. */
static int read_hostname(struct collect *collect)
{
	const struct inventory_place place = inventory_root_place(collect->inventory);
	size_t bytes;
	AUTO_FREE char *text =
		place_read(&place, INVENTORY_HOST, "/etc/hostname", INVENTORY_TEXT_MAX, &bytes);

	if (!text)
		return 0;
	text[strcspn(text, " \t\r\n")] = '\0';
	collect->path = "/etc/hostname";
	return normal(text, collect->host) ? tell(collect, "the host itself", collect->host) : 0;
}

int inventory_host_domains(struct inventory *inventory, inventory_domain_fn fn, void *context)
{
	struct collect collect = {.inventory = inventory, .fn = fn, .context = context};
	int err = read_hostname(&collect);

	err = err ? err : read_search(&collect, "/etc/resolv.conf");
	return err ? err : read_search(&collect, "/run/systemd/resolve/resolv.conf");
}
