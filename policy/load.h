/* SPDX-License-Identifier: MIT */
/*
 * load.h - the bytes of a file: a regular one of a bounded size, whatever somebody put there.
 */
#ifndef EMBARGO_LOAD_H
#define EMBARGO_LOAD_H

#include <stddef.h>

/**
 * load_file() - read a whole file
 * @path:      borrowed
 * @bytes_max: no more than one byte more is read: enough to know that it is too large
 * @out_data:  owned by the caller, free(); untouched on failure
 * @out_bytes: its length
 *
 * Return: 0; -EISDIR; -EINVAL (not a regular file); -ENOMEM; the negative errno of open() or read().
 */
int load_file(const char *path, size_t bytes_max, char **out_data, size_t *out_bytes);

#endif
