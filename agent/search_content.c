/* SPDX-License-Identifier: MIT */
/*
 * search_content.c - the contents of what was found, so that a copy under another name is recognised too. A content is
 * learned only if it can be nobody else's: from files that only the host's owner can have put there, under all of
 * their names, and never if a protected file or one of an innocent package has it too.
 */
#include "clean.h"
#include "content.h"
#include "inventory/innocent.h"
#include "search_internal.h"
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---------------------------------------------------------------- what is to be read */

static bool is_worth_hashing(const struct work *work, size_t at)
{
	const struct learned *learned = &work->facts.values[at];
	const struct learned_file *file = &work->facts.files[at];

	/* where nothing can be noted about the file itself, its time has to tell */
	if (file->unfit && file->change_ns < work->search->read_before_ns)
		return false;
	return learned->deny && !learned->allow && !(learned->flags & LEARNED_PROTECTED) &&
	       file->runs && file->size && file->path;
}

/* Return: 1: to be read, 0: not, or known; -errno. *out_learned is what is known of the file. */
static int is_due(const struct work *work, size_t at, struct learned *out_learned)
{
	const struct learned_file *file = &work->facts.files[at];
	int err;

	*out_learned = work->facts.values[at];
	if (!is_worth_hashing(work, at))
		return 0;
	if (!file->is_ours || !learned_file_is_whole(file))
		return 0;
	err = file->unfit ? 0
			  : kernel_learned_get(work->search->kernel, &work->facts.keys[at],
					       out_learned);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	return !(out_learned->flags & LEARNED_HASHED && out_learned->change_ns == file->change_ns &&
		 out_learned->size == file->size);
}

/* ---------------------------------------------------------------- what is innocent */

/* Sizes as keys of a set; .flags is 1 where a content of that size is about to be learned. */
struct sizes {
	struct work *work;
	struct learned_set set;
	struct trust trust;
};

static int add_size(struct sizes *sizes, __u64 bytes, __u32 now)
{
	const struct learned_key key = learned_key_of_size(bytes);
	ssize_t at = learned_set_at(&sizes->set, &key);

	if (at < 0)
		return (int)at;
	sizes->set.values[at].flags |= now;
	return 0;
}

static int add_learned_size(void *context, const struct learned_key *key,
			    const struct learned *learned)
{
	return key->kind == LEARNED_DIGEST ? add_size(context, learned->size, 0) : 0;
}

static int gather_sizes(struct sizes *sizes)
{
	struct work *work = sizes->work;
	int err = kernel_learned_each(work->search->kernel, add_learned_size, sizes);

	for (size_t i = 0; i < work->facts.count && !err; i++) {
		const struct learned_file *file = &work->facts.files[i];
		struct learned learned;
		int due = is_due(work, i, &learned);

		if (due > 0)
			due = add_size(sizes, file->size, 1);
		err = due;
		if (is_worth_hashing(work, i) && (!file->is_ours || !learned_file_is_whole(file)))
			work->result.doubtful++;
	}
	return err;
}

/* Unchanged since an earlier search, it was compared with what was learned by then. */
static bool is_fresh(const struct sizes *sizes, const struct stat *st)
{
	return st->st_ctim.tv_sec * 1000000000ull + st->st_ctim.tv_nsec >=
	       sizes->work->search->read_before_ns;
}

static bool is_of_that_size(void *context, const struct stat *st)
{
	const struct sizes *sizes = context;
	const struct learned_key key = learned_key_of_size((__u64)st->st_size);
	ssize_t at = learned_set_find(&sizes->set, &key);

	/* owned by others: else anybody could declare an embargoed content innocent */
	return at >= 0 && (sizes->set.values[at].flags || is_fresh(sizes, st)) &&
	       trust_in_file(&sizes->trust, st);
}

static int on_innocent(void *context, const char *path, const struct stat *st)
{
	const struct sizes *sizes = context;

	return content_guard_add(sizes->work->guard, path, (__u64)st->st_size, is_fresh(sizes, st));
}

/* ---------------------------------------------------------------- taking back */

struct removed {
	struct work *work;
	struct learned_set sizes;
};

static int if_innocent(void *context, const struct learned_key *key, const struct learned *learned)
{
	struct removed *removed = context;
	const struct learned_key size = learned_key_of_size(learned->size);
	ssize_t at;

	if (key->kind != LEARNED_DIGEST ||
	    !content_guard_has(removed->work->guard, (const char *)key + sizeof(key->kind),
			       DIGEST_KEY_BYTES, learned->size, true))
		return 0;
	(void)kernel_learned_remove(removed->work->search->kernel, key); /* -ENOENT: gone already */
	removed->work->result.shared++;
	at = learned_set_at(&removed->sizes, &size);
	return at < 0 ? (int)at : 0;
}

/* What was denied for its content alone, perhaps for one of those, is asked for again when it runs next. */
static int if_by_content(void *context, const struct learned_key *key, const struct learned *old)
{
	struct removed *removed = context;
	const struct learned_key size = learned_key_of_size(old->size);
	struct learned learned = *old;

	if (key->kind != LEARNED_FILE || !(old->flags & LEARNED_BY_CONTENT) ||
	    learned_set_find(&removed->sizes, &size) < 0)
		return 0;
	learned.deny = 0;
	learned.flags &= ~(LEARNED_BY_CONTENT | LEARNED_HASHED);
	return kernel_learned_put(removed->work->search->kernel, key, &learned);
}

static int take_back(struct work *work)
{
	struct removed removed = {.work = work};
	int err = kernel_learned_each(work->search->kernel, if_innocent, &removed);

	if (!err && removed.sizes.count)
		err = kernel_learned_each(work->search->kernel, if_by_content, &removed);
	learned_set_done(&removed.sizes);
	return err;
}

static int find_innocent(struct work *work)
{
	const struct search *search = work->search;
	const struct inventory_options options = {.root = search->root};
	struct sizes sizes = {.work = work};
	const struct innocent_wanted wanted = {is_of_that_size, on_innocent, &sizes};
	struct inventory *inventory = NULL;
	int err = trust_begin(&sizes.trust, search->root);

	if (!err)
		err = gather_sizes(&sizes);
	if (!err && sizes.set.count) {
		err = inventory_open(&options, &inventory);
		if (!err)
			err = innocent_find(inventory, search->generation, &wanted);
		inventory_close(inventory);
	}
	learned_set_done(&sizes.set);
	return err ? err : take_back(work);
}

/* ---------------------------------------------------------------- reading */

/* Is it the file that was found? */
static bool is_the_same(int fd, const struct learned_file *file, const struct trust *trust)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode &&
	       trust_in_file(trust, &st) && st.st_nlink == file->links;
}

static int learn_content(struct work *work, const struct learned *file,
			 const struct content *content)
{
	struct kernel *kernel = work->search->kernel;
	const struct learned_key key = learned_key_of_digest(content->sha256),
				 size = learned_key_of_size(content->bytes);
	struct learned learned = {0};
	const struct learned none = {0};
	int err = kernel_learned_get(kernel, &key, &learned);

	if (err < 0 && err != -ENOENT)
		return err;
	learned.deny = learned_best(learned.deny, file->deny);
	learned.size = content->bytes;
	err = kernel_learned_put(kernel, &key, &learned);
	return err ? err : kernel_learned_put(kernel, &size, &none);
}

/* What the file is known as may have changed while it was read. */
static int note_content(struct work *work, size_t at, const struct content *content)
{
	const struct learned_key *key = &work->facts.keys[at];
	struct kernel *kernel = work->search->kernel;
	struct learned learned;
	int err;

	kernel_learned_lock(kernel);
	err = kernel_learned_get(kernel, key, &learned);
	if (!err) {
		learned.flags = content->settled ? learned.flags | LEARNED_HASHED
						 : learned.flags & ~LEARNED_HASHED;
		learned.change_ns = content->change_ns;
		learned.size = content->bytes;
		err = kernel_learned_put(kernel, key, &learned);
	}
	kernel_learned_unlock(kernel);
	return err == -ENOENT ? 0 : err; /* another generation, or it is gone */
}

static int hash_file(struct work *work, const struct trust *trust, size_t at)
{
	const struct learned_file *file = &work->facts.files[at];
	struct content content;
	struct learned learned;
	AUTO_FD int fd = -1;
	int err = is_due(work, at, &learned);

	if (err <= 0)
		return err;
	fd = open(file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !is_the_same(fd, file, trust) || content_hash(fd, &content) < 0 ||
	    content.bytes != file->size) {
		work->result.unreadable++;
		return 0;
	}
	work->result.hashed++;
	work->result.hashed_bytes += content.bytes;
	if (content_guard_has(work->guard, content.sha256, sizeof(content.sha256), content.bytes,
			      false)) {
		work->result.shared++;
		err = 0;
	} else {
		err = learn_content(work, &learned, &content);
	}
	return err || file->unfit ? err : note_content(work, at, &content);
}

static __u64 now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int search_contents(struct work *work)
{
	struct trust trust;
	__u64 begin = now_ns();
	int err = trust_begin(&trust, work->search->root);

	if (!err)
		err = find_innocent(work);
	for (size_t i = 0; i < work->facts.count && !err; i++)
		err = hash_file(work, &trust, i);
	work->result.hashed_ns = now_ns() - begin;
	return err;
}
