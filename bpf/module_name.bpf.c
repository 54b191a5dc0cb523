// SPDX-License-Identifier: GPL-2.0
/* module_name.bpf.c - see module_name.h; the parsers are in module_image.h. */
#include "module_name.h"
#include "scratch.h"

#define IMAGE_READ(to, bytes, address)	    bpf_probe_read_kernel(to, bytes, (void *)(address))
#define IMAGE_READ_TEXT(to, bytes, address) bpf_probe_read_kernel_str(to, bytes, (void *)(address))

#include "module_image.h"

_Static_assert(sizeof(((struct module *)0)->name) == MODULE_IMAGE_NAME_BYTES, "of the kernel's struct module");

__noinline __s64 module_section(__u64 image, __u64 bytes, __u32 number)
{
	return module_section_at(image, bytes, number);
}

__noinline __s64 module_sections(__u64 image, __u64 bytes, __u32 first)
{
	return module_sections_at(image, bytes, first);
}

__noinline int module_name_of_image(__u32 index, __u64 bytes)
{
	struct scratch *slot = scratch_get(index);

	if (!slot)
		return -1;
	return module_image_name(slot->image, bytes, bpf_core_field_offset(struct module, name), slot->event.module);
}

__noinline int module_name_of_file(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	char name[MODULE_NAME_BYTES] = {};
	struct dentry *dentry;
	struct file *file;

	if (!slot)
		return 0;
	file = (struct file *)slot->file;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	if (bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name)) <= 1)
		return 0;
	module_file_name(name, slot->event.module);
	return 0;
}
