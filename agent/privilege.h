/* SPDX-License-Identifier: MIT */
/*
 * privilege.h - what the agent may still do once everything is loaded.
 */
#ifndef EMBARGO_PRIVILEGE_H
#define EMBARGO_PRIVILEGE_H

/**
 * privilege_drop() - give up every capability but those the loop needs, for good
 *
 * Kept: CAP_BPF and CAP_PERFMON (fill the maps of the next generation), CAP_DAC_READ_SEARCH (cgroups by
 * their id, policies of other owners) and CAP_SYS_RESOURCE (map memory counts against RLIMIT_MEMLOCK
 * before Linux 5.11). CAP_KILL is not kept in any mode: nothing in this version ends processes from
 * user space; whoever adds that keeps it for an agent that is not --audit-only.
 *
 * Return: 0; a negative errno, and then the process must not go on.
 * Source: capabilities(7); include/uapi/linux/capability.h for CAP_BPF, v5.8.
 */
int privilege_drop(void);

#endif
