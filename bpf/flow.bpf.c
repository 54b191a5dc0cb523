// SPDX-License-Identifier: GPL-2.0
/*
 * flow.bpf.c - see flow.h. A socket's end is seen when the last descriptor of it goes, which every connection meets once, and
 * which costs others the least: a program at the changes of a TCP socket's state, or one of the family sockops, is called
 * six and nine times a connection instead of twice, and the first of them is passed over where another task is preempted in it.
 */
#include "flow.h"
#include "answer.h"
#include "scratch.h"
#include "sock.h"
#include "subject.h"

char _license[] SEC("license") = "GPL";

__noinline int flow_begin(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct evidence_key *key;

	if (!slot || !set_is_active())
		return 0;
	key = &slot->evidence_key;
	__builtin_memset(key, 0, sizeof(*key));
	key->rule = slot->decision.id;
	key->inode = slot->event.file.inode;
	key->device = slot->event.file.device;
	key->uid = slot->fold_key.uid;
	key->name = slot->fold_key.name;
	key->to = slot->event.destination;
	if (!slot->recalled) {	/* a repeat has no subject */
		slot->event.subject.pid = BPF_CORE_READ(current_task(), tgid);
		BPF_CORE_READ_INTO(&slot->event.subject.name, current_task(), comm);
	}
	flow_open(slot->cookie, key, slot->event.subject.pid, slot->event.subject.name);
	return 0;
}

/* Is it still connected to where it was let through to? After connect(2) with AF_UNSPEC it may be elsewhere. */
static __always_inline bool is_same_peer(struct sock *sk, const struct event_destination *to)
{
	struct event_destination now;
	const __u64 *is = (const __u64 *)now.address, *was = (const __u64 *)to->address;
	__u8 from[16];

	socket_peer(sk, &now, from);
	return now.port == to->port && is[0] == was[0] && is[1] == was[1];
}

/*
 * The flow goes before its bytes are added: what the agent finds open is then not yet in the sums. Of two program sets that
 * are both attached the one that takes it away adds it.
 */
__noinline int flow_end(__u64 socket, __u64 cookie)
{
	struct flow *found = bpf_map_lookup_elem(&flows, &cookie), flow;
	struct sock *sk = (struct sock *)socket;
	__u64 now = bpf_ktime_get_boot_ns(), sent, received;
	struct evidence *sums;

	if (!found)
		return 0;
	flow = *found;
	if (bpf_map_delete_elem(&flows, &cookie))
		return 0;
	socket_bytes(sk, &sent, &received);
	if (!is_same_peer(sk, &flow.key.to)) {
		if (sent + received)
			count(HOOK_CONNECT, STAT_UNLEARNED);
		return 0;	/* also of an attempt that came to nothing: nobody is the peer then */
	}
	sums = evidence_of(&flow.key, now);
	if (!sums) {
		count(HOOK_CONNECT, STAT_UNLEARNED);
		return 0;
	}
	__sync_fetch_and_add(&sums->sent, sent);
	__sync_fetch_and_add(&sums->received, received);
	sums->last_boot_ns = now;
	return 0;
}

/*
 * Nobody has asked for the cookie of an ordinary socket, so that one read is all that its end costs. The context is the
 * socket's address to a read, but no number to the verifier.
 */
SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *context)
{
	struct sock *sk = (struct sock *)context;
	__u64 cookie = 0;

	bpf_core_read(&cookie, sizeof(cookie), &sk->__sk_common.skc_cookie);
	if (cookie) {
		bpf_probe_read_kernel(&sk, sizeof(sk), &context);
		flow_end((__u64)sk, cookie);
	}
	END_WITH(1);
}
