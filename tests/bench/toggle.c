/* SPDX-License-Identifier: MIT */
/*
 * toggle.c - see toggle.h. A load that is started anew for each sample differs from itself by more than embargo costs; one that runs on
 * hardly differs from what it was a tenth of a second before. So embargo's programs are taken from their pinned links, and attached and
 * detached here: the same programs, with the same maps.
 */
#include "toggle.h"
#include "variants.h"

#include "../../agent/clean.h"
#include "../../agent/hooks.h"
#include "../../agent/pin.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_MS    100
#define SETTLE_MS    5 /* after a switch: the kernel rewrites its own code for the first and the last program of a place */
#define PROGRAMS_MAX 32
#define THREADS_MAX  64
#define EFFECTIVE_MAX 64

struct program {
	char pin[PIN_PATH_BYTES + 64]; /* of its link; "" for an empty one */
	__u32 attach, link_id;
	enum bpf_prog_type type;
	__u64 runs; /* counted before */
	int program, link;
};

struct set {
	struct program list[PROGRAMS_MAX];
	size_t count;
};

struct toggle {
	struct set own, empty; /* of the latter: one for each place that the former have */
	__u32 others[PROGRAMS_MAX]; /* programs of somebody else, at the place of each empty one */
	int cgroup, device, clocks[THREADS_MAX];
	size_t clock_count;
};

struct reading {
	unsigned long long bytes, ns, cpu_ns;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(-err));
	return err;
}

/* ---------------------------------------------------------------- programs */

static int program_info(int program, struct bpf_prog_info *out)
{
	__u32 bytes = sizeof(*out);

	memset(out, 0, sizeof(*out));
	return bpf_obj_get_info_by_fd(program, out, &bytes) ? -errno : 0;
}

/* By its pinned link. Return: 0; 1 when it has none on this cgroup; -errno. */
static int program_take(struct program *out, const char *pin, __u64 cgroup_id)
{
	struct bpf_link_info link_info = {};
	struct bpf_prog_info info;
	__u32 bytes = sizeof(link_info);
	AUTO_FD int link = bpf_obj_get(pin);
	int err;

	if (link < 0)
		return errno == ENOENT ? 1 : -errno;
	if (bpf_obj_get_info_by_fd(link, &link_info, &bytes))
		return -errno;
	if (link_info.type != BPF_LINK_TYPE_CGROUP || link_info.cgroup.cgroup_id != cgroup_id)
		return 1;
	*out = (struct program){.attach = link_info.cgroup.attach_type, .link_id = link_info.id, .link = -1};
	snprintf(out->pin, sizeof(out->pin), "%s", pin);
	out->program = bpf_prog_get_fd_by_id(link_info.prog_id);
	if (out->program < 0)
		return -errno;
	err = program_info(out->program, &info);
	out->type = info.type;
	out->runs = info.run_cnt;
	out->link = take_fd(link);
	return err;
}

static int by_link_id(const void *a, const void *b)
{
	__u32 x = ((const struct program *)a)->link_id, y = ((const struct program *)b)->link_id;

	return (x > y) - (x < y);
}

/* In the order in which they were attached, which is the one in which they run. */
static int own_take(struct set *own, const char *pins, __u64 cgroup_id)
{
	char directory[PIN_PATH_BYTES], pin[PIN_PATH_BYTES + 64];
	__u64 sets[2];
	int err = 0, count = pin_sets(pins, sets, 2);

	if (count != 1)
		return count < 0 ? count : -ENOENT;
	pin_set_path(directory, pins, sets[0]);
	for (size_t i = 0; i < program_row_count && own->count < PROGRAMS_MAX; i++) {
		if (!program_rows[i].on_cgroup)
			continue;
		snprintf(pin, sizeof(pin), "%s/%s", directory, program_rows[i].name);
		err = program_take(&own->list[own->count], pin, cgroup_id);
		if (err < 0)
			return err;
		own->count += !err;
	}
	qsort(own->list, own->count, sizeof(own->list[0]), by_link_id);
	return own->count ? 0 : -ENOENT;
}

static int empty_load(struct set *empty, const struct set *own)
{
	for (size_t i = 0; i < own->count; i++) {
		const struct program *like = &own->list[i];
		size_t j = 0;

		while (j < empty->count && empty->list[j].attach != like->attach)
			j++;
		if (j < empty->count)
			continue;
		empty->list[j] = (struct program){.attach = like->attach, .type = like->type, .link = -1};
		empty->list[j].program = variant_load_empty(like->type, like->attach, 1);
		if (empty->list[j].program < 0)
			return empty->list[j].program;
		empty->count++;
	}
	return 0;
}

static int set_attach(struct set *set, int cgroup)
{
	for (size_t i = 0; i < set->count; i++) {
		struct program *program = &set->list[i];

		program->link = bpf_link_create(program->program, cgroup, program->attach, NULL);
		if (program->link < 0)
			return -errno;
	}
	return 0;
}

/* At once, which the end of the last pin or descriptor is not. */
static int set_detach(struct set *set)
{
	int err = 0;

	for (size_t i = set->count; i-- > 0;) {
		struct program *program = &set->list[i];

		if (program->link < 0)
			continue;
		if (bpf_link_detach(program->link))
			err = -errno;
		close(program->link);
		program->link = -1;
	}
	return err;
}

static int own_unpin(struct set *own)
{
	for (size_t i = 0; i < own->count; i++)
		if (unlink(own->list[i].pin))
			return -errno;
	return 0;
}

static int own_pin(struct set *own)
{
	for (size_t i = 0; i < own->count; i++)
		if (bpf_obj_pin(own->list[i].link, own->list[i].pin))
			return -errno;
	return 0;
}

/* Did the kernel count its runs meanwhile? Counting costs more than the program. */
static int set_counted(const struct set *set)
{
	struct bpf_prog_info info;
	int err = 0;

	for (size_t i = 0; !err && i < set->count; i++) {
		err = program_info(set->list[i].program, &info);
		if (!err && info.run_cnt != set->list[i].runs)
			err = -EBUSY;
	}
	return err;
}

static int effective(const struct toggle *toggle, __u32 attach, __u32 *out_count)
{
	__u32 ids[EFFECTIVE_MAX];

	*out_count = EFFECTIVE_MAX;
	return bpf_prog_query(toggle->cgroup, attach, BPF_F_QUERY_EFFECTIVE, NULL, ids, out_count) ? -errno : 0;
}

/* While nothing of ours is attached. */
static int others_count(struct toggle *toggle)
{
	int err = 0;

	for (size_t i = 0; !err && i < toggle->empty.count; i++) {
		__u32 attach = toggle->empty.list[i].attach;

		err = effective(toggle, attach, &toggle->others[i]);
		if (!err && toggle->others[i])
			fprintf(stderr, "not of this run, and there all the time: %u at %s\n", toggle->others[i],
				libbpf_bpf_attach_type_str(attach));
	}
	return err;
}

/* Is it this set that the kernel runs at each place, and nothing more than before? NULL is nothing. */
static int attached_is(const struct toggle *toggle, const struct set *set)
{
	int err = 0;

	for (size_t i = 0; !err && i < toggle->empty.count; i++) {
		__u32 wanted = toggle->others[i], found;

		for (size_t j = 0; set && j < set->count; j++)
			wanted += set->list[j].attach == toggle->empty.list[i].attach;
		err = effective(toggle, toggle->empty.list[i].attach, &found);
		if (!err && found != wanted)
			err = -EBUSY;
	}
	return err;
}

/* ---------------------------------------------------------------- what is read */

/* Of one thread. Exact also while it runs, and with what it does for packets in softirq, which other clocks may leave out. */
static int clock_open(pid_t thread)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_TASK_CLOCK};
	int fd = syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int clocks_open(struct toggle *toggle, const char *cgroup)
{
	char path[PIN_PATH_BYTES];
	FILE *file;
	int thread, err = 0;

	snprintf(path, sizeof(path), "%s/cgroup.threads", cgroup);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!err && fscanf(file, "%d", &thread) == 1) {
		int fd = toggle->clock_count < THREADS_MAX ? clock_open(thread) : -E2BIG;

		if (fd >= 0)
			toggle->clocks[toggle->clock_count++] = fd;
		else if (fd != -ESRCH)
			err = fd;
	}
	fclose(file);
	return err;
}

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int read_all(const struct toggle *toggle, struct reading *out)
{
	char text[4096];
	ssize_t bytes = pread(toggle->device, text, sizeof(text) - 1, 0);
	const char *lo;

	if (bytes < 0)
		return -errno;
	text[bytes] = '\0';
	out->ns = now_ns();
	lo = strstr(text, "lo:");
	/* received: bytes packets errs drop fifo frame compressed multicast; then the bytes that were sent */
	if (!lo || sscanf(lo, "lo: %*u %*u %*u %*u %*u %*u %*u %*u %llu", &out->bytes) != 1)
		return -ENODATA;
	out->cpu_ns = 0;
	for (size_t i = 0; i < toggle->clock_count; i++) {
		__u64 ns;

		if (read(toggle->clocks[i], &ns, sizeof(ns)) != sizeof(ns))
			return -ENODATA;
		out->cpu_ns += ns;
	}
	return 0;
}

static void sleep_ms(unsigned ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	(void)nanosleep(&time, NULL); /* shorter for a signal: it is the last window then */
}

/* ---------------------------------------------------------------- by turns */

static int window(struct toggle *toggle, const char *name, struct set *set)
{
	struct reading begin, end;
	int err = set ? set_attach(set, toggle->cgroup) : 0, off;

	if (!err)
		err = attached_is(toggle, set);
	sleep_ms(SETTLE_MS);
	if (!err)
		err = read_all(toggle, &begin);
	sleep_ms(WINDOW_MS);
	if (!err)
		err = read_all(toggle, &end);
	if (!err)
		err = attached_is(toggle, set);
	off = set ? set_detach(set) : 0;
	err = err ?: off;
	if (!err && !stopped)
		printf("%s %llu %llu %llu\n", name, end.bytes - begin.bytes, end.ns - begin.ns, end.cpu_ns - begin.cpu_ns);
	return err;
}

static int windows(struct toggle *toggle, double seconds)
{
	struct {
		const char *name;
		struct set *set;
	} others[] = {{"again", NULL}, {"empty", &toggle->empty}, {"embargo", &toggle->own}};
	unsigned long long end = now_ns() + seconds * 1e9;
	int err = window(toggle, "nothing", NULL);

	for (size_t i = 0; !err && !stopped && now_ns() < end; i++) {
		size_t turn = (i / 3 + i) % 3; /* another one first, every time */

		err = window(toggle, others[turn].name, others[turn].set);
		if (!err)
			err = window(toggle, "nothing", NULL);
	}
	if (!err)
		err = set_counted(&toggle->own) ?: set_counted(&toggle->empty);
	return err;
}

static int prepare(struct toggle *toggle, const char *pins, const char *cgroup, char **loads)
{
	struct stat status;
	int err = 0;

	toggle->cgroup = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (toggle->cgroup < 0 || fstat(toggle->cgroup, &status))
		return fail(cgroup, -errno);
	toggle->device = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC);
	if (toggle->device < 0)
		return fail("/proc/self/net/dev", -errno);
	for (; !err && *loads; loads++)
		err = clocks_open(toggle, *loads);
	if (err)
		return fail("the clocks of the load", err);
	/* the number of a cgroup is that of its directory */
	err = own_take(&toggle->own, pins, status.st_ino) ?: empty_load(&toggle->empty, &toggle->own);
	return err ? fail("programs that are attached to the cgroup", err) : 0;
}

int toggle(const char *pins, const char *cgroup, const char *seconds, char **loads)
{
	static struct toggle toggle; /* its descriptors end with the program */
	struct sigaction action = {.sa_handler = stop};
	int err = prepare(&toggle, pins, cgroup, loads), back;

	if (err)
		return 3;
	for (size_t i = 0; i < 3; i++)
		sigaction((const int[]){SIGTERM, SIGINT, SIGHUP}[i], &action, NULL);
	err = own_unpin(&toggle.own) ?: set_detach(&toggle.own) ?: others_count(&toggle);
	if (!err)
		err = windows(&toggle, atof(seconds));
	if (err == -EBUSY)
		fprintf(stderr, "bench: others attach programs, or have the kernel count their run times\n");
	else if (err || stopped)
		fail("toggling", err ?: -EINTR);
	back = set_attach(&toggle.own, toggle.cgroup) ?: own_pin(&toggle.own);
	if (back)
		fail("putting it back", back);
	return err || back || stopped ? 3 : 0;
}
