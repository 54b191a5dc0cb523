/* SPDX-License-Identifier: MIT */
/*
 * fake_kernel.h - learned facts without a kernel: what agent/kernel.h says of them, in memory. A file is what
 * fstat(2) says; it has no generation.
 */
#ifndef EMBARGO_FAKE_KERNEL_H
#define EMBARGO_FAKE_KERNEL_H

#include "../../agent/kernel.h"

struct kernel {
	struct learned_key keys[512];
	struct learned values[512];
	size_t count;
	size_t room;	/* facts that fit */
	int puts;
	bool locked;
};

/** fake_file() - the fact about a file, or NULL */
struct learned *fake_file(struct kernel *kernel, const char *path);
/** fake_count() - facts of a kind */
size_t fake_count(const struct kernel *kernel, enum learned_kind kind);

#endif
