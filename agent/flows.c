/* SPDX-License-Identifier: MIT */
/* flows.c - what the programs tell of connections: which sockets are open, which of them are counted, and the sums. See kernel.h. */
#include "kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ_AT_ONCE 32	/* records */

static int iterator_open(int program)
{
	_cleanup_fd_ int link = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);
	int fd;

	if (link < 0)
		return -errno;
	fd = bpf_iter_create(link);
	return fd < 0 ? -errno : fd;
}

static bool well_formed(const struct open_socket *socket)
{
	return socket->path_bytes <= OPEN_PATH_BYTES && (!socket->name_deny || socket->name.bytes <= DOMAIN_BYTES);
}

int kernel_sockets(struct kernel *kernel, kernel_socket_fn fn, void *context)
{
	struct open_socket found[READ_AT_ONCE];
	_cleanup_fd_ int iterator = -1;
	size_t held = 0;
	ssize_t bytes;
	int err = 0;

	if (kernel->sockets < 0)
		return -EOPNOTSUPP;
	iterator = iterator_open(kernel->sockets);
	if (iterator < 0)
		return iterator;
	/* records are whole in the stream, not in each read */
	while (!err && (bytes = read(iterator, (char *)found + held, sizeof(found) - held)) != 0) {
		size_t whole;

		if (bytes < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (bytes < 0)
			return -errno;
		held += bytes;
		whole = held / sizeof(*found);
		for (size_t i = 0; i < whole && !err; i++)
			err = well_formed(&found[i]) ? fn(context, &found[i]) : -EPROTO;
		held -= whole * sizeof(*found);
		memmove(found, &found[whole], held);
	}
	return err;
}

int kernel_flows(struct kernel *kernel, kernel_flow_fn fn, void *context)
{
	__u64 key, next, *at = NULL;
	struct flow flow;
	int err = 0;

	while (!err && bpf_map_get_next_key(kernel->maps.flows, at, &next) == 0) {
		key = next;
		at = &key;
		if (bpf_map_lookup_elem(kernel->maps.flows, &key, &flow) == 0)
			err = fn(context, key, &flow);
	}
	return err ?: errno == ENOENT ? 0 : -errno;
}

bool kernel_flow_is_open(struct kernel *kernel, __u64 cookie)
{
	struct flow flow;

	return bpf_map_lookup_elem(kernel->maps.flows, &cookie, &flow) == 0;
}

int kernel_flow_put(struct kernel *kernel, __u64 cookie, const struct flow *flow, const struct evidence *first)
{
	if (bpf_map_update_elem(kernel->maps.evidence, &flow->key, first, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	return bpf_map_update_elem(kernel->maps.flows, &cookie, flow, BPF_NOEXIST) ? -errno : 0;
}

static int evidence_each(int map, kernel_evidence_fn fn, void *context)
{
	struct evidence_key key, next, *at = NULL;
	struct evidence sums;
	int err = 0;

	while (!err && bpf_map_get_next_key(map, at, &next) == 0) {
		key = next;
		at = &key;
		if (bpf_map_lookup_elem(map, &key, &sums) == 0)
			err = fn(context, &key, &sums);
	}
	return err ?: errno == ENOENT ? 0 : -errno;
}

int kernel_evidence(struct kernel *kernel, kernel_evidence_fn fn, void *context)
{
	return evidence_each(kernel->maps.evidence, fn, context);
}

int kernel_evidence_pinned(const char *pins, kernel_evidence_fn fn, void *context)
{
	char path[PIN_PATH_BYTES];
	_cleanup_fd_ int map = -1;

	pin_map_path(path, pins ?: PIN_DEFAULT, "evidence");
	map = bpf_obj_get(path);
	return map < 0 ? -errno : evidence_each(map, fn, context);
}

int kernel_name(struct kernel *kernel, __u64 key, struct domain_text *out_name)
{
	struct learned_name known;

	if (bpf_map_lookup_elem(kernel->maps.names, &key, &known))
		return -errno;
	if (known.name.bytes > DOMAIN_BYTES)
		return -EPROTO;
	*out_name = known.name;
	return 0;
}

int kernel_evidence_remove(struct kernel *kernel, const struct evidence_key *key)
{
	return bpf_map_delete_elem(kernel->maps.evidence, key) ? -errno : 0;
}
