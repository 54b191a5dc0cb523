// SPDX-License-Identifier: GPL-2.0
/*
 * identify.bpf.c - tells the agent which files it has open, as the hooks see them. fstat(2) would not do: on btrfs it
 * tells another device, on overlayfs another file, and nowhere the inode's generation.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "identity.h"
#include "subject.h"

char _license[] SEC("license") = "GPL";

/* Runs in the process that reads from the iterator, once for each open file of each thread (5.10) or of its own (6.1). */
SEC("iter/task_file")
int identify(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct identity out = {};
	struct inode *inode;
	__u64 version;

	if (!task || !file || (__u32)BPF_CORE_READ(task, pid) != (__u32)bpf_get_current_pid_tgid())
		return 0;
	out.fd = context->fd;
	inode = identity_of_inode(BPF_CORE_READ(file, f_inode), &out.file);
	identity_describe(inode, &out.file);
	inode_change(inode, &out.change_ns, &version);
	bpf_seq_write(context->meta->seq, &out, sizeof(out));
	return 0;
}
