/* SPDX-License-Identifier: MIT */
/*
 * content.c - see content.h
 */
#include "content.h"
#include "clean.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define READ_BYTES (256 << 10)
#define SETTLED_NS 1000000000ull

_Static_assert(crypto_hash_sha256_BYTES == SHA256_BYTES, "the same digest");

static __u64 change_of(const struct stat *st)
{
	return st->st_ctim.tv_sec * 1000000000ull + st->st_ctim.tv_nsec;
}

static int read_all(int fd, crypto_hash_sha256_state *state, __u64 *out_bytes)
{
	AUTO_FREE unsigned char *buffer = malloc(READ_BYTES);
	__u64 at = 0;

	if (!buffer)
		return -ENOMEM;
	for (;;) {
		ssize_t bytes = pread(fd, buffer, READ_BYTES, (off_t)at);

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return -errno;
		if (!bytes)
			break;
		crypto_hash_sha256_update(state, buffer, (size_t)bytes);
		at += (__u64)bytes;
	}
	*out_bytes = at;
	return 0;
}

/*
 * Times of files are as coarse as the clock's tick, and a second on some file systems: a change within that much
 * of the one before has the same time.
 */
static bool is_settled(const struct stat *st)
{
	struct timespec now = {0};
	__u64 now_ns;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* exists */
	now_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	return now_ns > change_of(st) && now_ns - change_of(st) > SETTLED_NS;
}

int content_hash(int fd, struct content *out_content)
{
	crypto_hash_sha256_state state;
	struct stat before, after;
	struct content content = {0};
	int err;

	if (fstat(fd, &before) < 0)
		return -errno;
	if (!S_ISREG(before.st_mode))
		return -EINVAL;
	content.settled = is_settled(&before);
	crypto_hash_sha256_init(&state);
	err = read_all(fd, &state, &content.bytes);
	if (err < 0)
		return err;
	crypto_hash_sha256_final(&state, content.sha256);
	content.change_ns = change_of(&before);
	if (fstat(fd, &after) < 0)
		return -errno;
	if (change_of(&after) != content.change_ns || (__u64)after.st_size != content.bytes) {
		content.settled = 0;
		err = -ESTALE;
	}
	*out_content = content;
	return err;
}

/* ---------------------------------------------------------------- what must not be learned */

struct guarded {
	char *path; /* owned */
	__u64 bytes;
	bool read, known, fresh;
	__u8 sha256[SHA256_BYTES];
};

struct content_guard {
	struct guarded *list; /* owned */
	size_t count, room;
};

struct content_guard *content_guard_new(void)
{
	return calloc(1, sizeof(struct content_guard));
}

void content_guard_free(struct content_guard *guard)
{
	if (!guard)
		return;
	for (size_t i = 0; i < guard->count; i++)
		free(guard->list[i].path);
	free(guard->list);
	free(guard);
}

int content_guard_add(struct content_guard *guard, const char *path, __u64 bytes, bool fresh)
{
	struct guarded *one;

	if (guard->count == guard->room) {
		size_t room = guard->room ? guard->room * 2 : 256;
		struct guarded *grown = reallocarray(guard->list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		guard->list = grown;
		guard->room = room;
	}
	one = &guard->list[guard->count];
	*one = (struct guarded){.path = strdup(path), .bytes = bytes, .fresh = fresh};
	if (!one->path)
		return -ENOMEM;
	guard->count++;
	return 0;
}

static void look_up(struct guarded *one)
{
	AUTO_FD int fd = open(one->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct content content;

	one->read = true;
	if (fd < 0 || content_hash(fd, &content) < 0)
		return;
	one->known = true;
	memcpy(one->sha256, content.sha256, sizeof(one->sha256));
}

bool content_guard_has(struct content_guard *guard, const void *digest, size_t digest_bytes,
		       __u64 bytes, bool fresh)
{
	for (size_t i = 0; i < guard->count; i++) {
		struct guarded *one = &guard->list[i];

		if (one->bytes != bytes || (fresh && !one->fresh))
			continue;
		if (!one->read)
			look_up(one);
		if (one->known && !memcmp(one->sha256, digest, digest_bytes))
			return true;
	}
	return false;
}
