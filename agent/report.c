/* SPDX-License-Identifier: MIT */
/* report.c - what carries each hook, why not something stronger, and what it costs: kernel_probe(), kernel_report(). */
#include "kernel_internal.h"

#include "../policy/policy.h"
#include <bpf/bpf.h>
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

/* The pinned maps, the generation and what the programs hold (scratch and constants). */
static __u64 memory_bytes(const char *pins, __u64 set, const struct kernel_maps *maps)
{
	const int *fds = (const int *)maps;
	_cleanup_fd_ int entries = -1;
	__u32 index = 0, id;
	__u64 sum = 0;

	for (size_t i = 0; i < KERNEL_MAP_COUNT; i++)
		sum += map_bytes(fds[i]);
	if (!bpf_map_lookup_elem(maps->generation, &index, &id)) {
		entries = bpf_map_get_fd_by_id(id);
		if (entries >= 0)
			sum += map_bytes(entries);
	}
	for (size_t i = 0; i < program_row_count; i++) {
		struct bpf_prog_info info;
		__u32 ids[32];

		if (link_program(pins, set, program_rows[i].name, &info))
			continue;
		_cleanup_fd_ int program = bpf_prog_get_fd_by_id(info.id);
		__u32 bytes = sizeof(info);

		memset(&info, 0, sizeof(info));
		info.nr_map_ids = 32;
		info.map_ids = (__u64)(unsigned long)ids;
		if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &bytes))
			continue;
		for (__u32 m = 0; m < info.nr_map_ids && m < 32; m++) {
			_cleanup_fd_ int map = bpf_map_get_fd_by_id(ids[m]);
			struct bpf_map_info map_info = {};

			bytes = sizeof(map_info);
			if (map < 0 || bpf_obj_get_info_by_fd(map, &map_info, &bytes))
				continue;
			if (!strcmp(map_info.name, "scratch"))
				return sum + map_bytes(map);	/* shared by all of them */
		}
	}
	return sum;
}

static const struct backend_row *backend_find(enum hook hook, enum backend backend)
{
	for (size_t i = 0; i < backend_row_count; i++)
		if (backend_rows[i].hook == hook && backend_rows[i].backend == backend)
			return &backend_rows[i];
	return NULL;
}

/* Which stronger backends are missing, and why. */
static void say_why(struct hook_report *out, const struct features *features, enum backend forced)
{
	size_t used = 0;

	for (size_t i = 0; i < backend_row_count; i++) {
		const struct backend_row *row = &backend_rows[i];
		const struct feature_answer *answer = &features->of[row->needs];
		int bytes;

		if (row->hook != out->hook)
			continue;
		if (row->backend == out->backend)
			break;
		if (answer->answer == ANSWER_YES)
			bytes = snprintf(out->why + used, sizeof(out->why) - used, "%s%s: not used, %s was asked for",
					 used ? "; " : "", backend_word(row->backend),
					 backend_word(forced));
		else
			bytes = snprintf(out->why + used, sizeof(out->why) - used, "%s%s: %s",
					 used ? "; " : "", backend_word(row->backend), answer->why);
		if (bytes > 0)
			used += (size_t)bytes < sizeof(out->why) - used ? (size_t)bytes : sizeof(out->why) - used - 1;
		if (row->more[0] && !out->more[0] && answer->answer != ANSWER_YES)
			snprintf(out->more, sizeof(out->more), "%s", row->more);
	}
}

/* What the programs of a hook in the active set have seen; also finds the backend that is really there. */
static void add_programs(struct hook_report *out, const char *pins, __u64 set)
{
	bool whole = false;

	for (size_t i = 0; i < program_row_count; i++) {
		struct bpf_prog_info info;

		if (program_rows[i].hook != out->hook || link_program(pins, set, program_rows[i].name, &info))
			continue;
		out->backend = program_rows[i].backend;
		whole = true;
		out->recursion_misses += info.recursion_misses;
		out->run_count += info.run_cnt;
		out->run_ns += info.run_time_ns;
	}
	/* Attached means all of it: one lost link of four is a hole. */
	for (size_t i = 0; whole && i < program_row_count; i++) {
		const struct program_row *row = &program_rows[i];
		struct bpf_prog_info info;

		if (row->hook == out->hook && row->backend == out->backend && !row->optional &&
		    row->needs_not == FEATURE_NONE && row->needs != FEATURE_PERF_LINK &&
		    link_program(pins, set, row->name, &info))
			whole = false;
	}
	out->attached = whole;
}

static void report_hooks(const char *pins, const struct features *features, const enum backend *backends,
			 enum backend forced, __u64 set, struct kernel_report *out)
{
	for (int hook = HOOK_NONE + 1; hook < HOOK_MAX; hook++) {
		struct hook_report *each = &out->hooks[hook];
		const struct backend_row *row;
		bool known = false;

		for (size_t i = 0; i < backend_row_count; i++)
			known |= backend_rows[i].hook == (enum hook)hook;
		if (!known)
			continue;
		each->hook = hook;
		each->backend = backends[hook];
		if (set)
			add_programs(each, pins, set);
		row = backend_find(hook, each->backend);
		snprintf(each->achieves, sizeof(each->achieves), "%s", row ? row->achieves : "nothing");
		say_why(each, features, forced ?: each->backend);
	}
}

static void report_pinned(const char *pins, const struct kernel_maps *maps, struct kernel_report *out)
{
	struct gen_key key = { .kind = GEN_HEADER };
	struct runtime runtime = {};
	union gen_value value = {};
	_cleanup_fd_ int entries = -1;
	__u32 index = 0, id;

	if (!runtime_get(maps, &runtime))
		out->set = runtime.active_set;
	if (!bpf_map_lookup_elem(maps->generation, &index, &id)) {
		entries = bpf_map_get_fd_by_id(id);
		if (entries >= 0 && !bpf_map_lookup_elem(entries, &key, &value))
			out->generation = value.header.generation;
	}
	out->memory_bytes = memory_bytes(pins, out->set, maps);
}

int kernel_report(struct kernel *kernel, struct kernel_report *out_report)
{
	memset(out_report, 0, sizeof(*out_report));
	probe_system(out_report);
	report_pinned(kernel->pins, &kernel->maps, out_report);
	report_hooks(kernel->pins, &kernel->features, kernel->backends, kernel->options.exec_backend,
		     out_report->set, out_report);
	return 0;
}

int kernel_probe(const struct kernel_options *options, struct kernel_report *out_report)
{
	const char *pins = options->pins ?: PIN_DEFAULT;
	enum backend backends[HOOK_MAX];
	struct kernel_maps maps;
	struct features features;

	memset(out_report, 0, sizeof(*out_report));
	probe_system(out_report);
	probe_features(&features);
	(void)load_choose(&features, options->exec_backend, backends);	/* a hook without one says so */
	if (!maps_open(pins, &maps)) {
		report_pinned(pins, &maps, out_report);
		maps_close(&maps);
	}
	report_hooks(pins, &features, backends, options->exec_backend, out_report->set, out_report);
	return geteuid() ? -EPERM : 0;
}
