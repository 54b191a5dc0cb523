/* SPDX-License-Identifier: MIT */
/*
 * fake_kernel.c - see fake_kernel.h
 */
#include "fake_kernel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static struct learned *find(struct kernel *kernel, const struct learned_key *key)
{
	for (size_t i = 0; i < kernel->count; i++)
		if (!memcmp(&kernel->keys[i], key, sizeof(*key)))
			return &kernel->values[i];
	return NULL;
}

void kernel_learned_lock(struct kernel *kernel)
{
	assert(!kernel->locked);
	kernel->locked = true;
}

void kernel_learned_unlock(struct kernel *kernel)
{
	assert(kernel->locked);
	kernel->locked = false;
}

int kernel_learned_put(struct kernel *kernel, const struct learned_key *key,
		       const struct learned *learned)
{
	struct learned *old = find(kernel, key);

	kernel->puts++;
	if (!old && kernel->count == kernel->room)
		return -E2BIG;
	if (!old) {
		kernel->keys[kernel->count] = *key;
		old = &kernel->values[kernel->count++];
	}
	*old = *learned;
	return 0;
}

int kernel_learned_get(struct kernel *kernel, const struct learned_key *key,
		       struct learned *out_learned)
{
	const struct learned *old = find(kernel, key);

	if (!old)
		return -ENOENT;
	*out_learned = *old;
	return 0;
}

int kernel_learned_remove(struct kernel *kernel, const struct learned_key *key)
{
	struct learned *old = find(kernel, key);
	size_t at;

	if (!old)
		return -ENOENT;
	at = (size_t)(old - kernel->values);
	kernel->count--;
	kernel->keys[at] = kernel->keys[kernel->count];
	kernel->values[at] = kernel->values[kernel->count];
	return 0;
}

int kernel_learned_each(struct kernel *kernel, kernel_learned_fn fn, void *context)
{
	int err = 0;

	for (size_t i = kernel->count; i-- && !err;) {
		const struct learned_key key = kernel->keys[i];
		const struct learned learned = kernel->values[i];

		err = fn(context, &key, &learned);
	}
	return err;
}

size_t kernel_learned_room(struct kernel *kernel)
{
	return kernel->room;
}

static void identify(const struct stat *st, struct identity *out)
{
	out->file.inode = st->st_ino;
	out->file.flags = FILE_IDENTIFIED;
	out->file.device = major(st->st_dev) << 20 | minor(st->st_dev);
	out->file.size = st->st_size;
	out->file.mode = st->st_mode;
	out->change_ns = st->st_ctim.tv_sec * 1000000000ull + st->st_ctim.tv_nsec;
}

int kernel_identify(struct kernel *kernel, const int *fds, size_t count, struct identity *out)
{
	memset(out, 0, count * sizeof(*out));
	for (size_t i = 0; i < count; i++) {
		struct stat st;

		out[i].fd = fds[i];
		if (fstat(fds[i], &st) == 0)
			identify(&st, &out[i]);
	}
	return 0;
}

struct learned *fake_file(struct kernel *kernel, const char *path)
{
	struct learned_key key = {.kind = LEARNED_FILE};
	struct identity identity = {0};
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	identify(&st, &identity);
	key.node = identity.file.device;
	key.a = identity.file.inode;
	return find(kernel, &key);
}

size_t fake_count(const struct kernel *kernel, enum learned_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < kernel->count; i++)
		count += kernel->keys[i].kind == kind;
	return count;
}
