/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the life of a program set on this host: adopted, exchanged without a gap, reported, taken
 * away. See kernel.h for what it promises and pin.h for where it is kept.
 */
#include "kernel_internal.h"

#include "../policy/generation.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int map_open(const char *pins, const char *name, int *out_fd)
{
	char path[PIN_PATH_BYTES];

	pin_map_path(path, pins, name);
	*out_fd = bpf_obj_get(path);
	return *out_fd < 0 ? -errno : 0;
}

int maps_open(const char *pins, struct kernel_maps *out_maps)
{
	struct kernel_maps maps;
	int *fds = (int *)&maps, err = 0;

	memset(&maps, -1, sizeof(maps));
	for (size_t i = 0; !err && i < KERNEL_MAP_COUNT; i++)
		err = map_open(pins, kernel_map_names[i], &fds[i]);
	if (err)
		maps_close(&maps);
	else
		*out_maps = maps;
	return err;
}

void maps_close(struct kernel_maps *maps)
{
	int *fds = (int *)maps;

	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++) {
		close_owned_fd(&fds[i]);
		fds[i] = -1;
	}
}

int runtime_get(const struct kernel_maps *maps, struct runtime *out)
{
	__u32 index = 0;

	return bpf_map_lookup_elem(maps->runtime, &index, out) ? -errno : 0;
}

int runtime_set(const struct kernel_maps *maps, const struct runtime *runtime)
{
	__u32 index = 0;

	return bpf_map_update_elem(maps->runtime, &index, runtime, BPF_ANY) ? -errno : 0;
}

/* From here on this set counts and emits, and no other; what else is in the entry stays. */
static int runtime_activate(struct kernel *kernel)
{
	struct runtime runtime;
	int err = runtime_get(&kernel->maps, &runtime);

	runtime.active_set = kernel->set;
	return err ?: runtime_set(&kernel->maps, &runtime);
}

__s64 kernel_clock(void)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (real.tv_sec - boot.tv_sec) * 1000000000ll + real.tv_nsec - boot.tv_nsec;
}

int kernel_set_clock(struct kernel *kernel, __s64 boot_to_real_ns)
{
	struct runtime runtime;
	int err = runtime_get(&kernel->maps, &runtime);

	runtime.boot_to_real_ns = boot_to_real_ns;
	return err ?: runtime_set(&kernel->maps, &runtime);
}

int kernel_set_met(struct kernel *kernel, const __u64 met[2])
{
	struct runtime runtime;
	int err = runtime_get(&kernel->maps, &runtime);

	memcpy(runtime.met, met, sizeof(runtime.met));
	return err ?: runtime_set(&kernel->maps, &runtime);
}

int link_attached(const char *pins, __u64 set, const char *name, __u32 *out_program)
{
	char directory[PIN_PATH_BYTES], path[PIN_PATH_BYTES + 64];
	struct bpf_link_info info = {};
	_cleanup_fd_ int link = -1;
	__u32 bytes = sizeof(info);

	pin_set_path(directory, pins, set);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &bytes))
		return -errno;
	/* A cgroup link outlives its cgroup, with the id 0. */
	if (info.type == BPF_LINK_TYPE_CGROUP && !info.cgroup.cgroup_id)
		return -ENOLINK;
	if (out_program)
		*out_program = info.prog_id;
	return 0;
}

void descriptors_open(struct kernel *kernel)
{
	__u32 number;

	kernel->entries = generation_entries(&kernel->maps);
	kernel->facts = learned_map(&kernel->maps, kernel_generation(kernel));
	filter_choose(kernel, kernel_generation(kernel));
	kernel->identify = program_open(kernel, "identify");
	kernel->sockets = program_open(kernel, "sockets");
	kernel->contain_running = program_open(kernel, "contain_running");
	if (kernel->marks < 0)
		kernel->marks = contained_open(&kernel->maps);
	for (size_t i = 0; i < program_row_count; i++) {
		if (link_attached(kernel->pins, kernel->set, program_rows[i].name, &number))
			continue;
		kernel->programs[i] = bpf_prog_get_fd_by_id(number);
	}
}

void descriptors_refresh(struct kernel *kernel)
{
	if (kernel->contain_running < 0)
		kernel->contain_running = program_open(kernel, "contain_running");
	for (size_t i = 0; i < program_row_count; i++) {
		if (!program_rows[i].only_with)
			continue;
		close_owned_fd(&kernel->programs[i]);
		kernel->programs[i] = -1;
		/* by its pin: to ask for it by its number takes CAP_SYS_ADMIN, which the agent has given up */
		if (!link_attached(kernel->pins, kernel->set, program_rows[i].name, NULL))
			kernel->programs[i] = program_open(kernel, program_rows[i].name);
	}
}

void descriptors_close(struct kernel *kernel)
{
	close_owned_fd(&kernel->entries);
	close_owned_fd(&kernel->facts);
	close_owned_fd(&kernel->retired_entries);
	close_owned_fd(&kernel->retired_facts);
	close_owned_fd(&kernel->identify);
	close_owned_fd(&kernel->sockets);
	close_owned_fd(&kernel->contain_running);
	close_owned_fd(&kernel->marks);
	close_owned_fd(&kernel->fork_event);
	for (size_t i = 0; i < PROGRAM_ROWS_MAX; i++)
		close_owned_fd(&kernel->programs[i]);
}

/* All that every policy needs, attached, and the working memory: then only what this policy needs may have to be loaded. */
static bool set_is_whole(const struct kernel *kernel)
{
	_cleanup_fd_ int scratch = set_map_open(kernel, "scratch");

	for (size_t i = 0; i < program_row_count; i++)
		if (load_wants(&program_rows[i], &kernel->features, kernel->backends) &&
		    !program_rows[i].optional && !program_rows[i].only_with &&
		    link_attached(kernel->pins, kernel->set, program_rows[i].name, NULL))
			return false;
	for (size_t i = 0; i < iterator_row_count; i++) {
		_cleanup_fd_ int iterator = program_open(kernel, iterator_rows[i].name);

		if (!iterator_rows[i].only_with && iterator < 0)
			return false;
	}
	return scratch >= 0;
}

#define ATTACHED_MAX 256

/* What is attached and pinned, to see it go. */
struct attached {
	int links[ATTACHED_MAX];
	__u32 link_ids[ATTACHED_MAX], program_ids[ATTACHED_MAX];
	size_t count;
};

/* Of one set; adds to what is there. */
static void attached_find(const char *pins, __u64 set, struct attached *out)
{
	char directory[PIN_PATH_BYTES], path[PIN_PATH_BYTES + 64];

	pin_set_path(directory, pins, set);
	for (size_t i = 0; i < program_row_count && out->count < ATTACHED_MAX; i++) {
		struct bpf_link_info info = {};
		__u32 bytes = sizeof(info);
		int link;

		snprintf(path, sizeof(path), "%s/%s", directory, program_rows[i].name);
		link = bpf_obj_get(path);
		if (link < 0)
			continue;
		(void)bpf_obj_get_info_by_fd(link, &info, &bytes);	/* zeroes: not waited for */
		out->links[out->count] = link;
		out->link_ids[out->count] = info.id;
		out->program_ids[out->count++] = info.prog_id;
	}
}

#define DETACH_POLL_US 10000
#define DETACH_POLLS 500
#define RELEASE_POLLS 200

static bool gone(int fd)
{
	if (fd < 0)
		return true;
	close(fd);
	usleep(DETACH_POLL_US);
	return false;
}

/*
 * The kernel lets a link go some time after its last descriptor (bpf_link_put_deferred()): wait until it has, so that what
 * is refused after a detach is not refused by us. Its number goes first, then the program is taken out of the hook, then
 * the program goes, unless an agent that runs still holds it.
 */
static int attached_end(struct attached *attached)
{
	int polls = 0, err = 0;

	for (size_t i = 0; i < attached->count; i++)
		close(attached->links[i]);
	for (size_t i = 0; i < attached->count && !err; i++) {
		for (polls = 0; polls < DETACH_POLLS && !gone(bpf_link_get_fd_by_id(attached->link_ids[i]));)
			polls++;
		if (polls == DETACH_POLLS)
			err = -EBUSY;
	}
	polls = 0;
	for (size_t i = 0; i < attached->count && !err; i++)
		while (polls < RELEASE_POLLS && !gone(bpf_prog_get_fd_by_id(attached->program_ids[i])))
			polls++;
	return err;
}

/*
 * Backends stop an exec at different places: one that was past the place of the new programs when they were
 * attached still has to meet the old ones.
 */
#define EXCHANGE_GRACE_US 1000000

static void remove_other_sets(const struct kernel *kernel)
{
	struct attached attached = {};
	__u64 sets[SETS_MAX];
	int count = pin_sets(kernel->pins, sets, SETS_MAX);

	if (count > 1)
		usleep(EXCHANGE_GRACE_US);
	for (int i = 0; i < count; i++) {
		if (sets[i] == kernel->set)
			continue;
		attached_find(kernel->pins, sets[i], &attached);
		(void)pin_set_remove(kernel->pins, sets[i]);	/* the next start tries again */
	}
	(void)attached_end(&attached);	/* likewise */
	(void)pin_remove_other_abis(kernel->pins);	/* likewise */
}

/*
 * The pinned maps hold a generation, or get one: nothing is attached with an empty policy by accident. The one that is there
 * already keeps its facts.
 */
static int generation_ready(struct kernel *kernel, const struct generation *first,
			    const struct learned_list *learned, struct gen_header *out_header)
{
	_cleanup_fd_ int entries = generation_entries(&kernel->maps);
	_cleanup_fd_ int facts = -1;
	int err;

	if (entries < 0 && !first)
		return -ENOKEY;
	err = filters_map(kernel);
	if (err)
		return err;
	if (entries >= 0 && !generation_header(entries, out_header)) {
		facts = learned_map(&kernel->maps, out_header->generation);
		if (!first || (facts >= 0 && out_header->generation == first->number))
			return 0;
	}
	if (!first)
		return -ENOKEY;
	err = generation_install(kernel, first, learned);
	return err ?: generation_header(kernel->entries, out_header);
}

/* New programs attached before the old ones go; the switch of "runtime" decides which of them counts. */
static int exchange(struct kernel_begun *begun, const struct generation *first, const struct learned_list *learned)
{
	struct kernel *kernel = begun->kernel;
	struct gen_header header;
	int err = 0;

	if (!begun->loaded) {	/* it looked as if it could be adopted */
		err = load_open(kernel, 0, &begun->loaded);
		err = err ?: load_programs(begun->loaded);
	}
	if (err)
		return err;
	(void)pin_set_empty(kernel->pins, kernel->set);	/* a broken one of this name */
	err = maps_open(kernel->pins, &kernel->maps);
	if (!err)
		err = generation_ready(kernel, first, learned, &header);
	if (!err)
		err = kernel_set_clock(kernel, kernel_clock());
	if (!err)
		err = contained_ready(kernel, header.flags);
	if (!err)
		err = load_attach(begun->loaded, kernel);
	if (!err)
		err = begun_keep_needed(begun);
	if (!err)
		err = parts_load(kernel, header.flags);
	if (!err)
		err = needed_attach(kernel, header.flags);
	if (!err)
		err = runtime_activate(kernel);
	if (err) {
		(void)pin_set_remove(kernel->pins, kernel->set);
	} else {
		remove_other_sets(kernel);
		contained_done(kernel, header.flags);
	}
	return err;
}

int set_open(struct kernel *kernel)
{
	struct runtime runtime;
	int err = maps_open(kernel->pins, &kernel->maps);

	if (err)
		return err;
	err = runtime_get(&kernel->maps, &runtime);
	if (!err && (runtime.active_set != kernel->set || !set_is_whole(kernel)))
		err = -ESTALE;
	if (err)
		maps_close(&kernel->maps);
	return err;
}

static int adopt(struct kernel *kernel, const struct generation *first, const struct learned_list *learned)
{
	struct gen_header header;
	int err = set_open(kernel);

	if (err)
		return err;
	err = kernel_set_clock(kernel, kernel_clock());	/* it may have been set while nobody looked */
	if (!err)
		err = generation_ready(kernel, first, learned, &header);
	if (!err)
		err = contained_ready(kernel, header.flags);
	if (!err)
		err = parts_load(kernel, header.flags);
	if (!err)
		err = needed_attach(kernel, header.flags);
	if (err) {
		close_owned_fd(&kernel->marks);
		kernel->marks = -1;
		maps_close(&kernel->maps);
		return err;
	}
	unneeded_detach(kernel, header.flags);
	remove_other_sets(kernel);
	contained_done(kernel, header.flags);
	return 0;
}

struct kernel *kernel_new(const struct kernel_options *options)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	memset(&kernel->maps, -1, sizeof(kernel->maps));
	memset(kernel->programs, -1, sizeof(kernel->programs));
	kernel->entries = kernel->facts = kernel->identify = kernel->sockets = -1;
	kernel->contain_running = kernel->marks = kernel->fork_event = -1;
	kernel->retired_entries = kernel->retired_facts = -1;
	kernel->learned_lock = learned_lock_new();
	kernel->options = *options;
	kernel->options.begun = NULL;
	snprintf(kernel->pins, sizeof(kernel->pins), "%s", options->pins ?: PIN_DEFAULT);
	kernel->options.pins = kernel->pins;
	if (options->within) {
		snprintf(kernel->within, sizeof(kernel->within), "%s", options->within);
		kernel->options.within = kernel->within;
	}
	return kernel;
}

/*
 * Where nothing is attached, the policy is put in its place while the programs are loaded. Each of its two updates waits
 * until no program uses what was there before, for 8 ms and more, though there is none. What is attached must never get the policy
 * of a start that may yet fail.
 */
static int install_early(struct kernel_begun *begun, const struct generation *first, const struct learned_list *learned)
{
	struct kernel *kernel = begun->kernel;
	struct gen_header header;
	int err;

	if (!begun->fresh || !begun->loaded || !first)
		return 0;
	err = map_open(kernel->pins, "generation", &kernel->maps.generation);
	err = err ?: map_open(kernel->pins, "learned", &kernel->maps.learned);
	err = err ?: map_open(kernel->pins, "filter", &kernel->maps.filter);
	err = err ?: generation_ready(kernel, first, learned, &header);
	maps_close(&kernel->maps);
	return err;
}

static int start(struct kernel_begun *begun, const struct generation *first, const struct learned_list *learned,
		 bool *out_adopted)
{
	int err;

	begun_wait_prepared(begun);
	if (!begun->err)
		begun_need(begun, generation_flags(first));
	err = begun->err ?: install_early(begun, first, learned);
	begun_wait(begun);
	err = err ?: begun->load_err;
	if (err)
		return err;
	err = adopt(begun->kernel, first, learned);
	*out_adopted = !err;
	if (err == -ESTALE || err == -ENOENT)
		err = exchange(begun, first, learned);
	return err;
}

int kernel_start(const struct kernel_options *options, const struct generation *first,
		 const struct learned_list *learned, struct kernel **out_kernel, bool *out_adopted)
{
	struct kernel_begun *begun = options->begun ?: begun_new(options);
	struct kernel *kernel;
	bool adopted = false;
	int err;

	if (!begun)
		return -ENOMEM;
	if (!options->begun)
		begun_run(begun);
	err = start(begun, first, learned, &adopted);
	if (!err) {
		kernel = begun->kernel;
		begun->kernel = NULL;
		close_owned_fd(&kernel->entries);	/* of generation_install() */
		close_owned_fd(&kernel->facts);
		descriptors_open(kernel);
		*out_kernel = kernel;
		if (out_adopted)
			*out_adopted = adopted;
	}
	if (!options->begun)
		kernel_begin_end(begun);
	return err;
}

int kernel_rest_lock(struct kernel *kernel)
{
	return pin_lock(kernel->pins);
}

int kernel_load_rest(struct kernel *kernel)
{
	struct runtime runtime = {};
	int err = runtime_get(&kernel->maps, &runtime);

	if (!err && runtime.active_set != kernel->set)
		err = -ESTALE;	/* somebody has put another one in its place meanwhile */
	return err ?: parts_load(kernel, ~0u);
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	ring_buffer__free(kernel->ring);
	ring_buffer__free(kernel->closing_ring);
	descriptors_close(kernel);
	filters_unmap(kernel);
	maps_close(&kernel->maps);
	learned_lock_free(kernel->learned_lock);
	free(kernel);
}

int kernel_detach(const char *pins)
{
	struct attached attached = {};
	__u64 sets[SETS_MAX];
	int count = pin_sets(pins ?: PIN_DEFAULT, sets, SETS_MAX), err, left;

	for (int i = 0; i < count; i++)
		attached_find(pins ?: PIN_DEFAULT, sets[i], &attached);
	err = pin_remove_all(pins ?: PIN_DEFAULT);
	left = attached_end(&attached);
	return err ?: left;
}
