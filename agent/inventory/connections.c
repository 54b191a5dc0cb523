/* SPDX-License-Identifier: MIT */
/*
 * connections.c - TCP and UDP sockets with a remote address, in every network namespace that some process shows,
 * and who has them open. A namespace that no process is in has no connections of programs.
 */
#include "internal.h"
#include "process_text.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#define TABLE_MAX (256 << 20)

struct owner {
	__u64 inode;
	int pid;
};

struct collect {
	struct inventory *inventory;
	inventory_connection_fn fn;
	void *context;
	struct owner *owners; /* sorted by inode */
	size_t count, room;
	struct seen namespaces;
	unsigned protocol;
};

/* ---------------------------------------------------------------- who has a socket open */

static int add_owner(struct collect *collect, __u64 inode, int pid)
{
	if (collect->count == collect->room) {
		size_t room = collect->room ? collect->room * 2 : 256;
		struct owner *grown = reallocarray(collect->owners, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		collect->owners = grown;
		collect->room = room;
	}
	collect->owners[collect->count++] = (struct owner){.inode = inode, .pid = pid};
	return 0;
}

static int sockets_of(void *context, int pid)
{
	struct collect *collect = context;
	struct dirent *entry;
	char path[64], target[64];
	DIR *directory;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory)
		return 0; /* the connection is found all the same, without an owner */
	while (!err && (entry = readdir(directory))) {
		ssize_t bytes =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		unsigned long long inode;

		target[bytes < 0 ? 0 : bytes] = 0;
		if (sscanf(target, "socket:[%llu]", &inode) == 1)
			err = add_owner(collect, inode, pid);
	}
	(void)closedir(directory); /* only read */
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct owner *one = a, *other = b;

	if (one->inode != other->inode)
		return one->inode < other->inode ? -1 : 1;
	return one->pid - other->pid;
}

/* The lowest process number of those that share a socket, so that the answer is stable; 0: not known. */
static int owner_of(const struct collect *collect, __u64 inode)
{
	size_t low = 0, high = collect->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (collect->owners[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < collect->count && collect->owners[low].inode == inode
		       ? collect->owners[low].pid
		       : 0;
}

/* ---------------------------------------------------------------- connections */

static void remote_text(const struct socket_line *line, char *out_text, size_t room)
{
	struct in_addr v4 = {.s_addr = htonl(line->a)};
	struct in6_addr v6;
	char address[INET6_ADDRSTRLEN];

	if (line->family == 4) {
		inet_ntop(AF_INET, &v4, address, sizeof(address));
		snprintf(out_text, room, "%s:%u", address, line->port);
		return;
	}
	for (int i = 0; i < 8; i++) {
		v6.s6_addr[i] = line->a >> (56 - 8 * i);
		v6.s6_addr[8 + i] = line->b >> (56 - 8 * i);
	}
	inet_ntop(AF_INET6, &v6, address, sizeof(address));
	snprintf(out_text, room, "[%s]:%u", address, line->port);
}

static int one_socket(void *context, const struct socket_line *line)
{
	const struct collect *collect = context;
	char remote[INET6_ADDRSTRLEN + 16], path[64], executable[PATH_MAX] = "", root[PATH_MAX];
	struct inventory_connection connection = {
		.family = line->family,
		.a = line->a,
		.b = line->b,
		.protocol = collect->protocol,
		.port = line->port,
		.pid = line->inode ? owner_of(collect, line->inode) : 0,
		.executable = executable,
		.remote = remote,
	};

	remote_text(line, remote, sizeof(remote));
	if (connection.pid) {
		snprintf(path, sizeof(path), "/proc/%d/exe", connection.pid);
		if (host_link(path, executable))
			*executable = 0;
		snprintf(path, sizeof(path), "/proc/%d/root", connection.pid);
		if (*executable && !host_link(path, root))
			connection.executable = without_root(executable, root);
	}
	return collect->fn(collect->context, &connection);
}

static int read_tables(struct collect *collect, int pid)
{
	static const struct {
		const char *name;
		unsigned family, protocol;
	} tables[] = {
		{"tcp", 4, IPPROTO_TCP},
		{"tcp6", 6, IPPROTO_TCP},
		{"udp", 4, IPPROTO_UDP},
		{"udp6", 6, IPPROTO_UDP},
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(tables) && !err; i++) {
		AUTO_FREE char *text = NULL;
		char path[64];
		size_t bytes;

		snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, tables[i].name);
		err = host_read(path, TABLE_MAX, &text, &bytes);
		if (err == -ENOMEM)
			return err;
		/* EINVAL: the process is gone meanwhile */
		if (err && err != -EINVAL && err != -ESRCH)
			inventory_missed(collect->inventory, INVENTORY_CONNECTIONS, path, err);
		collect->protocol = tables[i].protocol;
		err = err ? 0 : sockets_parse(text, bytes, tables[i].family, one_socket, collect);
	}
	return err;
}

static int one_process(void *context, int pid)
{
	struct collect *collect = context;
	char path[64];
	struct stat st;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (stat(path, &st) < 0) {
		err = -errno;
		if (err != -ESRCH)
			inventory_missed(collect->inventory, INVENTORY_CONNECTIONS, path, err);
		return 0;
	}
	err = seen_add(&collect->namespaces, st.st_dev, st.st_ino);
	return err <= 0 ? err : read_tables(collect, pid);
}

int inventory_connections(struct inventory *inventory, inventory_connection_fn fn, void *context)
{
	struct collect collect = {.inventory = inventory, .fn = fn, .context = context};
	int err;

	if (!inventory->live) {
		inventory_problem(inventory, INVENTORY_CONNECTIONS, INVENTORY_LEFT_OUT, "", 0,
				  "another root: nothing of the running kernel is looked at");
		return 0;
	}
	err = each_pid(inventory, INVENTORY_CONNECTIONS, sockets_of, &collect);
	if (!err && collect.count)
		qsort(collect.owners, collect.count, sizeof(*collect.owners), compare);
	if (!err)
		err = each_pid(inventory, INVENTORY_CONNECTIONS, one_process, &collect);
	seen_done(&collect.namespaces);
	free(collect.owners);
	return err;
}
