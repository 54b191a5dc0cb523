// SPDX-License-Identifier: GPL-2.0
/* module_name.bpf.c - see module_name.h. Layout: System V ABI, ELF-64; the section: scripts/mod/modpost.c, v6.12. */
#include "module_name.h"
#include "scratch.h"

#define SECTIONS_MAX	   1024
#define SECTION_NAME_BYTES 25	/* of ".gnu.linkonce.this_module", without the zero */

struct elf_header {
	__u8 before[40];
	__u64 sections;			/* offset of the section headers */
	__u8 between[10];
	__u16 section_bytes;		/* of one header */
	__u16 section_count;
	__u16 names;			/* section that holds their names */
};

struct elf_section {
	__u32 name;			/* offset in the names */
	__u32 type;
	__u64 flags;
	__u64 address;
	__u64 offset;
	__u64 bytes;
};

static __always_inline bool section_read(__u64 image, __u64 bytes, const struct elf_header *header, __u32 number,
					 struct elf_section *out)
{
	__u64 at = header->sections + (__u64)number * header->section_bytes;

	return header->section_bytes >= sizeof(*out) && at < bytes && bytes - at >= sizeof(*out) &&
	       !bpf_probe_read_kernel(out, sizeof(*out), (void *)(image + at));
}

/* Returns the offset of the section if it is the one that holds struct module; 0 if not; -1 behind the last. */
__noinline __s64 module_section(__u64 image, __u64 bytes, __u32 number)
{
	static const char wanted[] = ".gnu.linkonce.this_module";
	struct elf_header header;
	struct elf_section section, names;
	char name[SECTION_NAME_BYTES + 1] = {};

	if (bytes < sizeof(header) || bpf_probe_read_kernel(&header, sizeof(header), (void *)image) ||
	    number >= header.section_count || !section_read(image, bytes, &header, number, &section) ||
	    !section_read(image, bytes, &header, header.names, &names))
		return -1;
	if (names.offset >= bytes || section.name >= bytes - names.offset ||
	    bytes - names.offset - section.name < sizeof(name))
		return 0;
	if (bpf_probe_read_kernel(name, sizeof(name), (void *)(image + names.offset + section.name)))
		return 0;
#pragma clang loop unroll(full)
	for (int i = 0; i < SECTION_NAME_BYTES + 1; i++)
		if (name[i] != wanted[i])
			return 0;
	return section.offset < bytes && section.offset ? (__s64)section.offset : 0;
}

/* '-' and '_' are the same in a module's name (modprobe.d(5)). */
static __always_inline char module_letter(char letter)
{
	return letter == '-' ? '_' : letter;
}

__noinline int module_name_of_image(__u32 index, __u64 bytes)
{
	__u64 at = bpf_core_field_offset(struct module, name), image;
	struct scratch *slot = scratch_get(index);
	char name[sizeof(((struct module *)0)->name)] = {};
	__s64 section = 0;
	int changed = 0;

	if (!slot)
		return -1;
	image = slot->image;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < SECTIONS_MAX && !section; i++)
		section = module_section(image, bytes, i);
	if (section <= 0 || bytes - section < at + sizeof(name) ||
	    bpf_probe_read_kernel_str(name, sizeof(name), (void *)(image + section + at)) <= 1)
		return -1;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < sizeof(name); i++) {
		char letter = module_letter(name[i]);

		changed |= slot->event.module[i] != letter;
		slot->event.module[i] = letter;
	}
	return changed;
}

__noinline int module_name_of_file(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	char name[MODULE_NAME_BYTES] = {};
	struct dentry *dentry;
	struct file *file;
	int ended = 0;

	if (!slot)
		return 0;
	file = (struct file *)slot->file;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	if (bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name)) <= 1)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MODULE_NAME_BYTES - 3; i++) {
		ended |= name[i] == '.' && name[i + 1] == 'k' && name[i + 2] == 'o';
		slot->event.module[i] = ended ? 0 : module_letter(name[i]);
	}
	return 0;
}
