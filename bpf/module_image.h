/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * module_image.h - the name of a kernel module, out of the bytes of its image and out of its file's name: the kernel programs,
 * the tests and the fuzzer on the host compile the same lines. The bytes are hostile. They come in through two macros that
 * the includer defines: IMAGE_READ(destination, bytes, address), not 0 when that fails, and IMAGE_READ_TEXT(), the same up to a
 * zero, which it returns the number of bytes with or what is not positive, and writes a zero at the end in any case.
 * Layout: System V ABI, ELF-64; the section: scripts/mod/modpost.c, v6.12.
 */
#ifndef EMBARGO_MODULE_IMAGE_H
#define EMBARGO_MODULE_IMAGE_H

#include "abi.h"

#define MODULE_SECTIONS_MAX	  1024
#define MODULE_SECTION_NAME_BYTES 25	/* of ".gnu.linkonce.this_module", without the zero */
#define MODULE_IMAGE_NAME_BYTES	  56	/* of struct module's name: MODULE_NAME_LEN, linux/module.h, 64-bit */

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

/**
 * module_section() - defined by the includer as module_section_at(), a function of its own for the verifier's sake
 * @image:  address of the image
 * @bytes:  its size
 * @number: of a section
 *
 * Return: the offset of the section if it is the one that holds struct module; 0 if not; -1 behind the last.
 */
extern __s64 module_section(__u64 image, __u64 bytes, __u32 number);

#define MODULE_SECTIONS_PART 32

/** module_sections() - the same, as module_sections_at(): of MODULE_SECTIONS_PART sections from @first the first answer but 0 */
extern __s64 module_sections(__u64 image, __u64 bytes, __u32 first);

static __always_inline int section_read(__u64 image, __u64 bytes, const struct elf_header *header, __u32 number,
					struct elf_section *out)
{
	__u64 at = header->sections + (__u64)number * header->section_bytes;

	return header->section_bytes >= sizeof(*out) && at < bytes && bytes - at >= sizeof(*out) &&
	       !IMAGE_READ(out, sizeof(*out), image + at);
}

static __always_inline __s64 module_section_at(__u64 image, __u64 bytes, __u32 number)
{
	static const char wanted[] = ".gnu.linkonce.this_module";
	struct elf_header header;
	struct elf_section section, names;
	char name[MODULE_SECTION_NAME_BYTES + 1] = {};

	if (bytes < sizeof(header) || IMAGE_READ(&header, sizeof(header), image) ||
	    number >= header.section_count || !section_read(image, bytes, &header, number, &section) ||
	    !section_read(image, bytes, &header, header.names, &names))
		return -1;
	if (names.offset >= bytes || section.name >= bytes - names.offset ||
	    bytes - names.offset - section.name < sizeof(name))
		return 0;
	if (IMAGE_READ(name, sizeof(name), image + names.offset + section.name))
		return 0;
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
	for (int i = 0; i < MODULE_SECTION_NAME_BYTES + 1; i++)
		if (name[i] != wanted[i])
			return 0;
	return section.offset < bytes && section.offset ? (__s64)section.offset : 0;
}

static __always_inline __s64 module_sections_at(__u64 image, __u64 bytes, __u32 first)
{
	__s64 section = 0;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < MODULE_SECTIONS_PART && !section; i++)
		section = module_section(image, bytes, first + i);
	return section;
}

/*
 * 1 where a byte is zero, else 0; without a branch, which the verifier would follow both ways for each byte. A compiler that knew
 * where it comes from would make one of it, or a shift of the sign, which verifiers from 6.18 on follow both ways, too.
 */
static __always_inline __u32 module_is_zero(__u32 byte)
{
	__u32 zero = (byte - 1) >> 31;

	__asm__ volatile("" : "+r"(zero));
	return zero;
}

/* '-' and '_' are the same in a module's name (modprobe.d(5)). */
static __always_inline char module_letter(char letter)
{
	return letter ^ module_is_zero((__u8)letter ^ '-') * ('-' ^ '_');
}

/**
 * module_image_name() - the name inside a module
 * @image: address; anything may be there
 * @bytes: its size; nothing is read behind it
 * @at:    where struct module has its name
 * @name:  MODULE_NAME_BYTES: the name that is known, zeroes behind it; replaced by the one found
 *
 * Return: 1 when that is another name than was there; 0 when it is the same; -1 when none was found.
 */
static __always_inline int module_image_name(__u64 image, __u64 bytes, __u64 at, char *name)
{
	char found[MODULE_NAME_BYTES] = {};	/* longer than it can be: a longer one that was known is overwritten */
	__s64 section = 0;
	__u8 changed = 0;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < MODULE_SECTIONS_MAX && !section; i += MODULE_SECTIONS_PART)
		section = module_sections(image, bytes, i);
	if (section <= 0 || bytes - section < at + MODULE_IMAGE_NAME_BYTES ||
	    IMAGE_READ_TEXT(found, MODULE_IMAGE_NAME_BYTES, image + section + at) <= 1)
		return -1;
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < sizeof(found); i++) {
		char letter = module_letter(found[i]);

		changed |= name[i] ^ letter;
		name[i] = letter;
	}
	return changed != 0;
}

/**
 * module_file_name() - a module's name from that of its file: without ".ko" and what follows it, '_' for '-'
 * @file: MODULE_NAME_BYTES: the file's name, or its beginning, zeroes behind it
 * @name: MODULE_NAME_BYTES: the name; its last three bytes are not written
 */
static __always_inline void module_file_name(const char *file, char *name)
{
	__u32 ended = 0;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < MODULE_NAME_BYTES - 3; i++) {
		ended |= module_is_zero((__u8)((file[i] ^ '.') | (file[i + 1] ^ 'k') | (file[i + 2] ^ 'o')));
		name[i] = module_letter(file[i]) & (ended - 1);
	}
}

#endif
