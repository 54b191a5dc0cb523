/* SPDX-License-Identifier: MIT */
/*
 * learned.c - the facts that hang beside a generation: made before the switch, added to while it is active, moved into a
 * larger map when they do not fit. And which file a descriptor is, as the kernel programs see it.
 */
#include "kernel_internal.h"

#include "../policy/generation.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

int filters_map(struct kernel *kernel)
{
	void *mapped;

	filters_unmap(kernel);
	mapped = mmap(NULL, FILTERS * sizeof(struct learned_filter), PROT_READ | PROT_WRITE, MAP_SHARED,
		      kernel->maps.filter, 0);

	if (mapped == MAP_FAILED)
		return -errno;
	kernel->filters = mapped;
	return 0;
}

void filters_unmap(struct kernel *kernel)
{
	if (kernel->filters)
		munmap(kernel->filters, FILTERS * sizeof(struct learned_filter));
	kernel->filters = kernel->filter = NULL;
}

void filter_choose(struct kernel *kernel, __u64 generation)
{
	kernel->filter = &kernel->filters[generation & (FILTERS - 1)];
}

/* Before the fact is there: a decision in between finds nothing, which is so. */
static void filter_add(struct learned_filter *filter, const struct learned_key *key)
{
	if (key->kind == LEARNED_FILE || key->kind == LEARNED_SIZE)
		__atomic_store_n(&filter->there[filter_place(key->kind, key->a, key->b)], 1, __ATOMIC_RELEASE);
}

/* Return: descriptor of a map with room for so many, or a negative errno. */
static int learned_make(size_t room)
{
	int fd;

	if (room > UINT32_MAX)
		return -E2BIG;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "embargo_facts", sizeof(struct learned_key),
			    sizeof(struct learned), room, NULL);
	return fd < 0 ? -errno : fd;
}

static int learned_fill(int map, const struct learned_list *learned)
{
	__u32 count = learned->count;

	if (!count)
		return 0;
	if (bpf_map_update_batch(map, learned->keys, learned->values, &count, NULL))
		return -errno;
	return count == learned->count ? 0 : -EIO;
}

/* Only files of such a size are ever hashed. */
static int sizes_fill(int map, const struct generation *generation, size_t *out_count)
{
	const struct learned value = {};

	*out_count = 0;
	for (size_t i = 0; i < generation->entry_count; i++) {
		struct learned_key key = { .kind = LEARNED_SIZE };

		if (generation->keys[i].kind != GEN_DIGEST)
			continue;
		(*out_count)++;
		key.a = generation->values[i].digest.size;
		if (map >= 0 && bpf_map_update_elem(map, &key, &value, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* What is already there of the generation @before, which is active, stays. */
static void filter_fill(const struct kernel *kernel, const struct generation *generation, __u64 before,
			const struct learned_list *learned)
{
	struct learned_filter *filter = &kernel->filters[generation->number & (FILTERS - 1)];

	if (!before || filter != &kernel->filters[before & (FILTERS - 1)])
		memset(filter, 0, sizeof(*filter));
	for (size_t i = 0; i < learned->count; i++)
		filter_add(filter, &learned->keys[i]);
	for (size_t i = 0; i < generation->entry_count; i++)
		if (generation->keys[i].kind == GEN_DIGEST)
			filter_add(filter, &(struct learned_key){.kind = LEARNED_SIZE,
								 .a = generation->values[i].digest.size});
}

int learned_install(const struct kernel *kernel, const struct generation *generation, __u64 before,
		    const struct learned_list *learned)
{
	const struct learned_list none = {};
	__u64 number = generation->number;
	size_t digests;
	int map, err;

	learned = learned ?: &none;
	filter_fill(kernel, generation, before, learned);
	(void)sizes_fill(-1, generation, &digests);	/* only counts */
	map = learned_make(2 * learned->count + digests + LEARNED_SPARE);
	if (map < 0)
		return map;
	err = learned_fill(map, learned);
	err = err ?: sizes_fill(map, generation, &digests);
	if (!err && bpf_map_update_elem(kernel->maps.learned, &number, &map, BPF_ANY))
		err = -errno;
	if (!err)
		return map;
	close(map);
	return err;
}

int learned_map(const struct kernel_maps *maps, __u64 generation)
{
	__u32 id;
	int fd;

	if (bpf_map_lookup_elem(maps->learned, &generation, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

void learned_forget(const struct kernel_maps *maps, __u64 but)
{
	__u64 found[LEARNED_MAPS_MAX], *previous = NULL;
	size_t count = 0;

	while (count < LEARNED_MAPS_MAX && !bpf_map_get_next_key(maps->learned, previous, &found[count]))
		previous = &found[count++];
	for (size_t i = 0; i < count; i++)
		if (found[i] != but)
			(void)bpf_map_delete_elem(maps->learned, &found[i]);	/* it is only memory */
}

pthread_mutex_t *learned_lock_new(void)
{
	pthread_mutex_t *lock = mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;

	if (lock == MAP_FAILED)
		return NULL;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return lock;
}

void learned_lock_free(pthread_mutex_t *lock)
{
	if (lock)
		munmap(lock, sizeof(*lock));
}

void kernel_learned_lock(struct kernel *kernel)
{
	/* whoever held it is dead: each put is whole, so there is nothing to mend */
	if (kernel->learned_lock && pthread_mutex_lock(kernel->learned_lock) == EOWNERDEAD)
		pthread_mutex_consistent(kernel->learned_lock);
}

void kernel_learned_unlock(struct kernel *kernel)
{
	if (kernel->learned_lock)
		pthread_mutex_unlock(kernel->learned_lock);
}

int kernel_learned_put(struct kernel *kernel, const struct learned_key *key, const struct learned *learned)
{
	filter_add(kernel->filter, key);
	return bpf_map_update_elem(kernel->facts, key, learned, BPF_ANY) ? -errno : 0;
}

int kernel_learned_get(struct kernel *kernel, const struct learned_key *key, struct learned *out_learned)
{
	return bpf_map_lookup_elem(kernel->facts, key, out_learned) ? -errno : 0;
}

int kernel_learned_remove(struct kernel *kernel, const struct learned_key *key)
{
	return bpf_map_delete_elem(kernel->facts, key) ? -errno : 0;
}

int kernel_learned_each(struct kernel *kernel, kernel_learned_fn fn, void *context)
{
	struct learned_key key, next;
	struct learned value;
	bool more = bpf_map_get_next_key(kernel->facts, NULL, &next) == 0;
	int err = 0;

	while (more && !err) {
		key = next;
		more = bpf_map_get_next_key(kernel->facts, &key, &next) == 0;
		if (bpf_map_lookup_elem(kernel->facts, &key, &value) == 0)
			err = fn(context, &key, &value);
	}
	return err;
}

size_t kernel_learned_room(struct kernel *kernel)
{
	struct bpf_map_info info = {};
	__u32 bytes = sizeof(info);

	return bpf_obj_get_info_by_fd(kernel->facts, &info, &bytes) ? 0 : info.max_entries;
}

/* Every fact at once, so that nothing that is listed can be missed because something else was removed meanwhile. */
struct all_facts {
	struct learned_key *keys;
	struct learned *values;
	size_t count, room;
};

static int take_fact(void *context, const struct learned_key *key, const struct learned *learned)
{
	struct all_facts *all = context;

	if (all->count == all->room)
		return -E2BIG;
	all->keys[all->count] = *key;
	all->values[all->count++] = *learned;
	return 0;
}

int kernel_learned_grow(struct kernel *kernel)
{
	__u64 number = kernel_generation(kernel);
	struct bpf_map_info info = {};
	__u32 bytes = sizeof(info);
	struct all_facts all = {};
	_cleanup_fd_ int map = -1;
	int err = 0;

	if (bpf_obj_get_info_by_fd(kernel->facts, &info, &bytes))
		return -errno;
	all.room = info.max_entries;
	all.keys = calloc(all.room, sizeof(*all.keys));
	all.values = calloc(all.room, sizeof(*all.values));
	if (!all.keys || !all.values)
		err = -ENOMEM;
	err = err ?: kernel_learned_each(kernel, take_fact, &all);
	if (!err) {
		map = learned_make(2ull * info.max_entries);
		err = map < 0 ? map : 0;
	}
	err = err ?: learned_fill(map, &(struct learned_list){all.keys, all.values, all.count});
	if (!err && bpf_map_update_elem(kernel->maps.learned, &number, &map, BPF_EXIST))
		err = -errno;
	free(all.keys);
	free(all.values);
	if (err)
		return err;
	close_owned_fd(&kernel->retired_facts);
	kernel->retired_facts = kernel->facts;
	kernel->facts = map;
	map = -1;
	return 0;
}

/* ---------------------------------------------------------------- which file */

/*
 * An iterator over the open files of this thread. Before 6.1 (f0d74c4da1f0) the kernel does not know the number of the thread
 * and calls the program for all threads, which then passes over the others.
 */
static int identities_open(int program)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info,
		    .iter_info_len = sizeof(info.task.tid));
	_cleanup_fd_ int link = -1;
	int fd;

	info.task.tid = syscall(SYS_gettid);
	link = bpf_link_create(program, 0, BPF_TRACE_ITER, &options);
	if (link < 0)
		return -errno;
	fd = bpf_iter_create(link);
	return fd < 0 ? -errno : fd;
}

static void identity_take(const struct identity *found, const int *fds, size_t count, struct identity *out)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0 && (__u32)fds[i] == found->fd)
			out[i] = *found;
}

int kernel_identify(struct kernel *kernel, const int *fds, size_t count, struct identity *out)
{
	struct identity found[64];
	_cleanup_fd_ int iterator = -1;
	size_t held = 0;
	ssize_t bytes;

	memset(out, 0, count * sizeof(*out));
	if (kernel->identify < 0)
		return -EOPNOTSUPP;
	iterator = identities_open(kernel->identify);
	if (iterator < 0)
		return iterator;
	/* records are whole in the stream, not in each read */
	while ((bytes = read(iterator, (char *)found + held, sizeof(found) - held)) != 0) {
		size_t whole;

		if (bytes < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (bytes < 0)
			return -errno;
		held += bytes;
		whole = held / sizeof(*found);
		for (size_t i = 0; i < whole; i++)
			identity_take(&found[i], fds, count, out);
		held -= whole * sizeof(*found);
		memmove(found, &found[whole], held);
	}
	return 0;
}
