/* SPDX-License-Identifier: MIT */
/*
 * instructions.h - what the kernel made of a program when it loaded it, and what can be proven by reading
 * that: which values it can return, and whom it calls.
 */
#ifndef EMBARGO_TESTS_INSTRUCTIONS_H
#define EMBARGO_TESTS_INSTRUCTIONS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

struct instructions {
	struct bpf_insn *list;
	__u32 count;
	__u32 main_count; /* of them: those of the entry function, which comes first */
};

#define FINDING_BYTES 160

/**
 * instructions_read() - the instructions of a loaded program, after the verifier's rewriting
 * @program: descriptor
 * @out:     to be freed with instructions_done(); untouched on failure
 *
 * Return: 0; -EPERM (the kernel does not show them to us); another errno of bpf(2).
 */
int instructions_read(int program, struct instructions *out);
void instructions_done(struct instructions *instructions);

/**
 * returns_only() - is this value all that the entry function can return?
 * @in:    borrowed
 * @value: what each exit must have put in register 0, literally, right before it
 * @why:   FINDING_BYTES; where not, when the answer is false
 *
 * Proof by form: each exit follows a move of the constant, nothing jumps to the exit past the move, and
 * there is no tail call, which would leave without one.
 */
bool returns_only(const struct instructions *in, __s32 value, char *why);

/* Kernel functions that do something to somebody, as addresses. */
#define FORBIDDEN_MAX 16

struct forbidden {
	unsigned long long base; /* what a call's immediate is relative to */
	unsigned long long address[FORBIDDEN_MAX];
	const char *name[FORBIDDEN_MAX];
	size_t count;
};

/**
 * forbidden_find() - look the addresses up
 * @out: filled
 *
 * Return: 0; -EACCES when this kernel hides its addresses; -ENOENT when even bpf_send_signal() is not there.
 */
int forbidden_find(struct forbidden *out);

/**
 * calls_nothing_of() - is none of these called, in any function of the program?
 * @in, @forbidden: borrowed
 * @why: as above
 */
bool calls_nothing_of(const struct instructions *in, const struct forbidden *forbidden, char *why);

#endif
