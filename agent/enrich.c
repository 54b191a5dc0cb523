/* SPDX-License-Identifier: MIT */
/*
 * enrich.c - reads /proc and the cgroup tree for one event. Everything here is best effort and races
 * with the process; what could belong to another process, or to another program of the same process, is
 * left out.
 */
#include "enrich.h"
#include "clean.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define CGROUP_HANDLE_TYPE 0xfe /* FILEID_KERNFS, include/linux/exportfs.h */

/* Return: bytes read, always with a zero behind them; -1 if it cannot be read. */
static ssize_t read_proc(__u32 pid, const char *name, char *buffer, size_t room)
{
	char path[64];
	AUTO_FD int fd = -1;
	ssize_t bytes;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	bytes = read(fd, buffer, room - 1);
	buffer[bytes < 0 ? 0 : bytes] = 0;
	return bytes;
}

/* Field 22 of /proc/PID/stat, proc(5): start since boot in clock ticks. */
bool enrich_same_process(const struct event_subject *subject)
{
	unsigned long long ticks, per_second = sysconf(_SC_CLK_TCK);
	char stat[1024];
	const char *at;

	if (read_proc(subject->pid, "stat", stat, sizeof(stat)) <= 0)
		return false;
	at = strrchr(stat, ')'); /* the name before it may contain anything */
	if (!at)
		return false;
	at++;
	for (int field = 3; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return false;
	return ticks == subject->start_boot_ns / (1000000000 / per_second);
}

/*
 * After an exec that was refused the command line is still the caller's, and right after one that was
 * let through it may be: only a process that bears the new program's name is taken.
 */
static bool runs_the_file(const struct event *event)
{
	char name[TASK_NAME_BYTES + 2];
	const char *slash = memrchr(event->path, '/', event->path_bytes);
	const char *base = slash ? slash + 1 : event->path;
	size_t bytes = event->path + event->path_bytes - base;
	ssize_t length;

	if (event->header.kind != HOOK_EXEC)
		return true;
	if (event->decision.verdict != VERDICT_ALLOW || !bytes)
		return false;
	length = read_proc(event->subject.pid, "comm", name, sizeof(name));
	if (length < 2)
		return false;
	if (bytes > TASK_NAME_BYTES - 1)
		bytes = TASK_NAME_BYTES - 1;
	return (size_t)length - 1 == bytes && !memcmp(name, base, bytes);
}

static void command_line(const struct event *event, struct enrichment *more)
{
	ssize_t bytes = read_proc(event->subject.pid, "cmdline", more->command_line,
				  sizeof(more->command_line));

	while (bytes > 0 && !more->command_line[bytes - 1])
		bytes--;
	for (ssize_t i = 0; i < bytes; i++)
		if (!more->command_line[i])
			more->command_line[i] = ' ';
}

/* @out_path: ENRICH_TEXT_BYTES; "" where we may not look */
static void executable(__u32 pid, char *out_path)
{
	char path[64];
	ssize_t bytes;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	bytes = readlink(path, out_path, ENRICH_TEXT_BYTES - 1);
	out_path[bytes < 0 ? 0 : bytes] = 0;
}

void enrich_container(const char *path, char *out_id)
{
	static const char digits[] = "0123456789abcdef";

	*out_id = 0;
	while (*path) {
		size_t run = strspn(path, digits);

		if (run == CONTAINER_ID_BYTES - 1) {
			memcpy(out_id, path, run);
			out_id[run] = 0;
		}
		path += run ? run : 1;
	}
}

/*
 * The id of a cgroup v2 directory is its file handle (kernfs, 5.5 and later), so its path is found even
 * when the process is gone; needs CAP_DAC_READ_SEARCH.
 */
bool enrich_cgroup(int cgroup_fd, __u64 id, char *out_path)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} at = {.handle = {.handle_bytes = sizeof(id), .handle_type = CGROUP_HANDLE_TYPE}};
	AUTO_FD int fd = -1;
	char link[64];
	ssize_t bytes;

	memcpy(at.bytes + sizeof(struct file_handle), &id, sizeof(id));
	fd = open_by_handle_at(cgroup_fd, &at.handle, O_RDONLY | O_CLOEXEC | O_PATH);
	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	bytes = readlink(link, out_path, PATH_MAX - 1);
	out_path[bytes < 0 ? 0 : bytes] = 0;
	return bytes > 0;
}

void enrich_event(const struct event *event, int cgroup_fd, struct enrichment *out_more)
{
	char path[PATH_MAX] = "";
	bool alive = enrich_same_process(&event->subject);

	memset(out_more, 0, sizeof(*out_more));
	if (alive && runs_the_file(event))
		command_line(event, out_more);
	if (alive && event->subject.parent_pid)
		executable(event->subject.parent_pid, out_more->parent_executable);
	/* of what is loaded the event names the object, not the program; of who is recalled, nothing */
	if (alive && (event->header.kind == HOOK_LOAD || event->header.kind == HOOK_MODULE ||
		      event->decision.flags & EVENT_SUBJECT_RECALLED))
		executable(event->subject.pid, out_more->executable);
	if (!(cgroup_fd >= 0 && event->subject.cgroup &&
	      enrich_cgroup(cgroup_fd, event->subject.cgroup, path)) &&
	    alive)
		(void)read_proc(event->subject.pid, "cgroup", path, sizeof(path));
	enrich_container(path, out_more->container_id);
}
