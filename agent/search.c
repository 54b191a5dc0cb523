/* SPDX-License-Identifier: MIT */
/*
 * search.c - see search.h. Files are identified in batches, because the kernel tells what it sees of all open files
 * of a process at once. Everything that is found is held in memory until a phase is over: what a fact is to
 * say depends on all rules that found the file.
 */
#include "search.h"
#include "clean.h"
#include "content.h"
#include "inventory/belongs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#define BATCH 64 /* files that are open at a time */

struct gather {
	struct kernel *kernel;
	struct learned_set *facts;
	struct content_guard *guard; /* gets the protected set; NULL: nobody asks */
	struct {
		int fd;
		struct belonging found; /* without its path */
		char *path;
	} batch[BATCH];
	size_t count;
	__u64 missed;
	bool packages_missed, host_missed;
};

/* ---------------------------------------------------------------- finding */

static int take(struct gather *gather, size_t i, const struct identity *identity)
{
	const struct belonging *found = &gather->batch[i].found;
	const struct learned_key key = learned_key_of_file(&identity->file);
	struct learned *learned;
	struct learned_file *file;
	ssize_t at;

	if (!identity->file.inode || (!(identity->file.flags & FILE_IDENTIFIED) && !gather->guard))
		return 0; /* without a guard only facts are wanted, and no contents */
	at = learned_set_at(gather->facts, &key);
	if (at < 0)
		return (int)at;
	learned = &gather->facts->values[at];
	learned->deny = learned_best(learned->deny, found->deny);
	learned->allow = learned_best(learned->allow, found->allow);
	learned->flags |= found->is_protected ? LEARNED_PROTECTED : 0;
	file = &gather->facts->files[at];
	if (!file->path)
		file->path = take_ptr(gather->batch[i].path);
	file->device = found->st.st_dev;
	file->inode = found->st.st_ino;
	file->size = found->st.st_size;
	file->change_ns = identity->change_ns;
	file->runs |= found->runs;
	file->unfit = !(identity->file.flags & FILE_IDENTIFIED);
	if (found->is_protected && gather->guard && file->path)
		return content_guard_add(gather->guard, file->path, file->size);
	return 0;
}

static int flush(struct gather *gather)
{
	struct identity identities[BATCH];
	int fds[BATCH], err = 0;

	for (size_t i = 0; i < gather->count; i++)
		fds[i] = gather->batch[i].fd;
	if (gather->count)
		err = kernel_identify(gather->kernel, fds, gather->count, identities);
	for (size_t i = 0; i < gather->count; i++) {
		if (!err)
			err = take(gather, i, &identities[i]);
		clean_fd(&gather->batch[i].fd);
		free(take_ptr(gather->batch[i].path));
	}
	gather->count = 0;
	return err;
}

static int on_file(void *context, const struct belonging *found)
{
	struct gather *gather = context;
	size_t i = gather->count;
	int fd = fcntl(found->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	gather->batch[i].fd = fd;
	gather->batch[i].found = *found;
	gather->batch[i].path = strdup(found->path);
	gather->count++;
	if (!gather->batch[i].path)
		return -ENOMEM;
	return gather->count == BATCH ? flush(gather) : 0;
}

static void on_problem(void *context, const struct inventory_problem *problem)
{
	struct gather *gather = context;

	if (problem->gap != INVENTORY_MISSED)
		return;
	/* What runs as init is not shown to an agent with few privileges; it was when it started. */
	gather->host_missed |= problem->source == INVENTORY_HOST;
	gather->missed += problem->source != INVENTORY_HOST;
	gather->packages_missed |= problem->source == INVENTORY_PACKAGES;
}

static int gather_parts(struct gather *gather, const struct generation *generation,
			const char *root, bool network, unsigned parts)
{
	const struct inventory_options options = {
		.root = root,
		.network = network,
		.problem = on_problem,
		.context = gather,
	};
	struct inventory *inventory = NULL;
	int err = inventory_open(&options, &inventory), flushed;

	if (!err)
		err = belongs_find(inventory, generation, parts, on_file, gather);
	flushed = flush(gather); /* closes what is open in any case */
	inventory_close(inventory);
	return err ? err : flushed;
}

int search_allowed(struct kernel *kernel, const struct generation *generation, const char *root,
		   struct learned_set *facts)
{
	AUTO_FREE struct gather *gather = calloc(1, sizeof(*gather));

	if (!gather)
		return -ENOMEM;
	gather->kernel = kernel;
	gather->facts = facts;
	return gather_parts(gather, generation, root, false, BELONGS_ALLOWED);
}

int search_protected(struct kernel *kernel, char *const *paths, size_t count,
		     struct learned_set *facts)
{
	AUTO_FREE struct gather *gather = calloc(1, sizeof(*gather));
	int err = gather ? 0 : -ENOMEM, flushed;

	if (!gather)
		return err;
	gather->kernel = kernel;
	gather->facts = facts;
	for (size_t i = 0; i < count && !err; i++) {
		struct belonging found = {.path = paths[i], .is_protected = true};
		AUTO_FD int fd =
			open(paths[i], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);

		found.fd = fd;
		if (fd >= 0 && fstat(fd, &found.st) == 0 && S_ISREG(found.st.st_mode))
			err = on_file(gather, &found);
	}
	flushed = flush(gather);
	return err ? err : flushed;
}

/* ---------------------------------------------------------------- telling the kernel */

struct work {
	const struct search *search;
	struct learned_set facts;
	struct content_guard *guard;
	struct search_result result;
	bool packages_missed, host_missed;
	bool walked; /* everything was looked at */
};

static const struct generation_rule *rule_of(const struct work *work, __u32 number)
{
	const struct generation *generation = work->search->generation;

	return number && number <= generation->rule_count ? &generation->rules[number - 1] : NULL;
}

static bool is_of_package(const struct work *work, __u32 number)
{
	const struct generation_rule *rule = rule_of(work, number);

	return rule &&
	       (rule->matcher == MATCHER_PACKAGE || rule->matcher == MATCHER_PACKAGE_VENDOR);
}

/* Would this search have found the file again, if the rule still meant it? */
static bool would_be_found(const struct work *work, __u32 number)
{
	if (is_of_package(work, number))
		return !work->packages_missed;
	return work->walked || !belongs_needs_walk(work->search->generation, number);
}

/* What is true of a file: what was found now, and what is known of it for other reasons. */
static int put_file(struct work *work, size_t at)
{
	const struct search *search = work->search;
	const struct learned_key *key = &work->facts.keys[at];
	struct learned learned = work->facts.values[at], old = {0};
	int err;

	if (work->facts.files[at].unfit)
		return 0;
	err = kernel_learned_get(search->kernel, key, &old);
	if (err < 0 && err != -ENOENT)
		return err;
	if (old.flags & LEARNED_BY_CONTENT && !learned.deny) {
		learned.deny = old.deny;
		learned.flags |= LEARNED_BY_CONTENT;
	} else if (!(old.flags & LEARNED_BY_CONTENT) &&
		   (!is_of_package(work, old.deny) || work->packages_missed)) {
		learned.deny = learned_best(learned.deny, old.deny);
	}
	if (old.allow && !would_be_found(work, old.allow))
		learned.allow = learned_best(learned.allow, old.allow);
	learned.flags |= old.flags & LEARNED_HASHED;
	learned.change_ns = old.change_ns;
	learned.size = old.size;
	learned.round = search->round;
	return kernel_learned_put(search->kernel, key, &learned);
}

static int put_files(struct work *work)
{
	int err = 0;

	for (size_t i = 0; i < work->facts.count && !err; i++)
		err = put_file(work, i);
	if (!err)
		work->result.files = work->facts.count;
	return err;
}

/*
 * A fact of an earlier search: what it says of packages, exceptions and protection is not so any more. What the
 * kernel or a content added (round 0) is no search's to judge.
 */
static int sweep_one(void *context, const struct learned_key *key, const struct learned *old)
{
	struct work *work = context;
	struct kernel *kernel = work->search->kernel;
	struct learned learned = *old;

	if (key->kind != LEARNED_FILE || !old->round || old->round == work->search->round ||
	    learned_set_find(&work->facts, key) >= 0)
		return 0;
	if (is_of_package(work, old->deny) && would_be_found(work, old->deny))
		learned.deny = 0;
	if (old->allow && would_be_found(work, old->allow))
		learned.allow = 0;
	if (!work->host_missed)
		learned.flags &= ~LEARNED_PROTECTED;
	if (!memcmp(&learned, old, sizeof(learned)))
		return 0;
	work->result.gone++;
	if (learned.deny || learned.allow || learned.flags & LEARNED_PROTECTED)
		return kernel_learned_put(kernel, key, &learned);
	(void)kernel_learned_remove(kernel, key); /* -ENOENT: gone already */
	return 0;
}

/* ---------------------------------------------------------------- phases */

static int find(struct work *work, unsigned parts)
{
	const struct search *search = work->search;
	AUTO_FREE struct gather *gather = calloc(1, sizeof(*gather));
	int err;

	if (!gather)
		return -ENOMEM;
	gather->kernel = search->kernel;
	gather->facts = &work->facts;
	gather->guard = work->guard;
	work->walked = parts & BELONGS_WALK;
	err = gather_parts(gather, search->generation, search->root, search->network, parts);
	work->result.missed += gather->missed;
	work->packages_missed |= gather->packages_missed;
	work->host_missed |= gather->host_missed;
	if (!err)
		err = put_files(work);
	if (!err)
		err = kernel_learned_each(search->kernel, sweep_one, work);
	return err;
}

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

/* Is it the file that was found, in the state that was found? */
static bool is_the_same(int fd, const struct learned_file *file)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
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

static int hash_file(struct work *work, size_t at)
{
	struct kernel *kernel = work->search->kernel;
	const struct learned_key *key = &work->facts.keys[at];
	const struct learned_file *file = &work->facts.files[at];
	struct learned learned = work->facts.values[at];
	struct content content;
	AUTO_FD int fd = -1;
	int err = file->unfit ? 0 : kernel_learned_get(kernel, key, &learned);

	if (err < 0)
		return err == -ENOENT ? 0 : err;
	if (learned.flags & LEARNED_HASHED && learned.change_ns == file->change_ns &&
	    learned.size == file->size)
		return 0;
	fd = open(file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !is_the_same(fd, file) || content_hash(fd, &content) < 0) {
		work->result.unreadable++;
		return 0;
	}
	work->result.hashed++;
	work->result.hashed_bytes += content.bytes;
	if (content_guard_has(work->guard, &content))
		work->result.shared++;
	else
		err = learn_content(work, &learned, &content);
	learned.flags |= LEARNED_HASHED;
	learned.change_ns = content.change_ns;
	learned.size = content.bytes;
	return err || file->unfit ? err : kernel_learned_put(kernel, key, &learned);
}

static __u64 now_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int hash(struct work *work)
{
	__u64 begin = now_ns();
	int err = 0;

	for (size_t i = 0; i < work->facts.count && !err; i++)
		if (is_worth_hashing(work, i))
			err = hash_file(work, i);
	work->result.hashed_ns = now_ns() - begin;
	return err;
}

static int phase(struct work *work, enum search_phase phase)
{
	const struct search *search = work->search;
	int err, told;

	if (!(search->phases & phase))
		return 0;
	work->result = (struct search_result){.phase = phase};
	if (phase == SEARCH_HASH)
		err = hash(work);
	else if (phase == SEARCH_WALK)
		err = find(work, BELONGS_WALK);
	else
		err = find(work, BELONGS_QUICK);
	work->result.err = err;
	told = search->done ? search->done(search->context, &work->result) : 0;
	return err ? err : told;
}

int search_run(const struct search *search)
{
	struct work work = {.search = search, .guard = content_guard_new()};
	int err = work.guard ? 0 : -ENOMEM;

	if (!err)
		err = phase(&work, SEARCH_QUICK);
	if (!err)
		err = phase(&work, SEARCH_WALK);
	if (!err)
		err = phase(&work, SEARCH_HASH);
	learned_set_done(&work.facts);
	content_guard_free(work.guard);
	return err;
}
