/* SPDX-License-Identifier: MIT */
/*
 * content.h - files by their SHA-256: hashing an open file as one state of it, and whether a content is one that
 * this host cannot lose. Reads files, knows nothing of the kernel side.
 */
#ifndef EMBARGO_CONTENT_H
#define EMBARGO_CONTENT_H

#include "../bpf/abi.h"
#include <stdbool.h>
#include <stddef.h>

struct content {
	__u8 sha256[SHA256_BYTES];
	__u64 bytes;
	__u64 change_ns;	/* time of the last change of the inode, Unix time */
	__u32 settled;		/* 1: so long before it was read that another change would have another time */
	__u32 zero;
};

/**
 * content_hash() - read an open regular file from its beginning
 * @fd: borrowed; its offset is not used
 * @out_content: untouched on failure, but for -ESTALE: then it is what was read, perhaps of several states
 *
 * Return: 0; -ESTALE (it changed meanwhile, or its times or its mode did); -EINVAL (no regular file); -ENOMEM; -errno of read(2).
 */
int content_hash(int fd, struct content *out_content);

/* What must never be learned as embargoed: a product may ship its own copy of a shell or of libc. */
struct content_guard;

/** content_guard_new() - empty; NULL without memory */
struct content_guard *content_guard_new(void);
/** content_guard_free() - accepts NULL */
void content_guard_free(struct content_guard *guard);

/**
 * content_guard_add() - a file of the protected set, or an innocent one
 * @path:  as this process sees it; copied. It is read when a content of its size is asked about, and not before
 * @bytes: its size
 * @fresh: it was not there in this state when what is known now was learned
 *
 * Return: 0 or -ENOMEM.
 */
int content_guard_add(struct content_guard *guard, const char *path, __u64 bytes, bool fresh);

/**
 * content_guard_has() - is a content the same as that of one of these files? One that cannot be read: no
 * @digest: the first @digest_bytes of its SHA-256
 * @bytes:  its size
 * @fresh:  only those that are fresh
 */
bool content_guard_has(struct content_guard *guard, const void *digest, size_t digest_bytes, __u64 bytes, bool fresh);

#endif
