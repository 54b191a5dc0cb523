/* SPDX-License-Identifier: GPL-2.0 */
/* module_name.h - the name of a kernel module, from its file's name and from its image. */
#ifndef EMBARGO_MODULE_NAME_H
#define EMBARGO_MODULE_NAME_H

#include "maps.h"

/**
 * module_name_of_file() - event.module from the name of a file: without ".ko" and what follows it, '_' for '-'
 * @slot: index of a claimed slot; .file is set
 *
 * Return: 0.
 */
extern int module_name_of_file(__u32 slot);

/**
 * module_name_of_image() - event.module from the module's own data, in the ELF section .gnu.linkonce.this_module
 * @slot:  index of a claimed slot; .image is the address of an ELF file in the kernel's memory; anything may be in it
 * @bytes: its size
 *
 * Return: 1 when that is another name than was there; 0 when it is the same; -1 when none was found.
 */
extern int module_name_of_image(__u32 slot, __u64 bytes);

#endif
