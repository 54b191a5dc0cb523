/* SPDX-License-Identifier: MIT */
/*
 * search_find.c - files are identified in batches, because the kernel tells what it sees of all open files of a
 * process at once. Everything that is found is held in memory until a phase is over: what a fact is to say depends
 * on all rules that found the file.
 */
#include "clean.h"
#include "content.h"
#include "inventory/belongs.h"
#include "search_internal.h"
#include "trust.h"

#include "../policy/policy.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

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
	struct trust trust;
	__u64 missed;
	bool packages_missed, host_missed;
};

/* One name of a file that has several. The same name in two mounts of a file system is one. */
static int note_name(struct learned_file *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	__u64 *names, hash = HASH_START;
	char directory[PATH_MAX];
	struct stat st;

	if (!slash || slash - path >= PATH_MAX)
		return 0;
	memcpy(directory, path, (size_t)(slash - path));
	directory[slash - path] = 0;
	if (stat(*directory ? directory : "/", &st) < 0)
		return 0;
	hash = hash_word(hash_word(hash, st.st_dev), st.st_ino);
	hash = hash_word(hash, name_hash(slash + 1, strlen(slash + 1)));
	for (size_t i = 0; i < file->name_count; i++)
		if (file->names[i] == hash)
			return 0;
	names = reallocarray(file->names, file->name_count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	file->names = names;
	file->names[file->name_count++] = hash;
	return 0;
}

/* What the file itself says of what may be made of it. */
static int look_at(struct gather *gather, struct learned_file *file, const struct belonging *found,
		   const char *path)
{
	if (found->by_package)
		file->by_package = learned_best(file->by_package, found->deny);
	file->links = found->st.st_nlink;
	if (found->deny && !found->in_layer && !file->is_ours)
		file->is_ours = trust_has(&gather->trust, path, &found->st);
	return found->deny && found->st.st_nlink > 1 ? note_name(file, path) : 0;
}

static int take(struct gather *gather, size_t i, const struct identity *identity)
{
	const struct belonging *found = &gather->batch[i].found;
	const struct learned_key key = learned_key_of_file(&identity->file);
	struct learned *learned;
	struct learned_file *file;
	ssize_t at;
	int err;

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
	err = look_at(gather, file, found, gather->batch[i].path);
	if (err)
		return err;
	if (!file->path)
		file->path = take_ptr(gather->batch[i].path);
	file->device = found->st.st_dev;
	file->inode = found->st.st_ino;
	file->size = found->st.st_size;
	file->change_ns = identity->change_ns;
	file->runs |= found->runs;
	file->unfit = !(identity->file.flags & FILE_IDENTIFIED);
	if (found->is_protected && gather->guard && file->path)
		return content_guard_add(gather->guard, file->path, file->size, true);
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

static int gather_parts(struct gather *gather, const struct search *search, unsigned parts)
{
	const struct inventory_options options = {
		.root = search->root,
		.network = search->network,
		.problem = on_problem,
		.context = gather,
	};
	struct inventory *inventory = NULL;
	int err = trust_begin(&gather->trust, search->root), flushed;

	if (!err)
		err = inventory_open(&options, &inventory);
	if (!err)
		err = belongs_find(inventory, search->generation, parts, on_file, gather);
	if (!err && parts & BELONGS_PATHS && search->named_count)
		err = belongs_named(inventory, search->generation, search->named,
				    search->named_count, on_file, gather);
	flushed = flush(gather); /* closes what is open in any case */
	inventory_close(inventory);
	return err ? err : flushed;
}

int search_allowed(struct kernel *kernel, const struct generation *generation, const char *root,
		   struct learned_set *facts)
{
	const struct search search = {.kernel = kernel, .generation = generation, .root = root};
	AUTO_FREE struct gather *gather = calloc(1, sizeof(*gather));

	if (!gather)
		return -ENOMEM;
	gather->kernel = kernel;
	gather->facts = facts;
	return gather_parts(gather, &search, BELONGS_ALLOWED);
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

int search_find(struct work *work, unsigned parts)
{
	AUTO_FREE struct gather *gather = calloc(1, sizeof(*gather));
	int err;

	if (!gather)
		return -ENOMEM;
	gather->kernel = work->search->kernel;
	gather->facts = &work->facts;
	gather->guard = work->guard;
	err = gather_parts(gather, work->search, parts);
	work->result.missed += gather->missed;
	work->packages_missed |= gather->packages_missed;
	work->host_missed |= gather->host_missed;
	return err;
}
