/* SPDX-License-Identifier: MIT */
/*
 * bolt.h - reads files of bbolt, the database of containerd.
 */
#ifndef EMBARGO_BOLT_H
#define EMBARGO_BOLT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* A bucket of a database in memory. All borrowed. */
struct bolt_bucket {
	const unsigned char *data;	/* the file */
	size_t bytes;
	__u32 page_bytes;
	__u64 root;			/* page; 0: the page is inline */
	const unsigned char *inline_page;
	size_t inline_bytes;
};

/* Keys and values may contain any bytes. @bucket: NULL for a plain value. Not 0 ends it. */
typedef int (*bolt_fn)(void *context, const char *key, size_t key_bytes, const char *value, size_t value_bytes,
		       const struct bolt_bucket *bucket);

/**
 * bolt_open() - the root bucket of a database as of its last transaction
 * @data: borrowed; hostile bytes are fine
 * Return: 0; -EBADMSG (no valid meta page).
 */
int bolt_open(const void *data, size_t bytes, struct bolt_bucket *out_bucket);

/**
 * bolt_each() - everything in a bucket, by key
 * Return: 0; what @fn returned; -EBADMSG (damaged, or changed while it was read).
 */
int bolt_each(const struct bolt_bucket *bucket, bolt_fn fn, void *context);

/** bolt_find() - the bucket in a bucket. Return: 0; -ENOENT; -EBADMSG. */
int bolt_find(const struct bolt_bucket *bucket, const char *key, struct bolt_bucket *out_bucket);

#endif
