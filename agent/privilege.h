/* SPDX-License-Identifier: MIT */
/*
 * privilege.h - what the agent may still do once everything is loaded.
 */
#ifndef EMBARGO_PRIVILEGE_H
#define EMBARGO_PRIVILEGE_H

#include <stdbool.h>

/* What depends on the host and its options. */
struct privilege_needs {
	/*
	 * CAP_SYS_PTRACE: the kernel cannot hash, so the agent reads what others run; CAP_CHECKPOINT_RESTORE: and what they
	 * map that has no path (/proc/PID/map_files)
	 */
	bool look_at_programs;
	/* Nothing else, in the process of closer.h: CAP_NET_ADMIN, CAP_SYS_ADMIN (setns(2)), CAP_SYS_PTRACE (/proc/PID/ns, pidfd_getfd(2)) */
	bool only_close_connections;
	bool end_programs;	/* CAP_KILL: and ends what it finds to be embargoed; never with --audit-only */
};

/**
 * privilege_drop() - give up every capability but those the loop needs, for good
 * @needs: borrowed
 *
 * Kept: CAP_BPF and CAP_PERFMON (fill the maps of the next generation, add facts), CAP_NET_ADMIN (attach what reads packets
 * when a policy with names comes, also with --audit-only: kernel/bpf/syscall.c, bpf_prog_attach_check_attach_type()), CAP_DAC_READ_SEARCH (cgroups by
 * their id, files of other owners that rules mean) and CAP_SYS_RESOURCE (map memory counts against
 * RLIMIT_MEMLOCK before Linux 5.11); and what @needs says.
 *
 * Return: 0; a negative errno, and then the process must not go on.
 * Source: capabilities(7); include/uapi/linux/capability.h for CAP_BPF, v5.8.
 */
int privilege_drop(const struct privilege_needs *needs);

#endif
