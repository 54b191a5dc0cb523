/* SPDX-License-Identifier: MIT */
/*
 * bolt.c - the file format of go.etcd.io/bbolt (internal/common: page.go, meta.go, inode.go, bucket.go). Written in
 * host order by the machine that uses it; we read little-endian ones. A transaction never changes a page that the
 * meta page before it can reach, so a database that is in use is read as it was.
 */
#include "bolt.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define BOLT_MAGIC        0xED0CDAEDu
#define BOLT_VERSION      2
#define PAGE_BRANCH       0x01
#define PAGE_LEAF         0x02
#define PAGE_HEADER_BYTES 16
#define ELEMENT_BYTES     16
#define ELEMENT_BUCKET    1
#define BUCKET_BYTES      16
#define META_BYTES        64
#define DEPTH_MAX         32         /* of pages in one bucket */
#define STEPS_MAX         (1u << 20) /* pages and elements looked at in one walk: a ring of pages ends */

static __u16 get16(const unsigned char *at)
{
	__u16 value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static __u32 get32(const unsigned char *at)
{
	__u32 value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static __u64 get64(const unsigned char *at)
{
	__u64 value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

/* FNV-1a, 64 bits */
static __u64 checksum(const unsigned char *data, size_t bytes)
{
	__u64 sum = 0xcbf29ce484222325ull;

	while (bytes--)
		sum = (sum ^ *data++) * 0x100000001b3ull;
	return sum;
}

/* Offsets in struct meta: magic 0, version 4, page size 8, root 16, transaction 48, checksum 56. */
static bool meta_good(const unsigned char *meta)
{
	__u32 page = get32(meta + 8);

	return get32(meta) == BOLT_MAGIC && get32(meta + 4) == BOLT_VERSION && page >= 512 &&
	       page <= 1 << 20 && !(page & (page - 1)) && get64(meta + 56) == checksum(meta, 56);
}

static const unsigned char *meta_at(const unsigned char *data, size_t bytes, size_t offset)
{
	if (bytes < PAGE_HEADER_BYTES + META_BYTES ||
	    offset > bytes - PAGE_HEADER_BYTES - META_BYTES)
		return NULL;
	data += offset + PAGE_HEADER_BYTES;
	return meta_good(data) ? data : NULL;
}

int bolt_open(const void *data, size_t bytes, struct bolt_bucket *out_bucket)
{
	const unsigned char *best = meta_at(data, bytes, 0), *other = NULL;

	/* The second meta page is behind the first, whose size the damaged first one cannot tell. */
	for (size_t page = 512; page <= 1 << 20 && !other; page *= 2) {
		other = meta_at(data, bytes, page);
		if (other && get32(other + 8) != page)
			other = NULL;
	}
	if (!best || (other && get64(other + 48) > get64(best + 48)))
		best = other;
	if (!best)
		return -EBADMSG;
	*out_bucket = (struct bolt_bucket){
		.data = data,
		.bytes = bytes,
		.page_bytes = get32(best + 8),
		.root = get64(best + 16),
	};
	return 0;
}

struct walk {
	const struct bolt_bucket *bucket;
	bolt_fn fn;
	void *context;
	unsigned steps;
};

static int read_page(struct walk *walk, const unsigned char *page, size_t room, unsigned depth);

static int go_to(struct walk *walk, __u64 number, unsigned depth)
{
	const struct bolt_bucket *bucket = walk->bucket;
	__u64 pages = bucket->bytes / bucket->page_bytes;
	const unsigned char *page;
	__u64 more;

	if (number >= pages || bucket->page_bytes < PAGE_HEADER_BYTES)
		return -EBADMSG;
	page = bucket->data + number * bucket->page_bytes;
	more = get32(page + 12); /* pages that belong to this one */
	if (more >= pages - number)
		return -EBADMSG;
	return read_page(walk, page, (more + 1) * bucket->page_bytes, depth);
}

/* flags 0, position from the element 4, key bytes 8, value bytes 12 */
static int leaf_element(struct walk *walk, const unsigned char *element, size_t room)
{
	size_t at = get32(element + 4), key = get32(element + 8), value = get32(element + 12);
	struct bolt_bucket bucket;

	if (at > room || key > room - at || value > room - at - key)
		return -EBADMSG;
	element += at;
	if (!(get32(element - at) & ELEMENT_BUCKET))
		return walk->fn(walk->context, (const char *)element, key,
				(const char *)element + key, value, NULL);
	if (value < BUCKET_BYTES)
		return -EBADMSG;
	bucket = *walk->bucket;
	bucket.root = get64(element + key);
	bucket.inline_page = element + key + BUCKET_BYTES;
	bucket.inline_bytes = value - BUCKET_BYTES;
	return walk->fn(walk->context, (const char *)element, key, NULL, 0, &bucket);
}

static int read_page(struct walk *walk, const unsigned char *page, size_t room, unsigned depth)
{
	unsigned flags, count;
	int err = 0;

	if (room < PAGE_HEADER_BYTES || depth > DEPTH_MAX || ++walk->steps > STEPS_MAX)
		return -EBADMSG;
	flags = get16(page + 8);
	count = get16(page + 10);
	if (count > (room - PAGE_HEADER_BYTES) / ELEMENT_BYTES ||
	    !(flags & (PAGE_BRANCH | PAGE_LEAF)))
		return -EBADMSG;
	for (unsigned i = 0; i < count && !err; i++) {
		size_t at = PAGE_HEADER_BYTES + (size_t)i * ELEMENT_BYTES;

		if (++walk->steps > STEPS_MAX)
			return -EBADMSG;
		if (flags & PAGE_LEAF)
			err = leaf_element(walk, page + at, room - at);
		else /* position 0, key bytes 4, page 8 */
			err = go_to(walk, get64(page + at + 8), depth + 1);
	}
	return err;
}

int bolt_each(const struct bolt_bucket *bucket, bolt_fn fn, void *context)
{
	struct walk walk = {.bucket = bucket, .fn = fn, .context = context};

	return bucket->root ? go_to(&walk, bucket->root, 0)
			    : read_page(&walk, bucket->inline_page, bucket->inline_bytes, 0);
}

struct wanted {
	const char *key;
	size_t bytes;
	struct bolt_bucket *found;
};

static int compare_key(void *context, const char *key, size_t key_bytes, const char *value,
		       size_t value_bytes, const struct bolt_bucket *bucket)
{
	const struct wanted *wanted = context;

	if (!bucket || key_bytes != wanted->bytes || memcmp(key, wanted->key, key_bytes))
		return 0;
	*wanted->found = *bucket;
	return 1;
}

int bolt_find(const struct bolt_bucket *bucket, const char *key, struct bolt_bucket *out_bucket)
{
	struct wanted wanted = {.key = key, .bytes = strlen(key), .found = out_bucket};
	int err = bolt_each(bucket, compare_key, &wanted);

	return err > 0 ? 0 : err ? err : -ENOENT;
}
