/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what this kernel can do, found by trying and, where trying lies, by reading what the kernel
 * says. Each question is asked once a process. Attaches for a moment programs that do nothing.
 */
#ifndef EMBARGO_PROBE_H
#define EMBARGO_PROBE_H

#include "hooks.h"
#include "kernel.h"

enum answer {
	ANSWER_NO = 0,
	ANSWER_YES = 1,
	ANSWER_UNKNOWN = 2,	/* treated as no, and said so */
};

struct feature_answer {
	enum answer answer;
	char why[KERNEL_TEXT_BYTES];	/* what was tried and what the kernel said; "" for yes */
	char more[KERNEL_TEXT_BYTES];	/* what an administrator can do about it; "" if nothing is known */
};

struct features {
	struct feature_answer of[FEATURE_MAX];
};

/**
 * probe_features() - ask everything
 * @out_features: filled
 */
void probe_features(struct features *out_features);

/**
 * probe_system() - release, LSM list, lockdown, cgroup mount, preemption, BTF
 * @out_report: those members are filled; the rest is untouched
 */
void probe_system(struct kernel_report *out_report);

/**
 * probe_cgroup_root() - where cgroup v2 is mounted
 * @out_path: KERNEL_TEXT_BYTES; "" if nowhere
 *
 * Return: 0, or -ENOENT.
 */
int probe_cgroup_root(char *out_path);

#endif
