/* SPDX-License-Identifier: MIT */
/*
 * one.h - load one program of the product alone, as agent/load.c loads a set; never attached. And the tests
 * that are made of that.
 */
#ifndef EMBARGO_TESTS_ONE_H
#define EMBARGO_TESTS_ONE_H

#include "../../agent/hooks.h"

struct embargo_bpf;

#define LOG_BYTES (64 * 1024)

struct one {
	struct embargo_bpf *skeleton;
	int program;         /* descriptor; belongs to the skeleton */
	char log[LOG_BYTES]; /* of the verifier: its statistics, no instructions */
};

/**
 * one_load() - open the object and load one of its programs
 * @row:        which; borrowed
 * @audit_only: the constant of that name
 * @out:        to be freed with one_free(); untouched on failure
 *
 * Return: 0; -EPERM (the kernel takes no programs of this type); another errno.
 */
int one_load(const struct program_row *row, bool audit_only, struct one **out);
void one_free(struct one *one);

/** test_audit_only() - an audit-only program can only allow, and the proof fails on an enforcing one */
void test_audit_only(void);

/** test_layouts() - what crosses has the same layout in the object and here */
void test_layouts(void);

/**
 * test_cost() - what the verifier does for each program, against a recorded ceiling
 * @path: of the table
 */
void test_cost(const char *path);

/** one_reason() - why this kernel does not load a program, for people; NULL: that is a failure. @err: of one_load() */
const char *one_reason(const struct program_row *row, int err);

#endif
