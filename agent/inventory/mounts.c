/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - reads /proc/self/mountinfo. Mounts are known by name before they are entered: looking into an
 * automount point would mount it, and a network file system whose server is gone would keep us for ever.
 */
#include "mounts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define MOUNTINFO_MAX (64 << 20)

static const char *const pseudo[] = {
	"autofs",     "binfmt_misc", "bpf",     "cgroup",    "cgroup2",
	"configfs",   "debugfs",     "devpts",  "efivarfs",  "fuse.gvfsd-fuse",
	"fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "mqueue",
	"nsfs",       "proc",        "pstore",  "resctrl",   "rpc_pipefs",
	"securityfs", "selinuxfs",   "smackfs", "sysfs",     "tracefs",
};

/* Other file systems in user space can hang like a network, and mostly are one. */
static const char *const network[] = {
	"9p",   "acfs",   "afs",   "beegfs", "ceph", "cifs",     "coda", "fuse",  "glusterfs",
	"gpfs", "lustre", "ncpfs", "nfs",    "nfs4", "orangefs", "smb3", "smbfs",
};

static bool one_of(const char *type, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(type, list[i]))
			return true;
	return false;
}

enum mount_class mount_class_of(const char *type)
{
	if (one_of(type, pseudo, ARRAY_LENGTH(pseudo)))
		return MOUNT_PSEUDO;
	if (one_of(type, network, ARRAY_LENGTH(network)) || !strncmp(type, "fuse.", 5))
		return MOUNT_NETWORK;
	return MOUNT_ENTERED;
}

/* \040 and its like, in place. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

/* NULL: not below the root. */
static const char *below_root(const struct inventory *inventory, const char *path)
{
	size_t bytes = strlen(inventory->root_path);

	if (strncmp(path, inventory->root_path, bytes))
		return NULL;
	path += bytes;
	return *path == '/' && path[1] ? path : NULL;
}

static bool made_of_layers(const struct inventory *inventory, char *options)
{
	char *save, *option;

	for (option = strtok_r(options, ",", &save); option; option = strtok_r(NULL, ",", &save)) {
		const char *upper;
		struct stat st;

		if (strncmp(option, "upperdir=", 9))
			continue;
		unescape(option);
		upper = below_root(inventory, option + 9);
		return upper && !rooted_stat(inventory->root, upper, &st) &&
		       inventory_layer_of(inventory, st.st_dev, st.st_ino);
	}
	return false;
}

static int add(struct mounts *mounts, const char *path, const char *type, enum mount_class class)
{
	struct mount *mount;

	if (mounts->count == mounts->room) {
		size_t room = mounts->room ? mounts->room * 2 : 32;
		struct mount *grown = reallocarray(mounts->list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		mounts->list = grown;
		mounts->room = room;
	}
	mount = &mounts->list[mounts->count];
	*mount = (struct mount){
		.path = strdup(path), .type = strdup(type), .class = class, .order = mounts->count};
	if (!mount->path || !mount->type) {
		free(mount->path);
		free(mount->type);
		return -ENOMEM;
	}
	mounts->count++;
	return 0;
}

/* The last one is what is seen. */
static int set_root_type(struct mounts *mounts, const char *type)
{
	free(mounts->root_type);
	mounts->root_type = strdup(type);
	return mounts->root_type ? 0 : -ENOMEM;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
static int parse_line(struct mounts *mounts, const struct inventory *inventory, char *line)
{
	char *separator = strstr(line, " - "), *type, *options = NULL, *save, *path = line;
	enum mount_class class;
	const char *below;

	if (!separator)
		return 0;
	*separator = 0;
	path = fields_skip(path, ' ', 4);
	if (!path)
		return 0;
	path[strcspn(path, " ")] = 0;
	unescape(path);
	below = below_root(inventory, path);
	type = strtok_r(separator + 3, " ", &save);
	if (type && !strcmp(path, "/") && !*inventory->root_path)
		return set_root_type(mounts, type);
	if (!below || !type)
		return 0;
	if (strtok_r(NULL, " ", &save))
		options = strtok_r(NULL, "", &save);
	class = mount_class_of(type);
	if (!strcmp(type, "overlay") && options && made_of_layers(inventory, options))
		class = MOUNT_LAYERS;
	return add(mounts, below, type, class);
}

static int compare(const void *a, const void *b)
{
	const struct mount *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	return order ? order : (one->order > other->order) - (one->order < other->order);
}

int mounts_parse(struct mounts *mounts, struct inventory *inventory, char *text, size_t bytes)
{
	char *end = text + bytes, *line;
	int err = 0;

	while (!err && (line = line_next(&text, end)))
		err = parse_line(mounts, inventory, line);
	if (mounts->count)
		qsort(mounts->list, mounts->count, sizeof(*mounts->list), compare);
	return err;
}

int mounts_read(struct inventory *inventory, struct mounts *out_mounts)
{
	AUTO_FREE char *text = NULL;
	struct mounts mounts = {0};
	size_t bytes;
	int err = host_read("/proc/self/mountinfo", MOUNTINFO_MAX, &text, &bytes);

	if (err == -ENOMEM)
		return err;
	if (err) {
		inventory_problem(inventory, INVENTORY_FILES, INVENTORY_MISSED,
				  "/proc/self/mountinfo", err,
				  "without it mounts are not known, and all of them are entered");
		*out_mounts = mounts;
		return 0;
	}
	err = mounts_parse(&mounts, inventory, text, bytes);
	if (err) {
		mounts_done(&mounts);
		return err;
	}
	*out_mounts = mounts;
	return 0;
}

const struct mount *mounts_find(const struct mounts *mounts, const char *path)
{
	size_t low = 0, high = mounts->count;

	/* The last of equals: what is mounted over another is what is seen. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(mounts->list[middle].path, path) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && !strcmp(mounts->list[low - 1].path, path) ? &mounts->list[low - 1] : NULL;
}

enum mount_class mounts_class_at(const struct mounts *mounts, const char *path)
{
	enum mount_class class = MOUNT_ENTERED;
	size_t bytes = strlen(path);
	char part[PATH_MAX];

	if (bytes >= sizeof(part))
		return class;
	for (size_t i = 1; i <= bytes; i++) {
		const struct mount *mount;

		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		mount = mounts_find(mounts, part);
		if (mount)
			class = mount->class;
	}
	return class;
}

void mounts_done(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		free(mounts->list[i].path);
		free(mounts->list[i].type);
	}
	free(mounts->list);
	free(mounts->root_type);
	*mounts = (struct mounts){0};
}

int inventory_root_type(struct inventory *inventory, char *out_type)
{
	struct mounts mounts = {0};
	int err;

	out_type[0] = 0;
	if (!inventory->live)
		return 0;
	err = mounts_read(inventory, &mounts);
	if (mounts.root_type && strlen(mounts.root_type) <= NAME_MAX)
		strcpy(out_type, mounts.root_type);
	mounts_done(&mounts);
	return err;
}
