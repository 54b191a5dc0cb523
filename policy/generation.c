/* SPDX-License-Identifier: MIT */
/*
 * generation.c - a generation in memory and as a file. The file is for this host (native byte order);
 * it is read with the suspicion that any file deserves: the checksum finds damage, and every length,
 * offset, number and order is checked besides.
 */
#include "generation.h"
#include "policy.h"
#include "store.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAGIC     "EMBARGO\n"
#define FILE_MAX_BYTES (4ull << 30)
#define FILE_BUFFER    65536
#define NO_TEXT        UINT32_MAX

/*
 * BLAKE2b: three times as fast as SHA-256 without instructions for it, and a million rules are 180 MiB of
 * entries.
 */
#define CHECKSUM_BYTES 32

/* The file: this, keys, values, rules, unenforced, pool, checksum of everything before it. */
struct file_header {
	char magic[8];
	__u32 abi;
	__u32 revision;
	__u64 number;
	__u64 entries;
	__u64 rules;
	__u64 unenforced;
	__u64 pool_bytes;
	__u32 policy; /* this and what follows named like a string: offset in the pool */
	__u32 requires_package, requires_unit; /* NO_TEXT: none */
	__u8 mode;
	__u8 requires_exec_prevent;
	__u8 zero[2];
};
ABI_SIZE(struct file_header, 72);

struct file_rule {
	__u32 id, vendor, vendor_name, product, value, reason, why, file;
	__u32 line;
	__u8 matcher, action, target, target_held_by;
	__u8 confidence, strict, zero[6];
	__u64 until_s;
};
ABI_SIZE(struct file_rule, 56);

/* NULL and "" are not the same; the zero at the end is counted. */
static void checksum_text(crypto_generichash_state *checksum, const char *text)
{
	const unsigned char given = text != NULL;

	crypto_generichash_update(checksum, &given, sizeof(given));
	if (text)
		crypto_generichash_update(checksum, (const unsigned char *)text, strlen(text) + 1);
}

__u64 generation_number(const struct gen_key *keys, const union gen_value *values, size_t count,
			const struct generation_requires *requires)
{
	unsigned char buffer[256 * (sizeof(*keys) + sizeof(*values))], *at = buffer;
	unsigned char digest[CHECKSUM_BYTES];
	crypto_generichash_state checksum;
	__u64 number;

	crypto_generichash_init(&checksum, NULL, 0, sizeof(digest));
	for (size_t i = 0; i < count; i++) {
		union gen_value value = values[i];

		if (keys[i].kind == GEN_HEADER)
			value.header.generation = 0;
		at = mempcpy(at, &keys[i], sizeof(keys[i]));
		at = mempcpy(at, &value, sizeof(value));
		if (at == buffer + sizeof(buffer)) {
			crypto_generichash_update(&checksum, buffer, sizeof(buffer));
			at = buffer;
		}
	}
	crypto_generichash_update(&checksum, buffer, at - buffer);
	checksum_text(&checksum, requires->package);
	checksum_text(&checksum, requires->unit);
	checksum_text(&checksum, requires->exec_prevent ? "prevent" : NULL);
	crypto_generichash_final(&checksum, digest, sizeof(digest));
	memcpy(&number, digest, sizeof(number));
	return le64toh(number) ?: 1;
}

void generation_store_publish(struct generation_store *store)
{
	store->generation.keys = store->keys;
	store->generation.values = store->values;
	store->generation.rules = store->rules;
	store->generation.unenforced = store->unenforced;
}

size_t generation_unenforced(const struct generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->unenforced_count; i++)
		count += !matcher_is_finding(generation->unenforced[i].matcher) &&
			 generation->unenforced[i].action != ACTION_ALLOW;
	return count;
}

void generation_free(struct generation *generation)
{
	struct generation_store *store = (struct generation_store *)generation;

	if (!store)
		return;
	free(store->keys);
	free(store->values);
	free(store->rules);
	free(store->unenforced);
	free(store->pool);
	free(store);
}

const union gen_value *generation_find(const struct generation *generation,
				       const struct gen_key *key)
{
	size_t low = 0, high = generation->entry_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = memcmp(key, &generation->keys[mid], sizeof(*key));

		if (!order)
			return &generation->values[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

__u32 generation_flags(const struct generation *generation)
{
	const struct gen_key key = {.kind = GEN_HEADER};
	const union gen_value *value = generation ? generation_find(generation, &key) : NULL;

	return value ? value->header.flags : 0;
}

/* ---------------------------------------------------------------- saving */

struct writer {
	int fd;
	int err;
	size_t used;
	crypto_generichash_state checksum;
	unsigned char buffer[FILE_BUFFER];
};

static void writer_flush(struct writer *writer)
{
	size_t done = 0;

	while (!writer->err && done < writer->used) {
		ssize_t n = write(writer->fd, writer->buffer + done, writer->used - done);

		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			writer->err = -errno;
	}
	writer->used = 0;
}

static void writer_add(struct writer *writer, const void *data, size_t size)
{
	const unsigned char *at = data;

	while (!writer->err && size) {
		size_t part = FILE_BUFFER - writer->used;

		part = part < size ? part : size;
		memcpy(writer->buffer + writer->used, at, part);
		writer->used += part;
		at += part;
		size -= part;
		if (writer->used == FILE_BUFFER) {
			crypto_generichash_update(&writer->checksum, writer->buffer, writer->used);
			writer_flush(writer);
		}
	}
}

static void writer_end(struct writer *writer)
{
	unsigned char digest[CHECKSUM_BYTES];

	crypto_generichash_update(&writer->checksum, writer->buffer, writer->used);
	writer_flush(writer);
	crypto_generichash_final(&writer->checksum, digest, sizeof(digest));
	memcpy(writer->buffer, digest, sizeof(digest));
	writer->used = sizeof(digest);
	writer_flush(writer);
	if (!writer->err && fsync(writer->fd) < 0)
		writer->err = -errno;
}

static void write_rules(struct writer *writer, const struct generation_rule *rules, size_t count,
			const char *pool)
{
	for (size_t i = 0; i < count; i++) {
		const struct generation_rule *r = &rules[i];
		struct file_rule out = {.id = r->id - pool,
					.vendor = r->vendor - pool,
					.vendor_name = r->vendor_name - pool,
					.product = r->product - pool,
					.value = r->value - pool,
					.reason = r->reason - pool,
					.why = r->why - pool,
					.file = r->file - pool,
					.line = r->line,
					.matcher = r->matcher,
					.action = r->action,
					.target = r->target,
					.target_held_by = r->target_held_by,
					.confidence = r->confidence,
					.strict = r->strict,
					.until_s = r->until_s};

		writer_add(writer, &out, sizeof(out));
	}
}

static __u32 text_offset(const char *text, const char *pool)
{
	return text ? (__u32)(text - pool) : NO_TEXT;
}

static int write_generation(const struct generation *gen, int fd)
{
	const struct generation_store *store = (const struct generation_store *)gen;
	struct file_header header = {.abi = EMBARGO_ABI,
				     .revision = gen->revision,
				     .number = gen->number,
				     .entries = gen->entry_count,
				     .rules = gen->rule_count,
				     .unenforced = gen->unenforced_count,
				     .pool_bytes = store->pool_bytes,
				     .policy = gen->policy - store->pool,
				     .requires_package =
					     text_offset(gen->requires.package, store->pool),
				     .requires_unit = text_offset(gen->requires.unit, store->pool),
				     .requires_exec_prevent = gen->requires.exec_prevent,
				     .mode = gen->mode};
	/* the state of the checksum lies at a multiple of 64, which calloc() does not promise */
	struct writer *writer = aligned_alloc(_Alignof(struct writer), sizeof(*writer));
	int err;

	if (!writer)
		return -ENOMEM;
	writer->fd = fd;
	writer->err = 0;
	writer->used = 0;
	memcpy(header.magic, FILE_MAGIC, sizeof(header.magic));
	crypto_generichash_init(&writer->checksum, NULL, 0, CHECKSUM_BYTES);
	writer_add(writer, &header, sizeof(header));
	writer_add(writer, gen->keys, gen->entry_count * sizeof(*gen->keys));
	writer_add(writer, gen->values, gen->entry_count * sizeof(*gen->values));
	write_rules(writer, gen->rules, gen->rule_count, store->pool);
	write_rules(writer, gen->unenforced, gen->unenforced_count, store->pool);
	writer_add(writer, store->pool, store->pool_bytes);
	writer_end(writer);
	err = writer->err;
	free(writer);
	return err;
}

/* A rename is on the disk only when its directory is. */
static int sync_directory(const char *path)
{
	char *directory = strdup(path), *slash;
	int fd, err = 0;

	if (!directory)
		return -ENOMEM;
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(directory);
	return err;
}

int generation_save(const struct generation *generation, const char *path)
{
	char *temporary;
	int fd, err;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(temporary);
		return err;
	}
	err = write_generation(generation, fd);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(temporary, path) < 0)
		err = -errno;
	if (err)
		(void)unlink(temporary); /* nothing more can be done about it */
	free(temporary);
	return err ?: sync_directory(path);
}

/* ---------------------------------------------------------------- reading */

static int read_all(int fd, unsigned char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		if (n > 0)
			done += n;
	}
	return 0;
}

int generation_load(const char *path, struct generation **out_gen)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	unsigned char *data = NULL;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || (__u64)st.st_size > FILE_MAX_BYTES)
		err = -EBADMSG;
	else if (!(data = malloc(st.st_size + 1)))
		err = -ENOMEM;
	if (!err)
		err = read_all(fd, data, st.st_size);
	close(fd);
	if (!err)
		err = generation_decode(data, st.st_size, out_gen);
	free(data);
	return err;
}

/* What is left of the bytes to decode. */
struct reader {
	const unsigned char *at;
	size_t left;
};

/* A copy of the next @count things of @size bytes, or NULL (errno is EBADMSG or ENOMEM). */
static void *reader_take(struct reader *reader, __u64 count, size_t size)
{
	void *copy;

	errno = EBADMSG;
	if (count > reader->left / size)
		return NULL;
	copy = malloc(count * size + 1);
	if (!copy)
		return NULL;
	memcpy(copy, reader->at, count * size);
	reader->at += count * size;
	reader->left -= count * size;
	return copy;
}

static const char *pool_at(const struct generation_store *store, __u32 offset, bool *wrong)
{
	*wrong |= offset >= store->pool_bytes;
	return *wrong ? NULL : store->pool + offset;
}

static bool decode_rules(const struct generation_store *store, const struct file_rule *from,
			 size_t count, struct generation_rule *to)
{
	bool wrong = false;

	for (size_t i = 0; !wrong && i < count; i++) {
		const struct file_rule *r = &from[i];

		to[i] = (struct generation_rule){.id = pool_at(store, r->id, &wrong),
						 .vendor = pool_at(store, r->vendor, &wrong),
						 .vendor_name =
							 pool_at(store, r->vendor_name, &wrong),
						 .product = pool_at(store, r->product, &wrong),
						 .value = pool_at(store, r->value, &wrong),
						 .reason = pool_at(store, r->reason, &wrong),
						 .why = pool_at(store, r->why, &wrong),
						 .file = pool_at(store, r->file, &wrong),
						 .line = r->line,
						 .matcher = r->matcher,
						 .action = r->action,
						 .target = r->target,
						 .target_held_by = r->target_held_by,
						 .confidence = r->confidence & 0xf,
						 .strict = r->strict & 1,
						 .until_s = r->until_s};
		wrong |= r->matcher >= MATCHER_MAX || r->action >= ACTION_MAX ||
			 r->target >= MODE_MAX || r->target_held_by >= HELD_BY_MAX ||
			 r->confidence >= CONFIDENCE_MAX || r->strict > 1;
	}
	return !wrong;
}

static bool decode_requires(const struct generation_store *store, const struct file_header *header,
			    struct generation_requires *out)
{
	bool wrong = header->requires_exec_prevent > 1;

	if (header->requires_package != NO_TEXT)
		out->package = pool_at(store, header->requires_package, &wrong);
	if (header->requires_unit != NO_TEXT)
		out->unit = pool_at(store, header->requires_unit, &wrong);
	out->exec_prevent = header->requires_exec_prevent;
	return !wrong;
}

static int decode_parts(struct reader *reader, const struct file_header *header,
			struct generation_store *store)
{
	struct generation *gen = &store->generation;
	struct file_rule *rules = NULL, *unenforced = NULL;
	bool wrong = false;
	int err = 0;

	if (!(store->keys = reader_take(reader, header->entries, sizeof(*store->keys))) ||
	    !(store->values = reader_take(reader, header->entries, sizeof(*store->values))) ||
	    !(rules = reader_take(reader, header->rules, sizeof(*rules))) ||
	    !(unenforced = reader_take(reader, header->unenforced, sizeof(*unenforced))) ||
	    !(store->pool = reader_take(reader, header->pool_bytes, 1)) ||
	    !(store->rules = calloc(header->rules + 1, sizeof(*store->rules))) ||
	    !(store->unenforced = calloc(header->unenforced + 1, sizeof(*store->unenforced))))
		err = -errno;
	if (!err) {
		gen->number = header->number;
		gen->revision = header->revision;
		gen->mode = header->mode;
		gen->entry_count = header->entries;
		gen->rule_count = header->rules;
		gen->unenforced_count = header->unenforced;
		store->pool_bytes = header->pool_bytes;
		generation_store_publish(store);
		gen->policy = pool_at(store, header->policy, &wrong);
		if (reader->left || wrong || store->pool[store->pool_bytes - 1] ||
		    header->mode >= MODE_MAX || !decode_requires(store, header, &gen->requires) ||
		    !decode_rules(store, rules, header->rules, store->rules) ||
		    !decode_rules(store, unenforced, header->unenforced, store->unenforced) ||
		    !generation_entries_fit(store) ||
		    generation_number(store->keys, store->values, gen->entry_count,
				      &gen->requires) != gen->number)
			err = -EBADMSG;
	}
	free(rules);
	free(unenforced);
	return err;
}

int generation_decode(const void *data, size_t size, struct generation **out_gen)
{
	unsigned char digest[CHECKSUM_BYTES];
	struct reader reader = {data, size};
	struct generation_store *store;
	struct file_header header;
	int err;

	if (sodium_init() < 0) /* finds the fastest code for this processor */
		return -EIO;
	if (size < sizeof(header) + sizeof(digest))
		return -EBADMSG;
	reader.left -= sizeof(digest);
	memcpy(&header, data, sizeof(header));
	crypto_generichash(digest, sizeof(digest), data, reader.left, NULL, 0);
	if (memcmp(header.magic, FILE_MAGIC, sizeof(header.magic)) ||
	    memcmp(digest, reader.at + reader.left, sizeof(digest)))
		return -EBADMSG;
	if (header.abi != EMBARGO_ABI)
		return -EPROTO;
	reader.at += sizeof(header);
	reader.left -= sizeof(header);
	store = calloc(1, sizeof(*store));
	if (!store)
		return -ENOMEM;
	err = decode_parts(&reader, &header, store);
	if (err) {
		generation_free(&store->generation);
		return err;
	}
	*out_gen = &store->generation;
	return 0;
}
