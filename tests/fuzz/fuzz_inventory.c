/* SPDX-License-Identifier: MIT */
/*
 * fuzz_inventory.c - every parser of the inventory takes any bytes: the first one says which parser, the rest is
 * the file. What they give must be texts that end, and paths that can be used.
 */
#include "../../agent/inventory/bolt.h"
#include "../../agent/inventory/host_text.h"
#include "../../agent/inventory/internal.h"
#include "../../agent/inventory/modules.h"
#include "../../agent/inventory/mounts.h"
#include "../../agent/inventory/packages.h"
#include "../../agent/inventory/process_text.h"
#include "../../agent/inventory/texts.h"
#include "../../agent/still_runs.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

static size_t sum; /* read, so that the sanitizer sees what was given */

static int take_word(void *context, const char *word)
{
	sum += strlen(word);
	return 0;
}

static int take_text(void *context, unsigned line, const char *text)
{
	sum += strlen(text) + line;
	return 0;
}

static int take_path(void *context, unsigned line, const char *path)
{
	if (*path != '/')
		__builtin_trap();
	return take_text(context, line, path);
}

static int take_source(void *context, const struct source *source)
{
	if (!*source->host || strchr(source->host, '/'))
		__builtin_trap();
	sum += strlen(source->url) + strlen(source->host);
	return 0;
}

static int take_file(void *context, const char *path)
{
	if (*path != '/')
		__builtin_trap();
	sum += strlen(path);
	return 0;
}

static int take_package(void *context, const struct inventory_package *package)
{
	const struct package_origin *origin = package->handle;

	sum += strlen(package->name) + strlen(package->version) + strlen(package->architecture);
	for (size_t i = 0; i < package->vendor_count; i++)
		sum += strlen(package->vendors[i].text);
	return origin->text ? apk_files(origin->text, origin->bytes, take_file, context) : 0;
}

static int take_socket(void *context, const struct socket_line *line)
{
	if (line->family != 4 && line->family != 6)
		__builtin_trap();
	return 0;
}

static int take_route(void *context, const struct route *route)
{
	sum += strlen(route->device);
	return 0;
}

static int take_key(void *context, const char *key, size_t key_bytes, const char *value,
		    size_t value_bytes, const struct bolt_bucket *bucket)
{
	unsigned *depth = context;
	int err = 0;

	for (size_t i = 0; i < key_bytes; i++)
		sum += (unsigned char)key[i];
	for (size_t i = 0; i < value_bytes; i++)
		sum += (unsigned char)value[i];
	if (bucket && *depth < 3) {
		(*depth)++;
		err = bolt_each(bucket, take_key, context);
		(*depth)--;
	}
	return err;
}

static void packages(char *text, size_t bytes, bool apk)
{
	struct package_origin origin = {0};
	const struct inventory_package common = {
		.manager = "fuzz",
		.name = "",
		.version = "",
		.architecture = "",
		.handle = &origin,
	};

	if (apk) {
		(void)apk_stanzas(text, bytes, &common, &origin, take_package, NULL);
	} else {
		(void)deb_is_damaged(text, bytes);
		(void)deb_stanzas(text, bytes, bytes % 2, &common, take_package, NULL);
	}
}

static void mounts(char *text, size_t bytes)
{
	struct inventory inventory = {.root = -1, .root_path = (char *)""};
	struct mounts list = {0};

	(void)mounts_parse(&list, &inventory, text, bytes);
	for (size_t i = 0; i < list.count; i++)
		if (!mounts_find(&list, list.list[i].path))
			__builtin_trap();
	for (size_t i = 0; i < list.count; i++)
		sum += mounts_class_at(&list, list.list[i].path);
	mounts_done(&list);
}

static void bolt(const char *data, size_t bytes)
{
	struct bolt_bucket root, found;
	unsigned depth = 0;

	if (bolt_open(data, bytes, &root))
		return;
	(void)bolt_each(&root, take_key, &depth);
	(void)bolt_find(&root, "v1", &found);
}

static void names(const char *text)
{
	char unit[NAME_MAX + 1], module[NAME_MAX + 1];
	unsigned family;
	__u64 a, b;

	cgroup_unit(text, unit);
	(void)module_name_of(text, module);
	(void)address_parse(text, &family, &a, &b);
	sum += strlen(unit) + status_uid(text);
}

static void parse(unsigned which, char *text, size_t bytes)
{
	switch (which % 23) {
	case 0:
		packages(text, bytes, false);
		break;
	case 1:
		packages(text, bytes, true);
		break;
	case 2:
		(void)maps_parse(text, bytes, take_file, NULL);
		break;
	case 3:
		(void)sockets_parse(text, bytes, 4, take_socket, NULL);
		break;
	case 4:
		(void)sockets_parse(text, bytes, 6, take_socket, NULL);
		break;
	case 5:
		(void)paths_in_text(text, bytes, NULL, take_path, NULL);
		break;
	case 6:
		(void)words_in_text(text, bytes, take_text, NULL);
		break;
	case 7:
		(void)apt_list_parse(text, bytes, take_source, NULL);
		break;
	case 8:
		(void)apt_deb822_parse(text, bytes, take_source, NULL);
		break;
	case 9:
		(void)rpm_repo_parse(text, bytes, take_source, NULL);
		break;
	case 10:
		(void)apk_list_parse(text, bytes, take_source, NULL);
		break;
	case 11:
		(void)pam_modules(text, bytes, take_word, NULL);
		break;
	case 12:
		(void)nss_services(text, bytes, take_word, NULL);
		break;
	case 13:
		(void)sudo_plugins(text, bytes, take_word, NULL);
		break;
	case 14:
		(void)preload_entries(text, bytes, take_word, NULL);
		break;
	case 15:
		(void)root_shells(text, bytes, take_word, NULL);
		break;
	case 16:
		(void)resolvers(text, bytes, take_word, NULL);
		break;
	case 17:
		(void)routes_parse(text, bytes, 4 + 2 * (bytes % 2), take_route, NULL);
		break;
	case 18:
		(void)ldcache_find(text, bytes, "libc.so.6", take_file, NULL);
		break;
	case 19:
		mounts(text, bytes);
		break;
	case 20:
		bolt(text, bytes);
		break;
	case 21:
		names(text);
		break;
	case 22:
		(void)still_maps(text, bytes, 4711);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = NULL;

	if (!size)
		return 0;
	text = malloc(size); /* one byte for the parser's number, one behind the end */
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	parse(data[0], text, size - 1);
	return 0;
}
