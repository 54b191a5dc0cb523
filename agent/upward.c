/* SPDX-License-Identifier: MIT */
/* upward.c - what comes up from the kernel, and pauses: events, connections to be closed, folded repeats, counters. */
#include "kernel_internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A record is believed only after its kind and sizes fit together. */
static bool well_formed(const struct event *event, size_t bytes)
{
	return bytes >= sizeof(*event) && event->header.size == bytes &&
	       event->header.kind > HOOK_NONE && event->header.kind < HOOK_MAX &&
	       event->path_bytes <= EVENT_PATH_MAX && event->name_bytes <= DOMAIN_BYTES &&
	       (!event->name_bytes || event->header.kind == HOOK_NAME) &&
	       sizeof(*event) + event->path_bytes + event->name_bytes == bytes;
}

static int on_record(void *context, void *data, size_t bytes)
{
	struct kernel *kernel = context;

	if (well_formed(data, bytes))
		kernel->event_fn(kernel->event_context, data);
	else
		kernel->malformed++;
	return 0;
}

static int ring_open(struct kernel *kernel)
{
	if (!kernel->ring)
		kernel->ring = ring_buffer__new(kernel->maps.events, on_record, kernel, NULL);
	return kernel->ring ? 0 : -errno;
}

int kernel_events_fd(struct kernel *kernel)
{
	int err = ring_open(kernel);

	return err ?: ring_buffer__epoll_fd(kernel->ring);
}

int kernel_events(struct kernel *kernel, kernel_event_fn fn, void *context, unsigned *out_malformed)
{
	int err = ring_open(kernel);

	if (err)
		return err;
	kernel->event_fn = fn;
	kernel->event_context = context;
	kernel->malformed = 0;
	err = ring_buffer__consume(kernel->ring);
	if (out_malformed)
		*out_malformed = kernel->malformed;
	return err;
}

static int on_closing(void *context, void *data, size_t bytes)
{
	struct kernel *kernel = context;

	if (bytes == sizeof(struct closing))
		kernel->closing_fn(kernel->closing_context, data);
	return 0;
}

static int closing_ring_open(struct kernel *kernel)
{
	if (!kernel->closing_ring)
		kernel->closing_ring = ring_buffer__new(kernel->maps.closings, on_closing, kernel, NULL);
	return kernel->closing_ring ? 0 : -errno;
}

int kernel_closings_fd(struct kernel *kernel)
{
	int err = closing_ring_open(kernel);

	return err ?: ring_buffer__epoll_fd(kernel->closing_ring);
}

int kernel_closings(struct kernel *kernel, kernel_closing_fn fn, void *context)
{
	int err = closing_ring_open(kernel);

	if (err)
		return err;
	kernel->closing_fn = fn;
	kernel->closing_context = context;
	return ring_buffer__consume(kernel->closing_ring);
}

static __u64 boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* A window is ended well after the kernel would begin a new one itself, so that the two do not meet. */
#define FOLD_GRACE_NS 1000000000ull

int kernel_folds(struct kernel *kernel, bool all, kernel_fold_fn fn, void *context)
{
	struct fold_key key, next;
	struct fold fold;
	__u64 now = boot_ns();
	int open = 0;
	bool more;

	more = bpf_map_get_next_key(kernel->maps.fold, NULL, &next) == 0;
	while (more) {
		key = next;
		more = bpf_map_get_next_key(kernel->maps.fold, &key, &next) == 0;
		if (bpf_map_lookup_elem(kernel->maps.fold, &key, &fold))
			continue;
		if (!all && now - fold.window_boot_ns < FOLD_WINDOW_NS + FOLD_GRACE_NS) {
			open++;
			continue;
		}
		if (bpf_map_delete_elem(kernel->maps.fold, &key) == 0 && fold.folded)
			fn(context, &key, &fold);
	}
	return open;
}

int kernel_stats(struct kernel *kernel, struct stats *out_stats)
{
	int cpus = libbpf_num_possible_cpus();
	struct stats *each, sum = {};
	__u32 index = 0;
	int err = 0;

	if (cpus < 0)
		return cpus;
	each = calloc(cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(kernel->maps.stats, &index, each))
		err = -errno;
	for (int cpu = 0; !err && cpu < cpus; cpu++)
		for (int hook = 0; hook < HOOK_MAX; hook++)
			for (int stat = 0; stat < STAT_MAX; stat++)
				sum.count[hook][stat] += each[cpu].count[hook][stat];
	free(each);
	if (!err)
		*out_stats = sum;
	return err;
}

static int pause_map(const char *pins)
{
	char path[PIN_PATH_BYTES];
	int fd;

	pin_map_path(path, pins, "pause");
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int kernel_pause(const char *pins, __u64 vendor, const struct pause *pause)
{
	_cleanup_fd_ int map = pause_map(pins);

	if (map < 0)
		return map;
	return bpf_map_update_elem(map, &vendor, pause, BPF_ANY) ? -errno : 0;
}

int kernel_resume(const char *pins, __u64 vendor)
{
	_cleanup_fd_ int map = pause_map(pins);

	if (map < 0)
		return map;
	return bpf_map_delete_elem(map, &vendor) ? -errno : 0;
}

int kernel_pauses(const char *pins, __u64 *out_vendors, struct pause *out_pauses, size_t capacity)
{
	_cleanup_fd_ int map = pause_map(pins);
	__u64 *previous = NULL, key;
	size_t count = 0;

	if (map < 0)
		return map;
	while (count < capacity && bpf_map_get_next_key(map, previous, &key) == 0) {
		out_vendors[count] = key;
		previous = &out_vendors[count];
		if (bpf_map_lookup_elem(map, &key, &out_pauses[count]) == 0)
			count++;
		else
			break;	/* removed meanwhile: what we have is what there is */
	}
	return (int)count;
}
