/* SPDX-License-Identifier: MIT */
/* report.c - what carries each hook, why not something stronger, and what it costs: kernel_probe(), kernel_report(). */
#include "kernel_internal.h"

#include "../policy/policy.h"
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "memlock" of a map's fdinfo is what the kernel charges for it. */
static __u64 map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *file;

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

/* The working memory of the active set. */
static __u64 set_bytes(const struct kernel *kernel)
{
	char path[PIN_PATH_BYTES];
	struct dirent *entry;
	__u64 sum = 0;
	DIR *dir;

	pin_set_map_path(path, kernel->pins, kernel->set, "");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		_cleanup_fd_ int map = entry->d_name[0] == '.' ? -1 : set_map_open(kernel, entry->d_name);

		sum += map_bytes(map);
	}
	if (dir)
		closedir(dir);
	return sum;
}

/* All maps; the programs themselves are small. */
static __u64 memory_bytes(const struct kernel *kernel)
{
	const int *fds = (const int *)&kernel->maps;
	__u64 sum = map_bytes(kernel->entries) + set_bytes(kernel) + map_bytes(kernel->facts) + map_bytes(kernel->marks);

	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++)
		sum += map_bytes(fds[i]);
	return sum;
}

static const struct backend_row *backend_find(enum hook hook, enum backend backend)
{
	for (size_t i = 0; i < backend_row_count; i++)
		if (backend_rows[i].hook == hook && backend_rows[i].backend == backend)
			return &backend_rows[i];
	return NULL;
}

/* One more reason behind those that are there already. */
static void add_why(struct hook_report *out, const char *backend, const char *reason, const char *more)
{
	size_t used = strlen(out->why);

	snprintf(out->why + used, sizeof(out->why) - used, "%s%s: %s", used ? "; " : "", backend, reason);
	if (more[0] && !out->more[0])
		snprintf(out->more, sizeof(out->more), "%s", more);
}

/* Which stronger backends are missing, and why. */
static void say_why(struct hook_report *out, const struct features *features, enum backend forced)
{
	const struct feature_answer *perf = &features->of[FEATURE_PERF_LINK];
	const struct feature_answer *closing = &features->of[FEATURE_SOCK_DESTROY];

	for (size_t i = 0; i < backend_row_count; i++) {
		const struct backend_row *row = &backend_rows[i];
		const struct feature_answer *answer = &features->of[row->needs];
		char asked[64];

		if (row->hook != out->hook)
			continue;
		if (row->backend == out->backend)
			break;
		snprintf(asked, sizeof(asked), "not used, %s was asked for",
			 forced == BACKEND_MAX ? "none" : backend_word(forced));
		if (answer->answer == ANSWER_YES)
			add_why(out, backend_word(row->backend), asked, "");
		else
			add_why(out, backend_word(row->backend), answer->why, answer->more);
	}
	if (out->backend == BACKEND_KILL && perf->answer != ANSWER_YES)
		add_why(out, "by a raw tracepoint, best effort on a preemptible kernel", perf->why, perf->more);
	if (out->hook == HOOK_NAME && closing->answer != ANSWER_YES)
		add_why(out, "sock_diag", closing->why, closing->more);
}

/* What the programs of a hook have seen. */
static void add_program(struct hook_report *out, int program, bool counts)
{
	struct bpf_prog_info info = {};
	__u32 bytes = sizeof(info);

	if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &bytes))
		return;
	out->recursion_misses += info.recursion_misses;
	if (counts)
		return;		/* not an attempt */
	out->run_count += info.run_cnt;
	out->run_ns += info.run_time_ns;
}

static __u32 active_flags(const struct kernel *kernel)
{
	struct gen_header header;

	return kernel->entries >= 0 && !generation_header(kernel->entries, &header) ? header.flags : 0;
}

/* The backend that is really there, and whether all of it is: one lost link of four is a hole. */
static void add_programs(struct hook_report *out, const struct kernel *kernel)
{
	enum backend found[HOOK_MAX] = {};
	bool missing = false, due = false;
	__u32 flags = active_flags(kernel);

	for (size_t i = 0; i < program_row_count; i++) {
		if (program_rows[i].hook != out->hook || kernel->programs[i] < 0 ||
		    program_rows[i].only_with == GEN_FLAG_CONTAIN)
			continue;	/* what follows contained processes does not decide this hook: kernel_contain_missed() */
		found[out->hook] = out->backend = program_rows[i].backend;
		add_program(out, kernel->programs[i], program_rows[i].counts);
	}
	for (size_t i = 0; i < program_row_count; i++) {
		const struct program_row *row = &program_rows[i];

		if (row->hook != out->hook || row->optional || (row->only_with && !(row->only_with & flags)))
			continue;
		due = true;
		if (load_wants(row, &kernel->features, found) &&
		    link_attached(kernel->pins, kernel->set, row->name, NULL))
			missing = true;
	}
	out->attached = found[out->hook] && !missing;
	out->unneeded = kernel->set && !due;
}

static void report_hooks(const struct kernel *kernel, struct kernel_report *out)
{
	const struct features *features = &kernel->features;

	for (int hook = HOOK_NONE + 1; hook < HOOK_MAX; hook++) {
		struct hook_report *each = &out->hooks[hook];
		const struct backend_row *row;
		bool known = false;

		for (size_t i = 0; i < backend_row_count; i++)
			known |= backend_rows[i].hook == (enum hook)hook;
		if (!known)
			continue;
		each->hook = hook;
		each->backend = kernel->backends[hook];
		add_programs(each, kernel);
		each->hashes = each->backend == BACKEND_LSM &&
			       features->of[FEATURE_FILE_HASH].answer == ANSWER_YES;
		row = backend_find(hook, each->backend);
		snprintf(each->achieves, sizeof(each->achieves), "%s",
			 each->unneeded ? "not attached: no rule of the policy needs it" :
			 row		? row->achieves :
					  "nothing");
		say_why(each, features, kernel->options.forced[hook] ?: each->backend);
	}
}

/* By what carries each hook, also those that only some policies need. */
static __u64 report_programs(const struct kernel *kernel, const struct kernel_report *report)
{
	enum backend backends[HOOK_MAX] = {};
	__u64 programs = 0;

	for (int hook = HOOK_NONE + 1; hook < HOOK_MAX; hook++)
		backends[hook] = report->hooks[hook].backend;
	for (size_t i = 0; i < program_row_count; i++)
		if (load_wants(&program_rows[i], &kernel->features, backends))
			programs |= 1ull << i;
	return programs;
}

static void report_all(const struct kernel *kernel, struct kernel_report *out)
{
	memset(out, 0, sizeof(*out));
	probe_system(out);
	out->set = kernel->set;
	out->generation = kernel_generation((struct kernel *)kernel);
	out->memory_bytes = memory_bytes(kernel);
	report_hooks(kernel, out);
	out->programs = report_programs(kernel, out);
	out->ends_connections = kernel->features.of[FEATURE_SOCK_DESTROY].answer == ANSWER_YES;
}

__u64 kernel_contain_missed(struct kernel *kernel)
{
	struct hook_report sum = {};

	for (size_t i = 0; i < program_row_count; i++)
		if (program_rows[i].only_with == GEN_FLAG_CONTAIN)
			add_program(&sum, kernel->programs[i], true);
	return sum.recursion_misses;
}

int kernel_report(struct kernel *kernel, struct kernel_report *out_report)
{
	report_all(kernel, out_report);
	return 0;
}

int kernel_probe(const struct kernel_options *options, struct kernel_report *out_report)
{
	struct kernel kernel = { .options = *options, .entries = -1, .facts = -1, .identify = -1, .sockets = -1,
				 .contain_running = -1, .marks = -1, .fork_event = -1, .retired_entries = -1,
				 .retired_facts = -1 };
	struct runtime runtime = {};

	memset(kernel.programs, -1, sizeof(kernel.programs));
	snprintf(kernel.pins, sizeof(kernel.pins), "%s", options->pins ?: PIN_DEFAULT);
	probe_features(&kernel.features);
	(void)load_choose(&kernel.features, options->forced, kernel.backends);	/* a hook without one says so */
	if (!maps_open(kernel.pins, &kernel.maps)) {
		if (!runtime_get(&kernel.maps, &runtime))
			kernel.set = runtime.active_set;
		descriptors_open(&kernel);
	} else {
		memset(&kernel.maps, -1, sizeof(kernel.maps));
	}
	report_all(&kernel, out_report);
	descriptors_close(&kernel);
	maps_close(&kernel.maps);
	return geteuid() ? -EPERM : 0;
}
