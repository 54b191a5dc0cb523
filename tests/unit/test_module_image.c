/* SPDX-License-Identifier: MIT */
/*
 * test_module_image.c - the name of a kernel module, by the lines that the kernel runs, out of an object that the
 * compiler made (module_image.c): as it is, cut off anywhere, and damaged by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_READ(to, bytes, address)      image_read(to, bytes, address)
#define IMAGE_READ_TEXT(to, bytes, address) image_read_text(to, bytes, address)

static const unsigned char *image;
static size_t image_bytes;

/* Nothing outside of the image may even be asked for. */
static const unsigned char *inside(uint64_t address, size_t bytes)
{
	uint64_t offset = address - (uintptr_t)image;

	assert_true(offset <= image_bytes && image_bytes - offset >= bytes);
	return image + offset;
}

static int image_read(void *to, size_t bytes, uint64_t address)
{
	memcpy(to, inside(address, bytes), bytes);
	return 0;
}

static long image_read_text(char *to, size_t bytes, uint64_t address)
{
	return snprintf(to, bytes, "%.*s", (int)bytes - 1, (const char *)inside(address, bytes)) +
	       1l;
}

#include "../../bpf/module_image.h"

_Static_assert(sizeof(struct elf_header) == sizeof(Elf64_Ehdr), "ELF-64");
_Static_assert(offsetof(struct elf_header, sections) == offsetof(Elf64_Ehdr, e_shoff), "ELF-64");
_Static_assert(offsetof(struct elf_header, section_bytes) == offsetof(Elf64_Ehdr, e_shentsize),
	       "ELF-64");
_Static_assert(offsetof(struct elf_header, section_count) == offsetof(Elf64_Ehdr, e_shnum),
	       "ELF-64");
_Static_assert(offsetof(struct elf_header, names) == offsetof(Elf64_Ehdr, e_shstrndx), "ELF-64");
_Static_assert(offsetof(struct elf_section, name) == offsetof(Elf64_Shdr, sh_name), "ELF-64");
_Static_assert(offsetof(struct elf_section, offset) == offsetof(Elf64_Shdr, sh_offset), "ELF-64");
_Static_assert(sizeof(struct elf_section) <= sizeof(Elf64_Shdr), "ELF-64");

#define NAME_AT 24 /* struct module_like */

__s64 module_section(__u64 address, __u64 bytes, __u32 number)
{
	return module_section_at(address, bytes, number);
}

__s64 module_sections(__u64 address, __u64 bytes, __u32 first)
{
	return module_sections_at(address, bytes, first);
}

static unsigned char object[16384];
static size_t object_bytes;

/* Of the first @bytes bytes of what is in memory. */
static int name_of(const unsigned char *from, size_t bytes, char *name)
{
	image = from;
	image_bytes = bytes;
	return module_image_name((uintptr_t)from, bytes, NAME_AT, name);
}

static void the_name_is_found(void **state)
{
	char name[MODULE_NAME_BYTES] = "";

	assert_int_equal(name_of(object, object_bytes, name), 1);
	assert_string_equal(name, "vendor_sensor");
	assert_int_equal(name_of(object, object_bytes, name), 0);
	assert_string_equal(name, "vendor_sensor");
}

/* What is longer than a module's name can be must not stay behind the one that was found. */
static void nothing_is_left_of_the_name_before(void **state)
{
	char file[MODULE_NAME_BYTES] = "", name[MODULE_NAME_BYTES] = "";
	const char expected[MODULE_NAME_BYTES] = "vendor_sensor";

	memset(file, 'a', MODULE_NAME_BYTES - 1);
	module_file_name(file, name);
	assert_int_equal(strlen(name), MODULE_NAME_BYTES - 3);
	assert_int_equal(name_of(object, object_bytes, name), 1);
	assert_memory_equal(name, expected, sizeof(expected));
}

static void a_part_of_it_has_no_name_or_this_one(void **state)
{
	unsigned found = 0;

	for (size_t bytes = 0; bytes < object_bytes; bytes++) {
		unsigned char *part = malloc(bytes + 1);
		char name[MODULE_NAME_BYTES] = "";
		int answer;

		memcpy(part, object, bytes);
		answer = name_of(part, bytes, name);
		free(part);
		assert_true(answer == -1 || !strcmp(name, "vendor_sensor"));
		found += answer != -1;
	}
	assert_true(found < object_bytes / 2);
}

static void check_damaged(size_t at, const void *bytes, size_t count)
{
	unsigned char *damaged = malloc(object_bytes);
	char name[MODULE_NAME_BYTES] = "before";

	memcpy(damaged, object, object_bytes);
	memcpy(damaged + at, bytes, count);
	assert_int_equal(name_of(damaged, object_bytes, name), -1);
	assert_string_equal(name, "before");
	free(damaged);
}

static void damaged_headers_give_no_name(void **state)
{
	const uint64_t offsets[] = {UINT64_MAX, UINT64_MAX - 63, INT64_MAX, object_bytes,
				    object_bytes - 1};
	const uint16_t none = 0, small = 39, last = UINT16_MAX;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		check_damaged(offsetof(Elf64_Ehdr, e_shoff), &offsets[i], sizeof(offsets[i]));
	check_damaged(offsetof(Elf64_Ehdr, e_shnum), &none, sizeof(none));
	check_damaged(offsetof(Elf64_Ehdr, e_shentsize), &none, sizeof(none));
	check_damaged(offsetof(Elf64_Ehdr, e_shentsize), &small, sizeof(small));
	check_damaged(offsetof(Elf64_Ehdr, e_shstrndx), &last, sizeof(last));
}

static void file_names_end_before_their_suffix(void **state)
{
	static const char *const cases[][2] = {
		{"vendor-sensor.ko", "vendor_sensor"},
		{"a.ko.xz", "a"},
		{"a.kx.ko", "a.kx"},
		{"plain", "plain"},
		{".ko", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char file[MODULE_NAME_BYTES] = "", name[MODULE_NAME_BYTES] = "";

		strcpy(file, cases[i][0]);
		module_file_name(file, name);
		assert_string_equal(name, cases[i][1]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_is_found),
		cmocka_unit_test(nothing_is_left_of_the_name_before),
		cmocka_unit_test(a_part_of_it_has_no_name_or_this_one),
		cmocka_unit_test(damaged_headers_give_no_name),
		cmocka_unit_test(file_names_end_before_their_suffix),
	};
	FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;

	if (!file) {
		fprintf(stderr, "usage: test_module_image OBJECT\n");
		return 2;
	}
	object_bytes = fread(object, 1, sizeof(object), file);
	fclose(file);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
