/* SPDX-License-Identifier: MIT */
/* variants.c - see variants.h. The empty programs are two instructions, written out here. */
#include "variants.h"

#include "../../agent/kernel.h"
#include "../../agent/pin.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	enum bpf_attach_type attach;
	enum bpf_prog_type type;
	enum hook hook;
} cgroup_hooks[] = {
	{BPF_CGROUP_INET4_CONNECT, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, HOOK_CONNECT},
	{BPF_CGROUP_INET6_CONNECT, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, HOOK_CONNECT},
	{BPF_CGROUP_UDP4_SENDMSG, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, HOOK_CONNECT},
	{BPF_CGROUP_UDP6_SENDMSG, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, HOOK_CONNECT},
	{BPF_CGROUP_INET_SOCK_RELEASE, BPF_PROG_TYPE_CGROUP_SOCK, HOOK_NONE},
	{BPF_CGROUP_INET_EGRESS, BPF_PROG_TYPE_CGROUP_SKB, HOOK_NAME},
	{BPF_CGROUP_INET_INGRESS, BPF_PROG_TYPE_CGROUP_SKB, HOOK_NAME},
};
#define CGROUP_HOOKS (sizeof(cgroup_hooks) / sizeof(cgroup_hooks[0]))

struct attached {
	char pins[512];
	struct kernel *kernel;
	/* of the empty programs: one for each cgroup hook, then the tracepoint's */
	int programs[CGROUP_HOOKS + 1], links[CGROUP_HOOKS + 1];
	int event;
};

int variant_load_empty(enum bpf_prog_type type, enum bpf_attach_type attach, int answer)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach);
	const struct bpf_insn list[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(type, "bench_empty", "GPL", list, 2, &options);

	return fd < 0 ? -errno : fd;
}

static int open_exec_event(void)
{
	static const char *const files[] = {
		"/sys/kernel/tracing/events/sched/sched_process_exec/id",
		"/sys/kernel/debug/tracing/events/sched/sched_process_exec/id"};
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT,
				       .size = sizeof(attr),
				       .sample_period = 1,
				       .wakeup_events = 1};
	unsigned long long id = 0;
	FILE *file = fopen(files[0], "re");
	int fd;

	if (!file)
		file = fopen(files[1], "re");
	if (!file || fscanf(file, "%llu", &id) != 1) {
		if (file)
			fclose(file);
		return -ENOENT;
	}
	fclose(file);
	attr.config = id;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_empty(struct attached *out, const char *cgroup_path)
{
	int cgroup = open(cgroup_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (cgroup < 0)
		return -errno;
	for (size_t i = 0; !err && i < CGROUP_HOOKS; i++) {
		out->programs[i] = variant_load_empty(cgroup_hooks[i].type, cgroup_hooks[i].attach, 1);
		out->links[i] = out->programs[i] < 0 ? -1
						     : bpf_link_create(out->programs[i], cgroup,
								       cgroup_hooks[i].attach, NULL);
		if (out->links[i] < 0)
			err = -errno;
	}
	close(cgroup);
	if (err)
		return err;
	out->event = open_exec_event();
	if (out->event < 0)
		return out->event;
	out->programs[CGROUP_HOOKS] = variant_load_empty(BPF_PROG_TYPE_TRACEPOINT, 0, 0);
	if (out->programs[CGROUP_HOOKS] < 0)
		return out->programs[CGROUP_HOOKS];
	out->links[CGROUP_HOOKS] =
		bpf_link_create(out->programs[CGROUP_HOOKS], out->event, BPF_PERF_EVENT, NULL);
	return out->links[CGROUP_HOOKS] < 0 ? -errno : 0;
}

int variant_attach(const struct site *site, enum variant variant,
		   const struct generation *generation, struct attached **out)
{
	/* the kill backend, as its programs run on every kernel: what is compared must be the same hook */
	const struct kernel_options options = {.pins = site->pins,
					       .within = site->cgroup,
					       .audit_only = variant == VARIANT_AUDIT,
					       .forced[HOOK_EXEC] = BACKEND_KILL};
	struct attached *attached = calloc(1, sizeof(*attached));
	int err = 0;

	if (!attached)
		return -ENOMEM;
	memset(attached->programs, -1, sizeof(attached->programs));
	memset(attached->links, -1, sizeof(attached->links));
	attached->event = -1;
	snprintf(attached->pins, sizeof(attached->pins), "%s", site->pins);
	if (variant == VARIANT_EMPTY)
		err = attach_empty(attached, site->cgroup);
	else if (variant != VARIANT_NOTHING)
		err = kernel_start(&options, generation, NULL, &attached->kernel, NULL);
	if (err) {
		variant_detach(attached);
		return err;
	}
	*out = attached;
	return 0;
}

void variant_detach(struct attached *attached)
{
	if (!attached)
		return;
	for (size_t i = 0; i < CGROUP_HOOKS + 1; i++) {
		if (attached->links[i] >= 0)
			close(attached->links[i]);
		if (attached->programs[i] >= 0)
			close(attached->programs[i]);
	}
	if (attached->event >= 0)
		close(attached->event);
	if (attached->kernel) {
		kernel_close(attached->kernel);
		if (kernel_detach(attached->pins))
			fprintf(stderr, "bench: something is left below %s\n", attached->pins);
	}
	free(attached);
}

struct kernel *variant_kernel(struct attached *attached)
{
	return attached->kernel;
}

/* Add what the kernel counted for a program, and close it. */
static int run_add(int program, double *ns, double *count)
{
	struct bpf_prog_info info = {};
	__u32 bytes = sizeof(info);
	int err = program < 0 ? program : 0;

	if (!err && bpf_obj_get_info_by_fd(program, &info, &bytes))
		err = -errno;
	if (program >= 0)
		close(program);
	*ns += info.run_time_ns;
	*count += info.run_cnt;
	return err;
}

int variant_program_run(struct attached *attached, int hook, double *out_ns, double *out_count)
{
	struct kernel_report report;
	int err = 0;

	if (attached->kernel) {
		err = kernel_report(attached->kernel, &report);
		if (err)
			return err;
		*out_ns = report.hooks[hook].run_ns;
		*out_count = report.hooks[hook].run_count;
		return 0;
	}
	*out_ns = *out_count = 0;
	for (size_t i = 0; !err && i < CGROUP_HOOKS + 1; i++)
		if ((i == CGROUP_HOOKS ? HOOK_EXEC : cgroup_hooks[i].hook) == (enum hook)hook)
			err = run_add(dup(attached->programs[i]), out_ns, out_count);
	return err;
}

/* By its pinned link, to be closed. */
static int program_open(struct attached *attached, const char *name)
{
	char path[PIN_PATH_BYTES], link_path[PIN_PATH_BYTES + 64];
	struct bpf_link_info info = {};
	__u32 bytes = sizeof(info);
	struct kernel_report report;
	int err = kernel_report(attached->kernel, &report), link, program;

	if (err)
		return err;
	pin_set_path(path, attached->pins, report.set);
	snprintf(link_path, sizeof(link_path), "%s/%s", path, name);
	link = bpf_obj_get(link_path);
	if (link < 0)
		return -errno;
	err = bpf_obj_get_info_by_fd(link, &info, &bytes) ? -errno : 0;
	close(link);
	if (err)
		return err;
	program = bpf_prog_get_fd_by_id(info.prog_id);
	return program < 0 ? -errno : program;
}

int variant_named_run(struct attached *attached, const char *name, double *out_ns, double *out_count)
{
	*out_ns = *out_count = 0;
	return run_add(program_open(attached, name), out_ns, out_count);
}
