/* SPDX-License-Identifier: MIT */
/* instructions.c - see instructions.h. */
#include "instructions.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef BPF_JCOND
#define BPF_JCOND 0xe0 /* uapi/linux/bpf.h, v6.9 */
#endif

static bool is_jump_class(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

static bool is_exit(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT);
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

/* Of the kernel, not of a function of the program: those have another number in the source register. */
static bool is_helper_call(const struct bpf_insn *insn)
{
	return is_call(insn) && insn->src_reg == 0;
}

/* Where a jump goes. The second half of a 64-bit constant has the code 0, which is no jump. */
static bool jump_target(const struct bpf_insn *list, __u32 at, __u32 *out_target)
{
	const struct bpf_insn *insn = &list[at];

	if (!is_jump_class(insn) || is_exit(insn) || BPF_OP(insn->code) == BPF_CALL)
		return false;
	if (insn->code == (BPF_JMP32 | BPF_JA))
		*out_target = at + 1 + insn->imm;
	else
		*out_target = at + 1 + insn->off;
	return true;
}

static bool moves(const struct bpf_insn *insn, __s32 value)
{
	return (insn->code == (BPF_ALU64 | BPF_MOV | BPF_K) ||
		insn->code == (BPF_ALU | BPF_MOV | BPF_K)) &&
	       insn->dst_reg == BPF_REG_0 && insn->off == 0 && insn->imm == value;
}

static bool jumped_to(const struct instructions *in, __u32 at)
{
	__u32 target;

	for (__u32 i = 0; i < in->main_count; i++)
		if (jump_target(in->list, i, &target) && target == at)
			return true;
	return false;
}

bool returns_only(const struct instructions *in, __s32 value, char *why)
{
	unsigned exits = 0;

	for (__u32 i = 0; i < in->main_count; i++) {
		const struct bpf_insn *insn = &in->list[i];

		/* the kernel shows a tail call under its helper's number, any other call by an address */
		if (is_helper_call(insn) && insn->imm == BPF_FUNC_tail_call) {
			snprintf(why, FINDING_BYTES, "instruction %u is a tail call", i);
			return false;
		}
		if (!is_exit(insn))
			continue;
		exits++;
		if (i == 0 || !moves(insn - 1, value)) {
			snprintf(why, FINDING_BYTES, "the exit at %u does not follow r0 = %d", i,
				 value);
			return false;
		}
		if (jumped_to(in, i)) {
			snprintf(why, FINDING_BYTES,
				 "a jump reaches the exit at %u past its r0 = %d", i, value);
			return false;
		}
	}
	if (!exits)
		snprintf(why, FINDING_BYTES, "there is no exit among %u instructions",
			 in->main_count);
	return exits > 0;
}

int forbidden_find(struct forbidden *out)
{
	static const char *const names[] = {"bpf_send_signal", "bpf_send_signal_thread",
					    "bpf_send_signal_task", "bpf_override_return"};
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	unsigned long long address;
	bool signal = false;

	memset(out, 0, sizeof(*out));
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %255s", &address, name) != 2)
			continue;
		if (!strcmp(name, "__bpf_call_base"))
			out->base = address;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strcmp(name, names[i]) || out->count == FORBIDDEN_MAX)
				continue;
			out->address[out->count] = address;
			out->name[out->count++] = names[i];
			signal |= i == 0;
		}
	}
	fclose(file);
	if (!signal)
		return -ENOENT;
	return out->base ? 0 : -EACCES;
}

bool calls_nothing_of(const struct instructions *in, const struct forbidden *forbidden, char *why)
{
	for (__u32 i = 0; i < in->count; i++) {
		if (!is_helper_call(&in->list[i]))
			continue;
		for (size_t j = 0; j < forbidden->count; j++) {
			if (forbidden->base + (long long)in->list[i].imm != forbidden->address[j])
				continue;
			snprintf(why, FINDING_BYTES, "instruction %u calls %s()", i,
				 forbidden->name[j]);
			return false;
		}
	}
	return true;
}

/* The entry function ends where the second function begins. */
static __u32 main_border(const char *functions, __u32 count, __u32 record_bytes, __u32 instructions)
{
	const struct bpf_func_info *second = (const void *)(functions + record_bytes);

	return count > 1 ? second->insn_off : instructions;
}

int instructions_read(int program, struct instructions *out)
{
	struct bpf_prog_info sizes = {}, info = {};
	__u32 bytes = sizeof(sizes);
	struct bpf_insn *list;
	char *functions;
	int err = 0;

	if (bpf_obj_get_info_by_fd(program, &sizes, &bytes))
		return -errno;
	list = calloc(1, sizes.xlated_prog_len + 1);
	functions = calloc(sizes.nr_func_info + 1, sizes.func_info_rec_size + 1);
	info.xlated_prog_insns = (unsigned long)list;
	info.xlated_prog_len = sizes.xlated_prog_len;
	info.func_info = (unsigned long)functions;
	info.func_info_rec_size = sizes.func_info_rec_size;
	info.nr_func_info = sizes.nr_func_info;
	bytes = sizeof(info);
	if (!list || !functions)
		err = -ENOMEM;
	else if (bpf_obj_get_info_by_fd(program, &info, &bytes))
		err = -errno;
	else if (!info.xlated_prog_insns || !info.func_info || !info.nr_func_info)
		err = -EPERM;
	if (err) {
		free(list);
	} else {
		out->list = list;
		out->count = info.xlated_prog_len / sizeof(*list);
		out->main_count = main_border(functions, info.nr_func_info, info.func_info_rec_size,
					      out->count);
	}
	free(functions);
	return err;
}

void instructions_done(struct instructions *instructions)
{
	free(instructions->list);
	instructions->list = NULL;
}
