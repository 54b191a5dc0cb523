/* SPDX-License-Identifier: MIT */
/* memory.c - see memory.h */
#include "memory.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define LARGE_BYTES (1 << 20)

void memory_give_back(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* it refuses only what is out of range */
#endif
}
