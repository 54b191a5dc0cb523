// SPDX-License-Identifier: GPL-2.0
/*
 * module.bpf.c - kernel modules. From a file: by its path, identity and content, and by the name that the file's name
 * gives. From memory, and once a file has been read: by the name inside. A compressed file whose name says nothing is
 * known by identity and content only: the kernel decompresses it behind the last hook.
 */
#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "answer.h"
#include "attempt.h"
#include "module_name.h"

#define EPERM 1

char _license[] SEC("license") = "GPL";

enum kernel_read_file_id___modules {
	READING_MODULE___modules,
	READING_MODULE_COMPRESSED___modules,	/* from v6.19 or so */
};

enum kernel_load_data_id___modules {
	LOADING_MODULE___modules,
};

/* The numbers have moved between kernels. */
static __always_inline bool reads_module(int id)
{
	if (id == (int)bpf_core_enum_value(enum kernel_read_file_id___modules, READING_MODULE___modules))
		return true;
	return bpf_core_enum_value_exists(enum kernel_read_file_id___modules,
					  READING_MODULE_COMPRESSED___modules) &&
	       id == (int)bpf_core_enum_value(enum kernel_read_file_id___modules,
					      READING_MODULE_COMPRESSED___modules);
}

static __always_inline bool loads_module(int id)
{
	return id == (int)bpf_core_enum_value(enum kernel_load_data_id___modules, LOADING_MODULE___modules);
}

static __always_inline enum verdict module_decide_in(struct scratch *slot, __u64 bytes, enum backend backend)
{
	if (slot->file)
		module_name_of_file(slot->index);
	if (bytes) {
		int named = module_name_of_image(slot->index, bytes);

		/* not even a file that says what it is, or a compressed one, which was decided before it was read */
		if (named < 0 && !slot->file)
			undecided(HOOK_MODULE);
		/* it was decided before it was read, under this name */
		if (named <= 0)
			return VERDICT_ALLOW;
	}
	return file_decide(slot->index, EMIT(HOOK_MODULE, backend));
}

/* @file: 0: from memory. @bytes: of @image; 0: none yet. */
static __always_inline enum verdict module_decide(__u64 file, __u64 image, __u64 bytes, enum backend backend)
{
	struct scratch *slot = attempt_begin(file, HOOK_MODULE);
	enum verdict verdict;

	if (!slot)
		return VERDICT_ALLOW;
	*(volatile __u64 *)&slot->image = image;
	verdict = module_decide_in(slot, bytes, backend);
	scratch_release(slot);
	return verdict;
}

SEC("lsm/kernel_read_file")
int BPF_PROG(module_lsm, struct file *file, int id, bool contents)
{
	if (!file || !reads_module(id))
		END_WITH(0);
	ANSWER(module_decide((__u64)file, 0, 0, BACKEND_LSM), -EPERM, 0);
}

SEC("fmod_ret/security_kernel_read_file")
int BPF_PROG(module_fmod_ret, struct file *file, int id, bool contents)
{
	if (!file || !reads_module(id))
		END_WITH(0);
	ANSWER(module_decide((__u64)file, 0, 0, BACKEND_FMOD_RET), -EPERM, 0);
}

/* The file again, if the name inside is another than that of the file. */
SEC("lsm/kernel_post_read_file")
int BPF_PROG(module_read_lsm, struct file *file, char *image, __s64 bytes, int id)
{
	if (!image || !reads_module(id))
		END_WITH(0);
	ANSWER(module_decide((__u64)file, (__u64)image, bytes, BACKEND_LSM), -EPERM, 0);
}

SEC("fmod_ret/security_kernel_post_read_file")
int BPF_PROG(module_read_fmod_ret, struct file *file, char *image, __s64 bytes, int id)
{
	if (!image || !reads_module(id))
		END_WITH(0);
	ANSWER(module_decide((__u64)file, (__u64)image, bytes, BACKEND_FMOD_RET), -EPERM, 0);
}

SEC("lsm/kernel_post_load_data")
int BPF_PROG(module_data_lsm, char *image, __s64 bytes, int id, char *description)
{
	if (!image || !loads_module(id))
		END_WITH(0);
	ANSWER(module_decide(0, (__u64)image, bytes, BACKEND_LSM), -EPERM, 0);
}

SEC("fmod_ret/security_kernel_post_load_data")
int BPF_PROG(module_data_fmod_ret, char *image, __s64 bytes, int id, char *description)
{
	if (!image || !loads_module(id))
		END_WITH(0);
	ANSWER(module_decide(0, (__u64)image, bytes, BACKEND_FMOD_RET), -EPERM, 0);
}
