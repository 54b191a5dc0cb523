// SPDX-License-Identifier: GPL-2.0
/*
 * sockets.bpf.c - tells the agent which internet sockets are open, whose they are and what went through them, in all network
 * namespaces at once: by the files that processes have open, which needs no privilege over any of those.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "domain.h"
#include "file.h"
#include "identity.h"
#include "names.h"
#include "scratch.h"
#include "sock.h"
#include "subject.h"

char _license[] SEC("license") = "GPL";

#define SOCKFS_MAGIC 0x534F434B	/* include/uapi/linux/magic.h, v6.12 */

/* The socket of an open file, if it is one of TCP or UDP. */
static __always_inline struct sock *internet_socket(struct file *file)
{
	struct socket *socket;
	struct sock *sk;
	__u16 family, protocol;

	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	protocol = BPF_CORE_READ(sk, sk_protocol);
	if (family != AF_INET && family != AF_INET6)
		return NULL;
	return protocol == TCP_PROTOCOL || protocol == UDP_PROTOCOL || protocol == MPTCP_PROTOCOL ? sk : NULL;
}

/* 5.10 comes by for each thread, also where they share their files. */
static __always_inline bool has_been_told(struct task_struct *task)
{
	return BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid) &&
	       BPF_CORE_READ(task, files) == BPF_CORE_READ(task, group_leader, files);
}

static __always_inline void file_fill(struct task_struct *task, struct event_file *out)
{
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);

	if (inode)
		identity_describe(identity_of_inode(inode, out), out);
}

/* By the names of its address, as a connection that is made now would be asked about: names_decide.bpf.c. */
static __always_inline void names_fill(struct scratch *slot, struct open_socket *out)
{
	const __u32 *words = (const __u32 *)out->to.address;
	__u32 *key = (__u32 *)slot->address.address;
	bool four = out->to.family == 4;

	if (!names_begin(slot->index) || !(slot->flags & GEN_FLAG_NAMES))
		return;
	key[0] = four ? 0 : words[0];
	key[1] = four ? 0 : words[1];
	key[2] = four ? bpf_htonl(0xffff) : words[2];
	key[3] = four ? words[0] : words[3];
	if (!address_known(&slot->address) || address_ask(slot->index) == MATCH_SWITCHED)
		return;
	out->name_key = slot->resolved.name;
	out->name_deny = slot->resolved.deny;
	out->name_allow = slot->resolved.allow;
	out->name_shared = slot->resolved.shared;
	out->generation = slot->number;
	out->name = slot->domain;
}

/*
 * From the root of the process that reads, or of the mount namespace where that is another one: of a container, as seen
 * from it.
 */
static __always_inline void path_fill(struct task_struct *task, struct scratch *slot, struct open_socket *out)
{
	struct file *program = BPF_CORE_READ(task, mm, exe_file);

	if (!program)
		return;
	file_walk(slot, (__u64)program);
	path_write(slot->index);
	if (slot->event.path_flags || slot->event.path_bytes > OPEN_PATH_BYTES)
		return;
	out->path_bytes = slot->event.path_bytes;
	bpf_probe_read_kernel(out->path, OPEN_PATH_BYTES, slot->path);
}

/* What is told of a socket. Not on the stack: with what path and names need it would not fit. */
static __always_inline void socket_fill(struct task_struct *task, struct file *file, struct sock *sk, struct scratch *slot)
{
	struct open_socket *out = &slot->open;

	__builtin_memset(out, 0, __builtin_offsetof(struct open_socket, path));
	out->socket = (__u64)sk;
	out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	socket_peer(sk, &out->to, out->from);
	out->cookie = out->state == STATE_LISTEN ? 0 : socket_cookie(file, sk);
	out->from_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	out->family = BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 ? 6 : 4;
	out->net_namespace = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	out->device = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	if (BPF_CORE_READ(sk, sk_protocol) == MPTCP_PROTOCOL)
		out->inode = BPF_CORE_READ(file, f_inode, i_ino);
	out->within = task_is_within(task) && cgroup_is_within(socket_cgroup(sk));
	socket_bytes(sk, &out->sent, &out->received);
	subject_fill(task, &out->subject);
	file_fill(task, &out->file);
	path_fill(task, slot, out);
	if (out->state != STATE_LISTEN)
		names_fill(slot, out);
}

/* Has it a peer, or does it wait for some? */
static __always_inline bool is_told(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_dport) || BPF_CORE_READ(sk, __sk_common.skc_state) == STATE_LISTEN;
}

SEC("iter/task_file")
int sockets(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct scratch *slot;
	struct sock *sk;

	if (!task || !file || has_been_told(task))
		return 0;
	sk = internet_socket(file);
	if (!sk || !is_told(sk))
		return 0;
	slot = scratch_claim();
	if (!slot)
		return 0;
	socket_fill(task, file, sk, slot);
	bpf_seq_write(context->meta->seq, &slot->open, sizeof(slot->open));
	scratch_release(slot);
	return 0;
}
