/* SPDX-License-Identifier: MIT */
/*
 * elf_needs.h - what a program needs to start: its loader and its libraries, by name.
 */
#ifndef EMBARGO_ELF_NEEDS_H
#define EMBARGO_ELF_NEEDS_H

#include "internal.h"

struct elf_needs {
	unsigned class, machine;	/* e_ident[EI_CLASS], e_machine */
	char *loader;			/* PT_INTERP, or NULL */
	struct names libraries;		/* DT_NEEDED */
	struct names directories;	/* DT_RUNPATH and DT_RPATH, each split at ':' */
};

/**
 * elf_needs_read() - of an open file
 * Return: 0; -ENOEXEC (not an ELF file, or a damaged one); -ENOMEM. *@out_needs is to be freed when it is 0.
 */
int elf_needs_read(int fd, struct elf_needs *out_needs);
void elf_needs_done(struct elf_needs *needs);

/** elf_is_alike() - is this file for the same class and machine? */
bool elf_is_alike(int fd, const struct elf_needs *needs);

#endif
