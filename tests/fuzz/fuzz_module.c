/* SPDX-License-Identifier: MIT */
/*
 * fuzz_module.c - any bytes as the image of a kernel module, and as the name of its file, through the lines that the kernel
 * runs. The first byte says where struct module has its name. Nothing is read outside of the image, and what comes
 * out is a name that ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *image;
static size_t image_bytes;

/* The kernel only fails such a read, if nothing else is there. */
static const uint8_t *inside(uint64_t address, size_t bytes)
{
	uint64_t offset = address - (uintptr_t)image;

	if (offset > image_bytes || image_bytes - offset < bytes)
		abort();
	return image + offset;
}

static int image_read(void *to, size_t bytes, uint64_t address)
{
	memcpy(to, inside(address, bytes), bytes);
	return 0;
}

static ssize_t image_read_text(char *to, size_t bytes, uint64_t address)
{
	const char *from = (const char *)inside(address, bytes);
	size_t length = strnlen(from, bytes - 1);

	memcpy(to, from, length);
	to[length] = 0;
	return (ssize_t)length + 1;
}

#define IMAGE_READ(to, bytes, address)      image_read(to, bytes, address)
#define IMAGE_READ_TEXT(to, bytes, address) image_read_text(to, bytes, address)
#include "../../bpf/module_image.h"

__s64 module_section(__u64 address, __u64 bytes, __u32 number)
{
	return module_section_at(address, bytes, number);
}

__s64 module_sections(__u64 address, __u64 bytes, __u32 first)
{
	return module_sections_at(address, bytes, first);
}

static void check(const char *name)
{
	size_t length = strnlen(name, MODULE_NAME_BYTES);

	if (length == MODULE_NAME_BYTES || memchr(name, '-', length))
		abort();
	for (size_t i = length; i < MODULE_NAME_BYTES; i++)
		if (name[i])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char file[MODULE_NAME_BYTES] = "", name[MODULE_NAME_BYTES] = "", before[MODULE_NAME_BYTES];
	int named;

	if (!size)
		return 0;
	image = data + 1;
	image_bytes = size - 1;
	memcpy(file, image, image_bytes < sizeof(file) ? image_bytes : sizeof(file) - 1);
	/* zeroes behind it, as the kernel's programs get it */
	memset(file + strnlen(file, sizeof(file)), 0, sizeof(file) - strnlen(file, sizeof(file)));
	module_file_name(file, name);
	check(name);
	memcpy(before, name, sizeof(before));
	named = module_image_name((uintptr_t)image, image_bytes, data[0], name);
	if (named > 0)
		check(name);
	if ((named > 0) != (memcmp(name, before, sizeof(name)) != 0))
		abort();
	return 0;
}
