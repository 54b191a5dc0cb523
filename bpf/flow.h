/* SPDX-License-Identifier: GPL-2.0 */
/*
 * flow.h - what goes through the connections that a rule named and that were let through: counted from the moment that is
 * decided until the socket is closed. Changes no verdict; what does not fit is counted.
 */
#ifndef EMBARGO_FLOW_H
#define EMBARGO_FLOW_H

#include "emit.h"
#include "maps.h"

/* The sums of a key, made if there are none; NULL: the map is full. */
static __always_inline struct evidence *evidence_of(const struct evidence_key *key, __u64 now)
{
	struct evidence *found = bpf_map_lookup_elem(&evidence, key);
	struct evidence none = { .first_boot_ns = now, .last_boot_ns = now };

	if (found)
		return found;
	(void)bpf_map_update_elem(&evidence, key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&evidence, key);
}

/**
 * flow_open() - one more connection of this kind
 * @cookie: of the socket; 0: its bytes are not counted
 * @key:    without padding that is not zero
 * @pid, @name: who makes it
 */
static __always_inline void flow_open(__u64 cookie, const struct evidence_key *key, __u32 pid, const char *name)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct evidence *sums = evidence_of(key, now);
	struct flow flow;

	if (!sums) {
		count(HOOK_CONNECT, STAT_UNLEARNED);
		return;
	}
	__sync_fetch_and_add(&sums->connections, 1);
	sums->last_boot_ns = now;
	sums->pid = pid;
	__builtin_memcpy(sums->name, name, TASK_NAME_BYTES);
	if (!cookie)
		return;
	flow.key = *key;
	flow.since_boot_ns = now;
	if (bpf_map_update_elem(&flows, &cookie, &flow, BPF_ANY))
		count(HOOK_CONNECT, STAT_UNLEARNED);
}

/**
 * flow_begin() - count the connection that a slot has just decided about and recorded
 * @slot: index of a claimed slot, after emit(); .cookie is the socket's, or 0: a datagram without a connection
 *
 * Return: 0.
 */
extern int flow_begin(__u32 slot);

#endif
