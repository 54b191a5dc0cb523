/* SPDX-License-Identifier: MIT */
/*
 * clean.h - cleanup attributes for what the agent owns in local variables. A variable with one of them
 * is always initialised; handing it on means take_ptr() or take_fd().
 */
#ifndef EMBARGO_CLEAN_H
#define EMBARGO_CLEAN_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void clean_free(void *at)
{
	free(*(void **)at);
}

static inline void clean_json(json_t **at)
{
	json_decref(*at);
}

static inline void clean_fd(int *at)
{
	if (*at >= 0)
		(void)close(*at); /* nothing unwritten is lost: all users write at once */
}

static inline void clean_file(FILE **at)
{
	if (*at)
		(void)fclose(*at); /* only for reading */
}

#define AUTO_FREE CLEANUP(clean_free)
#define AUTO_JSON CLEANUP(clean_json)
#define AUTO_FD	  CLEANUP(clean_fd)
#define AUTO_FILE CLEANUP(clean_file)

#define take_ptr(var)                                                                              \
	({                                                                                         \
		__typeof__(var) taken_ = (var);                                                    \
		(var) = NULL;                                                                      \
		taken_;                                                                            \
	})
#define take_fd(var)                                                                               \
	({                                                                                         \
		int taken_ = (var);                                                                \
		(var) = -1;                                                                        \
		taken_;                                                                            \
	})

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
