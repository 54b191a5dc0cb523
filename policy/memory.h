/* SPDX-License-Identifier: MIT */
/* memory.h - for programs that compile policies: how large arrays are allocated. */
#ifndef EMBARGO_MEMORY_H
#define EMBARGO_MEMORY_H

/**
 * memory_give_back() - large arrays go back to the system when they are free; the first thing in main()
 *
 * Left alone, glibc's malloc keeps what it was given, for each thread apart (mallopt(3), M_MMAP_THRESHOLD is
 * raised by itself): compiling a million rules then takes 50 MiB more, and a daemon keeps them.
 */
void memory_give_back(void);

#endif
