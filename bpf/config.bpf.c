// SPDX-License-Identifier: GPL-2.0
/* config.bpf.c - the constants of a program set, defined once for all objects. */
#include "abi.h"

#include <bpf/bpf_helpers.h>

const volatile struct load_config load_config SEC(".rodata") = {};
