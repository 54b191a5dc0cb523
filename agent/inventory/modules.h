/* SPDX-License-Identifier: MIT */
/*
 * modules.h - the name of a kernel module, from that of its file.
 */
#ifndef EMBARGO_INVENTORY_MODULES_H
#define EMBARGO_INVENTORY_MODULES_H

#include <stdbool.h>

/** module_name_of() - "a-b.ko.xz" is "a_b"; false: not a module; @out_name: NAME_MAX + 1 bytes */
bool module_name_of(const char *path, char *out_name);

#endif
