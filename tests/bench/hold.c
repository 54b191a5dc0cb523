/* SPDX-License-Identifier: MIT */
/* hold.c - see hold.h. */
#include "hold.h"
#include "variants.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS_MAX 64

int hold_empty(const char *cgroup)
{
	const struct site site = {.cgroup = cgroup, .pins = ""};
	struct attached *attached = NULL;
	int err = variant_attach(&site, VARIANT_EMPTY, NULL, &attached);
	char byte;

	if (err) {
		fprintf(stderr, "bench: empty programs: %s\n", strerror(-err));
		return 3;
	}
	puts("attached");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	variant_detach(attached);
	return 0;
}

static const struct {
	enum bpf_attach_type attach;
	const char *name;
} places[] = {
	{BPF_CGROUP_INET_EGRESS, "egress"},	     {BPF_CGROUP_INET_INGRESS, "ingress"},
	{BPF_CGROUP_INET4_CONNECT, "connect4"},	     {BPF_CGROUP_INET6_CONNECT, "connect6"},
	{BPF_CGROUP_UDP4_SENDMSG, "sendmsg4"},	     {BPF_CGROUP_UDP6_SENDMSG, "sendmsg6"},
	{BPF_CGROUP_INET_SOCK_RELEASE, "release"}, {BPF_CGROUP_INET_SOCK_CREATE, "create"},
};

static int print_program(const char *place, __u32 id)
{
	struct bpf_prog_info info = {};
	__u32 bytes = sizeof(info);
	int program = bpf_prog_get_fd_by_id(id), err = 0;

	if (program < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(program, &info, &bytes))
		err = -errno;
	else
		printf("%s %s %llu\n", place, info.name, (unsigned long long)info.run_cnt);
	close(program);
	return err;
}

int hold_list(const char *cgroup)
{
	int directory = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = directory < 0 ? -errno : 0;

	for (size_t i = 0; !err && i < sizeof(places) / sizeof(places[0]); i++) {
		__u32 ids[PROGRAMS_MAX], count = PROGRAMS_MAX;

		if (bpf_prog_query(directory, places[i].attach, BPF_F_QUERY_EFFECTIVE, NULL, ids, &count))
			err = -errno;
		for (__u32 j = 0; !err && j < count; j++)
			err = print_program(places[i].name, ids[j]);
	}
	if (directory >= 0)
		close(directory);
	if (err)
		fprintf(stderr, "bench: what is attached to %s: %s\n", cgroup, strerror(-err));
	return err ? 3 : 0;
}
