/* SPDX-License-Identifier: MIT */
/*
 * fuse.c - a file system in user space with one file, "agent", that has the content of the embargoed one: a
 * server of the few requests that executing it takes, spoken directly over /dev/fuse. Also the server
 * that lies: what it gives is innocent until it has been read once.
 */
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NODE     2
#define REQUEST_BYTES (128 * 1024 + 4096)

struct server {
	int fd;
	char bytes[65536]; /* the file */
	size_t size;
	bool liar;
	int opened;
};

static void attributes(const struct server *server, uint64_t node, struct fuse_attr *out)
{
	bool file = node == FILE_NODE;

	*out = (struct fuse_attr){
		.ino = node,
		.size = file ? server->size : 0,
		.mode = file ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void reply(const struct server *server, uint64_t unique, int error, const void *data,
		  size_t size)
{
	static char bytes[REQUEST_BYTES];
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size), .error = error, .unique = unique};

	memcpy(bytes, &header, sizeof(header));
	if (size)
		memcpy(bytes + sizeof(header), data, size);
	if (write(server->fd, bytes, header.len) < 0 && errno != ENOENT)
		perror("attempt: fuse");
}

static void answer_init(struct server *server, const struct fuse_in_header *in,
			const struct fuse_init_in *init)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = init->minor < FUSE_KERNEL_MINOR_VERSION ? init->minor
								 : FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = init->max_readahead,
		.max_write = 4096,
	};

	reply(server, in->unique, 0, &out, sizeof(out));
}

static void answer_read(struct server *server, const struct fuse_in_header *in,
			const struct fuse_read_in *read)
{
	size_t offset = read->offset < server->size ? read->offset : server->size;
	size_t size = read->size < server->size - offset ? read->size : server->size - offset;
	static char bytes[sizeof(server->bytes)];

	memcpy(bytes, server->bytes, server->size);
	/* Behind the code: an innocent file of the same size. The first to open it gets that. */
	if (server->liar && server->opened <= 1)
		bytes[server->size - 2] = '#';
	reply(server, in->unique, 0, bytes + offset, size);
}

/* A file that the kernel is not to keep, so that every opener reads anew. */
static void answer_open(struct server *server, const struct fuse_in_header *in)
{
	struct fuse_open_out out = {.open_flags = server->liar ? FOPEN_DIRECT_IO : 0};

	server->opened += in->opcode == FUSE_OPEN;
	reply(server, in->unique, 0, &out, sizeof(out));
}

static void answer(struct server *server, const struct fuse_in_header *in)
{
	const void *body = in + 1;
	struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr_valid = 100, .entry_valid = 100};
	struct fuse_attr_out attr = {.attr_valid = 100};
	struct fuse_statfs_out statfs = {.st = {.bsize = 4096, .namelen = 255}};

	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(server, in, body);
		break;
	case FUSE_LOOKUP:
		attributes(server, FILE_NODE, &entry.attr);
		if (strcmp(body, "agent"))
			reply(server, in->unique, -ENOENT, NULL, 0);
		else
			reply(server, in->unique, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		attributes(server, in->nodeid, &attr.attr);
		reply(server, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer_open(server, in);
		break;
	case FUSE_READ:
		answer_read(server, in, body);
		break;
	case FUSE_STATFS:
		reply(server, in->unique, 0, &statfs, sizeof(statfs));
		break;
	case FUSE_RELEASE:
	case FUSE_FLUSH:
	case FUSE_ACCESS:
		reply(server, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(server, in->unique, -ENOSYS, NULL, 0);
	}
}

__attribute__((noreturn)) static void serve(struct server *server)
{
	static char request[REQUEST_BYTES];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		ssize_t size = read(server->fd, request, sizeof(request));

		if (size < 0 && errno == ENODEV)
			_exit(0);
		if (size >= (ssize_t)sizeof(struct fuse_in_header))
			answer(server, (const struct fuse_in_header *)request);
	}
}

static int run_from(const char *file, bool liar)
{
	static struct server server;
	char options[128], *const arguments[] = {"tool", NULL};
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	pid_t pid, child;
	ssize_t size = fd < 0 ? -1 : read(fd, server.bytes, sizeof(server.bytes));
	int status;

	if (size < 0)
		die(file);
	server.size = (size_t)size;
	server.liar = liar;
	server.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", server.fd);
	if (server.fd < 0 || mkdir("m", 0755) || mount("bypass", "m", "fuse", 0, options))
		die("fuse");
	pid = fork();
	if (!pid)
		serve(&server);
	child = fork();
	if (!child) {
		execve("m/agent", arguments, NULL);
		perror("attempt: execve");
		_exit(126);
	}
	status = wait_for(child);
	umount2("m", MNT_DETACH);
	kill(pid, SIGKILL);
	wait_for(pid);
	return status;
}

static int honest(const char *file)
{
	return run_from(file, false);
}

static int lying(const char *file)
{
	return run_from(file, true);
}

const struct trick fuse_tricks[] = {
	{"fuse", honest},
	{"fuse-liar", lying},
	{NULL, NULL},
};
