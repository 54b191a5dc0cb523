/* SPDX-License-Identifier: MIT */
/*
 * module.c - tricks with kernel modules. A module is no process: whether it is in the kernel says
 * /proc/modules, and so these tricks leave the mark themselves, and take the module out again.
 */
#include "attempt.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FD_MARK         9
#define COMPRESSED_FILE 4 /* MODULE_INIT_COMPRESSED_FILE, linux/module.h, Linux 5.17 */

static bool loaded(const char *name)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[4096];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, name, strlen(name)) && line[strlen(name)] == ' ';
	if (file)
		fclose(file);
	return found;
}

/* The name of the module is given by the test: it is not always the file's. */
static int outcome(long err, const char *renamed)
{
	const char *name = renamed ? renamed : getenv("MODULE");

	if (err)
		perror("attempt: the module");
	if (!name || !loaded(name))
		return 126;
	if (write(FD_MARK, "x", 1) != 1)
		die("mark");
	syscall(SYS_delete_module, name, O_NONBLOCK);
	return 0;
}

static int finit(const char *file, int flags)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(file);
	return outcome(syscall(SYS_finit_module, fd, "", flags), NULL);
}

static int by_file(const char *file)
{
	return finit(file, 0);
}

static int compressed(const char *file)
{
	return finit(file, COMPRESSED_FILE);
}

/* Longer than a module's own name can be: nothing of it may count as part of that. */
static int renamed_file(const char *file)
{
	static const char innocent[] =
		"innocent-module-in-a-file-of-a-name-that-no-module-can-have.ko";
	int fd = open(innocent, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(innocent);
	copy_to(file, fd);
	close(fd);
	return finit(innocent, 0);
}

static int memfd_file(const char *file)
{
	int fd = memfd_create("innocent", 0);

	if (fd < 0)
		die("memfd_create");
	copy_to(file, fd);
	return outcome(syscall(SYS_finit_module, fd, "", 0), NULL);
}

static char *read_all(const char *file, size_t *out_size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *bytes;

	if (fd < 0 || fstat(fd, &status))
		die(file);
	bytes = malloc((size_t)status.st_size);
	if (!bytes || read(fd, bytes, (size_t)status.st_size) != status.st_size)
		die(file);
	close(fd);
	*out_size = (size_t)status.st_size;
	return bytes;
}

static int from_memory(const char *file)
{
	size_t size;
	char *bytes = read_all(file, &size);

	return outcome(syscall(SYS_init_module, bytes, size, ""), NULL);
}

/*
 * Without the signature at its end, which an edited module must not have. A text, before it 12 bytes of which the last 4
 * are the size of the signature, big-endian (struct module_signature, include/linux/module_signature.h).
 */
static size_t unsigned_size(const char *bytes, size_t size)
{
	static const char magic[] = "~Module signature appended~\n";
	const unsigned char *end = (const unsigned char *)bytes + size - (sizeof(magic) - 1);
	size_t length;

	if (size < sizeof(magic) + 12 || memcmp(end, magic, sizeof(magic) - 1))
		return size;
	length = (size_t)end[-4] << 24 | (size_t)end[-3] << 16 | (size_t)end[-2] << 8 | end[-1];
	return size - (sizeof(magic) - 1) - 12 - length;
}

/* Another name in the module itself, wherever it stands: its last letter becomes a "q". */
static int edited(const char *file)
{
	const char *name = getenv("MODULE");
	size_t size, length;
	char *bytes = read_all(file, &size), renamed[64];

	if (!name || (length = strlen(name)) >= sizeof(renamed))
		die("MODULE");
	for (size_t i = 1; i + length < size; i++) {
		if (!memcmp(bytes + i, name, length) && !bytes[i + length] &&
		    (!bytes[i - 1] || bytes[i - 1] == '='))
			bytes[i + length - 1] = 'q';
	}
	size = unsigned_size(bytes, size);
	strcpy(renamed, name);
	renamed[length - 1] = 'q';
	return outcome(syscall(SYS_init_module, bytes, size, ""), renamed);
}

const struct trick module_tricks[] = {
	{"module-name", by_file},          {"module-path", by_file},
	{"module-renamed", renamed_file},  {"module-copy", renamed_file},
	{"module-memfd", memfd_file},      {"module-memory", from_memory},
	{"module-compressed", compressed}, {"module-compressed-path", compressed},
	{"module-edited", edited},         {NULL, NULL},
};
