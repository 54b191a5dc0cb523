// SPDX-License-Identifier: GPL-2.0
/*
 * sockets.bpf.c - tells the agent which internet sockets are open, whose they are and what went through them, in all network
 * namespaces at once: by the files that processes have open, which needs no privilege over any of those.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "file.h"
#include "identity.h"
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

/* What is told of a socket but for the path of the program. */
static __always_inline void socket_fill(struct task_struct *task, struct file *file, struct sock *sk, struct open_socket *out)
{
	out->socket = (__u64)sk;
	out->cookie = out->state == STATE_LISTEN ? 0 : socket_cookie(file, sk);
	out->from_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	out->family = BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 ? 6 : 4;
	out->net_namespace = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	out->device = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	out->within = task_is_within(task) && cgroup_is_within(socket_cgroup(sk));
	socket_bytes(sk, &out->sent, &out->received);
	subject_of(task, &out->subject);
	file_fill(task, &out->file);
}

#define WITHOUT_PATH __builtin_offsetof(struct open_socket, path)

/*
 * The path is from the root of the process that reads, or of the mount namespace where that is another one: of a container, as
 * seen from it. Two pieces, but one record: what does not fit the buffer is made once more, as a whole.
 */
static __always_inline void socket_tell(struct seq_file *seq, struct scratch *slot, struct task_struct *task,
					struct open_socket *out)
{
	struct file *program = BPF_CORE_READ(task, mm, exe_file);

	slot->event.path_bytes = 0;
	if (program) {
		file_walk(slot->index, (__u64)program);
		path_write(slot->index);
	}
	if (!slot->event.path_flags && slot->event.path_bytes <= OPEN_PATH_BYTES)
		out->path_bytes = slot->event.path_bytes;
	bpf_seq_write(seq, out, WITHOUT_PATH);
	bpf_seq_write(seq, slot->path, OPEN_PATH_BYTES);
}

SEC("iter/task_file")
int sockets(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct {
		char bytes[WITHOUT_PATH];
	} __attribute__((aligned(8))) memory = {};
	struct open_socket *out = (struct open_socket *)&memory;
	struct scratch *slot;
	struct sock *sk;

	if (!task || !file || has_been_told(task))
		return 0;
	sk = internet_socket(file);
	if (!sk)
		return 0;
	socket_peer(sk, &out->to, out->from);
	out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (!out->to.port && out->state != STATE_LISTEN)
		return 0;
	socket_fill(task, file, sk, out);
	slot = scratch_claim();
	if (!slot)
		return 0;
	socket_tell(context->meta->seq, slot, task, out);
	scratch_release(slot);
	return 0;
}
