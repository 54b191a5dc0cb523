/* SPDX-License-Identifier: MIT */
/* contained.c - the map of contained processes: made for the first policy that contains, read and written for the agent. */
#include "kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long limit_read(const char *path)
{
	unsigned long limit = CONTAINED_MAX;
	FILE *file = fopen(path, "re");

	if (file && fscanf(file, "%lu", &limit) != 1)
		limit = CONTAINED_MAX;
	if (file)
		fclose(file);
	return limit;
}

/* How many processes there can be: whoever forks as often as he may must still find room for a mark. */
static __u32 room_needed(void)
{
	unsigned long pids = limit_read("/proc/sys/kernel/pid_max"), threads = limit_read("/proc/sys/kernel/threads-max");
	unsigned long room = pids < threads ? pids : threads;

	return room < CONTAINED_MIN ? CONTAINED_MIN : room > CONTAINED_MAX ? CONTAINED_MAX : room;
}

int contained_open(const struct kernel_maps *maps)
{
	__u32 index = 0, id;
	int fd;

	if (bpf_map_lookup_elem(maps->contained, &index, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

int contained_ready(struct kernel *kernel, __u32 flags)
{
	__u32 index = 0;
	int map;

	if (!(flags & GEN_FLAG_CONTAIN) || kernel->marks >= 0)
		return 0;
	map = contained_open(&kernel->maps);	/* of an agent before this one */
	if (map < 0) {
		map = bpf_map_create(BPF_MAP_TYPE_HASH, "embargo_marks", sizeof(__u32), sizeof(struct contained),
				     room_needed(), NULL);
		if (map < 0)
			return -errno;
		if (bpf_map_update_elem(kernel->maps.contained, &index, &map, BPF_ANY)) {
			int err = -errno;

			close(map);
			return err;
		}
	}
	kernel->marks = map;
	return 0;
}

void contained_done(struct kernel *kernel, __u32 flags)
{
	__u32 index = 0;

	if (flags & GEN_FLAG_CONTAIN)
		return;
	(void)bpf_map_delete_elem(kernel->maps.contained, &index);	/* there may be none */
	close_owned_fd(&kernel->marks);
	kernel->marks = -1;
}

size_t kernel_contained_room(struct kernel *kernel)
{
	struct bpf_map_info info = {};
	__u32 bytes = sizeof(info);

	return kernel->marks < 0 || bpf_obj_get_info_by_fd(kernel->marks, &info, &bytes) ? 0 : info.max_entries;
}

int kernel_contained(struct kernel *kernel, struct contained_process **out, size_t *out_count)
{
	size_t room = kernel_contained_room(kernel), count = 0, allocated = 0;
	struct contained_process *list = NULL;
	__u32 pid, *previous = NULL, next;

	while (count < room && !bpf_map_get_next_key(kernel->marks, previous, &next)) {
		pid = next;
		previous = &pid;
		if (count == allocated) {
			size_t more = allocated ? 2 * allocated : 64;
			struct contained_process *grown = realloc(list, more * sizeof(*list));

			if (!grown) {
				free(list);
				return -ENOMEM;
			}
			list = grown;
			allocated = more;
		}
		list[count].pid = pid;
		/* one that has just gone: the listing may begin anew, but it ends */
		if (!bpf_map_lookup_elem(kernel->marks, &pid, &list[count].mark))
			count++;
	}
	*out = list;
	*out_count = count;
	return 0;
}

int kernel_contain(struct kernel *kernel, const struct contained_process *process)
{
	if (kernel->marks < 0)
		return -ENOENT;
	return bpf_map_update_elem(kernel->marks, &process->pid, &process->mark, BPF_ANY) ? -errno : 0;
}

int kernel_contain_end(struct kernel *kernel, const struct contained_process *process)
{
	struct contained now;

	if (kernel->marks < 0 || bpf_map_lookup_elem(kernel->marks, &process->pid, &now) ||
	    now.start_boot_ns != process->mark.start_boot_ns)
		return -ENOENT;
	return bpf_map_delete_elem(kernel->marks, &process->pid) ? -errno : 0;
}

int kernel_contain_running(struct kernel *kernel)
{
	_cleanup_fd_ int link = -1, iterator = -1;
	__u32 marked[1024];
	ssize_t bytes;
	size_t sum = 0;

	if (kernel->contain_running < 0)
		return -EOPNOTSUPP;
	link = bpf_link_create(kernel->contain_running, 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		return -errno;
	iterator = bpf_iter_create(link);
	if (iterator < 0)
		return -errno;
	while ((bytes = read(iterator, marked, sizeof(marked))) != 0) {
		if (bytes < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (bytes < 0)
			return -errno;
		sum += bytes;
	}
	return sum / sizeof(marked[0]);
}
