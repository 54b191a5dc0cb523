/* SPDX-License-Identifier: MIT */
/*
 * elf_needs.c - reads program headers and the dynamic section, with libelf. Section headers are not trusted, and
 * not needed: what the loader reads is what counts.
 */
#include "elf_needs.h"

#include <errno.h>
#include <gelf.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define DYNAMIC_MAX 65536 /* entries */

/* Where an address of the running program is in the file; 0: nowhere. */
static __u64 offset_of(Elf *elf, size_t headers, __u64 address)
{
	for (size_t i = 0; i < headers; i++) {
		GElf_Phdr header;

		if (gelf_getphdr(elf, i, &header) && header.p_type == PT_LOAD &&
		    address >= header.p_vaddr && address - header.p_vaddr < header.p_filesz)
			return header.p_offset + (address - header.p_vaddr);
	}
	return 0;
}

/* A text in the file, or NULL; owned by the caller. */
static char *text_at(int fd, __u64 offset)
{
	char text[PATH_MAX];
	ssize_t bytes = offset && offset < INT64_MAX ? pread(fd, text, sizeof(text), offset) : 0;

	if (bytes <= 0 || !*text || !memchr(text, 0, bytes))
		return NULL;
	return strdup(text);
}

static int add_directories(struct names *names, char *list)
{
	int err = 0;

	for (char *one = strsep(&list, ":"); one && !err; one = strsep(&list, ":"))
		if (*one)
			err = names_add(names, one);
	return err;
}

static int take_dynamic(int fd, const GElf_Dyn *dynamic, __u64 texts, struct elf_needs *needs)
{
	AUTO_FREE char *text = NULL;

	if (dynamic->d_tag != DT_NEEDED && dynamic->d_tag != DT_RUNPATH &&
	    dynamic->d_tag != DT_RPATH)
		return 0;
	text = text_at(fd, texts + dynamic->d_un.d_val);
	if (!text)
		return 0;
	return dynamic->d_tag == DT_NEEDED ? names_add(&needs->libraries, text)
					   : add_directories(&needs->directories, text);
}

static int read_dynamic(Elf *elf, int fd, size_t headers, const GElf_Phdr *header,
			struct elf_needs *needs)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, header->p_offset, header->p_filesz, ELF_T_DYN);
	size_t size = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT), count;
	GElf_Dyn dynamic;
	__u64 texts = 0;
	int err = 0;

	if (!data || !size)
		return 0;
	count = data->d_size / size < DYNAMIC_MAX ? data->d_size / size : DYNAMIC_MAX;
	for (size_t i = 0; i < count && gelf_getdyn(data, i, &dynamic) && dynamic.d_tag != DT_NULL;
	     i++)
		if (dynamic.d_tag == DT_STRTAB)
			texts = offset_of(elf, headers, dynamic.d_un.d_ptr);
	if (!texts)
		return 0;
	for (size_t i = 0;
	     i < count && !err && gelf_getdyn(data, i, &dynamic) && dynamic.d_tag != DT_NULL; i++)
		err = take_dynamic(fd, &dynamic, texts, needs);
	return err;
}

static int read_headers(Elf *elf, int fd, struct elf_needs *needs)
{
	size_t headers;
	int err = 0;

	if (elf_getphdrnum(elf, &headers))
		return -ENOEXEC;
	for (size_t i = 0; i < headers && !err; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, i, &header))
			return -ENOEXEC;
		if (header.p_type == PT_INTERP && !needs->loader)
			needs->loader = text_at(fd, header.p_offset);
		else if (header.p_type == PT_DYNAMIC)
			err = read_dynamic(elf, fd, headers, &header, needs);
	}
	return err;
}

int elf_needs_read(int fd, struct elf_needs *out_needs)
{
	struct elf_needs needs = {0};
	GElf_Ehdr header;
	Elf *elf;
	int err;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return -ENOEXEC;
	err = elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) ? 0 : -ENOEXEC;
	if (!err) {
		needs.class = header.e_ident[EI_CLASS];
		needs.machine = header.e_machine;
		err = read_headers(elf, fd, &needs);
	}
	elf_end(elf);
	if (err)
		elf_needs_done(&needs);
	else
		*out_needs = needs;
	return err;
}

void elf_needs_done(struct elf_needs *needs)
{
	free(needs->loader);
	names_done(&needs->libraries);
	names_done(&needs->directories);
	*needs = (struct elf_needs){0};
}

bool elf_is_alike(int fd, const struct elf_needs *needs)
{
	unsigned char header[20];
	unsigned machine;

	if (pread(fd, header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header, ELFMAG, SELFMAG))
		return false;
	machine = header[EI_DATA] == ELFDATA2MSB ? header[18] << 8 | header[19]
						 : header[19] << 8 | header[18];
	return header[EI_CLASS] == needs->class && machine == needs->machine;
}
